/* `pm1 start` and `pm1 kill`: the daemon comes when it is needed and leaves nothing behind. */
#include "tests/live/call.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char two[] = "[pm1]\npid_file = @DIR@/pm1.pid\n"
			  "[service:web]\ncommand = @PROG@ wait\n[service:db]\ncommand = @PROG@ wait\n";

static void ends(struct live *l)
{
	struct called c = call(l, "kill");

	cr_assert_eq(c.code, 0, "%s", c.err);
	call_left_is(0);
	cr_assert_neq(access(live_path(l, "pm1.sock"), F_OK), 0);
	cr_assert_neq(access(live_path(l, "pm1.pid"), F_OK), 0);
	call_end(l);
}

Test(cli_start, a_file_brings_up_the_daemon_and_kill_leaves_nothing_behind)
{
	struct live l;
	size_t n;
	call_home(&l, two);
	struct called c = call(&l, "start", "pm1.ini");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert(strstr(c.out, "web") && strstr(c.out, "db") && strstr(c.out, "online"), "%s", c.out);
	live_status(&l, "web", "online");
	json_t *ping = call_json(&l, "ping");
	char *pid_file = live_file(live_path(&l, "pm1.pid"), &n);
	cr_assert_eq(strtol(pid_file, NULL, 10), json_integer_value(call_at(ping, "pid")), "PID file: '%s'", pid_file);
	ends(&l);
}

Test(cli_start, without_an_argument_it_takes_pm1_ini_of_this_folder)
{
	struct live l;
	call_home(&l, two);
	cr_assert_eq(call(&l, "start").code, 0);
	live_status(&l, "db", "online");
	ends(&l);
}

Test(cli_start, the_second_start_adds_removes_and_restarts_only_what_changed)
{
	struct live l;
	call_home(&l, two);
	cr_assert_eq(call(&l, "start", "pm1.ini").code, 0);
	long long web = live_get(&l, "web", "pid"), db = live_get(&l, "db", "pid");
	live_ini(&l, "[pm1]\npid_file = @DIR@/pm1.pid\n[service:web]\ncommand = @PROG@ wait\n"
		     "[service:db]\ncommand = @PROG@ wait @DIR@/anew\n[service:new]\ncommand = @PROG@ wait\n");
	struct called c = call(&l, "start", "pm1.ini");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_eq(live_get(&l, "web", "pid"), web);
	cr_assert_neq(live_get(&l, "db", "pid"), db);
	cr_assert_str_eq(live_text(&l, "new", "pm2_env.status"), "online");
	live_ini(&l, "[pm1]\npid_file = @DIR@/pm1.pid\n[service:web]\ncommand = @PROG@ wait\n");
	cr_assert_eq(call(&l, "start", "pm1.ini").code, 0);
	live_count_is(&l, live_path(&l, "anew"), 0);
	cr_assert_eq(live_get(&l, "web", "pid"), web);
	ends(&l);
}

Test(cli_start, a_command_line_behind_two_dashes_is_a_service_of_that_name)
{
	struct live l;
	call_home(&l, NULL);
	struct called c = call(&l, "start", "-n", "web", "--namespace", "front", "--", live_env("PROG"), "env", "PM1_HOME");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "online");
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.namespace"), "front");
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.pm_cwd"), l.dir);
	/* The environment is the caller's. */
	live_file_has(live_path(&l, "logs/web-out.log"), l.dir);
	ends(&l);
}

Test(cli_start, instances_and_keys_can_be_set)
{
	struct live l;
	call_home(&l, NULL);
	struct called c = call(&l, "start", "-n", "web", "-i", "3", "--set", "kill_timeout=123ms", "--", live_env("PROG"), "wait");
	cr_assert_eq(c.code, 0, "%s", c.err);
	json_t *list = call_json(&l, "jlist");
	cr_assert_eq(json_array_size(list), 3);
	cr_assert_eq(json_integer_value(call_at(list, "2.pm2_env.kill_timeout")), 123);
	cr_assert_eq(json_integer_value(call_at(list, "2.pm2_env.instances")), 3);
	ends(&l);
}

Test(cli_start, a_script_is_run_by_its_interpreter_and_named_after_its_file)
{
	struct live l;
	call_home(&l, NULL);
	FILE *f = fopen(live_path(&l, "job.sh"), "we");
	cr_assert_not_null(f);
	(void)fputs("echo \"got $1\"\nexec sleep 1000\n", f);
	(void)fclose(f);
	struct called c = call(&l, "start", "job.sh", "--", "this");
	cr_assert_eq(c.code, 0, "%s", c.err);
	live_status(&l, "job", "online");
	live_file_has(live_path(&l, "logs/job-out.log"), "got this");
	ends(&l);
}

Test(cli_start, a_name_that_is_taken_is_refused_with_the_cure)
{
	struct live l;
	call_home(&l, NULL);
	cr_assert_eq(call(&l, "start", "-n", "web", "--", live_env("PROG"), "wait").code, 0);
	struct called c = call(&l, "start", "-n", "web", "--", live_env("PROG"), "wait");
	cr_assert_eq(c.code, 2);
	cr_assert(strstr(c.err, "there already") && strstr(c.err, "web"), "%s", c.err);
	cr_assert_eq(json_array_size(call_json(&l, "jlist")), 1);
	ends(&l);
}

Test(cli_start, a_file_with_faults_starts_no_daemon)
{
	struct live l;
	call_home(&l, "[service:web]\ncommand = @PROG@ wait\nmemory_mx = 5M\n");
	struct called c = call(&l, "start", "pm1.ini");
	cr_assert_eq(c.code, 2);
	cr_assert(strstr(c.err, "pm1.ini:3") && strstr(c.err, "memory_max"), "%s", c.err);
	call_left_is(0);
	cr_assert_neq(call(&l, "ping").code, 0);
	call_end(&l);
}

Test(cli_start, a_file_that_is_not_there_says_so)
{
	struct live l;
	call_home(&l, NULL);
	struct called c = call(&l, "start", "none.ini");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "none.ini") && strstr(c.err, "No such file"), "%s", c.err);
	c = call(&l, "start");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "usage"), "%s", c.err);
	call_left_is(0);
	call_end(&l);
}

Test(cli_start, a_broken_file_changes_nothing_of_what_runs)
{
	struct live l;
	call_home(&l, two);
	cr_assert_eq(call(&l, "start", "pm1.ini").code, 0);
	long long web = live_get(&l, "web", "pid"), db = live_get(&l, "db", "pid");
	live_ini(&l, "[service:web]\ncommand = @PROG@ other\n[service:new]\ncommand = @PROG@ wait\nbogus = 1\n");
	struct called c = call(&l, "start", "pm1.ini");
	cr_assert_eq(c.code, 2);
	cr_assert(strstr(c.err, "pm1.ini:5") && strstr(c.err, "bogus"), "%s", c.err);
	c = call(&l, "reload-config");
	cr_assert_eq(c.code, 2);
	cr_assert(strstr(c.err, "bogus"), "%s", c.err);
	cr_assert_eq(live_get(&l, "web", "pid"), web);
	cr_assert_eq(live_get(&l, "db", "pid"), db);
	cr_assert_null(live_service(&l, "new"));
	ends(&l);
}

Test(cli_start, a_program_that_is_not_there_is_told_and_the_exit_code_is_1)
{
	struct live l;
	call_home(&l, NULL);
	struct called c = call(&l, "start", "-n", "bad", "--", "/no/such/program");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "bad") && strstr(c.err, "No such file"), "%s", c.err);
	ends(&l);
}

Test(cli_start, a_stopped_service_is_started_by_its_name)
{
	struct live l;
	call_home(&l, two);
	cr_assert_eq(call(&l, "start", "pm1.ini").code, 0);
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "stopped");
	cr_assert_eq(call(&l, "start", "web").code, 0);
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "online");
	ends(&l);
}

Test(cli_start, two_at_once_make_one_daemon)
{
	struct live l;
	call_home(&l, NULL);
	struct calling c[4];
	static const char *const names[] = { "a", "b", "c", "d" };
	for (int i = 0; i < 4; i++)
		c[i] = call_begin(&l, 0, (const char *const[]){ "start", "-n", names[i], "--", live_env("PROG"), "wait", NULL });
	for (int i = 0; i < 4; i++) {
		struct called done = call_wait(&c[i]);
		cr_assert_eq(done.code, 0, "%s: %s", names[i], done.err);
	}
	cr_assert_eq(json_array_size(call_json(&l, "jlist")), 4);
	ends(&l);
}

Test(cli_start, the_daemon_is_of_no_terminal_and_holds_no_pipe_of_its_starter)
{
	struct live l;
	call_home(&l, two);
	/* call_how() returns at the end of both outputs: a daemon that held one would keep it. */
	cr_assert_eq(call_how(&l, CALL_TERMINAL, (const char *const[]){ "start", "pm1.ini", NULL }).code, 0);
	live_status(&l, "web", "online");
	ends(&l);
}

Test(cli_start, a_file_with_a_warning_is_started_and_the_warning_told_once)
{
	struct live l;
	call_home(&l, "[service:web]\ncommand = @PROG@ wait | cat\n");
	struct called c = call(&l, "start", "pm1.ini");
	cr_assert_eq(c.code, 0, "%s", c.err);
	char *warning = strstr(c.err, "pm1.ini:2");
	cr_assert_not_null(warning, "%s", c.err);
	cr_assert_null(strstr(warning + 1, "pm1.ini:2"), "%s", c.err);
	cr_assert_eq(call(&l, "ping").code, 0);
	ends(&l);
}

Test(cli_start, a_fault_is_told_once)
{
	struct live l;
	call_home(&l, "[service:web]\ncommand = @PROG@ wait\nbogus = 1\n");
	struct called c = call(&l, "start", "pm1.ini");
	cr_assert_eq(c.code, 2);
	char *fault = strstr(c.err, "pm1.ini:3");
	cr_assert_not_null(fault, "%s", c.err);
	cr_assert_null(strstr(fault + 1, "pm1.ini:3"), "%s", c.err);
	call_end(&l);
}

Test(cli_start, a_descriptor_of_the_callers_is_not_held_by_the_daemon)
{
	struct live l;
	int fds[2];
	char byte;
	call_home(&l, NULL);
	cr_assert_eq(pipe(fds), 0); /* inherited by what we run */
	cr_assert_eq(call(&l, "start", "-n", "web", "--", live_env("PROG"), "wait").code, 0);
	(void)close(fds[1]);
	cr_assert_eq(read(fds[0], &byte, 1), 0); /* hangs while anyone has the other end */
	ends(&l);
}

Test(cli_start, after_kill_the_next_start_works_at_once)
{
	struct live l;
	call_home(&l, two);
	for (int i = 0; i < 5; i++) {
		struct called c = call(&l, "start", "pm1.ini");
		cr_assert_eq(c.code, 0, "%s", c.err);
		c = call(&l, "kill");
		cr_assert_eq(c.code, 0, "%s", c.err);
	}
	call_left_is(0);
	call_end(&l);
}

Test(cli_start, with_json_the_reply_is_one_json_value)
{
	struct live l;
	call_home(&l, two);
	json_t *j = call_json(&l, "start", "pm1.ini");
	cr_assert_eq(json_array_size(call_at(j, "services")), 2);
	cr_assert_str_eq(call_text(j, "services.1.pm2_env.status"), "online");
	struct called c = call(&l, "start", "-n", "web", "--json", "--", live_env("PROG"), "wait");
	cr_assert_eq(c.code, 2);
	cr_assert_str_eq(call_text(json_loads(c.out, 0, NULL), "error"), "io.pm1.InvalidConfig");
	ends(&l);
}
