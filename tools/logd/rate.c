#include "tools/logd/rate.h"

#define RATE_SECONDS_MAX ((uint64_t)1 << 22) /* at one look: 48 days, which is longer than any debt */
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
	uint64_t most = r->per_second;
	usec_t ms = now > r->at ? (now - r->at) / USEC_MS : 0;
	/* Seconds and the rest apart, so that no product is too big. */
	uint64_t seconds = ms / 1000 < RATE_SECONDS_MAX ? ms / 1000 : RATE_SECONDS_MAX;
	uint64_t thousandths = (ms % 1000) * most + r->part;
	int64_t more = (int64_t)(seconds * most + thousandths / 1000);

	r->at += ms * USEC_MS;
	r->part = thousandths % 1000;
	r->left += more;
	if (r->left >= (int64_t)most) {
		r->left = (int64_t)most;
		r->part = 0;
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
