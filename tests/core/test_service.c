#include "tests/core/host.h"

#include "os/kin.h"

#include <fcntl.h>
#include <sys/stat.h>

TestSuite(service, .init = host_begin, .fini = host_done, .timeout = 60);

static void history_is(size_t n, const char *const *expected)
{
	cr_assert_eq(service->history_n, n, "%u changes", service->history_n);
	for (size_t i = 0; i < n; i++) {
		const struct service_event *e = &service->history[i];
		char text[256];
		snprintf(text, sizeof(text), "%s -> %s (%s)", state_name(e->from), state_name(e->to), e->cause);
		cr_expect_str_eq(text, expected[i], "%s", text);
		cr_expect_gt(e->wall, 0);
	}
}

#define HISTORY(...) history_is(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), (const char *[]){ __VA_ARGS__ })

/* No process of it lives, by the mark that all of them bear. */
static bool nothing_left(void)
{
	pid_t pids[8];
	return kin_find(0, service->mark, pids, 8) == 0;
}

Test(service, a_run_is_told_step_by_step)
{
	host_service("[service:job]\ncommand = sh -c 'exit 3'\nautorestart = no\n");
	service_start(service, "start by uid 7");
	cr_expect_eq(service->state, STATE_STARTING);
	HOST_UNTIL(service_at_rest(service));
	HISTORY("stopped -> starting (start by uid 7)", "starting -> online (program started)", "online -> exited (exited with code 3)",
		"exited -> stopped (exited with code 3)");
	cr_expect_eq(service_exit_code(service), 3);
	cr_expect_eq(service->runs, 1);
	cr_expect_eq(n_ended, 1);
	cr_expect_geq(n_changed, 3);
	cr_expect(!service->want_up);
}

Test(service, a_stop_is_a_signal_and_not_an_end_by_itself)
{
	host_service("[service:web]\ncommand = sleep 1000\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	service_stop(service, "stop by uid 0");
	HOST_UNTIL(service_at_rest(service));
	cr_expect_eq(service->state, STATE_STOPPED);
	cr_expect_eq(service_exit_code(service), 128 + service->spec->stop_signal);
	cr_expect_eq(n_ended, 0);
	cr_expect_eq(service->restarts, 0);
}

Test(service, what_cannot_be_run_is_told_with_its_key_and_not_tried_again)
{
	char expected[SERVICE_FAILURE_MAX];

	host_service("[service:web]\ncommand = /no/such/program\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ERRORED);
	snprintf(expected, sizeof(expected), "exec '/no/such/program': No such file or directory (%s/pm1.ini: [service:web] command)", folder);
	cr_expect_str_eq(service->failure, expected);
	cr_expect_eq(service_exit_code(service), 127);
	cr_expect_eq(service->runs, 0);
	cr_expect_eq(n_ended, 1);
	cr_expect_not_null(strstr(host_last_cause(), "cannot start: exec"));
}

Test(service, a_user_that_is_not_there_is_not_tried_again)
{
	host_service("[service:web]\ncommand = true\nuser = no-such-user-here\n");
	service_start(service, "start");
	cr_expect_eq(service->state, STATE_ERRORED);
	cr_expect_eq(strncmp(service->failure, "no such user 'no-such-user-here' (", 34), 0, "%s", service->failure);
}

/* No such user and no descriptor to look it up with are two things. */
Test(service, a_user_that_cannot_be_looked_up_now_is_tried_again)
{
	host_service("[service:web]\ncommand = sleep 1000\nuser = root\nrestart_delay = 1ms\n");
	sys_fake_fail("open", 1, EMFILE);
	service_start(service, "start");
	cr_expect_eq(service->state, STATE_BACKOFF);
	cr_expect_eq(strncmp(service->failure, "cannot look up user 'root': Too many open files (", 49), 0, "%s", service->failure);
	HOST_UNTIL(service->state == STATE_ONLINE || service->state == STATE_ERRORED);
	if (geteuid() == 0)
		cr_expect_eq(service->state, STATE_ONLINE, "%s", service->failure);
}

/* That the last try was hopeless says nothing of one for which only a descriptor is missing. */
Test(service, a_start_without_its_pipe_is_tried_again_whatever_the_one_before_it_failed_by)
{
	host_service("[service:web]\ncommand = ./later\nready = fd:3\nrestart_delay = 1ms\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ERRORED);
	cr_expect(service->permanent);
	folder_put("later", "#!/bin/sh\necho >&3\nexec sleep 1000\n");
	cr_assert_eq(chmod("later", 0755), 0);
	sys_fake_fail("pipe2", 1, EMFILE);
	service_start(service, "start again");
	HOST_UNTIL(service->state == STATE_ONLINE || service->state == STATE_ERRORED);
	cr_expect_eq(service->state, STATE_ONLINE, "%s", host_last_cause());
}

Test(service, no_room_for_a_process_is_tried_again)
{
	host_service("[service:web]\ncommand = sleep 1000\nrestart_delay = 1ms\n");
	sys_fake_fail("clone3", 1, EAGAIN);
	service_start(service, "start");
	cr_expect_eq(service->state, STATE_BACKOFF);
	cr_expect_str_eq(service->failure, "fork: Resource temporarily unavailable");
	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect_eq(service->runs, 1);
	cr_expect_eq(service->restarts, 1);
	cr_expect_str_eq(service->failure, "");
}

/* The next try began within the reading of the report; its process was then taken for the one that had ended, and lost. */
Test(service, a_failed_start_that_is_reaped_before_its_report_is_read_has_one_successor)
{
	struct rlimit wrong = { .rlim_cur = 9, .rlim_max = 8 };
	siginfo_t info;

	host_service("[service:web]\ncommand = sleep 1000\n");
	host.nofile = &wrong;
	service_start(service, "start");
	cr_assert_eq(waitid(P_PID, (id_t)service->pid, &info, WEXITED | WNOWAIT), 0);
	host.nofile = NULL;
	reaper_drain(host.reaper);
	cr_expect_eq(service->state, STATE_STARTING);
	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect_gt(service->pid, 0);
	cr_expect_eq(service->restarts, 1);
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
	HOST_UNTIL(nothing_left() || (reaper_drain(host.reaper), true));
	cr_expect(nothing_left());
}

Test(service, whatever_call_of_a_start_fails_the_next_start_works_and_nothing_is_left_behind)
{
	static const char *const calls[] = { "open", "pipe2", "clone3", "epoll_ctl" };
	unsigned int failed = 0;

	host_service("[service:web]\ncommand = sleep 1000\nrestart_delay = 1ms\nmax_restarts = 0\n");
	size_t fds = sys_fake_open_fds();
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		for (unsigned int nth = 1; nth < 6; nth++) {
			unsigned int restarts = service->restarts;

			sys_fake_reset();
			sys_fake_fail(calls[i], nth, ENOMEM);
			service_start(service, "start");
			HOST_UNTIL(service->state == STATE_ONLINE || service->state == STATE_ERRORED);
			cr_assert_eq(service->state, STATE_ONLINE, "%s %u: %s", calls[i], nth, service->failure);
			failed += service->restarts - restarts;
			sys_fake_reset();
			service_stop(service, "stop");
			HOST_UNTIL(service_at_rest(service));
			HOST_UNTIL(nothing_left() || (reaper_drain(host.reaper), true));
			cr_expect_eq(sys_fake_open_fds(), fds, "%s %u", calls[i], nth);
			cr_expect(nothing_left(), "%s %u", calls[i], nth);
		}
	}
	cr_expect_geq(failed, 3, "only %u", failed);
}

Test(service, without_clone3_and_pidfds_it_lives_and_dies_all_the_same)
{
	host_service("[service:web]\ncommand = sh -c 'trap \"\" TERM INT; echo ready; while :; do sleep 1000; done'\nkill_timeout = 50ms\nkill_mode = process\n");
	sys_fake_fail_always("clone3", EPERM);
	sys_fake_fail_always("pidfd_open", ENOSYS);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect_eq(service->pidfd, -1);
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
	cr_expect(nothing_left());
}

/* Neither in a cgroup nor the main's child any more: found by its mark. */
Test(service, what_main_leaves_behind_is_stopped_before_the_service_is_down)
{
	host_service("[service:web]\ncommand = sh -c 'setsid sleep 1000 & exit 0'\nautorestart = no\n");
	service_start(service, "start");
	HOST_UNTIL(service_at_rest(service));
	cr_expect(nothing_left());
	cr_expect_eq(service->state, STATE_STOPPED);
}

/* When /proc can't be read for the moment, nobody knows whether anything is left: it isn't called empty. */
Test(service, while_the_rest_cannot_be_listed_it_is_not_taken_for_gone)
{
	cr_assert_eq(mkfifo("gate", 0600), 0);
	host_service("[service:web]\ncommand = sh -c 'setsid sleep 1000 & read x < gate'\nautorestart = no\nkill_timeout = 1ms\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	int gate = open("gate", O_WRONLY | O_CLOEXEC); /* once main waits there: the other is forked by then */
	sys_fake_fail_always("open", EMFILE);
	cr_assert_eq(close(gate), 0);
	HOST_UNTIL(service->state == STATE_EXITED);
	HOST_UNTIL(service->kill_rounds > 0);
	cr_expect_eq(service->state, STATE_EXITED);
	sys_fake_reset();
	HOST_UNTIL(service_at_rest(service));
	cr_expect(nothing_left());
}

Test(service, a_crash_loop_is_given_up)
{
	host_service("[service:web]\ncommand = false\nmax_restarts = 3\nrestart_delay = 1ms\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ERRORED);
	cr_expect_eq(service->runs, 3);
	cr_expect_str_eq(host_last_cause(), "gave up after 3 unstable runs (max_restarts)");
	cr_expect_eq(n_ended, 1);
	service_start(service, "start by uid 0");
	cr_expect_eq(service->state, STATE_STARTING);
	HOST_UNTIL(service->state == STATE_ERRORED);
	cr_expect_eq(service->runs, 6, "a start by hand clears the count");
}

Test(service, a_restart_stops_and_starts)
{
	host_service("[service:web]\ncommand = sleep 1000\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	pid_t first = service->pid;
	service_restart(service, "restart by uid 0");
	service_restart(service, "restart by uid 1");
	HOST_UNTIL(service->state == STATE_ONLINE && service->runs == 2);
	cr_expect_neq(service->pid, first);
	cr_expect_eq(service->restarts, 2);
	service_reset(service);
	cr_expect_eq(service->restarts, 0);
}

Test(service, a_start_that_is_asked_for_while_it_stops_follows)
{
	host_service("[service:web]\ncommand = sleep 1000\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	service_stop(service, "stop");
	service_start(service, "start again");
	cr_expect_eq(service->state, STATE_STOPPING);
	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect_eq(service->runs, 2);
	service_stop(service, "stop");
	service_start(service, "start again");
	service_stop(service, "no, stop");
	HOST_UNTIL(service_at_rest(service));
	cr_expect_eq(service->runs, 2, "the last wish counts");
}

Test(service, the_history_keeps_the_newest_and_cuts_a_long_cause)
{
	char cause[200];

	host_service("[service:web]\ncommand = false\nmax_restarts = 20\nrestart_delay = 1ms\n");
	memset(cause, 'c', sizeof(cause) - 1);
	cause[sizeof(cause) - 1] = 0;
	service_start(service, cause);
	cr_expect_eq(strlen(service->history[0].cause), SERVICE_CAUSE_MAX - 1);
	cr_expect_str_eq(service->history[0].cause + SERVICE_CAUSE_MAX - 5, "c...");
	HOST_UNTIL(service->state == STATE_ERRORED);
	cr_expect_gt(service->history_n, SERVICE_HISTORY);
	cr_expect_eq(service->history[(service->history_n - 1) % SERVICE_HISTORY].to, STATE_ERRORED);
	cr_expect(!host_was(STATE_STOPPED));
}

Test(service, a_signal_goes_to_the_main_process_or_to_nobody)
{
	host_service("[service:web]\ncommand = sleep 1000\nautorestart = no\n");
	cr_expect_eq(service_signal(service, SIGTERM), -ESRCH);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect_eq(service_signal(service, SIGUSR1), 0);
	HOST_UNTIL(service_at_rest(service));
	cr_expect_eq(service->last.code, SIGUSR1);
	cr_expect(!service->last.exited);
	cr_expect_eq(service_signal(service, SIGTERM), -ESRCH);
}
