#include "core/drain.h"

#include "tests/core/serving.h"

TestSuite(drain, .init = serving_begin, .fini = host_done, .timeout = 60);

static struct drain_end ended;
static unsigned int n_over;

static void on_over(void *ctx, struct service *s, const struct drain_end *end)
{
	cr_expect_eq(ctx, &ended);
	cr_expect_eq(s, service);
	ended = *end;
	n_over++;
}

static void drain(void)
{
	n_over = 0;
	ended = (struct drain_end){ .cut = 999 };
	drain_begin(service, on_over, &ended);
}

static void expect_at_once(const char *what)
{
	drain();
	cr_expect_eq(n_over, 1, "%s", what);
	cr_expect_not(ended.waited);
	cr_expect_eq(ended.cut, 0);
	cr_expect_eq(drain_left(service->drain), 0);
}

static void drop_service(void)
{
	service_stop(service, "the test is over");
	HOST_UNTIL(service_at_rest(service));
	service_free(service);
	service = NULL;
	unload(&loaded);
	loaded.diag = NULL;
}

Test(drain, what_cannot_be_steered_away_from_is_over_at_once)
{
	static const char *const keys[] = {
		"command = % serve-fds\nlisten = unix:@/web.sock\n",
		"command = % serve-fds\nlisten = udp:127.0.0.1:#\n",
		"command = % serve-fds\nlisten = tcp:127.0.0.1:#\nreuse_port = no\n",
		"command = % serve-fds\nlisten = tcp:127.0.0.1:#\ndrain_timeout = 0\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		serving_online(keys[i]);
		expect_at_once(keys[i]);
		drop_service();
	}
	serving_service("command = % serve-fds\nlisten = tcp:127.0.0.1:#\n");
	expect_at_once("it doesn't run");
	sys_fake_fail("reuseport_program", 1, EPERM);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_assert_gt(sys_fake_count("reuseport_program"), 0);
	expect_at_once("the kernel spreads connections");
}

Test(drain, without_a_connection_it_is_soon_over_and_nothing_is_cut)
{
	serving_online("command = % serve-fds\nlisten = tcp:127.0.0.1:# udp:127.0.0.1:# unix:@/web.sock\ndrain_timeout = 1h\n");
	drain();
	cr_expect_eq(n_over, 0, "what is on its way is looked for in the loop");
	HOST_UNTIL(n_over);
	cr_expect(ended.waited);
	cr_expect_eq(ended.cut, 0);
}

static void it_waits_for_a_held_connection(void)
{
	cleanup_fd int client = serving_connect(0);

	cr_assert_eq(serving_answer(client), service->pid);
	drain();
	HOST_UNTIL(drain_left(service->drain) == 1);
	unsigned int before = sys_fake_count("sendmsg") + sys_fake_count("access");
	HOST_UNTIL(sys_fake_count("sendmsg") + sys_fake_count("access") >= before + 20);
	cr_expect_eq(n_over, 0);
	cr_expect_eq(drain_left(service->drain), 1);
	close_fd(&client);
	HOST_UNTIL(n_over);
	cr_expect(ended.waited);
	cr_expect_eq(ended.cut, 0);
	drain_free(service->drain);
	service->drain = NULL;
}

Test(drain, it_waits_for_a_connection_that_the_program_holds)
{
	serving_online("command = % serve-fds hold\nlisten = tcp:127.0.0.1:#\ndrain_timeout = 1h\n");
	it_waits_for_a_held_connection();
	/* The same where sock_diag isn't allowed. */
	sys_fake_fail_always("sendmsg", EPERM);
	it_waits_for_a_held_connection();
}

Test(drain, it_waits_for_what_the_program_has_not_accepted_yet)
{
	serving_online("command = % serve-fds\nlisten = tcp:127.0.0.1:#\ndrain_timeout = 1h\n");
	cr_assert_eq(kill(service->pid, SIGSTOP), 0);
	cleanup_fd int client = serving_connect(0);
	drain();
	HOST_UNTIL(drain_left(service->drain) == 1);
	cr_expect_eq(n_over, 0);
	cr_assert_eq(kill(service->pid, SIGCONT), 0);
	cr_expect_eq(serving_answer(client), service->pid);
	cr_expect_eq(serving_answer(client), -1);
	HOST_UNTIL(n_over);
	cr_expect_eq(ended.cut, 0);
}

Test(drain, after_drain_timeout_what_is_left_is_told)
{
	serving_online("command = % serve-fds hold\nlisten = tcp:127.0.0.1:#\ndrain_timeout = 40ms\n");
	int clients[3];

	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		clients[i] = serving_connect(0);
		cr_assert_eq(serving_answer(clients[i]), service->pid);
	}
	drain();
	HOST_UNTIL(n_over);
	cr_expect(ended.waited);
	cr_expect_eq(ended.cut, 3);
	cr_expect_geq(ended.took, service->spec->drain_timeout);
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		close_fd(&clients[i]);
}

/* Nobody says then whose a connection is: those of before are waited for, later ones go to others. */
Test(drain, where_the_processes_cannot_be_looked_at_all_connections_of_before_are_waited_for)
{
	serving_online("command = % serve-fds hold\nlisten = tcp:127.0.0.1:#\ndrain_timeout = 1h\n");
	cleanup_fd int client = serving_connect(0);

	cr_assert_eq(serving_answer(client), service->pid);
	sys_fake_fail_always("open", EMFILE);
	drain();
	HOST_UNTIL(drain_left(service->drain) == 1);
	cleanup_fd int later = serving_connect(0);
	cr_assert_eq(serving_answer(later), service->pid);
	unsigned int before = sys_fake_count("sendmsg");
	HOST_UNTIL(sys_fake_count("sendmsg") >= before + 20);
	cr_expect_eq(drain_left(service->drain), 1);
	cr_expect_eq(n_over, 0);
	close_fd(&client);
	HOST_UNTIL(n_over);
	cr_expect_eq(ended.cut, 0);
}

Test(drain, where_connections_cannot_be_listed_it_is_over_at_once)
{
	serving_online("command = % serve-fds hold\nlisten = tcp:127.0.0.1:#\ndrain_timeout = 1h\n");
	cleanup_fd int client = serving_connect(0);

	cr_assert_eq(serving_answer(client), service->pid);
	sys_fake_fail_always("socket", ENOMEM);
	expect_at_once("at its begin");
	sys_fake_reset();
	drain();
	HOST_UNTIL(drain_left(service->drain) == 1);
	sys_fake_fail_always("socket", ENOMEM);
	HOST_UNTIL(n_over);
	cr_expect_not(ended.waited);
	sys_fake_reset();
}

Test(drain, a_program_that_ends_by_itself_is_not_stopped_a_second_time)
{
	serving_online("command = % serve-fds hold\nlisten = tcp:127.0.0.1:#\ndrain_timeout = 1h\nautorestart = no\n");
	cleanup_fd int client = serving_connect(0);

	cr_assert_eq(serving_answer(client), service->pid);
	drain();
	HOST_UNTIL(drain_left(service->drain) == 1);
	cr_assert_eq(kill(service->pid, SIGKILL), 0);
	HOST_UNTIL(service_at_rest(service));
	cr_expect_eq(n_over, 0);
}

Test(drain, one_at_a_time)
{
	serving_online("command = % serve-fds hold\nlisten = tcp:127.0.0.1:#\ndrain_timeout = 1h\n");
	cleanup_fd int client = serving_connect(0);

	cr_assert_eq(serving_answer(client), service->pid);
	drain();
	const struct drain *first = service->drain;
	HOST_UNTIL(drain_left(first) == 1);
	drain();
	cr_expect_eq(n_over, 1);
	cr_expect_eq(service->drain, first);
}

Test(drain, a_step_that_fails_leaves_nothing_behind)
{
	static const char *const calls[] = { "socket", "sendmsg", "recvmsg", "open", "opendir", "readlink", "listen_queue" };

	serving_online("command = % serve-fds\nlisten = tcp:127.0.0.1:#\ndrain_timeout = 1h\n");
	size_t before = sys_fake_open_fds();
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		for (unsigned int nth = 1; nth <= 8; nth++) {
			sys_fake_reset();
			sys_fake_fail(calls[i], nth, ENOMEM);
			drain();
			HOST_UNTIL(n_over);
			drain_free(service->drain);
			service->drain = NULL;
			sys_fake_reset();
			cr_expect_eq(n_over, 1);
			cr_expect_eq(sys_fake_open_fds(), before, "%s %u", calls[i], nth);
		}
	}
}
