#include "tests/live/call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The home's PID 1, which does nothing, and its mount namespace; 0 and -1: none. */
static pid_t keeper;
static int mounts = -1;

static double now(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void become(struct live *l, int how, const char *const *args, int out, int err)
{
	const char *argv[64] = { live_env("PM1") };

	for (size_t i = 0; args[i] && i + 2 < sizeof(argv) / sizeof(*argv); i++)
		argv[i + 1] = args[i];
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mounts >= 0 && setns(mounts, CLONE_NEWNS) < 0)
		_exit(94);
	if (chdir(l->dir) < 0)
		_exit(93);
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	(void)dup2(null_fd, 0);
	(void)dup2(out, 1);
	(void)dup2(err, 2);
	(void)setenv("PM1_HOME", l->dir, 1);
	(void)setenv("TERM", "xterm", 1);
	(void)unsetenv("NO_COLOR");
	(void)unsetenv("COLUMNS");
	if (how & CALL_NO_COLOR)
		(void)setenv("NO_COLOR", "1", 1);
	/* A run in the background ignores these, which is handed on to all it starts; tests send them. */
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	(void)execv(argv[0], (char **)argv);
	_exit(92);
}

struct calling call_begin(struct live *l, int how, const char *const *args)
{
	struct calling c = { .so_far = { .out = calloc(1, 1), .err = calloc(1, 1) } };
	int out[2], err[2];

	if (how & CALL_TERMINAL) {
		struct winsize size = { .ws_row = 50, .ws_col = 200 };
		cr_assert_eq(openpty(&out[0], &out[1], NULL, NULL, &size), 0);
	} else {
		cr_assert_eq(pipe(out), 0);
	}
	cr_assert_eq(pipe(err), 0);
	/* What `start` leaves running must not hold the ends that we read. */
	(void)fcntl(out[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(out[1], F_SETFD, FD_CLOEXEC);
	(void)fcntl(err[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(err[1], F_SETFD, FD_CLOEXEC);
	c.pid = fork();
	cr_assert_geq(c.pid, 0, "fork: %s", strerror(errno));
	if (c.pid == 0)
		become(l, how, args, out[1], err[1]);
	(void)close(out[1]);
	(void)close(err[1]);
	c.out = out[0];
	c.err = err[0];
	return c;
}

/* Adds what is there; the descriptor is closed at its end (a terminal's is EIO). */
static void drain(int *fd, char **text)
{
	char buf[65536];
	ssize_t n = read(*fd, buf, sizeof(buf));
	size_t len = strlen(*text);

	if (n <= 0) {
		(void)close(*fd);
		*fd = -1;
		return;
	}
	*text = realloc(*text, len + (size_t)n + 1);
	memcpy(*text + len, buf, (size_t)n);
	(*text)[len + (size_t)n] = 0;
}

/* False: both outputs are at their end. */
static bool more(struct calling *c, double end)
{
	struct pollfd p[] = { { .fd = c->out, .events = POLLIN }, { .fd = c->err, .events = POLLIN } };

	if (c->out < 0 && c->err < 0)
		return false;
	if (now() >= end)
		(void)kill(c->pid, SIGKILL);
	cr_assert(now() < end, "a call did not end; it said:\n%s%s", c->so_far.out, c->so_far.err);
	if (poll(p, 2, 200) <= 0)
		return true;
	if (p[0].revents)
		drain(&c->out, &c->so_far.out);
	if (p[1].revents)
		drain(&c->err, &c->so_far.err);
	return true;
}

void call_look(struct calling *c)
{
	(void)more(c, now() + LIVE_WAIT);
}

void call_line(struct calling *c, const char *part)
{
	double end = now() + LIVE_WAIT;

	while (!strstr(c->so_far.out, part))
		cr_assert(more(c, end), "it ended without '%s' but said:\n%s%s", part, c->so_far.out, c->so_far.err);
}

struct called call_wait(struct calling *c)
{
	double end = now() + LIVE_WAIT;
	int status = 0;

	while (more(c, end))
		;
	cr_assert_eq(waitpid(c->pid, &status, 0), c->pid);
	c->so_far.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return c->so_far;
}

struct called call_how(struct live *l, int how, const char *const *args)
{
	struct calling c = call_begin(l, how, args);
	return call_wait(&c);
}

json_t *call_parsed(struct live *l, const char *const *args)
{
	struct called c = call_how(l, 0, args);
	json_error_t error;
	json_t *j = json_loads(c.out, JSON_DECODE_ANY, &error);

	cr_assert_eq(c.code, 0, "%s: exit code %d: %s", args[0], c.code, c.err);
	cr_assert_not_null(j, "%s: not JSON (%s): '%s'", args[0], error.text, c.out);
	return j;
}

json_t *call_at(json_t *j, const char *where)
{
	char path[128], *save = NULL;

	(void)snprintf(path, sizeof(path), "%s", where);
	for (char *p = strtok_r(path, ".", &save); p && j; p = strtok_r(NULL, ".", &save))
		j = json_is_array(j) ? json_array_get(j, strtoul(p, NULL, 10)) : json_object_get(j, p);
	return j;
}

const char *call_text(json_t *j, const char *where)
{
	const char *v = json_string_value(call_at(j, where));
	return v ? v : "";
}

static _Noreturn void keep(int ready)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGCHLD, SIG_IGN); /* the kernel reaps */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0)
		_exit(98);
	if (write(ready, "x", 1) != 1)
		_exit(97);
	for (;;)
		pause();
}

void call_home(struct live *l, const char *ini)
{
	int ready[2];
	char byte, path[64];

	*l = (struct live){ .out = -1, .pidfd = -1, .text = calloc(1, 1) };
	(void)snprintf(l->dir, sizeof(l->dir), "/tmp/pm1-live-XXXXXX");
	cr_assert_not_null(mkdtemp(l->dir));
	if (ini)
		live_ini(l, ini);
	cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
	keeper = (pid_t)syscall(SYS_clone, SIGCHLD | CLONE_NEWPID | CLONE_NEWNS, 0, 0, 0, 0);
	cr_assert_geq(keeper, 0, "clone: %s", strerror(errno));
	if (keeper == 0)
		keep(ready[1]);
	(void)close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1, "the namespaces cannot be made");
	(void)close(ready[0]);
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)keeper);
	mounts = open(path, O_RDONLY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)keeper);
	int pids = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(mounts >= 0 && pids >= 0 && setns(pids, CLONE_NEWPID) == 0, "setns: %s", strerror(errno));
	(void)close(pids);
}

int call_left(void)
{
	char path[300], own[64], other[64];
	DIR *dir = opendir("/proc");
	struct dirent *e;
	int n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)keeper);
	ssize_t len = readlink(path, own, sizeof(own));
	cr_assert_gt(len, 0);
	while ((e = readdir(dir))) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		if (pid <= 0 || pid == keeper)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
		n += readlink(path, other, sizeof(other)) == len && memcmp(own, other, (size_t)len) == 0;
	}
	(void)closedir(dir);
	return n;
}

void call_left_is(int n)
{
	double end = now() + LIVE_WAIT;

	while (call_left() != n) {
		cr_assert(now() < end, "%d processes are left, not %d", call_left(), n);
		(void)poll(NULL, 0, 10);
	}
}

void call_end(struct live *l)
{
	char command[128];

	(void)kill(keeper, SIGKILL);
	(void)waitpid(keeper, NULL, 0);
	(void)snprintf(command, sizeof(command), "rm -rf %s", l->dir);
	/* No process of ours can be made any more: the namespace of children is gone. */
	int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	(void)setns(own, CLONE_NEWPID);
	(void)close(own);
	cr_assert_eq(system(command), 0);
}
