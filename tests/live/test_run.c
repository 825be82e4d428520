/* The foreground supervisor: its start, its end, its signals. */
#include "tests/live/live.h"

#include <signal.h>
#include <string.h>

#define ONE "[service:web]\ncommand = @PROG@ wait\n"

Test(run, as_pid_1_it_starts_a_service_and_ends_clean_on_term)
{
	struct live l;
	live_start(&l, LIVE_PID1, ONE);
	live_line(&l, "web | up");
	live_status(&l, "web", "online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(run, as_an_ordinary_process_it_does_the_same)
{
	struct live l;
	live_start(&l, 0, "[service:web]\ncommand = @PROG@ wait @DIR@\n");
	live_line(&l, "web | up");
	cr_assert_eq(live_count(&l, "wait /tmp/pm1-live"), 1);
	live_signal(&l, SIGINT);
	char dir[64];
	strcpy(dir, l.dir);
	cr_assert_eq(live_end(&l), 0);
	cr_assert_eq(live_count(&l, dir), 0, "something of the service is left");
}

Test(run, quit_ends_it_too)
{
	struct live l;
	live_start(&l, LIVE_PID1, ONE);
	live_line(&l, "web | up");
	live_signal(&l, SIGQUIT);
	cr_assert_eq(live_end(&l), 0);
}

Test(run, when_all_have_ended_the_code_is_the_services)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:job]\ncommand = @PROG@ exit 7\nautorestart = no\n");
	cr_assert_eq(live_end(&l), 7);
}

Test(run, a_service_killed_by_a_signal_gives_128_and_the_signal)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:job]\ncommand = @PROG@ kill-self 9\nautorestart = no\n");
	cr_assert_eq(live_end(&l), 137);
}

Test(run, with_two_services_the_end_of_one_is_not_the_end)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:job]\ncommand = @PROG@ exit 7\nautorestart = no\n" ONE);
	live_status(&l, "job", "stopped");
	live_status(&l, "web", "online");
	cr_assert_eq(live_get(&l, "job", "pm2_env.exit_code"), 7);
	cr_assert_eq(live_stop(&l), 0);
}

Test(run, exit_when_never_stays)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\n[service:job]\ncommand = @PROG@ exit 7\nautorestart = no\n");
	live_status(&l, "job", "stopped");
	cr_assert_eq(live_stop(&l), 0);
}

Test(run, exit_when_any_failed_takes_the_code_and_stops_the_rest)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = any-failed\n[service:job]\ncommand = @PROG@ exit 9\nautorestart = no\n" ONE);
	cr_assert_eq(live_end(&l), 9);
}

Test(run, the_end_of_a_critical_service_is_the_end)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:job]\ncommand = @PROG@ exit 4\nautorestart = no\ncritical = yes\n" ONE);
	cr_assert_eq(live_end(&l), 4);
}

Test(run, a_stop_by_the_user_does_not_end_it)
{
	struct live l;
	live_start(&l, LIVE_PID1, ONE);
	live_status(&l, "web", "online");
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"all\"]}"));
	live_status(&l, "web", "stopped");
	json_decref(live_call(&l, "Start", "{\"targets\":[\"web\"]}"));
	live_status(&l, "web", "online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(run, a_second_term_hurries)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[pm1]\nshutdown_timeout = 10m\n[service:web]\ncommand = @PROG@ ignore 15\nkill_timeout = 9m\n");
	live_line(&l, "web | ignoring");
	live_signal(&l, SIGTERM);
	live_line(&l, "stopping");
	live_signal(&l, SIGTERM);
	cr_assert_eq(live_end(&l), 0);
}

Test(run, shutdown_timeout_bounds_the_whole)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[pm1]\nshutdown_timeout = 200ms\n[defaults]\nkill_timeout = 9m\n"
		   "[service:a]\ncommand = @PROG@ ignore 15\n[service:b]\ncommand = @PROG@ ignore 15\n");
	live_line(&l, "| ignoring");
	live_line(&l, "| ignoring");
	cr_assert_eq(live_stop(&l), 0);
}

Test(run, faults_of_the_file_are_told_with_their_place_and_nothing_starts)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\nmemory_max = 12Q\nrestrat_delay = 3\n");
	live_line(&l, "pm1.ini:3: [service:web] memory_max = 12Q: unknown unit 'Q'");
	live_line(&l, "pm1.ini:4: [service:web] restrat_delay = 3: unknown key (did you mean restart_delay?)");
	cr_assert_null(strstr(l.text, "web | up"));
	cr_assert_eq(live_end(&l), 2);
}

Test(run, a_missing_file_is_an_error_with_its_name)
{
	struct live l;
	live_exec(&l, LIVE_PID1, NULL, (const char *[]){ "run", "@DIR@/none.ini", NULL });
	live_line(&l, "none.ini");
	cr_assert_eq(live_end(&l), 2);
}

Test(run, hup_starts_stops_and_restarts_only_what_changed)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:same]\ncommand = @PROG@ wait @DIR@\n[service:gone]\ncommand = @PROG@ wait @DIR@\n"
		   "[service:other]\ncommand = @PROG@ wait @DIR@\n");
	live_status(&l, "other", "online");
	live_status(&l, "same", "online");
	json_int_t same = live_get(&l, "same", "pid"), other = live_get(&l, "other", "pid");
	live_ini(&l, "[service:same]\ncommand = @PROG@ wait @DIR@\n[service:other]\ncommand = @PROG@ wait @DIR@\nenv.X = 1\n"
		     "[service:new]\ncommand = @PROG@ wait @DIR@\n");
	live_signal(&l, SIGHUP);
	live_status(&l, "new", "online");
	live_number(&l, "other", "pm2_env.restart_time", 1);
	live_status(&l, "other", "online");
	char wait[80];
	snprintf(wait, sizeof(wait), "wait %s", l.dir);
	live_count_is(&l, wait, 3);
	cr_assert_null(live_service(&l, "gone"));
	cr_assert_eq(live_get(&l, "same", "pid"), same);
	cr_assert_neq(live_get(&l, "other", "pid"), other);
	cr_assert_eq(live_stop(&l), 0);
}

Test(run, a_broken_file_at_a_reload_changes_nothing)
{
	struct live l;
	live_start(&l, LIVE_PID1, ONE);
	live_status(&l, "web", "online");
	json_int_t pid = live_get(&l, "web", "pid");
	live_ini(&l, "[service:web]\ncommand = \n[service:new]\ncommand = @PROG@ wait\nnonsense = 1\n");
	live_signal(&l, SIGHUP);
	live_line(&l, "nothing is changed");
	cr_assert_eq(live_get(&l, "web", "pid"), pid);
	cr_assert_null(live_service(&l, "new"));
	json_t *r = live_call(&l, "ReloadConfig", "");
	cr_assert_str_eq(json_string_value(json_object_get(r, "error")), "io.pm1.InvalidConfig");
	json_decref(r);
	cr_assert_eq(live_stop(&l), 0);
}

Test(run, a_storm_of_hups_is_survived)
{
	struct live l;
	live_start(&l, LIVE_PID1, ONE);
	live_status(&l, "web", "online");
	json_int_t pid = live_get(&l, "web", "pid");
	for (int i = 0; i < 1000; i++)
		live_signal(&l, SIGHUP);
	json_decref(live_call(&l, "Ping", ""));
	cr_assert_eq(live_get(&l, "web", "pid"), pid);
	cr_assert_eq(live_stop(&l), 0);
}

Test(run, forward_signals_passes_on_those_that_are_named)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[pm1]\nforward_signals = USR2 WINCH\n[service:web]\ncommand = @PROG@ trap got\n");
	live_line(&l, "trapping");
	live_signal(&l, SIGUSR2);
	live_line(&l, "web | got 12");
	live_signal(&l, SIGCONT);
	live_signal(&l, SIGWINCH);
	live_line(&l, "web | got 28");
	cr_assert_null(strstr(l.text, "got 18"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(run, usr1_opens_the_log_files_anew)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ trap got\nstop_signal = INT\n");
	live_line(&l, "trapping");
	char from[256];
	strcpy(from, live_path(&l, "logs/web-out.log"));
	live_file_has(from, "trapping");
	char to[300];
	snprintf(to, sizeof(to), "%s.1", from);
	cr_assert_eq(rename(from, to), 0);
	live_signal(&l, SIGUSR1);
	live_file_there(from); /* made anew at once, as an outside logrotate expects */
	json_decref(live_call(&l, "Signal", "{\"signal\":\"USR1\",\"targets\":[\"web\"]}"));
	live_file_has(from, "got 10");
	cr_assert_eq(live_stop(&l), 0);
}
