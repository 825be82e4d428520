/* logtime - a moment, as a person says it. */
#ifndef PM1_CLI_LOGTIME_H
#define PM1_CLI_LOGTIME_H

#include "base/clock.h"

#include <stdbool.h>

#define LOGTIME_ALLOWED                                                                                                \
	"a span (90s, 10m, 2h, 1d: so long ago) or a time (2026-11-24, '2026-11-24 10:11:12', 2026-11-24T10:11:12Z, @1795515072)"

/* A span before `now`, or a time; one without a zone is local (TZ). Stores microseconds since 1970. 0; -EINVAL: neither of both;
 * -ERANGE: there is no such day, hour or the like, or it was before 1970. */
int logtime_parse(const char *s, usec_t now, usec_t *ret);
/* The time alone: date, T or a blank, time of day with or without seconds and their fraction, Z or +02:00. Errors as above. */
int logtime_stamp(const char *s, usec_t *ret);

#endif
