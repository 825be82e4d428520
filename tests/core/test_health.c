#include "core/health.h"

#include "tests/core/host.h"

TestSuite(health, .init = host_begin, .fini = host_done, .timeout = 60);

static uint64_t runs(void)
{
	struct health_look h = { 0 };

	return health_look(service, 0, &h) ? h.runs : 0;
}

Test(health, without_a_check_it_is_good_as_soon_as_it_is_ready_and_has_nothing_of_its_own)
{
	struct health_look h;

	host_service("[service:web]\ncommand = sleep 1000\n");
	cr_expect_not(health_is_good(service));
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect(health_is_good(service));
	cr_expect_null(service->health);
	cr_expect_not(health_look(service, 0, &h));
}

Test(health, two_checks_are_two_and_the_worse_one_counts)
{
	struct health_look h;

	host_service("[service:web]\ncommand = sleep 1000\nliveness = exec:true\nreadiness = exec:sh -c 'test -e good'\nhealth_interval = 10ms\n");
	service_start(service, "start");
	HOST_UNTIL(health_of(service) == HEALTH_BAD);
	cr_assert(health_look(service, 0, &h));
	cr_expect_str_eq(h.what, "liveness");
	cr_assert(health_look(service, 1, &h));
	cr_expect_str_eq(h.what, "readiness");
	cr_expect_eq(h.up.failures, 3);
	cr_expect_not(health_look(service, 2, &h));
	cr_expect_eq(service->state, STATE_ONLINE);
	unsigned int changed = n_changed;
	folder_put("good", "");
	HOST_UNTIL(health_is_good(service));
	cr_expect_gt(n_changed, changed, "those that wait are told");
	service_stop(service, "stop");
	cr_expect_not(health_is_good(service));
	HOST_UNTIL(service_at_rest(service));
}

Test(health, whatever_call_of_a_check_fails_the_service_lives_and_the_next_check_works)
{
	static const char *const calls[] = { "open", "pipe2", "fcntl", "clone3", "epoll_ctl" };

	host_service("[service:web]\ncommand = sleep 1000\nreadiness = exec:true\nhealth_interval = 10ms\nhealth_retries = 1\n");
	service_start(service, "start");
	HOST_UNTIL(health_is_good(service));
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		for (unsigned int nth = 1; nth < 4; nth++) {
			uint64_t before = runs();
			sys_fake_fail(calls[i], nth, ENOMEM);
			HOST_UNTIL(runs() >= before + 2);
			cr_expect_eq(service->state, STATE_ONLINE, "%s %u", calls[i], nth);
			sys_fake_reset();
		}
	}
	HOST_UNTIL(health_is_good(service));
	cr_expect_str_eq(service->failure, "");
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
	size_t fds = sys_fake_open_fds();
	service_start(service, "start");
	HOST_UNTIL(health_is_good(service));
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
	cr_expect_eq(sys_fake_open_fds(), fds);
}
