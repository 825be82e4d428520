#include "tools/logd/rate.h"

#define RATE_MAX ((uint64_t)1 << 40) /* bytes a second: more is no limit, and products stay below 2^63 */

void rate_set(struct rate *r, uint64_t per_second, usec_t now)
{
	if (per_second > RATE_MAX)
		per_second = RATE_MAX;
	if (r->per_second == per_second)
		return;
	*r = (struct rate){ .per_second = per_second, .left = (int64_t)per_second, .at = now };
}

int64_t rate_left(struct rate *r, usec_t now)
{
	int64_t most = (int64_t)r->per_second;
	usec_t since = now > r->at ? now - r->at : 0;
	/* Whole seconds apart, so that no product is too big. */
	int64_t more = since / USEC_SEC > 3600 ? most : (int64_t)(since / USEC_SEC) * most;
	more += (int64_t)((since % USEC_SEC) / 1000) * most / 1000;

	if (r->left + more >= most) {
		r->left = most;
		r->at = now;
	} else if (more > 0) {
		r->left += more;
		/* Only the time of those: what was a part of a byte is not lost to many looks. */
		r->at += (usec_t)(more / most) * USEC_SEC + (usec_t)((more % most) * 1000 / most) * 1000;
	}
	return r->left;
}

void rate_take(struct rate *r, size_t n)
{
	r->left -= (int64_t)n;
}

usec_t rate_wait(const struct rate *r)
{
	int64_t wanted = (int64_t)r->per_second / 10 + 1 - r->left;

	if (wanted <= 0)
		return 1000;
	usec_t seconds = (usec_t)wanted / r->per_second, rest = (usec_t)wanted % r->per_second;
	return seconds * USEC_SEC + (rest * 1000 / r->per_second + 1) * 1000;
}
