#include "core/held.h"

#include "base/log.h"
#include "base/own.h"
#include "base/text.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tests/model/load.h"
#include "tests/os/loopback.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <sys/stat.h>

#define SEATS 3

static void enter(void)
{
	folder_enter();
	loopback_enter();
	log_setup(-1, LOG_ERROR, false);
}

TestSuite(held, .init = enter, .fini = folder_leave, .timeout = 60);

DEFINE_CLEANUP(struct seat *, seat_free)
#define cleanup_seat cleanup_with(seat_free)

/* The spec of a service with these keys; @ stands for the test's folder. Freed with the process. */
static const struct spec *spec_of(const char *keys, ...)
{
	static struct loaded all[16];
	static size_t n;
	char text[1024] = "[service:web]\ncommand = true\n", expanded[1024];
	size_t k = strlen(text);
	va_list args;

	va_start(args, keys);
	(void)vsnprintf(text + k, sizeof(text) - k, keys, args);
	va_end(args);
	k = 0;
	for (const char *p = text; *p; p++)
		k += (size_t)(*p == '@' ? snprintf(expanded + k, sizeof(expanded) - k, "%s", folder) :
					  snprintf(expanded + k, sizeof(expanded) - k, "%c", *p));
	cr_assert_lt(n, ARRAY_LEN(all));
	all[n] = load_good(expanded);
	return all[n++].c.specs[0];
}

static struct seat *seat_of(const struct spec *spec, const struct seat *sibling)
{
	struct seat *s = NULL;

	cr_assert_eq(seat_new(spec, sibling, &s), 0);
	return s;
}

static int take(struct seat *s)
{
	char why[256];
	struct text t = TEXT_INIT(why);

	return seat_take(s, &t);
}

static bool is_answered(const struct listen_at *at)
{
	cleanup_fd int fd = socket(at->to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, &at->to.any, at->len) == 0;
}

static bool port_is_answered(uint16_t port)
{
	struct listen_at at = loopback_at(LISTEN_TCP, "127.0.0.1", port);

	return is_answered(&at);
}

/* Which of the seats has a connection at address i; it is accepted and closed. -1 none. */
static int who_has_one(struct seat *const *seats, size_t n, size_t i)
{
	for (size_t k = 0; k < n; k++) {
		struct pollfd p = { .fd = seat_fd(seats[k], i), .events = POLLIN };
		if (p.fd < 0 || poll(&p, 1, 0) != 1)
			continue;
		int fd = accept(p.fd, NULL, NULL);
		cr_assert_geq(fd, 0);
		(void)close(fd);
		return (int)k;
	}
	return -1;
}

/* The end of the handshake may be under way yet; the suite's time is the limit. */
static int who_gets(struct seat *const *seats, size_t n, size_t i)
{
	cleanup_fd int fd = socket(seat_at(seats[0], i)->to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int who;

	cr_assert_eq(connect(fd, &seat_at(seats[0], i)->to.any, seat_at(seats[0], i)->len), 0);
	while ((who = who_has_one(seats, n, i)) < 0)
		(void)sched_yield();
	return who;
}

Test(held, no_seat_has_nothing)
{
	cr_expect_eq(seat_count(NULL), 0);
	cr_expect_eq(seat_waiting(NULL), 0);
	cr_expect_not(seat_steers(NULL));
	cr_expect_not(seat_serves(NULL));
	cr_expect_str_eq(seat_refused(NULL), "");
	seat_serve(NULL, true);
	seat_clear(NULL);
	seat_leave(NULL);
	seat_free(NULL);
}

Test(held, instances_have_sockets_of_their_own_at_one_port_and_share_a_path)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	const struct spec *spec = spec_of("instances = 2\nlisten = http=tcp:127.0.0.1:%u unix:@/web.sock\n", port);
	cleanup_seat struct seat *a = seat_of(spec, NULL);
	cleanup_seat struct seat *b = seat_of(spec, a);
	struct stat st;

	cr_expect_eq(seat_fd(a, 0), -1, "nothing is bound yet");
	cr_expect_eq(take(a), 0);
	cr_expect_eq(take(b), 0);
	cr_expect_eq(seat_count(b), 2);
	cr_expect_str_eq(seat_at(b, 0)->name, "http");
	cr_expect_neq(seat_inode(a, 0), seat_inode(b, 0));
	cr_expect_eq(seat_inode(a, 1), seat_inode(b, 1));
	cr_expect(seat_is_alone(a, 0) && seat_is_alone(b, 0));
	cr_expect_not(seat_is_alone(a, 1) || seat_is_alone(b, 1));
	cr_assert_eq(fstat(seat_fd(a, 0), &st), 0);
	cr_expect_eq(seat_inode(a, 0), st.st_ino);
	seat_free(take_ptr(&a));
	cr_expect(seat_is_alone(b, 1));
	cr_expect(port_is_answered(port));
	cr_expect(is_answered(seat_at(b, 1)));
	seat_free(take_ptr(&b));
	cr_expect_not(port_is_answered(port));
	cr_expect_lt(stat("web.sock", &st), 0, "the socket's file is there still");
}

Test(held, connections_go_to_the_seats_that_serve)
{
	const struct spec *spec = spec_of("instances = 3\nlisten = tcp:127.0.0.1:%u\n", loopback_port(LISTEN_TCP));
	struct seat *seats[SEATS] = { 0 };

	for (size_t i = 0; i < SEATS; i++) {
		seats[i] = seat_of(spec, seats[0]);
		cr_assert_eq(take(seats[i]), 0);
	}
	for (size_t i = 0; i < SEATS; i++) {
		seat_serve(seats[i], true);
		cr_expect(seat_serves(seats[i]) && seat_steers(seats[i]));
		for (int k = 0; k < 20; k++)
			cr_expect_eq(who_gets(seats, SEATS, 0), (int)i);
		seat_serve(seats[i], false);
	}
	for (size_t i = 0; i < SEATS; i++)
		seat_free(seats[i]);
}

Test(held, a_change_keeps_the_socket_whose_address_stays_with_what_waits_at_it)
{
	uint16_t stays = loopback_port(LISTEN_TCP), goes = loopback_port(LISTEN_TCP), comes = loopback_port(LISTEN_TCP);
	const struct spec *before = spec_of("listen = tcp:127.0.0.1:%u tcp:127.0.0.1:%u unix:@/web.sock\n", goes, stays);
	const struct spec *after = spec_of("listen = new=tcp:127.0.0.1:%u unix:@/web.sock tcp:127.0.0.1:%u\n", stays, comes);
	cleanup_seat struct seat *s = seat_of(before, NULL);

	cr_assert_eq(take(s), 0);
	seat_serve(s, true);
	uint64_t tcp = seat_inode(s, 1), un = seat_inode(s, 2);
	cleanup_fd int client = loopback_connect(LISTEN_TCP, "127.0.0.1", stays);
	while (seat_waiting(s) != 1)
		(void)sched_yield();
	cr_expect_not(seat_fits(s, after));
	cr_assert_eq(seat_change(&s, after, s), 0);
	cr_expect(seat_fits(s, after));
	cr_expect(seat_serves(s));
	cr_expect_not(port_is_answered(goes));
	cr_assert_eq(take(s), 0);
	cr_expect_eq(seat_inode(s, 0), tcp);
	cr_expect_eq(seat_inode(s, 1), un);
	cr_expect_eq(seat_waiting(s), 1);
	cr_expect_eq(who_has_one(&s, 1, 0), 0);
	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(who_gets(&s, 1, i), 0);
	/* The same once more changes nothing. */
	struct seat *same = s;
	cr_assert_eq(seat_change(&s, after, s), 0);
	cr_expect_eq(s, same);
}

/* Each of these is another socket at the same address: the old one must not be in its way. */
Test(held, a_change_gives_up_what_is_in_the_way_of_the_new_sockets)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	const struct spec *first = spec_of("listen = tcp:127.0.0.1:%u unix:@/web.sock\n", port);
	const struct spec *specs[] = {
		spec_of("listen = tcp:127.0.0.1:%u unix:@/web.sock\nlisten_backlog = 7\n", port),
		spec_of("listen = tcp:0.0.0.0:%u unix:@/web.sock\n", port),
		spec_of("listen = tcp:%u unix:@/web.sock\n", port),
		spec_of("listen = tcp:127.0.0.1:%u unix:@/web.sock\nreuse_port = no\n", port),
		spec_of("listen = tcp:127.0.0.1:%u unix:@/web.sock\nlisten_mode = 0600\n", port),
	};
	cleanup_seat struct seat *s = seat_of(first, NULL);
	struct stat st;

	cr_assert_eq(take(s), 0);
	for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
		uint64_t old = seat_inode(s, 0);
		cr_assert_eq(seat_change(&s, specs[i], s), 0);
		cr_assert_eq(take(s), 0, "%zu", i);
		cr_expect_neq(seat_inode(s, 0), old, "%zu", i);
		cr_expect_eq(who_gets(&s, 1, 0), 0);
		cr_expect_eq(who_gets(&s, 1, 1), 0);
	}
	cr_assert_eq(stat("web.sock", &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600u);
}

/* As a change of the file does it: one instance after another, and the first of them takes the new set. */
Test(held, instances_change_one_after_another_and_none_loses_what_stays)
{
	uint16_t stays = loopback_port(LISTEN_TCP), goes = loopback_port(LISTEN_TCP), wide = loopback_port(LISTEN_TCP);
	const struct spec *before = spec_of("instances = 2\nlisten = tcp:127.0.0.1:%u tcp:127.0.0.1:%u tcp:127.0.0.1:%u\n", stays, goes, wide);
	const struct spec *after = spec_of("instances = 2\nlisten = tcp:127.0.0.1:%u tcp:0.0.0.0:%u\n", stays, wide);
	struct seat *seats[2] = { seat_of(before, NULL) };
	uint64_t inodes[2];

	seats[1] = seat_of(before, seats[0]);
	for (size_t i = 0; i < 2; i++) {
		cr_assert_eq(take(seats[i]), 0);
		inodes[i] = seat_inode(seats[i], 0);
	}
	seat_serve(seats[1], true);
	cr_assert_eq(seat_change(&seats[0], after, seats[0]), 0);
	cr_assert_eq(take(seats[0]), 0);
	/* The other one has what nobody else wants still. */
	cr_expect_eq(seat_inode(seats[1], 0), inodes[1]);
	cr_expect(port_is_answered(goes));
	cr_expect_eq(seat_fd(seats[1], 2), -1);
	cr_expect_eq(seat_inode(seats[1], 2), 0);
	while (seat_waiting(seats[1]) != 1) /* the one that has just been answered */
		(void)sched_yield();
	cr_expect_eq(take(seats[1]), 0, "it needs no place that another took");
	seat_serve(seats[1], true);

	cr_assert_eq(seat_change(&seats[1], after, seats[0]), 0);
	cr_assert_eq(take(seats[1]), 0);
	cr_expect_not(port_is_answered(goes));
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(seat_inode(seats[i], 0), inodes[i]);
		cr_expect(seat_steers(seats[i]));
	}
	for (int k = 0; k < 20; k++) {
		cr_expect_eq(who_gets(seats, 2, 0), 1);
		cr_expect_eq(who_gets(seats, 2, 1), 1);
	}
	seat_free(seats[0]);
	seat_free(seats[1]);
}

Test(held, a_seat_is_cleared_only_while_others_serve)
{
	const struct spec *spec = spec_of("instances = 2\nlisten = tcp:127.0.0.1:%u\n", loopback_port(LISTEN_TCP));
	cleanup_seat struct seat *a = seat_of(spec, NULL);
	cleanup_seat struct seat *b = seat_of(spec, a);

	cr_assert_eq(take(a), 0);
	cr_assert_eq(take(b), 0);
	seat_clear(a);
	cr_expect_geq(seat_fd(a, 0), 0, "nobody serves: what comes waits");
	seat_serve(a, true);
	seat_clear(a);
	cr_expect_geq(seat_fd(a, 0), 0, "only it serves");
	seat_serve(b, true);
	seat_serve(a, false);
	seat_clear(a);
	cr_expect_eq(seat_fd(a, 0), -1);
	cr_expect_eq(seat_waiting(a), 0);
	cr_expect_eq(who_gets((struct seat *[]){ b }, 1, 0), 0);
	/* It serves no more: the other is the last. */
	seat_clear(b);
	cr_expect_geq(seat_fd(b, 0), 0);
	cr_assert_eq(take(a), 0);
	seat_serve(a, true);
	seat_serve(b, false);
	for (int k = 0; k < 20; k++)
		cr_expect_eq(who_gets((struct seat *[]){ a, b }, 2, 0), 0);
}

Test(held, what_cannot_be_steered_away_is_not_cleared)
{
	static const char *const keys[] = { "unix:@/web.sock\n", "tcp:127.0.0.1:%u\nreuse_port = no\n" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		char text[128];
		(void)snprintf(text, sizeof(text), "instances = 2\nlisten = %s", keys[i]);
		const struct spec *spec = spec_of(text, loopback_port(LISTEN_TCP));
		cleanup_seat struct seat *a = seat_of(spec, NULL);
		cleanup_seat struct seat *b = seat_of(spec, a);
		cr_assert_eq(take(a), 0);
		cr_assert_eq(take(b), 0);
		seat_serve(b, true);
		cr_expect_not(seat_steers(a));
		seat_clear(a);
		cr_expect_geq(seat_fd(a, 0), 0);
	}
}

Test(held, a_refusal_closes_all_of_them_for_every_instance_until_another_configuration)
{
	uint16_t port = loopback_port(LISTEN_TCP);
	const struct spec *spec = spec_of("instances = 2\nlisten = tcp:127.0.0.1:%u unix:@/web.sock\n", port);
	const struct spec *other = spec_of("instances = 2\nlisten = tcp:127.0.0.1:%u\n", port);
	cleanup_seat struct seat *a = seat_of(spec, NULL);
	cleanup_seat struct seat *b = seat_of(spec, a);
	struct stat st;
	char why[1000];

	cr_assert_eq(take(a), 0);
	cr_assert_eq(take(b), 0);
	seat_serve(b, true);
	memset(why, 'y', sizeof(why) - 1);
	why[sizeof(why) - 1] = 0;
	seat_refuse(a, why);
	cr_expect_not(port_is_answered(port));
	cr_expect_lt(stat("web.sock", &st), 0);
	cr_expect_str_eq(seat_refused(a), seat_refused(b));
	size_t n = strlen(seat_refused(b));
	cr_expect(n > 100 && n < 200 && strcmp(seat_refused(b) + n - 4, "y...") == 0, "%s", seat_refused(b));
	seat_refuse(a, "the kernel won't");
	cr_expect_str_eq(seat_refused(b), "the kernel won't");
	cr_expect_eq(seat_count(a) + seat_count(b), 0);
	cr_expect_not(seat_steers(b));
	/* One more instance, and the next start, find it so. */
	cleanup_seat struct seat *c = seat_of(spec, b);
	cr_expect_eq(take(c) | take(b), 0);
	cr_expect_not(port_is_answered(port));
	seat_serve(b, false);
	seat_clear(b);
	cr_assert_eq(seat_change(&b, other, b), 0);
	cr_assert_eq(take(b), 0);
	cr_expect_str_eq(seat_refused(b), "");
	cr_expect_str_eq(seat_refused(a), "the kernel won't");
	cr_expect_eq(who_gets(&b, 1, 0), 0);
}

Test(held, what_cannot_be_bound_is_told_and_taken_the_next_time)
{
	uint16_t port = loopback_port(LISTEN_TCP), other = loopback_port(LISTEN_TCP);
	const struct spec *spec = spec_of("listen = tcp:127.0.0.1:%u tcp:127.0.0.1:%u unix:@/no/such/folder\n", other, port);
	struct listen_at at = loopback_at(LISTEN_TCP, "127.0.0.1", port);
	cleanup_seat struct seat *s = seat_of(spec, NULL);
	cleanup_fd int theirs = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char why[256], expected[256];
	struct text t = TEXT_INIT(why);

	cr_assert_eq(bind(theirs, &at.to.any, at.len), 0);
	cr_assert_eq(listen(theirs, 1), 0);
	cr_expect_eq(seat_take(s, &t), -EADDRINUSE);
	snprintf(expected, sizeof(expected), "tcp:127.0.0.1:%u: Address already in use", port);
	cr_expect_str_eq(why, expected);
	cr_expect_eq(seat_fd(s, 1), -1);
	cr_expect_not(seat_steers(s));
	close_fd(&theirs);
	uint64_t first = seat_inode(s, 0);
	text_init(&t, why, sizeof(why));
	cr_expect_eq(seat_take(s, &t), -ENOENT);
	snprintf(expected, sizeof(expected), "unix:%s/no/such/folder: No such file or directory", folder);
	cr_expect_str_eq(why, expected);
	cr_assert_eq(mkdir("no", 0700) | mkdir("no/such", 0700), 0);
	cr_expect_eq(take(s), 0);
	cr_expect_eq(seat_inode(s, 0), first, "what was taken stays");
	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(who_gets(&s, 1, i), 0);
}

Test(held, a_seat_that_serves_is_served_with_what_it_takes_later)
{
	const struct spec *spec = spec_of("instances = 2\nlisten = tcp:127.0.0.1:%u\n", loopback_port(LISTEN_TCP));
	struct seat *seats[2] = { seat_of(spec, NULL) };

	seats[1] = seat_of(spec, seats[0]);
	cr_assert_eq(take(seats[0]), 0);
	seat_serve(seats[1], true);
	cr_assert_eq(take(seats[1]), 0);
	for (int k = 0; k < 20; k++)
		cr_expect_eq(who_gets(seats, 2, 0), 1);
	/* What a program has ended is begun again, and serves again. */
	cr_assert_eq(shutdown(seat_fd(seats[1], 0), SHUT_RDWR), 0);
	cr_assert_eq(take(seats[1]), 0);
	for (int k = 0; k < 20; k++)
		cr_expect_eq(who_gets(seats, 2, 0), 1);
	seat_free(seats[0]);
	seat_free(seats[1]);
}

/* What every instance goes through, with a change between; whatever fails, the last take has all. */
static size_t a_life(const struct spec *first, const struct spec *second, const char *call, unsigned int nth)
{
	struct seat *a = seat_of(first, NULL), *b = seat_of(first, a);
	struct seat **seats[] = { &a, &b };
	size_t failed = 0;

	for (size_t i = 0; i < 2; i++) {
		failed += take(*seats[i]) < 0;
		seat_serve(*seats[i], true);
	}
	for (size_t i = 0; i < 2; i++) {
		cr_assert_eq(seat_change(seats[i], second, i ? a : *seats[i]), 0);
		failed += take(*seats[i]) < 0;
	}
	seat_serve(a, false);
	seat_clear(a);
	sys_fake_reset();
	for (size_t i = 0; i < 2; i++)
		cr_expect_eq(take(*seats[i]), 0, "%s %u", call, nth);
	seat_serve(b, true);
	for (size_t i = 0; i < seat_count(b); i++)
		cr_expect_geq(who_gets((struct seat *[]){ a, b }, 2, i), 0, "%s %u", call, nth);
	seat_free(a);
	seat_free(b);
	return failed;
}

Test(held, a_step_that_fails_leaves_nothing_behind)
{
	static const char *const calls[] = { "socket", "sockopt", "bind", "fstat", "listen", "open", "lstat", "unlink", "reuseport_program",
					     "sockopt_get", "shutdown" };
	uint16_t one = loopback_port(LISTEN_TCP), two = loopback_port(LISTEN_TCP);
	const struct spec *first = spec_of("instances = 2\nlisten = tcp:127.0.0.1:%u unix:@/a tcp:127.0.0.1:%u\n", one, two);
	const struct spec *second = spec_of("instances = 2\nlisten = tcp:127.0.0.1:%u unix:@/b tcp:0.0.0.0:%u\n", one, two);
	size_t failed = 0, before = sys_fake_open_fds();
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		for (unsigned int nth = 1; nth <= 12; nth++) {
			sys_fake_reset();
			sys_fake_fail(calls[i], nth, EIO);
			failed += a_life(first, second, calls[i], nth);
			cr_expect_eq(sys_fake_open_fds(), before, "%s %u", calls[i], nth);
			cr_expect_not(port_is_answered(one) || port_is_answered(two), "%s %u", calls[i], nth);
			(void)(unlink("a") | unlink("b")); /* where the unlink itself was what failed */
			cr_expect_lt(stat("a", &st) & stat("b", &st), 0);
		}
	}
	cr_expect_gt(failed, 40, "%zu", failed);
}
