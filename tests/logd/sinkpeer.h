/* sinkpeer - the other side of a sink, as a test plays it: real sockets at a path of the test's folder, or on the loopback. */
#ifndef PM1_TESTS_SINKPEER_H
#define PM1_TESTS_SINKPEER_H

#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <sys/un.h>
#include <unistd.h>

/* A datagram socket at the path, anew. */
static inline int peer_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	cr_assert_eq(text_copy(a.sun_path, sizeof(a.sun_path), path), 0);
	(void)unlink(path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* A socket with a port of its own on 127.0.0.1 (*port 0: any); a tcp one doesn't listen yet. */
static inline int peer_inet(int type, uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(*port) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

/* Reads what there is now, up to `most` reads, at the end of buf. Stores how many reads (datagrams) there were. */
static inline size_t peer_read(int fd, char *buf, size_t size, size_t most, size_t *ret_reads)
{
	size_t n = 0, reads = 0;
	ssize_t r;

	while (reads < most && n < size - 1 && (r = recv(fd, buf + n, size - 1 - n, 0)) > 0) {
		n += (size_t)r;
		reads++;
	}
	buf[n] = 0;
	if (ret_reads)
		*ret_reads = reads;
	return n;
}

#endif
