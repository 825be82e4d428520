/* Log files that others move, remove or empty, and the verbs for it. */
#include "tests/live/call.h"
#include "tests/live/pattern.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATTERN \
	"[pm1]\nlog_console = no\n[service:a]\ncommand = @PROG@ pattern 3 @DIR@/a.count\nout_file = @DIR@/logs/a.log\nkill_timeout = 60s\n"

static void stop_but_keep(struct live *l)
{
	struct pollfd p = { .fd = l->pidfd, .events = POLLIN };

	live_signal(l, SIGTERM);
	cr_assert_eq(poll(&p, 1, LIVE_WAIT * 1000), 1, "pm1 did not end");
}

static void grows(struct live *l, const char *name)
{
	struct stat st = { 0 };

	for (int i = 0; stat(live_path(l, name), &st) < 0 || st.st_size == 0; i++) {
		cr_assert_lt(i, LIVE_WAIT * 1000, "%s does not grow", name);
		(void)poll(NULL, 0, 1);
	}
}

static void by_signal(struct live *l)
{
	live_signal(l, SIGUSR1);
}

static void by_verb(struct live *l)
{
	cr_assert_eq(call(l, "reload-logs").code, 0);
}

/* As logrotate does it: rename, tell, and again; all pieces together are what was written. */
static void rotated_under_load(void (*tell)(struct live *l))
{
	struct live l;
	uint32_t state = 3;
	size_t all = 0, n;

	live_start(&l, LIVE_PID1, PATTERN);
	for (int i = 0; i < 8; i++) {
		char to[32], *from;
		grows(&l, "logs/a.log");
		from = strdup(live_path(&l, "logs/a.log"));
		(void)snprintf(to, sizeof(to), "logs/a.log.%d", i);
		cr_assert_eq(rename(from, live_path(&l, to)), 0);
		tell(&l);
		free(from);
	}
	grows(&l, "logs/a.log");
	stop_but_keep(&l);
	for (int i = 0; i < 9; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), i < 8 ? "logs/a.log.%d" : "logs/a.log", i);
		char *bytes = live_file(live_path(&l, name), &n);
		cr_assert_gt(n, 0, "%s", name);
		for (size_t k = 0; k < n; k++)
			cr_assert_eq((unsigned char)bytes[k], pattern_byte(&state), "%s: byte %zu", name, k);
		all += n;
		free(bytes);
	}
	char *count = live_file(live_path(&l, "a.count"), &n);
	cr_assert_eq(all, strtoul(count, NULL, 10));
	free(count);
	cr_assert_eq(live_end(&l), 0);
}

Test(logs_files, a_rename_and_usr1_again_and_again_lose_and_repeat_no_byte)
{
	rotated_under_load(by_signal);
}

Test(logs_files, a_rename_and_reload_logs_again_and_again_lose_and_repeat_no_byte)
{
	rotated_under_load(by_verb);
}

/* Says a line for each USR1. */
#define TALKER \
	"[pm1]\nlog_console = no\n[service:web]\nshell = yes\nout_file = @DIR@/logs/web.log\nlog_file = @DIR@/logs/all.log\n" \
	"command = trap 'n=$((n+1)); echo tick $n' USR1; trap 'exit 0' TERM; echo one; echo two; echo three; while :; do sleep 1000 & wait $!; done\n"

static void tick(struct live *l)
{
	cr_assert_eq(call(l, "send-signal", "USR1", "web", "-s").code, 0);
}

static void file_is(struct live *l, const char *name, const char *expected)
{
	size_t n;
	char *text = live_file(live_path(l, name), &n);

	cr_assert_eq(n, strlen(expected), "%s: '%s'", name, text);
	cr_assert_str_eq(text, expected, "%s: '%s'", name, text);
	free(text);
}

Test(logs_files, a_removed_file_and_its_removed_folder_come_back_by_reload_logs)
{
	struct live l;

	live_start(&l, LIVE_PID1, TALKER);
	live_file_has(live_path(&l, "logs/web.log"), "three");
	live_file_has(live_path(&l, "logs/all.log"), "three");
	cr_assert_eq(unlink(live_path(&l, "logs/web.log")), 0);
	cr_assert_eq(unlink(live_path(&l, "logs/all.log")), 0);
	cr_assert_eq(unlink(live_path(&l, "logs/.web.log.times")), 0);
	cr_assert_eq(unlink(live_path(&l, "logs/.all.log.times")), 0);
	cr_assert_eq(rmdir(live_path(&l, "logs")), 0);
	by_verb(&l);
	tick(&l);
	live_file_has(live_path(&l, "logs/web.log"), "tick 1\n");
	live_file_has(live_path(&l, "logs/all.log"), "tick 1\n");
	file_is(&l, "logs/web.log", "tick 1\n");
	cr_assert_eq(live_get(&l, "web", "pm1.log.dropped"), 0);
	cr_assert_eq(live_stop(&l), 0);
}

/* Nobody tells pm1: what is said afterwards is in a new file, in a folder made anew. */
Test(logs_files, a_log_folder_that_vanishes_while_it_is_written_comes_back_by_the_next_line)
{
	struct live l;

	live_start(&l, LIVE_PID1, TALKER);
	live_file_has(live_path(&l, "logs/web.log"), "three");
	live_file_has(live_path(&l, "logs/all.log"), "three");
	cr_assert_eq(unlink(live_path(&l, "logs/web.log")), 0);
	cr_assert_eq(unlink(live_path(&l, "logs/all.log")), 0);
	cr_assert_eq(unlink(live_path(&l, "logs/.web.log.times")), 0);
	cr_assert_eq(unlink(live_path(&l, "logs/.all.log.times")), 0);
	cr_assert_eq(rmdir(live_path(&l, "logs")), 0);
	tick(&l);
	live_file_has(live_path(&l, "logs/web.log"), "tick 1\n");
	live_file_has(live_path(&l, "logs/all.log"), "tick 1\n");
	file_is(&l, "logs/web.log", "tick 1\n");
	file_is(&l, "logs/all.log", "tick 1\n");
	cr_assert_eq(unlink(live_path(&l, "logs/web.log")), 0); /* one alone */
	tick(&l);
	live_file_has(live_path(&l, "logs/all.log"), "tick 2\n");
	live_file_has(live_path(&l, "logs/web.log"), "tick 2\n");
	file_is(&l, "logs/web.log", "tick 2\n");
	file_is(&l, "logs/all.log", "tick 1\ntick 2\n");
	cr_assert_eq(live_get(&l, "web", "pm1.log.dropped"), 0);
	cr_assert_str_empty(live_text(&l, "web", "pm1.log.trouble"));
	cr_assert_eq(live_stop(&l), 0);
}

/* rm -rf under load, again and again: what is in the last file is what was said last, without a gap. */
Test(logs_files, rm_rf_of_the_log_folder_under_load_leaves_the_end_of_what_was_said)
{
	struct live l;
	size_t n, all;
	uint32_t state = 3;
	char rm[300];

	live_start(&l, LIVE_PID1, PATTERN);
	for (int i = 0; i < 5; i++) {
		grows(&l, "logs/a.log");
		/* In its place rm would meet the file that is made anew meanwhile, and give up. */
		(void)snprintf(rm, sizeof(rm), "mv %s/logs %s/gone && rm -rf %s/gone", l.dir, l.dir, l.dir);
		cr_assert_eq(system(rm), 0);
	}
	grows(&l, "logs/a.log");
	stop_but_keep(&l);
	char *count = live_file(live_path(&l, "a.count"), &n), *bytes;
	all = strtoul(count, NULL, 10);
	bytes = live_file(live_path(&l, "logs/a.log"), &n);
	cr_assert(n > 0 && n < all, "%zu of %zu", n, all);
	for (size_t k = 0; k < all; k++) {
		unsigned char b = pattern_byte(&state);
		if (k >= all - n)
			cr_assert_eq((unsigned char)bytes[k - (all - n)], b, "byte %zu of %zu", k, all);
	}
	free(bytes);
	free(count);
	cr_assert_eq(live_end(&l), 0);
}

Test(logs_files, flush_empties_own_and_combined_files_and_they_go_on_from_their_beginning)
{
	struct live l;

	live_start(&l, LIVE_PID1, TALKER "[service:db]\ncommand = @PROG@ wait\nout_file = @DIR@/logs/db.log\n");
	live_file_has(live_path(&l, "logs/web.log"), "three");
	live_file_has(live_path(&l, "logs/all.log"), "three");
	live_file_has(live_path(&l, "logs/db.log"), "up");
	cr_assert_eq(call(&l, "flush", "web").code, 0);
	file_is(&l, "logs/web.log", "");
	file_is(&l, "logs/all.log", "");
	file_is(&l, "logs/db.log", "up\n");
	tick(&l);
	live_file_has(live_path(&l, "logs/all.log"), "tick 1\n");
	file_is(&l, "logs/all.log", "tick 1\n"); /* and not after a hole */
	file_is(&l, "logs/web.log", "tick 1\n");
	cr_assert_eq(call(&l, "flush").code, 0);
	file_is(&l, "logs/db.log", "");
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_files, a_file_that_another_program_empties_goes_on_from_its_beginning)
{
	struct live l;

	live_start(&l, LIVE_PID1, TALKER);
	live_file_has(live_path(&l, "logs/web.log"), "three");
	live_file_has(live_path(&l, "logs/all.log"), "three");
	cr_assert_eq(truncate(live_path(&l, "logs/web.log"), 0), 0);
	tick(&l);
	live_file_has(live_path(&l, "logs/web.log"), "tick 1\n");
	file_is(&l, "logs/web.log", "tick 1\n");
	live_file_has(live_path(&l, "logs/all.log"), "tick 1\n");
	file_is(&l, "logs/all.log", "one\ntwo\nthree\ntick 1\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_files, what_was_there_before_the_start_stays)
{
	struct live l;

	live_start(&l, LIVE_PID1, TALKER "autostart = no\n[service:x]\ncommand = @PROG@ wait\n");
	live_status(&l, "x", "online");
	FILE *f;
	(void)mkdir(live_path(&l, "logs"), 0755);
	f = fopen(live_path(&l, "logs/web.log"), "we");
	(void)fputs("before\n", f);
	(void)fclose(f);
	json_decref(live_call(&l, "Start", "{\"targets\":[\"web\"]}"));
	live_file_has(live_path(&l, "logs/web.log"), "three\n");
	file_is(&l, "logs/web.log", "before\none\ntwo\nthree\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_files, logs_prints_the_last_words_of_what_was_just_stopped)
{
	struct live l;

	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\nlog_console = no\n[service:web]\nshell = yes\n"
		   "command = trap 'echo bye 1; echo bye 2; printf \"bye 3\"; exit 0' TERM; echo up; while :; do sleep 1000 & wait $!; done\n");
	live_file_has(live_path(&l, "logs/web-out.log"), "up");
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	/* stop answers when all of it is written: no waiting here. */
	cr_assert_str_eq(call(&l, "logs", "web", "--nostream", "--lines", "3", "--raw", "--out").out, "bye 1\nbye 2\nbye 3\n");
	file_is(&l, "logs/web-out.log", "up\nbye 1\nbye 2\nbye 3");
	cr_assert_str_eq(call(&l, "logs", "web", "--nostream", "--lines", "1", "--raw", "--out").out, "bye 3\n");
	cr_assert_eq(live_stop(&l), 0);
}
