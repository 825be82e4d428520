#include "tests/live/bare.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { WORDS = 32 };

static int parent_stays = -1; /* the parent of an `orphan` ends when this is closed */
static pid_t parent_pid;

/* Splits into argv, from *n on; the words live as long as the test. */
static void add_words(const char **argv, int *n, const char *line)
{
	char *copy = strdup(line), *save = NULL;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		cr_assert_lt(*n, WORDS - 1);
		argv[(*n)++] = strcmp(w, "@PROG@") == 0 ? live_env("PROG") : w;
	}
	argv[*n] = NULL;
}

static const char *path_of(struct live *l, const struct bare_run *r)
{
	if (r->program)
		return r->program;
	if (!r->as)
		return live_env("PM1");
	char *link = strdup(live_path(l, r->as));
	cr_assert_eq(symlink(live_env("PM1"), link), 0);
	return link;
}

/* The two ends of where the init talks: a pipe, or a terminal. */
static void make_output(const struct bare_run *r, int *ret_ours, int *ret_its)
{
	int ends[2];

	if (!r->tty) {
		cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
		*ret_ours = ends[0];
		*ret_its = ends[1];
		return;
	}
	char name[64];
	struct termios t;
	*ret_ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert(grantpt(*ret_ours) == 0 && unlockpt(*ret_ours) == 0 && ptsname_r(*ret_ours, name, sizeof(name)) == 0);
	*ret_its = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert_geq(*ret_its, 0);
	/* What is typed doesn't come back, and lines end as the programs end them: then texts can be compared. */
	cr_assert_eq(tcgetattr(*ret_its, &t), 0);
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHOCTL);
	t.c_oflag &= ~(tcflag_t)OPOST;
	cr_assert_eq(tcsetattr(*ret_its, TCSANOW, &t), 0);
}

static _Noreturn void become(const struct bare_run *r, const char *const *argv, int out)
{
	(void)prctl(PR_SET_PDEATHSIG, r->orphan ? 0 : SIGKILL);
	if (r->pid1 && (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0))
		_exit(98);
	if (r->tty && (setsid() < 0 || ioctl(out, TIOCSCTTY, 0) < 0 || dup2(out, 0) < 0))
		_exit(97);
	if (!r->tty)
		(void)dup2(open("/dev/null", O_RDONLY), 0);
	(void)dup2(out, 1);
	(void)dup2(r->quiet ? open("/dev/null", O_WRONLY) : out, 2);
	(void)close_range(3, ~0U, 0);
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	static const char *const none[] = { "TINI_SUBREAPER", "TINI_VERBOSITY", "TINI_KILL_PROCESS_GROUP", "DUMB_INIT_SETSID",
					    "DUMB_INIT_DEBUG" };
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		(void)unsetenv(none[i]);
	if (r->env)
		(void)putenv((char *)r->env);
	if (r->before)
		r->before();
	(void)execv(argv[0], (char **)argv);
	_exit(95);
}

static pid_t start(const struct bare_run *r, const char *const *argv, int out)
{
	unsigned long flags = SIGCHLD | (r->pid1 ? CLONE_NEWNS | CLONE_NEWPID : 0);
	pid_t pid = (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);

	cr_assert_geq(pid, 0, "clone: %s", strerror(errno));
	if (pid == 0)
		become(r, argv, out);
	return pid;
}

/* A parent in between, which tells the pid and then waits to be let go. */
static pid_t start_orphan(const struct bare_run *r, const char *const *argv, int out)
{
	int stay[2], tell[2];
	pid_t pid = -1;

	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	cr_assert(pipe2(stay, O_CLOEXEC) == 0 && pipe2(tell, O_CLOEXEC) == 0);
	parent_pid = fork();
	if (parent_pid == 0) {
		char c;
		(void)close(stay[1]);
		pid = start(r, argv, out);
		(void)!write(tell[1], &pid, sizeof(pid));
		(void)!read(stay[0], &c, 1);
		_exit(0);
	}
	(void)close(stay[0]);
	(void)close(tell[1]);
	cr_assert_eq(read(tell[0], &pid, sizeof(pid)), (ssize_t)sizeof(pid));
	(void)close(tell[0]);
	parent_stays = stay[1];
	return pid;
}

void bare_orphan(void)
{
	(void)close(parent_stays);
	cr_assert_eq(waitpid(parent_pid, NULL, 0), parent_pid);
}

void bare_start(struct live *l, const struct bare_run *r)
{
	const char *argv[WORDS] = { NULL };
	int n = 0, out;

	memset(l, 0, sizeof(*l));
	(void)snprintf(l->dir, sizeof(l->dir), "/tmp/pm1-bare-XXXXXX");
	cr_assert_not_null(mkdtemp(l->dir));
	if (r->deny) {
		argv[n++] = live_env("DENY");
		add_words(argv, &n, r->deny);
		argv[n++] = "--";
	}
	argv[n++] = path_of(l, r);
	add_words(argv, &n, r->line);
	make_output(r, &l->out, &out);
	l->pid = r->orphan ? start_orphan(r, argv, out) : start(r, argv, out);
	(void)close(out);
	l->pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0);
	l->text = calloc(1, 1);
}

int bare_code(const struct bare_run *r, char **ret_text)
{
	struct live l;
	size_t cap = 1 << 16, n = 0;
	char *text = calloc(1, cap);

	bare_start(&l, r);
	for (;;) {
		struct pollfd p = { .fd = l.out, .events = POLLIN };
		cr_assert_eq(poll(&p, 1, LIVE_WAIT * 1000), 1, "%s %s: no end, but: %s", r->as ? r->as : "pm1", r->line, text);
		ssize_t got = read(l.out, text + n, cap - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (ret_text)
		*ret_text = text;
	else
		free(text);
	return live_end(&l);
}

void bare_type(struct live *l, const char *text)
{
	cr_assert_eq(write(l->out, text, strlen(text)), (ssize_t)strlen(text));
}

void bare_stopped(struct live *l)
{
	siginfo_t info = { 0 };

	cr_assert_eq(waitid(P_PID, (id_t)l->pid, &info, WSTOPPED | WEXITED | WNOWAIT), 0);
	cr_assert_eq(info.si_code, CLD_STOPPED, "it ended; it said:\n%s", l->text);
	cr_assert_eq(waitid(P_PID, (id_t)l->pid, &info, WSTOPPED), 0);
}

void bare_each(struct live *l, const int *sigs, const int *as)
{
	for (size_t i = 0; sigs[i]; i++) {
		char text[32];
		(void)snprintf(text, sizeof(text), "got %d\n", as ? as[i] : sigs[i]);
		live_signal(l, sigs[i]);
		live_line(l, text);
	}
}

const int *bare_signals(bool faults)
{
	static int sigs[80];
	size_t n = 0;

	for (int s = 1; s <= SIGRTMAX; s++) {
		bool fault = s == SIGSEGV || s == SIGBUS || s == SIGFPE || s == SIGILL || s == SIGTRAP || s == SIGABRT || s == SIGSYS;
		if (s == SIGKILL || s == SIGSTOP || s == SIGCHLD || (s > 31 && s < SIGRTMIN) || (fault && !faults))
			continue;
		sigs[n++] = s;
	}
	sigs[n] = 0;
	return sigs;
}
