/* out - words for a terminal or a pipe.
 *
 * Everything that comes from elsewhere (names, messages of a server, log lines) goes through
 * out_safe(): no foreign text drives the terminal. */
#ifndef PM1_CLI_OUT_H
#define PM1_CLI_OUT_H

#include "tools/cli/command.h"

#include <jansson.h>
#include <stdio.h>

#define COLOR_BOLD "\033[1m"
#define COLOR_GREY "\033[90m"
#define COLOR_RED "\033[31m"
#define COLOR_GREEN "\033[32m"
#define COLOR_YELLOW "\033[33m"
#define COLOR_CYAN "\033[36m"
#define COLOR_OFF "\033[0m"

/* Finds out what stdout is: sets color, box and width. NO_COLOR and TERM=dumb are heeded. */
void out_setup(struct cli *c, bool no_color);

/* "pm1: text" and a newline on stderr; foreign text in the arguments is escaped. */
void out_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Writes s with control bytes and broken UTF-8 as \xNN. */
void out_safe(FILE *f, const char *s);
/* The same as a malloc'ed string, or NULL without memory. */
char *out_safe_dup(const char *s);
/* Columns that s takes: its UTF-8 code points. */
size_t out_width(const char *s);
/* JSON and a newline on stdout, indented or on one line. */
void out_json(const json_t *j, bool indented);
/* The exit code, or EXIT_NOT_DONE when stdout took less than was written to it (a full disk). */
int out_finish(int code);

#endif
