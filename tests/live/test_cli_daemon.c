/* The verbs about pm1 itself and its configuration, and what they say when there is none. */
#include "tests/live/call.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Test(cli_daemon, without_one_every_verb_says_where_it_looked_and_fails)
{
	static const char *const verbs[][3] = { { "status" }, { "stop", "web" }, { "restart", "all" }, { "delete", "0" }, { "jlist" },
						{ "prettylist" }, { "describe", "web" }, { "logs" }, { "flush" }, { "reset", "all" },
						{ "send-signal", "TERM", }, { "ping" }, { "kill" }, { "reload-config" },
						{ "reload-logs" }, { "pid" }, { "id", "web" }, { "start", "web" } };
	struct live l;
	call_home(&l, NULL);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		const char *args[] = { verbs[i][0], verbs[i][1], NULL, NULL };
		if (strcmp(args[0], "send-signal") == 0)
			args[2] = "web";
		struct called c = call_how(&l, 0, args);
		cr_assert_eq(c.code, 1, "%s: exit code %d", args[0], c.code);
		cr_assert(strstr(c.err, "no pm1 is running") && strstr(c.err, live_path(&l, "pm1.sock")), "%s: %s", args[0], c.err);
		cr_assert_str_empty(c.out);
	}
	call_left_is(0);
	call_end(&l);
}

Test(cli_daemon, a_socket_nobody_listens_on_is_no_daemon)
{
	struct live l;
	call_home(&l, NULL);
	cr_assert_eq(call(&l, "start", "-n", "web", "--", live_env("PROG"), "wait").code, 0);
	/* Killed hard, its socket stays behind, as after a power failure. This call may lose its answer. */
	(void)call(&l, "start", "-n", "killer", "--", "/bin/sh", "-c", "kill -9 $PPID");
	struct called c = call(&l, "ping");
	while (!strstr(c.err, "no pm1 is running"))
		c = call(&l, "ping");
	cr_assert_eq(access(live_path(&l, "pm1.sock"), F_OK), 0);
	cr_assert_eq(c.code, 1);
	/* And the next start takes it over. */
	c = call(&l, "start", "-n", "web", "--", live_env("PROG"), "wait");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_eq(json_array_size(call_json(&l, "jlist")), 1);
	cr_assert_eq(call(&l, "kill").code, 0);
	call_end(&l);
}

Test(cli_daemon, socket_option_names_another_one)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[pm1]\ncontrol = @DIR@/other.sock\n[service:web]\ncommand = @PROG@ wait\n");
	live_line(&l, "web | up");
	char *other = strdup(live_path(&l, "other.sock"));
	struct called c = call(&l, "ping", "--socket", other);
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_eq(call(&l, "ping").code, 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_daemon, kill_stops_everything_and_a_supervisor_in_the_foreground_ends_with_0)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ trap got\n");
	live_line(&l, "trapping");
	struct called c = call(&l, "kill");
	cr_assert_eq(c.code, 0, "%s", c.err);
	live_line(&l, "got 15");
	cr_assert_eq(live_end(&l), 0);
}

Test(cli_daemon, check_prints_each_fault_with_file_line_section_key_and_the_nearest_key)
{
	struct live l;
	call_home(&l, "[service:web]\ncommand = @PROG@ wait\nmax_memry_restart = 5M\nkill_timeout = soon\n[servce:x]\ncommand = y\n");
	struct called c = call(&l, "check", "pm1.ini");
	cr_assert_eq(c.code, 2);
	cr_assert(strstr(c.err, "pm1.ini:3: [service:web] max_memry_restart = 5M: ") && strstr(c.err, "max_memory_restart?"), "%s", c.err);
	cr_assert(strstr(c.err, "pm1.ini:4: [service:web] kill_timeout = soon: "), "%s", c.err);
	cr_assert(strstr(c.err, "pm1.ini:5: "), "%s", c.err);
	cr_assert(strstr(c.err, "3 faults"), "%s", c.err);
	c = call(&l, "check", "pm1.ini", "--json");
	cr_assert_eq(c.code, 2);
	json_t *j = json_loads(c.out, 0, NULL);
	cr_assert(j && json_is_false(call_at(j, "ok")) && json_array_size(call_at(j, "messages")) == 3, "%s", c.out);
	call_left_is(0);
	call_end(&l);
}

Test(cli_daemon, check_of_a_good_file_starts_nothing)
{
	struct live l;
	call_home(&l, "[service:web]\ncommand = @PROG@ wait\n");
	struct called c = call(&l, "check", "pm1.ini");
	cr_assert(c.code == 0 && strstr(c.out, "1 service, no faults"), "%s%s", c.out, c.err);
	cr_assert(json_is_true(call_at(call_json(&l, "check", "pm1.ini"), "ok")));
	c = call(&l, "check", "none.ini");
	cr_assert(c.code == 2 && strstr(c.err, "none.ini"), "%d %s", c.code, c.err);
	call_left_is(0);
	cr_assert_neq(access(live_path(&l, "logs"), F_OK), 0);
	call_end(&l);
}

Test(cli_daemon, reload_config_restarts_only_what_changed)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:a]\ncommand = @PROG@ wait\n[service:b]\ncommand = @PROG@ wait\n");
	live_status(&l, "a", "online");
	live_status(&l, "b", "online");
	long long a = live_get(&l, "a", "pid"), b = live_get(&l, "b", "pid");
	live_ini(&l, "[service:a]\ncommand = @PROG@ wait\n[service:b]\ncommand = @PROG@ trap got\n[service:c]\ncommand = @PROG@ wait\n");
	struct called c = call(&l, "reload-config");
	cr_assert_eq(c.code, 0, "%s", c.err);
	live_line(&l, "b | trapping");
	live_status(&l, "c", "online");
	cr_assert_eq(live_get(&l, "a", "pid"), a);
	cr_assert_neq(live_get(&l, "b", "pid"), b);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_daemon, a_hangup_with_a_broken_file_changes_nothing_and_the_faults_are_logged)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:a]\ncommand = @PROG@ wait\n");
	live_status(&l, "a", "online");
	long long a = live_get(&l, "a", "pid");
	live_ini(&l, "[service:a]\ncommand = @PROG@ other\n[service:c]\ncommand = @PROG@ wait\nbogus = 1\n");
	live_signal(&l, 1);
	live_line(&l, "pm1.ini:5: [service:c] bogus = 1");
	live_line(&l, "nothing is changed");
	cr_assert_eq(live_get(&l, "a", "pid"), a);
	cr_assert_null(live_service(&l, "c"));
	/* And it is the good file that counts again. */
	live_ini(&l, "[service:a]\ncommand = @PROG@ wait\n[service:c]\ncommand = @PROG@ wait\n");
	live_signal(&l, 1);
	live_status(&l, "c", "online");
	cr_assert_eq(live_get(&l, "a", "pid"), a);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_daemon, a_full_disk_under_stdout_is_no_success)
{
	struct live l;
	char command[512];
	live_start(&l, LIVE_PID1, "[service:a]\ncommand = @PROG@ wait\n");
	live_status(&l, "a", "online");
	(void)snprintf(command, sizeof(command), "PM1_HOME=%s %s jlist >/dev/full 2>%s/err", l.dir, live_env("PM1"), l.dir);
	cr_assert_neq(system(command), 0);
	live_file_has(live_path(&l, "err"), "cannot write");
	cr_assert_eq(live_stop(&l), 0);
}
