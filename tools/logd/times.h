/* times - writes the times of one log file (base/times.h).
 *
 * At most one record each 10 ms, and no sooner than 256 bytes after the last one or 100 ms after it: a busy log's times are no more
 * than a 16th of it, a slow one's grow by 160 bytes a second at most, and none ever get longer than their log and 4 KiB. So a line's
 * time may be told up to 100 ms too early, never too late. Nothing here fails a write: without a folder that can be written, or
 * without room, there are no times. */
#ifndef PM1_LOGD_TIMES_H
#define PM1_LOGD_TIMES_H

#include "base/clock.h"

#include <stdbool.h>

struct times_writer {
	int fd; /* owned; 0 or below: not open (all zero is a good beginning) */
	usec_t tried; /* when it was last tried to open it */
	uint64_t size; /* bytes in it */
	uint64_t offset; /* the last record */
	usec_t wall;
};

/* What is written to the log `path`, open as log_fd, at `at` from now on comes at `now` (microseconds since 1970). Before it is
 * written. */
void times_note(struct times_writer *w, const char *path, int log_fd, uint64_t at, usec_t now);
void times_close(struct times_writer *w);
/* The log `from` has been renamed to `to`: its times go with it. */
void times_rename(const char *from, const char *to);
/* Removes the times of rotated files of `path` which are there no more. */
void times_tidy(const char *path);

#endif
