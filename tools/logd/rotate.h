/* rotate - a log file steps aside by one rename, and a process of low priority sees to the old ones.
 *
 * logd itself never waits for a disk that is asked to read a folder or to compress: `pm1 logd-tidy` does that. */
#ifndef PM1_LOGD_ROTATE_H
#define PM1_LOGD_ROTATE_H

#include "base/clock.h"
#include "wire/logwire.h"

/* The first moment after `wall` at which the file of that time is over: the next full hour, midnight or Monday's midnight by the
 * local time (TZ). USEC_NEVER for LOGWIRE_NEVER. */
usec_t rotate_next(enum logwire_every every, usec_t wall);

/* Renames the file by base/rotated.h, with a later millisecond when that name is taken. 0 or -errno; the file stays then. */
int rotate_away(const char *path, usec_t wall);

/* The size at which a file is rotated, 0: none. With a bound on the total alone there must be something to remove. */
uint64_t rotate_size(const struct logwire_limits *limits);

/* Starts the process that removes what `limits` doesn't keep and compresses what it wants compressed. 0 (nothing to do, too)
 * or -errno. */
int rotate_tidy(const char *path, const struct logwire_limits *limits);

/* Its main: logd-tidy PATH KEEP SECONDS COMPRESS BYTES. */
int tidy_main(int argc, char **argv);

#endif
