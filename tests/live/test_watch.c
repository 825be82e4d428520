/* Watching files: what restarts a service, what doesn't, and what is told of it. */
#include "tests/live/live.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(struct live *l, const char *name)
{
	int fd = open(live_path(l, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	cr_assert_geq(fd, 0, "%s", name);
	cr_assert_eq(write(fd, "x\n", 2), 2);
	cr_assert_eq(close(fd), 0);
}

static void folder(struct live *l, const char *name)
{
	cr_assert_eq(mkdir(live_path(l, name), 0755), 0, "%s", name);
}

/* The causes of its stops so far, one a line; in a static buffer. */
static const char *stops(struct live *l, const char *name)
{
	static char text[4096];
	size_t i, n = 0;
	json_t *e, *history = json_object_get(json_object_get(live_service(l, name), "pm1"), "history");

	text[0] = 0;
	json_array_foreach(history, i, e)
		if (strcmp(json_string_value(json_object_get(e, "to")), "stopping") == 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\n", json_string_value(json_object_get(e, "cause")));
	return text;
}

static void restarted(struct live *l, int n)
{
	live_number(l, "web", "pm2_env.restart_time", n);
	live_status(l, "web", "online");
}

/* With src/ there, and known to be watched: a first change has restarted it. */
static void begin(struct live *l, int how, const char *more)
{
	char ini[1024];

	(void)snprintf(ini, sizeof(ini), "[service:web]\ncommand = @PROG@ wait\nwatch = @DIR@/src\n%s", more);
	live_start(l, how, ini);
	live_status(l, "web", "online");
	folder(l, "src"); /* it was missing, and comes */
	restarted(l, 1);
	cr_assert_str_eq(stops(l, "web"), "watch: src changed\n");
	cr_assert_eq(json_is_true(json_object_get(json_object_get(live_service(l, "web"), "pm2_env"), "watch")), 1);
}

Test(watch, a_change_restarts_it_once_and_stands_in_the_history)
{
	struct live l;
	begin(&l, LIVE_PID1, "");
	put(&l, "src/app.js");
	restarted(&l, 2);
	put(&l, "src/other.js");
	restarted(&l, 3);
	cr_assert_str_eq(stops(&l, "web"), "watch: src changed\nwatch: src/app.js changed\nwatch: src/other.js changed\n");
	cr_assert_eq(live_get(&l, "web", "pm2_env.unstable_restarts"), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(watch, a_burst_of_files_is_one_restart)
{
	struct live l;
	/* Long enough for this machine at its slowest: the files come faster than that. */
	begin(&l, LIVE_PID1, "watch_delay = 1s\n");
	for (int i = 0; i < 100; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "src/f%d", i);
		put(&l, name);
	}
	restarted(&l, 2);
	put(&l, "src/fence");
	restarted(&l, 3);
	cr_assert_str_eq(stops(&l, "web"), "watch: src changed\nwatch: src/f0 changed (and 99 more)\nwatch: src/fence changed\n");
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 3);
	cr_assert_eq(live_stop(&l), 0);
}

Test(watch, what_is_ignored_restarts_nothing)
{
	struct live l;
	begin(&l, LIVE_PID1, "ignore_watch = data\n");
	folder(&l, "src/node_modules");
	put(&l, "src/node_modules/x.js");
	folder(&l, "src/data");
	put(&l, "src/data/db");
	put(&l, "src/.git");
	put(&l, "src/out.log");
	put(&l, "src/app.js.swp");
	put(&l, "src/fence");
	restarted(&l, 2);
	cr_assert_str_eq(stops(&l, "web"), "watch: src changed\nwatch: src/fence changed\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(watch, all_of_cwd_is_watched_but_what_pm1_writes_there)
{
	struct live l;
	/* DIR is PM1_HOME too: socket, logs and the file itself are in it. */
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\nwatch = yes\nlog_file = all.txt\nlog_max_size = 1\n");
	live_line(&l, "web | up");
	live_file_has(live_path(&l, "logs/web-out.log"), "up");
	put(&l, "app.js");
	restarted(&l, 1);
	put(&l, "b.js");
	restarted(&l, 2);
	cr_assert_str_eq(stops(&l, "web"), "watch: app.js changed\nwatch: b.js changed\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(watch, new_folders_are_followed)
{
	struct live l;
	begin(&l, LIVE_PID1, "");
	folder(&l, "src/a");
	folder(&l, "src/a/b");
	put(&l, "src/a/b/c.js");
	restarted(&l, 2);
	put(&l, "src/a/b/d.js");
	restarted(&l, 3);
	cr_assert_str_eq(stops(&l, "web"), "watch: src changed\nwatch: src/a/b/c.js changed\nwatch: src/a/b/d.js changed\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(watch, one_stopped_by_hand_stays_stopped)
{
	struct live l;
	begin(&l, LIVE_PID1, "[service:other]\ncommand = @PROG@ wait\nwatch = @DIR@/src\n");
	live_status(&l, "other", "online");
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	live_status(&l, "web", "stopped");
	json_int_t before = live_get(&l, "other", "pm2_env.restart_time");
	put(&l, "src/a");
	live_number(&l, "other", "pm2_env.restart_time", before + 1);
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "stopped");
	cr_assert_eq(json_is_true(json_object_get(json_object_get(live_service(&l, "web"), "pm2_env"), "watch")), 0);
	json_decref(live_call(&l, "Start", "{\"targets\":[\"web\"]}"));
	cr_assert_eq(json_is_true(json_object_get(json_object_get(live_service(&l, "web"), "pm2_env"), "watch")), 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(watch, an_errored_one_comes_back_and_pm1_run_waits_for_that)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:web]\ncommand = @DIR@/src/prog wait\nwatch = @DIR@/src\nmax_restarts = 2\nmin_uptime = 1h\n");
	live_status(&l, "web", "errored"); /* no such program: the only service has ended, and run would end with it */
	folder(&l, "src");
	char target[256];
	(void)snprintf(target, sizeof(target), "%s", live_env("PROG"));
	cr_assert_eq(symlink(target, live_path(&l, "src/prog")), 0);
	live_status(&l, "web", "online");
	cr_assert(strstr(l.text, "all services ended") == NULL);
	cr_assert_eq(live_stop(&l), 0);
}

Test(watch, without_a_cgroup_and_as_no_pid_1_it_is_the_same)
{
	struct live l;
	begin(&l, LIVE_NO_CGROUP, "instances = 1\n");
	put(&l, "src/app.js");
	restarted(&l, 2);
	cr_assert_eq(live_stop(&l), 0);
}

Test(watch, a_reload_takes_other_paths_and_an_end_of_watching)
{
	struct live l;
	begin(&l, LIVE_PID1, "");
	folder(&l, "lib");
	live_ini(&l, "[service:web]\ncommand = @PROG@ wait\nwatch = @DIR@/lib\n");
	live_signal(&l, SIGHUP);
	live_line(&l, "lib (live)");
	put(&l, "src/a");
	put(&l, "lib/b");
	restarted(&l, 2);
	cr_assert(strstr(stops(&l, "web"), "watch: lib/b changed\n"), "%s", stops(&l, "web"));
	live_ini(&l, "[service:web]\ncommand = @PROG@ wait\n");
	live_signal(&l, SIGHUP);
	live_line(&l, "watch: ");
	live_line(&l, "(live)");
	cr_assert_eq(json_is_true(json_object_get(json_object_get(live_service(&l, "web"), "pm2_env"), "watch")), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(watch, who_writes_into_the_watched_folder_at_each_start_is_told)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:web]\ncommand = echo 1 >>@DIR@/src/state; exec @PROG@ wait\nshell = yes\nwatch = @DIR@/src\n");
	live_status(&l, "web", "online");
	folder(&l, "src");
	live_line(&l, "'src/state' changed within 3 s of a start");
	live_line(&l, "ignore_watch");
	cr_assert_eq(live_stop(&l), 0);
}
