#include "tests/core/host.h"

#include "core/adopt.h"
#include "core/hook.h"

#include <fcntl.h>
#include <sys/stat.h>

TestSuite(hook, .init = host_begin, .fini = host_done, .timeout = 60);

static bool nothing_left(void)
{
	return !process_any_left(service) && service->pid == 0;
}

static int n_ended_hooks;
static struct reaped last_end;

static void on_end(struct service *s, const struct reaped *r)
{
	cr_expect_null(s->hook, "it is gone before it is told of");
	n_ended_hooks++;
	last_end = *r;
}

static void start(const char *text)
{
	host_service(text);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
}

static void stop(void)
{
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
	HOST_UNTIL(nothing_left() || (reaper_drain(host.reaper), true));
	cr_expect(nothing_left());
}

/* A command beside a service must not harm it: whatever call of its start fails, the service runs on, and nothing is left of it. */
Test(hook, whatever_call_of_its_start_fails_the_service_runs_on)
{
	static const char *const calls[] = { "open", "pipe2", "clone3", "epoll_ctl", "fcntl" };
	unsigned int failed = 0;

	start("[service:web]\ncommand = sleep 1000\nexec_reload = true\n");
	reaper_drain(host.reaper);
	size_t fds = sys_fake_open_fds();
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		for (unsigned int nth = 1; nth < 5; nth++) {
			int before = n_ended_hooks;

			sys_fake_fail(calls[i], nth, ENOMEM);
			int r = hook_start(service, HOOK_RELOAD, NULL, 0, on_end);
			failed += r < 0;
			if (r == 0)
				HOST_UNTIL(n_ended_hooks > before);
			sys_fake_reset();
			cr_expect_null(service->hook);
			cr_expect_eq(service->state, STATE_ONLINE);
			cr_expect_str_eq(service->failure, "", "%s", service->failure);
			cr_expect_eq(sys_fake_open_fds(), fds, "%s %u", calls[i], nth);
		}
	}
	cr_expect_geq(failed, 3, "only %u failed", failed);
	stop();
}

Test(hook, one_that_takes_too_long_is_killed_and_told)
{
	start("[service:web]\ncommand = sleep 1000\nexec_reload = sleep 1000\n");
	cr_assert_eq(hook_start(service, HOOK_RELOAD, NULL, 10 * USEC_MS, on_end), 0);
	HOST_UNTIL(n_ended_hooks == 1);
	cr_expect(!last_end.exited && last_end.code == SIGKILL);
	stop();
}

Test(hook, a_second_one_takes_the_place_of_the_first)
{
	start("[service:web]\ncommand = sleep 1000\nexec_reload = sleep 1000\nexec_start_post = true\n");
	cr_assert_eq(hook_start(service, HOOK_RELOAD, NULL, 0, on_end), 0);
	cr_assert_eq(hook_start(service, HOOK_START_POST, NULL, 0, on_end), 0);
	HOST_UNTIL(n_ended_hooks == 1);
	cr_expect(last_end.exited && last_end.code == 0);
	cr_assert_eq(hook_start(service, HOOK_RELOAD, NULL, 0, on_end), 0);
	stop();
	cr_expect_eq(n_ended_hooks, 1, "a stop takes it along, and tells nobody");
}

Test(hook, whatever_call_of_the_commands_in_its_place_fails_a_service_comes_and_goes)
{
	static const char *const calls[] = { "pipe2", "clone3", "epoll_ctl" };

	host_service("[service:web]\ncommand = sleep 1000\nexec_start_pre = true\nexec_stop = true\nexec_stop_post = true\n"
		     "restart_delay = 1ms\nmax_restarts = 0\nkill_timeout = 5s\n");
	size_t fds = sys_fake_open_fds();
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		for (unsigned int nth = 1; nth < 8; nth++) {
			sys_fake_fail(calls[i], nth, EAGAIN);
			service_start(service, "start");
			HOST_UNTIL(service->state == STATE_ONLINE);
			service_stop(service, "stop");
			HOST_UNTIL(service_at_rest(service));
			sys_fake_reset();
			HOST_UNTIL(nothing_left() || (reaper_drain(host.reaper), true));
			cr_expect_eq(sys_fake_open_fds(), fds, "%s %u", calls[i], nth);
		}
	}
}

/* Only its own processes, and only pm1's children: a number in a file is no proof of anything. */
Test(hook, a_stranger_is_not_adopted)
{
	cr_assert_eq(mkfifo("gate", 0600), 0);
	start("[service:web]\ncommand = sh -c 'sleep 1000 & read x < gate; read x < gate'\n");
	cr_assert_eq(close(open("gate", O_WRONLY | O_CLOEXEC)), 0); /* once it reads, the other is there */
	cr_expect_eq(adopt_pid(service, 0), -ESRCH);
	cr_expect_eq(adopt_pid(service, 1), -ESRCH);
	cr_expect_eq(adopt_pid(service, getpid()), -ESRCH);
	pid_t pids[8];
	HOST_UNTIL(process_pids(service, pids, 8) == 2 || (reaper_drain(host.reaper), true));
	ssize_t n = process_pids(service, pids, 8);
	cr_assert_eq(n, 2);
	for (ssize_t i = 0; i < n; i++)
		if (pids[i] != service->pid)
			cr_expect_eq(adopt_pid(service, pids[i]), -ECHILD);
	stop();
}

static usec_t turn;
static usec_t on_turn(void *ctx)
{
	(void)ctx;
	return turn;
}

Test(hook, a_restart_waits_for_its_turn_among_all)
{
	host.restart_turn = on_turn;
	turn = 3600 * USEC_SEC;
	start("[service:web]\ncommand = sleep 1000\n");
	cr_assert_eq(kill(service->pid, SIGKILL), 0);
	HOST_UNTIL(service->state == STATE_BACKOFF);
	cr_expect_gt(loop_timer_due(service->timer), clock_mono() + 3000 * USEC_SEC);
	service_stop(service, "stop");
	cr_expect(service_at_rest(service));
}
