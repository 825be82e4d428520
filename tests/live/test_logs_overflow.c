/* Full disks, rates, files of others and no disk at all, for real: who waits, what is lost, and where it is told. */
#include "tests/live/logd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A path as pm1 sees it: its mounts are its own. */
static const char *inside(struct live *l, const char *name)
{
	static char path[300];

	(void)snprintf(path, sizeof(path), "/proc/%d/root%s", (int)l->pid, live_path(l, name));
	return path;
}

/* The small disk of LIVE_READ_ONLY_LOGS gets this size. */
static void enlarge(struct live *l, const char *size)
{
	char ns[64], logs[256];
	int status = -1;

	(void)snprintf(ns, sizeof(ns), "/proc/%d/ns/mnt", (int)l->pid);
	(void)snprintf(logs, sizeof(logs), "%s", live_path(l, "logs"));
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		int fd = open(ns, O_RDONLY | O_CLOEXEC);
		_exit(fd < 0 || setns(fd, CLONE_NEWNS) < 0 || mount(NULL, logs, NULL, MS_REMOUNT, size) < 0 ? errno : 0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0, "%s", strerror(WEXITSTATUS(status)));
}

/* All of `prog lines COUNT 100`, in order, each line after a head of so many bytes. */
static void has_lines(const char *text, size_t n, size_t head, size_t count)
{
	size_t each = 100 + head;
	char line[101];

	cr_assert_eq(n, count * each, "%zu bytes of %zu", n, count * each);
	for (size_t i = 0; i < count; i++) {
		int len = snprintf(line, sizeof(line), "%012zu ", i);
		memset(line + len, 'x', 99 - (size_t)len);
		line[99] = '\n';
		cr_assert(memcmp(text + i * each + head, line, 100) == 0, "line %zu: %.100s", i, text + i * each);
	}
}

static void a_full_disk_is_waited_for(const char *keys, size_t head, bool kills)
{
	struct live l;
	char ini[600];
	size_t n;

	(void)snprintf(ini, sizeof(ini), "[pm1]\nexit_when = never\nlog_console = no\n"
					 "[service:web]\nautorestart = no\ncommand = @PROG@ lines 6000 100 2 exit\n"
					 "error_file = @DIR@/logs/web.log\nlog_overflow = block\nkill_timeout = 60s\n%s\n", keys);
	live_start(&l, LIVE_PID1 | LIVE_READ_ONLY_LOGS, ini);
	live_line(&l, "web: cannot write its log");
	live_line(&l, "No space left on device");
	/* 600,000 bytes don't fit into the disk and the pipes: it can't have ended. */
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "online");
	cr_assert_eq(live_get(&l, "web", "pm1.log.dropped"), 0);
	cr_assert(strstr(live_text(&l, "web", "pm1.log.trouble"), "No space left on device"));
	for (int i = 0; kills && i < 3; i++)
		logd_kill(&l);
	enlarge(&l, "size=4m");
	live_status(&l, "web", "stopped");
	cr_assert_eq(live_get(&l, "web", "pm2_env.exit_code"), 0);
	live_line(&l, "web.log can be written again");
	json_decref(live_call(&l, "Flush", "{\"targets\":[]}"));
	live_number(&l, "web", "pm1.log.written", 600000);
	char *text = live_file(inside(&l, "logs/web.log"), &n);
	has_lines(text, n, head, 6000);
	free(text);
	cr_assert_eq(live_get(&l, "web", "pm1.log.dropped"), 0);
	cr_assert_str_empty(live_text(&l, "web", "pm1.log.trouble"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_overflow, with_block_a_service_waits_for_room_and_nothing_is_lost)
{
	a_full_disk_is_waited_for("", 0, false);
}

Test(logs_overflow, nor_is_it_with_prefixes_while_logd_is_killed)
{
	a_full_disk_is_waited_for("log_format = prefix\nlog_date_format = [at]", strlen("at web err: "), true);
}

Test(logs_overflow, a_service_that_waits_can_be_stopped)
{
	struct live l;

	live_start(&l, LIVE_PID1 | LIVE_READ_ONLY_LOGS,
		   "[pm1]\nexit_when = never\nlog_console = no\n[service:web]\ncommand = @PROG@ lines 6000 100 2 exit\n"
		   "error_file = @DIR@/logs/web.log\nlog_overflow = block\n");
	live_line(&l, "No space left on device");
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	live_status(&l, "web", "stopped");
	cr_assert_eq(live_stop(&l), 0);
}

#define FAST "[pm1]\nexit_when = never\nlog_console = no\n[service:web]\nautorestart = no\ncommand = @PROG@ lines 3000 100 2 exit\n" \
	     "error_file = @DIR@/web.log\n"

Test(logs_overflow, what_passes_the_rate_is_dropped_by_whole_lines_counted_and_told)
{
	struct live l;
	size_t n, lines = 0;
	unsigned long noted = 0;

	live_start(&l, LIVE_PID1, FAST "log_rate_limit = 20K\n");
	live_status(&l, "web", "stopped");
	live_number(&l, "web", "pm1.log.written", 300000);
	json_int_t dropped = live_get(&l, "web", "pm1.log.dropped");
	cr_assert_gt(dropped, 0);
	struct called c = call(&l, "describe", "web");
	cr_expect(strstr(c.out, "dropped"), "%s", c.out);
	logd_end(&l);
	char *text = live_file(live_path(&l, "web.log"), &n);
	for (char *p = text, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		if (strncmp(p, "pm1: ", 5) == 0) {
			cr_assert(strstr(p, "bytes were dropped here: they came faster than log_rate_limit\n"), "%s", p);
			noted += strtoul(p + 5, NULL, 10);
			continue;
		}
		cr_assert_eq(nl + 1 - p, 100, "%.*s", (int)(nl - p), p);
		lines++;
	}
	cr_assert_geq(lines, 205, "%zu: a second's bytes pass at once", lines);
	cr_assert_eq((json_int_t)noted, dropped);
	cr_assert_eq((json_int_t)lines * 100 + dropped, 300000);
	free(text);
	cr_assert_eq(live_end(&l), 0);
}

Test(logs_overflow, with_block_the_rate_is_waited_for)
{
	struct live l;
	size_t n;

	live_start(&l, LIVE_PID1, FAST "log_rate_limit = 200K\nlog_overflow = block\n");
	live_status(&l, "web", "stopped");
	live_number(&l, "web", "pm1.log.written", 300000);
	cr_assert_eq(live_get(&l, "web", "pm1.log.dropped"), 0);
	char *text = live_file(live_path(&l, "web.log"), &n);
	has_lines(text, n, 0, 3000);
	free(text);
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_overflow, a_file_of_a_stranger_is_refused_and_the_service_runs)
{
	struct live l;
	size_t n;

	live_start(&l, LIVE_PID1, "[pm1]\nlog_console = no\n[service:x]\ncommand = @PROG@ wait\n"
				  "[service:web]\nautostart = no\ncommand = @PROG@ wait\nout_file = @DIR@/web.log\nlog_owner = 4343\n"
				  "[service:own]\nautostart = no\ncommand = @PROG@ wait\nout_file = @DIR@/own.log\nuser = 4242\n");
	live_status(&l, "x", "online");
	const char *const names[] = { "web.log", "own.log" };
	for (int i = 0; i < 2; i++) {
		int fd = open(live_path(&l, names[i]), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		cr_assert(fd >= 0 && write(fd, "mine\n", 5) == 5 && fchown(fd, 4242, 4242) == 0 && close(fd) == 0);
	}
	json_decref(live_call(&l, "Start", "{\"targets\":[\"web\",\"own\"]}"));
	live_line(&l, "web: cannot write its log");
	live_line(&l, "web.log: it belongs to another user than pm1, root, the service's user and log_owner");
	live_status(&l, "web", "online");
	live_number(&l, "web", "pm1.log.dropped", 3);
	char *text = live_file(live_path(&l, "web.log"), &n);
	cr_assert_str_eq(text, "mine\n");
	free(text);
	/* The same file is right for a service of that user. */
	live_file_has(live_path(&l, "own.log"), "mine\nup\n");
	cr_assert_str_empty(live_text(&l, "own", "pm1.log.trouble"));
	/* Given to log_owner it is taken, with a note of what is missing. */
	cr_assert_eq(chown(live_path(&l, "web.log"), 4343, 4343), 0);
	json_decref(live_call(&l, "Restart", "{\"targets\":[\"web\"]}"));
	live_file_has(live_path(&l, "web.log"), "mine\npm1: 3 bytes were dropped here: it belongs to another user");
	live_file_has(live_path(&l, "web.log"), "\nup\n");
	cr_assert_eq(live_stop(&l), 0);
}

static void read_only(const char *path)
{
	if (mount(path, path, NULL, MS_BIND, NULL) < 0 || mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
		_exit(94);
}

static void without_a_disk(void)
{
	char logs[256];

	(void)snprintf(logs, sizeof(logs), "%s/logs", getenv("PM1_HOME"));
	(void)mkdir(logs, 0755);
	read_only(logs);
	read_only("/var");
	read_only("/run");
}

/* The memory of a log, by the path that pm1 tells of it. */
static char *memory(struct live *l, const char *where, off_t *ret_from, size_t *ret_n)
{
	char path[128];
	int fd_number = -1, fd;

	cr_assert_eq(sscanf(live_text(l, "web", where), "/proc/1/fd/%d", &fd_number), 1, "%s", live_text(l, "web", where));
	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)l->pid, fd_number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	off_t end = lseek(fd, 0, SEEK_END);
	*ret_from = lseek(fd, 0, SEEK_DATA);
	*ret_n = (size_t)(end - *ret_from);
	char *text = calloc(1, *ret_n + 1);
	cr_assert(text && pread(fd, text, *ret_n, *ret_from) == (ssize_t)*ret_n);
	(void)close(fd);
	return text;
}

Test(logs_overflow, without_a_disk_the_last_of_each_log_is_in_memory_and_outlives_logd)
{
	struct live l;
	off_t from;
	size_t n;

	live_before = without_a_disk;
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\nlog_console = no\nlog_ring = 32K\n"
				  "[service:web]\nautorestart = no\ncommand = @PROG@ lines 3000 100 2 exit\n");
	live_line(&l, "the last 32K of each stream is kept in memory");
	live_status(&l, "web", "stopped");
	live_number(&l, "web", "pm1.log.written", 300000);
	cr_assert_eq(live_get(&l, "web", "pm1.log.dropped"), 0);
	char *text = memory(&l, "pm2_env.pm_err_log_path", &from, &n);
	cr_assert_eq((size_t)from + n, 300000);
	cr_assert(n >= 32 * 1024 && n <= 32 * 1024 * 5 / 4 + 3 * 4096, "%zu bytes", n);
	cr_assert(strncmp(text + n - 100, "000000002999 xx", 15) == 0, "%s", text + n - 100);
	cr_assert(strncmp(strchr(text, '\n') + 1, "00000000", 8) == 0);
	free(text);
	/* logd is killed, and its successor goes on there. */
	pid_t old = logd_pid(&l);
	cr_assert_eq(kill(old, SIGKILL), 0);
	json_decref(live_call(&l, "Start", "{\"targets\":[\"web\"]}"));
	live_number(&l, "web", "pm1.log.written", 600000);
	live_status(&l, "web", "stopped");
	text = memory(&l, "pm2_env.pm_err_log_path", &from, &n);
	cr_assert_eq((size_t)from + n, 600000);
	cr_assert(n >= 32 * 1024 && n <= 32 * 1024 * 5 / 4 + 3 * 4096, "%zu bytes", n);
	cr_assert(strncmp(text + n - 100, "000000002999 xx", 15) == 0, "%s", text + n - 100);
	free(text);
	cr_assert_eq(live_stop(&l), 0);
}
