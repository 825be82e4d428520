#include "base/sys.h"

#include "base/banned.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Where a unit test makes a call fail; nothing in production. */
#ifndef SYS_POINT
#define SYS_POINT(name)
#endif

/* The result, or -errno. */
#define RESULT(expr)                                                                                                   \
	({                                                                                                             \
		__typeof__(expr) result_ = (expr);                                                                     \
		result_ < 0 ? (__typeof__(expr))-errno : result_;                                                      \
	})
/* The same for a call that a signal may interrupt. */
#define RETRY(expr)                                                                                                    \
	({                                                                                                             \
		__typeof__(expr) retry_;                                                                               \
		do                                                                                                     \
			retry_ = (expr);                                                                               \
		while (retry_ < 0 && errno == EINTR);                                                                  \
		retry_ < 0 ? (__typeof__(expr))-errno : retry_;                                                        \
	})

ssize_t sys_read(int fd, void *buf, size_t n)
{
	SYS_POINT("read");
	return RETRY(read(fd, buf, n));
}

ssize_t sys_write(int fd, const void *buf, size_t n)
{
	SYS_POINT("write");
	return RETRY(write(fd, buf, n));
}

ssize_t sys_write_nowait(int fd, const void *buf, size_t n)
{
	const struct iovec v = { .iov_base = (void *)buf, .iov_len = n };

	SYS_POINT("pwritev2");
	return RESULT(pwritev2(fd, &v, 1, -1, RWF_NOWAIT));
}

ssize_t sys_writev(int fd, const struct iovec *iov, int n)
{
	SYS_POINT("writev");
	return RETRY(writev(fd, iov, n));
}

ssize_t sys_pread(int fd, void *buf, size_t n, off_t at)
{
	SYS_POINT("pread");
	return RETRY(pread(fd, buf, n, at));
}

ssize_t sys_pwrite(int fd, const void *buf, size_t n, off_t at)
{
	SYS_POINT("pwrite");
	return RETRY(pwrite(fd, buf, n, at));
}

int sys_open(const char *path, int flags, mode_t mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

int sys_openat(int dirfd, const char *path, int flags, mode_t mode)
{
	SYS_POINT("open");
	return RETRY(openat(dirfd, path, flags | O_CLOEXEC, mode));
}

int sys_close(int fd)
{
	SYS_POINT("close");
	/* On Linux the descriptor is gone even after EINTR: closing again could hit another's. */
	return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

int sys_dup3(int from, int to, int flags)
{
	SYS_POINT("dup3");
	return RETRY(dup3(from, to, flags));
}

int sys_fcntl(int fd, int cmd, long arg)
{
	SYS_POINT("fcntl");
	return RETRY(fcntl(fd, cmd, arg));
}

int sys_pipe2(int ret[2], int flags)
{
	SYS_POINT("pipe2");
	int p[2] = { -1, -1 };
	int r = RESULT(pipe2(p, flags | O_CLOEXEC));
	if (r == 0) {
		ret[0] = p[0];
		ret[1] = p[1];
	}
	return r;
}

int sys_memfd_create(const char *name, unsigned int flags)
{
	SYS_POINT("memfd_create");
	return RESULT(memfd_create(name, flags | MFD_CLOEXEC));
}

int sys_ftruncate(int fd, off_t size)
{
	SYS_POINT("ftruncate");
	return RETRY(ftruncate(fd, size));
}

off_t sys_lseek(int fd, off_t at, int whence)
{
	SYS_POINT("lseek");
	return RESULT(lseek(fd, at, whence));
}

int sys_fstat(int fd, struct stat *ret)
{
	SYS_POINT("fstat");
	return RESULT(fstat(fd, ret));
}

int sys_stat(const char *path, struct stat *ret)
{
	SYS_POINT("stat");
	return RESULT(stat(path, ret));
}

int sys_lstat(const char *path, struct stat *ret)
{
	SYS_POINT("lstat");
	return RESULT(lstat(path, ret));
}

int sys_mkdir(const char *path, mode_t mode)
{
	SYS_POINT("mkdir");
	return RESULT(mkdir(path, mode));
}

int sys_opendir(const char *path, DIR **ret)
{
	SYS_POINT("opendir");
	DIR *dir = opendir(path);

	if (!dir)
		return -errno;
	*ret = dir;
	return 0;
}

int sys_access(const char *path, int mode)
{
	SYS_POINT("access");
	int r = RESULT(faccessat(AT_FDCWD, path, mode, AT_EACCESS));
	/* An older seccomp profile of containers refuses faccessat2 with EPERM, which libc takes for an answer; our ids are the same mostly. */
	return r == -EPERM ? RESULT(access(path, mode)) : r;
}

int sys_chdir(const char *path)
{
	SYS_POINT("chdir");
	return RESULT(chdir(path));
}

int sys_unlink(const char *path)
{
	SYS_POINT("unlink");
	return RESULT(unlink(path));
}

int sys_rmdir(const char *path)
{
	SYS_POINT("rmdir");
	return RESULT(rmdir(path));
}

int sys_rename(const char *from, const char *to)
{
	SYS_POINT("rename");
	return RESULT(rename(from, to));
}

int sys_flock(int fd, int op)
{
	SYS_POINT("flock");
	return RETRY(flock(fd, op));
}

int sys_ioctl(int fd, unsigned long request, void *arg)
{
	SYS_POINT("ioctl");
	return RESULT(ioctl(fd, request, arg));
}

int sys_sethostname(const char *name)
{
	SYS_POINT("sethostname");
	return RESULT(sethostname(name, strlen(name)));
}

int sys_fionread(int fd, size_t *ret)
{
	SYS_POINT("fionread");
	int n = 0;
	int r = RESULT(ioctl(fd, FIONREAD, &n));
	if (r == 0)
		*ret = (size_t)n;
	return r;
}

ssize_t sys_splice(int from, int to, size_t n, unsigned int flags)
{
	SYS_POINT("splice");
	return RETRY(splice(from, NULL, to, NULL, n, flags));
}

ssize_t sys_tee(int from, int to, size_t n, unsigned int flags)
{
	SYS_POINT("tee");
	return RETRY(tee(from, to, n, flags));
}

void *sys_mmap_shared(int fd, size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

int sys_epoll_create(void)
{
	SYS_POINT("epoll_create");
	return RESULT(epoll_create1(EPOLL_CLOEXEC));
}

int sys_epoll_ctl(int epfd, int op, int fd, struct epoll_event *ev)
{
	SYS_POINT("epoll_ctl");
	return RESULT(epoll_ctl(epfd, op, fd, ev));
}

int sys_epoll_wait(int epfd, struct epoll_event *evs, int n, int timeout_ms)
{
	SYS_POINT("epoll_wait");
	return RESULT(epoll_wait(epfd, evs, n, timeout_ms));
}

int sys_signalfd(int fd, const sigset_t *set)
{
	SYS_POINT("signalfd");
	return RESULT(signalfd(fd, set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int sys_timerfd_create(clockid_t clock)
{
	SYS_POINT("timerfd_create");
	return RESULT(timerfd_create(clock, TFD_CLOEXEC | TFD_NONBLOCK));
}

int sys_timerfd_settime(int fd, int flags, const struct itimerspec *its)
{
	SYS_POINT("timerfd_settime");
	return RESULT(timerfd_settime(fd, flags, its, NULL));
}

int sys_eventfd(void)
{
	SYS_POINT("eventfd");
	return RESULT(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int sys_inotify_init(void)
{
	SYS_POINT("inotify_init");
	return RESULT(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
}

int sys_inotify_add(int fd, const char *path, uint32_t mask)
{
	SYS_POINT("inotify_add");
	return RESULT(inotify_add_watch(fd, path, mask));
}

int sys_inotify_rm(int fd, int wd)
{
	SYS_POINT("inotify_rm");
	return RESULT(inotify_rm_watch(fd, wd));
}

int sys_socket(int family, int type)
{
	SYS_POINT("socket");
	return RESULT(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

int sys_socketpair(int type, int ret[2])
{
	SYS_POINT("socketpair");
	int p[2] = { -1, -1 };
	int r = RESULT(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, p));
	if (r == 0) {
		ret[0] = p[0];
		ret[1] = p[1];
	}
	return r;
}

int sys_bind(int fd, const struct sockaddr *a, socklen_t n)
{
	SYS_POINT("bind");
	return RESULT(bind(fd, a, n));
}

int sys_listen(int fd, int backlog)
{
	SYS_POINT("listen");
	return RESULT(listen(fd, backlog));
}

int sys_accept(int fd)
{
	SYS_POINT("accept");
	return RETRY(accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

int sys_connect(int fd, const struct sockaddr *a, socklen_t n)
{
	SYS_POINT("connect");
	return RETRY(connect(fd, a, n));
}

ssize_t sys_sendmsg(int fd, const struct msghdr *m, int flags)
{
	SYS_POINT("sendmsg");
	return RETRY(sendmsg(fd, m, flags | MSG_NOSIGNAL));
}

ssize_t sys_recvmsg(int fd, struct msghdr *m, int flags)
{
	SYS_POINT("recvmsg");
	return RETRY(recvmsg(fd, m, flags | MSG_CMSG_CLOEXEC));
}

int sys_peercred(int fd, struct ucred *ret)
{
	SYS_POINT("peercred");
	socklen_t n = sizeof(*ret);
	return RESULT(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &n));
}

pid_t sys_fork(void)
{
	SYS_POINT("fork");
	return RESULT(fork());
}

pid_t sys_clone3(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	SYS_POINT("clone3");
	int pidfd = -1;
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };

	if (ret_pidfd) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	}
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	pid_t pid = (pid_t)RESULT(syscall(SYS_clone3, &args, sizeof(args)));
	if (pid > 0 && ret_pidfd)
		*ret_pidfd = pidfd;
	return pid;
}

int sys_pidfd_open(pid_t pid)
{
	SYS_POINT("pidfd_open");
	return (int)RESULT(syscall(SYS_pidfd_open, pid, 0));
}

int sys_pidfd_send_signal(int pidfd, int sig)
{
	SYS_POINT("pidfd_send_signal");
	return (int)RESULT(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

int sys_kill(pid_t pid, int sig)
{
	SYS_POINT("kill");
	return RESULT(kill(pid, sig));
}

int sys_waitid(idtype_t type, id_t id, siginfo_t *ret, int extra)
{
	SYS_POINT("waitid");
	siginfo_t info = { 0 };
	int r = RETRY(waitid(type, id, &info, WEXITED | WNOHANG | extra));
	if (r < 0)
		return r;
	if (info.si_pid == 0)
		return 0;
	*ret = info;
	return 1;
}

int sys_sigmask(int how, const sigset_t *set, sigset_t *ret_old)
{
	SYS_POINT("sigmask");
	return RESULT(sigprocmask(how, set, ret_old));
}

int sys_close_range(unsigned int from, unsigned int to, unsigned int flags)
{
	SYS_POINT("close_range");
	return (int)RESULT(syscall(SYS_close_range, from, to, flags));
}

int sys_prctl(int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	SYS_POINT("prctl");
	return RESULT(prctl(op, a, b, c, d));
}

int sys_getrlimit(int what, struct rlimit *ret)
{
	SYS_POINT("getrlimit");
	return RESULT(getrlimit((__rlimit_resource_t)what, ret));
}

int sys_setrlimit(int what, const struct rlimit *r)
{
	SYS_POINT("setrlimit");
	return RESULT(setrlimit((__rlimit_resource_t)what, r));
}

int sys_mount(const char *src, const char *dst, const char *type, unsigned long flags, const char *data)
{
	SYS_POINT("mount");
	return RESULT(mount(src, dst, type, flags, data));
}

int sys_umount(const char *dst, int flags)
{
	SYS_POINT("umount");
	return RESULT(umount2(dst, flags));
}

int sys_reboot(int cmd)
{
	SYS_POINT("reboot");
	return RESULT(reboot(cmd));
}

int sys_chown(const char *path, uid_t uid, gid_t gid)
{
	SYS_POINT("chown");
	return RESULT(chown(path, uid, gid));
}

int sys_chmod(const char *path, mode_t mode)
{
	SYS_POINT("chmod");
	return RESULT(chmod(path, mode));
}
