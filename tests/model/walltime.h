/* walltime - moments as tests write and read them. */
#ifndef PM1_TESTS_WALLTIME_H
#define PM1_TESTS_WALLTIME_H

#include "base/clock.h"
#include "model/zone.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

/* Of "2026-03-29 01:00:00", UTC. */
static inline usec_t wall_of(const char *text)
{
	struct tm tm = { 0 };

	cr_assert_not_null(strptime(text, "%Y-%m-%d %H:%M:%S", &tm), "%s", text);
	return (usec_t)timegm(&tm) * USEC_SEC;
}

/* "2026-03-29 03:00:00 +7200": local time, and seconds east of UTC. */
static inline const char *wall_text(const struct zone *z, usec_t at, char *buf, size_t size)
{
	time_t t = (time_t)(at / USEC_SEC);
	int offset = zone_at(z, t).offset;
	char local[32];
	struct tm tm;

	t += offset;
	if (at == USEC_NEVER || !gmtime_r(&t, &tm) || strftime(local, sizeof(local), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		(void)snprintf(buf, size, "never");
	else
		(void)snprintf(buf, size, "%s +%d", local, offset);
	return buf;
}

#endif
