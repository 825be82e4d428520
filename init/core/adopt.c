#include "core/adopt.h"

#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/process.h"
#include "core/service_impl.h"
#include "os/kin.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A daemon writes its pid_file some time after its parent has ended, and nobody tells of it. */
#define LOOK_EVERY (20 * USEC_MS)

int adopt_pid(struct service *s, pid_t pid)
{
	pid_t parent = 0;

	if (pid <= 1 || !process_has(s, pid))
		return -ESRCH;
	if (kin_parent(pid, &parent) < 0 || parent != getpid())
		return -ECHILD;
	int r = reaper_watch(s->host->reaper, pid, service_on_reaped, s);
	if (r < 0)
		return r;
	if (s->pid > 0 && s->pid != pid)
		reaper_forget(s->host->reaper, s->pid);
	close_fd(&s->pidfd);
	s->pid = pid;
	s->pidfd = sys_pidfd_open(pid); /* without one it is signalled by its number */
	if (s->pidfd < 0)
		s->pidfd = -1;
	logstream_starts(s->out, pid);
	logstream_starts(s->err, pid);
	return 0;
}

static pid_t pid_in_file(const char *path)
{
	char text[32];
	uint64_t pid = 0;
	ssize_t n = sys_slurp(AT_FDCWD, path, text, sizeof(text));

	if (n <= 0)
		return 0;
	text[strcspn(text, " \t\r\n")] = 0;
	return parse_uint(text, INT32_MAX, &pid) < 0 ? 0 : (pid_t)pid;
}

/* Without a pid_file: the oldest of those that have become children of pm1's. */
static pid_t oldest(const struct service *s)
{
	cleanup_free pid_t *pids = calloc(KIN_MAX, sizeof(*pids));
	ssize_t n = pids ? process_pids(s, pids, KIN_MAX) : -ENOMEM;
	uint64_t best = UINT64_MAX, born;
	pid_t found = 0, parent;

	for (ssize_t i = 0; i < n && i < KIN_MAX; i++) {
		if (kin_parent(pids[i], &parent) < 0 || parent != getpid() || kin_start_time(pids[i], &born) < 0 || born >= best)
			continue;
		best = born;
		found = pids[i];
	}
	return found;
}

static bool look(struct service *s)
{
	char cause[SERVICE_CAUSE_MAX];
	pid_t pid = s->spec->pid_file ? pid_in_file(s->spec->pid_file) : oldest(s);

	if (pid == 0 || adopt_pid(s, pid) < 0)
		return false;
	adopt_end(s);
	(void)text_format(cause, sizeof(cause), "its daemon is process %d%s", (int)pid, s->spec->pid_file ? " (pid_file)" : "");
	service_ready(s, cause);
	return true;
}

static void on_look(void *ctx)
{
	struct service *s = ctx;

	if (look(s))
		return;
	if (process_any_left(s)) {
		loop_timer_in(s->adopt, LOOK_EVERY);
		return;
	}
	s->start_failed = true;
	(void)text_format(s->failure, sizeof(s->failure), "it left no daemon behind");
	service_apply(s, EVENT_EXIT, s->failure);
}

int adopt_begin(struct service *s)
{
	if (!process_any_left(s))
		return -ESRCH;
	if (look(s))
		return 0;
	int r = s->adopt ? 0 : loop_timer_new(s->host->loop, on_look, s, &s->adopt);
	if (r == 0)
		loop_timer_in(s->adopt, LOOK_EVERY);
	return r;
}

void adopt_end(struct service *s)
{
	if (s->adopt)
		loop_timer_off(s->adopt);
}
