#include "core/check.h"

#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

#define TAIL_MAX 512 /* bytes of the output that are kept */
#define OUTPUT_MAX (1024 * 1024) /* a check that says more is cut off: its next write is refused */

struct check {
	struct service *service; /* borrowed, its owner's owner */
	check_fn fn;
	void *ctx;
	pid_t pid; /* 0: none */
	bool over; /* its result has been told; it is only waited for until it is gone */
	usec_t timeout;
	struct loop_timer *timer;
	int status_fd, out_fd; /* owned, -1 */
	struct loop_source *status_source, *out_source;
	char failure[CHECK_REASON_MAX]; /* why it could not run */
	char tail[TAIL_MAX];
	size_t tail_n;
	size_t said; /* bytes in all */
};

static void forget_status(struct check *c)
{
	loop_remove(&c->status_source);
	close_fd(&c->status_fd);
}

static void forget_output(struct check *c)
{
	loop_remove(&c->out_source);
	close_fd(&c->out_fd);
}

static void kill_group(pid_t pid)
{
	(void)sys_kill(-pid, SIGKILL);
}

void check_cancel(struct check *c)
{
	loop_timer_off(c->timer);
	forget_status(c);
	forget_output(c);
	if (c->pid <= 0)
		return;
	reaper_forget(c->service->host->reaper, c->pid);
	kill_group(c->pid);
	(void)sys_kill(c->pid, SIGKILL); /* it may not have come as far as a group of its own */
	c->pid = 0;
	c->over = false;
}

/* False: nothing more will come for now. */
static bool read_some(struct check *c)
{
	char buf[4096];
	ssize_t n = sys_read(c->out_fd, buf, sizeof(buf));

	if (n <= 0) {
		if (n != -EAGAIN)
			forget_output(c);
		return false;
	}
	c->said += (size_t)n;
	size_t take = (size_t)n < sizeof(c->tail) ? (size_t)n : sizeof(c->tail), keep = sizeof(c->tail) - take;
	if (keep > c->tail_n)
		keep = c->tail_n;
	memmove(c->tail, c->tail + c->tail_n - keep, keep);
	memcpy(c->tail + keep, buf + n - take, take);
	c->tail_n = keep + take;
	if (c->said > OUTPUT_MAX)
		forget_output(c);
	return c->out_fd >= 0;
}

static void on_output(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	(void)read_some(ctx); /* some at a time: a check that never stops talking takes turns with all else */
}

static void add_last_line(struct check *c, struct text *t)
{
	char line[TAIL_MAX + 1];
	size_t end = c->tail_n, begin;

	while (end > 0 && strchr("\r\n \t", c->tail[end - 1]))
		end--;
	for (begin = end; begin > 0 && c->tail[begin - 1] != '\n'; begin--)
		;
	size_t n = 0;
	for (size_t i = begin; i < end; i++)
		if (c->tail[i])
			line[n++] = c->tail[i];
	line[n] = 0;
	(void)text_add_safe(t, line);
}

static void finish(struct check *c, bool good, const char *how)
{
	char reason[CHECK_REASON_MAX];
	struct text t = TEXT_INIT(reason);

	(void)text_add(&t, how);
	if (c->tail_n > 0 && how[0])
		(void)text_add(&t, ": ");
	add_last_line(c, &t);
	loop_timer_off(c->timer);
	forget_status(c);
	forget_output(c);
	c->fn(c->ctx, good, reason);
}

static void take_report(struct check *c)
{
	enum spawn_stage stage;
	int err;
	int r = spawn_report(c->status_fd, &stage, &err);

	if (r == -EAGAIN)
		return;
	if (r == 0)
		(void)text_format(c->failure, sizeof(c->failure), "cannot run: %s: %s", spawn_stage_name(stage), err_text(err));
	forget_status(c);
}

static void on_status(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	take_report(ctx);
}

static void on_reaped(void *ctx, const struct reaped *r)
{
	struct check *c = ctx;
	char how[CHECK_REASON_MAX] = "", sig[16];

	/* What it has forked stays in its group, and keeps the number of it in use. */
	kill_group(c->pid);
	c->pid = 0;
	if (c->over) {
		c->over = false;
		return;
	}
	if (c->status_fd >= 0)
		take_report(c);
	/* What a pipe holds at most: nobody who holds it open can keep us here. */
	for (int i = 0; c->out_fd >= 0 && i < 16 && read_some(c); i++)
		;
	if (c->failure[0])
		(void)text_copy(how, sizeof(how), c->failure);
	else if (!r->exited)
		(void)text_format(how, sizeof(how), "killed by %s", signal_text(r->code, sig, sizeof(sig)));
	else if (r->code != 0 && (r->code != 1 || c->tail_n == 0))
		(void)text_format(how, sizeof(how), "exit code %d", r->code);
	finish(c, r->exited && r->code == 0, how);
}

static void on_timeout(void *ctx)
{
	struct check *c = ctx;
	char how[64];
	struct text t = TEXT_INIT(how);

	reaper_drain(c->service->host->reaper); /* an end that came meanwhile comes first */
	if (c->pid == 0 || c->over || loop_timer_due(c->timer) != USEC_NEVER)
		return;
	kill_group(c->pid);
	(void)sys_kill(c->pid, SIGKILL);
	/* One that waits in the kernel may take for ever to die; the result is known now. */
	c->over = true;
	(void)text_add(&t, "timed out after ");
	(void)text_add_span(&t, c->timeout);
	finish(c, false, how);
}

int check_new(struct service *s, check_fn fn, void *ctx, struct check **ret)
{
	struct check *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = (struct check){ .service = s, .fn = fn, .ctx = ctx, .status_fd = -1, .out_fd = -1 };
	int r = loop_timer_new(s->host->loop, on_timeout, c, &c->timer);
	if (r < 0) {
		free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void check_free(struct check *c)
{
	if (!c)
		return;
	check_cancel(c);
	loop_timer_free(&c->timer);
	free(c);
}

/* What it fails by is the check's, not the service's. */
static int spawn_beside(struct service *s, const struct process_job *job, struct spawned *ret)
{
	char failure[SERVICE_FAILURE_MAX];
	bool permanent = s->permanent;

	memcpy(failure, s->failure, sizeof(failure));
	int r = process_spawn(s, job, ret);
	memcpy(s->failure, failure, sizeof(failure));
	s->permanent = permanent;
	return r;
}

int check_start(struct check *c, const struct process_job *job, usec_t timeout)
{
	struct service *s = c->service;
	struct spawned sp = { .pid = 0, .pidfd = -1, .status_fd = -1 };
	cleanup_fd int write_end = -1;
	int p[2];

	if (c->pid > 0)
		return -EBUSY;
	c->failure[0] = 0;
	c->tail_n = c->said = 0;
	c->timeout = timeout;
	int r = sys_pipe2(p, 0);
	if (r < 0)
		return r;
	c->out_fd = p[0];
	write_end = p[1];
	struct process_job own = *job;
	own.out_fd = &write_end;
	r = sys_fcntl(c->out_fd, F_SETFL, O_NONBLOCK);
	if (r >= 0)
		r = spawn_beside(s, &own, &sp);
	if (r < 0) {
		forget_output(c);
		return r;
	}
	close_fd(&sp.pidfd);
	c->pid = sp.pid;
	c->status_fd = sp.status_fd;
	r = reaper_watch(s->host->reaper, c->pid, on_reaped, c);
	if (r == 0)
		r = loop_add(s->host->loop, c->status_fd, EPOLLIN, LOOP_SPAWN, on_status, c, &c->status_source);
	if (r == 0)
		r = loop_add(s->host->loop, c->out_fd, EPOLLIN, LOOP_CONTROL, on_output, c, &c->out_source);
	if (r < 0) {
		check_cancel(c);
		return r;
	}
	loop_timer_in(c->timer, timeout);
	return 0;
}
