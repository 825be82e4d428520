/* The verbs that act on services: whom a target names, and that each answers when what it was asked for is true. */
#include "tests/live/call.h"

#include <signal.h>
#include <string.h>

static const char many[] = "[pm1]\nexit_when = never\n"
			   "[defaults]\ncommand = @PROG@ wait\n"
			   "[service:web-1]\nnamespace = front\n[service:web-2]\nnamespace = front\n[service:db]\n";

static void begin(struct live *l, const char *ini)
{
	live_start(l, LIVE_PID1, ini);
	live_status(l, "web-1", "online");
	live_status(l, "web-2", "online");
	live_status(l, "db", "online");
}

/* "stopped stopped online": of web-1, web-2 and db. */
static const char *statuses(struct live *l)
{
	static char all[128];
	size_t n = 0;
	for (int i = 0; i < 3; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i ? " " : "",
				      live_text(l, (const char *[]){ "web-1", "web-2", "db" }[i], "pm2_env.status"));
	return all;
}

Test(cli_act, a_target_is_a_name_an_id_a_namespace_all_or_a_regular_expression)
{
	static const struct {
		const char *target, *left;
	} cases[] = {
		{ "db", "online online stopped" },	  { "0", "stopped online online" },
		{ "front", "stopped stopped online" },	  { "all", "stopped stopped stopped" },
		{ "/^web-[0-9]$/", "stopped stopped online" }, { "/2|db/", "online stopped stopped" },
	};
	struct live l;
	begin(&l, many);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct called c = call(&l, "stop", cases[i].target);
		cr_assert_eq(c.code, 0, "%s: %s", cases[i].target, c.err);
		/* No wait: it is so when the call ends. */
		cr_assert_str_eq(statuses(&l), cases[i].left, "stop %s: %s", cases[i].target, statuses(&l));
		c = call(&l, "start", "all");
		cr_assert_eq(c.code, 0, "%s", c.err);
		cr_assert_str_eq(statuses(&l), "online online online", "start all: %s", statuses(&l));
	}
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, several_targets_are_taken_at_once_and_one_named_twice_is_acted_on_once)
{
	struct live l;
	begin(&l, many);
	cr_assert_eq(call(&l, "stop", "web-1", "db").code, 0);
	cr_assert_str_eq(statuses(&l), "stopped online stopped");
	cr_assert_eq(call(&l, "start", "0", "db").code, 0);
	cr_assert_str_eq(statuses(&l), "online online online");
	long long restarts = live_get(&l, "db", "pm2_env.restart_time");
	cr_assert_eq(call(&l, "restart", "db", "db", "/db/").code, 0);
	cr_assert_eq(live_get(&l, "db", "pm2_env.restart_time"), restarts + 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, an_unknown_name_is_told_with_the_nearest_and_nothing_is_done)
{
	static const char *const verbs[] = { "stop", "restart", "delete", "reset", "flush", "describe", "status", "logs", "jlist" };
	struct live l;
	begin(&l, many);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		struct called c = call(&l, verbs[i], "db", "web-11");
		cr_assert_eq(c.code, 1, "%s: %d", verbs[i], c.code);
		cr_assert(strstr(c.err, "no service 'web-11'") && strstr(c.err, "'web-1'"), "%s: %s", verbs[i], c.err);
	}
	cr_assert_eq(call(&l, "start", "web-11").code, 1);
	cr_assert_eq(call(&l, "send-signal", "TERM", "web-11").code, 1);
	cr_assert_str_eq(statuses(&l), "online online online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, a_bad_regular_expression_says_so)
{
	struct live l;
	begin(&l, many);
	struct called c = call(&l, "stop", "/web(/");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "regular expression"), "%s", c.err);
	cr_assert_eq(call(&l, "stop", "/nothing-of-that-name/").code, 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, restart_makes_a_new_process_and_starts_a_stopped_one)
{
	struct live l;
	begin(&l, many);
	long long pid = live_get(&l, "db", "pid");
	struct called c = call(&l, "restart", "db");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert(live_get(&l, "db", "pid") > 0 && live_get(&l, "db", "pid") != pid);
	cr_assert_eq(call(&l, "stop", "db").code, 0);
	cr_assert_eq(call(&l, "restart", "db").code, 0);
	cr_assert_str_eq(statuses(&l), "online online online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, stop_returns_when_one_that_ignores_term_has_been_killed)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\n[service:deaf]\ncommand = @PROG@ ignore 15 @DIR@\nkill_timeout = 200ms\n");
	live_line(&l, "ignoring");
	pid_t pid = (pid_t)live_get(&l, "deaf", "pid");
	cr_assert_gt(pid, 0);
	struct called c = call(&l, "stop", "deaf");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert(strstr(c.out, "stopped"), "%s", c.out);
	cr_assert_eq(live_count(&l, l.dir), 0);
	cr_assert_str_eq(live_text(&l, "deaf", "pm1.signal"), "SIGKILL");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, stop_of_a_stopped_one_is_done_already)
{
	struct live l;
	begin(&l, many);
	cr_assert_eq(call(&l, "stop", "db").code, 0);
	cr_assert_eq(call(&l, "stop", "db").code, 0);
	cr_assert_eq(call(&l, "start", "web-1").code, 0);
	cr_assert_str_eq(statuses(&l), "online online stopped");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, delete_forgets_the_service_and_its_process)
{
	struct live l;
	begin(&l, many);
	pid_t pid = (pid_t)live_get(&l, "db", "pid");
	cr_assert_gt(pid, 0);
	struct called c = call(&l, "delete", "db");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_null(live_service(&l, "db"));
	cr_assert_null(strstr(c.out, "db"), "%s", c.out);
	cr_assert_eq(call(&l, "del", "all").code, 0);
	cr_assert_eq(json_array_size(call_json(&l, "jlist")), 0);
	c = call(&l, "stop", "all");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "there are no services"), "%s", c.err);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, reset_sets_the_counters_to_0)
{
	struct live l;
	begin(&l, many);
	cr_assert_eq(call(&l, "send-signal", "KILL", "db").code, 0);
	live_number(&l, "db", "pm2_env.restart_time", 1);
	cr_assert_eq(call(&l, "reset", "db").code, 0);
	cr_assert_eq(live_get(&l, "db", "pm2_env.restart_time"), 0);
	cr_assert_eq(live_get(&l, "db", "pm2_env.unstable_restarts"), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, signals_go_by_name_or_number_and_unknown_ones_are_refused)
{
	static const char *const spellings[] = { "USR1", "SIGUSR1", "10" };
	struct live l;
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\n[service:web]\ncommand = @PROG@ trap got\n");
	live_line(&l, "trapping");
	for (size_t i = 0; i < 3; i++) {
		struct called c = call(&l, i ? "sendSignal" : "send-signal", spellings[i], "web");
		cr_assert_eq(c.code, 0, "%s", c.err);
		live_line(&l, "got 10");
	}
	struct called c = call(&l, "send-signal", "NOSUCH", "web");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "unknown signal 'NOSUCH'"), "%s", c.err);
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	c = call(&l, "send-signal", "USR1", "web");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "web: is not running"), "%s", c.err);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, flush_empties_the_files_and_the_service_writes_on)
{
	struct live l;
	size_t n;
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\n[service:web]\ncommand = @PROG@ trap got\n[service:db]\ncommand = @PROG@ wait\n");
	live_file_has(live_path(&l, "logs/web-out.log"), "trapping");
	live_file_has(live_path(&l, "logs/db-out.log"), "up");
	struct called c = call(&l, "flush", "web");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert(strstr(c.out, "web"), "%s", c.out);
	(void)live_file(live_path(&l, "logs/web-out.log"), &n);
	cr_assert_eq(n, 0);
	(void)live_file(live_path(&l, "logs/db-out.log"), &n);
	cr_assert_gt(n, 0);
	cr_assert_eq(call(&l, "send-signal", "USR1", "web").code, 0);
	live_file_has(live_path(&l, "logs/web-out.log"), "got 10\n");
	char *text = live_file(live_path(&l, "logs/web-out.log"), &n);
	cr_assert_str_eq(text, "got 10\n"); /* no hole of zeros where the old bytes were */
	cr_assert_eq(call(&l, "flush").code, 0);
	(void)live_file(live_path(&l, "logs/db-out.log"), &n);
	cr_assert_eq(n, 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, a_service_can_restart_itself)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\n"
		   "[service:web]\nshell = yes\nkill_timeout = 300ms\n"
		   "command = test -e @DIR@/once || { touch @DIR@/once; $PM1 restart web; }; exec $PROG wait\n");
	live_line(&l, "web | up");
	live_number(&l, "web", "pm2_env.restart_time", 1);
	live_status(&l, "web", "online");
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, one_that_cannot_start_is_told_with_the_reason_and_the_others_are_started)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\n[defaults]\nautostart = no\n"
		   "[service:bad]\ncommand = /no/such/program\n[service:good]\ncommand = @PROG@ wait\n");
	live_status(&l, "good", "stopped");
	struct called c = call(&l, "start", "all");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "bad") && strstr(c.err, "No such file"), "%s", c.err);
	live_status(&l, "good", "online");
	c = call(&l, "restart", "bad");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "No such file"), "%s", c.err);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, with_json_the_reply_holds_the_services_as_they_are_now)
{
	struct live l;
	begin(&l, many);
	cr_assert_str_eq(call_text(call_json(&l, "stop", "db"), "services.0.pm2_env.status"), "stopped");
	cr_assert_str_eq(call_text(call_json(&l, "start", "db"), "services.0.pm2_env.status"), "online");
	cr_assert_str_eq(call_text(call_json(&l, "restart", "db"), "services.0.pm2_env.status"), "online");
	cr_assert_str_eq(call_text(call_json(&l, "reset", "db"), "services.0.name"), "db");
	cr_assert_str_eq(call_text(call_json(&l, "flush", "db"), "services.0.name"), "db");
	cr_assert_str_eq(call_text(call_json(&l, "send-signal", "CONT", "db"), "services.0.name"), "db");
	cr_assert_eq(json_array_size(call_at(call_json(&l, "delete", "db"), "services")), 0);
	struct called c = call(&l, "stop", "dbb", "--json");
	cr_assert_eq(c.code, 1);
	json_t *j = json_loads(c.out, 0, NULL);
	cr_assert_str_eq(call_text(j, "error"), "io.pm1.NoSuchService");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_act, silent_prints_errors_alone)
{
	struct live l;
	begin(&l, many);
	struct called c = call(&l, "restart", "db", "-s");
	cr_assert(c.code == 0 && !*c.out && !*c.err, "%s%s", c.out, c.err);
	c = call(&l, "stop", "nobody", "--silent");
	cr_assert(c.code == 1 && !*c.out && *c.err, "%s%s", c.out, c.err);
	cr_assert_eq(live_stop(&l), 0);
}
