/* What a service says of itself to NOTIFY_SOCKET, and to the channel of a Node program: with real programs. */
#include "tests/live/live.h"
#include "tests/skip.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void touch(struct live *l, const char *name)
{
	FILE *f = fopen(live_path(l, name), "we");
	cr_assert_not_null(f);
	(void)fclose(f);
}

static bool has_event(struct live *l, const char *name, const char *cause)
{
	json_t *history = json_object_get(json_object_get(live_service(l, name), "pm1"), "history"), *e;
	size_t i;

	json_array_foreach(history, i, e)
		if (strstr(json_string_value(json_object_get(e, "cause")), cause))
			return true;
	return false;
}

/* `web` says READY=1 for `db`, whose socket it was told. */
static void stranger_is_refused(int how)
{
	struct live l;
	live_start(&l, how,
		   "[service:db]\ncommand = sh -c 'echo $NOTIFY_SOCKET >@DIR@/where; touch @DIR@/told; exec @PROG@ script await:@DIR@/go READY=1 wait'\n"
		   "ready = notify\nkill_timeout = 100ms\n"
		   "[service:web]\nautorestart = no\ncommand = sh -c 'NOTIFY_SOCKET=$(cat @DIR@/where); export NOTIFY_SOCKET; "
		   "exec @PROG@ script await:@DIR@/told READY=1 say:tried wait'\nautostart = no\n");
	live_file_there(live_path(&l, "told"));
	json_decref(live_call(&l, "Start", "{\"targets\":[\"web\"]}"));
	live_line(&l, "none of its processes");
	cr_expect_str_eq(live_text(&l, "db", "pm2_env.status"), "launching");
	touch(&l, "go");
	live_status(&l, "db", "online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(notify, a_stranger_is_not_believed)
{
	stranger_is_refused(LIVE_PID1);
}

Test(notify, a_stranger_is_not_believed_without_a_cgroup)
{
	stranger_is_refused(LIVE_PID1 | LIVE_NO_CGROUP);
}

Test(notify, with_access_for_main_a_child_is_not_believed)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:db]\ncommand = @PROG@ script child READY=1 wait\nready = notify\nnotify_access = main\nkill_timeout = 100ms\n");
	live_line(&l, "not its main process");
	cr_expect_str_eq(live_text(&l, "db", "pm2_env.status"), "launching");
	cr_assert_eq(live_stop(&l), 0);
}

Test(notify, without_that_a_child_is_believed)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:db]\ncommand = @PROG@ script child READY=1 wait\nready = notify\nkill_timeout = 100ms\n");
	live_status(&l, "db", "online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(notify, what_is_too_long_is_refused_and_the_next_is_heard)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:db]\ncommand = @PROG@ script big await:@DIR@/go READY=1 wait\nready = notify\n");
	live_line(&l, "longer than 4096 bytes");
	cr_expect_str_eq(live_text(&l, "db", "pm2_env.status"), "launching");
	touch(&l, "go");
	live_status(&l, "db", "online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(notify, its_status_is_shown_and_a_reload_of_its_own_too)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:db]\ncommand = @PROG@ script 'READY=1|STATUS=3 of 4 ^[31m' RELOADING=1 barrier say:reloads await:@DIR@/go "
		   "READY=1 barrier say:again wait\ntype = notify\n");
	live_line(&l, "db | reloads");
	cr_expect_str_eq(live_text(&l, "db", "pm1.status_text"), "3 of 4 \\x1b[31m");
	cr_expect(json_is_true(json_object_get(json_object_get(live_service(&l, "db"), "pm1"), "reloading")));
	cr_expect_str_eq(live_text(&l, "db", "pm2_env.status"), "online");
	touch(&l, "go");
	live_line(&l, "db | again");
	cr_expect(json_is_false(json_object_get(json_object_get(live_service(&l, "db"), "pm1"), "reloading")));
	cr_assert_eq(live_stop(&l), 0);
}

Test(notify, a_socket_of_pm1s_starter_is_not_handed_on)
{
	struct live l;
	(void)setenv("NOTIFY_SOCKET", "/tmp/of-the-starter", 1);
	(void)setenv("LISTEN_FDS", "2", 1);
	live_start(&l, LIVE_PID1, "[service:db]\ncommand = @PROG@ script READY=1 given wait\n");
	live_line(&l, "db | no NOTIFY_SOCKET");
	live_line(&l, "db | given none - -");
	cr_assert_eq(live_stop(&l), 0);
}

Test(notify, another_user_reaches_the_socket)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:db]\ncommand = @PROG@ script READY=1 wait\nready = notify\nuser = nobody\n");
	live_status(&l, "db", "online");
	cr_assert_eq(live_stop(&l), 0);
}

/* A folder that the user can't enter: then it is an abstract name. */
Test(notify, another_user_reaches_the_socket_of_a_closed_folder)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:db]\ncommand = sh -c 'case $NOTIFY_SOCKET in @*) echo abstract;; esac; while :; do sleep 1000; done'\n"
		   "notify_access = all\nuser = nobody\ncwd = /\nautostart = no\nkill_timeout = 100ms\n");
	(void)live_service(&l, "db");
	cr_assert_eq(chmod(l.dir, 0700), 0);
	json_decref(live_call(&l, "Start", "{\"targets\":[\"db\"]}"));
	live_line(&l, "db | abstract");
	cr_assert_eq(live_stop(&l), 0);
}

Test(watchdog, silence_is_a_failure_with_its_cause)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:db]\ncommand = @PROG@ script READY=1 WATCHDOG=1 wait\ntype = notify\nwatchdog = 100ms\nmin_uptime = 1ms\n");
	live_number(&l, "db", "pm2_env.restart_time", 1);
	cr_expect(has_event(&l, "db", "watchdog: no sign of life for 100ms"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(watchdog, one_that_says_so_lives)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:db]\ncommand = @PROG@ script READY=1 pet:50\ntype = notify\nwatchdog = 10s\n"
		   "[service:clock]\ncommand = @PROG@ script wait\nwatchdog = 200ms\nmin_uptime = 1ms\n");
	/* Some of the silent one's ends are the measure of the time that has passed. */
	live_number(&l, "clock", "pm2_env.restart_time", 3);
	cr_expect_eq(live_get(&l, "db", "pm2_env.restart_time"), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(watchdog, its_time_and_its_pid_are_the_programs)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:db]\ncommand = sh -c 'test $WATCHDOG_PID = $$ && echo $WATCHDOG_USEC; sleep 1000; :'\nwatchdog = 1m\n"
		   "kill_timeout = 100ms\n");
	live_line(&l, "db | 60000000");
	cr_assert_eq(live_stop(&l), 0);
}

Test(watchdog, a_trigger_is_a_failure_at_once)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:db]\ncommand = @PROG@ script READY=1 await:@DIR@/go WATCHDOG=trigger wait\ntype = notify\nmin_uptime = 1ms\n");
	live_status(&l, "db", "online");
	touch(&l, "go");
	live_number(&l, "db", "pm2_env.restart_time", 1);
	cr_expect(has_event(&l, "db", "watchdog: it said itself"));
	cr_assert_eq(live_stop(&l), 0);
}

/* The old main says who comes after it, and ends: the service goes on. */
static void heir_goes_on(int how)
{
	struct live l;
	live_start(&l, how, "[service:db]\ncommand = @PROG@ script READY=1 heir say:heir wait\ntype = notify\n");
	live_line(&l, "is its main process now (MAINPID)");
	live_status(&l, "db", "online");
	json_int_t heir = live_get(&l, "db", "pid");
	cr_expect_gt(heir, 1);
	cr_expect_eq(live_get(&l, "db", "pm2_env.restart_time"), 0);
	json_decref(live_call(&l, "Signal", "{\"signal\":\"KILL\",\"targets\":[\"db\"]}"));
	live_number(&l, "db", "pm2_env.restart_time", 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(notify, a_main_may_name_its_heir)
{
	heir_goes_on(LIVE_PID1);
}

Test(notify, a_main_may_name_its_heir_without_a_cgroup)
{
	heir_goes_on(LIVE_PID1 | LIVE_NO_CGROUP);
}

Test(notify, more_time_may_be_asked_for)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:db]\ncommand = @PROG@ script EXTEND_TIMEOUT_USEC=60000000 barrier say:asked await:@DIR@/go READY=1 wait\n"
		   "type = notify\nlisten_timeout = 1s\n"
		   "[service:clock]\ncommand = @PROG@ wait\nready = notify\nlisten_timeout = 1500ms\nmax_restarts = 1\n");
	live_line(&l, "db | asked");
	live_status(&l, "clock", "errored"); /* later than the first time of the other would have been over */
	cr_expect_eq(live_get(&l, "db", "pm2_env.restart_time"), 0);
	touch(&l, "go");
	live_status(&l, "db", "online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(fdstore, what_is_stored_comes_back_with_its_name)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:db]\ncommand = @PROG@ script given store:one store:two store:three barrier say:stored wait\nfdstore_max = 2\n"
		   "min_uptime = 1ms\nkill_timeout = 100ms\n");
	live_line(&l, "db | given none - -");
	live_line(&l, "db | stored");
	cr_expect(strstr(l.text, "a descriptor 'three' that it wants kept: more than fdstore_max"));
	cr_expect_eq(live_get(&l, "db", "pm1.stored_fds"), 2);
	json_decref(live_call(&l, "Signal", "{\"signal\":\"KILL\",\"targets\":[\"db\"]}"));
	live_line(&l, "db | given 2 one:two own one");
	json_decref(live_call(&l, "Restart", "{\"targets\":[\"db\"]}"));
	live_line(&l, "db | given 2 one:two own one");
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"db\"]}"));
	json_decref(live_call(&l, "Start", "{\"targets\":[\"db\"]}"));
	live_line(&l, "db | given none - -");
	cr_assert_eq(live_stop(&l), 0);
}

Test(fdstore, a_name_may_be_taken_back)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:db]\ncommand = @PROG@ script store:one store:two FDSTOREREMOVE=1|FDNAME=one barrier say:done wait\nfdstore_max = 9\n");
	live_line(&l, "db | done");
	cr_expect_eq(live_get(&l, "db", "pm1.stored_fds"), 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(fdstore, nothing_is_kept_unasked)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:db]\ncommand = @PROG@ script store:one barrier say:done wait\nnotify_access = all\n");
	live_line(&l, "db | done");
	cr_expect_eq(live_get(&l, "db", "pm1.stored_fds"), 0);
	cr_assert_eq(live_stop(&l), 0);
}

/* PM2's wait_ready, with the real node. What it says besides is taken, so that it never waits. */
static const char node_program[] =
	"const fs = require('fs');\n"
	"process.send({ hello: 'x'.repeat(3000000) }, () => {\n"
	"  console.log('said much');\n"
	"  const look = setInterval(() => { if (fs.existsSync('go')) { clearInterval(look); process.send('ready'); } }, 10);\n"
	"  setInterval(() => {}, 1000);\n"
	"});\n";

static bool has_node(void)
{
	if (system("node --version >/dev/null 2>&1") == 0)
		return true;
	(void)fprintf(stderr, "node is not on this machine\n");
	return false;
}

static void node_is_ready(const char *keys)
{
	struct live l;
	char ini[512];
	if (!has_node())
		skip_test("node is not on this machine");
	(void)snprintf(ini, sizeof(ini), "[service:app]\ncommand = sh -c '@PROG@ wait-for @DIR@/app.js; cd @DIR@ && exec node app.js'\n%s\nkill_timeout = 5s\n[service:x]\ncommand = @PROG@ wait\n",
		       keys);
	live_start(&l, LIVE_PID1, ini);
	live_status(&l, "x", "online");
	FILE *f = fopen(live_path(&l, "app.tmp"), "we");
	cr_assert_not_null(f);
	(void)fputs(node_program, f);
	(void)fclose(f);
	char from[256], to[256]; /* whole, or not there */
	(void)snprintf(from, sizeof(from), "%s/app.tmp", l.dir);
	(void)snprintf(to, sizeof(to), "%s/app.js", l.dir);
	cr_assert_eq(rename(from, to), 0);
	live_line(&l, "app | said much");
	cr_expect_str_eq(live_text(&l, "app", "pm2_env.status"), "launching");
	touch(&l, "go");
	live_status(&l, "app", "online");
	cr_expect(has_event(&l, "app", "process.send('ready')"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(node, wait_ready_waits_for_the_message)
{
	node_is_ready("wait_ready = yes");
}

Test(node, ready_ipc_is_the_same)
{
	node_is_ready("ready = ipc");
}
