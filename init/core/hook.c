#include "core/hook.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/process.h"
#include "os/spawn.h"

#include <errno.h>
#include <sys/epoll.h>

struct hook {
	struct service *service; /* borrowed: its owner */
	enum hook_kind kind;
	pid_t pid;
	int status_fd; /* owned, -1 */
	struct loop_source *source;
	struct loop_timer *timer;
	usec_t timeout;
	hook_fn fn;
};

static void hook_free(struct hook *h)
{
	loop_remove(&h->source);
	loop_timer_free(&h->timer);
	close_fd(&h->status_fd);
	free(h);
}

void hook_cancel(struct service *s)
{
	struct hook *h = s->hook;

	if (!h)
		return;
	s->hook = NULL;
	if (h->pid > 0) {
		reaper_forget(s->host->reaper, h->pid);
		(void)sys_kill(-h->pid, SIGKILL);
		(void)sys_kill(h->pid, SIGKILL);
	}
	hook_free(h);
}

bool hook_may_fail(const struct service *s, enum hook_kind kind)
{
	return s->spec->hook[kind] && s->spec->hook[kind][0] == '-';
}

static void on_status(void *ctx, int fd, uint32_t events);

static void on_reaped(void *ctx, const struct reaped *r)
{
	struct hook *h = ctx;
	struct service *s = h->service;
	char label[SERVICE_LABEL_MAX];
	hook_fn fn = h->fn;

	if (h->status_fd >= 0)
		on_status(h, h->status_fd, 0); /* the report was written before, but may be read after */

	if (!(r->exited && r->code == 0) && !hook_may_fail(s, h->kind))
		log_warning("%s: %s %s %d", service_label(s, label, sizeof(label)), spec_hook_key(h->kind),
			    r->exited ? "exited with code" : "was killed by signal", r->code);
	s->hook = NULL;
	hook_free(h);
	fn(s, r);
}

static void on_status(void *ctx, int fd, uint32_t events)
{
	struct hook *h = ctx;
	enum spawn_stage stage;
	char label[SERVICE_LABEL_MAX];
	int err;

	(void)events;
	int r = spawn_report(fd, &stage, &err);
	if (r == -EAGAIN)
		return;
	if (r == 0) /* its end, with a code of its own, follows */
		log_warning("%s: %s: %s: %s", service_label(h->service, label, sizeof(label)), spec_hook_key(h->kind),
			    spawn_stage_name(stage), err_text(err));
	loop_remove(&h->source);
	close_fd(&h->status_fd);
}

static void on_timeout(void *ctx)
{
	struct hook *h = ctx;
	struct service *s = h->service;
	char label[SERVICE_LABEL_MAX];
	hook_fn fn = h->fn;

	log_warning("%s: %s takes too long: SIGKILL", service_label(s, label, sizeof(label)), spec_hook_key(h->kind));
	/* Its end is not waited for: it may wait in the kernel for long. */
	hook_cancel(s);
	fn(s, &(struct reaped){ .pid = 0, .exited = false, .code = SIGKILL });
}

int hook_start(struct service *s, enum hook_kind kind, const struct strv *more, usec_t timeout, hook_fn fn)
{
	char label[SERVICE_LABEL_MAX];
	struct process_job job = { .argv = &s->spec->hook_argv[kind], .key = spec_hook_key(kind), .env = more };
	struct spawned sp = { .pid = 0, .pidfd = -1, .status_fd = -1 };
	char failure[SERVICE_FAILURE_MAX];

	hook_cancel(s);
	struct hook *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	*h = (struct hook){ .service = s, .kind = kind, .status_fd = -1, .timeout = timeout, .fn = fn };
	int r = loop_timer_new(s->host->loop, on_timeout, h, &h->timer);
	if (r == 0) {
		/* What it fails by is the hook's, not the service's. */
		memcpy(failure, s->failure, sizeof(failure));
		bool permanent = s->permanent;
		r = process_spawn(s, &job, &sp);
		if (r < 0)
			log_warning("%s: %s: %s", service_label(s, label, sizeof(label)), job.key, s->failure);
		memcpy(s->failure, failure, sizeof(failure));
		s->permanent = permanent;
	}
	if (r < 0) {
		hook_free(h);
		return r;
	}
	close_fd(&sp.pidfd);
	h->pid = sp.pid;
	h->status_fd = sp.status_fd;
	r = reaper_watch(s->host->reaper, h->pid, on_reaped, h);
	if (r == 0)
		r = loop_add(s->host->loop, h->status_fd, EPOLLIN, LOOP_SPAWN, on_status, h, &h->source);
	s->hook = h;
	if (r < 0) {
		hook_cancel(s);
		return r;
	}
	if (timeout > 0)
		loop_timer_in(h->timer, timeout);
	return 0;
}
