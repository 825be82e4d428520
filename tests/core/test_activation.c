#include "core/activation.h"

#include "tests/core/serving.h"

#include <poll.h>

TestSuite(activation, .init = serving_begin, .fini = host_done, .timeout = 60);

#define ON_CONNECT "activation = on-connect\n"

static void armed(const char *keys)
{
	serving_service(keys);
	service_start(service, "start");
	cr_assert_eq(service->state, STATE_WAITING);
	cr_expect(activation_is_armed(service));
	cr_expect_str_eq(service->waits_for, "a connection");
}

/* The last change into that state was for this. */
static void expect_cause(enum state to, const char *part)
{
	for (unsigned int i = service->history_n; i > 0 && i + SERVICE_HISTORY > service->history_n; i--) {
		const struct service_event *e = &service->history[(i - 1) % SERVICE_HISTORY];
		if (e->is_note || e->to != to)
			continue;
		cr_expect(strstr(e->cause, part), "%s: %s", state_name(to), e->cause);
		return;
	}
	cr_expect_fail("never %s", state_name(to));
}

static bool is_seen(const char *call, unsigned int n)
{
	return sys_fake_count(call) >= n;
}

/* The loop has looked three times or more whether it is idle: each time it makes this call once, or up to three times. */
static void look_some_times(const char *call)
{
	unsigned int before = sys_fake_count(call);

	HOST_UNTIL(is_seen(call, before + 9) || service->state != STATE_ONLINE);
}

static void on_time(void *ctx)
{
	*(bool *)ctx = true;
}

/* Though there is something that would start it. */
static void nothing_happens(enum state state)
{
	struct pollfd p = { .fd = seat_fd(service->seat, 0), .events = POLLIN };
	struct loop_timer *t = NULL;
	bool over = false;

	cr_expect_eq(poll(&p, 1, -1), 1);
	cr_assert_eq(loop_timer_new(loop, on_time, &over, &t), 0);
	loop_timer_in(t, 0);
	HOST_UNTIL(over); /* and with it all that was there before */
	loop_timer_free(&t);
	cr_expect_eq(service->state, state);
}

Test(activation, the_first_that_comes_to_any_of_its_sockets_starts_it)
{
	static const char *const says[] = { "a connection came to tcp:127.0.0.1:", "a connection came to udp:127.0.0.1:", "a connection came to unix:/" };

	armed("command = % serve-fds\nlisten = tcp:127.0.0.1:# udp:127.0.0.1:# unix:@/web.sock\n" ON_CONNECT);
	for (size_t i = 0; i < ARRAY_LEN(says); i++) {
		cleanup_fd int client = serving_connect(i);
		HOST_UNTIL(service->state == STATE_ONLINE);
		cr_expect_not(activation_is_armed(service));
		expect_cause(STATE_STARTING, says[i]);
		cr_expect_eq(serving_answer(client), service->pid);
		service_stop(service, "stop");
		HOST_UNTIL(service_at_rest(service));
		service_start(service, "start");
		cr_expect(activation_is_armed(service));
	}
}

Test(activation, eager_or_without_a_socket_it_does_not_wait)
{
	serving_service("command = % serve-fds\nlisten = tcp:127.0.0.1:#\n");
	cr_expect_not(activation_waits(service));
	activation_up(service);
	activation_down(service);
	activation_rest(service);
	cr_expect_null(service->activation);
	activation_free(service);
}

Test(activation, what_came_before_it_was_asked_to_start_starts_it_at_once)
{
	serving_service("command = % serve-fds\nlisten = tcp:127.0.0.1:#\n" ON_CONNECT);
	cleanup_fd int client = serving_connect(0);
	cr_expect_eq(service->state, STATE_STOPPED);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect_eq(serving_answer(client), service->pid);
}

static void idle_and_back(size_t i)
{
	cleanup_fd int client = serving_connect(i);

	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect_eq(serving_answer(client), service->pid);
	close_fd(&client);
	HOST_UNTIL(service->state == STATE_WAITING);
	cr_expect(activation_is_armed(service));
	expect_cause(STATE_STOPPING, "no connection for idle_timeout 20ms");
}

Test(activation, idle_it_ends_and_waits_for_the_next)
{
	armed("command = % serve-fds hold\nlisten = tcp:127.0.0.1:# unix:@/web.sock udp:127.0.0.1:#\nidle_timeout = 20ms\nmin_uptime = 1h\nmax_restarts = 2\n" ON_CONNECT);
	for (size_t i = 0; i < 9; i++)
		idle_and_back(i % 3);
	cr_expect_eq(service->restarts, 0, "it ended because it was asked to: no run of these is a crash");
}

static void a_long_connection(size_t i, const char *call)
{
	cleanup_fd int client = serving_connect(i);

	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect_eq(serving_answer(client), service->pid);
	look_some_times(call);
	cr_expect_eq(service->state, STATE_ONLINE, "address %zu, by %s", i, call);
	close_fd(&client);
	HOST_UNTIL(service->state == STATE_WAITING);
}

Test(activation, while_it_has_a_connection_it_is_not_idle_however_quiet_that_is)
{
	armed("command = % serve-fds hold\nlisten = tcp:127.0.0.1:# unix:@/web.sock unix:@abstract\nidle_timeout = 10ms\n" ON_CONNECT);
	for (size_t i = 0; i < 3; i++)
		a_long_connection(i, "sendmsg");
	/* And where sock_diag isn't allowed. */
	sys_fake_fail_always("sendmsg", EPERM);
	for (size_t i = 0; i < 3; i++)
		a_long_connection(i, "access");
}

Test(activation, while_something_waits_to_be_accepted_it_is_not_idle)
{
	for (size_t i = 0; i < 2; i++) {
		armed("command = % serve-fds\nlisten = tcp:127.0.0.1:# unix:@/web.sock\nidle_timeout = 10ms\n" ON_CONNECT);
		cleanup_fd int first = serving_connect(i);
		HOST_UNTIL(service->state == STATE_ONLINE);
		cr_expect_eq(serving_answer(first), service->pid);
		cr_expect_eq(serving_answer(first), -1, "it is closed");
		cr_assert_eq(kill(service->pid, SIGSTOP), 0);
		cleanup_fd int client = serving_connect(i);
		look_some_times(i ? "sendmsg" : "listen_queue");
		cr_expect_eq(service->state, STATE_ONLINE);
		cr_assert_eq(kill(service->pid, SIGCONT), 0);
		cr_expect_gt(serving_answer(client), 0);
		HOST_UNTIL(service->state == STATE_WAITING);
		service_stop(service, "stop");
		HOST_UNTIL(service_at_rest(service));
		service_free(service);
		service = NULL;
		unload(&loaded);
		loaded.diag = NULL;
	}
}

Test(activation, where_nobody_tells_of_connections_it_is_not_ended)
{
	armed("command = % serve-fds hold\nlisten = tcp:127.0.0.1:#\nidle_timeout = 10ms\n" ON_CONNECT);
	cleanup_fd int client = serving_connect(0);

	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect_eq(serving_answer(client), service->pid);
	sys_fake_fail_always("socket", ENOMEM);
	look_some_times("socket");
	cr_expect_eq(service->state, STATE_ONLINE);
	sys_fake_reset();
	/* The list is there, and not whose they are. */
	sys_fake_fail_always("open", EMFILE);
	sys_fake_fail_always("opendir", EMFILE);
	look_some_times("sendmsg");
	cr_expect_eq(service->state, STATE_ONLINE);
	close_fd(&client);
	HOST_UNTIL(service->state != STATE_ONLINE);
	sys_fake_reset();
	HOST_UNTIL(service->state == STATE_WAITING);
}

Test(activation, each_datagram_puts_the_end_off)
{
	armed("command = % serve-fds\nlisten = udp:127.0.0.1:#\nidle_timeout = 200ms\n" ON_CONNECT);
	cleanup_fd int client = serving_connect(0);

	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect_eq(serving_answer(client), service->pid);
	usec_t until = clock_mono() + 3 * service->spec->idle_timeout, last = 0;
	while (clock_mono() < until && service->state == STATE_ONLINE) {
		last = clock_mono();
		cr_assert_eq(send(client, "x", 1, 0), 1);
		cr_expect_eq(serving_answer(client), service->pid);
		cr_assert_eq(loop_once(loop), 0);
	}
	HOST_UNTIL(service->state == STATE_WAITING);
	cr_expect_geq(clock_mono() - last, service->spec->idle_timeout);
}

Test(activation, a_crash_is_followed_by_the_next_run_without_a_connection)
{
	armed("command = % serve-fds\nlisten = tcp:127.0.0.1:#\nrestart_delay = 1ms\nidle_timeout = 1h\n" ON_CONNECT);
	cleanup_fd int client = serving_connect(0);

	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect_eq(serving_answer(client), service->pid);
	cr_assert_eq(kill(service->pid, SIGKILL), 0);
	HOST_UNTIL(service->runs == 2);
	cr_expect_eq(service->state, STATE_ONLINE);
	cr_expect_eq(service->restarts, 1);
}

/* A connection nobody can serve is no reason to try for ever. */
Test(activation, a_program_that_cannot_be_run_is_given_up_as_any_other)
{
	armed("command = false\nlisten = tcp:127.0.0.1:#\nmax_restarts = 3\nrestart_delay = 1ms\n" ON_CONNECT);
	cleanup_fd int client = serving_connect(0);

	HOST_UNTIL(service->state == STATE_ERRORED);
	cr_expect_eq(service->runs, 3);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ERRORED);
	cr_expect_eq(service->runs, 6, "the connection waits still");
}

Test(activation, stopped_while_it_waits_nothing_starts_it)
{
	armed("command = % serve-fds\nlisten = tcp:127.0.0.1:#\n" ON_CONNECT);
	service_stop(service, "stop");
	cr_expect_eq(service->state, STATE_STOPPED);
	cr_expect_not(activation_is_armed(service));
	cleanup_fd int client = serving_connect(0);
	nothing_happens(STATE_STOPPED);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect_eq(serving_answer(client), service->pid);
}

/* Whatever its program has done to the sockets: what it shut would call it again and again. */
Test(activation, a_socket_that_the_program_has_shut_is_mended_before_it_is_waited_at)
{
	static const char *const kinds[] = { "tcp:127.0.0.1:#", "unix:@/web.sock", "tcp:127.0.0.1:#\nreuse_port = no" };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char keys[256];
		snprintf(keys, sizeof(keys), "command = %% serve-fds\nlisten = %s\nidle_timeout = 10ms\n" ON_CONNECT, kinds[i]);
		armed(keys);
		cleanup_fd int client = serving_connect(0);
		HOST_UNTIL(service->state == STATE_ONLINE);
		cr_expect_eq(serving_answer(client), service->pid);
		cr_expect_eq(serving_answer(client), -1, "it is closed");
		cr_assert_eq(kill(service->pid, SIGSTOP), 0); /* it would spin */
		cr_assert_eq(shutdown(seat_fd(service->seat, 0), SHUT_RDWR), 0);
		HOST_UNTIL(service->state == STATE_WAITING);
		cr_expect(activation_is_armed(service));
		struct pollfd p = { .fd = seat_fd(service->seat, 0), .events = POLLIN };
		cr_expect_eq(poll(&p, 1, 0), 0, "%s: it is called, and nobody calls", kinds[i]);
		cleanup_fd int next = serving_connect(0);
		HOST_UNTIL(service->state == STATE_ONLINE);
		cr_expect_eq(serving_answer(next), service->pid);
		cr_expect_eq(service->runs, 2);
		service_stop(service, "stop");
		HOST_UNTIL(service_at_rest(service));
		service_free(service);
		service = NULL;
		unload(&loaded);
		loaded.diag = NULL;
	}
}

Test(activation, sockets_that_cannot_be_watched_are_no_reason_not_to_run)
{
	serving_service("command = % serve-fds\nlisten = tcp:127.0.0.1:# unix:@/web.sock\n" ON_CONNECT);
	size_t before = sys_fake_open_fds();
	for (unsigned int nth = 1; nth <= 2; nth++) {
		sys_fake_reset();
		sys_fake_fail("epoll_ctl", nth, ENOSPC);
		service_start(service, "start");
		sys_fake_reset();
		cr_expect_not(activation_is_armed(service));
		HOST_UNTIL(service->state == STATE_ONLINE);
		service_stop(service, "stop");
		HOST_UNTIL(service_at_rest(service));
		cr_expect_eq(sys_fake_open_fds(), before);
	}
}

/* An address that was taken when it was loaded: its start tells. */
Test(activation, sockets_that_are_not_bound_are_bound_or_told)
{
	struct listen_at at = loopback_at(LISTEN_TCP, "127.0.0.1", port);
	cleanup_fd int theirs = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(theirs, &at.to.any, at.len), 0);
	cr_assert_eq(listen(theirs, 1), 0);
	serving_service("command = % serve-fds\nlisten = tcp:127.0.0.1:#\nmax_restarts = 1\n" ON_CONNECT);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ERRORED);
	cr_expect(strstr(service->failure, "Address already in use"), "%s", service->failure);
	close_fd(&theirs);
	service_start(service, "start");
	cr_expect_eq(service->state, STATE_WAITING);
	cr_expect(activation_is_armed(service));
	cleanup_fd int client = serving_connect(0);
	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect_eq(serving_answer(client), service->pid);
}
