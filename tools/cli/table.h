/* table - rows and columns, drawn with boxes for a terminal and plain for a pipe. */
#ifndef PM1_CLI_TABLE_H
#define PM1_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table;

#define TABLE_CELL_MAX 40 /* columns; a longer cell is cut and ends in an ellipsis, in a box only */

/* `heads`: ncols column titles, borrowed. NULL: no memory. */
struct table *table_new(const char *const *heads, size_t ncols);
void table_free(struct table *t);
/* The next cell, row by row; foreign text is escaped. `color`: COLOR_x or NULL, borrowed. Never fails: without memory the
 * table remembers it, and table_print() says so. */
void table_cell(struct table *t, const char *color, const char *text);
void table_cellf(struct table *t, const char *color, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Columns that the table takes on a terminal, frame included. */
size_t table_width(const struct table *t);
/* 0 or -ENOMEM (nothing printed). */
int table_print(const struct table *t, FILE *f, bool box, bool color);

#endif
