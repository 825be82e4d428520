/* Commands around a service, and services that leave a daemon behind. */
#include "tests/live/call.h"
#include "tests/live/live.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define NEVER "[pm1]\nexit_when = never\n"

Test(hooks, each_runs_at_its_time_and_is_told_what_it_needs)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\nshell = yes\ncommand = echo main; exec @PROG@ wait\nexec_start_pre = echo pre >> @DIR@/said\n"
					"exec_start_post = echo post $MAINPID >> @DIR@/said\nexec_stop = echo stop $MAINPID >> @DIR@/said\n"
					"exec_stop_post = echo $EXIT_CODE $EXIT_STATUS: $PM1_REASON >> @DIR@/said\n");
	live_status(&l, "web", "online");
	live_file_has(live_path(&l, "said"), "post ");
	int pid = (int)live_get(&l, "web", "pid");
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	char expected[256];
	size_t n;
	(void)snprintf(expected, sizeof(expected), "pre\npost %d\nstop %d\nkilled SIGTERM: killed by SIGTERM\n", pid, pid);
	cr_assert_str_eq(live_file(live_path(&l, "said"), &n), expected);
	cr_assert_eq(live_stop(&l), 0);
}

Test(hooks, the_end_by_itself_is_told_before_the_next_start)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\nshell = yes\ncommand = test -e @DIR@/said && exec @PROG@ wait; exit 3\n"
					"exec_stop_post = echo $EXIT_CODE $EXIT_STATUS >> @DIR@/said\n");
	live_status(&l, "web", "online");
	live_number(&l, "web", "pm2_env.restart_time", 1);
	live_file_has(live_path(&l, "said"), "exited 3\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(hooks, a_start_pre_that_fails_is_a_failed_start)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ wait\nexec_start_pre = @PROG@ exit 4\nmax_restarts = 2\n");
	live_status(&l, "web", "errored");
	cr_assert(strstr(live_text(&l, "web", "pm1.failure"), "exec_start_pre '"), "%s", live_text(&l, "web", "pm1.failure"));
	cr_assert(strstr(live_text(&l, "web", "pm1.failure"), "exited with code 4"), "%s", live_text(&l, "web", "pm1.failure"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(hooks, one_with_a_dash_may_fail_and_one_that_is_no_program_is_told)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ wait\nexec_start_pre = -@PROG@ exit 4\n"
					"exec_start_post = /no/such/program\n[service:no]\ncommand = @PROG@ wait\nexec_start_pre = /no/such\n"
					"[service:may]\ncommand = @PROG@ wait\nexec_start_pre = -/no/such\n");
	live_status(&l, "web", "online");
	live_status(&l, "may", "online");
	live_status(&l, "no", "errored");
	cr_assert(strstr(live_text(&l, "no", "pm1.failure"), "exec '/no/such': No such file or directory"), "%s",
		  live_text(&l, "no", "pm1.failure"));
	cr_assert(strstr(live_text(&l, "no", "pm1.failure"), "exec_start_pre"), "%s", live_text(&l, "no", "pm1.failure"));
	live_line(&l, "web: exec_start_post: exec: No such file or directory");
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(hooks, a_stop_while_start_pre_runs_ends_it)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ wait\nexec_start_pre = @PROG@ wait-for @DIR@/never\n");
	live_status(&l, "web", "launching");
	live_count_is(&l, "wait-for", 1);
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	live_count_is(&l, "wait-for", 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(hooks, a_stop_command_that_hangs_is_killed_and_the_signal_follows)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ wait\nexec_stop = @PROG@ ignore 15\nkill_timeout = 100ms\n");
	live_status(&l, "web", "online");
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	live_line(&l, "web: exec_stop takes too long: SIGKILL");
	cr_assert_str_eq(live_text(&l, "web", "pm1.signal"), "SIGTERM");
	live_no_zombies(&l);
	cr_assert_eq(live_stop(&l), 0);
}

Test(hooks, a_start_that_takes_longer_than_listen_timeout_has_failed)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ wait\nexec_start_pre = @PROG@ wait-for @DIR@/never\n"
					"listen_timeout = 50ms\nmax_restarts = 2\n");
	live_status(&l, "web", "errored");
	live_line(&l, "exec_start_pre is not done after listen_timeout 50ms");
	cr_assert_eq(live_stop(&l), 0);
}

Test(hooks, reload_runs_its_command_and_tells_how_it_ended)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\nshell = yes\ncommand = exec @PROG@ wait\nexec_reload = echo $MAINPID >> @DIR@/said\n"
					"[service:bad]\ncommand = @PROG@ wait\nexec_reload = @PROG@ exit 5\n[service:none]\ncommand = @PROG@ wait\n");
	live_status(&l, "web", "online");
	live_status(&l, "bad", "online");
	live_status(&l, "none", "online");
	int web = (int)live_get(&l, "web", "pid"), none = (int)live_get(&l, "none", "pid");
	cr_assert_eq(call(&l, "reload", "web").code, 0);
	char expected[32];
	size_t n;
	(void)snprintf(expected, sizeof(expected), "%d\n", web);
	cr_assert_str_eq(live_file(live_path(&l, "said"), &n), expected);
	cr_assert_eq(live_get(&l, "web", "pid"), web);
	struct called c = call(&l, "reload", "bad");
	cr_assert_eq(c.code, 1);
	cr_assert_not_null(strstr(c.err, "bad: online: exec_reload exited with code 5"), "%s", c.err);
	cr_assert_eq(call(&l, "reload", "none").code, 0);
	cr_assert_neq(live_get(&l, "none", "pid"), none);
	cr_assert_eq(live_stop(&l), 0);
}

/* The daemon is the main process then: its end is the service's. */
Test(forking, the_daemon_of_the_pid_file_is_the_service)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ntype = forking\nshell = yes\npid_file = @DIR@/web.pid\n"
					"command = setsid sh -c 'echo $$ > @DIR@/web.pid; exec @PROG@ wait' &\n");
	live_status(&l, "web", "online");
	size_t n;
	int pid = atoi(live_file(live_path(&l, "web.pid"), &n));
	cr_assert_eq(live_get(&l, "web", "pid"), pid);
	json_decref(live_call(&l, "Signal", "{\"signal\":\"KILL\",\"targets\":[\"web\"]}"));
	live_number(&l, "web", "pm2_env.restart_time", 1);
	live_status(&l, "web", "online");
	cr_assert_neq(live_get(&l, "web", "pid"), pid);
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	live_count_is(&l, "prog wait", 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(forking, without_a_pid_file_it_is_found_among_its_processes)
{
	struct live l;

	live_start(&l, LIVE_PID1 | LIVE_NO_CGROUP, NEVER "[service:web]\ntype = forking\nshell = yes\ncommand = setsid @PROG@ wait &\n");
	live_status(&l, "web", "online");
	live_line(&l, "web: starting -> online (its daemon is process");
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	live_count_is(&l, "prog wait", 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(forking, one_that_leaves_nothing_behind_has_failed)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ntype = forking\ncommand = @PROG@ exit 0\nmax_restarts = 2\n");
	live_status(&l, "web", "errored");
	cr_assert_eq(live_stop(&l), 0);
}
