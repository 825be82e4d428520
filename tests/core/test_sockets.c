#include "core/sockets.h"

#include "base/text.h"
#include "core/fdstore.h"
#include "core/readiness.h"
#include "tests/core/serving.h"

#include <fcntl.h>
#include <sys/eventfd.h>

TestSuite(sockets, .init = serving_begin, .fini = host_done, .timeout = 60);

static struct readiness_gift gift = { .own = -1 };
static struct fdstore store;

static void give(void)
{
	readiness_given(&gift);
	cr_assert_eq(sockets_prepare(service), 0, "%s", service->failure);
	cr_assert_eq(sockets_give(service, &store, &gift), 0);
}

static const char *variable(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < gift.env.n; i++)
		if (strncmp(gift.env.v[i], name, n) == 0 && gift.env.v[i][n] == '=')
			return gift.env.v[i] + n + 1;
	return "";
}

static void leave(const char *name)
{
	cr_assert_eq(fdstore_add(&store, 9, eventfd(0, EFD_CLOEXEC), name), 0);
}

/* Those of the file come first and in its order: what the program has left with pm1 follows, so that none of them changes its number. */
Test(sockets, held_ones_come_before_those_of_the_store_and_keep_the_order_of_the_file)
{
	serving_service("command = % serve-fds\nlisten = unix:@/web.sock, http=tcp:127.0.0.1:# dns=udp:127.0.0.1:#\n");
	leave("session");
	leave("cache");
	give();
	cr_expect_eq(gift.n, 5);
	for (size_t i = 0; i < gift.n; i++)
		cr_expect_eq(gift.fds[i].to, 3 + (int)i);
	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(gift.fds[i].from, seat_fd(service->seat, i));
	cr_expect_eq(seat_at(service->seat, 0)->kind, LISTEN_UNIX);
	cr_expect_eq(gift.fds[3].from, store.v[0].fd);
	cr_expect_eq(gift.fds[4].from, store.v[1].fd);
	cr_expect_str_eq(variable("LISTEN_FDS"), "5");
	cr_expect_str_eq(variable("LISTEN_FDNAMES"), "web:http:dns:session:cache");
	cr_expect_str_eq(variable("LISTEN_PID"), SPAWN_OWN_PID);
	/* And without the one or the other. */
	fdstore_clear(&store);
	give();
	cr_expect_str_eq(variable("LISTEN_FDNAMES"), "web:http:dns");
	readiness_given(&gift);
	cr_assert_eq(sockets_give(service, NULL, &gift), 0);
	cr_expect_str_eq(variable("LISTEN_FDS"), "3");
	readiness_given(&gift);
}

Test(sockets, a_store_alone_begins_at_3_and_nothing_is_told_of_nothing)
{
	serving_service("command = true\n");
	give();
	cr_expect_eq(gift.n, 0);
	cr_expect_eq(gift.env.n, 0);
	leave("session");
	give();
	cr_expect_eq(gift.n, 1);
	cr_expect_eq(gift.fds[0].to, 3);
	cr_expect_str_eq(variable("LISTEN_FDNAMES"), "session");
	fdstore_clear(&store);
	readiness_given(&gift);
}

Test(sockets, a_variable_holds_the_number_of_the_address_or_the_name_that_it_names)
{
	char unix_path[128];

	serving_service("command = true\nlisten = unix:@/web.sock http=tcp:127.0.0.1:# tcp:[::1]:#\nlisten_env.HTTP_FD = http\n"
			"listen_env.PATH_FD = unix:@/web.sock\nlisten_env.SIX_FD = tcp:[::1]:#\nlisten_env.AGAIN = tcp:127.0.0.1:#\n");
	snprintf(unix_path, sizeof(unix_path), "unix:%s/web.sock", folder);
	cr_expect_str_eq(seat_at(service->seat, 0)->text, unix_path);
	give();
	cr_expect_str_eq(variable("PATH_FD"), "3");
	cr_expect_str_eq(variable("HTTP_FD"), "4");
	cr_expect_str_eq(variable("AGAIN"), "4");
	cr_expect_str_eq(variable("SIX_FD"), "5");
	readiness_given(&gift);
}

Test(sockets, a_program_that_is_answered_at_its_bind_is_given_none)
{
	serving_service("command = true\nlisten = tcp:127.0.0.1:#\nlisten_adopt = yes\n");
	leave("session");
	give();
	cr_expect(sockets_adopts(service));
	cr_expect_eq(gift.n, 1);
	cr_expect_eq(gift.fds[0].from, store.v[0].fd);
	cr_expect_str_eq(variable("LISTEN_FDNAMES"), "session");
	cr_expect(sockets_can_overlap(service));
	/* Refused, there is nothing to answer with, and no two processes fit at its address. */
	seat_refuse(service->seat, "for the test");
	cr_expect_not(sockets_adopts(service));
	cr_expect_not(sockets_can_overlap(service));
	cr_expect(sockets_all_listen(service));
	fdstore_clear(&store);
	readiness_given(&gift);
}

static bool blocks(size_t i)
{
	return !(fcntl(seat_fd(service->seat, i), F_GETFL) & O_NONBLOCK);
}

/* The mode is the socket's and not the process's: what the run before has set would surprise the next one. */
Test(sockets, a_program_gets_them_blocking_unless_another_has_the_same_one)
{
	struct seat *other = NULL;

	serving_service("command = true\ninstances = 2\nlisten = tcp:127.0.0.1:# unix:@/web.sock\n");
	for (size_t i = 0; i < 2; i++)
		cr_assert_eq(fcntl(seat_fd(service->seat, i), F_SETFL, O_NONBLOCK), 0);
	give();
	cr_expect(blocks(0) && blocks(1));
	cr_assert_eq(seat_new(service->spec, service->seat, &other), 0);
	char why[64];
	struct text t = TEXT_INIT(why);
	cr_assert_eq(seat_take(other, &t), 0);
	for (size_t i = 0; i < 2; i++)
		cr_assert_eq(fcntl(seat_fd(service->seat, i), F_SETFL, O_NONBLOCK), 0);
	give();
	cr_expect(blocks(0));
	cr_expect_not(blocks(1));
	seat_free(other);
	readiness_given(&gift);
}

Test(sockets, what_listens_is_awaited_of_streams_alone_and_named_where_it_is_missing)
{
	char buf[256], expected[128];
	struct text t = TEXT_INIT(buf);

	serving_service("command = true\nlisten = tcp:127.0.0.1:# udp:127.0.0.1:# unix:@/web.sock\nlisten_adopt = yes\n");
	cr_expect_not(sockets_all_listen(service));
	sockets_missing(service, &t);
	snprintf(expected, sizeof(expected), "tcp:127.0.0.1:%u, unix:%s/web.sock", port, folder);
	cr_expect_str_eq(buf, expected);
	service->listens = 1u << 0;
	cr_expect_not(sockets_all_listen(service));
	text_init(&t, buf, sizeof(buf));
	sockets_missing(service, &t);
	cr_expect_eq(strncmp(buf, "unix:/", 6), 0, "%s", buf);
	service->listens |= 1u << 2;
	cr_expect(sockets_all_listen(service));
	/* A new run has to do it again. */
	cr_assert_eq(sockets_prepare(service), 0);
	cr_expect_not(sockets_all_listen(service));
}

Test(sockets, what_cannot_be_bound_is_told_with_its_key_and_its_place)
{
	char expected[SERVICE_FAILURE_MAX];
	struct listen_at at = loopback_at(LISTEN_TCP, "127.0.0.1", port);
	cleanup_fd int theirs = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(theirs, &at.to.any, at.len), 0);
	cr_assert_eq(listen(theirs, 1), 0);
	serving_service("command = true\nlisten = tcp:127.0.0.1:#\n");
	cr_expect_eq(sockets_prepare(service), -EADDRINUSE);
	snprintf(expected, sizeof(expected), "cannot listen on tcp:127.0.0.1:%u: Address already in use (%s/pm1.ini: [service:web] listen)", port,
		 folder);
	cr_expect_str_eq(service->failure, expected);
	close_fd(&theirs);
	cr_expect_eq(sockets_prepare(service), 0);
	cr_expect_str_eq(service->failure, "");
}

/* Out of service connections wait, in it they are served; at rest what waits is given up only if others serve. */
Test(sockets, at_rest_an_eager_ones_queue_goes_to_the_others)
{
	struct seat *other = NULL;
	char why[64];
	struct text t = TEXT_INIT(why);

	serving_service("command = true\ninstances = 2\nlisten = tcp:127.0.0.1:#\n");
	cr_assert_eq(seat_new(service->spec, service->seat, &other), 0);
	cr_assert_eq(seat_take(other, &t), 0);
	sockets_up(service);
	cr_expect(seat_serves(service->seat));
	sockets_down(service);
	cr_expect_not(seat_serves(service->seat));
	sockets_rest(service);
	cr_expect_geq(seat_fd(service->seat, 0), 0, "nobody else serves");
	seat_serve(other, true);
	sockets_rest(service);
	cr_expect_eq(seat_fd(service->seat, 0), -1);
	seat_free(other);
}

Test(sockets, a_step_that_fails_leaves_nothing_behind)
{
	static const char *const calls[] = { "socket", "sockopt", "bind", "fstat", "listen", "open", "lstat", "reuseport_program", "fcntl" };
	unsigned int failed = 0;

	serving_service("command = % serve-fds\nlisten = tcp:127.0.0.1:# unix:@/web.sock\nrestart_delay = 1ms\nmax_restarts = 0\n");
	sockets_free(service);
	size_t before = sys_fake_open_fds();
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		for (unsigned int nth = 1; nth < 6; nth++) {
			sys_fake_reset();
			sys_fake_fail(calls[i], nth, EIO);
			int r = sockets_prepare(service);
			failed += r < 0;
			cr_expect_eq(r < 0, service->failure[0] != 0, "%s %u", calls[i], nth);
			sys_fake_reset();
			cr_expect_eq(sockets_prepare(service), 0, "%s %u: %s", calls[i], nth, service->failure);
			cr_expect_str_eq(service->failure, "");
			give();
			cr_expect_eq(gift.n, 2);
			readiness_given(&gift);
			sockets_free(service);
			cr_expect_eq(sys_fake_open_fds(), before, "%s %u", calls[i], nth);
			(void)unlink("web.sock");
		}
	}
	cr_expect_gt(failed, 10, "%u", failed);
}
