#include "core/schedule.h"

#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "model/due.h"

#include <errno.h>
#include <stdlib.h>

struct schedule {
	struct service *s; /* borrowed: it owns this */
	bool has_times; /* cron_restart or schedule */
	struct cron cron;
	struct due due;
	struct loop_timer *clock; /* NULL without times */
	struct loop_timer *uptime; /* NULL without max_uptime */
	unsigned int skipped; /* in all */
	unsigned int skipped_here; /* since the last run */
	unsigned int noted; /* s->history_n after the last note of one: then the next takes its place */
};

static const char *expression(const struct service *s)
{
	return s->spec->schedule ? s->spec->schedule : s->spec->cron_restart;
}

/* A service that nobody has started yet isn't restarted, but its schedule counts. */
static bool is_waiting(const struct service *s)
{
	switch (s->hold) {
	case SERVICE_HOLD_NEW:
		return s->spec->schedule != NULL;
	case SERVICE_HOLD_NO:
		return true;
	case SERVICE_HOLD_BY_HAND:
		return false;
	}
	return false;
}

/* Read anew each time, so that a change of tzdata is taken while pm1 runs on. NULL: no memory. */
static struct zone *load_zone(const struct service *s)
{
	struct zone *z = NULL;
	int r = s->spec->timezone ? zone_load(s->spec->timezone, &z) : zone_load_own(getenv("TZ"), &z);

	if (r < 0 && r != -ENOMEM) {
		log_warning("%s: timezone %s: %s; using UTC", s->spec->name, s->spec->timezone, zone_fault(r));
		r = zone_load("UTC", &z);
	}
	return r < 0 ? NULL : z;
}

/* A look without memory for the zone is made again soon. */
#define AGAIN_WITHOUT_MEMORY (10 * USEC_SEC)

static bool look(struct schedule *c, bool afresh)
{
	struct zone *z = load_zone(c->s);
	bool run = false;

	if (!z) {
		log_error("%s: no memory to find its next time; trying again", c->s->spec->name);
		loop_timer_in(c->clock, AGAIN_WITHOUT_MEMORY);
		return false;
	}
	if (afresh)
		due_begin(&c->due, &c->cron, z, clock_wall());
	else
		run = due_look(&c->due, &c->cron, z, clock_wall());
	zone_free(z);
	loop_timer_at(c->clock, c->due.at);
	return run;
}

static void skip(struct schedule *c)
{
	struct service *s = c->s;
	char why[SERVICE_CAUSE_MAX], label[SERVICE_LABEL_MAX];

	c->skipped++;
	c->skipped_here++;
	if (c->noted == s->history_n && s->history_n > 0)
		s->history_n--; /* in place of the note before: a run that hangs leaves one note, not a history of them */
	if (c->skipped_here == 1)
		(void)text_format(why, sizeof(why), "schedule: skipped, the run before still goes on");
	else
		(void)text_format(why, sizeof(why), "schedule: skipped %u times, the run before still goes on", c->skipped_here);
	service_note(s, why);
	c->noted = s->history_n;
	if (c->skipped_here == 1)
		log_notice("%s: %s", service_label(s, label, sizeof(label)), why);
}

static void on_clock(void *ctx)
{
	struct schedule *c = ctx;
	struct service *s = c->s;
	char why[SERVICE_CAUSE_MAX + CRON_TEXT_MAX];

	if (!look(c, false) || !is_waiting(s))
		return;
	reaper_drain(s->host->reaper); /* a run that has just ended doesn't go on */
	(void)text_format(why, sizeof(why), "%s '%s'", s->spec->schedule ? "schedule" : "cron_restart", expression(s));
	if (!s->spec->schedule) {
		/* On its way down to come up again: that is a restart already. */
		if (s->state != STATE_STOPPING)
			service_restart(s, why);
	} else if (service_at_rest(s)) {
		service_start(s, why);
	} else {
		skip(c);
	}
}

static void on_uptime(void *ctx)
{
	struct schedule *c = ctx;
	struct service *s = c->s;
	char why[SERVICE_CAUSE_MAX];
	struct text t = TEXT_INIT(why);

	reaper_drain(s->host->reaper);
	if (s->pid == 0 || s->state == STATE_STOPPING)
		return;
	(void)text_add(&t, "max_uptime ");
	(void)text_add_span(&t, s->spec->max_uptime);
	if (!s->spec->schedule) {
		service_restart_capped(s, why); /* one below min_uptime is no way to a tight loop */
		return;
	}
	service_stop(s, why);
	schedule_begin(s); /* nobody has stopped it: the next time counts */
}

/* What the spec asks for; `c` keeps what it has of it. */
static int take_spec(struct schedule *c)
{
	const struct service *s = c->s;
	char fault[CRON_TEXT_MAX];
	int r = 0;

	c->has_times = expression(s);
	if (c->has_times) /* it was checked when it was read */
		r = cron_parse(expression(s), &c->cron, fault, sizeof(fault));
	if (r == 0 && c->has_times && !c->clock)
		r = loop_wall_timer_new(s->host->loop, on_clock, c, &c->clock);
	if (r == 0 && s->spec->max_uptime && !c->uptime)
		r = loop_timer_new(s->host->loop, on_uptime, c, &c->uptime);
	if (!c->has_times)
		loop_timer_free(&c->clock);
	if (!s->spec->max_uptime)
		loop_timer_free(&c->uptime);
	return r;
}

static void arm_clock(struct service *s)
{
	struct schedule *c = s->schedule;

	if (!c || !c->clock)
		return;
	if (is_waiting(s)) {
		(void)look(c, true);
		return;
	}
	c->due.at = USEC_NEVER;
	loop_timer_off(c->clock);
}

void schedule_set(struct service *s)
{
	char label[SERVICE_LABEL_MAX];

	if (!expression(s) && !s->spec->max_uptime) {
		schedule_free(s->schedule);
		s->schedule = NULL;
		return;
	}
	if (!s->schedule)
		s->schedule = calloc(1, sizeof(*s->schedule));
	int r = -ENOMEM;
	if (s->schedule) {
		s->schedule->s = s;
		r = take_spec(s->schedule);
	}
	if (r < 0) {
		log_error("%s: cannot keep its times: %s; going on without", service_label(s, label, sizeof(label)), err_text(r));
		schedule_free(s->schedule);
		s->schedule = NULL;
		return;
	}
	arm_clock(s);
	if (s->pid > 0)
		schedule_up(s);
}

void schedule_free(struct schedule *c)
{
	if (!c)
		return;
	loop_timer_free(&c->clock);
	loop_timer_free(&c->uptime);
	free(c);
}

void schedule_begin(struct service *s)
{
	bool waited = is_waiting(s);

	s->hold = SERVICE_HOLD_NO;
	/* Those that count already go on as they are. */
	if (!waited)
		arm_clock(s);
}

void schedule_end(struct service *s)
{
	s->hold = SERVICE_HOLD_BY_HAND;
	arm_clock(s);
}

void schedule_up(struct service *s)
{
	usec_t span = s->spec->max_uptime;

	if (s->schedule)
		s->schedule->skipped_here = 0;
	if (s->schedule && s->schedule->uptime)
		loop_timer_at(s->schedule->uptime, span < USEC_NEVER - s->started ? s->started + span : USEC_NEVER);
}

void schedule_down(struct service *s)
{
	if (s->schedule && s->schedule->uptime)
		loop_timer_off(s->schedule->uptime);
}

usec_t schedule_next(const struct service *s)
{
	return s->schedule && s->schedule->clock && is_waiting(s) ? s->schedule->due.at : USEC_NEVER;
}

bool schedule_is_paused(const struct service *s)
{
	return s->schedule && s->schedule->clock && !is_waiting(s);
}

unsigned int schedule_skipped(const struct service *s)
{
	return s->schedule ? s->schedule->skipped : 0;
}
