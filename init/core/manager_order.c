/* manager_order - starts that wait, stops that go backwards, and restarts that take turns. */
#include "core/manager_impl.h"

#include "base/log.h"
#include "base/text.h"
#include "core/order.h"
#include "core/schedule.h"
#include "core/watcher.h"

static void on_starts(void *ctx, struct service *s)
{
	struct manager *m = ctx;
	struct service *x;
	char cause[SERVICE_CAUSE_MAX], label[SERVICE_LABEL_MAX];

	if (!m->has_order || m->down_begun)
		return;
	service_label(s, label, sizeof(label));
	(void)text_format(cause, sizeof(cause), "it conflicts with %s", label);
	for (size_t at = 0; (x = order_next_conflict(&m->roster, s, &at));)
		service_stop(x, cause);
	(void)text_format(cause, sizeof(cause), "%s needs it", label);
	for (size_t at = 0; (x = order_next_needed(&m->roster, s, &at));)
		if (!x->start_due) /* else its turn comes anyway */
			service_start(x, cause);
}

static bool on_may_start(void *ctx, struct service *s)
{
	struct manager *m = ctx;

	return !m->has_order || order_may_start(&m->roster, s);
}

/* A second's restarts may come at once; then they come one by one. */
static usec_t on_restart_turn(void *ctx)
{
	struct manager *m = ctx;
	usec_t now = clock_mono(), rate = m->cfg.pm1->restart_rate;

	if (rate == 0)
		return 0;
	if (m->turn_at + USEC_SEC < now)
		m->turn_at = now - USEC_SEC;
	m->turn_at += USEC_SEC / rate;
	return m->turn_at > now ? m->turn_at - now : 0;
}

void manager_wire_order(struct manager *m)
{
	m->cfg.host.starts = on_starts;
	m->cfg.host.may_start = on_may_start;
	m->cfg.host.restart_turn = on_restart_turn;
}

void manager_look_at_order(struct manager *m)
{
	loop_timer_in(m->orderer, 0);
}

void manager_stop(struct manager *m, struct service *s, const char *cause)
{
	s->stop_due = true;
	if (text_copy(s->stop_cause, sizeof(s->stop_cause), cause) < 0)
		(void)text_format(s->stop_cause, sizeof(s->stop_cause), "%.*s...", SERVICE_CAUSE_MAX - 4, cause);
	if (m->has_order)
		manager_look_at_order(m);
	else
		service_stop(s, cause);
}

/* Those that go down, or are to: the first n_speakers of them speak of others. */
struct going {
	struct roster all;
	size_t n_speakers;
};

static bool is_going(const struct service *s)
{
	return s->stop_due || (s->state == STATE_STOPPING && !s->want_up);
}

/* Without memory nobody waits for anybody. Only all.v is to be freed. */
static struct going find_going(const struct manager *m)
{
	struct going g = { .all.v = calloc(m->roster.n + 1, sizeof(*g.all.v)) };

	for (int speakers = 1; g.all.v && speakers >= 0; speakers--) {
		for (size_t i = 0; i < m->roster.n; i++)
			if (is_going(m->roster.v[i]) && order_has_any(m->roster.v[i]->spec) == speakers)
				g.all.v[g.all.n++] = m->roster.v[i];
		if (speakers)
			g.n_speakers = g.all.n;
	}
	return g;
}

/* Who needs one that is to be stopped, and isn't to be stopped itself, keeps nothing: a person asked. One that speaks of nobody is kept
 * by those alone that do, which are few where services are many. */
static bool must_wait(const struct going *g, const struct service *s)
{
	struct roster which = g->all;

	if (!order_has_any(s->spec))
		which.n = g->n_speakers;
	return order_is_needed(&which, s);
}

static void stop_what_is_due(struct manager *m)
{
	bool any = false;

	for (size_t i = 0; i < m->roster.n && !any; i++)
		any = m->roster.v[i]->stop_due;
	if (!any)
		return;
	/* As it is now: one that is told to stop here goes down, and stays among them. */
	struct going g = find_going(m);
	for (size_t i = 0; i < m->roster.n; i++) {
		struct service *s = m->roster.v[i];
		char cause[SERVICE_CAUSE_MAX];
		if (!s->stop_due || must_wait(&g, s))
			continue;
		(void)text_copy(cause, sizeof(cause), s->stop_cause);
		service_stop(s, cause);
	}
	free(g.all.v);
}

/* Nothing runs, and nothing will. */
static void end_if_stuck(struct manager *m)
{
	const struct service *stuck = NULL;
	char cause[SERVICE_CAUSE_MAX + 64], label[SERVICE_LABEL_MAX];

	if (m->exit_when != EXIT_WHEN_ALL_ENDED || m->down_begun)
		return;
	for (size_t i = 0; i < m->roster.n; i++) {
		const struct service *s = m->roster.v[i];
		if (s->state == STATE_WAITING && s->stuck)
			stuck = s;
		else if (!service_at_rest(s) || s->start_due || watcher_is_on(s->watcher) || schedule_next(s) != USEC_NEVER ||
			 service_retry_due(s) != USEC_NEVER)
			return;
	}
	if (!stuck)
		return;
	(void)text_format(cause, sizeof(cause), "nothing runs any more, and %s waits for %s (exit_when)",
			  service_label(stuck, label, sizeof(label)), stuck->waits_for);
	manager_shutdown(m, m->code ? m->code : 1, cause);
}

void manager_on_order(void *ctx)
{
	struct manager *m = ctx;

	stop_what_is_due(m);
	if (m->down_begun)
		return;
	for (size_t i = 0; i < m->roster.n; i++)
		service_try(m->roster.v[i], "what it waited for is there");
	end_if_stuck(m);
}
