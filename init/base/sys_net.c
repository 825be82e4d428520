/* sys_net - the rest of sys.h: what sending to other machines needs of sockets. */
#include "base/sys.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* As in sys.c: a test's build makes a call fail here. */
#ifndef SYS_POINT
#define SYS_POINT(name)
#endif

int sys_sock_error(int fd)
{
	int error = 0;
	socklen_t n = sizeof(error);

	SYS_POINT("sock_error");
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 ? -errno : -error;
}

int sys_sockopt(int fd, int level, int name, int value)
{
	SYS_POINT("sockopt");
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

int sys_unacked(int fd, size_t *ret)
{
	int n = 0;

	SYS_POINT("unacked");
	if (ioctl(fd, SIOCOUTQ, &n) < 0)
		return -errno;
	*ret = n > 0 ? (size_t)n : 0;
	return 0;
}

bool sys_is_own_peer(int fd)
{
	struct sockaddr_storage us = { 0 }, them = { 0 };
	socklen_t n = sizeof(us), m = sizeof(them);

	return getsockname(fd, (struct sockaddr *)&us, &n) == 0 && getpeername(fd, (struct sockaddr *)&them, &m) == 0 && n == m &&
	       memcmp(&us, &them, n) == 0;
}

int sys_hostname(char *buf, size_t size)
{
	SYS_POINT("hostname");
	if (gethostname(buf, size) < 0)
		return -errno;
	buf[size - 1] = 0;
	return 0;
}
