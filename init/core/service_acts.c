/* service_acts - what the edges of a service's life do. */
#include "core/service_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/text.h"
#include "core/activation.h"
#include "core/cause.h"
#include "core/health.h"
#include "core/hook.h"
#include "core/memwatch.h"
#include "core/process.h"
#include "core/readiness.h"
#include "core/schedule.h"
#include "core/sockets.h"

#include <errno.h>

/* A killed process that still lives is looked at again after this long, twice as long each round; it can't be waited for
 * (D state), only watched. */
#define KILL_AGAIN_FIRST (500 * USEC_MS)
#define KILL_AGAIN_MAX (30 * USEC_SEC)
/* After so many kills the user is told that it doesn't die. */
#define KILL_ROUNDS_STUCK 4

static enum event act_spawn(struct service *s)
{
	bool has_pre = s->spec->hook_argv[HOOK_START_PRE].n > 0;
	const char *file = NULL;

	s->killed = s->hurried = false;
	s->kill_rounds = 0;
	s->start_failed = s->main_ran = s->post_done = false;
	s->not_ready = true;
	s->next_cause[0] = s->waits_for[0] = 0;
	int r = memwatch_prepare(s, &file);
	if (r < 0) {
		char label[SERVICE_LABEL_MAX];
		log_warning("%s: cannot set %s: %s; watching its memory by sampling instead",
			    service_label(s, label, sizeof(label)), file ? file : "memory limits", err_text(r));
	}
	s->started = clock_mono();
	s->started_wall = clock_wall();
	if (s->spec->listen_timeout && (has_pre || readiness_wanted(s)))
		loop_timer_in(s->timer, s->spec->listen_timeout);
	if (service_run_step(s, has_pre ? STEP_PRE : STEP_MAIN, NULL) < 0) {
		s->start_failed = true;
		return EVENT_EXEC_FAILED;
	}
	return EVENT_MAX;
}

/* What systemd tells its ExecStopPost=, and our reason in words. */
static int end_env(const struct service *s, struct strv *env)
{
	char sig[16], why[SERVICE_CAUSE_MAX];
	const char *how = s->last.exited ? "exited" : s->last.core ? "dumped" : "killed";
	int r = strv_addf(env, "EXIT_CODE=%s", s->has_exit ? how : "");

	if (r == 0 && s->has_exit && s->last.exited)
		r = strv_addf(env, "EXIT_STATUS=%d", s->last.code);
	else if (r == 0)
		r = strv_addf(env, "EXIT_STATUS=%s", s->has_exit ? signal_text(s->last.code, sig, sizeof(sig)) : "");
	return r < 0 ? r : strv_addf(env, "PM1_REASON=%s", cause_of_exit(s, why, sizeof(why)));
}

/* The last process is gone. With an exec_stop_post that has not run yet it isn't over. */
enum event service_emptied(struct service *s)
{
	struct strv env = { 0 };
	char label[SERVICE_LABEL_MAX], failure[SERVICE_FAILURE_MAX];

	if (!s->main_ran || s->post_done || s->hurried || s->spec->hook_argv[HOOK_STOP_POST].n == 0)
		return EVENT_EMPTY;
	s->post_done = true;
	int r = end_env(s, &env);
	memcpy(failure, s->failure, sizeof(failure));
	bool permanent = s->permanent;
	if (r == 0)
		r = service_run_step(s, STEP_STOP_POST, &env);
	strv_done(&env);
	/* What the run failed by is still to be told. */
	memcpy(s->failure, failure, sizeof(failure));
	s->permanent = permanent;
	if (r < 0) {
		log_warning("%s: exec_stop_post: %s; going on without it", service_label(s, label, sizeof(label)), err_text(r));
		return EVENT_EMPTY;
	}
	s->killed = false;
	s->kill_rounds = 0;
	loop_timer_in(s->timer, s->spec->kill_timeout);
	return EVENT_MAX;
}

enum event service_clear(struct service *s)
{
	hook_cancel(s);
	readiness_end(s);
	health_end(s);
	if (!process_any_left(s))
		return service_emptied(s);
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

static uint32_t chance(void)
{
	return (uint32_t)(clock_mono() * 2654435761u >> 7);
}

/* When very many restart at once they take turns. */
static void take_turn(struct service *s, usec_t *delay)
{
	usec_t turn = s->host->restart_turn ? s->host->restart_turn(s->host->ctx) : 0;

	if (*delay < turn)
		*delay = turn;
}

static enum event act_decide(struct service *s, usec_t *delay)
{
	struct restart_end end = {
		.exited = !s->start_failed && s->last.exited,
		.code = s->last.code,
		.start_failed = s->start_failed,
		.uptime = s->start_failed || s->not_ready ? 0 : clock_mono() - s->started,
		.chance = chance(),
	};
	bool is_oneshot = s->spec->type == TYPE_ONESHOT;

	if (s->doomed || s->heir_of) /* it is to go; or this was its one try */
		return EVENT_FINAL;
	/* It has done what somebody called it for: it waits for the next one. */
	if (end.exited && (end.code == 0 || !s->spec->autorestart || (end.code < 256 && s->spec->stop_exit_codes[end.code])) &&
	    activation_again(s, end.uptime >= s->spec->min_uptime)) {
		(void)text_copy(s->next_cause, sizeof(s->next_cause), "it ended by itself");
		return EVENT_FINAL;
	}
	if (s->start_failed && s->permanent)
		return EVENT_GIVE_UP;
	if (service_stays_down(s)) {
		(void)text_format(s->failure, sizeof(s->failure), "%s", s->last_kill);
		return EVENT_GIVE_UP;
	}
	if (is_oneshot && end.exited && (end.code == 0 || (end.code < 256 && s->spec->stop_exit_codes[end.code])))
		return EVENT_COMPLETED;
	switch (restart_decide(s->spec, &s->track, &end, delay)) {
	case RESTART_AGAIN:
		take_turn(s, delay);
		return EVENT_AGAIN;
	case RESTART_FINAL: /* a oneshot that failed and isn't tried again has not done what others may wait for */
		return is_oneshot ? EVENT_GIVE_UP : EVENT_FINAL;
	case RESTART_GIVE_UP:
		return EVENT_GIVE_UP;
	}
	return EVENT_FINAL;
}

/* What follows a stop for a cap or a failure: a program that passes its cap as soon as it runs is a crash loop like any other. */
static enum event act_capped(struct service *s, usec_t *delay)
{
	struct restart_end end = { .code = s->spec->stop_signal, .uptime = s->capped_uptime, .chance = chance() };

	s->capped = false;
	switch (restart_decide(s->spec, &s->track, &end, delay)) {
	case RESTART_AGAIN:
		s->next_cause[0] = 0;
		take_turn(s, delay);
		return EVENT_AGAIN;
	case RESTART_GIVE_UP:
		s->next_cause[0] = 0;
		return EVENT_GIVE_UP;
	case RESTART_FINAL: /* autorestart is about ends; a cap asks for a restart, a failure doesn't */
		if (!s->failed)
			break;
		s->next_cause[0] = 0;
		return EVENT_GIVE_UP;
	}
	s->restarts++;
	return service_gated(s, EVENT_START);
}

static void signal_main(struct service *s)
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

static void on_stop_command(struct service *s, const struct reaped *r)
{
	(void)r;
	if (s->state == STATE_STOPPING && s->pid > 0 && !s->killed)
		signal_main(s);
}

static enum event act_term(struct service *s)
{
	struct strv env = { 0 };
	int r = -ENOENT;

	sockets_down(s);
	readiness_end(s);
	health_end(s);
	hook_cancel(s);
	loop_timer_off(s->timer);
	if (s->pid == 0) /* a daemon that isn't found yet */
		return service_clear(s);
	/* Its own time is kill_timeout as well: then the signal follows, and the same again until the kill. */
	if (s->spec->hook_argv[HOOK_STOP].n && s->main_ran && s->step == STEP_MAIN) {
		r = strv_addf(&env, "MAINPID=%d", (int)s->pid);
		if (r == 0)
			r = hook_start(s, HOOK_STOP, &env, s->spec->kill_timeout, on_stop_command);
		strv_done(&env);
	}
	if (r < 0)
		signal_main(s);
	return EVENT_MAX;
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

static void on_post_command(struct service *s, const struct reaped *r)
{
	(void)s; /* that it failed has been told; the service runs */
	(void)r;
}

static void act_announce(struct service *s)
{
	struct strv env = { 0 };

	loop_timer_off(s->timer);
	s->not_ready = false;
	s->runs++;
	s->started = clock_mono();
	memwatch_begin(s);
	schedule_up(s);
	health_begin(s);
	sockets_up(s);
	if (s->spec->hook_argv[HOOK_START_POST].n == 0)
		return;
	if (strv_addf(&env, "MAINPID=%d", (int)s->pid) == 0)
		(void)hook_start(s, HOOK_START_POST, &env, s->spec->listen_timeout, on_post_command);
	strv_done(&env);
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
		act_announce(s);
		break;
	case ACTION_TERM:
		return act_term(s);
	case ACTION_KILL:
		act_kill(s);
		/* With main gone already, this may have been the last of it. */
		return s->pid == 0 && !process_any_left(s) ? service_emptied(s) : EVENT_MAX;
	case ACTION_CLEAR:
		if (s->state == STATE_EXITED)
			loop_timer_off(s->timer); /* listen_timeout: the start is over */
		return service_clear(s);
	case ACTION_DECIDE:
		loop_timer_off(s->timer);
		return act_decide(s, delay);
	case ACTION_DELAY:
		s->restarts++;
		if (*delay == 0)
			return service_gated(s, EVENT_RETRY);
		loop_timer_in(s->timer, *delay);
		break;
	case ACTION_REST:
		loop_timer_off(s->timer);
		if (s->doomed || s->heir_of)
			s->want_up = s->capped = false;
		/* What it requires may have been stopped since, or be new to it. */
		if (s->want_up && s->next_cause[0] && !s->capped && s->host->starts)
			s->host->starts(s->host->ctx, s);
		if (s->want_up && s->next_cause[0])
			return s->capped ? act_capped(s, delay) : service_gated(s, EVENT_START);
		s->want_up = false;
		sockets_rest(s);
		if (s->state == STATE_ERRORED && s->spec->errored_retry && !service_stays_down(s))
			loop_timer_in(s->timer, s->spec->errored_retry);
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
	if (s->state == STATE_ERRORED) {
		/* One try: the count of unstable runs stays, so that the next one ends it again. */
		s->want_up = true;
		s->restarts++;
		if (s->host->starts)
			s->host->starts(s->host->ctx, s);
		enum event e = service_gated(s, EVENT_START);
		service_apply(s, e, e == EVENT_START ? "tried again (errored_retry)" : cause_of_step(s, e, 0, why, sizeof(why)));
	} else if (s->state == STATE_BACKOFF) {
		enum event e = service_gated(s, EVENT_RETRY);
		service_apply(s, e, e == EVENT_RETRY ? "restart delay over" : cause_of_step(s, e, 0, why, sizeof(why)));
	} else if (s->state == STATE_STARTING) {
		struct text t = TEXT_INIT(why);
		(void)text_addf(&t, "%s after listen_timeout ", s->step == STEP_PRE ? "exec_start_pre is not done" : "not ready");
		(void)text_add_span(&t, s->spec->listen_timeout);
		readiness_missing(s, &t);
		service_fail(s, why);
	} else if (s->state == STATE_STOPPING || s->state == STATE_EXITED) {
		struct text t = TEXT_INIT(why);
		(void)text_add(&t, "still there after kill_timeout ");
		(void)text_add_span(&t, s->spec->kill_timeout);
		(void)text_add(&t, ": SIGKILL");
		service_apply(s, EVENT_TIMEOUT, why);
	}
}
