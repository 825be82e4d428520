/* textfile - a whole file of text into memory, and whether it is text at all.
 *
 * Opened without blocking and accepted only when it is a regular file: a FIFO or a
 * device in a file's place must not hang or drown PID 1. */
#ifndef PM1_MODEL_TEXTFILE_H
#define PM1_MODEL_TEXTFILE_H

#include <stddef.h>
#include <sys/stat.h>

/* Stores a malloc'ed buffer of *ret_n bytes with a NUL behind them. ret_st may be NULL. 0, -EFBIG (over max bytes), -EISDIR,
 * -EINVAL (no regular file), or the error of opening or reading. */
int textfile_read(const char *path, size_t max, char **ret, size_t *ret_n, struct stat *ret_st);

/* What -errno of textfile_read() means, in words. Static text. */
const char *textfile_fault(int r);

/* The first byte (0-based) of data[0..n) that is no text: NUL, another control byte but tab, or broken UTF-8. n: all is
 * well. *ret_what says what it is. */
size_t textfile_check(const char *data, size_t n, const char **ret_what);

#endif
