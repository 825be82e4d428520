#include "prepare.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

/* The kernel kills somebody else first; children get the old value back. EDGES: refused without CAP_SYS_RESOURCE, and then left. */
#define OWN_OOM_SCORE (-999)

/* Were CHLD ignored, as some starters leave it, the kernel would reap our children and tell nobody. */
void prepare_children(void)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };

	(void)sigaction(SIGCHLD, &usual, NULL);
}

/* Standard input, output and error exist from here on, so that no pipe or socket ever gets their numbers. */
void prepare_stdio(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		struct stat st;
		if (sys_fstat(fd, &st) != -EBADF)
			continue;
		int null_fd = sys_open("/dev/null", O_RDWR, 0);
		if (null_fd < 0) { /* no /dev at all: the read end of a pipe whose other end is gone serves as well */
			int pipe_fds[2];
			if (sys_pipe2(pipe_fds, 0) < 0)
				return;
			null_fd = pipe_fds[0]; /* the lowest that is free: fd */
			close_fd(&pipe_fds[1]);
		}
		if (null_fd == fd)
			(void)sys_fcntl(fd, F_SETFD, 0);
	}
}

bool prepare_nofile(struct rlimit *ret_old)
{
	/* Four pipe ends and two streams a service: the usual soft limit of 1024 is 150 services. */
	if (sys_getrlimit(RLIMIT_NOFILE, ret_old) < 0)
		return false;
	struct rlimit all = { .rlim_cur = ret_old->rlim_max, .rlim_max = ret_old->rlim_max };
	int r = sys_setrlimit(RLIMIT_NOFILE, &all);
	if (r < 0)
		log_debug("cannot raise the limit of open files: %s", err_text(r));
	return true;
}

void prepare_exe(char *buf, size_t size)
{
	/* The link holds also when the file was replaced or removed meanwhile; but without /proc only the path that we were started by is left. */
	static const char link[] = "/proc/self/exe";
	const char *path = (const char *)getauxval(AT_EXECFN);
	char cwd[PATH_MAX];

	(void)text_copy(buf, size, link);
	if (!path || sys_access(link, X_OK) != -ENOENT)
		return;
	if (path[0] == '/')
		(void)text_copy(buf, size, path);
	else if (getcwd(cwd, sizeof(cwd)) && strlen(cwd) + strlen(path) + 2 <= size)
		(void)text_format(buf, size, "%s/%s", cwd, path);
}

int prepare_console(int fd)
{
	char path[32];
	struct stat st;

	/* The description that we were given is shared with those who expect it to block. */
	if (sys_fstat(fd, &st) < 0 || !(S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		return fd;
	(void)text_format(path, sizeof(path), "/proc/self/fd/%d", fd);
	int own = sys_open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY, 0);
	return own < 0 ? fd : own;
}

int prepare_oom_score(void)
{
	char old[16], score[16];
	ssize_t n = sys_slurp(AT_FDCWD, "/proc/self/oom_score_adj", old, sizeof(old));

	if (n <= 0)
		return INT_MIN;
	(void)text_format(score, sizeof(score), "%d", OWN_OOM_SCORE);
	if (sys_spit(AT_FDCWD, "/proc/self/oom_score_adj", score) < 0)
		return INT_MIN;
	return (int)strtol(old, NULL, 10);
}

/* A folder that a daemon stands in can't be unmounted; but paths that were given relative to it need it. */
static bool needs_folder(const char *file)
{
	const char *const given[] = { file, getenv("PM1_HOME"), getenv("PM1_SOCKET") };

	for (size_t i = 0; i < ARRAY_LEN(given); i++)
		if (given[i] && given[i][0] != '/')
			return true;
	return false;
}

int prepare_log_dir(const char *path, bool given)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat st;

	int r = sys_mkdir_all(path, 0755);
	if (r < 0)
		return r;
	if (!given && slash && slash != path && text_format(parent, sizeof(parent), "%.*s", (int)(slash - path), path) == 0) {
		r = sys_lstat(parent, &st);
		if (r < 0)
			return r;
		if (st.st_uid != geteuid() && st.st_uid != 0)
			return -EPERM;
	}
	return sys_access(path, W_OK | X_OK);
}

void prepare_folder(const char *file)
{
	if (!needs_folder(file))
		(void)sys_chdir("/");
}

/* From here on the starter's terminal may go away. */
void prepare_detached(void)
{
	int null_fd = sys_open("/dev/null", O_RDWR, 0);

	for (int fd = 0; null_fd >= 0 && fd <= 2; fd++)
		(void)sys_dup3(null_fd, fd, 0);
	if (null_fd > 2)
		close_fd(&null_fd);
}
