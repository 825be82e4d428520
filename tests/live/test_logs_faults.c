/* Logs that can't be written, or nobody reads: no service stops for it, and what is lost is counted. */
#include "tests/live/call.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_QUIET "[pm1]\nlog_console = no\n[service:x]\ncommand = @PROG@ wait\n"

/* A path as pm1 sees it: its tmpfs is in a mount namespace of its own. */
static const char *inside(struct live *l, const char *name)
{
	static char path[300];

	(void)snprintf(path, sizeof(path), "/proc/%d/root%s", (int)l->pid, live_path(l, name));
	return path;
}

static json_int_t number(struct live *l, const char *name, const char *where)
{
	json_t *d = call_json(l, "describe", name);
	json_t *at = call_at(json_is_array(d) ? json_array_get(d, 0) : d, where);
	char under[128];

	(void)snprintf(under, sizeof(under), "services.0.%s", where);
	if (!at)
		at = call_at(d, under);
	cr_assert(json_is_integer(at), "no %s in: %s", where, json_dumps(d, 0));
	return json_integer_value(at);
}

static void start(struct live *l, const char *name)
{
	json_decref(live_call(l, "Start", "{\"targets\":[\"%s\"]}", name));
}

/* The bytes of `text` that are not of notes ("pm1: N bytes were dropped here"); the sum of those N. */
static size_t without_notes(const char *text, unsigned long *ret_noted)
{
	size_t n = strlen(text);
	const char *p = text;

	*ret_noted = 0;
	while ((p = strstr(p, "pm1: "))) {
		const char *nl = strchr(p, '\n');
		cr_assert(nl && strstr(p, " bytes were dropped here: No space left on device\n"), "%s", p);
		*ret_noted += strtoul(p + 5, NULL, 10);
		n -= (size_t)(nl - p) + 1;
		p = nl;
	}
	return n;
}

/* 300,000 bytes go to a disk of 64 KiB; then there is room again. */
static void full_disk(const char *keys, size_t stamp)
{
	struct live l;
	char *ini, *text;
	size_t n;
	unsigned long noted;

	cr_assert_geq(asprintf(&ini,
			       "[pm1]\nexit_when = never\nlog_console = no\n"
			       "[service:web]\nautorestart = no\nautostart = no\nkill_timeout = 60s\ncommand = @PROG@ lines 3000 100 2 exit\n"
			       "error_file = @DIR@/logs/web.log\n%s\n"
			       "[service:after]\nautostart = no\ncommand = sh -c \"echo there is room >&2; exec @PROG@ wait\"\n"
			       "error_file = @DIR@/logs/after.log\n", keys), 0);
	live_start(&l, LIVE_PID1 | LIVE_READ_ONLY_LOGS, ini);
	(void)live_socket(&l);
	start(&l, "web");
	/* It could write all of it, and ended as it wanted to. */
	live_status(&l, "web", "stopped");
	cr_assert_eq(live_get(&l, "web", "pm2_env.exit_code"), 0);
	live_line(&l, "web: cannot write its log");
	live_line(&l, "web.log: No space left on device");
	json_decref(live_call(&l, "Flush", "{\"targets\":[\"after\"]}")); /* answered when all that was written is taken */
	json_int_t dropped = number(&l, "web", "pm1.log.dropped");
	cr_assert_gt(dropped, 200000);

	text = live_file(inside(&l, "logs/web.log"), &n);
	cr_assert_gt(n, 0);
	if (!stamp) {
		n = without_notes(text, &noted);
		cr_assert_eq((json_int_t)n + dropped, 300000, "%zu in the file, %lld dropped", n, (long long)dropped);
	}
	/* Room: the same file is written again, with a note of what is missing. */
	free(text);
	cr_assert_eq(truncate(inside(&l, "logs/web.log"), 0), 0);
	start(&l, "after");
	live_file_has(inside(&l, "logs/after.log"), "there is room");
	cr_assert_eq(number(&l, "after", "pm1.log.dropped"), 0);
	cr_assert_eq(live_stop(&l), 0);
	free(ini);
}

Test(logs_faults, a_full_disk_stops_no_service_and_each_byte_is_written_or_counted)
{
	full_disk("", 0);
}

Test(logs_faults, nor_does_it_with_stamps_and_a_combined_file)
{
	full_disk("log_date_format = YYYY-MM-DD HH:mm:ss", 21);
}

/* Says 8000 bytes at each USR1. */
#define SAYS \
	"[pm1]\nexit_when = never\nlog_console = no\n[service:web]\nshell = yes\nout_file = @DIR@/logs/web.log\n" \
	"command = trap 'n=$((n+1)); @PROG@ lines 80 100 2 exit 2>&1; echo said $n >&2' USR1; trap 'exit 0' TERM; echo up >&2; " \
	"while :; do sleep 1000 & wait $!; done\nerror_file = @DIR@/said.log\n"

Test(logs_faults, when_there_is_room_again_the_file_goes_on_with_a_note_of_what_is_missing)
{
	struct live l;
	size_t n;
	unsigned long noted;
	char said[32];
	int i = 0;

	live_start(&l, LIVE_PID1 | LIVE_READ_ONLY_LOGS, SAYS);
	live_file_has(live_path(&l, "said.log"), "up");
	while (live_get(&l, "web", "pm1.log.dropped") == 0) {
		cr_assert_lt(i, 100);
		cr_assert_eq(call(&l, "send-signal", "USR1", "web", "-s").code, 0);
		(void)snprintf(said, sizeof(said), "said %d\n", ++i);
		live_file_has(live_path(&l, "said.log"), said);
		json_decref(live_call(&l, "Signal", "{\"signal\":\"CONT\",\"targets\":[\"web\"]}"));
		(void)call(&l, "logs", "--nostream", "--lines", "1"); /* when it has ended, all that was said is in the files */
	}
	live_line(&l, "web.log: No space left on device");
	char *text = live_file(inside(&l, "logs/web.log"), &n);
	json_int_t dropped = live_get(&l, "web", "pm1.log.dropped");
	cr_assert(strstr(live_text(&l, "web", "pm1.log.trouble"), "web.log: No space left on device"), "%s",
		  live_text(&l, "web", "pm1.log.trouble"));
	cr_assert_eq((json_int_t)n + dropped, 8000L * i, "%zu + %lld", n, (long long)dropped);
	cr_assert_null(strstr(text, "pm1:"));
	free(text);

	/* Somebody frees the disk. */
	cr_assert_eq(truncate(inside(&l, "logs/web.log"), 0), 0);
	cr_assert_eq(call(&l, "send-signal", "USR1", "web", "-s").code, 0);
	live_line(&l, "web.log can be written again");
	(void)snprintf(said, sizeof(said), "said %d\n", ++i);
	live_file_has(live_path(&l, "said.log"), said);
	live_file_has(inside(&l, "logs/web.log"), "bytes were dropped here");
	text = live_file(inside(&l, "logs/web.log"), &n);
	cr_assert_eq(without_notes(text, &noted), 8000, "%s", text);
	cr_assert_eq((json_int_t)noted, dropped);
	cr_assert_str_empty(live_text(&l, "web", "pm1.log.trouble"));
	cr_assert_eq(live_get(&l, "web", "pm1.log.dropped"), dropped);
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_faults, a_console_that_nobody_reads_stops_no_service_and_is_counted)
{
	struct live l;
	struct stat st = { 0 };

	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ lines 30000 100 2 exit\nautorestart = no\nerror_file = @DIR@/web.log\n"
				  "[service:x]\ncommand = @PROG@ wait\n");
	/* Not one byte of l.out is read until all is in the file, though what is copied there is far more than its pipe takes. */
	for (int i = 0; st.st_size < 3000000; i++) {
		cr_assert_lt(i, LIVE_WAIT * 100, "%lld bytes", (long long)st.st_size);
		(void)poll(NULL, 0, 10);
		(void)stat(live_path(&l, "web.log"), &st);
	}
	cr_assert_eq(st.st_size, 3000000);
	size_t n;
	char *text = live_file(live_path(&l, "web.log"), &n), line[101];
	for (size_t i = 0; i < 30000; i++) {
		int head = snprintf(line, sizeof(line), "%012zu ", i);
		memset(line + head, 'x', 99 - (size_t)head);
		line[99] = '\n';
		cr_assert(memcmp(text + i * 100, line, 100) == 0, "line %zu: %.100s", i, text + i * 100);
	}
	free(text);
	cr_assert_eq(live_get(&l, "web", "pm1.log.dropped"), 0);
	cr_assert_gt(live_get(&l, "web", "pm1.log.console_dropped"), 0);
	cr_assert(strstr(call(&l, "describe", "web").out, "console dropped"), "%s", call(&l, "describe", "web").out);
	json_decref(live_call(&l, "Restart", "{\"targets\":[\"x\"]}")); /* pm1 itself isn't held by it either */
	/* Read again, it says so, though nobody says anything more. */
	live_line(&l, "bytes are missing here: the console was too slow");
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_faults, a_console_whose_reader_is_gone_stops_neither)
{
	struct live l;
	size_t n;

	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ lines 3000 100 2 exit\nautorestart = no\nautostart = no\n"
				  "error_file = @DIR@/web.log\n[service:x]\ncommand = @PROG@ wait\n");
	live_line(&l, "x | up");
	(void)close(l.out);
	l.out = open("/dev/null", O_RDONLY | O_CLOEXEC);
	start(&l, "web");
	live_status(&l, "web", "stopped");
	json_decref(live_call(&l, "Restart", "{\"targets\":[\"x\"]}")); /* answered when the logs are written */
	char *text = live_file(live_path(&l, "web.log"), &n);
	cr_assert_eq(n, 300000);
	free(text);
	cr_assert_eq(live_stop(&l), 0);
}

/* What may be planted where a log belongs, to have pm1 write elsewhere, or wait. */
static void planted(int (*plant)(const char *path, const char *victim), const char *message)
{
	struct live l;
	size_t n;
	char *log, *victim, *text;

	live_start(&l, LIVE_PID1, WAIT_QUIET "[service:web]\nautostart = no\ncommand = sh -c \"echo secret; exec @PROG@ wait\"\n"
					     "out_file = @DIR@/web.log\nmin_uptime = 1ms\n");
	live_status(&l, "x", "online");
	log = strdup(live_path(&l, "web.log"));
	victim = strdup(live_path(&l, "victim"));
	FILE *f = fopen(victim, "we");
	(void)fputs("untouched", f);
	(void)fclose(f);
	cr_assert_eq(plant(log, victim), 0);
	start(&l, "web");
	live_line(&l, "web: cannot write its log");
	live_line(&l, message);
	live_status(&l, "web", "online");
	cr_assert(strstr(live_text(&l, "web", "pm1.log.trouble"), message), "%s", live_text(&l, "web", "pm1.log.trouble"));
	live_number(&l, "web", "pm1.log.dropped", strlen("secret\n"));
	text = live_file(victim, &n);
	cr_assert_str_eq(text, "untouched");
	free(text);
	/* When it is gone the log is written. */
	cr_assert(unlink(log) == 0 || rmdir(log) == 0);
	json_decref(live_call(&l, "Restart", "{\"targets\":[\"web\"]}"));
	live_file_has(log, "secret");
	struct stat st;
	cr_assert_eq(stat(log, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0640, "%o", st.st_mode);
	cr_assert_eq(live_stop(&l), 0);
}

static int plant_symlink(const char *path, const char *victim)
{
	return symlink(victim, path);
}

static int plant_fifo(const char *path, const char *victim)
{
	(void)victim;
	return mkfifo(path, 0666);
}

static int plant_read_fifo(const char *path, const char *victim)
{
	(void)victim;
	/* With a reader opening it succeeds. */
	return mkfifo(path, 0666) < 0 || open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) < 0 ? -1 : 0;
}

static int plant_folder(const char *path, const char *victim)
{
	(void)victim;
	return mkdir(path, 0755);
}

Test(logs_faults, a_symlink_at_the_path_of_a_log_is_refused_and_its_target_left_alone)
{
	planted(plant_symlink, "web.log: it is a symbolic link, which is not followed");
}

Test(logs_faults, a_fifo_at_the_path_of_a_log_is_refused)
{
	planted(plant_fifo, "web.log: it is no regular file");
}

Test(logs_faults, a_fifo_that_is_read_is_refused_too)
{
	planted(plant_read_fifo, "web.log: it is no regular file");
}

Test(logs_faults, a_folder_at_the_path_of_a_log_is_refused)
{
	planted(plant_folder, "web.log: Is a directory");
}
