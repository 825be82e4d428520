/* What pm1 may find when it starts, and must not trip over: a starter with habits, a place where things are missing. */
#include "tests/live/live.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void with_blocked_and_ignored_signals(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		(void)signal(sig, SIG_IGN);
}

Test(starter, what_it_has_blocked_or_ignored_is_neither_in_a_service)
{
	struct live l;
	live_before = with_blocked_and_ignored_signals;
	live_start(&l, LIVE_PID1, "[service:s]\ncommand = @PROG@ signals\n");
	live_line(&l, "SigBlk:\t0000000000000000");
	live_line(&l, "SigIgn:\t0000000000000000");
	cr_assert_eq(live_stop(&l), 0);
}

static void ends_are_heard(int how)
{
	struct live l;
	live_before = with_blocked_and_ignored_signals;
	live_start(&l, how, "[service:job]\ncommand = @PROG@ exit 7\nautorestart = no\n");
	cr_assert_eq(live_end(&l), 7);
}

/* Where CHLD is ignored the kernel reaps: pm1 waited for ever for a service that had ended. */
Test(starter, that_ignores_chld_does_not_keep_the_ends_of_services_from_us)
{
	ends_are_heard(LIVE_PID1);
	ends_are_heard(0);
	ends_are_heard(LIVE_PID1 | LIVE_FALLBACKS);
}

static void with_a_term_that_waits(void)
{
	with_blocked_and_ignored_signals();
	(void)signal(SIGTERM, SIG_DFL);
	(void)kill(getpid(), SIGTERM);
}

Test(starter, a_term_that_comes_before_we_are_ready_ends_us_in_order)
{
	struct live l;
	live_before = with_a_term_that_waits;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\n");
	live_line(&l, "shutting down: SIGTERM");
	live_line(&l, "web: stopping -> stopped");
	cr_assert_eq(live_end(&l), 0);
}

static void with_children(void)
{
	siginfo_t info;

	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			if (i % 2)
				(void)execl(getenv("PROG"), "prog", "wait", "stranger", NULL);
			_exit(i);
		}
		if (i % 2 == 0) /* its CHLD is long over when pm1 begins to listen */
			(void)waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	}
}

/* `exec pm1 run` at the end of a script: what the script left running in the background is a child of ours. */
Test(starter, children_that_it_leaves_us_are_reaped_and_do_no_harm)
{
	struct live l;
	live_before = with_children;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\nmin_uptime = 1ms\n");
	live_status(&l, "web", "online");
	live_no_zombies(&l);
	json_decref(live_call(&l, "Restart", "{\"targets\":[\"web\"]}"));
	live_status(&l, "web", "online");
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	cr_assert_str_eq(live_text(&l, "web", "pm1.signal"), "SIGTERM", "what is no child of the service does not hold its stop up");
	cr_assert_eq(live_stop(&l), 0);
}

static void without_standard_descriptors(void)
{
	for (int fd = 0; fd < 3; fd++)
		(void)close(fd);
}

Test(starter, closed_standard_descriptors_do_no_harm)
{
	struct live l;
	live_before = without_standard_descriptors;
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\n[service:f]\ncommand = @PROG@ fds\n[service:l]\ncommand = @PROG@ lines 5 100\n");
	live_status(&l, "f", "online");
	live_file_has(live_path(&l, "logs/f-out.log"), "fd 0\nfd 1\nfd 2\nend\n");
	live_file_has(live_path(&l, "logs/l-out.log"), "000000000004 ");
	cr_assert_eq(live_stop(&l), 0);
}

static void with_misleading_variables(void)
{
	static const char *const names[] = { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		(void)setenv(names[i], "1", 1);
	(void)setenv("PM1_SERVICE", "another", 1);
	(void)setenv("KEPT", "kept", 1);
}

Test(starter, its_variables_about_itself_do_not_reach_a_service)
{
	static const char *const lines[] = { "LISTEN_PID=(unset)", "LISTEN_FDS=(unset)", "LISTEN_FDNAMES=(unset)", "NOTIFY_SOCKET=(unset)",
					     "WATCHDOG_PID=(unset)", "WATCHDOG_USEC=(unset)", "PM1_SERVICE=g", "KEPT=kept" };
	static const char logs[][24] = { "logs/a-out.log", "logs/b-out.log", "logs/c-out.log", "logs/d-out.log",
					 "logs/e-out.log", "logs/f-out.log", "logs/g-out.log", "logs/h-out.log" };
	struct live l;
	live_before = with_misleading_variables;
	live_start(&l, LIVE_PID1,
		   "[service:a]\ncommand = @PROG@ env LISTEN_PID\n[service:b]\ncommand = @PROG@ env LISTEN_FDS\n"
		   "[service:c]\ncommand = @PROG@ env LISTEN_FDNAMES\n[service:d]\ncommand = @PROG@ env NOTIFY_SOCKET\n"
		   "[service:e]\ncommand = @PROG@ env WATCHDOG_PID\n[service:f]\ncommand = @PROG@ env WATCHDOG_USEC\n"
		   "[service:g]\ncommand = @PROG@ env PM1_SERVICE\n[service:h]\ncommand = @PROG@ env KEPT\n");
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		live_file_has(live_path(&l, logs[i]), lines[i]);
	cr_assert_eq(live_stop(&l), 0);
}

static void hide(const char *path)
{
	if (mount("tmpfs", path, "tmpfs", 0, "size=64k") < 0)
		_exit(94);
}

static void without_proc(void)
{
	hide("/proc");
}

/* logd is pm1 once more, found by /proc/self/exe: without it every service stood still when its pipe was full. */
Test(place, without_proc_services_run_and_what_they_say_is_kept)
{
	struct live l;
	live_before = without_proc;
	live_start(&l, LIVE_PID1,
		   "[service:web]\ncommand = @PROG@ lines 3000 100\n[service:job]\ncommand = @PROG@ setsid-daemon exit @DIR@\n"
		   "autorestart = no\nkill_timeout = 100ms\n");
	live_status(&l, "web", "online");
	live_file_has(live_path(&l, "logs/web-out.log"), "000000002999 ");
	live_status(&l, "job", "stopped");
	json_decref(live_call(&l, "Signal", "{\"signal\":\"KILL\",\"targets\":[\"web\"]}"));
	live_number(&l, "web", "pm2_env.restart_time", 1);
	json_decref(live_call(&l, "Restart", "{\"targets\":[\"web\"]}"));
	live_status(&l, "web", "online");
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	live_no_zombies(&l);
	cr_assert_eq(live_stop(&l), 0);
}

static void without_dev(void)
{
	hide("/dev");
	without_standard_descriptors();
}

Test(place, without_dev_and_standard_descriptors_services_run_and_what_they_say_is_kept)
{
	struct live l;
	live_before = without_dev;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ lines 3000 100\n[service:f]\ncommand = @PROG@ fds\n");
	live_status(&l, "web", "online");
	live_file_has(live_path(&l, "logs/web-out.log"), "000000002999 ");
	live_file_has(live_path(&l, "logs/f-out.log"), "fd 0\nfd 1\nfd 2\nend\n");
	cr_assert_eq(live_stop(&l), 0);
}

static void with_few_descriptors(void)
{
	struct rlimit few = { .rlim_cur = 64, .rlim_max = 64 };

	(void)setrlimit(RLIMIT_NOFILE, &few);
}

/* The pipes of the first services took all that there were; then none could be started, and nobody could ask why. */
Test(limits, with_more_services_than_descriptors_all_run_and_calls_are_answered)
{
	struct live l;
	live_before = with_few_descriptors;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait @DIR@\ninstances = 30\nmin_uptime = 1ms\n");
	live_line(&l, "no log for its stdout: Too many open files");
	char wait[80];
	(void)snprintf(wait, sizeof(wait), "wait %s", l.dir);
	live_count_is(&l, wait, 30);
	live_file_has(live_path(&l, "logs/web-out-0.log"), "up");
	json_decref(live_call(&l, "Restart", "{\"targets\":[\"all\"]}"));
	live_count_is(&l, wait, 30);
	cr_assert_null(strstr(l.text, "bug:"));
	cr_assert_eq(live_stop(&l), 0);
}
