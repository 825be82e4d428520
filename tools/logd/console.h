/* console - copies of the services' lines to pm1's own stdout, in a form of their own.
 *
 * Nobody waits for a console: what it doesn't take is kept up to a bound, then dropped and counted. A copy isn't
 * exact over a killed logd: the piece in flight may come twice, or not at all. */
#ifndef PM1_LOGD_CONSOLE_H
#define PM1_LOGD_CONSOLE_H

#include "loop/loop.h"
#include "tools/logd/form.h"

#include <stddef.h>
#include <stdint.h>

#define CONSOLE_WAITING_MAX (256 * 1024) /* bytes kept for a slow reader */

struct console;

/* Takes fd, also on failure. 0 or -ENOMEM. */
int console_new(struct loop *l, int fd, struct console **ret);
void console_free(struct console *c); /* NULL is fine */
/* Adds the parts of a piece in that form; `midline`: it begins in the midst of a line. How many bytes of it were dropped. */
uint64_t console_add(struct console *c, const struct form *form, bool midline, const char *piece, size_t n);
void console_finish(struct console *c, usec_t within); /* waits for the reader, but not for long */

#endif
