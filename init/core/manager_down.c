/* manager_down - the end of the whole: everything stops within shutdown_timeout. */
#include "core/manager_impl.h"

#include "base/log.h"

/* After the kill at the end of shutdown_timeout, how long a process that can't die may hold up the end of the whole. */
#define LAST_WAIT (2 * USEC_SEC)

void manager_finish_shutdown(struct manager *m)
{
	if (m->down_told)
		return;
	m->down_told = true;
	loop_timer_off(m->deadline);
	m->cfg.down(m->cfg.ctx, m->code);
}

void manager_on_deadline(void *ctx)
{
	struct manager *m = ctx;

	if (!m->killed) {
		m->killed = true;
		log_warning("shutdown_timeout is over: killing what is left");
		loop_timer_in(m->deadline, LAST_WAIT);
		for (size_t i = 0; i < m->roster.n; i++) {
			struct service *s = m->roster.v[i];
			if (s->stop_due)
				service_stop(s, "no more time");
			service_hurry(s);
		}
		return;
	}
	for (size_t i = 0; i < m->roster.n; i++)
		if (!service_at_rest(m->roster.v[i]))
			log_error("%s: does not die; leaving it behind", m->roster.v[i]->spec->name);
	manager_finish_shutdown(m);
}

void manager_shutdown(struct manager *m, int code, const char *cause)
{
	if (m->down_begun) {
		if (!m->killed && !m->down_told) {
			log_notice("hurrying the shutdown: %s", cause);
			loop_timer_in(m->deadline, 0);
		}
		return;
	}
	m->down_begun = true;
	m->code = code;
	log_notice("shutting down: %s", cause);
	loop_timer_in(m->deadline, m->cfg.pm1->shutdown_timeout);
	for (size_t i = 0; i < m->roster.n; i++)
		manager_stop(m, m->roster.v[i], cause);
	manager_begin_sweep(m); /* perhaps all are down already */
}

bool manager_is_down(const struct manager *m)
{
	return m->down_begun;
}
