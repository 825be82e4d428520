#include "emergency.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "core/reaper.h"
#include "loop/signals.h"
#include "os/spawn.h"

#include <limits.h>
#include <unistd.h>

enum { SHELL_ENDED = 0, END_MACHINE = 1 };

struct emergency {
	struct loop *loop;
	struct signals *signals;
	struct reaper *reaper;
	enum machine_end how;
};

static void on_shell_end(void *ctx, const struct reaped *r)
{
	struct emergency *e = ctx;

	(void)r;
	loop_quit(e->loop, SHELL_ENDED);
}

static void on_signal(void *ctx, int sig, pid_t from)
{
	struct emergency *e = ctx;

	(void)from;
	if (sig == SIGCHLD)
		reaper_drain(e->reaper);
	/* As busybox's init has them; `pm1 poweroff` and the like send these where there is no socket yet. */
	if (sig == SIGPWR || sig == SIGUSR2)
		e->how = MACHINE_POWEROFF;
	else if (sig == SIGUSR1)
		e->how = MACHINE_HALT;
	else if (sig == SIGINT || sig == SIGTERM)
		e->how = MACHINE_REBOOT;
	else
		return;
	loop_quit(e->loop, END_MACHINE);
}

static int start_shell(struct emergency *e, const sigset_t *mask)
{
	char *const *argv = machine_shell();
	struct spawned sp;

	if (!argv) {
		log_error("there is no shell on this machine; ctrl-alt-del reboots");
		return 0;
	}
	struct spawn_job job = { .argv = argv,
				 .env = environ,
				 .cwd = "/",
				 .in_fd = STDIN_FILENO,
				 .out_fd = STDOUT_FILENO,
				 .err_fd = STDERR_FILENO,
				 .umask = -1,
				 .mask = mask,
				 .oom_score_adj = INT_MIN };
	int r = spawn_start(&job, &sp);
	if (r < 0)
		return r;
	close_fd(&sp.pidfd);
	close_fd(&sp.status_fd); /* a shell that can't be run ends at once, which is told all the same */
	return reaper_watch(e->reaper, sp.pid, on_shell_end, e);
}

bool emergency_shell(const char *file, const sigset_t *mask, enum machine_end *ret_how)
{
	struct emergency e = { .how = MACHINE_REBOOT };
	int code = SHELL_ENDED;

	log_error("%s cannot be used; a shell on the console follows: mend it, then `exit` tries again (or `pm1 reboot`)", file);
	int r = loop_new(&e.loop);
	if (r == 0)
		r = signals_new(e.loop, on_signal, &e, &e.signals);
	if (r == 0)
		r = reaper_new(NULL, NULL, &e.reaper);
	if (r == 0)
		r = start_shell(&e, mask);
	if (r == 0)
		code = loop_run(e.loop);
	else
		log_error("cannot start a shell: %s; trying again in 10 s", err_text(r));
	reaper_free(e.reaper);
	signals_free(e.signals);
	loop_free(e.loop);
	if (r < 0)
		(void)sleep(10); /* nothing else runs on this machine yet */
	*ret_how = e.how;
	return code == END_MACHINE;
}
