/* Files started again: what runs is restarted or reloaded with the keys the file says now, the rest is started. */
#include "tests/live/call.h"
#include "tests/live/held.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* Whether its output, from where the test has come on, has these lines in this order. */
static void lines_are(struct live *l, const char *const *lines)
{
	for (; *lines; lines++)
		live_line(l, *lines);
}

Test(cli_reload, rolling_lets_the_new_process_run_beside_the_old_one_and_takes_one_service_after_another)
{
	struct live l;

	live_start(&l, LIVE_PID1, HEAD "[service:a]\ncommand = @PROG@ wait @DIR@/of-it\n"
				       "[service:b]\ncommand = @PROG@ wait @DIR@/of-it\nexec_reload = @PROG@ exit 5\n");
	live_status(&l, "a", "online");
	live_status(&l, "b", "online");
	cr_assert_eq(call(&l, "reload", "a").code, 0);
	lines_are(&l, (const char *const[]){ "a: online -> stopping", "a: stopping -> stopped", "a: starting -> online", NULL });
	long long a = live_get(&l, "a", "pid"), b = live_get(&l, "b", "pid");
	struct called c = call(&l, "gracefulReload", "--rolling", "all");
	cr_assert_eq(c.code, 0, "%s", c.err);
	lines_are(&l, (const char *const[]){ "a: stopped -> starting", "a: starting -> online", "a: online -> stopping", "a: stopping -> stopped",
					     "b: stopped -> starting", "b: starting -> online", "b: online -> stopping", "b: stopping -> stopped",
					     NULL });
	cr_assert_neq(live_get(&l, "a", "pid"), a);
	cr_assert_neq(live_get(&l, "b", "pid"), b);
	cr_assert_eq(live_get(&l, "a", "pm2_env.restart_time"), 2);
	cr_assert_eq(live_get(&l, "b", "pm2_env.restart_time"), 1);
	live_count_is(&l, live_path(&l, "of-it"), 2);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_reload, connections_that_were_cut_are_told)
{
	struct live l;
	int had[3];

	held_network();
	live_start(&l, LIVE_PID1, HEAD "[service:web]\ncommand = @PROG@ serve-fds hold\nlisten = tcp:5000\ndrain_timeout = 50ms\n"
				       "[service:other]\ncommand = @PROG@ serve-fds hold\nlisten = tcp:5001\n");
	live_status(&l, "web", "online");
	live_status(&l, "other", "online");
	for (int i = 0; i < 3; i++) {
		had[i] = held_connect(5000);
		cr_assert_gt(held_answer(had[i], NULL), 0);
	}
	struct called c = call(&l, "reload", "all");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_str_eq(c.err, "web: 3 connections were cut at drain_timeout\n");
	for (int i = 0; i < 3; i++)
		cr_assert_eq(close(had[i]), 0);
	/* Of this call alone. */
	had[0] = held_connect(5000);
	cr_assert_gt(held_answer(had[0], NULL), 0);
	json_t *j = call_json(&l, "reload", "web");
	cr_assert_str_eq(call_text(j, "messages.0"), "web: 1 connection was cut at drain_timeout");
	cr_assert_null(call_at(j, "messages.1"));
	cr_assert_eq(close(had[0]), 0);
	cr_assert_not_null(strstr(call(&l, "describe", "web").out, "\n  connections cut      4\n"));
	c = call(&l, "reload", "web");
	cr_assert_str_eq(c.err, "");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_reload, start_or_reload_replaces_by_a_process_with_the_new_keys_and_describe_tells_of_both)
{
	struct live l;
	char file[256], expected[128];

	held_network();
	live_start(&l, LIVE_PID1, HEAD "[service:web]\ncommand = @PROG@ serve-fds hold @DIR@/of-it-old\nlisten = api=tcp:5000\ndrain_timeout = 1h\n");
	live_status(&l, "web", "online");
	const char *out = call(&l, "describe", "web").out;
	cr_assert_not_null(strstr(out, "\n  exec mode            cluster_mode\n"), "%s", out);
	cr_assert_not_null(strstr(out, "\n  socket               tcp:5000 (api), held\n"), "%s", out);
	cr_assert_not_null(strstr(out, "\n  waiting connections  0\n"), "%s", out);
	cr_assert_not_null(strstr(out, "\n  can be drained       yes\n"), "%s", out);
	cr_assert_null(strstr(out, "other process"), "%s", out);
	pid_t old = (pid_t)live_get(&l, "web", "pid");
	int had = held_connect(5000);
	cr_assert_eq(held_answer(had, NULL), old);
	live_ini(&l, HEAD "[service:web]\ncommand = @PROG@ serve-fds hold @DIR@/of-it-new\nlisten = api=tcp:5000\ndrain_timeout = 1h\n");
	(void)snprintf(file, sizeof(file), "%s", live_path(&l, "pm1.ini"));
	struct calling reload = call_begin(&l, 0, (const char *const[]){ "start-or-reload", file, NULL });
	live_text_is(&l, "web", "pm1.others.0.what", "draining");
	live_number(&l, "web", "pm1.others.0.connections", 1);
	out = call(&l, "describe", "web").out;
	(void)snprintf(expected, sizeof(expected), "\n  other process        %d draining, 1 connection\n", (int)old);
	cr_assert_not_null(strstr(out, expected), "%s", out);
	pid_t new = held_ask(5000, NULL);
	cr_assert_neq(new, old);
	cr_assert_eq(live_get(&l, "web", "pid"), new);
	live_count_is(&l, live_path(&l, "of-it-new"), 1);
	live_count_is(&l, live_path(&l, "of-it"), 2); /* the old one is there as long as somebody is connected */
	cr_assert_eq(close(had), 0);
	struct called c = call_wait(&reload);
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_str_eq(c.err, "");
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 1);
	live_count_is(&l, live_path(&l, "of-it"), 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_reload, a_new_process_that_does_not_get_ready_leaves_the_old_one_and_describe_says_why)
{
	struct live l;
	char file[256];

	held_network();
	live_start(&l, LIVE_PID1, HEAD "[service:web]\ncommand = @PROG@ serve-fds\nlisten = tcp:5000\n");
	live_status(&l, "web", "online");
	pid_t old = (pid_t)live_get(&l, "web", "pid");
	live_ini(&l, HEAD "[service:web]\ncommand = @PROG@ exit 9\nlisten = tcp:5000\nready_log = never\nmax_restarts = 1\n");
	(void)snprintf(file, sizeof(file), "%s", live_path(&l, "pm1.ini"));
	struct called c = call(&l, "startOrReload", file);
	cr_assert_eq(c.code, 1);
	cr_assert_not_null(strstr(c.err, "web: online: the new process did not get ready"), "%s", c.err);
	cr_assert_eq(held_ask(5000, NULL), old);
	const char *out = call(&l, "describe", "web").out;
	cr_assert_not_null(strstr(out, "\n  reload failed        the new process did not get ready"), "%s", out);
	cr_assert_eq(live_stop(&l), 0);
}
