/* service_acts - what the edges of a service's life do, and what the loop tells of its process. */
#include "core/service_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/text.h"
#include "core/cause.h"
#include "core/memwatch.h"
#include "core/process.h"

#include <errno.h>
#include <sys/epoll.h>

/* A killed process that still lives is looked at again after this long, twice as long each round; it can't be waited for
 * (D state), only watched. */
#define KILL_AGAIN_FIRST (500 * USEC_MS)
#define KILL_AGAIN_MAX (30 * USEC_SEC)
/* After so many kills the user is told that it doesn't die. */
#define KILL_ROUNDS_STUCK 4

static void on_status(void *ctx, int fd, uint32_t events);
static void on_reaped(void *ctx, const struct reaped *r);

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

enum event service_act(struct service *s, enum action action, usec_t *delay)
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

/* What the loop tells. */

void service_on_timer(void *ctx)
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
