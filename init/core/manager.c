#include "core/manager_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/text.h"
#include "core/memwatch.h"
#include "core/schedule.h"
#include "core/watcher.h"

#include <errno.h>

void manager_begin_sweep(struct manager *m)
{
	loop_timer_in(m->sweeper, 0);
}

bool manager_all_at_rest(const struct manager *m)
{
	for (size_t i = 0; i < m->roster.n; i++)
		if (!service_at_rest(m->roster.v[i]))
			return false;
	return true;
}

static void on_sweep(void *ctx)
{
	struct manager *m = ctx;

	for (size_t i = m->roster.n; i-- > 0;) {
		struct service *s = m->roster.v[i];
		if (s->doomed && service_at_rest(s)) {
			roster_remove(&m->roster, s);
			manager_roll_forget(m, s);
			service_free(s);
			m->cfg.changed(m->cfg.ctx);
		}
	}
	if (m->down_begun && manager_all_at_rest(m))
		manager_finish_shutdown(m);
}

static void on_changed(void *ctx, struct service *s)
{
	struct manager *m = ctx;

	if (service_at_rest(s) && (s->doomed || m->down_begun))
		manager_begin_sweep(m);
	if (m->has_order)
		manager_look_at_order(m);
	if (m->has_rolls)
		manager_look_at_rolls(m);
	m->cfg.changed(m->cfg.ctx);
}

static void on_noted(void *ctx, struct service *s, const struct service_event *e)
{
	struct manager *m = ctx;

	if (m->cfg.noted)
		m->cfg.noted(m->cfg.ctx, s, e);
}

/* One whose files are watched may run again any time, and one that is at rest until its next time will: they haven't ended. Those that are
 * to be deleted are no services any more, and those that are to replace one not yet: nobody will ask again once they are gone. */
static bool all_ended(const struct manager *m)
{
	for (size_t i = 0; i < m->roster.n; i++) {
		const struct service *s = m->roster.v[i];
		if (s->doomed || s->heir_of)
			continue;
		if (!service_at_rest(s) || watcher_is_on(s->watcher) || schedule_next(s) != USEC_NEVER || service_retry_due(s) != USEC_NEVER)
			return false;
	}
	return true;
}

/* What the whole does when a service ends for good by itself. */
static void on_ended(void *ctx, struct service *s)
{
	struct manager *m = ctx;
	int code = service_exit_code(s);
	bool failed = code != 0 || s->state == STATE_ERRORED;
	char cause[SERVICE_LABEL_MAX + 32], label[SERVICE_LABEL_MAX];

	if (m->down_begun || s->doomed || s->heir_of)
		return;
	if (failed && code == 0)
		code = 1; /* it gave up on a program that ends well but too soon */
	service_label(s, label, sizeof(label));
	if (s->spec->critical) {
		(void)text_format(cause, sizeof(cause), "critical service %s ended", label);
		manager_shutdown(m, code, cause);
		return;
	}
	switch (m->exit_when) {
	case EXIT_WHEN_NEVER:
	case EXIT_WHEN_MAX:
		return;
	case EXIT_WHEN_ANY_FAILED:
		if (!failed)
			return;
		(void)text_format(cause, sizeof(cause), "%s failed (exit_when)", label);
		manager_shutdown(m, code, cause);
		return;
	case EXIT_WHEN_ALL_ENDED:
		/* The first failure is the code of the whole; a clean end leaves it 0. */
		if (m->code == 0)
			m->code = code;
		if (all_ended(m))
			manager_shutdown(m, m->code, "all services ended (exit_when)");
		return;
	}
}

int manager_new(const struct manager_config *cfg, struct manager **ret)
{
	struct manager *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->cfg = *cfg;
	manager_settle_pm1(m);
	m->cfg.host.ctx = m;
	m->cfg.host.changed = on_changed;
	m->cfg.host.ended = on_ended;
	m->cfg.host.noted = on_noted;
	manager_wire_order(m);
	int r = loop_timer_new(cfg->host.loop, on_sweep, m, &m->sweeper);
	if (r == 0)
		r = loop_timer_new(cfg->host.loop, manager_on_order, m, &m->orderer);
	if (r == 0)
		r = loop_timer_new(cfg->host.loop, manager_on_rolls, m, &m->roller);
	if (r == 0)
		r = loop_timer_new(cfg->host.loop, manager_on_deadline, m, &m->deadline);
	if (r < 0) {
		manager_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

void manager_free(struct manager *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->roster.n; i++)
		service_free(m->roster.v[i]);
	roster_done(&m->roster);
	for (size_t i = 0; i < m->n_files; i++) {
		free(m->files[i].path);
		free(m->files[i].overlay);
	}
	free(m->files);
	loop_timer_free(&m->sweeper);
	loop_timer_free(&m->orderer);
	loop_timer_free(&m->roller);
	loop_timer_free(&m->deadline);
	free(m);
}

size_t manager_count(const struct manager *m)
{
	return m->roster.n;
}

struct service *manager_at(const struct manager *m, size_t i)
{
	return m->roster.v[i];
}

struct service *manager_by_id(const struct manager *m, int id)
{
	return roster_by_id(&m->roster, id);
}

void manager_delete(struct manager *m, struct service *s, const char *cause)
{
	s->doomed = true;
	manager_stop(m, s, cause);
	if (service_at_rest(s))
		manager_begin_sweep(m);
}

void manager_signal_all(struct manager *m, int sig)
{
	for (size_t i = 0; i < m->roster.n; i++)
		(void)service_signal(m->roster.v[i], sig);
}

void manager_orphans(struct manager *m)
{
	for (size_t i = 0; i < m->roster.n; i++)
		service_check_empty(m->roster.v[i]);
}

void manager_news(struct manager *m)
{
	struct cgroup *g;

	while ((g = cgroups_next(m->cfg.host.cgroups)))
		memwatch_news(cgroup_owner(g));
}
