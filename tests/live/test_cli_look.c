/* The verbs that look: tables for people, JSON with PM2's keys for programs. */
#include "tests/live/call.h"

#include <pwd.h>
#include <string.h>

static const char two[] = "[pm1]\nexit_when = never\n"
			  "[service:web]\ncommand = @PROG@ wait\ninstances = 2\nnamespace = front\ncwd = /tmp\nmemory_max = 512M\n"
			  "[service:db]\ncommand = @PROG@ exit 7\nstop_exit_codes = 7\n";

static void begin(struct live *l)
{
	live_start(l, LIVE_PID1, two);
	live_status(l, "web", "online");
	live_status(l, "db", "stopped");
}

Test(cli_look, jlist_has_the_keys_that_tools_made_for_pm2_read)
{
	static const char *const integers[] = { "pm_id", "pid", "monit.memory", "pm2_env.restart_time", "pm2_env.unstable_restarts",
						"pm2_env.pm_uptime", "pm2_env.created_at", "pm2_env.instances", "pm2_env.pm_id",
						"pm2_env.kill_timeout" };
	static const char *const strings[] = { "name", "pm2_env.name", "pm2_env.status", "pm2_env.pm_out_log_path",
					       "pm2_env.pm_err_log_path", "pm2_env.pm_cwd", "pm2_env.exec_mode",
					       "pm2_env.namespace", "pm2_env.pm_exec_path", "pm2_env.unique_id" };
	struct live l;
	size_t i;
	json_t *s;
	begin(&l);
	struct called c = call(&l, "jlist");
	cr_assert_eq(c.code, 0, "%s", c.err);
	json_t *list = json_loads(c.out, 0, NULL);
	cr_assert_not_null(list, "not JSON: %s", c.out);
	cr_assert_eq(json_array_size(list), 3);
	json_array_foreach(list, i, s) {
		for (size_t k = 0; k < sizeof(integers) / sizeof(*integers); k++)
			cr_assert(json_is_integer(call_at(s, integers[k])), "no integer %s in %s", integers[k], c.out);
		for (size_t k = 0; k < sizeof(strings) / sizeof(*strings); k++)
			cr_assert(*call_text(s, strings[k]), "no text %s in %s", strings[k], c.out);
		cr_assert(json_is_number(call_at(s, "monit.cpu")));
	}
	/* By name, then by id. */
	cr_assert_str_eq(call_text(list, "0.name"), "db");
	cr_assert_str_eq(call_text(list, "0.pm2_env.status"), "stopped");
	cr_assert_eq(json_integer_value(call_at(list, "0.pm2_env.exit_code")), 7);
	cr_assert_eq(json_integer_value(call_at(list, "0.pid")), 0);
	cr_assert_eq(json_integer_value(call_at(list, "0.monit.memory")), 0);
	cr_assert_str_eq(call_text(list, "1.name"), "web");
	cr_assert_str_eq(call_text(list, "1.pm2_env.namespace"), "front");
	cr_assert_str_eq(call_text(list, "1.pm2_env.pm_cwd"), "/tmp");
	cr_assert_str_eq(call_text(list, "1.pm2_env.exec_mode"), "fork_mode");
	cr_assert_eq(json_integer_value(call_at(list, "1.pm2_env.instances")), 2);
	cr_assert_eq(json_integer_value(call_at(list, "2.pm2_env.NODE_APP_INSTANCE")), 1);
	cr_assert_gt(json_integer_value(call_at(list, "1.monit.memory")), 0);
	cr_assert_gt(json_integer_value(call_at(list, "1.pm2_env.pm_uptime")), json_integer_value(call_at(list, "1.pm2_env.created_at")) - 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_look, jlist_of_no_service_is_an_empty_array)
{
	struct live l;
	begin(&l);
	cr_assert_eq(call(&l, "delete", "all").code, 0);
	cr_assert_str_eq(call(&l, "jlist").out, "[]\n");
	cr_assert_eq(call(&l, "status").code, 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_look, all_names_of_status_print_the_same_table)
{
	static const char *const names[] = { "status", "list", "ls", "l", "ps" };
	struct live l;
	begin(&l);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct called c = call(&l, names[i]);
		cr_assert_eq(c.code, 0, "%s", c.err);
		cr_assert(strncmp(c.out, "id ", 3) == 0 && strstr(c.out, "web") && strstr(c.out, "stopped"), "%s", c.out);
		/* A program can cut it at blanks: no colour, no box. */
		cr_assert(!strchr(c.out, '\033') && !strstr(c.out, "│"), "%s", c.out);
	}
	struct called c = call(&l, "status", "db");
	cr_assert_null(strstr(c.out, "web"), "%s", c.out);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_look, the_user_column_is_who_runs_it_pm1s_own_user_when_the_file_names_none)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:own]\ncommand = @PROG@ wait\n[service:other]\ncommand = @PROG@ wait\nuser = 65534\ncwd = /tmp\n");
	live_status(&l, "own", "online");
	live_status(&l, "other", "online");
	/* The suite runs as root, under the name that this machine has for it. */
	struct passwd *p = getpwuid(0);
	cr_assert_str_eq(live_text(&l, "own", "pm2_env.username"), p ? p->pw_name : "0");
	cr_assert_str_eq(live_text(&l, "other", "pm2_env.username"), "65534");
	struct called c = call(&l, "status", "own");
	cr_assert(strstr(c.out, p ? p->pw_name : "0"), "%s", c.out);
	c = call(&l, "describe", "own");
	cr_assert(strstr(c.out, "  user  "), "%s", c.out);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_look, describe_tells_why_a_service_is_in_its_state)
{
	static const char *const parts[] = { "db (id ", "stopped", "exit 7", "last exit code       7", "pm1.ini:9", "history",
					     "db-out.log", "-> " };
	struct live l;
	begin(&l);
	struct called c = call(&l, "describe", "db");
	cr_assert_eq(c.code, 0, "%s", c.err);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		cr_assert(strstr(c.out, parts[i]), "no '%s' in:\n%s", parts[i], c.out);
	cr_assert_null(strstr(c.out, "web"), "%s", c.out);
	cr_assert_str_eq(call(&l, "show", "db").out, c.out);
	cr_assert(strstr(call(&l, "describe", "web").out, "512M"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_look, with_json_each_prints_one_json_value)
{
	struct live l;
	begin(&l);
	cr_assert_eq(json_array_size(call_at(call_json(&l, "status"), "services")), 3);
	cr_assert_str_eq(call_text(call_json(&l, "list"), "supervisor.mode"), "run");
	cr_assert_eq(json_array_size(call_at(call_json(&l, "describe", "web"), "services")), 2);
	cr_assert_eq(json_array_size(call_json(&l, "jlist", "web")), 2);
	cr_assert_eq(json_array_size(call_json(&l, "prettylist")), 3);
	cr_assert_eq(json_array_size(call_json(&l, "pid")), 3);
	cr_assert_eq(json_array_size(call_json(&l, "id", "web")), 2);
	cr_assert_eq(json_integer_value(call_at(call_json(&l, "ping"), "pid")), 1);
	cr_assert(*call_text(call_json(&l, "version"), "version"));
	(void)call_json(&l, "reload-config");
	(void)call_json(&l, "reload-logs");
	(void)call_json(&l, "kill");
	cr_assert_eq(live_end(&l), 0);
}

Test(cli_look, prettylist_pid_id_ping_and_version_are_plain_words)
{
	struct live l;
	char line[32];
	begin(&l);
	struct called c = call(&l, "prettylist");
	cr_assert(strstr(c.out, "web (0)\n") && strstr(c.out, "pm2_env") && strstr(c.out, "namespace: front\n"), "%s", c.out);
	(void)snprintf(line, sizeof(line), "%lld\n", (long long)live_get(&l, "db", "pid"));
	cr_assert_str_eq(call(&l, "pid", "db").out, line);
	cr_assert_str_eq(call(&l, "id", "web").out, "[0,1]\n");
	cr_assert(strncmp(call(&l, "ping").out, "pong (pid 1, version ", 21) == 0);
	cr_assert(strncmp(call(&l, "version").out, "pm1 ", 4) == 0);
	cr_assert_str_eq(call(&l, "--version").out, call(&l, "version").out);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_look, an_errored_service_is_told_on_stderr_beside_the_table)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\n[service:bad]\ncommand = /no/such/program\n");
	live_status(&l, "bad", "errored");
	struct called c = call(&l, "status");
	cr_assert_eq(c.code, 0);
	cr_assert(strstr(c.out, "errored"), "%s", c.out);
	cr_assert(strstr(c.err, "bad: ") && strstr(c.err, "No such file"), "%s", c.err);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_look, a_terminal_gets_colours_and_boxes_and_NO_COLOR_takes_the_colours)
{
	struct live l;
	begin(&l);
	struct called c = call_how(&l, CALL_TERMINAL, (const char *const[]){ "status", NULL });
	cr_assert(strstr(c.out, "\033[") && strstr(c.out, "│"), "%s", c.out);
	c = call_how(&l, CALL_TERMINAL | CALL_NO_COLOR, (const char *const[]){ "status", NULL });
	cr_assert(!strchr(c.out, '\033') && strstr(c.out, "│"), "%s", c.out);
	c = call_how(&l, CALL_TERMINAL, (const char *const[]){ "status", "--no-color", NULL });
	cr_assert(!strchr(c.out, '\033') && strstr(c.out, "│"), "%s", c.out);
	c = call_how(&l, CALL_TERMINAL, (const char *const[]){ "describe", "db", NULL });
	cr_assert(strchr(c.out, '\033'), "%s", c.out);
	c = call(&l, "describe", "db");
	cr_assert_null(strchr(c.out, '\033'), "%s", c.out);
	c = call_how(&l, CALL_TERMINAL, (const char *const[]){ "jlist", NULL });
	cr_assert_null(strchr(c.out, '\033'), "JSON stays JSON: %s", c.out);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_look, words_that_are_not_understood_say_so_and_the_exit_code_is_1)
{
	static const struct {
		const char *args[4], *says;
	} cases[] = {
		{ { "stauts" }, "status" },
		{ { "help", "stauts" }, "status" },
		{ { "help", "nonsense" }, "neither a verb nor a key" },
		{ { "help", "monit" }, "not there yet; `status' and" },
		{ { "startup" }, "not there yet; let the machine's init" },
		{ { "stop" }, "usage: pm1 stop TARGET..." },
		{ { "send-signal", "TERM" }, "usage: pm1 send-signal SIGNAL TARGET..." },
		{ { "ping", "who" }, "usage: pm1 ping" },
		{ { "status", "--jsno" }, "did you mean '--json'" },
		{ { "logs", "--lines", "many" }, "--lines wants a number" },
		{ { "logs", "--lines" }, "needs a value" },
		{ { "start", "-x", "web" }, "unknown option '-x'" },
		{ { "poweroff" }, "not the init of a machine" },
	};
	struct live l;
	begin(&l);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct called c = call_how(&l, 0, cases[i].args);
		cr_assert_eq(c.code, 1, "%s: exit code %d", cases[i].args[0], c.code);
		cr_assert(strstr(c.err, cases[i].says), "%s: %s", cases[i].args[0], c.err);
	}
	cr_assert_eq(call_how(&l, 0, (const char *const[]){ NULL }).code, 1);
	cr_assert_eq(live_stop(&l), 0);
}
