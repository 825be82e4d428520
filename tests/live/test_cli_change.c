/* What runs is changed: files read again, overlays, environments, numbers of instances. */
#include "tests/live/call.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "[pm1]\nexit_when = never\n"

static void ended(struct live *l)
{
	(void)call(l, "kill");
	call_left_is(0);
	call_end(l);
}

Test(cli_change, a_reload_tells_each_key_and_touches_only_what_changed)
{
	static const char said[] = "gone: removed\n"
				   "live: kill_timeout: 5s -> 300ms (live)\n"
				   "live: memory_max: 0 -> 64M (live)\n"
				   "other: command: @PROG@ wait -> @PROG@ trap got (restart)\n"
				   "other: env.TOKEN changed (restart)\n"
				   "off: env.A added (next start)\n"
				   "new: added\n"
				   "[pm1] log_dir: default -> /tmp/elsewhere (needs a new start of pm1)\n"
				   "[pm1] shutdown_timeout: 8s -> 3s (live)\n";
	struct live l;
	live_start(&l, LIVE_PID1, HEAD "[service:same]\ncommand = @PROG@ wait\n[service:gone]\ncommand = @PROG@ wait\n"
				       "[service:live]\ncommand = @PROG@ wait\n[service:off]\ncommand = @PROG@ wait\nautostart = no\n"
				       "[service:other]\ncommand = @PROG@ wait\nenv.TOKEN = secret1\n");
	live_status(&l, "other", "online");
	live_status(&l, "live", "online");
	long long same = live_get(&l, "same", "pid"), live = live_get(&l, "live", "pid"), other = live_get(&l, "other", "pid");
	live_ini(&l, "[pm1]\nexit_when = never\nshutdown_timeout = 3s\nlog_dir = /tmp/elsewhere\n[service:same]\ncommand = @PROG@ wait\n"
		     "[service:live]\ncommand = @PROG@ wait\nkill_timeout = 300ms\nmemory_max = 64M\n"
		     "[service:other]\ncommand = @PROG@ trap got\nenv.TOKEN = secret2\n"
		     "[service:off]\ncommand = @PROG@ wait\nautostart = no\nenv.A = 1\n"
		     "[service:new]\ncommand = @PROG@ wait\n");
	char expected[2048] = "", *out = expected;
	for (const char *p = said; *p;) {
		if (strncmp(p, "@PROG@", 6) == 0) {
			out += sprintf(out, "%s", live_env("PROG"));
			p += 6;
		} else {
			*out++ = *p++;
		}
	}
	char whole[2304];
	(void)snprintf(whole, sizeof(whole), "%snothing is done yet: 3 changed, 1 added, 1 removed\n", expected);
	cr_assert_str_eq(call(&l, "diff").out, whole);
	cr_assert_str_eq(call(&l, "reload-config", "--dry-run").out, whole);
	cr_assert_null(live_service(&l, "new"));
	cr_assert_eq(live_get(&l, "other", "pid"), other);

	(void)snprintf(whole, sizeof(whole), "%sdone: 3 changed, 1 added, 1 removed\n", expected);
	struct called c = call(&l, "reload-config");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_str_eq(c.out, whole);
	live_line(&l, "other | trapping");
	live_status(&l, "new", "online");
	cr_assert_null(live_service(&l, "gone"));
	cr_assert_eq(live_get(&l, "same", "pid"), same);
	cr_assert_eq(live_get(&l, "live", "pid"), live);
	cr_assert_eq(live_get(&l, "live", "pm2_env.kill_timeout"), 300);
	cr_assert_eq(live_get(&l, "live", "pm1.cap.memory_max"), 64 << 20);
	cr_assert_eq(live_get(&l, "live", "pm2_env.restart_time"), 0);
	/* What needs a new start of pm1 is told until then. */
	cr_assert_str_eq(call(&l, "reload-config").out,
			 "[pm1] log_dir: default -> /tmp/elsewhere (needs a new start of pm1)\ndone: 0 changed, 0 added, 0 removed\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_change, nothing_changed_says_so_and_json_holds_the_keys)
{
	struct live l;
	live_start(&l, LIVE_PID1, HEAD "[service:web]\ncommand = @PROG@ wait\n");
	live_status(&l, "web", "online");
	cr_assert_str_eq(call(&l, "reload-config").out, "nothing changed\n");
	cr_assert_str_eq(call(&l, "diff").out, "nothing would change\n");
	live_ini(&l, HEAD "[service:web]\ncommand = @PROG@ wait\nmax_restarts = 3\nenv.PASSWORD = hush\n");
	json_t *j = call_json(&l, "diff");
	cr_assert_str_eq(call_text(j, "changes.0.name"), "web");
	cr_assert_str_eq(call_text(j, "changes.0.what"), "changed");
	cr_assert(json_is_true(call_at(j, "changes.0.restart")));
	cr_assert_str_eq(call_text(j, "changes.0.keys.0.key"), "max_restarts");
	cr_assert_str_eq(call_text(j, "changes.0.keys.0.old"), "16");
	cr_assert_str_eq(call_text(j, "changes.0.keys.0.new"), "3");
	cr_assert_str_eq(call_text(j, "changes.0.keys.0.effect"), "live");
	cr_assert_str_eq(call_text(j, "changes.0.keys.1.key"), "env.PASSWORD");
	cr_assert_str_eq(call_text(j, "changes.0.keys.1.what"), "added");
	cr_assert(json_is_null(call_at(j, "changes.0.keys.1.new")));
	char *text = json_dumps(j, 0);
	cr_assert_null(strstr(text, "hush"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_change, a_hangup_logs_the_same_lines)
{
	struct live l;
	live_start(&l, LIVE_PID1, HEAD "[service:web]\ncommand = @PROG@ wait\n");
	live_status(&l, "web", "online");
	live_ini(&l, HEAD "[service:web]\ncommand = @PROG@ wait\nstop_signal = INT\n[service:new]\ncommand = @PROG@ wait\n");
	live_signal(&l, SIGHUP);
	live_line(&l, "reload: web: stop_signal: SIGTERM -> SIGINT (live)");
	live_line(&l, "reload: new: added");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_change, a_cap_that_is_set_on_a_running_service_holds_at_once)
{
	struct live l;
	live_start(&l, LIVE_PID1, HEAD "[service:web]\ncommand = @PROG@ wait\nautorestart = no\n");
	live_status(&l, "web", "online");
	live_ini(&l, HEAD "[service:web]\ncommand = @PROG@ wait\nautorestart = no\nmax_memory_restart = 1\n");
	cr_assert_eq(call(&l, "reload-config").code, 0);
	/* Whatever it uses is more than a byte. */
	live_number(&l, "web", "pm1.cap.cap_hits", 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_change, exit_when_and_the_console_change_while_it_runs)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\nlog_console = none\n[service:web]\ncommand = @PROG@ trap got\nautorestart = no\n");
	live_file_has(live_path(&l, "logs/web-out.log"), "trapping");
	live_ini(&l, "[pm1]\nlog_console = raw\n[service:web]\ncommand = @PROG@ trap got\nautorestart = no\n");
	struct called c = call(&l, "reload-config");
	cr_assert_str_eq(c.out, "[pm1] exit_when: never -> default (live)\n[pm1] log_console: none -> raw (live)\n"
				"done: 0 changed, 0 added, 0 removed\n");
	/* logd hears of the change in its own time; a flush is answered behind it. */
	cr_assert_eq(call(&l, "flush").code, 0);
	cr_assert_eq(call(&l, "send-signal", "USR2", "web").code, 0);
	live_line(&l, "\ngot 12");
	/* Under `run` the default is the end of all. */
	cr_assert_eq(call(&l, "send-signal", "TERM", "web").code, 0);
	cr_assert_eq(live_end(&l), 0);
}

#define OVER                                                                                                                               \
	"[service:web]\ncommand = @PROG@ wait\nenv.PORT = 3000\nenv_staging.PORT = 81\n"                                                   \
	"[service:web:production]\nenv.PORT = 80\nkill_timeout = 123ms\n"

static const char *port(struct live *l)
{
	const char *at = strstr(call(l, "env", "web").out, "\nPORT=");
	static char buf[16];
	(void)snprintf(buf, sizeof(buf), "%.*s", at ? (int)strcspn(at + 6, "\n") : 0, at ? at + 6 : "");
	return buf;
}

Test(cli_change, an_overlay_is_chosen_at_the_start_and_stays_until_another_is)
{
	struct live l;
	call_home(&l, OVER);
	struct called c = call(&l, "start", "pm1.ini", "--env", "prod");
	cr_assert_eq(c.code, 2, "%s", c.err);
	cr_assert(strstr(c.err, "no overlay 'prod' (there are: production, staging)"), "%s", c.err);
	call_left_is(0);
	c = call(&l, "start", "pm1.ini", "--env", "production");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_str_eq(port(&l), "80");
	cr_assert_eq(live_get(&l, "web", "pm2_env.kill_timeout"), 123);
	cr_assert_str_eq(live_text(&l, "web", "pm1.overlay"), "production");
	cr_assert(strstr(call(&l, "describe", "web").out, "overlay              production\n"));
	cr_assert_str_eq(call(&l, "reload-config").out, "nothing changed\n");
	cr_assert_eq(call(&l, "start", "pm1.ini").code, 0);
	cr_assert_str_eq(port(&l), "80");
	cr_assert_eq(call(&l, "start", "pm1.ini", "--env=staging").code, 0);
	cr_assert_str_eq(port(&l), "81");
	cr_assert_eq(call(&l, "start", "pm1.ini", "--env=").code, 0);
	cr_assert_str_eq(port(&l), "3000");
	c = call(&l, "start", "--env", "production", "web");
	cr_assert_eq(c.code, 1);
	cr_assert_str_eq(c.err, "pm1: start: --env chooses an overlay of an INI file, and 'web' is none\n");
	ended(&l);
}

Test(cli_change, run_and_check_take_an_overlay_too)
{
	struct live l;
	live_exec(&l, LIVE_PID1, OVER, (const char *[]){ "run", "--env", "production", "@DIR@/pm1.ini", NULL });
	live_status(&l, "web", "online");
	cr_assert_str_eq(port(&l), "80");
	cr_assert_eq(call(&l, "check", "--env", "production", "pm1.ini").code, 0);
	struct called c = call(&l, "check", "pm1.ini", "--env=none");
	cr_assert_eq(c.code, 2);
	cr_assert_str_eq(c.err, "pm1.ini: no overlay 'none' (there are: production, staging)\npm1.ini: 1 fault; nothing would be started\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_change, update_env_takes_the_callers_environment_for_a_command_line)
{
	struct live l;
	call_home(&l, NULL);
	(void)setenv("COLOUR", "red", 1);
	cr_assert_eq(call(&l, "start", "-n", "web", "--set", "env.OWN=1", "--", live_env("PROG"), "wait").code, 0);
	long long pid = live_get(&l, "web", "pid");
	(void)setenv("COLOUR", "blue", 1);
	cr_assert_eq(call(&l, "restart", "web").code, 0);
	cr_assert(strstr(call(&l, "env", "web").out, "\nCOLOUR=red\n"));
	struct called c = call(&l, "restart", "web", "--update-env");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert(strstr(call(&l, "env", "web").out, "\nCOLOUR=blue\n"));
	cr_assert(strstr(call(&l, "env", "web").out, "\nOWN=1\n"));
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 2);
	cr_assert_neq(live_get(&l, "web", "pid"), pid);
	ended(&l);
}

Test(cli_change, update_env_reads_the_file_again_for_the_services_named)
{
	struct live l;
	live_start(&l, LIVE_PID1, HEAD "[service:web]\ncommand = @PROG@ wait\nenv.A = 1\n[service:db]\ncommand = @PROG@ wait\nenv.A = 1\n");
	live_status(&l, "web", "online");
	live_status(&l, "db", "online");
	long long db = live_get(&l, "db", "pid");
	live_ini(&l, HEAD "[service:web]\ncommand = @PROG@ wait\nenv.A = 2\n[service:db]\ncommand = @PROG@ wait\nenv.A = 2\n");
	cr_assert_eq(call(&l, "restart", "web", "-a").code, 0);
	cr_assert(strstr(call(&l, "env", "web").out, "\nA=2\n"));
	cr_assert(strstr(call(&l, "env", "db").out, "\nA=1\n"));
	cr_assert_eq(live_get(&l, "db", "pid"), db);
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 1);

	/* A broken file, or one without the service: nothing is restarted. */
	long long web = live_get(&l, "web", "pid");
	live_ini(&l, HEAD "[service:web]\ncommand =\n[service:db]\ncommand = @PROG@ wait\n");
	struct called c = call(&l, "restart", "db", "-a");
	cr_assert_eq(c.code, 2);
	cr_assert(strstr(c.err, "the command is empty"), "%s", c.err);
	live_ini(&l, HEAD "[service:db]\ncommand = @PROG@ wait\n");
	c = call(&l, "restart", "all", "-a");
	cr_assert_eq(c.code, 2);
	cr_assert(strstr(c.err, "there is no [service:web] in it any more"), "%s", c.err);
	cr_assert_eq(live_get(&l, "web", "pid"), web);
	cr_assert_eq(live_get(&l, "db", "pid"), db);
	cr_assert_eq(live_stop(&l), 0);
}

/* From the second time on the old spec, with its name, is nobody's any more but the service's that changes first. */
Test(cli_change, update_env_of_the_first_of_a_file_leaves_the_others_each_time)
{
	struct live l;
	live_start(&l, LIVE_PID1, HEAD "[service:web]\ncommand = @PROG@ wait\nenv.A = 1\n[service:db]\ncommand = @PROG@ wait\nenv.A = 1\n");
	live_status(&l, "web", "online");
	live_status(&l, "db", "online");
	long long db = live_get(&l, "db", "pid");
	for (int i = 2; i < 5; i++) {
		char ini[256], web[16];
		(void)snprintf(ini, sizeof(ini), HEAD "[service:web]\ncommand = @PROG@ wait\nenv.A = %d\n[service:db]\ncommand = @PROG@ wait\nenv.A = 9\n", i);
		(void)snprintf(web, sizeof(web), "\nA=%d\n", i);
		live_ini(&l, ini);
		cr_assert_eq(call(&l, "restart", "web", "--update-env").code, 0);
		cr_assert(strstr(call(&l, "env", "web").out, web));
		cr_assert(strstr(call(&l, "env", "db").out, "\nA=1\n"));
		cr_assert_eq(live_get(&l, "db", "pid"), db);
	}
	cr_assert_eq(live_stop(&l), 0);
}

/* The instances of web that run, "0 1 2". */
static const char *numbers(struct live *l)
{
	static char buf[64];
	json_t *list = call_json(l, "jlist", "web"), *s;
	size_t i, n = 0;
	buf[0] = 0;
	json_array_foreach(list, i, s)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s%lld", n ? " " : "",
				      (long long)json_integer_value(call_at(s, "pm2_env.NODE_APP_INSTANCE")));
	return buf;
}

Test(cli_change, scale_takes_a_number_and_more_and_less_and_the_highest_go_first)
{
	static const struct {
		const char *to, *left;
	} cases[] = { { "3", "0 1 2" }, { "+1", "0 1 2 3" }, { "-2", "0 1" }, { "2", "0 1" }, { "1", "0" }, { "2", "0 1" } };
	struct live l;
	live_start(&l, LIVE_PID1, HEAD "[service:web]\ncommand = @PROG@ wait\n[service:db]\ncommand = @PROG@ wait\n");
	live_status(&l, "web", "online");
	long long pid = live_get(&l, "web", "pid");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct called c = call(&l, "scale", "web", cases[i].to);
		cr_assert_eq(c.code, 0, "%s: %s", cases[i].to, c.err);
		cr_assert_str_eq(numbers(&l), cases[i].left, "%s: %s", cases[i].to, numbers(&l));
	}
	cr_assert_eq(live_get(&l, "web", "pid"), pid);
	static const char *const wrong[] = { "0", "-2", "-3", "+1024", "x", "", "1025", "--1" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		cr_assert_eq(call(&l, "scale", "web", wrong[i]).code, 1, "%s", wrong[i]);
	cr_assert_str_eq(call(&l, "scale", "web", "-2").err,
			 "'-2' is no number of instances for a service that has 2 (allowed: 1 to 1024, or +N or -N that come to it)\n");
	cr_assert_str_eq(call(&l, "scale", "wbe", "2").err, "pm1: no service 'wbe' (did you mean 'web'?)\n");
	cr_assert_str_eq(numbers(&l), "0 1");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_change, a_scaled_number_stands_until_the_file_says_another)
{
	struct live l;
	live_start(&l, LIVE_PID1, HEAD "[service:web]\ncommand = @PROG@ wait\ninstances = 2\n");
	live_status(&l, "web", "online");
	cr_assert_eq(call(&l, "scale", "web", "4").code, 0);
	cr_assert_str_eq(call(&l, "reload-config").out, "nothing changed\n");
	live_ini(&l, HEAD "[service:web]\ncommand = @PROG@ wait\ninstances = 2\nkill_timeout = 1s\n");
	cr_assert_str_eq(call(&l, "reload-config").out, "web: kill_timeout: 5s -> 1s (live)\ndone: 1 changed, 0 added, 0 removed\n");
	cr_assert_str_eq(numbers(&l), "0 1 2 3");
	live_ini(&l, HEAD "[service:web]\ncommand = @PROG@ wait\ninstances = 3\nkill_timeout = 1s\n");
	cr_assert_str_eq(call(&l, "reload-config").out, "web: instances: 4 -> 3 (live)\ndone: 1 changed, 0 added, 0 removed\n");
	live_count_is(&l, "prog wait", 3);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_change, what_is_stopped_is_scaled_without_being_started)
{
	struct live l;
	live_start(&l, LIVE_PID1, HEAD "[service:web]\ncommand = @PROG@ wait\n");
	live_status(&l, "web", "online");
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	struct called c = call(&l, "scale", "web", "3");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_str_eq(numbers(&l), "0 1 2");
	live_count_is(&l, "prog wait", 0);
	cr_assert_eq(call(&l, "start", "web").code, 0);
	live_count_is(&l, "prog wait", 3);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_change, env_prints_each_instances_own_and_an_unknown_name_is_an_error)
{
	struct live l;
	live_start(&l, LIVE_PID1, HEAD "[service:web]\ncommand = @PROG@ wait\ninstances = 2\nenv.A = b c\n");
	live_status(&l, "web", "online");
	struct called c = call(&l, "env", "web");
	cr_assert_eq(c.code, 0);
	cr_assert_eq(strncmp(c.out, "# web (id 0)\n", 13), 0, "%s", c.out);
	cr_assert(strstr(c.out, "\nA=b c\n") && strstr(c.out, "\nNODE_APP_INSTANCE=0\n") && strstr(c.out, "\n\n# web (id 1)\n") &&
			  strstr(c.out, "\nNODE_APP_INSTANCE=1\n"),
		  "%s", c.out);
	c = call(&l, "env", "1");
	cr_assert_null(strchr(c.out, '#'), "%s", c.out);
	cr_assert_eq(call(&l, "env", "nope").code, 1);
	cr_assert_eq(call(&l, "pid", "nope").code, 1);
	cr_assert_str_eq(call_text(call_json(&l, "env", "0"), "services.0.name"), "web");
	cr_assert_eq(live_stop(&l), 0);
}
