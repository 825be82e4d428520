/* logfile - one log file, compressed or not, read from a place to its end, a line at a time. */
#ifndef PM1_CLI_LOGFILE_H
#define PM1_CLI_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct logfile;

/* Opens a rotated file, by its name or, when it has been compressed since, by that with .gz. Offsets are those of the bytes before
 * compression. 0; -ENOENT and other errors of open; -ENOMEM. */
int logfile_open(const char *path, off_t at, struct logfile **ret);
/* Reads fd (borrowed) from `at` to `end`. A hole in it is what a ring has dropped: it is skipped, and so is the rest of the line
 * that was torn by it. 0, -ENOMEM. */
int logfile_from(int fd, off_t at, off_t end, struct logfile **ret);
void logfile_free(struct logfile *f);

/* The next line, borrowed until the next call, without its newline; one longer than LINES_MAX comes in pieces. *ret_at is where it
 * begins; *ret_ended: its newline is there, or it is such a piece. 1; 0: that was all; -ENOMEM, or an error of the read. */
int logfile_next(struct logfile *f, const char **ret, size_t *ret_n, off_t *ret_at, bool *ret_ended);
off_t logfile_tell(const struct logfile *f); /* behind what was handed out last */

#endif
