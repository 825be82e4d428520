/* sys_disk - the rest of sys.h: what tidying up needs of disks and processes. */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in sys.c: a test's build makes a call fail here. */
#ifndef SYS_POINT
#define SYS_POINT(name)
#endif

int sys_realpath(const char *path, char ret[PATH_MAX])
{
	SYS_POINT("realpath");
	return realpath(path, ret) ? 0 : -errno;
}

int sys_fsync(int fd)
{
	SYS_POINT("fsync");
	return fsync(fd) < 0 ? -errno : 0;
}

int sys_fchown(int fd, uid_t uid, gid_t gid)
{
	SYS_POINT("fchown");
	return fchown(fd, uid, gid) < 0 ? -errno : 0;
}

int sys_fchmod(int fd, mode_t mode)
{
	SYS_POINT("fchmod");
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

int sys_punch(int fd, off_t from, off_t n)
{
	SYS_POINT("fallocate");
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, n) < 0 ? -errno : 0;
}

int sys_birth(int fd, uint64_t *ret_usec)
{
	struct statx st;

	SYS_POINT("statx");
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &st) < 0)
		return -errno;
	if (!(st.stx_mask & STATX_BTIME))
		return -EOPNOTSUPP;
	*ret_usec = (uint64_t)st.stx_btime.tv_sec * 1000000 + st.stx_btime.tv_nsec / 1000;
	return 0;
}

int sys_utimens(int fd, const struct stat *from)
{
	const struct timespec times[] = { from->st_atim, from->st_mtim };

	SYS_POINT("utimens");
	return futimens(fd, times) < 0 ? -errno : 0;
}

int sys_posix_spawn(const char *path, char *const argv[], char *const envp[])
{
	pid_t pid;

	SYS_POINT("posix_spawn");
	return -posix_spawn(&pid, path, NULL, NULL, argv, envp);
}

/* linux/ioprio.h: who is 1 for a process, class 3 is idle, in the bits above 13. */
void sys_lowest_priority(int nice)
{
	(void)setpriority(PRIO_PROCESS, 0, nice);
	(void)syscall(SYS_ioprio_set, 1, 0, 3 << 13);
}

int sys_same_file(int a, int b)
{
	SYS_POINT("kcmp");
	/* linux/kcmp.h: 0 is KCMP_FILE. */
	long r = syscall(SYS_kcmp, getpid(), getpid(), 0, a, b);
	return r < 0 ? -errno : r == 0;
}

ssize_t sys_readlink(const char *path, char *buf, size_t size)
{
	SYS_POINT("readlink");
	ssize_t n = readlink(path, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = 0;
	return n;
}

int sys_setfsids(uid_t uid, gid_t gid, uid_t *ret_uid, gid_t *ret_gid)
{
	int dumpable = prctl(PR_GET_DUMPABLE), death = 0, r = 0;

	SYS_POINT("setfsids");
	(void)prctl(PR_GET_PDEATHSIG, &death);
	/* Neither says whether it was done: an id that can't be is how one asks. */
	gid_t gid_before = (gid_t)setfsgid(gid);
	uid_t uid_before = (uid_t)setfsuid(uid);
	if ((gid_t)setfsgid((gid_t)-1) != gid || (uid_t)setfsuid((uid_t)-1) != uid) {
		(void)setfsuid(uid_before);
		(void)setfsgid(gid_before);
		r = -EPERM;
	} else {
		*ret_uid = uid_before;
		*ret_gid = gid_before;
	}
	/* A change takes both away, as if another program began. */
	if (dumpable == 1)
		(void)prctl(PR_SET_DUMPABLE, 1);
	if (death)
		(void)prctl(PR_SET_PDEATHSIG, death);
	return r;
}
