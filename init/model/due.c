/* due - see the header. */
#include "model/due.h"

#define CLOCK_SET (UINT64_C(1577836800) * USEC_SEC) /* 2020-01-01: a clock that shows less has not been set */
#define BACK_MAX (3 * 3600 * USEC_SEC)
#define BACK_MAX_STEADY USEC_MIN

void due_begin(struct due *d, const struct cron *c, const struct zone *z, usec_t now)
{
	usec_t from = now;

	if (d->last > now && d->last - now <= (cron_is_steady(c) ? BACK_MAX_STEADY : BACK_MAX))
		from = d->last;
	d->at = cron_next(c, z, from);
}

bool due_look(struct due *d, const struct cron *c, const struct zone *z, usec_t now)
{
	bool run = d->at <= now && (d->at >= CLOCK_SET || now < CLOCK_SET);

	if (run)
		d->last = now;
	due_begin(d, c, z, now);
	return run;
}
