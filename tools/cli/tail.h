/* tail - the last lines of a file, and bytes cut into lines. */
#ifndef PM1_CLI_TAIL_H
#define PM1_CLI_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where data begins in fd at `at` or behind it: a hole is what a ring in memory has dropped. `end`: there is none before. `at` itself
 * where the file system knows of no holes. */
off_t tail_data(int fd, off_t at, off_t end);

/* Stores where the last `lines` lines of fd's bytes from `begin` to `size` begin (a line that isn't ended yet counts), and how many
 * they are when there are fewer. 0, or pread's error. */
int tail_start(int fd, off_t begin, off_t size, size_t lines, off_t *ret, size_t *ret_have);

/* Bytes; a longer line is handed out in pieces. An object of 64 KiB of text, all escaped and once more in base64, is one line. */
#define LINES_MAX ((size_t)640 * 1024)

/* Bytes in, lines out. */
struct lines {
	char *buf; /* owned: the line that isn't ended yet */
	size_t len, size;
};
/* `line` is not NUL-ended and holds no newline; borrowed for the call. */
typedef void (*lines_fn)(void *ctx, const char *line, size_t n);

/* Calls fn for each line ended within `data`. 0 or -ENOMEM. */
int lines_feed(struct lines *l, const char *data, size_t n, lines_fn fn, void *ctx);
void lines_end(struct lines *l, lines_fn fn, void *ctx); /* hands out what is left */
void lines_done(struct lines *l); /* frees it; leaves it empty and usable */

#endif
