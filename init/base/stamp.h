/* stamp - the time in front of a log line.
 *
 * A format is strftime's when it has a %, else PM2's (dayjs): YYYY-MM-DD HH:mm:ss.SSS Z. It is compiled once, into
 * strftime's form with two marks of our own: %3N milliseconds, %:z the zone as +02:00. */
#ifndef PM1_BASE_STAMP_H
#define PM1_BASE_STAMP_H

#include "base/clock.h"

#include <stddef.h>

#define STAMP_MAX 256 /* bytes of a compiled format, and of a stamp, the NUL included */

/* Compiles fmt ("" gives ""). 0, -EINVAL (an unknown % conversion, or a [ without its ]), -ENOSPC. */
int stamp_compile(const char *fmt, char *buf, size_t size);

/* Writes the local time (TZ) of `wall`, microseconds since 1970, and returns the length; 0: no format, or no room. */
size_t stamp_format(const char *compiled, usec_t wall, char *buf, size_t size);

#endif
