/* One service: how it is started, restarted, stopped; what is left of it. */
#include "tests/live/live.h"

#include <signal.h>
#include <string.h>

Test(service, a_killed_one_is_started_again_and_counted)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\nmin_uptime = 1ms\n");
	live_status(&l, "web", "online");
	for (int i = 1; i <= 3; i++) {
		json_decref(live_call(&l, "Signal", "{\"signal\":\"KILL\",\"targets\":[\"web\"]}"));
		live_number(&l, "web", "pm2_env.restart_time", i);
		live_status(&l, "web", "online");
	}
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, restart_delay_is_shown_as_waiting_restart)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ exit 1\nrestart_delay = 10m\nmax_restarts = 9\n");
	live_status(&l, "web", "waiting restart");
	cr_assert_gt(live_get(&l, "web", "pm1.restart_in_ms"), 1000);
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	live_status(&l, "web", "stopped");
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, max_restarts_unstable_runs_end_in_errored_also_with_a_delay)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\n"
		   "[service:web]\ncommand = @PROG@ exit 1\nrestart_delay = 30ms\nmax_restarts = 4\nmin_uptime = 10s\n");
	live_status(&l, "web", "errored");
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 3);
	cr_assert(strstr(live_text(&l, "web", "pm1.cause"), "max_restarts"), "%s", live_text(&l, "web", "pm1.cause"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, a_stop_exit_code_is_final)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ exit 42\nstop_exit_codes = 0 42\n");
	cr_assert_eq(live_end(&l), 42);
}

Test(service, one_that_ignores_term_is_killed_after_kill_timeout)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ ignore 15\nkill_timeout = 100ms\n[service:x]\ncommand = @PROG@ wait\n");
	live_line(&l, "web | ignoring");
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	live_status(&l, "web", "stopped");
	cr_assert_str_eq(live_text(&l, "web", "pm1.signal"), "SIGKILL");
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, stop_signal_is_heeded)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ trap got\nstop_signal = SIGINT\n[service:x]\ncommand = @PROG@ wait\n");
	live_line(&l, "trapping");
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	live_line(&l, "got 2");
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, a_stopped_process_is_woken_to_stop)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ stop-self\nkill_timeout = 9m\n[service:x]\ncommand = @PROG@ wait\n");
	live_line(&l, "stopping");
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	cr_assert_str_eq(live_text(&l, "web", "pm1.signal"), "SIGTERM");
	cr_assert_eq(live_stop(&l), 0);
}

static void daemons_go(int how)
{
	struct live l;
	char dir[64];
	live_start(&l, how, "[service:web]\ncommand = @PROG@ setsid-daemon @DIR@\nkill_timeout = 100ms\n[service:x]\ncommand = @PROG@ wait\n");
	live_line(&l, "up");
	live_file_has(live_path(&l, "logs/web-out.log"), "away");
	strcpy(dir, l.dir);
	live_count_is(&l, dir, 2); /* the process between the two may still be on its way out */
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	cr_assert_eq(live_count(&l, dir), 0, "the daemon outlived its service");
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, a_daemon_that_left_its_session_goes_with_its_service)
{
	daemons_go(LIVE_PID1);
}

Test(service, a_daemon_that_left_its_session_goes_also_without_a_cgroup)
{
	daemons_go(LIVE_PID1 | LIVE_NO_CGROUP);
}

Test(service, and_also_where_pm1_is_not_pid_1)
{
	daemons_go(0);
}

Test(service, and_under_a_subreaper_without_a_cgroup)
{
	daemons_go(LIVE_NO_CGROUP);
}

Test(service, what_an_ended_main_leaves_behind_goes_before_the_restart)
{
	struct live l;
	char dir[64];
	live_start(&l, LIVE_PID1,
		   "[service:web]\ncommand = @PROG@ setsid-daemon exit @DIR@\nkill_timeout = 50ms\nrestart_delay = 10m\n");
	live_status(&l, "web", "waiting restart");
	strcpy(dir, l.dir);
	cr_assert_eq(live_count(&l, dir), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, many_stop_side_by_side)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[pm1]\nshutdown_timeout = 20s\n[defaults]\nkill_timeout = 1s\n[service:web]\ncommand = @PROG@ ignore 15\ninstances = 30\n");
	for (int i = 0; i < 30; i++)
		live_line(&l, "| ignoring");
	/* One after another they would take 30 s, and shutdown_timeout would have to end it. */
	live_signal(&l, SIGTERM);
	live_line(&l, "all services are down");
	cr_assert_null(strstr(l.text, "shutdown_timeout is over"));
	cr_assert_eq(live_end(&l), 0);
}

Test(service, orphans_are_reaped)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ orphans 50\n");
	live_line(&l, "orphaned");
	json_t *r = live_call(&l, "List", "");
	json_decref(r);
	live_no_zombies(&l);
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, orphans_are_reaped_by_a_subreaper_too)
{
	struct live l;
	live_start(&l, 0, "[service:web]\ncommand = @PROG@ orphans 50\n");
	live_line(&l, "orphaned");
	json_decref(live_call(&l, "List", ""));
	live_no_zombies(&l);
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, a_missing_program_is_errored_with_step_reason_and_key)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:bad]\ncommand = /no/such/program\n[service:web]\ncommand = @PROG@ wait\n");
	live_status(&l, "bad", "errored");
	live_status(&l, "web", "online");
	const char *why = live_text(&l, "bad", "pm1.failure");
	cr_assert(strstr(why, "exec") && strstr(why, "No such file") && strstr(why, "command"), "%s", why);
	cr_assert_eq(live_get(&l, "bad", "pm2_env.exit_code"), 127);
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, a_folder_a_bad_cwd_and_an_unknown_user_are_told_apart)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:folder]\ncommand = /tmp\n[service:cwd]\ncommand = @PROG@ wait\ncwd = /no/such/folder\n"
		   "[service:user]\ncommand = @PROG@ wait\nuser = nobody-of-that-name\n[service:web]\ncommand = @PROG@ wait\n");
	live_status(&l, "folder", "errored");
	live_status(&l, "cwd", "errored");
	live_status(&l, "user", "errored");
	cr_assert(strstr(live_text(&l, "folder", "pm1.failure"), "ermission"));
	cr_assert_eq(live_get(&l, "folder", "pm2_env.exit_code"), 126);
	cr_assert(strstr(live_text(&l, "cwd", "pm1.failure"), "/no/such/folder"));
	cr_assert(strstr(live_text(&l, "user", "pm1.failure"), "nobody-of-that-name"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, a_start_that_fails_is_told_to_who_asked)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:bad]\ncommand = /no/such/program\nautostart = no\n[service:web]\ncommand = @PROG@ wait\n");
	live_status(&l, "web", "online");
	json_t *r = live_call(&l, "Start", "{\"targets\":[\"bad\"]}");
	cr_assert_str_eq(json_string_value(json_object_get(r, "error")), "io.pm1.NotDone");
	json_decref(r);
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, user_group_umask_cwd_and_session_are_as_asked)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ ids\nuser = 65534\numask = 027\ncwd = /tmp\n");
	live_line(&l, "web | uid=65534 gid=65534");
	live_line(&l, "umask=027 cwd=/tmp sid=own");
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, environment_comes_from_keys_and_files)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:a]\ncommand = @PROG@ env GREETING\nenv.GREETING = hello ; world\n"
		   "[service:b]\ncommand = @PROG@ env NODE_APP_INSTANCE\ninstances = 2\n"
		   "[service:c]\ncommand = @PROG@ env HOME\nuser = root\n");
	live_line(&l, "c | HOME=/root");
	live_file_has(live_path(&l, "logs/a-out.log"), "GREETING=hello");
	live_file_has(live_path(&l, "logs/b-out-0.log"), "NODE_APP_INSTANCE=0");
	live_file_has(live_path(&l, "logs/b-out-1.log"), "NODE_APP_INSTANCE=1");
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, nothing_of_pm1s_signals_and_descriptors_reaches_it)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:s]\ncommand = @PROG@ signals\n[service:f]\ncommand = @PROG@ fds\n");
	live_file_has(live_path(&l, "logs/s-out.log"), "SigBlk:\t0000000000000000");
	live_file_has(live_path(&l, "logs/s-out.log"), "SigIgn:\t0000000000000000");
	live_file_has(live_path(&l, "logs/f-out.log"), "fd 0\nfd 1\nfd 2\nend\n");
	cr_assert_eq(live_stop(&l), 0);
}

static void under_fallbacks(int how)
{
	struct live l;
	live_start(&l, how, "[service:web]\ncommand = @PROG@ trap got\nmin_uptime = 1ms\n[service:bad]\ncommand = /no/such\n");
	live_line(&l, "trapping");
	live_status(&l, "bad", "errored");
	json_decref(live_call(&l, "Signal", "{\"signal\":\"KILL\",\"targets\":[\"web\"]}"));
	live_number(&l, "web", "pm2_env.restart_time", 1);
	live_status(&l, "web", "online");
	json_decref(live_call(&l, "Restart", "{\"targets\":[\"web\"]}"));
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "stopped");
	cr_assert_eq(live_stop(&l), 0);
}

Test(service, lives_on_an_old_kernel_without_clone3_pidfd_and_close_range)
{
	under_fallbacks(LIVE_PID1 | LIVE_FALLBACKS);
}

Test(service, lives_on_an_old_kernel_without_cgroups_too)
{
	under_fallbacks(LIVE_PID1 | LIVE_FALLBACKS | LIVE_NO_CGROUP);
}
