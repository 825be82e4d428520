#include "os/listener.h"

#include "base/own.h"
#include "os/steering.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tests/os/loopback.h"
#include "tests/skip.h"

#include <criterion/criterion.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define SEATS 4

static void enter(void)
{
	folder_enter();
	loopback_enter();
}

TestSuite(listener, .init = enter, .fini = folder_leave, .timeout = 60);

DEFINE_CLEANUP(struct listener *, listener_free)
#define cleanup_listener cleanup_with(listener_free)

static const struct listener_options plain = { .backlog = 128, .mode = -1, .uid = (uid_t)-1, .gid = (gid_t)-1 };
static const struct listener_options at_one = { .backlog = 128, .shared = true, .mode = -1, .uid = (uid_t)-1, .gid = (gid_t)-1 };

static struct listener *listener_at_port(enum listen_kind kind, const char *address, uint16_t port, const struct listener_options *o)
{
	struct listen_at at = loopback_at(kind, address, port);
	struct listener *l = NULL;

	cr_assert_eq(listener_new(&at, o, &l), 0);
	return l;
}

static unsigned int join(struct listener *l)
{
	unsigned int seat = 999;

	cr_assert_eq(listener_join(l, &seat), 0);
	return seat;
}

static void join_some(struct listener *l, unsigned int *ret, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ret[i] = join(l);
}

static bool is_listening(int fd)
{
	int yes = 0;
	socklen_t n = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &n) == 0 && yes;
}

static bool took(const struct listener *l, unsigned int seat)
{
	int fd = accept(listener_fd(l, seat), NULL, NULL);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* Waits until one of them has something: the last packet of a handshake may be under way yet when connect() returns. */
static void await(const struct listener *l, const unsigned int *seats, size_t n)
{
	static struct pollfd p[1024];

	for (size_t i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = listener_fd(l, seats[i]), .events = POLLIN };
	for (size_t i = 0; i < n; i++)
		if (p[i].fd >= 0 && listener_at(l)->kind == LISTEN_TCP && !is_listening(p[i].fd))
			p[i].fd = -1; /* it would say at once that it is hung up */
	cr_assert_gt(poll(p, n, -1), 0);
}

/* Connects so often, and counts where each was taken. */
static void count(const struct listener *l, uint16_t port, const unsigned int *seats, size_t n, unsigned int times, unsigned int *ret)
{
	memset(ret, 0, n * sizeof(*ret));
	for (unsigned int i = 0; i < times; i++) {
		cleanup_fd int fd = loopback_connect(LISTEN_TCP, "127.0.0.1", port);
		cr_assert_geq(fd, 0, "%s", strerror(errno));
		await(l, seats, n);
		unsigned int taken = 0;
		for (size_t k = 0; k < n; k++) {
			bool here = took(l, seats[k]);
			ret[k] += here;
			taken += here;
		}
		cr_assert_eq(taken, 1);
	}
}

static bool all_go_to(const struct listener *l, uint16_t port, const unsigned int *seats, size_t n, size_t which)
{
	unsigned int got[SEATS];

	count(l, port, seats, n, 100, got);
	return got[which] == 100;
}

Test(listener, connections_go_to_the_one_in_service_whichever_that_is)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seats[SEATS];

	join_some(l, seats, SEATS);
	cr_expect(listener_steers(l));
	for (size_t i = 0; i < SEATS; i++) {
		cr_assert_eq(listener_serve(l, seats[i], true), 0);
		cr_expect(all_go_to(l, port, seats, SEATS, i), "seat %zu", i);
		cr_assert_eq(listener_serve(l, seats[i], false), 0);
	}
}

Test(listener, a_second_seat_gets_nothing_before_it_serves)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seats[2];

	seats[0] = join(l);
	cr_assert_eq(listener_serve(l, seats[0], true), 0);
	seats[1] = join(l);
	cr_expect(all_go_to(l, port, seats, 2, 0));
}

Test(listener, connections_are_spread_over_those_in_service)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seats[SEATS], got[SEATS];

	join_some(l, seats, SEATS);
	/* With nobody in service everybody gets some; with all as well. One of four gets none of 200 by chance once in 10^24 runs. */
	for (int serve = 0; serve < 2; serve++) {
		count(l, port, seats, SEATS, 200, got);
		for (size_t i = 0; i < SEATS; i++) {
			cr_expect_gt(got[i], 10, "seat %zu: %u", i, got[i]);
			cr_assert_eq(listener_serve(l, seats[i], true), 0);
		}
	}
	cr_assert_eq(listener_serve(l, seats[0], false), 0);
	cr_assert_eq(listener_serve(l, seats[2], false), 0);
	count(l, port, seats, SEATS, 200, got);
	cr_expect_eq(got[0] + got[2], 0);
	cr_expect_gt(got[1], 10);
	cr_expect_gt(got[3], 10);
}

Test(listener, the_numbers_are_known_after_any_seat_has_left_and_come_back)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seats[SEATS];

	join_some(l, seats, SEATS);
	for (size_t leaves = 0; leaves < SEATS; leaves++) {
		size_t serves = (leaves + SEATS - 1) % SEATS;
		cr_assert_eq(listener_serve(l, seats[serves], true), 0);
		listener_leave(l, seats[leaves]);
		cr_expect_eq(listener_fd(l, seats[leaves]), -1);
		for (size_t other = 0; other < SEATS; other++) {
			unsigned int got[SEATS];
			if (other == leaves)
				continue;
			cr_assert_eq(listener_serve(l, seats[serves], false), 0);
			serves = other;
			cr_assert_eq(listener_serve(l, seats[serves], true), 0);
			count(l, port, seats, SEATS, 20, got);
			cr_expect_eq(got[other], 20, "%zu left, %zu serves: %u", leaves, other, got[other]);
		}
		cr_assert_eq(listener_serve(l, seats[serves], false), 0);
		seats[leaves] = join(l);
	}
}

/* For the moment in which the last one takes the number, and the program doesn't know it yet: a program without either goes before. */
Test(listener, connections_go_around_the_numbers_that_are_about_to_change)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seats[SEATS];

	join_some(l, seats, SEATS);
	cr_assert_eq(listener_serve(l, seats[1], true), 0);
	cr_assert_eq(listener_serve(l, seats[3], true), 0);
	sys_fake_reset();
	listener_leave(l, seats[0]);
	cr_expect_eq(sys_fake_count("reuseport_program"), 2);
	/* Now it is 3, 1, 2: nobody moves, or nobody else could take them. */
	sys_fake_reset();
	listener_leave(l, seats[2]);
	cr_expect_eq(sys_fake_count("reuseport_program"), 1);
	seats[0] = join(l);
	cr_assert_eq(listener_serve(l, seats[1], false), 0);
	sys_fake_reset();
	listener_leave(l, seats[3]);
	cr_expect_eq(sys_fake_count("reuseport_program"), 1);
}

/* The kernel keeps a socket for as long as any process has it: leaving ends the listening all the same. */
Test(listener, a_seat_that_leaves_listens_no_more_even_if_a_program_holds_it_still)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seats[2];

	join_some(l, seats, 2);
	cleanup_fd int held = dup(listener_fd(l, seats[0]));
	listener_leave(l, seats[0]);
	cr_expect(all_go_to(l, port, seats + 1, 1, 0));
	listener_leave(l, seats[1]);
	cr_expect_eq(loopback_connect(LISTEN_TCP, "127.0.0.1", port), -1);
	cr_expect_eq(errno, ECONNREFUSED);
	seats[0] = join(l);
	cr_expect(all_go_to(l, port, seats, 1, 0));
}

Test(listener, the_listening_that_a_program_ended_is_begun_again)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seats[SEATS];

	join_some(l, seats, SEATS);
	for (size_t i = 0; i < SEATS; i++)
		cr_expect_eq(listener_mend(l, seats[i]), 0);
	cr_assert_eq(listener_serve(l, seats[1], true), 0);
	cr_assert_eq(shutdown(listener_fd(l, seats[1]), SHUT_RDWR), 0);
	cr_expect_eq(listener_mend(l, seats[1]), 1);
	cr_expect_eq(listener_mend(l, seats[1]), 0);
	for (size_t i = 0; i < SEATS; i++) {
		cr_assert_eq(listener_serve(l, seats[i], true), 0);
		cr_assert_eq(listener_serve(l, seats[(i + 1) % SEATS], false), 0);
		cr_expect(all_go_to(l, port, seats, SEATS, i), "seat %zu", i);
		cr_assert_eq(listener_serve(l, seats[i], false), 0);
		cr_assert_eq(listener_serve(l, seats[(i + 2) % SEATS], true), 0);
		cr_assert_eq(listener_serve(l, seats[(i + 2) % SEATS], false), 0);
		cr_assert_eq(listener_serve(l, seats[(i + 1) % SEATS], true), 0);
	}
}

/* It is seen at the next change, without being told. */
Test(listener, others_are_steered_to_rightly_while_one_is_ended)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seats[SEATS];

	join_some(l, seats, SEATS);
	cr_assert_eq(shutdown(listener_fd(l, seats[0]), SHUT_RDWR), 0);
	for (size_t i = 1; i < SEATS; i++) {
		cr_assert_eq(listener_serve(l, seats[i], true), 0);
		cr_expect(all_go_to(l, port, seats, SEATS, i), "seat %zu", i);
		cr_assert_eq(listener_serve(l, seats[i], false), 0);
	}
}

/* Which of two was ended first is not known, and so not which of the others has which number. */
Test(listener, after_two_were_ended_at_once_nobody_is_missed_and_steering_comes_back)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seats[SEATS], got[SEATS];

	join_some(l, seats, SEATS);
	cr_assert_eq(listener_serve(l, seats[2], true), 0);
	cr_assert_eq(listener_serve(l, seats[3], true), 0);
	cr_assert_eq(shutdown(listener_fd(l, seats[1]), SHUT_RDWR), 0);
	cr_assert_eq(shutdown(listener_fd(l, seats[0]), SHUT_RDWR), 0);
	cr_expect_eq(listener_mend(l, seats[0]), 1);
	cr_expect_eq(listener_mend(l, seats[1]), 1);
	/* Both that are unsure serve: that much is known. */
	cr_expect(listener_steers(l));
	count(l, port, seats, SEATS, 100, got);
	cr_expect_eq(got[2] + got[3], 100);
	cr_expect_eq(listener_serve(l, seats[2], false), -ESTALE);
	cr_expect_not(listener_steers(l));
	count(l, port, seats, SEATS, 100, got);
	/* As soon as one of them is left, it is sure. */
	listener_leave(l, seats[2]);
	listener_leave(l, seats[3]);
	listener_leave(l, seats[0]);
	cr_expect(listener_steers(l));
	for (size_t i = 0; i < SEATS; i++)
		if (i != 1)
			seats[i] = join(l);
	for (size_t i = 0; i < SEATS; i++) {
		cr_assert_eq(listener_serve(l, seats[i], true), 0);
		cr_expect(all_go_to(l, port, seats, SEATS, i), "seat %zu", i);
		cr_assert_eq(listener_serve(l, seats[i], false), 0);
	}
}

/* Where only one has moved, it is known where to; whichever two they are. */
Test(listener, of_two_that_were_ended_at_once_the_numbers_are_mostly_known)
{
	for (size_t a = 0; a < SEATS; a++) {
		for (size_t b = 0; b < SEATS; b++) {
			uint16_t port = loopback_port(LISTEN_TCP);
			cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
			unsigned int seats[SEATS], got[SEATS];

			if (a == b || a + b == 1)
				continue;
			join_some(l, seats, SEATS);
			cr_assert_eq(shutdown(listener_fd(l, seats[a]), SHUT_RDWR), 0);
			cr_assert_eq(shutdown(listener_fd(l, seats[b]), SHUT_RDWR), 0);
			cr_expect_eq(listener_mend(l, seats[b]), 1);
			cr_expect_eq(listener_mend(l, seats[a]), 1);
			for (size_t i = 0; i < SEATS; i++) {
				cr_assert_eq(listener_serve(l, seats[i], true), 0);
				count(l, port, seats, SEATS, 20, got);
				cr_expect_eq(got[i], 20, "%zu and %zu ended, %zu serves: %u", a, b, i, got[i]);
				cr_assert_eq(listener_serve(l, seats[i], false), 0);
			}
		}
	}
}

/* A foreign socket: as another program would make it, reuse_port: one that lets others in beside it. */
static int foreign(enum listen_kind kind, const char *address, uint16_t port, bool reuse_port)
{
	struct listen_at at = loopback_at(kind, address, port);
	int one = 1, fd = socket(at.to.any.sa_family, kind == LISTEN_UDP ? SOCK_DGRAM : SOCK_STREAM, 0);

	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	if (reuse_port)
		cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
	cr_assert_eq(bind(fd, &at.to.any, at.len), 0);
	if (kind == LISTEN_TCP)
		cr_assert_eq(listen(fd, 10), 0);
	return fd;
}

Test(listener, an_address_that_is_taken_is_told_even_if_it_would_let_us_in)
{
	static const char *const addresses[] = { "127.0.0.1", "0.0.0.0", "::" };

	for (int kind = LISTEN_TCP; kind <= LISTEN_UDP; kind++) {
		for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
			for (int how = 0; how < 4; how++) {
				uint16_t port = loopback_port(kind);
				int theirs = foreign(kind, addresses[i], port, how & 1);
				cleanup_listener struct listener *l = listener_at_port(kind, "127.0.0.1", port, how & 2 ? &plain : &at_one);
				unsigned int seat = 999;
				size_t before = sys_fake_open_fds();

				cr_expect_eq(listener_join(l, &seat), -EADDRINUSE, "%s, %d", addresses[i], how);
				cr_expect_eq(seat, 999);
				cr_expect_eq(sys_fake_open_fds(), before);
				(void)close(theirs);
				cr_expect_eq(listener_join(l, &seat), 0);
			}
		}
	}
}

Test(listener, two_of_ours_are_not_at_one_address)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *a = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	cleanup_listener struct listener *b = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seat;

	(void)join(a);
	cr_expect_eq(listener_join(b, &seat), -EADDRINUSE);
}

static bool reaches(const struct listener *l, unsigned int seat, const char *address, uint16_t port)
{
	cleanup_fd int fd = loopback_connect(LISTEN_TCP, address, port);

	if (fd < 0)
		return false;
	await(l, &seat, 1);
	return took(l, seat);
}

Test(listener, a_bare_port_is_both_families_and_nobody_fits_beside_it)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, NULL, port, &plain);
	cleanup_listener struct listener *four = listener_at_port(LISTEN_TCP, "0.0.0.0", port, &plain);
	unsigned int seat = join(l), other;

	cr_expect(reaches(l, seat, "127.0.0.1", port));
	cr_expect(reaches(l, seat, "::1", port));
	cr_expect_eq(listener_join(four, &other), -EADDRINUSE);
}

Test(listener, one_of_ipv6_alone_leaves_the_other_family_to_others)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	struct listener_options six = plain;
	unsigned int seats[2], fours[2];

	six.v6only = true;
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "::", port, &six);
	cleanup_listener struct listener *four = listener_at_port(LISTEN_TCP, "0.0.0.0", port, &plain);
	join_some(l, seats, 2);
	join_some(four, fours, 2);
	cr_assert_eq(listener_serve(l, seats[1], true), 0);
	cr_assert_eq(listener_serve(four, fours[0], true), 0);
	for (int i = 0; i < 20; i++) {
		cr_expect(reaches(four, fours[0], "127.0.0.1", port));
		cr_expect(reaches(l, seats[1], "::1", port));
	}
}

Test(listener, a_bare_port_without_ipv6_is_every_address_of_ipv4)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, NULL, port, &at_one);

	sys_fake_fail("socket", 1, EAFNOSUPPORT);
	unsigned int seat = join(l);
	cr_expect(reaches(l, seat, "127.0.0.1", port));
	cr_expect_not(reaches(l, seat, "::1", port));
}

Test(listener, seats_that_share_one_socket_have_it_until_the_last_has_left)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &at_one);
	unsigned int a = join(l), b = join(l);
	struct stat st;

	cr_expect_neq(a, b);
	cr_expect_not(listener_steers(l));
	cr_expect_eq(listener_fd(l, a), listener_fd(l, b));
	cr_assert_eq(fstat(listener_fd(l, a), &st), 0);
	cr_expect_eq(listener_inode(l, a), st.st_ino);
	cr_expect_eq(listener_serve(l, a, true), 0);
	cr_expect_eq(shutdown(listener_fd(l, a), SHUT_RDWR), 0);
	cr_expect_eq(listener_mend(l, b), 1);
	listener_leave(l, a);
	cr_expect_eq(listener_fd(l, a), -1);
	cr_expect(reaches(l, b, "127.0.0.1", port));
	listener_leave(l, b);
	cr_expect_not(reaches(l, b, "127.0.0.1", port));
	b = join(l);
	cr_expect(reaches(l, b, "127.0.0.1", port));
}

/* Comes to that number, or the suite's time is over. */
static void await_queue(const struct listener *l, unsigned int seat, ssize_t n)
{
	while (listener_waiting(l, seat) != n)
		(void)sched_yield();
}

Test(listener, what_waits_is_counted)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seats[2];
	int fds[5];

	join_some(l, seats, 2);
	cr_assert_eq(listener_serve(l, seats[1], true), 0);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = loopback_connect(LISTEN_TCP, "127.0.0.1", port);
		await_queue(l, seats[1], (ssize_t)i + 1);
	}
	cr_expect_eq(listener_waiting(l, seats[0]), 0);
	cr_expect(took(l, seats[1]));
	await_queue(l, seats[1], 4);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		(void)close(fds[i]);
	cr_assert_eq(shutdown(listener_fd(l, seats[1]), SHUT_RDWR), 0);
	cr_expect_eq(listener_waiting(l, seats[1]), 0);
	listener_leave(l, seats[1]);
	cr_expect_eq(listener_waiting(l, seats[1]), -EBADF);
}

static unsigned int backlog_of(int fd)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	cr_assert_eq(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
	return info.tcpi_sacked;
}

Test(listener, the_queue_is_as_long_as_was_asked_for_and_a_programs_shorter_one_is_put_right)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seat = join(l);

	cr_expect_eq(backlog_of(listener_fd(l, seat)), 128);
	cr_assert_eq(listen(listener_fd(l, seat), 3), 0);
	cr_expect_eq(listener_mend(l, seat), 0);
	cr_expect_eq(backlog_of(listener_fd(l, seat)), 128);
}

/* Where the kernel is told to, what waits at a seat that leaves goes to another. */
Test(listener, what_waits_moves_where_the_kernel_migrates_it)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	cleanup_fd int sysctl = open("/proc/sys/net/ipv4/tcp_migrate_req", O_WRONLY | O_CLOEXEC);
	unsigned int seats[3];

	if (!loopback_is_own || sysctl < 0 || write(sysctl, "1", 1) != 1)
		skip_test("net.ipv4.tcp_migrate_req can't be set here");
	join_some(l, seats, 3);
	cr_assert_eq(listener_serve(l, seats[0], true), 0);
	cleanup_fd int client = loopback_connect(LISTEN_TCP, "127.0.0.1", port);
	await_queue(l, seats[0], 1);
	cr_assert_eq(listener_serve(l, seats[1], true), 0);
	cr_assert_eq(listener_serve(l, seats[0], false), 0);
	listener_leave(l, seats[0]);
	cr_expect_eq(listener_waiting(l, seats[1]) + listener_waiting(l, seats[2]), 1);
	cr_expect_eq(took(l, seats[1]) + took(l, seats[2]), 1);
	for (size_t i = 1; i < 3; i++) {
		cr_assert_eq(listener_serve(l, seats[i], true), 0);
		cr_assert_eq(listener_serve(l, seats[3 - i], false), 0);
		cr_expect(all_go_to(l, port, seats + 1, 2, i - 1));
		/* Ended and begun again, it is the last one here too. */
		cr_assert_eq(shutdown(listener_fd(l, seats[1]), SHUT_RDWR), 0);
		cr_expect_eq(listener_mend(l, seats[1]), 1);
		cr_expect(all_go_to(l, port, seats + 1, 2, i - 1));
	}
}

/* Sends from one socket, or from a new one each time; counts what each seat got. */
static void count_datagrams(const struct listener *l, const char *address, uint16_t port, bool one_sender, const unsigned int *seats, size_t n,
			    unsigned int *ret)
{
	int fd = -1;
	char c;

	memset(ret, 0, n * sizeof(*ret));
	for (unsigned int i = 0; i < 100; i++) {
		if (fd < 0)
			fd = loopback_connect(LISTEN_UDP, address, port);
		cr_assert_eq(send(fd, "x", 1, 0), 1);
		await(l, seats, n);
		for (size_t k = 0; k < n; k++)
			ret[k] += recv(listener_fd(l, seats[k]), &c, 1, MSG_DONTWAIT) == 1;
		if (!one_sender)
			close_fd(&fd);
	}
	close_fd(&fd);
}

Test(listener, datagrams_of_one_sender_stay_together_and_senders_are_spread_over_those_in_service)
{
	for (int six = 0; six < 2; six++) {
		const char *address = six ? "::1" : "127.0.0.1";
		uint16_t port = loopback_port(LISTEN_UDP);
		cleanup_listener struct listener *l = listener_at_port(LISTEN_UDP, address, port, &plain);
		unsigned int seats[SEATS], got[SEATS];

		join_some(l, seats, SEATS);
		cr_expect(listener_steers(l));
		cr_expect_eq(listener_waiting(l, seats[0]), 0);
		cr_expect_eq(listener_mend(l, seats[0]), 0);
		for (size_t i = 0; i < 2; i++)
			cr_assert_eq(listener_serve(l, seats[2 * i], true), 0);
		count_datagrams(l, address, port, false, seats, SEATS, got);
		cr_expect_eq(got[0] + got[2], 100);
		cr_expect_gt(got[0], 10);
		cr_expect_gt(got[2], 10);
		count_datagrams(l, address, port, true, seats, SEATS, got);
		cr_expect(got[0] == 100 || got[2] == 100);
		/* The last takes number 0. */
		listener_leave(l, seats[0]);
		cr_assert_eq(listener_serve(l, seats[3], true), 0);
		cr_assert_eq(listener_serve(l, seats[2], false), 0);
		count_datagrams(l, address, port, false, seats + 1, SEATS - 1, got);
		cr_expect_eq(got[2], 100);
	}
}

Test(listener, shared_datagrams_come_to_one_socket)
{
	uint16_t port = loopback_port(LISTEN_UDP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_UDP, NULL, port, &at_one);
	unsigned int seats[1] = { join(l) }, got[1];

	count_datagrams(l, "127.0.0.1", port, false, seats, 1, got);
	cr_expect_eq(got[0], 100);
	count_datagrams(l, "::1", port, false, seats, 1, got);
	cr_expect_eq(got[0], 100);
}

/* On and off in turn is the longest program. */
Test(listener, a_thousand_seats_are_steered_to)
{
	struct rlimit limit = { .rlim_cur = 2048, .rlim_max = 2048 };
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	static unsigned int seats[1024], got[1024];

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		skip_test("no 2048 descriptors here");
	join_some(l, seats, 1024);
	for (size_t i = 0; i < 1024; i += 2)
		(void)listener_serve(l, seats[i], true);
	cr_expect(listener_steers(l));
	count(l, port, seats, 1024, 50, got);
	for (size_t i = 1; i < 1024; i += 2)
		cr_expect_eq(got[i], 0);
}

Test(listener, a_program_that_is_too_long_or_for_nobody_is_refused)
{
	static bool on[5000];
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_fd int fd = foreign(LISTEN_TCP, "127.0.0.1", port, true);

	cr_expect_eq(steering_put(fd, on, 1, false), -EINVAL);
	for (size_t i = 0; i < ARRAY_LEN(on); i += 2)
		on[i] = true;
	cr_expect_eq(steering_put(fd, on, ARRAY_LEN(on), false), -E2BIG);
}

Test(listener, where_no_program_can_be_put_the_kernel_spreads)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seats[SEATS], got[SEATS];

	join_some(l, seats, SEATS);
	cr_assert_eq(listener_serve(l, seats[0], true), 0);
	/* The program that is in place goes too: its numbers would be wrong soon. */
	sys_fake_fail("reuseport_program", 1, EPERM);
	cr_expect_eq(listener_serve(l, seats[0], true), -EPERM);
	cr_expect_not(listener_steers(l));
	count(l, port, seats, SEATS, 200, got);
	for (size_t i = 0; i < SEATS; i++)
		cr_expect_gt(got[i], 10);
	cr_expect_eq(listener_serve(l, seats[0], true), 0);
	cr_expect(all_go_to(l, port, seats, SEATS, 0));
}

/* Each call of a join fails in turn: nothing stays, and the next one works. */
Test(listener, a_step_that_fails_leaves_nothing_behind)
{
	static const char *const calls[] = { "socket", "sockopt", "bind", "fstat", "listen" };
	size_t failed = 0;

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		for (unsigned int nth = 1; nth <= 8; nth++) {
			for (unsigned int held = 0; held < 2; held++) {
				uint16_t port = loopback_port(LISTEN_TCP);
				cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "::1", port, &plain);
				unsigned int seat = 999;

				if (held)
					(void)join(l);
				size_t before = sys_fake_open_fds();
				sys_fake_reset();
				sys_fake_fail(calls[i], nth, ENOBUFS);
				if (listener_join(l, &seat) < 0) {
					failed++;
					cr_expect_eq(seat, 999);
					cr_expect_eq(sys_fake_open_fds(), before, "%s %u", calls[i], nth);
					cr_expect_eq(listener_join(l, &seat), 0);
				}
				sys_fake_reset();
				cr_expect(held || reaches(l, seat, "::1", port), "%s %u", calls[i], nth);
			}
		}
	}
	/* socket 2+1, sockopt 5+3, bind 2+1, fstat 1+1, listen 1+1 */
	cr_expect_eq(failed, 18, "%zu", failed);
}

Test(listener, the_last_descriptors_are_not_taken)
{
	struct rlimit limit = { .rlim_cur = 64, .rlim_max = 64 };
	uint16_t port = loopback_port(LISTEN_TCP);
	cleanup_listener struct listener *l = listener_at_port(LISTEN_TCP, "127.0.0.1", port, &plain);
	unsigned int seat;
	int r = 0;

	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < 64 && r == 0; i++)
		r = listener_join(l, &seat);
	cr_expect_eq(r, -EMFILE);
	cr_expect_leq(sys_fake_open_fds(), 48);
	cr_expect(listener_steers(l));
}
