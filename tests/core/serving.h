/* serving - a service with held sockets in a network of the test's own, and its clients.
 *
 * What host.h has around a service, and `prog serve-fds` (tests/live/heldserver.h) as its program: each connection and each datagram is
 * answered with a line. */
#ifndef PM1_TESTS_SERVING_H
#define PM1_TESTS_SERVING_H

#include "core/held.h"
#include "core/sockets.h"
#include "tests/core/host.h"
#include "tests/os/adopted.h"
#include "tests/os/loopback.h"

#include <stdarg.h>
#include <sys/un.h>

static uint16_t port; /* a free one */

static inline void serving_begin(void)
{
	host_begin();
	loopback_enter();
	port = loopback_port(LISTEN_TCP);
}

/* The service with these keys: % PROG, @ the test's folder, # the port. */
static inline void serving_service(const char *keys)
{
	char text[2048] = "[service:web]\n", prog[400];
	size_t n = strlen(text);

	(void)adopted_prog(prog, sizeof(prog));
	for (const char *p = keys; *p; p++)
		n += (size_t)(*p == '%' ? snprintf(text + n, sizeof(text) - n, "%s", prog) :
			      *p == '@' ? snprintf(text + n, sizeof(text) - n, "%s", folder) :
			      *p == '#' ? snprintf(text + n, sizeof(text) - n, "%u", port) :
					  snprintf(text + n, sizeof(text) - n, "%c", *p));
	host_service(text);
	sockets_set(service, NULL);
}

static inline void serving_online(const char *keys)
{
	serving_service(keys);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
}

/* A client of address i, connected. */
static inline int serving_connect(size_t i)
{
	const struct listen_at *at = seat_at(service->seat, i);
	int fd = socket(at->to.any.sa_family, (at->kind == LISTEN_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

	cr_assert_eq(connect(fd, &at->to.any, at->len), 0, "%s: %s", at->text, strerror(errno));
	if (at->kind == LISTEN_UDP)
		cr_assert_eq(send(fd, "x", 1, 0), 1);
	return fd;
}

/* The answer of a program that runs: its pid, or -1 when the connection is at its end. The suite's time is the limit. */
static inline pid_t serving_answer(int fd)
{
	char line[64];
	ssize_t n = recv(fd, line, sizeof(line) - 1, 0);

	if (n <= 0)
		return -1;
	line[n] = 0;
	return (pid_t)strtol(line, NULL, 10);
}

#endif
