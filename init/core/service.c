#include "core/service_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/activation.h"
#include "core/cause.h"
#include "core/drain.h"
#include "core/health.h"
#include "core/hook.h"
#include "core/memwatch.h"
#include "core/outputs.h"
#include "core/process.h"
#include "core/readiness.h"
#include "core/schedule.h"
#include "core/sockets.h"
#include "core/watcher.h"

#include <errno.h>
#include <sys/epoll.h>

const char *service_label(const struct service *s, char *buf, size_t size)
{
	if (s->spec->instances > 1)
		(void)text_format(buf, size, "%s-%u", s->spec->name, s->instance);
	else
		(void)text_format(buf, size, "%s", s->spec->name);
	return buf;
}

bool service_stays_down(const struct service *s)
{
	return s->oomed && s->spec->oom_policy == OOM_STOP;
}

usec_t service_retry_due(const struct service *s)
{
	return s->state == STATE_ERRORED ? loop_timer_due(s->timer) : USEC_NEVER;
}

bool service_at_rest(const struct service *s)
{
	return state_is_final(s->state) && s->pid == 0;
}

int service_exit_code(const struct service *s)
{
	if (s->start_failed)
		return strstr(s->failure, err_text(ENOENT)) ? 127 : 126;
	if (!s->has_exit)
		return 0;
	return s->last.exited ? s->last.code : 128 + s->last.code;
}

int service_new(const struct service_host *host, struct spec *spec, unsigned int instance, int id,
		const struct outputs_place *place, struct service **ret)
{
	struct service *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->host = host;
	s->spec = spec_ref(spec);
	s->instance = instance;
	s->id = id;
	s->pidfd = s->status_fd = -1;
	s->created_wall = s->since_wall = clock_wall();
	(void)text_format(s->mark, sizeof(s->mark), "PM1_ID=%llx.%d", (unsigned long long)host->boot_id, id);

	int r = loop_timer_new(host->loop, service_on_timer, s, &s->timer);
	if (r < 0) {
		service_free(s);
		return r;
	}
	char label[SERVICE_LABEL_MAX], folder[SERVICE_LABEL_MAX + 16];
	(void)text_format(folder, sizeof(folder), "%s.%d", service_label(s, label, sizeof(label)), id);
	if (cgroups_kind(host->cgroups) != CGROUP_NONE) {
		r = cgroup_new(host->cgroups, folder, s, &s->cgroup);
		if (r < 0)
			log_warning("%s: no cgroup: %s; watching its processes through /proc instead", label, err_text(r));
	}
	outputs_set(s, place);
	watcher_set(s, place);
	schedule_set(s);
	*ret = s;
	return 0;
}

void service_free(struct service *s)
{
	if (!s)
		return;
	if (s->pid > 0)
		reaper_forget(s->host->reaper, s->pid);
	if (s->spec) { /* not in a half-made one */
		hook_cancel(s);
		readiness_end(s);
		health_free(s);
		readiness_free(s);
	}
	loop_remove(&s->status_source);
	loop_timer_free(&s->timer);
	loop_timer_free(&s->sampler);
	loop_timer_free(&s->oom_again);
	loop_timer_free(&s->adopt);
	drain_free(s->drain);
	sockets_free(s);
	watcher_free(s->watcher);
	schedule_free(s->schedule);
	close_fd(&s->status_fd);
	close_fd(&s->pidfd);
	logstream_close(s->out);
	logstream_close(s->err);
	cgroup_free(s->cgroup);
	spec_unref(s->spec);
	free(s);
}

static bool differ(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) != 0 : a != b;
}

void service_set_spec(struct service *s, struct spec *spec, const struct outputs_place *place)
{
	struct spec *old = s->spec;

	s->spec = spec_ref(spec);
	bool caps = old->memory_max != spec->memory_max || old->max_memory_restart != spec->max_memory_restart ||
		    old->oom_policy != spec->oom_policy;
	bool checks = false;
	for (int i = 0; i < CHECK_MAX; i++)
		checks |= differ(spec_check(old, (enum check_kind)i), spec_check(spec, (enum check_kind)i)) ||
			  !strv_equal(&old->check_argv[i], &spec->check_argv[i]);
	spec_unref(old);
	outputs_set(s, place);
	watcher_set(s, place);
	schedule_set(s);
	if (caps)
		memwatch_change(s);
	if (checks && s->state == STATE_ONLINE)
		health_begin(s);
}

/* Transitions. */

static struct service_event *add_event(struct service *s, enum state from, enum state to, const char *cause)
{
	struct service_event *e = &s->history[s->history_n++ % SERVICE_HISTORY];

	*e = (struct service_event){ .wall = clock_wall(), .from = from, .to = to, .pid = s->pid };
	if (text_copy(e->cause, sizeof(e->cause), cause) < 0)
		(void)text_format(e->cause, sizeof(e->cause), "%.*s...", (int)sizeof(e->cause) - 4, cause);
	return e;
}

const char *service_last_cause(const struct service *s)
{
	unsigned int n = s->history_n < SERVICE_HISTORY ? s->history_n : SERVICE_HISTORY;

	for (unsigned int i = s->history_n; i-- > s->history_n - n;)
		if (!s->history[i % SERVICE_HISTORY].is_note)
			return s->history[i % SERVICE_HISTORY].cause;
	return n ? "" : "not started yet";
}

void service_note(struct service *s, const char *what)
{
	struct service_event *e = add_event(s, s->state, s->state, what);

	e->is_note = true;
	if (s->host->noted)
		s->host->noted(s->host->ctx, s, e);
	s->host->changed(s->host->ctx, s);
}

static void note(struct service *s, enum state from, enum state to, const char *cause)
{
	const struct service_event *e = add_event(s, from, to, cause);

	s->since_wall = e->wall;
	char label[SERVICE_LABEL_MAX];
	log_notice("%s: %s -> %s (%s)", service_label(s, label, sizeof(label)), state_name(from), state_name(to), cause);
	if (s->host->noted)
		s->host->noted(s->host->ctx, s, e);
}

void service_apply(struct service *s, enum event event, const char *cause)
{
	char words[SERVICE_FAILURE_MAX];
	usec_t delay = 0;

	/* Not recursion: what follows from an action at once is the next turn. Each turn ends a run or begins one, and
	 * beginning one is not instant, so this ends. */
	while (event != EVENT_MAX) {
		struct edge e = state_next(s->state, event);
		enum state from = s->state;

		if (e.verdict == VERDICT_IGNORE)
			break;
		if (e.verdict != VERDICT_GO) {
			log_error("bug: %s: event '%s' in state '%s'; ignoring", s->spec->name, event_name(event),
				  state_name(from));
			break;
		}
		s->state = e.to;
		/* The first KILL is news, though it changes no state. */
		if (e.to != from || (e.action == ACTION_KILL && s->kill_rounds == 0))
			note(s, from, e.to, cause);
		event = service_act(s, e.action, &delay);
		if (event == EVENT_MAX && e.to != from && state_is_final(e.to) &&
		    (from == STATE_EXITED || e.to == STATE_ERRORED))
			s->host->ended(s->host->ctx, s);
		if (event != EVENT_MAX)
			cause = cause_of_step(s, event, delay, words, sizeof(words));
	}
	if (service_at_rest(s))
		readiness_rest(s);
	s->host->changed(s->host->ctx, s);
}

void service_check_empty(struct service *s)
{
	if (s->pid == 0 && (s->state == STATE_EXITED || s->state == STATE_STOPPING) && !process_any_left(s) &&
	    service_emptied(s) == EVENT_EMPTY)
		service_apply(s, EVENT_EMPTY, "its last process has ended");
}

/* Wishes. */

static void set_next_cause(struct service *s, const char *cause)
{
	if (text_copy(s->next_cause, sizeof(s->next_cause), cause) < 0)
		(void)text_format(s->next_cause, sizeof(s->next_cause), "%.*s...", SERVICE_CAUSE_MAX - 4, cause);
}

void service_start(struct service *s, const char *cause)
{
	char why[SERVICE_CAUSE_MAX];

	if (s->doomed)
		return; /* its name may be another's already */
	s->want_up = true;
	s->capped = s->failed = s->stop_due = false;
	if (s->state == STATE_STOPPING || s->state == STATE_EXITED)
		set_next_cause(s, cause); /* the start follows once it is down */
	restart_clear(&s->track);
	if (!s->heir_of) { /* until it takes over they are the other's */
		watcher_begin(s->watcher);
		schedule_begin(s);
	}
	if (s->host->starts)
		s->host->starts(s->host->ctx, s);
	enum event e = service_gated(s, EVENT_START);
	if (e == EVENT_WAIT && text_format(why, sizeof(why), "%s: waiting for %s", cause, s->waits_for) < 0)
		(void)text_format(why, sizeof(why), "%.*s", SERVICE_CAUSE_MAX - 4, s->waits_for);
	service_apply(s, e, e == EVENT_WAIT ? why : cause);
}

enum event service_gated(struct service *s, enum event event)
{
	if (s->host->may_start && !s->host->may_start(s->host->ctx, s))
		return EVENT_WAIT;
	s->stuck = false;
	if (activation_waits(s)) {
		(void)text_copy(s->waits_for, sizeof(s->waits_for), "a connection");
		return EVENT_WAIT;
	}
	s->waits_for[0] = 0;
	return event;
}

void service_try(struct service *s, const char *cause)
{
	bool stuck = s->stuck;

	if (s->state != STATE_WAITING || activation_is_armed(s))
		return;
	if (service_gated(s, EVENT_START) == EVENT_START)
		service_apply(s, EVENT_START, cause);
	else if (s->stuck != stuck)
		s->host->changed(s->host->ctx, s);
}

void service_ready(struct service *s, const char *cause)
{
	if (s->state == STATE_STARTING && s->step == STEP_MAIN && s->main_ran)
		service_apply(s, EVENT_READY, cause);
}

void service_fail(struct service *s, const char *cause)
{
	if (s->state != STATE_STARTING && s->state != STATE_ONLINE)
		return;
	s->capped = s->failed = true;
	s->capped_uptime = s->not_ready ? 0 : clock_mono() - s->started;
	set_next_cause(s, cause);
	if (text_copy(s->failure, sizeof(s->failure), cause) < 0)
		(void)text_format(s->failure, sizeof(s->failure), "%.*s...", SERVICE_CAUSE_MAX - 4, cause);
	service_apply(s, EVENT_STOP, cause);
}

void service_stop(struct service *s, const char *cause)
{
	s->want_up = s->capped = s->stop_due = false;
	s->next_cause[0] = 0;
	watcher_end(s->watcher);
	schedule_end(s);
	service_apply(s, EVENT_STOP, cause);
}

void service_idle(struct service *s, const char *cause)
{
	if (s->state != STATE_ONLINE)
		return;
	set_next_cause(s, cause);
	service_apply(s, EVENT_STOP, cause);
}

void service_restart_capped(struct service *s, const char *cause)
{
	if (s->spec->min_uptime == 0 || clock_mono() - s->started >= s->spec->min_uptime) {
		service_restart(s, cause);
		return;
	}
	s->capped = true;
	s->failed = false;
	s->capped_uptime = 0;
	set_next_cause(s, cause);
	service_apply(s, EVENT_STOP, cause);
}

void service_restart(struct service *s, const char *cause)
{
	if (s->doomed)
		return;
	if (service_at_rest(s)) {
		s->restarts++;
		service_start(s, cause);
		return;
	}
	s->want_up = true;
	s->capped = false;
	s->restarts++;
	restart_clear(&s->track);
	watcher_begin(s->watcher);
	schedule_begin(s);
	set_next_cause(s, cause);
	service_apply(s, EVENT_STOP, cause);
	/* Waiting for a delay it is at rest at once, and STOP has started it again by next_cause. */
}

static void on_reload_command(struct service *s, const struct reaped *r)
{
	char sig[16];

	s->reload_failure[0] = 0;
	if (!r->exited)
		(void)text_format(s->reload_failure, sizeof(s->reload_failure), "exec_reload was killed by %s",
				  signal_text(r->code, sig, sizeof(sig)));
	else if (r->code != 0 && !hook_may_fail(s, HOOK_RELOAD))
		(void)text_format(s->reload_failure, sizeof(s->reload_failure), "exec_reload exited with code %d", r->code);
	s->reloads++;
	s->host->changed(s->host->ctx, s);
}

void service_reload(struct service *s, const char *cause)
{
	struct strv env = { 0 };
	char label[SERVICE_LABEL_MAX];

	if (s->spec->hook_argv[HOOK_RELOAD].n == 0 || s->state != STATE_ONLINE) {
		service_restart(s, cause);
		return;
	}
	log_notice("%s: %s", service_label(s, label, sizeof(label)), cause);
	int r = strv_addf(&env, "MAINPID=%d", (int)s->pid);
	if (r == 0)
		r = hook_start(s, HOOK_RELOAD, &env, s->spec->listen_timeout, on_reload_command);
	strv_done(&env);
	if (r < 0) {
		(void)text_format(s->reload_failure, sizeof(s->reload_failure), "exec_reload: %s", err_text(r));
		s->reloads++;
		s->host->changed(s->host->ctx, s);
	}
}

void service_hurry(struct service *s)
{
	s->hurried = true;
	if (s->state == STATE_STOPPING || s->state == STATE_EXITED)
		service_apply(s, EVENT_TIMEOUT, "no more time: SIGKILL");
}

void service_reset(struct service *s)
{
	s->restarts = 0;
	restart_clear(&s->track);
	s->oom_total = s->cap_total = 0;
	s->last_kill[0] = 0;
	s->host->changed(s->host->ctx, s);
}

int service_signal(struct service *s, int sig)
{
	return process_signal(s, sig, s->spec->kill_mode == KILL_MODE_GROUP);
}
