#include "os/spawn_child.h"

#include "base/sys.h"
#include "os/notice.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where close_range is refused, so many descriptors are closed by hand; all of pm1's are close-on-exec anyway, this is for
 * those it inherited. */
#define CLOSE_BY_HAND 256

static _Noreturn void fail(const struct spawn_plan *plan, enum spawn_stage stage, int err)
{
	struct spawn_note note = { .stage = (int)stage, .err = err < 0 ? -err : err };

	/* A pipe takes these 8 bytes whole; if even that fails the exit code is all there is. */
	(void)!write(plan->status_fd, &note, sizeof(note));
	_exit(stage == SPAWN_EXEC && note.err == ENOENT ? 127 : 126);
}

static void join_cgroup(const struct spawn_plan *plan)
{
	for (size_t i = 0; i < plan->n_join; i++)
		if (write(plan->join_fds[i], "0", 1) < 0)
			fail(plan, SPAWN_CGROUP, errno);
}

/* No handler, no ignored signal and no mask of pm1's or of its starter's reaches the program. */
static void reset_signals(const struct spawn_plan *plan)
{
	/* Not by sigaction(): libc refuses the two signals that it keeps for its threads, and those come ignored from some
	 * starters. The kernel's struct is a handler, flags, a restorer and a mask: all zero is SIG_DFL. */
	static const char dfl[64];

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			(void)syscall(SYS_rt_sigaction, sig, dfl, NULL, _NSIG / 8);
	if (plan->job->mask)
		(void)sigprocmask(SIG_SETMASK, plan->job->mask, NULL);
}

/* A copy above the numbers that are about to be filled, so that no dup2 runs over another's source. */
static int lift(const struct spawn_plan *plan, int fd)
{
	int r = fcntl(fd < 0 ? plan->null_fd : fd, F_DUPFD_CLOEXEC, plan->above);

	if (r < 0)
		fail(plan, SPAWN_STDIO, errno);
	return r;
}

static void set_stdio(const struct spawn_plan *plan)
{
	const struct spawn_job *job = plan->job;
	int fds[] = { lift(plan, job->in_fd), lift(plan, job->out_fd), lift(plan, job->err_fd) };
	int lifted[SPAWN_FDS_MAX];

	for (size_t i = 0; i < job->n_fds; i++)
		lifted[i] = lift(plan, job->fds[i].from);
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			fail(plan, SPAWN_STDIO, errno);
	/* CLOSE_RANGE_CLOEXEC: the report's pipe lives until exec. */
	if (sys_close_range(3, UINT_MAX, 4) < 0)
		for (int fd = 3; fd < CLOSE_BY_HAND; fd++)
			(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	for (size_t i = 0; i < job->n_fds; i++)
		if (dup2(lifted[i], job->fds[i].to) < 0)
			fail(plan, SPAWN_STDIO, errno);
}

static void write_own_pid(const struct spawn_plan *plan)
{
	for (char *const *p = plan->own_pid; *p; p++) {
		char digits[sizeof(SPAWN_OWN_PID)], *at = *p;
		int n = 0;

		for (pid_t pid = getpid(); pid > 0; pid /= 10)
			digits[n++] = (char)('0' + pid % 10);
		while (n > 0)
			*at++ = digits[--n];
		*at = 0;
	}
}

static void set_ids(const struct spawn_plan *plan)
{
	const struct ids *ids = plan->job->ids;

	if (!ids)
		return;
	/* In a user namespace without mapped ids, or as the very user already, setgroups is refused and not needed. */
	bool same = ids->set_user ? ids->uid == geteuid() && ids->gid == getegid() : ids->gid == getegid();
	if (ids->set_user && setgroups(ids->n_groups, ids->groups) < 0 && !(same && errno == EPERM))
		fail(plan, SPAWN_GROUPS, errno);
	if (ids->set_group && setresgid(ids->gid, ids->gid, ids->gid) < 0)
		fail(plan, SPAWN_GROUP, errno);
	if (ids->set_user && setresuid(ids->uid, ids->uid, ids->uid) < 0)
		fail(plan, SPAWN_USER, errno);
}

static _Noreturn void exec_program(const struct spawn_plan *plan)
{
	int err = ENOENT;

	/* As execvp(3): a file that may not be run is remembered, and the search goes on. */
	for (char *const *c = plan->candidates; *c; c++) {
		(void)execve(*c, plan->job->argv, plan->job->env);
		if (errno == EACCES)
			err = EACCES;
		else if (errno != ENOENT && errno != ENOTDIR)
			fail(plan, SPAWN_EXEC, errno);
	}
	fail(plan, SPAWN_EXEC, err);
}

static void set_oom_score(const struct spawn_plan *plan)
{
	size_t n = 0;

	if (!plan->oom_score)
		return;
	while (plan->oom_score[n])
		n++;
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!write(fd, plan->oom_score, n); /* lower than pm1's is refused to the unprivileged; then it stays */
		(void)close(fd);
	}
}

/* With CAP_SYS_ADMIN the filter goes on as it is. The user that the program will be mostly hasn't that, nor has root in a container: then it
 * takes no_new_privs, for which the ids have to be set first. */
static void set_ids_and_filter(const struct spawn_plan *plan)
{
	int listener = plan->adopt_fd >= 0 ? notice_install(false) : -1;

	/* Where Yama restricts it (kernel.yama.ptrace_scope = 1) a child of pm1 couldn't look at another: it is let to by name. */
	if (plan->adopt_fd >= 0)
		(void)sys_prctl(PR_SET_PTRACER, (unsigned long)getppid(), 0, 0, 0);
	set_ids(plan);
	if (plan->adopt_fd < 0)
		return;
	if (listener == -EACCES || listener == -EPERM)
		listener = notice_install(true);
	notice_hand_over(plan->adopt_fd, listener);
	if (listener >= 0)
		(void)close(listener);
}

void spawn_child(const struct spawn_plan *plan)
{
	const struct spawn_job *job = plan->job;

	if (plan->adopt_parent_fd >= 0)
		(void)close(plan->adopt_parent_fd); /* else we would wait for ourselves */
	join_cgroup(plan);
	if (job->foreground_tty ? setpgid(0, 0) < 0 : setsid() < 0)
		fail(plan, SPAWN_SESSION, errno);
	set_stdio(plan);
	write_own_pid(plan);
	reset_signals(plan);
	set_oom_score(plan);
	if (job->nofile && setrlimit(RLIMIT_NOFILE, job->nofile) < 0)
		fail(plan, SPAWN_LIMITS, errno);
	if (job->umask >= 0)
		(void)umask((mode_t)job->umask);
	set_ids_and_filter(plan);
	if (job->cwd && chdir(job->cwd) < 0)
		fail(plan, SPAWN_CWD, errno);
	exec_program(plan);
}
