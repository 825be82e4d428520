#include "core/peeker.h"

#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "os/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

struct peeker {
	struct reaper *reaper; /* borrowed */
	struct loop_timer *timer;
	pid_t pid; /* 0: it has been reaped, or never ran */
	int status_fd, out_fd; /* owned, -1 */
	peeker_fn fn;
	void *ctx;
};

void peeker_free(struct peeker *p)
{
	if (!p)
		return;
	if (p->pid > 0) {
		reaper_forget(p->reaper, p->pid); /* it is reaped as any orphan */
		(void)sys_kill(p->pid, SIGKILL);
	}
	loop_timer_free(&p->timer);
	close_fd(&p->status_fd);
	close_fd(&p->out_fd);
	free(p);
}

static void finish(struct peeker *p, int r, const struct peek_report *report)
{
	peeker_fn fn = p->fn;
	void *ctx = p->ctx;

	peeker_free(p);
	fn(ctx, r, report);
}

static void on_reaped(void *ctx, const struct reaped *reaped)
{
	struct peeker *p = ctx;
	struct peek_report report;
	enum spawn_stage stage;
	int err;

	(void)reaped; /* the report says it, or isn't whole */
	p->pid = 0;
	/* A pipe takes it in one piece, so it is all there. */
	if (sys_read(p->out_fd, &report, sizeof(report)) == (ssize_t)sizeof(report) && report.version == PEEK_VERSION)
		finish(p, 0, &report);
	else if (spawn_report(p->status_fd, &stage, &err) == 0)
		finish(p, -err, NULL);
	else
		finish(p, -EPROTO, NULL);
}

static void on_timeout(void *ctx)
{
	struct peeker *p = ctx;

	finish(p, -ETIMEDOUT, NULL);
}

static int start(struct peeker *p, const char *exe, const struct notice *n, uid_t uid, gid_t gid)
{
	struct ids ids = { .set_user = true, .set_group = true, .uid = uid, .gid = gid, .groups = { gid }, .n_groups = 1 };
	struct spawned sp = { .pid = 0 };
	cleanup_fd int write_end = -1;
	char number[4][24], *env[] = { NULL };
	bool bind = n->call == NOTICE_BIND;
	char *argv[] = { (char *)"pm1", (char *)"peek", number[0], number[1], bind ? number[2] : NULL, number[3], NULL };
	int ends[2];

	(void)text_format(number[0], sizeof(number[0]), "%d", (int)n->tid);
	(void)text_format(number[1], sizeof(number[1]), "%d", n->fd);
	(void)text_format(number[2], sizeof(number[2]), "%llu", (unsigned long long)n->address);
	(void)text_format(number[3], sizeof(number[3]), "%u", n->len);
	int r = sys_pipe2(ends, 0);
	if (r < 0)
		return r;
	p->out_fd = ends[0];
	write_end = ends[1];
	if ((r = sys_fcntl(p->out_fd, F_SETFL, O_NONBLOCK)) < 0)
		return r;
	const struct spawn_job job = { .argv = argv,
				       .exe = exe ? exe : "/proc/self/exe",
				       .env = env,
				       .in_fd = -1,
				       .out_fd = write_end,
				       .err_fd = -1,
				       .ids = uid == geteuid() && gid == getegid() ? NULL : &ids,
				       .umask = -1,
				       .oom_score_adj = INT_MIN };
	if ((r = spawn_start(&job, &sp)) < 0)
		return r;
	close_fd(&sp.pidfd);
	p->status_fd = sp.status_fd;
	p->pid = sp.pid;
	return reaper_watch(p->reaper, p->pid, on_reaped, p);
}

int peeker_new(struct loop *loop, struct reaper *reaper, const char *exe, const struct notice *n, uid_t uid, gid_t gid, peeker_fn fn,
	       void *ctx, struct peeker **ret)
{
	struct peeker *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	*p = (struct peeker){ .reaper = reaper, .status_fd = -1, .out_fd = -1, .fn = fn, .ctx = ctx };
	int r = loop_timer_new(loop, on_timeout, p, &p->timer);
	if (r == 0)
		r = start(p, exe, n, uid, gid);
	if (r < 0) {
		peeker_free(p);
		return r;
	}
	loop_timer_in(p->timer, PEEKER_TIMEOUT);
	*ret = p;
	return 0;
}
