/* sys_trace - the rest of sys.h: what looks into another process, or answers its system calls. */
#include "base/sys.h"

#include "base/banned.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* As in sys.c: a test's build makes a call fail here. */
#ifndef SYS_POINT
#define SYS_POINT(name)
#endif

int sys_seccomp(unsigned int op, unsigned int flags, const void *arg)
{
	SYS_POINT("seccomp");
	int r = (int)syscall(SYS_seccomp, op, flags, arg);
	return r < 0 ? -errno : r;
}

int sys_notif_recv(int fd, struct seccomp_notif *ret)
{
	SYS_POINT("notif_recv");
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, ret) < 0 ? -errno : 0;
}

int sys_notif_send(int fd, struct seccomp_notif_resp *answer)
{
	SYS_POINT("notif_send");
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, answer) < 0 ? -errno : 0;
}

int sys_notif_valid(int fd, uint64_t id)
{
	SYS_POINT("notif_valid");
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0 ? -errno : 0;
}

int sys_notif_addfd(int fd, const struct seccomp_notif_addfd *add)
{
	SYS_POINT("notif_addfd");
	int r = ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, add);
	return r < 0 ? -errno : r;
}

int sys_pidfd_getfd(int pidfd, int fd)
{
	SYS_POINT("pidfd_getfd");
	int r = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	return r < 0 ? -errno : r;
}

ssize_t sys_getxattr(const char *path, const char *name, void *buf, size_t size)
{
	SYS_POINT("getxattr");
	ssize_t n = getxattr(path, name, buf, size);
	return n < 0 ? -errno : n;
}

int sys_sockopt_get(int fd, int level, int name, int *ret)
{
	int value = 0;
	socklen_t n = sizeof(value);

	SYS_POINT("sockopt_get");
	if (getsockopt(fd, level, name, &value, &n) < 0)
		return -errno;
	*ret = value;
	return 0;
}
