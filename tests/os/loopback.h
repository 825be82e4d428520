/* loopback - sockets of a test's own: a network namespace with nothing but lo, and addresses in it.
 *
 * Who isn't root makes it in a user namespace. Where neither may be made, ports that were free a moment ago have to do; then a test that runs
 * beside this one can be given the same. */
#ifndef PM1_TESTS_LOOPBACK_H
#define PM1_TESTS_LOOPBACK_H

#include "model/listen.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool loopback_is_own;

static inline void loopback_enter(void)
{
	struct ifreq lo = { .ifr_name = "lo" };

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(ioctl(fd, SIOCGIFFLAGS, &lo), 0);
	lo.ifr_flags |= IFF_UP;
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	(void)close(fd);
	loopback_is_own = true;
}

/* address NULL: a bare port. */
static inline struct listen_at loopback_at(enum listen_kind kind, const char *address, uint16_t port)
{
	struct listen_at at = { .kind = kind, .any = !address };

	if (!address || strchr(address, ':')) {
		at.to.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		at.len = sizeof(at.to.in6);
		cr_assert_eq(inet_pton(AF_INET6, address ? address : "::", &at.to.in6.sin6_addr), 1);
	} else {
		at.to.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
		at.len = sizeof(at.to.in);
		cr_assert_eq(inet_pton(AF_INET, address, &at.to.in.sin_addr), 1);
	}
	return at;
}

static inline uint16_t loopback_port(enum listen_kind kind)
{
	struct listen_at at = loopback_at(kind, "::", 0);
	socklen_t n = at.len;
	int fd = socket(AF_INET6, kind == LISTEN_UDP ? SOCK_DGRAM : SOCK_STREAM, 0);

	cr_assert_eq(bind(fd, &at.to.any, at.len), 0);
	cr_assert_eq(getsockname(fd, &at.to.any, &n), 0);
	(void)close(fd);
	return ntohs(at.to.in6.sin6_port);
}

/* A client's socket, connected; -1 with errno. A server that doesn't accept must not hold up the test. */
static inline int loopback_connect(enum listen_kind kind, const char *address, uint16_t port)
{
	struct listen_at at = loopback_at(kind, address, port);
	int fd = socket(at.to.any.sa_family, (kind == LISTEN_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

	if (connect(fd, &at.to.any, at.len) == 0)
		return fd;
	int err = errno;
	(void)close(fd);
	errno = err;
	return -1;
}

#endif
