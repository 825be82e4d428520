#include "os/spawn.h"

#include "base/own.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"
#include "os/cgroup.h"
#include "os/spawn_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#define OWN_PID_MAX 4 /* variables that hold the child's pid */

static const struct {
	const char *name, *key;
} stages[SPAWN_STAGE_MAX] = {
	[SPAWN_FORK] = { "fork", NULL },	   [SPAWN_CGROUP] = { "cgroup", NULL },
	[SPAWN_SESSION] = { "setsid", NULL },	   [SPAWN_STDIO] = { "stdio", NULL },
	[SPAWN_LIMITS] = { "setrlimit", NULL },	   [SPAWN_UMASK] = { "umask", "umask" },
	[SPAWN_GROUPS] = { "setgroups", "user" },  [SPAWN_GROUP] = { "setgid", "group" },
	[SPAWN_USER] = { "setuid", "user" },	   [SPAWN_CWD] = { "chdir", "cwd" },
	[SPAWN_EXEC] = { "exec", "command" },
};

const char *spawn_stage_name(enum spawn_stage s)
{
	return s < SPAWN_STAGE_MAX ? stages[s].name : "unknown step";
}

const char *spawn_stage_key(enum spawn_stage s)
{
	return s < SPAWN_STAGE_MAX ? stages[s].key : NULL;
}

/* The paths that a shell would try, by the PATH that the program itself will have. */
static int find_candidates(const struct spawn_job *job, struct strv *ret)
{
	const char *name = job->exe ? job->exe : job->argv[0], *path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

	if (!name[0])
		return strv_add(ret, ""); /* exec says ENOENT */
	if (strchr(name, '/'))
		return strv_add(ret, name);
	for (char *const *e = job->env; e && *e; e++)
		if (strncmp(*e, "PATH=", 5) == 0)
			path = *e + 5;
	for (;;) {
		size_t n = strcspn(path, ":");
		/* An empty part of PATH is the current folder, by POSIX. */
		int r = n ? strv_addf(ret, "%.*s/%s", (int)n, path, name) : strv_addf(ret, "./%s", name);
		if (r < 0)
			return r;
		if (!path[n])
			return 0;
		path += n + 1;
	}
}

/* Something to read end-of-file from and to write into nothing. Without /dev/null (no /dev at all) the read end of a
 * pipe without writers serves for stdin; writes to it fail, which a program can see. */
static int open_null(void)
{
	int fd = sys_open("/dev/null", O_RDWR, 0);
	int p[2];

	if (fd >= 0)
		return fd;
	int r = sys_pipe2(p, 0);
	if (r < 0)
		return r;
	close_fd(&p[1]);
	return p[0];
}

/* Replaces *fd by a copy at or over `above`, when it is below. */
static int lift(int *fd, int above)
{
	if (*fd >= above)
		return 0;
	int high = sys_fcntl(*fd, F_DUPFD_CLOEXEC, above);
	if (high < 0)
		return high;
	close_fd(fd);
	*fd = high;
	return 0;
}

/* A pipe whose write end is above the numbers that the child fills. */
static int status_pipe(int above, int *ret_read, int *ret_write)
{
	cleanup_fd int r_end = -1;
	cleanup_fd int w_end = -1;
	int p[2];

	int r = sys_pipe2(p, O_NONBLOCK);
	if (r < 0)
		return r;
	r_end = p[0];
	w_end = p[1];
	r = lift(&w_end, above);
	if (r < 0)
		return r;
	*ret_read = take_fd(&r_end);
	*ret_write = take_fd(&w_end);
	return 0;
}

static int adopt_channel(int above, int *ret_ours, int *ret_childs)
{
	cleanup_fd int ours = -1;
	cleanup_fd int childs = -1;
	int p[2];

	int r = sys_socketpair(SOCK_SEQPACKET, p);
	if (r < 0)
		return r;
	ours = p[0];
	childs = p[1];
	if ((r = sys_fcntl(ours, F_SETFL, O_NONBLOCK)) < 0 || (r = lift(&childs, above)) < 0)
		return r;
	*ret_ours = take_fd(&ours);
	*ret_childs = take_fd(&childs);
	return 0;
}

static bool not_here(int err)
{
	/* ENOSYS: Docker's profile and old kernels. EPERM: other profiles. EINVAL: an older clone3. EOPNOTSUPP, EBUSY, EACCES: a
	 * cgroup that can't be entered this way. EMFILE, ENFILE: no descriptor for the pidfd, which we can do without. */
	return err == -ENOSYS || err == -EPERM || err == -EINVAL || err == -EOPNOTSUPP || err == -EBUSY ||
	       err == -EACCES || err == -E2BIG || err == -EMFILE || err == -ENFILE;
}

/* clone3 straight into the cgroup; clone3; fork. Where each is refused is cheap to find out, and asked anew each time:
 * no state to keep. In the child it doesn't return. */
static pid_t fork_child(struct spawn_plan *plan, int *ret_pidfd)
{
	const struct spawn_job *job = plan->job;
	int cgroup_fd = job->cgroup ? cgroup_dirfd(job->cgroup) : -1;
	size_t n_join = plan->n_join;
	pid_t pid = -ENOSYS;

	if (cgroup_fd >= 0) {
		plan->n_join = 0;
		pid = sys_clone3(0, cgroup_fd, ret_pidfd);
		if (pid == 0)
			spawn_child(plan);
		plan->n_join = n_join;
	}
	if (pid < 0 && not_here(pid)) {
		pid = sys_clone3(0, -1, ret_pidfd);
		if (pid == 0)
			spawn_child(plan);
	}
	if (pid < 0 && not_here(pid)) {
		pid = sys_fork();
		if (pid == 0)
			spawn_child(plan);
		*ret_pidfd = pid > 0 ? sys_pidfd_open(pid) : -1;
		if (*ret_pidfd < 0)
			*ret_pidfd = -1; /* kill(2) serves: the child isn't reaped before its pid is forgotten */
	}
	return pid;
}

static int number_above(const struct spawn_job *job)
{
	int above = 10;

	for (size_t i = 0; i < job->n_fds; i++)
		if (job->fds[i].to >= above)
			above = job->fds[i].to + 1;
	return above;
}

/* The values that stand for the child's own pid, at most `max`, and a NULL behind them. By name: anything else may hold zeros. */
static void find_own_pid(const struct spawn_job *job, char **ret, size_t max)
{
	size_t n = 0;

	for (char *const *e = job->env; e && *e && n < max; e++) {
		if (strcmp(*e, "LISTEN_PID=" SPAWN_OWN_PID) == 0 || strcmp(*e, "WATCHDOG_PID=" SPAWN_OWN_PID) == 0)
			ret[n++] = strchr(*e, '=') + 1;
	}
	ret[n] = NULL;
}

int spawn_start(const struct spawn_job *job, struct spawned *ret)
{
	struct strv candidates = { 0 };
	char oom[16];
	char *own_pid[OWN_PID_MAX + 1];
	int above = number_above(job);
	cleanup_fd int null_fd = -1;
	cleanup_fd int read_end = -1;
	cleanup_fd int write_end = -1;
	cleanup_fd int adopt_ours = -1;
	cleanup_fd int adopt_childs = -1;
	int pidfd = -1;

	int r = job->n_fds <= SPAWN_FDS_MAX ? find_candidates(job, &candidates) : -EINVAL;
	if (r == 0 && (r = null_fd = open_null()) >= 0)
		r = status_pipe(above, &read_end, &write_end);
	if (r == 0 && job->adopt)
		r = adopt_channel(above, &adopt_ours, &adopt_childs);
	if (r == 0) {
		struct spawn_plan plan = { .job = job,
					   .candidates = candidates.v,
					   .null_fd = null_fd,
					   .status_fd = write_end,
					   .above = above,
					   .adopt_fd = adopt_childs,
					   .adopt_parent_fd = adopt_ours,
					   .own_pid = own_pid };
		find_own_pid(job, own_pid, OWN_PID_MAX);
		if (job->cgroup)
			plan.n_join = cgroup_join_fds(job->cgroup, plan.join_fds, SPAWN_JOIN_MAX);
		if (job->oom_score_adj != INT_MIN) {
			(void)text_format(oom, sizeof(oom), "%d", job->oom_score_adj);
			plan.oom_score = oom;
		}
		r = fork_child(&plan, &pidfd);
	}
	strv_done(&candidates);
	if (r < 0)
		return r;
	if (pidfd >= 0 && sys_fd_is_scarce(pidfd))
		close_fd(&pidfd);
	*ret = (struct spawned){ .pid = r, .pidfd = pidfd, .status_fd = take_fd(&read_end), .adopt_fd = take_fd(&adopt_ours) };
	return 0;
}

int spawn_report(int status_fd, enum spawn_stage *ret_stage, int *ret_errno)
{
	struct spawn_note note;
	ssize_t n = sys_read(status_fd, &note, sizeof(note));

	if (n == 0)
		return 1;
	if (n < 0)
		return (int)n;
	if (n != sizeof(note) || note.stage < 0 || note.stage >= SPAWN_STAGE_MAX)
		return -EBADMSG;
	*ret_stage = (enum spawn_stage)note.stage;
	*ret_errno = note.err;
	return 0;
}
