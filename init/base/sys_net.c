/* sys_net - the rest of sys.h: what sending to other machines, and listening for them, needs of sockets. */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
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

int sys_socket_of(int family, int type, int protocol)
{
	SYS_POINT("socket");
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	return fd < 0 ? -errno : fd;
}

int sys_shutdown(int fd)
{
	SYS_POINT("shutdown");
	return shutdown(fd, SHUT_RDWR) < 0 ? -errno : 0;
}

int sys_poll_now(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	int r;

	SYS_POINT("poll");
	do
		r = poll(&p, 1, 0);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : p.revents;
}

int sys_reuseport_program(int fd, const struct sock_fprog *program)
{
	int none = 0;

	SYS_POINT("reuseport_program");
	if (program)
		return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, program, sizeof(*program)) < 0 ? -errno : 0;
	return setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &none, sizeof(none)) < 0 ? -errno : 0;
}

int sys_listen_queue(int fd, size_t *ret)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	SYS_POINT("listen_queue");
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
		return -errno;
	*ret = info.tcpi_state == TCP_LISTEN ? info.tcpi_unacked : 0;
	return 0;
}

int sys_bind_masked(int fd, const struct sockaddr *a, socklen_t n, mode_t mask)
{
	SYS_POINT("bind");
	mode_t before = umask(mask);
	int r = bind(fd, a, n) < 0 ? -errno : 0;
	(void)umask(before);
	return r;
}

int sys_chown_opened(int fd, uid_t uid, gid_t gid)
{
	SYS_POINT("chown");
	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
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
