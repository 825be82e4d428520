/* Trouble with single services that pm1 has to stand: programs that can't be run, processes that can't be had or don't die. */
#include "tests/live/live.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/socket.h>
#include <unistd.h>

/* Asks for something whose end is not waited for. */
static void ask(struct live *l, const char *verb, const char *name)
{
	char text[256];
	int fd = live_socket(l), n = snprintf(text, sizeof(text), "{\"method\":\"io.pm1.%s\",\"parameters\":{\"targets\":[\"%s\"]}}", verb, name);

	cr_assert_eq(send(fd, text, (size_t)n + 1, MSG_NOSIGNAL), n + 1);
	(void)close(fd);
}

static char copied[256];

/* A copy of prog that somebody is still writing: exec is refused with ETXTBSY until that is closed. */
static int busy_copy(const char *to)
{
	size_t n;
	char *bytes = live_file(live_env("PROG"), &n);
	int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	cr_assert(fd >= 0 && write(fd, bytes, n) == (ssize_t)n && fchmod(fd, 0755) == 0);
	free(bytes);
	return fd;
}

Test(trouble, a_program_that_is_being_written_is_tried_until_it_can_be_run)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @DIR@/busy wait\nautostart = no\nrestart_delay = 20ms\nmax_restarts = 0\n"
				  "[service:x]\ncommand = @PROG@ wait\n");
	(void)snprintf(copied, sizeof(copied), "%s", live_path(&l, "busy"));
	int fd = busy_copy(copied);
	ask(&l, "Start", "web");
	live_line(&l, "Text file busy");
	live_number(&l, "web", "pm2_env.restart_time", 3);
	(void)close(fd);
	live_status(&l, "web", "online");
	cr_assert_eq(live_stop(&l), 0);
}

static void with_a_small_stack(void)
{
	/* The kernel allows a quarter of it to arguments and environment. */
	struct rlimit small = { .rlim_cur = 512 * 1024, .rlim_max = 512 * 1024 };

	(void)setrlimit(RLIMIT_STACK, &small);
}

Test(trouble, what_is_no_program_and_what_has_too_long_an_environment_are_errored_with_126)
{
	static char ini[260000];
	struct live l;
	int n = snprintf(ini, sizeof(ini), "[service:web]\ncommand = @PROG@ wait\n[service:none]\ncommand = @DIR@/pm1.ini\n"
					   "[service:empty]\ncommand = @DIR@/empty\n[service:big]\ncommand = @PROG@ wait\n");

	for (int i = 0; i < 4; i++) {
		n += snprintf(ini + n, sizeof(ini) - (size_t)n, "env.BIG%d = ", i);
		memset(ini + n, 'x', 60000);
		n += 60000;
		ini[n++] = '\n';
	}
	ini[n] = 0;
	live_before = with_a_small_stack;
	live_start(&l, LIVE_PID1, ini);
	(void)snprintf(copied, sizeof(copied), "%s", live_path(&l, "empty"));
	live_status(&l, "empty", "errored");
	(void)close(open(copied, O_WRONLY | O_CREAT | O_CLOEXEC, 0755));
	json_decref(live_call(&l, "Start", "{\"targets\":[\"empty\"]}"));
	live_status(&l, "empty", "errored");
	cr_expect(strstr(live_text(&l, "empty", "pm1.failure"), "Exec format error"), "%s", live_text(&l, "empty", "pm1.failure"));
	live_status(&l, "none", "errored");
	cr_expect(strstr(live_text(&l, "none", "pm1.failure"), "Permission denied"), "%s", live_text(&l, "none", "pm1.failure"));
	live_status(&l, "big", "errored");
	cr_expect(strstr(live_text(&l, "big", "pm1.failure"), "Argument list too long"), "%s", live_text(&l, "big", "pm1.failure"));
	cr_expect_eq(live_get(&l, "big", "pm2_env.exit_code"), 126);
	cr_expect_eq(live_get(&l, "empty", "pm2_env.exit_code"), 126);
	cr_expect_eq(live_get(&l, "big", "pm2_env.restart_time"), 0, "it will not become shorter by waiting");
	live_status(&l, "web", "online");
	cr_assert_eq(live_stop(&l), 0);
}

#define POOR 54321 /* a user that nobody is */

static void become_poor(void)
{
	if (setgid(POOR) < 0 || setuid(POOR) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(93);
}

/* As a user who may have three processes: pm1, logd, and one that is in the way. */
static void with_three_processes(void)
{
	struct rlimit three = { .rlim_cur = 3, .rlim_max = 3 };

	if (chown(getenv("PM1_HOME"), POOR, POOR) < 0 || setrlimit(RLIMIT_NPROC, &three) < 0)
		_exit(93);
	if (fork() == 0) {
		become_poor();
		(void)execl(getenv("PROG"), getenv("PROG"), "wait", getenv("PM1_HOME"), NULL);
		_exit(92);
	}
	become_poor();
}

static pid_t pid_of(const char *part);

Test(trouble, while_no_process_can_be_had_it_is_tried_again_and_calls_are_answered)
{
	struct live l;
	live_before = with_three_processes;
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\n[service:web]\ncommand = @PROG@ wait\nrestart_delay = 50ms\nmax_restarts = 0\n");
	live_line(&l, "fork: Resource temporarily unavailable");
	live_number(&l, "web", "pm2_env.restart_time", 3);
	cr_assert_eq(kill(pid_of(l.dir), SIGKILL), 0);
	live_status(&l, "web", "online");
	cr_assert_eq(live_stop(&l), 0);
}

/* The pid, as we see it, of the one process whose command line begins with prog and holds `part`. */
static pid_t pid_of(const char *part)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	pid_t found = 0;

	while ((e = readdir(dir))) {
		char path[300], line[4096];
		size_t n = 0;
		(void)snprintf(path, sizeof(path), "/proc/%s/cmdline", e->d_name);
		FILE *f = e->d_name[0] >= '1' && e->d_name[0] <= '9' ? fopen(path, "re") : NULL;
		if (f) {
			n = fread(line, 1, sizeof(line) - 1, f);
			(void)fclose(f);
		}
		line[n] = 0;
		if (n && strcmp(line, live_env("PROG")) == 0 && memmem(line, n, part, strlen(part)))
			found = (pid_t)strtol(e->d_name, NULL, 10);
	}
	(void)closedir(dir);
	return found;
}

/* A dead process whose tracer has not taken its end stays, and nobody else hears of it: as one that waits in the kernel for ever. */
static void hold(pid_t pid)
{
	cr_assert_gt(pid, 0);
	cr_assert_eq(ptrace(PTRACE_SEIZE, pid, NULL, NULL), 0);
}

static void let_go(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) == pid && !WIFEXITED(status) && !WIFSIGNALED(status))
		(void)ptrace(PTRACE_CONT, pid, NULL, WSTOPSIG(status));
}

Test(trouble, one_that_does_not_die_of_kill_is_told_and_holds_nobody_else_up)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:stuck]\ncommand = @PROG@ ignore 15 @DIR@\nkill_timeout = 50ms\n[service:web]\ncommand = @PROG@ wait\nmin_uptime = 1ms\n");
	live_line(&l, "ignoring");
	live_status(&l, "web", "online");
	pid_t pid = pid_of(l.dir);
	hold(pid);
	ask(&l, "Stop", "stuck");
	live_line(&l, "stuck: stuck: a process of it does not die of SIGKILL");
	cr_assert_str_eq(live_text(&l, "stuck", "pm1.state"), "stopping");
	json_decref(live_call(&l, "Restart", "{\"targets\":[\"web\"]}"));
	live_status(&l, "web", "online");
	let_go(pid);
	live_status(&l, "stuck", "stopped");
	cr_assert_eq(live_stop(&l), 0);
}

Test(trouble, nor_does_it_keep_us_from_our_end)
{
	struct live l;
	live_start(&l, 0, "[pm1]\nshutdown_timeout = 100ms\n[service:stuck]\ncommand = @PROG@ ignore 15 @DIR@\n");
	live_line(&l, "ignoring");
	pid_t pid = pid_of(l.dir);
	hold(pid);
	live_signal(&l, SIGTERM);
	live_line(&l, "stuck: does not die; leaving it behind");
	cr_assert_eq(live_end(&l), 0);
	let_go(pid);
}

Test(trouble, a_stop_while_it_waits_for_its_next_try_is_the_end_of_the_tries)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ exit 1\nrestart_delay = 300ms\nmax_restarts = 0\n[service:x]\ncommand = @PROG@ exit 1\n"
				  "restart_delay = 300ms\nmax_restarts = 0\n");
	live_status(&l, "web", "waiting restart");
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	json_int_t tries = live_get(&l, "web", "pm2_env.restart_time"), others = live_get(&l, "x", "pm2_env.restart_time");
	live_number(&l, "x", "pm2_env.restart_time", others + 3); /* more time than its delay has passed */
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), tries);
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "stopped");
	cr_assert_eq(live_stop(&l), 0);
}
