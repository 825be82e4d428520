#include "bare/bare.h"

#include "bare/options.h"
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { QUIET, WARNINGS, INFO, DEBUG };

struct bare {
	struct bare_options o;
	const sigset_t *inherited;
	struct sigaction ttin, ttou, chld; /* as they were given to us */
	pid_t child;
	int exec_errno; /* written by the child, whose memory is ours until it execs */
	bool has_tty; /* stdin is the terminal of our session */
	pid_t group; /* our own */
	bool swallow[BARE_SIGNALS]; /* dumb-init: the one that letting go of the terminal itself causes */
	bool ended;
	int code;
};

static void say(const struct bare *b, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void say(const struct bare *b, int level, const char *fmt, ...)
{
	char buf[512];
	struct text t = TEXT_INIT(buf);
	va_list ap;

	if (level > b->o.verbosity)
		return;
	(void)text_addf(&t, "%s: ", b->o.name);
	va_start(ap, fmt);
	(void)text_vaddf(&t, fmt, ap);
	va_end(ap);
	if (t.len > sizeof(buf) - 2)
		t.len = sizeof(buf) - 2;
	t.buf[t.len++] = '\n';
	(void)sys_write(STDERR_FILENO, t.buf, t.len);
}

/* The terminal is the child's from here on. Runs in the child: as a member of a background group it would be stopped for
 * this by TTOU, which is ignored at that point. */
static void take_terminal(const struct bare *b)
{
	if (b->o.setsid) {
		(void)ioctl(STDIN_FILENO, TIOCSCTTY, 0); /* no terminal, or another's: then not */
		return;
	}
	/* Only what is ours: started by `pm1 -- CMD &`, we'd take the terminal from the shell that reads it. */
	if (b->has_tty && tcgetpgrp(STDIN_FILENO) == b->group)
		(void)tcsetpgrp(STDIN_FILENO, getpid());
}

/* In the memory of the parent, which waits: only plain system calls, and nothing is changed but *b. */
static _Noreturn void run_child(struct bare *b)
{
	if (b->o.setsid)
		(void)setsid();
	else
		(void)setpgid(0, 0);
	take_terminal(b);
	(void)sigaction(SIGTTIN, &b->ttin, NULL);
	(void)sigaction(SIGTTOU, &b->ttou, NULL);
	(void)sigaction(SIGCHLD, &b->chld, NULL);
	if (b->o.as == BARE_DUMB_INIT) {
		sigset_t none; /* dumb-init clears the mask, and programs that replaced it may count on that */
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
	} else {
		(void)sigprocmask(SIG_SETMASK, b->inherited, NULL);
	}
	(void)execvp(b->o.command[0], b->o.command);
	b->exec_errno = errno;
	_exit(127);
}

/* vfork: nothing of our memory is copied, and whether exec worked is known when it returns. */
static pid_t start_child(struct bare *b)
{
	pid_t pid = vfork();

	if (pid == 0)
		run_child(b);
	return pid < 0 ? -errno : pid;
}

static int exec_failed(const struct bare *b)
{
	char name[256];
	struct text t = TEXT_INIT(name);

	(void)text_add_safe(&t, b->o.command[0]);
	say(b, QUIET, "exec '%s': %s", name, err_text(b->exec_errno));
	if (b->o.as == BARE_DUMB_INIT)
		return 2;
	return b->exec_errno == ENOENT ? 127 : 126;
}

static void pass_on(struct bare *b, int sig)
{
	int as = b->o.rewrite[sig] < 0 ? sig : b->o.rewrite[sig];
	char from[16], to[16];

	if (as == 0)
		return;
	int r = sys_kill(b->o.group || b->o.setsid ? -b->child : b->child, as);
	say(b, DEBUG, "passed %s on as %s", signal_text(sig, from, sizeof(from)), signal_text(as, to, sizeof(to)));
	if (r < 0 && r != -ESRCH)
		say(b, WARNINGS, "cannot pass %s on: %s", signal_text(sig, from, sizeof(from)), err_text(r));
}

/* From the shell by `fg`, or at the start: what we got is for the child. */
static bool give_terminal(const struct bare *b)
{
	return b->has_tty && tcgetpgrp(STDIN_FILENO) == b->group && tcsetpgrp(STDIN_FILENO, b->child) == 0;
}

/* The child was stopped from its terminal: whoever started us is to see that we stop too, and has the terminal meanwhile. */
static void stop_with_child(struct bare *b, int sig)
{
	if (getpid() == 1)
		return; /* nobody could continue us, and the kernel wouldn't stop us */
	sigset_t cont;
	(void)sigemptyset(&cont);
	(void)sigaddset(&cont, SIGCONT);
	/* `fg` of a job that runs: the shell gave us the terminal and sends no signal, so the first that is heard of it is that
	 * the child was stopped for reading. */
	bool given = (sig == SIGTTIN || sig == SIGTTOU) && give_terminal(b);
	if (!given) {
		/* A stop in the background leaves the terminal to whom it belongs by now. */
		if (tcgetpgrp(STDIN_FILENO) == b->child)
			(void)tcsetpgrp(STDIN_FILENO, b->group);
		(void)sys_kill(getpid(), SIGSTOP);
		/* The CONT that woke us is passed on below. Left for later, it could wake a child that has been stopped again by then. */
		(void)sigtimedwait(&cont, NULL, &(struct timespec){ 0 });
		/* Continued: by `fg` the terminal is ours again, and goes back to the child; by `bg` it is not. */
		(void)give_terminal(b);
	}
	(void)sys_kill(-b->child, SIGCONT);
}

static void child_ended(struct bare *b, const siginfo_t *info)
{
	b->ended = true;
	b->code = info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
	say(b, INFO, "child %d ended with code %d", (int)b->child, b->code);
	if (b->o.expected[b->code & 0xff])
		b->code = 0;
	/* dumb-init's last act: what is left of the group hears of the end. */
	if (b->o.setsid)
		pass_on(b, SIGTERM);
}

static void reap(struct bare *b)
{
	siginfo_t info;

	while (sys_waitid(P_ALL, 0, &info, b->o.setsid ? 0 : WSTOPPED) == 1) {
		bool stopped = info.si_code == CLD_STOPPED;
		if (stopped && info.si_pid == b->child && b->has_tty)
			stop_with_child(b, info.si_status);
		else if (!stopped && info.si_pid == b->child)
			child_ended(b, &info);
		else if (!stopped && b->o.warn_reaped)
			say(b, QUIET, "reaped zombie process with pid=%d", (int)info.si_pid);
	}
}

static void on_signal(struct bare *b, int sig)
{
	if (sig == SIGCHLD) {
		reap(b);
		return;
	}
	if (sig <= 0 || sig >= BARE_SIGNALS)
		return;
	if (b->swallow[sig]) {
		b->swallow[sig] = false;
		return;
	}
	pass_on(b, sig);
	/* In a session of its own the child can't be reached by the terminal's stops: we get them, and stop with it. */
	if (b->o.setsid && (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU))
		(void)sys_kill(getpid(), SIGSTOP);
}

/* dumb-init's way: the terminal is let go, so that the child's own session can take it. */
static void let_terminal_go(struct bare *b)
{
	if (!b->o.setsid || ioctl(STDIN_FILENO, TIOCNOTTY) < 0)
		return;
	/* The leader of a session that lets go of its terminal is sent HUP and CONT by that very act. */
	if (getsid(0) == getpid())
		b->swallow[SIGHUP] = b->swallow[SIGCONT] = true;
}

static void prepare(struct bare *b)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, usual = { .sa_handler = SIG_DFL };

	b->group = getpgrp();
	b->has_tty = !b->o.setsid && tcgetpgrp(STDIN_FILENO) >= 0;
	/* Were CHLD ignored, as some daemons leave it, the kernel would reap our child and tell nobody. */
	(void)sigaction(SIGCHLD, &usual, &b->chld);
	/* Handing the terminal on, and writing to it from the background, must not stop us. dumb-init needs to hear of them. */
	if (b->o.setsid) {
		(void)sigaction(SIGTTIN, NULL, &b->ttin);
		(void)sigaction(SIGTTOU, NULL, &b->ttou);
	} else {
		(void)sigaction(SIGTTIN, &ignore, &b->ttin);
		(void)sigaction(SIGTTOU, &ignore, &b->ttou);
	}
	if (b->o.death_signal && sys_prctl(PR_SET_PDEATHSIG, (unsigned long)b->o.death_signal, 0, 0, 0) < 0)
		say(b, WARNINGS, "cannot ask for a signal at the parent's death");
	if (b->o.subreaper && sys_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		say(b, WARNINGS, "cannot become a subreaper");
	if (getpid() != 1 && !b->o.subreaper && b->o.as != BARE_DUMB_INIT)
		say(b, WARNINGS,
		    "not PID 1 and no subreaper: zombies will not be reparented here; use -s or TINI_SUBREAPER, or run it as PID 1");
	/* dumb-init passes on even SEGV and the like; a real fault of ours still ends us. Before there is a child that one could be meant for. */
	sigset_t all;
	(void)sigfillset(&all);
	if (b->o.as == BARE_DUMB_INIT)
		(void)sigprocmask(SIG_SETMASK, &all, NULL);
	let_terminal_go(b);
}

static int supervise(struct bare *b)
{
	sigset_t all;

	(void)sigfillset(&all);
	reap(b); /* children that were ours before this program was: who ended before CHLD was blocked is told by no signal */
	while (!b->ended) {
		siginfo_t info;
		int sig = sigwaitinfo(&all, &info);
		if (sig > 0)
			on_signal(b, sig);
	}
	return b->code;
}

static const char *env_of(const char *name)
{
	return getenv(name);
}

int bare_main(int argc, char **argv, const sigset_t *inherited)
{
	struct bare b = { .inherited = inherited };
	char wrong[256];

	switch (bare_parse(argc, argv, env_of, &b.o, wrong, sizeof(wrong))) {
	case BARE_HELP:
		(void)fputs(bare_usage(b.o.as), stdout);
		return 0;
	case BARE_VERSION:
		(void)printf("%s (pm1) %s\n", b.o.name, PM1_VERSION);
		return 0;
	case BARE_WRONG:
		(void)fprintf(stderr, "%s: %s\n\n%s", b.o.name, wrong, bare_usage(b.o.as));
		return 1;
	case BARE_GO:
		break;
	}
	prepare(&b);
	b.child = start_child(&b);
	if (b.child < 0) {
		say(&b, QUIET, "cannot fork: %s", err_text(b.child));
		return 1;
	}
	if (b.exec_errno)
		return exec_failed(&b);
	say(&b, INFO, "spawned child '%s' with pid %d", b.o.command[0], (int)b.child);
	return supervise(&b);
}
