#include "model/checkup.h"

#include <stddef.h>

#define EAGER (1 * USEC_SEC) /* how often before the first good result, and the span over which first checks are spread */

static const char *const names[] = { [HEALTH_UNKNOWN] = "unknown", [HEALTH_GOOD] = "healthy", [HEALTH_BAD] = "unhealthy" };
_Static_assert(sizeof(names) / sizeof(*names) == HEALTH_MAX, "a health without a name");

const char *health_name(enum health h)
{
	return (unsigned int)h < HEALTH_MAX ? names[h] : "unknown";
}

bool checkup_result(const struct spec *s, struct checkup *c, bool good, usec_t up)
{
	enum health before = c->health;

	if (good) {
		c->health = HEALTH_GOOD;
		c->failures = 0;
		c->was_good = true;
		return before != HEALTH_GOOD;
	}
	if (!c->was_good && up < s->health_start_period)
		return false;
	/* Those that follow each other faster than an interval are one. After a good one they can't. */
	if (!c->was_good && c->failures > 0 && up < c->counted_at + s->health_interval)
		return false;
	c->counted_at = up;
	if (c->failures < s->health_retries)
		c->failures++;
	if (c->failures < s->health_retries)
		return false;
	c->health = HEALTH_BAD;
	return true;
}

usec_t checkup_pause(const struct spec *s, const struct checkup *c, bool first, uint32_t chance)
{
	usec_t span = s->health_interval < EAGER || c->was_good ? s->health_interval : EAGER;

	/* Services that were started together are not asked all at once. */
	return first ? (usec_t)((double)span * chance / ((double)UINT32_MAX + 1)) : span;
}
