#include "core/service.h"

#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/cause.h"
#include "core/memwatch.h"
#include "core/outputs.h"
#include "core/process.h"

#include <errno.h>
#include <sys/epoll.h>

/* A killed process that still lives is looked at again after this long, twice as long each round; it can't be waited for
 * (D state), only watched. */
#define KILL_AGAIN_FIRST (500 * USEC_MS)
#define KILL_AGAIN_MAX (30 * USEC_SEC)
/* After so many kills the user is told that it doesn't die. */
#define KILL_ROUNDS_STUCK 4

static void on_timer(void *ctx);
static void on_status(void *ctx, int fd, uint32_t events);
static void on_reaped(void *ctx, const struct reaped *r);

const char *service_label(const struct service *s, char *buf, size_t size)
{
	if (s->spec->instances > 1)
		(void)text_format(buf, size, "%s-%u", s->spec->name, s->instance);
	else
		(void)text_format(buf, size, "%s", s->spec->name);
	return buf;
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

	int r = loop_timer_new(host->loop, on_timer, s, &s->timer);
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
	*ret = s;
	return 0;
}

void service_free(struct service *s)
{
	if (!s)
		return;
	if (s->pid > 0)
		reaper_forget(s->host->reaper, s->pid);
	loop_remove(&s->status_source);
	loop_timer_free(&s->timer);
	loop_timer_free(&s->sampler);
	close_fd(&s->status_fd);
	close_fd(&s->pidfd);
	logstream_close(s->out);
	logstream_close(s->err);
	cgroup_free(s->cgroup);
	spec_unref(s->spec);
	free(s);
}

void service_set_spec(struct service *s, struct spec *spec, const struct outputs_place *place)
{
	struct spec *old = s->spec;

	s->spec = spec_ref(spec);
	spec_unref(old);
	outputs_set(s, place);
}

/* Transitions. */

static void note(struct service *s, enum state from, enum state to, const char *cause)
{
	struct service_event *e = &s->history[s->history_n++ % SERVICE_HISTORY];

	*e = (struct service_event){ .wall = clock_wall(), .from = from, .to = to };
	if (text_copy(e->cause, sizeof(e->cause), cause) < 0)
		(void)text_format(e->cause, sizeof(e->cause), "%.*s...", (int)sizeof(e->cause) - 4, cause);
	s->since_wall = e->wall;

	char label[SERVICE_LABEL_MAX];
	log_notice("%s: %s -> %s (%s)", service_label(s, label, sizeof(label)), state_name(from), state_name(to), cause);
}

/* The child's report is over; the pid may still be to be reaped. */
static void forget_status(struct service *s)
{
	loop_remove(&s->status_source);
	close_fd(&s->status_fd);
}

static void on_failed_child(void *ctx, const struct reaped *r)
{
	(void)ctx;
	(void)r; /* its report has told why */
}

static enum event act_spawn(struct service *s)
{
	struct spawned sp = { .pid = 0, .pidfd = -1, .status_fd = -1 };
	const char *file = NULL;

	s->killed = false;
	s->kill_rounds = 0;
	s->start_failed = false;
	s->next_cause[0] = 0;
	int r = memwatch_prepare(s, &file);
	if (r < 0) {
		char label[SERVICE_LABEL_MAX];
		log_warning("%s: cannot set %s: %s; watching its memory by sampling instead",
			    service_label(s, label, sizeof(label)), file ? file : "memory limits", err_text(r));
	}
	r = process_spawn(s, &sp);
	if (r < 0) {
		s->start_failed = true;
		return EVENT_EXEC_FAILED;
	}
	s->pid = sp.pid;
	s->pidfd = sp.pidfd;
	s->status_fd = sp.status_fd;
	s->started = clock_mono();
	s->started_wall = clock_wall();
	r = reaper_watch(s->host->reaper, s->pid, on_reaped, s);
	if (r == 0)
		r = loop_add(s->host->loop, s->status_fd, EPOLLIN, LOOP_SPAWN, on_status, s, &s->status_source);
	if (r == 0)
		return EVENT_MAX;

	/* Out of memory or epoll watches: a child that can't be watched must not run. */
	process_kill_all(s);
	reaper_forget(s->host->reaper, s->pid);
	forget_status(s);
	close_fd(&s->pidfd);
	s->pid = 0;
	s->start_failed = true;
	process_tell_failure(s, SPAWN_FORK, -r);
	return EVENT_EXEC_FAILED;
}

static enum event act_clear(struct service *s)
{
	if (!process_any_left(s))
		return EVENT_EMPTY;
	size_t n = process_signal_rest(s, s->killed ? SIGKILL : s->spec->stop_signal);
	if (!s->killed)
		(void)process_signal_rest(s, SIGCONT);
	char label[SERVICE_LABEL_MAX];
	log_notice("%s: its main process has ended and left %zu more: stopping them",
		   service_label(s, label, sizeof(label)), n);
	if (loop_timer_due(s->timer) == USEC_NEVER)
		loop_timer_in(s->timer, s->spec->kill_timeout);
	return EVENT_MAX;
}

static enum event act_decide(struct service *s, usec_t *delay)
{
	struct restart_end end = {
		.exited = !s->start_failed && s->last.exited,
		.code = s->last.code,
		.start_failed = s->start_failed,
		.uptime = s->start_failed ? 0 : clock_mono() - s->started,
		.chance = (uint32_t)(clock_mono() * 2654435761u >> 7),
	};

	if (s->start_failed && s->permanent)
		return EVENT_GIVE_UP;
	switch (restart_decide(s->spec, &s->track, &end, delay)) {
	case RESTART_AGAIN:
		return EVENT_AGAIN;
	case RESTART_FINAL:
		return EVENT_FINAL;
	case RESTART_GIVE_UP:
		return EVENT_GIVE_UP;
	}
	return EVENT_FINAL;
}

/* What follows a restart at a cap: a program that passes its cap as soon as it runs is a crash loop like any other. */
static enum event act_capped(struct service *s, usec_t *delay)
{
	struct restart_end end = { .code = s->spec->stop_signal, .chance = (uint32_t)(clock_mono() * 2654435761u >> 7) };

	s->capped = false;
	switch (restart_decide(s->spec, &s->track, &end, delay)) {
	case RESTART_AGAIN:
		s->next_cause[0] = 0;
		return EVENT_AGAIN;
	case RESTART_GIVE_UP:
		s->next_cause[0] = 0;
		return EVENT_GIVE_UP;
	case RESTART_FINAL: /* autorestart is about ends; the cap asked for a restart */
		break;
	}
	s->restarts++;
	return EVENT_START;
}

static void act_term(struct service *s)
{
	bool group = s->spec->kill_mode == KILL_MODE_GROUP;
	int r = process_signal(s, s->spec->stop_signal, group);

	if (r < 0 && r != -ESRCH)
		log_warning("%s: cannot signal it: %s", s->spec->name, err_text(r));
	/* A stopped process would sleep through its last chance. */
	if (s->spec->stop_signal != SIGKILL)
		(void)process_signal(s, SIGCONT, group);
	loop_timer_in(s->timer, s->spec->kill_timeout);
}

static void act_kill(struct service *s)
{
	char label[SERVICE_LABEL_MAX];
	usec_t again = KILL_AGAIN_FIRST << (s->kill_rounds < 6 ? s->kill_rounds : 6);

	s->killed = true;
	s->kill_rounds++;
	if (s->kill_rounds == KILL_ROUNDS_STUCK)
		log_error("%s: stuck: a process of it does not die of SIGKILL (it waits in the kernel); going on without it",
			  service_label(s, label, sizeof(label)));
	process_kill_all(s);
	loop_timer_in(s->timer, again < KILL_AGAIN_MAX ? again : KILL_AGAIN_MAX);
}

/* Does what an edge asks for; what follows from it at once comes back as the next event. */
static enum event act(struct service *s, enum action action, usec_t *delay)
{
	switch (action) {
	case ACTION_NONE:
	case ACTION_MAX:
		break;
	case ACTION_SPAWN:
		loop_timer_off(s->timer);
		return act_spawn(s);
	case ACTION_ANNOUNCE:
		s->runs++;
		s->started = clock_mono();
		memwatch_begin(s);
		break;
	case ACTION_TERM:
		act_term(s);
		break;
	case ACTION_KILL:
		act_kill(s);
		/* With main gone already, this may have been the last of it. */
		return s->pid == 0 && !process_any_left(s) ? EVENT_EMPTY : EVENT_MAX;
	case ACTION_CLEAR:
		return act_clear(s);
	case ACTION_DECIDE:
		loop_timer_off(s->timer);
		return act_decide(s, delay);
	case ACTION_DELAY:
		s->restarts++;
		if (*delay == 0)
			return EVENT_RETRY;
		loop_timer_in(s->timer, *delay);
		break;
	case ACTION_REST:
		loop_timer_off(s->timer);
		if (s->want_up && s->next_cause[0])
			return s->capped ? act_capped(s, delay) : EVENT_START;
		s->want_up = false;
		break;
	}
	return EVENT_MAX;
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
		event = act(s, e.action, &delay);
		if (event == EVENT_MAX && e.to != from && state_is_final(e.to) &&
		    (from == STATE_EXITED || e.to == STATE_ERRORED))
			s->host->ended(s->host->ctx, s);
		if (event != EVENT_MAX)
			cause = cause_of_step(s, event, delay, words, sizeof(words));
	}
	s->host->changed(s->host->ctx, s);
}

/* What the loop tells. */

static void on_timer(void *ctx)
{
	struct service *s = ctx;
	char why[SERVICE_CAUSE_MAX];

	reaper_drain(s->host->reaper); /* an exit that came meanwhile comes first */
	if (loop_timer_due(s->timer) != USEC_NEVER)
		return; /* that exit has armed it anew */
	if (s->state == STATE_BACKOFF) {
		service_apply(s, EVENT_RETRY, "restart delay over");
	} else if (s->state == STATE_STOPPING || s->state == STATE_EXITED) {
		struct text t = TEXT_INIT(why);
		(void)text_add(&t, "still there after kill_timeout ");
		(void)text_add_span(&t, s->spec->kill_timeout);
		(void)text_add(&t, ": SIGKILL");
		service_apply(s, EVENT_TIMEOUT, why);
	}
}

enum report { REPORT_NOT_YET, REPORT_RUNS, REPORT_FAILED };

/* Reads the exec report. `reaped`: the child's status is in already. After a failure the next try may be running when this returns. */
static enum report take_report(struct service *s, bool reaped)
{
	enum spawn_stage stage;
	int err;
	int r = spawn_report(s->status_fd, &stage, &err);

	if (r == -EAGAIN)
		return REPORT_NOT_YET;
	forget_status(s);
	if (r != 0) { /* the program runs; a report that can't be read (r < 0) is followed by the exit, if it didn't */
		service_apply(s, EVENT_EXEC_OK, "program started");
		return REPORT_RUNS;
	}
	s->start_failed = true;
	s->permanent = process_is_permanent(stage, err);
	process_tell_failure(s, stage, err);
	/* Already ended, or about to: the status is of no more interest than this report. */
	if (!reaped) {
		reaper_forget(s->host->reaper, s->pid);
		(void)reaper_watch(s->host->reaper, s->pid, on_failed_child, NULL);
	}
	close_fd(&s->pidfd);
	s->pid = 0;
	char words[SERVICE_FAILURE_MAX];
	service_apply(s, EVENT_EXEC_FAILED, cause_of_step(s, EVENT_EXEC_FAILED, 0, words, sizeof(words)));
	return REPORT_FAILED;
}

static void on_status(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	(void)take_report(ctx, false);
}

static void on_reaped(void *ctx, const struct reaped *r)
{
	struct service *s = ctx;
	char why[SERVICE_CAUSE_MAX];

	/* The report was written before the exit, but may be read after it. */
	if (s->status_fd >= 0) {
		if (take_report(s, true) == REPORT_FAILED)
			return;
		forget_status(s);
	}
	s->last = *r;
	s->has_exit = true;
	s->pid = 0;
	close_fd(&s->pidfd);
	uint64_t oom_before = s->oom_total;
	memwatch_end(s);
	service_apply(s, EVENT_EXIT, s->oom_total > oom_before ? s->last_kill : cause_of_exit(s, why, sizeof(why)));
}

void service_check_empty(struct service *s)
{
	if (s->pid == 0 && (s->state == STATE_EXITED || s->state == STATE_STOPPING) && !process_any_left(s))
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
	s->want_up = true;
	s->capped = s->doomed = false;
	if (s->state == STATE_STOPPING || s->state == STATE_EXITED)
		set_next_cause(s, cause); /* the start follows once it is down */
	restart_clear(&s->track);
	service_apply(s, EVENT_START, cause);
}

void service_stop(struct service *s, const char *cause)
{
	s->want_up = s->capped = false;
	s->next_cause[0] = 0;
	service_apply(s, EVENT_STOP, cause);
}

void service_restart_capped(struct service *s, const char *cause)
{
	if (s->spec->min_uptime == 0 || clock_mono() - s->started >= s->spec->min_uptime) {
		service_restart(s, cause);
		return;
	}
	s->capped = true;
	set_next_cause(s, cause);
	service_apply(s, EVENT_STOP, cause);
}

void service_restart(struct service *s, const char *cause)
{
	if (service_at_rest(s)) {
		s->restarts++;
		service_start(s, cause);
		return;
	}
	s->want_up = true;
	s->capped = false;
	s->restarts++;
	restart_clear(&s->track);
	set_next_cause(s, cause);
	service_apply(s, EVENT_STOP, cause);
	/* Waiting for a delay it is at rest at once, and STOP has started it again by next_cause. */
}

void service_hurry(struct service *s)
{
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
