/* zone - what clocks on the wall show, somewhere: offsets from UTC and the moments they change.
 *
 * Reads the compiled files of tzdata (TZif, RFC 8536) and the rules of POSIX ("CET-1CEST,M3.5.0,M10.5.0/3") itself. glibc has
 * one zone for the whole process, behind the environment: PM1 would have to change its own TZ back and forth, in the array
 * that services inherit. A zone here is a value like any other. */
#ifndef PM1_MODEL_ZONE_H
#define PM1_MODEL_ZONE_H

#include <stddef.h>
#include <stdint.h>

#define ZONE_FOLDER "/usr/share/zoneinfo"
#define ZONE_ALLOWED "UTC, a name of " ZONE_FOLDER " such as Europe/Berlin, or a rule such as CET-1CEST,M3.5.0,M10.5.0/3"

struct zone;

/* A stretch of time with one offset: since <= t < until, in seconds since 1970 (INT64_MIN, INT64_MAX: unbounded). */
struct zone_span {
	int64_t since, until;
	int32_t offset; /* seconds east of UTC */
};

/* By name or rule. 0; -EINVAL: neither; -ENOENT: no such file; -ENODATA: there is no tzdata here at all; -EBADMSG: the file
 * is none of tzdata; -ENOMEM; the error of reading. */
int zone_load(const char *name, struct zone **ret);
/* The zone of a process: `tz` is its TZ (NULL: not set, then /etc/localtime). UTC where nothing says otherwise. -ENOMEM. */
int zone_load_own(const char *tz, struct zone **ret);
/* From a file's bytes, from a rule. 0, -EBADMSG, -EINVAL, -ENOMEM. */
int zone_from_bytes(const uint8_t *data, size_t n, struct zone **ret);
int zone_from_rule(const char *rule, struct zone **ret);
void zone_free(struct zone *z); /* NULL is fine */

struct zone_span zone_at(const struct zone *z, int64_t t);

/* What -errno of zone_load() means, in words. Static text. */
const char *zone_fault(int r);

#endif
