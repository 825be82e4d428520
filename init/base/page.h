/* page - text for people: wrapped for a terminal, escaped for a manual page. */
#ifndef PM1_BASE_PAGE_H
#define PM1_BASE_PAGE_H

#include <stddef.h>
#include <stdio.h>

#define PAGE_WIDTH 79

/* Words of `s`, parted by single blanks, as lines of up to PAGE_WIDTH columns, each `indent` columns in. */
void page_wrap(FILE *f, const char *s, size_t indent);
/* The same behind a label in a column of its own: `label` is padded to `indent`. */
void page_wrap_labelled(FILE *f, const char *label, const char *s, size_t indent);
/* Text in roff: hyphens that can be typed, quotes, backslashes, and no request where a line begins. No newline is added. */
void page_roff(FILE *f, const char *s);
/* The same as a sentence on a line of its own, ended by a full stop if it has none. */
void page_roff_line(FILE *f, const char *s);

#endif
