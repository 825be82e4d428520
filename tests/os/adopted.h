/* adopted - a child under the filter of notice.h: build/prog in its mode `serve`, with its output in a pipe. */
#ifndef PM1_TESTS_ADOPTED_H
#define PM1_TESTS_ADOPTED_H

#include "tests/os/spawned.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libgen.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#define ADOPTED_STEPS_MAX 24

struct adopted_child {
	struct spawn_job job;
	struct spawned s;
	char prog[512];
	char *argv[ADOPTED_STEPS_MAX + 3];
	int out, out_childs; /* -1 */
	char said[4096];
	size_t n_said;
};

/* build/prog lies beside the pm1 that is tested. */
static inline const char *adopted_prog(char *buf, size_t size)
{
	char pm1[400];

	cr_assert_not_null(getenv("PM1"), "PM1 is the binary to run: see the Makefile's target unit");
	snprintf(pm1, sizeof(pm1), "%s", getenv("PM1"));
	snprintf(buf, size, "%s/prog", dirname(pm1));
	cr_assert_eq(access(buf, X_OK), 0, "%s: make build/prog", buf);
	return buf;
}

static inline void adopted_prepare(struct adopted_child *c, char *const *steps)
{
	int p[2];
	size_t n = 0;

	*c = (struct adopted_child){ .out = -1 };
	c->argv[0] = (char *)adopted_prog(c->prog, sizeof(c->prog));
	c->argv[1] = (char *)"serve";
	for (; steps[n] && n < ADOPTED_STEPS_MAX; n++)
		c->argv[n + 2] = steps[n];
	cr_assert_eq(pipe2(p, O_CLOEXEC), 0);
	c->out = p[0];
	c->out_childs = p[1];
	c->job = spawned_job(c->argv);
	c->job.adopt = true;
	c->job.out_fd = c->out_childs;
}

static inline void adopted_started(struct adopted_child *c)
{
	close_fd(&c->out_childs);
}

static inline void adopted_drop(struct adopted_child *c)
{
	close_fd(&c->out);
	close_fd(&c->out_childs);
}

static inline void adopted_go(struct adopted_child *c)
{
	cr_assert_eq(spawn_start(&c->job, &c->s), 0);
	adopted_started(c);
	cr_assert_geq(c->s.adopt_fd, 0);
	cr_expect(fcntl(c->s.adopt_fd, F_GETFL) & O_NONBLOCK);
	cr_expect(fcntl(c->s.adopt_fd, F_GETFD) & FD_CLOEXEC);
}

static inline void adopted_start(struct adopted_child *c, char *const *steps, const struct ids *ids)
{
	adopted_prepare(c, steps);
	c->job.ids = ids;
	adopted_go(c);
}

static inline void adopted_await(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	cr_assert_eq(poll(&p, 1, 60000), 1);
	cr_assert(p.revents & POLLIN, "events %x", p.revents);
}

/* All that it says until it closes its output. */
static inline const char *adopted_said(struct adopted_child *c)
{
	for (ssize_t n; (n = read(c->out, c->said + c->n_said, sizeof(c->said) - 1 - c->n_said)) > 0;)
		c->n_said += (size_t)n;
	return c->said;
}

static inline int adopted_end(struct adopted_child *c)
{
	close_fd(&c->s.adopt_fd);
	adopted_drop(c);
	return spawned_end(&c->s);
}

/* A listening socket at a place that the kernel chooses; *ret_port may be NULL. `address` is numeric. */
static inline int adopted_hold(int family, const char *address, uint16_t *ret_port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} a = { .any = { .sa_family = (sa_family_t)family } };
	socklen_t n = family == AF_INET ? sizeof(a.in) : family == AF_INET6 ? sizeof(a.in6) : sizeof(sa_family_t);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (address)
		(void)inet_pton(family, address, family == AF_INET ? (void *)&a.in.sin_addr : (void *)&a.in6.sin6_addr);
	cr_assert_eq(bind(fd, &a.any, n), 0);
	cr_assert_eq(listen(fd, 64), 0);
	n = sizeof(a);
	cr_assert_eq(getsockname(fd, &a.any, &n), 0);
	if (ret_port)
		*ret_port = ntohs(a.in.sin_port);
	return fd;
}

#endif
