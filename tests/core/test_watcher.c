#include "core/watcher.h"

#include "tests/core/host.h"

#include "os/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

TestSuite(watcher, .init = host_begin, .fini = host_done, .timeout = 60);

#define WATCHING "[service:web]\ncommand = sleep 1000\nwatch = src\n"

static void run(const char *text)
{
	cr_assert_eq(system("mkdir src"), 0);
	host_service(text);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	/* Its folder, the one above, /tmp and /: then it has been looked at. */
	HOST_UNTIL(watcher_folders(service->watcher) >= 4);
}

/* Runs until it has come up so many times in all. */
static void until_run(uint64_t n)
{
	HOST_UNTIL(service->runs == n && service->state == STATE_ONLINE);
}

static const char *why_stopped(void)
{
	for (unsigned int i = service->history_n; i-- > 0;)
		if (service->history[i % SERVICE_HISTORY].to == STATE_STOPPING)
			return service->history[i % SERVICE_HISTORY].cause;
	return "";
}

Test(watcher, a_change_is_a_restart_with_the_path_in_the_history)
{
	run(WATCHING);
	folder_put("src/app.js", "1");
	until_run(2);
	cr_expect_str_eq(why_stopped(), "watch: src/app.js changed");
	cr_expect_eq(service->restarts, 1);
	cr_expect_eq(service->track.unstable, 0);
}

Test(watcher, a_burst_is_one_restart_that_counts_its_files)
{
	run(WATCHING);
	for (int i = 0; i < 100; i++) {
		char name[32];
		snprintf(name, sizeof(name), "src/f%d", i);
		folder_put(name, "1");
		folder_put(name, "2");
	}
	until_run(2);
	cr_expect_str_eq(why_stopped(), "watch: src/f0 changed (and 99 more)");
	folder_put("src/fence", "1");
	until_run(3);
	cr_expect_str_eq(why_stopped(), "watch: src/fence changed");
	cr_expect_eq(service->restarts, 2);
}

Test(watcher, the_rules_for_ignoring_are_heeded_and_so_are_its_own_logs)
{
	run(WATCHING "ignore_watch = data/ !.env\nout_file = src/out.txt\n");
	cr_assert_eq(system("mkdir src/data && touch src/data/db src/out.txt src/out.txt.20261124T213000.123Z src/.git"), 0);
	folder_put("src/.env", "A=1");
	until_run(2);
	cr_expect_str_eq(why_stopped(), "watch: src/.env changed");
}

Test(watcher, one_stopped_by_hand_is_left_alone_until_it_is_started)
{
	run(WATCHING);
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
	cr_expect(!watcher_is_on(service->watcher));
	cr_expect_eq(watcher_folders(service->watcher), 0);
	folder_put("src/a", "1");
	service_start(service, "start");
	cr_expect(watcher_is_on(service->watcher));
	until_run(2);
	HOST_UNTIL(watcher_folders(service->watcher) >= 4);
	folder_put("src/b", "1");
	until_run(3);
	cr_expect_str_eq(why_stopped(), "watch: src/b changed");
}

Test(watcher, a_stop_takes_back_what_was_about_to_follow)
{
	run(WATCHING "watch_delay = 1h\n");
	folder_put("src/a", "1");
	/* Until the change has been read: then the time of quiet runs. */
	usec_t due = USEC_NEVER;
	while (due == USEC_NEVER && loop_once(loop) == 0)
		due = watcher_due(service->watcher);
	service_stop(service, "stop");
	cr_expect_eq(watcher_due(service->watcher), USEC_NEVER);
	HOST_UNTIL(service_at_rest(service));
}

Test(watcher, an_errored_one_is_started_again)
{
	cr_assert_eq(system("mkdir src && ln -s /bin/false src/prog"), 0);
	host_service("[service:web]\ncommand = src/prog 1000\nwatch = src\nmax_restarts = 2\nmin_uptime = 1h\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ERRORED && watcher_folders(service->watcher) >= 4);
	cr_assert_eq(system("ln -s /bin/sleep src/next && mv src/next src/prog"), 0);
	HOST_UNTIL(service->state == STATE_ONLINE && strstr(service->history[(service->history_n - 2) % SERVICE_HISTORY].cause, "watch: src/"));
	cr_expect_eq(service->track.unstable, 0);
}

Test(watcher, one_that_waits_for_its_restart_delay_is_started_at_once)
{
	cr_assert_eq(system("mkdir src && ln -s /bin/false src/prog"), 0);
	host_service("[service:web]\ncommand = src/prog 1000\nwatch = src\nrestart_delay = 1h\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_BACKOFF && watcher_folders(service->watcher) >= 4);
	cr_assert_eq(system("ln -s /bin/sleep src/next && mv src/next src/prog"), 0);
	HOST_UNTIL(service->state == STATE_ONLINE);
}

Test(watcher, one_that_has_ended_for_good_is_run_again)
{
	run("[service:job]\ncommand = sh -c 'exec sleep 1000'\nwatch = src\nautorestart = no\n");
	cr_assert_eq(kill(service->pid, SIGTERM), 0);
	HOST_UNTIL(service_at_rest(service));
	cr_expect(watcher_is_on(service->watcher));
	folder_put("src/a", "1");
	until_run(2);
}

Test(watcher, a_change_while_it_stops_is_in_the_next_run_and_restarts_it_no_more)
{
	run("[service:web]\ncommand = sh -c 'trap \"\" TERM; echo ready >ready; exec sleep 1000'\nwatch = src\nkill_timeout = 1h\n");
	HOST_UNTIL(strcmp(folder_get("ready"), "ready\n") == 0);
	folder_put("src/a", "1");
	HOST_UNTIL(service->state == STATE_STOPPING);
	folder_put("src/b", "1");
	HOST_UNTIL(watcher_due(service->watcher) != USEC_NEVER);
	HOST_UNTIL(watcher_due(service->watcher) == USEC_NEVER);
	service_hurry(service);
	until_run(2);
	cr_expect_eq(service->restarts, 1);
	folder_put("src/c", "1");
	HOST_UNTIL(service->state == STATE_STOPPING);
	cr_expect_str_eq(why_stopped(), "watch: src/c changed");
	service_hurry(service);
}

Test(watcher, who_writes_what_it_watches_is_told_and_waits_longer)
{
	static char said[65536];
	int p[2];

	cr_assert_eq(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	log_setup(p[1], LOG_WARNING, false);
	run("[service:web]\ncommand = sh -c 'echo $$ >src/state.json; exec sleep 1000'\nwatch = src\n");
	/* The first run may have written before it was watched. */
	folder_put("src/begin", "1");
	for (size_t n = 0; !strstr(said, "ignore_watch");) {
		cr_assert_eq(loop_once(loop), 0);
		ssize_t got = read(p[0], said + n, sizeof(said) - 1 - n);
		n += got > 0 ? (size_t)got : 0;
	}
	cr_expect(strstr(said, "'src/state.json'"), "%s", said);
	/* From now on each waits longer. */
	uint64_t runs = service->runs;
	until_run(runs + 1);
	HOST_UNTIL(watcher_due(service->watcher) != USEC_NEVER);
	cr_expect_gt(watcher_due(service->watcher), loop_now(loop) + WATCHER_QUIET);
	log_setup(-1, LOG_ERROR, false);
	close(p[0]);
	close(p[1]);
}

Test(watcher, a_long_path_is_cut_at_its_beginning_and_control_bytes_are_shown)
{
	char name[200] = "src/a\x1b[m/";

	run(WATCHING);
	cr_assert_eq(mkdir(name, 0755), 0);
	size_t n = strlen(name);
	memset(name + n, 'x', 120);
	cr_assert_eq(mkdir(name, 0755), 0);
	memcpy(name + n + 120, "/the-end.js", sizeof("/the-end.js"));
	folder_put(name, "1");
	until_run(2);
	const char *why = why_stopped();
	cr_expect(strncmp(why, "watch: ...", 10) == 0 && strstr(why, "xxx/the-end.js changed"), "%s", why);
	folder_put("src/b\x1b[m", "1");
	until_run(3);
	cr_expect_str_eq(why_stopped(), "watch: src/b\\x1b[m changed");
}

Test(watcher, without_inotify_the_service_runs_all_the_same)
{
	cr_assert_eq(system("mkdir src"), 0);
	host_service(WATCHING);
	sys_fake_fail("inotify_init", 1, EMFILE);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_expect(!watcher_is_on(service->watcher));
}

Test(watcher, cwd_is_watched_without_paths_and_another_spec_changes_what_is)
{
	run("[service:web]\ncommand = sleep 1000\nwatch = yes\nautorestart = no\n");
	folder_put("top.js", "1");
	until_run(2);
	cr_expect_str_eq(why_stopped(), "watch: top.js changed");

	service->spec->watch = false; /* as another spec would say */
	service_set_spec(service, service->spec, &(struct outputs_place){ .log_dir = folder });
	cr_expect_null(service->watcher);
}

static void set_spec(void)
{
	service_set_spec(service, service->spec, &(struct outputs_place){ .log_dir = folder });
}

/* Any reload gives the service a new spec, most often for another key. */
Test(watcher, what_was_seen_stays_seen_over_another_spec)
{
	run("[service:web]\ncommand = sleep 1000\nwatch = src\nautorestart = no\nwatch_delay = 50ms\n");
	folder_put("src/a.js", "1");
	HOST_UNTIL(watcher_due(service->watcher) != USEC_NEVER);
	unsigned int before = sys_fake_count("inotify_init");
	service->spec->kill_timeout = USEC_SEC;
	set_spec();
	cr_expect_neq(watcher_due(service->watcher), USEC_NEVER);
	cr_expect_eq(sys_fake_count("inotify_init"), before, "nothing is looked through anew");
	/* The logs of more instances are to be ignored: the same files are watched by other rules. */
	service->spec->instances = 2;
	set_spec();
	cr_expect_neq(watcher_due(service->watcher), USEC_NEVER);
	cr_expect_eq(sys_fake_count("inotify_init"), before + 1);
	until_run(2);
	cr_expect_str_eq(why_stopped(), "watch: src/a.js changed");
}

Test(watcher, what_was_seen_of_other_paths_is_forgotten)
{
	run("[service:web]\ncommand = sleep 1000\nwatch = src\nautorestart = no\nwatch_delay = 50ms\n");
	folder_put("src/a.js", "1");
	HOST_UNTIL(watcher_due(service->watcher) != USEC_NEVER);
	strv_done(&service->spec->watch_paths);
	cr_assert_eq(strv_addf(&service->spec->watch_paths, "%s/other", folder), 0);
	cr_assert_eq(system("mkdir other"), 0);
	set_spec();
	cr_expect_eq(watcher_due(service->watcher), USEC_NEVER);
	HOST_UNTIL(watcher_folders(service->watcher) >= 4);
	folder_put("other/b.js", "1");
	until_run(2);
	cr_expect_str_eq(why_stopped(), "watch: other/b.js changed");
}
