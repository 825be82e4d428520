/* What pm1 may find when it starts, and must not trip over: a starter with habits, a place where things are missing. */
#include "tests/live/live.h"
#include "tests/skip.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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
#ifdef __SANITIZE_ADDRESS__
	/* Its leak check ends any process with code 1 when it can't open that; nor can it be told not to: /proc/self/environ has its options. */
	skip_test("the leak check of the AddressSanitizer needs /proc/PID/task");
#endif
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

static void read_only(const char *path)
{
	if (mount(path, path, NULL, MS_BIND, NULL) < 0 || mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
		_exit(94);
}

/* The abstract socket, which is then what is left, is the network namespace's. */
static void without_a_place_to_write(void)
{
	static const char *const paths[] = { "/run", "/tmp", "/dev/shm", "/var" };

	if (unshare(CLONE_NEWNET) < 0)
		_exit(94);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		read_only(paths[i]);
	(void)unsetenv("PM1_HOME");
}

Test(place, where_nothing_can_be_written_services_run_and_speak_on_the_console)
{
	struct live l;
	live_before = without_a_place_to_write;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\n");
	live_line(&l, "no log files: /var/log/pm1: Read-only file system; the last 256K of each stream is kept in memory, besides the console");
	live_line(&l, "web | up");
	cr_assert_null(strstr(l.text, "no control socket"), "%s", l.text);
	cr_assert_eq(live_stop(&l), 0);
}

static void without_a_socket_too(void)
{
	without_a_place_to_write();
	(void)setenv("PM1_SOCKET", "/run/pm1/pm1.sock", 1);
}

Test(place, nor_does_it_need_a_socket)
{
	struct live l;
	live_before = without_a_socket_too;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\n");
	live_line(&l, "no control socket can be made anywhere (/run/pm1/pm1.sock: Read-only file system)");
	live_line(&l, "web | up");
	cr_assert_eq(live_stop(&l), 0);
}

static void in_a_user_namespace(void)
{
	if (unshare(CLONE_NEWUSER) < 0)
		_exit(94);
}

/* No id is mapped: we are the overflow user to ourselves, and setgroups is denied. */
Test(place, where_no_ids_are_mapped_only_a_service_that_asks_for_one_fails)
{
	struct live l;
	live_before = in_a_user_namespace;
	live_start(&l, LIVE_PID1 | LIVE_NO_CGROUP,
		   "[service:web]\ncommand = @PROG@ wait\n[service:root]\ncommand = @PROG@ wait\nuser = root\n");
	live_line(&l, "root: exited -> errored (cannot start: set");
	live_line(&l, "[service:root] user)");
	live_status(&l, "web", "online");
	live_status(&l, "root", "errored");
	cr_assert_eq(live_stop(&l), 0);
}

static int terminal = -1;

static void on_a_terminal(void)
{
	char name[64];
	int fd = ptsname_r(terminal, name, sizeof(name)) == 0 && setsid() > 0 ? open(name, O_RDWR) : -1;

	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
		_exit(94);
	for (int i = 0; i < 3; i++)
		(void)dup2(fd, i);
}

static void the_terminal_goes(int how)
{
	struct live l;
	terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert(grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	live_before = on_a_terminal;
	live_start(&l, how, "[service:web]\ncommand = @PROG@ wait\nmin_uptime = 1ms\n[service:l]\ncommand = @PROG@ lines 50 100\n");
	live_status(&l, "web", "online");
	json_int_t pid = live_get(&l, "web", "pid");
	(void)close(terminal);
	json_decref(live_call(&l, "Restart", "{\"targets\":[\"l\"]}"));
	live_number(&l, "l", "pm2_env.restart_time", 1);
	live_status(&l, "l", "online");
	cr_assert_eq(live_get(&l, "web", "pid"), pid, "a hang-up is no reason to restart what has not changed");
	live_file_has(live_path(&l, "logs/l-out.log"), "000000000049 ");
	cr_assert_eq(live_stop(&l), 0);
}

Test(place, a_terminal_that_goes_away_takes_nothing_with_it)
{
	the_terminal_goes(LIVE_PID1);
	the_terminal_goes(0);
}

/* As a gVisor, an old seccomp profile or an old kernel does; the words are those of `deny`. */
static void refused(const char *first, ...)
{
	const char *argv[32] = { getenv("DENY"), first };
	char ini[256];
	int n = 2;
	va_list ap;

	va_start(ap, first);
	for (const char *w; (w = va_arg(ap, const char *));)
		argv[n++] = w;
	va_end(ap);
	(void)snprintf(ini, sizeof(ini), "%s/pm1.ini", getenv("PM1_HOME"));
	argv[n++] = "--";
	argv[n++] = getenv("PM1");
	argv[n++] = "run";
	argv[n++] = ini;
	(void)execv(argv[0], (char **)argv);
}

static void with_eperm(void)
{
	refused("clone3=EPERM", "pidfd_open=EPERM", "pidfd_send_signal=EPERM", "close_range=EPERM", "inotify_init1=EPERM",
		"prctl=EPERM", "getrandom=EPERM", "faccessat2=EPERM", NULL);
}

static void with_einval(void)
{
	refused("clone3=EINVAL", "pidfd_open=EINVAL", "pidfd_send_signal=EINVAL", "close_range=EINVAL", NULL);
}

static void with_enosys(void)
{
	refused("clone3", "pidfd_open", "pidfd_send_signal", "close_range", "inotify_init1", "prctl", "getrandom", "faccessat2", NULL);
}

static void lives_with(void (*before)(void), int how)
{
	struct live l;
	live_before = before;
	live_start(&l, how, "[service:web]\ncommand = @PROG@ setsid-daemon @DIR@\nkill_timeout = 50ms\nmin_uptime = 1ms\n");
	live_line(&l, "web | up");
	live_file_has(live_path(&l, "logs/web-out.log"), "away");
	json_decref(live_call(&l, "Restart", "{\"targets\":[\"web\"]}"));
	live_status(&l, "web", "online");
	char dir[96];
	(void)snprintf(dir, sizeof(dir), "setsid-daemon %s", l.dir);
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	cr_assert_eq(live_count(&l, dir), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(refusal, in_whatever_words_new_system_calls_are_refused_the_old_ones_do)
{
	static void (*const ways[])(void) = { with_eperm, with_einval, with_enosys };

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		lives_with(ways[i], LIVE_PID1);
		lives_with(ways[i], LIVE_PID1 | LIVE_NO_CGROUP);
	}
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
