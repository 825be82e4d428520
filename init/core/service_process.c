/* service_process - the process in the place of s->pid: its start, its report of the exec, its end. */
#include "core/service_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/text.h"
#include "core/cause.h"
#include "core/hook.h"
#include "core/memwatch.h"
#include "core/process.h"
#include "core/readiness.h"
#include "core/schedule.h"
#include "core/sockets.h"

#include <errno.h>
#include <sys/epoll.h>

static void on_status(void *ctx, int fd, uint32_t events);

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

static struct process_job job_of(const struct service *s)
{
	const struct spec *spec = s->spec;

	switch (s->step) {
	case STEP_PRE:
		return (struct process_job){ .argv = &spec->hook_argv[HOOK_START_PRE], .key = spec_hook_key(HOOK_START_PRE) };
	case STEP_STOP_POST:
		return (struct process_job){ .argv = &spec->hook_argv[HOOK_STOP_POST], .key = spec_hook_key(HOOK_STOP_POST) };
	case STEP_MAIN:
		break;
	}
	return (struct process_job){ .argv = &spec->argv, .key = "command", .is_main = true };
}

/* Runs what the step asks for as s->pid. 0, or -errno with s->failure told and no process left. */
int service_run_step(struct service *s, enum step step, const struct strv *env)
{
	struct spawned sp = { .pid = 0, .pidfd = -1, .status_fd = -1 };

	s->step = step;
	struct process_job job = job_of(s);
	struct readiness_gift gift = { .own = -1 };
	sp.adopt_fd = -1;
	s->failure[0] = 0;
	int r = job.is_main ? readiness_prepare(s, &gift) : 0;
	job.env = job.is_main ? &gift.env : env;
	job.fds = gift.fds;
	job.n_fds = gift.n;
	s->permanent = false; /* the last failure's; what fails before the process is made may work the next time */
	job.adopt = job.is_main && sockets_adopts(s);
	if (r < 0 && !s->failure[0])
		process_tell_failure(s, &job, SPAWN_FORK, -r);
	else if (r == 0)
		r = process_spawn(s, &job, &sp);
	readiness_given(&gift);
	if (r < 0)
		return r;
	sockets_spawned(s, sp.adopt_fd);
	job = job_of(s);
	s->pid = sp.pid;
	s->pidfd = sp.pidfd;
	s->status_fd = sp.status_fd;
	r = reaper_watch(s->host->reaper, s->pid, service_on_reaped, s);
	if (r == 0)
		r = loop_add(s->host->loop, s->status_fd, EPOLLIN, LOOP_SPAWN, on_status, s, &s->status_source);
	if (r == 0)
		return 0;

	/* Out of memory or epoll watches: a child that can't be watched must not run. */
	process_kill_all(s);
	reaper_forget(s->host->reaper, s->pid);
	forget_status(s);
	close_fd(&s->pidfd);
	s->pid = 0;
	process_tell_failure(s, &job, SPAWN_FORK, -r);
	return r;
}

static void main_runs(struct service *s)
{
	s->main_ran = true;
	readiness_begin(s);
	if (!readiness_wanted(s))
		service_apply(s, EVENT_READY, "program started");
}

/* It never ran. What exec_start_pre has left behind is to be cleared away all the same. */
static void start_failed(struct service *s, bool permanent)
{
	enum event event = s->spec->hook_argv[HOOK_START_PRE].n ? EVENT_EXIT : EVENT_EXEC_FAILED;
	char words[SERVICE_FAILURE_MAX];

	s->start_failed = true;
	s->permanent = permanent;
	service_apply(s, event, cause_of_step(s, EVENT_EXEC_FAILED, 0, words, sizeof(words)));
}

/* exec_start_pre is done with: the program's turn, unless it is to stop meanwhile. */
static void after_pre(struct service *s)
{
	if (s->state != STATE_STARTING)
		service_apply(s, EVENT_EXIT, "exec_start_pre has ended");
	else if (service_run_step(s, STEP_MAIN, NULL) < 0)
		start_failed(s, s->permanent);
}

/* exec_stop_post has ended; what it left behind is cleared away like all else. */
static void after_post(struct service *s)
{
	char why[SERVICE_CAUSE_MAX];

	if (service_clear(s) == EVENT_EMPTY)
		service_apply(s, EVENT_EMPTY, cause_of_exit(s, why, sizeof(why)));
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
		if (s->step == STEP_MAIN)
			main_runs(s);
		return REPORT_RUNS;
	}
	struct process_job job = job_of(s);
	char failure[SERVICE_FAILURE_MAX];
	memcpy(failure, s->failure, sizeof(failure));
	process_tell_failure(s, &job, stage, err);
	/* Already ended, or about to: the status is of no more interest than this report. With others that may be left the
	 * service isn't empty before it has: as an orphan it is told of. */
	if (!reaped)
		reaper_forget(s->host->reaper, s->pid);
	if (!reaped && s->step == STEP_MAIN && s->spec->hook_argv[HOOK_START_PRE].n == 0)
		(void)reaper_watch(s->host->reaper, s->pid, on_failed_child, NULL);
	close_fd(&s->pidfd);
	s->pid = 0;
	if (s->step == STEP_STOP_POST) {
		char label[SERVICE_LABEL_MAX];
		log_warning("%s: %s", service_label(s, label, sizeof(label)), s->failure);
		memcpy(s->failure, failure, sizeof(failure)); /* that of the run stands */
		after_post(s);
		return REPORT_FAILED;
	}
	if (s->step == STEP_PRE && hook_may_fail(s, HOOK_START_PRE)) {
		after_pre(s);
		return REPORT_FAILED;
	}
	start_failed(s, process_is_permanent(stage, err));
	return REPORT_FAILED;
}

static void on_status(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	(void)take_report(ctx, false);
}

static const char *end_text(const struct reaped *r, char *buf, size_t size)
{
	char sig[16];

	if (r->exited)
		(void)text_format(buf, size, "exited with code %d", r->code);
	else
		(void)text_format(buf, size, "killed by %s", signal_text(r->code, sig, sizeof(sig)));
	return buf;
}

static void pre_ended(struct service *s, const struct reaped *r)
{
	char end[64], why[SERVICE_FAILURE_MAX];
	struct process_job job = job_of(s);

	if ((r->exited && r->code == 0) || hook_may_fail(s, HOOK_START_PRE)) {
		after_pre(s);
		return;
	}
	s->start_failed = true;
	s->permanent = false;
	(void)text_format(s->failure, sizeof(s->failure), "%s '%s' %s", job.key, job.argv->v[0], end_text(r, end, sizeof(end)));
	service_apply(s, EVENT_EXIT, cause_of_step(s, EVENT_EXEC_FAILED, 0, why, sizeof(why)));
}

static void post_ended(struct service *s, const struct reaped *r)
{
	char end[64], label[SERVICE_LABEL_MAX];

	if (!(r->exited && r->code == 0) && !hook_may_fail(s, HOOK_STOP_POST))
		log_warning("%s: exec_stop_post %s", service_label(s, label, sizeof(label)), end_text(r, end, sizeof(end)));
	after_post(s);
}

void service_on_reaped(void *ctx, const struct reaped *r)
{
	struct service *s = ctx;
	char why[SERVICE_CAUSE_MAX];

	/* The report was written before the exit, but may be read after it. */
	if (s->status_fd >= 0) {
		if (take_report(s, true) == REPORT_FAILED)
			return;
		forget_status(s);
	}
	s->pid = 0;
	close_fd(&s->pidfd);
	if (s->step == STEP_STOP_POST) {
		post_ended(s, r);
		return;
	}
	if (s->step == STEP_PRE && s->state == STATE_STARTING) {
		pre_ended(s, r);
		return;
	}
	if (s->step == STEP_MAIN && (s->state == STATE_STARTING || s->state == STATE_ONLINE) && readiness_goes_on(s, r))
		return;
	sockets_down(s);
	s->last = *r;
	s->has_exit = true;
	s->cut_short = s->state == STATE_STOPPING;
	uint64_t oom_before = s->oom_total;
	memwatch_end(s);
	/* Where the policy keeps the rest alive, a kill that is long past says nothing of this end. */
	bool by_oom = s->oom_total > oom_before || (s->oomed && s->spec->oom_policy != OOM_CONTINUE);
	schedule_down(s);
	service_apply(s, EVENT_EXIT, by_oom ? s->last_kill : cause_of_exit(s, why, sizeof(why)));
}
