/* Files started again: what runs is restarted or reloaded with the keys the file says now, the rest is started. */
#include "tests/live/call.h"

#include <stdio.h>
#include <string.h>

#define HEAD "[pm1]\nexit_when = never\n"

Test(cli_reload, start_or_restart_restarts_what_runs_and_starts_the_rest)
{
	struct live l;
	char file[256];

	live_start(&l, LIVE_PID1, HEAD "[service:same]\ncommand = @PROG@ wait\n[service:changed]\ncommand = @PROG@ wait\n"
				       "[service:down]\ncommand = @PROG@ wait\n[service:gone]\ncommand = @PROG@ wait\n"
				       "[service:off]\ncommand = @PROG@ wait\nautostart = no\n");
	live_status(&l, "same", "online");
	live_status(&l, "changed", "online");
	live_status(&l, "gone", "online");
	live_status(&l, "down", "online");
	cr_assert_eq(call(&l, "stop", "down").code, 0);
	long long same = live_get(&l, "same", "pid"), changed = live_get(&l, "changed", "pid");
	live_ini(&l, HEAD "[service:same]\ncommand = @PROG@ wait\n[service:changed]\ncommand = @PROG@ trap got\n"
			  "[service:down]\ncommand = @PROG@ wait\n[service:new]\ncommand = @PROG@ wait\n"
			  "[service:later]\ncommand = @PROG@ wait\nautostart = no\n[service:off]\ncommand = @PROG@ wait\nautostart = no\n");
	(void)snprintf(file, sizeof(file), "%s", live_path(&l, "pm1.ini"));
	struct called c = call(&l, "startOrRestart", file);
	cr_assert_eq(c.code, 0, "%s", c.err);
	/* All of it is true when the answer comes. */
	cr_assert_str_eq(live_text(&l, "same", "pm2_env.status"), "online");
	cr_assert_str_eq(live_text(&l, "changed", "pm2_env.status"), "online");
	cr_assert_str_eq(live_text(&l, "down", "pm2_env.status"), "online");
	cr_assert_str_eq(live_text(&l, "new", "pm2_env.status"), "online");
	cr_assert_str_eq(live_text(&l, "later", "pm2_env.status"), "stopped");
	cr_assert_str_eq(live_text(&l, "off", "pm2_env.status"), "online"); /* as `start FILE' has it */
	cr_assert_null(live_service(&l, "gone"));
	cr_assert_neq(live_get(&l, "same", "pid"), same);
	cr_assert_neq(live_get(&l, "changed", "pid"), changed);
	/* One restart, and not a second one for the keys. */
	cr_assert_eq(live_get(&l, "changed", "pm2_env.restart_time"), 1);
	cr_assert_eq(live_get(&l, "same", "pm2_env.restart_time"), 1);
	cr_assert_eq(live_get(&l, "down", "pm2_env.restart_time"), 0);
	cr_assert_eq(live_get(&l, "new", "pm2_env.restart_time"), 0);
	live_file_has(live_path(&l, "logs/changed-out.log"), "trapping");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_reload, start_or_reload_tells_programs_by_exec_reload_unless_they_need_other_keys)
{
	struct live l;
	char file[256];

	live_start(&l, LIVE_PID1, HEAD "[service:told]\nshell = yes\ncommand = exec @PROG@ wait\nexec_reload = echo told >> @DIR@/said\n"
				       "[service:live]\nshell = yes\ncommand = exec @PROG@ wait\nexec_reload = echo live >> @DIR@/said\n"
				       "[service:other]\nshell = yes\ncommand = exec @PROG@ wait\nexec_reload = echo other >> @DIR@/said\n");
	live_status(&l, "told", "online");
	live_status(&l, "live", "online");
	live_status(&l, "other", "online");
	long long told = live_get(&l, "told", "pid"), live = live_get(&l, "live", "pid"), other = live_get(&l, "other", "pid");
	live_ini(&l, HEAD "[service:told]\nshell = yes\ncommand = exec @PROG@ wait\nexec_reload = echo told >> @DIR@/said\n"
			  "[service:live]\nshell = yes\ncommand = exec @PROG@ wait\nexec_reload = echo live >> @DIR@/said\nkill_timeout = 1s\n"
			  "[service:other]\nshell = yes\ncommand = exec @PROG@ trap got\nexec_reload = echo other >> @DIR@/said\n");
	(void)snprintf(file, sizeof(file), "%s", live_path(&l, "pm1.ini"));
	for (int i = 0; i < 2; i++) {
		struct called c = call(&l, i ? "startOrGracefulReload" : "startOrReload", file);
		cr_assert_eq(c.code, 0, "%s", c.err);
	}
	cr_assert_eq(live_get(&l, "told", "pid"), told);
	cr_assert_eq(live_get(&l, "live", "pid"), live);
	cr_assert_eq(live_get(&l, "live", "pm2_env.kill_timeout"), 1000);
	/* The first needed another process, the second did not. */
	cr_assert_neq(live_get(&l, "other", "pid"), other);
	cr_assert_eq(live_get(&l, "other", "pm2_env.restart_time"), 1);
	size_t n;
	const char *said = live_file(live_path(&l, "said"), &n);
	int times[3] = { 0 };
	for (const char *p = said; *p; p = strchr(p, '\n') + 1)
		times[*p == 't' ? 0 : *p == 'l' ? 1 : 2]++;
	cr_assert(times[0] == 2 && times[1] == 2 && times[2] == 1, "%s", said);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_reload, start_or_reload_waits_for_those_that_fail_and_says_why)
{
	struct live l;
	char file[256];

	live_start(&l, LIVE_PID1, HEAD "[service:bad]\ncommand = @PROG@ wait\nexec_reload = @PROG@ exit 5\n[service:fine]\ncommand = @PROG@ wait\n");
	live_status(&l, "bad", "online");
	live_status(&l, "fine", "online");
	long long fine = live_get(&l, "fine", "pid");
	(void)snprintf(file, sizeof(file), "%s", live_path(&l, "pm1.ini"));
	struct called c = call(&l, "start-or-reload", file);
	cr_assert_eq(c.code, 1);
	cr_assert_not_null(strstr(c.err, "bad: online: exec_reload exited with code 5"), "%s", c.err);
	cr_assert_neq(live_get(&l, "fine", "pid"), fine);

	live_ini(&l, HEAD "[service:fine]\ncommand = @PROG@ wait\nkill_timeout = soon\n");
	fine = live_get(&l, "fine", "pid");
	c = call(&l, "start-or-restart", file);
	cr_assert_eq(c.code, 2, "%s", c.err);
	cr_assert_not_null(strstr(c.err, "pm1.ini:5: [service:fine] kill_timeout"), "%s", c.err);
	cr_assert_eq(live_get(&l, "fine", "pid"), fine);
	cr_assert_not_null(live_service(&l, "bad"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_reload, start_or_restart_brings_up_pm1_and_does_not_restart_what_it_just_started)
{
	struct live l;

	call_home(&l, HEAD "[service:web]\ncommand = @PROG@ wait\nenv.A = 1\nenv_test.A = 2\n");
	struct called c = call(&l, "startOrRestart", "pm1.ini", "--env", "test");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 0);
	cr_assert_not_null(strstr(call(&l, "env", "web").out, "\nA=2\n"));
	/* In a folder with a pm1.ini the name may be left out; the overlay stays. */
	long long pid = live_get(&l, "web", "pid");
	c = call(&l, "start-or-restart");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 1);
	cr_assert_neq(live_get(&l, "web", "pid"), pid);
	cr_assert_not_null(strstr(call(&l, "env", "web").out, "\nA=2\n"));
	c = call(&l, "start-or-reload", "web");
	cr_assert_eq(c.code, 1);
	cr_assert_not_null(strstr(c.err, "start-or-reload: cannot read 'web'"), "%s", c.err);
	(void)call(&l, "kill");
	call_left_is(0);
	call_end(&l);
}

Test(cli_reload, a_crashed_service_and_one_that_waits_get_the_new_keys_at_once)
{
	struct live l;
	char file[256];

	live_start(&l, LIVE_PID1, HEAD "[service:crash]\ncommand = @PROG@ exit 3\nrestart_delay = 1h\n"
				       "[service:needs]\ncommand = @PROG@ wait\nrequires = crash:ready\n"
				       "[service:given-up]\ncommand = @PROG@ exit 3\nmax_restarts = 1\n");
	live_status(&l, "crash", "waiting restart");
	live_status(&l, "given-up", "errored");
	live_ini(&l, HEAD "[service:crash]\ncommand = @PROG@ wait\nrestart_delay = 1h\n"
			  "[service:needs]\ncommand = @PROG@ wait\nrequires = crash:ready\n"
			  "[service:given-up]\ncommand = @PROG@ wait\nmax_restarts = 1\n");
	(void)snprintf(file, sizeof(file), "%s", live_path(&l, "pm1.ini"));
	struct called c = call(&l, "start-or-reload", file);
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_str_eq(live_text(&l, "crash", "pm2_env.status"), "online");
	cr_assert_str_eq(live_text(&l, "needs", "pm2_env.status"), "online");
	cr_assert_str_eq(live_text(&l, "given-up", "pm2_env.status"), "online");
	cr_assert_eq(live_stop(&l), 0);
}
