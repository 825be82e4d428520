/* restart - the rules, as one pure function.
 *
 * What PM2 gets wrong and this doesn't: it counts unstable runs only in the first
 * seconds of a service's life, so a late crash loop is neither counted nor slowed. Here
 * a run is stable or not by its own length alone. */
#include "model/restart.h"

/* The small built-in back-off, when the file asks for no delay at all. The first
 * restart is at once, the second waits 3 ms, then each waits half as long again: a
 * service that crashes now and then is back within a millisecond, PM2's default of 16
 * unstable runs (`/bin/false`) is over within 2 s, and a loop without a limit comes down to
 * one run in 5 s instead of PM2's 146 a second. */
#define BUILTIN_DELAY (3 * USEC_MS)
#define BUILTIN_DELAY_MAX (5 * USEC_SEC)

/* A tenth to either side: services that died together don't come back together. */
#define JITTER_PARTS 10

static usec_t grown(usec_t delay, usec_t first, usec_t max)
{
	usec_t next = delay ? delay + delay / 2 : first;

	return next < max ? next : max;
}

static usec_t with_jitter(usec_t delay, uint32_t chance)
{
	usec_t span = 2 * (delay / JITTER_PARTS);

	return delay - span / 2 + (usec_t)chance * span / UINT32_MAX;
}

enum restart_verdict restart_decide(const struct spec *s, struct restart_track *t, const struct restart_end *end,
				    usec_t *ret_delay)
{
	bool stable = !end->start_failed && end->uptime >= s->min_uptime;

	if (stable)
		restart_clear(t);
	if (!s->autorestart)
		return RESTART_FINAL;
	if (end->exited && end->code >= 0 && end->code < 256 && s->stop_exit_codes[end->code])
		return RESTART_FINAL;
	if (!stable) {
		t->unstable++;
		if (s->max_restarts > 0 && t->unstable >= s->max_restarts)
			return RESTART_GIVE_UP;
	}

	if (s->exp_backoff_restart_delay > 0) {
		/* A first delay above the ceiling is meant: it stays what it is. */
		usec_t max = s->exp_backoff_restart_delay;

		if (max < RESTART_BACKOFF_MAX)
			max = RESTART_BACKOFF_MAX;
		t->last_delay = grown(t->last_delay, s->exp_backoff_restart_delay, max);
		*ret_delay = with_jitter(t->last_delay, end->chance);
	} else if (s->restart_delay > 0) {
		*ret_delay = s->restart_delay;
	} else if (t->unstable <= 1) {
		*ret_delay = 0;
	} else {
		t->last_delay = grown(t->last_delay, BUILTIN_DELAY, BUILTIN_DELAY_MAX);
		*ret_delay = with_jitter(t->last_delay, end->chance);
	}
	return RESTART_AGAIN;
}

void restart_clear(struct restart_track *t)
{
	*t = (struct restart_track){ 0 };
}
