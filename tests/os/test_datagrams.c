#include "os/datagrams.h"

#include "base/own.h"
#include "tests/fakes/sys_fake.h"
#include "tests/os/loopback.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <time.h>

TestSuite(datagrams, .init = loopback_enter, .timeout = 60);

static int bound(struct listen_at *at)
{
	int fd = socket(at->to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, &at->to.any, at->len), 0);
	return fd;
}

static void read_one(int fd)
{
	char c;

	cr_assert_eq(recv(fd, &c, 1, 0), 1);
}

/* Whoever reads it, through whichever descriptor: it is the socket that is asked. */
Test(datagrams, the_last_one_that_was_read_is_told_whoever_read_it)
{
	static const char *const addresses[] = { "127.0.0.1", "::1" };

	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		struct listen_at at = loopback_at(LISTEN_UDP, addresses[i], loopback_port(LISTEN_UDP));
		cleanup_fd int fd = bound(&at);
		cleanup_fd int programs = dup(fd);
		cleanup_fd int client = loopback_connect(LISTEN_UDP, addresses[i], listen_port(&at));
		usec_t first = 77, again, now;

		cr_expect_eq(datagrams_read(fd, &first), -ENOENT);
		cr_expect_eq(first, 77);
		cr_expect_eq(datagrams_wait(fd), 0);
		cr_assert_eq(send(client, "x", 1, 0), 1);
		while (datagrams_wait(fd) == 0)
			(void)sched_yield();
		cr_expect_eq(datagrams_wait(fd), 1);
		cr_expect_eq(datagrams_read(fd, &first), -ENOENT, "nobody has read it");
		read_one(programs);
		cr_expect_eq(datagrams_wait(fd), 0);
		cr_expect_eq(datagrams_read(fd, &first), 0);
		cr_expect_eq(datagrams_read(fd, &again), 0);
		cr_expect_eq(first, again, "it is told again as it was");
		/* The next ones are later, as soon as the kernel's clock has gone on. */
		do {
			cr_assert_eq(send(client, "x", 1, 0), 1);
			read_one(programs);
			cr_expect_eq(datagrams_read(fd, &again), 0);
		} while (again == first);
		now = clock_wall();
		cr_expect(again > first && again <= now, "%llu %llu", (unsigned long long)again, (unsigned long long)now);
	}
}

Test(datagrams, what_is_no_socket_is_an_error)
{
	usec_t t = 77;
	int fd = dup(0);

	cr_assert_eq(close(fd), 0);
	cr_expect_eq(datagrams_read(fd, &t), -EBADF);
	cr_expect_eq(t, 77);
	sys_fake_fail("poll", 1, ENOMEM);
	cr_expect_eq(datagrams_wait(fd), -ENOMEM);
}
