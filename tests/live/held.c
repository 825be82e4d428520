#include "tests/live/held.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

void held_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	cr_assert_eq(unshare(CLONE_NEWNET), 0, "unshare: %s", strerror(errno));
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0, "lo: %s", strerror(errno));
	cr_assert_eq(close(fd), 0);
}

static int connect_to(int family, const void *to, socklen_t n)
{
	struct timeval patience = { .tv_sec = LIVE_WAIT };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	if (connect(fd, to, n) == 0)
		return fd;
	int err = errno;
	(void)close(fd);
	return -err;
}

int held_connect(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return connect_to(AF_INET, &a, sizeof(a));
}

int held_connect_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return connect_to(AF_UNIX, &a, sizeof(a));
}

pid_t held_answer(int fd, int *ret_instance)
{
	char line[64];
	size_t n = 0;
	int pid = -1, instance = -1;

	while (n < sizeof(line) - 1) {
		ssize_t r = recv(fd, line + n, sizeof(line) - 1 - n, 0);
		cr_assert(r >= 0 || errno == ECONNRESET, "no answer: %s", strerror(errno));
		if (r <= 0)
			break;
		n += (size_t)r;
		if (line[n - 1] == '\n')
			break;
	}
	line[n] = 0;
	(void)sscanf(line, "%d %d", &pid, &instance);
	if (ret_instance)
		*ret_instance = instance;
	return pid;
}

pid_t held_pid(struct live *l, const char *name)
{
	return (pid_t)live_get(l, name, "pid");
}

pid_t held_ask(int port, int *ret_instance)
{
	int fd = held_connect(port);

	if (fd < 0)
		return fd;
	pid_t pid = held_answer(fd, ret_instance);
	cr_assert_eq(close(fd), 0);
	return pid;
}
