/* `pm1 logs`: the last lines, and then what comes, through rotations. */
#include "tests/live/call.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Says a line for each USR1, and one on each stream at first. */
static const char talker[] =
	"[pm1]\nexit_when = never\n"
	"[service:web]\nshell = yes\n"
	"command = trap 'n=$((n+1)); echo tick $n' USR1; trap 'exit 0' TERM; echo one; echo two; echo three; echo bad >&2; while :; do sleep 1000 & wait $!; done\n"
	"[service:db]\ncommand = @PROG@ wait\n";

static void begin(struct live *l)
{
	live_start(l, LIVE_PID1, talker);
	live_file_has(live_path(l, "logs/web-out.log"), "three");
	live_file_has(live_path(l, "logs/web-error.log"), "bad");
	live_file_has(live_path(l, "logs/db-out.log"), "up");
}

static void tick(struct live *l)
{
	cr_assert_eq(call(l, "send-signal", "USR1", "web", "-s").code, 0);
}

/* Ends a call that follows for ever. */
static struct called interrupt(struct calling *c)
{
	cr_assert_eq(kill(c->pid, SIGINT), 0);
	return call_wait(c);
}

Test(cli_logs, nostream_prints_the_last_lines_with_id_and_name_and_ends)
{
	struct live l;
	begin(&l);
	struct called c = call(&l, "logs", "web", "--nostream", "--lines", "2");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert(strstr(c.out, "0|web") && strstr(c.out, "two\n") && strstr(c.out, "three\n") && strstr(c.out, "bad\n"), "%s", c.out);
	cr_assert(!strstr(c.out, "one") && !strstr(c.out, "up"), "%s", c.out);
	c = call(&l, "logs", "--nostream");
	cr_assert(strstr(c.out, "one\n") && strstr(c.out, "1|db") && strstr(c.out, "up\n"), "%s", c.out);
	cr_assert_str_empty(call(&l, "logs", "web", "--nostream", "--lines", "0").out);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs, out_err_and_raw_choose)
{
	struct live l;
	begin(&l);
	cr_assert_str_eq(call(&l, "logs", "web", "--nostream", "--raw", "--out").out, "one\ntwo\nthree\n");
	cr_assert_str_eq(call(&l, "logs", "web", "--nostream", "--raw", "--err").out, "bad\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs, with_json_each_line_is_one_object)
{
	struct live l;
	begin(&l);
	struct called c = call(&l, "logs", "web", "--nostream", "--json");
	cr_assert_eq(c.code, 0, "%s", c.err);
	int n = 0;
	char *save = NULL;
	for (char *line = strtok_r(c.out, "\n", &save); line; line = strtok_r(NULL, "\n", &save), n++) {
		json_t *j = json_loads(line, 0, NULL);
		cr_assert_not_null(j, "not JSON: %s", line);
		cr_assert_str_eq(call_text(j, "app_name"), "web");
		cr_assert_str_eq(call_text(j, "type"), strcmp(call_text(j, "message"), "bad") == 0 ? "err" : "out");
		cr_assert_eq(json_integer_value(call_at(j, "process_id")), 0);
	}
	cr_assert_eq(n, 4);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs, what_comes_is_followed_until_a_signal_ends_it)
{
	struct live l;
	begin(&l);
	struct calling c = call_begin(&l, 0, (const char *const[]){ "logs", "web", "--raw", NULL });
	call_line(&c, "three\n");
	tick(&l);
	call_line(&c, "tick 1\n");
	tick(&l);
	call_line(&c, "tick 2\n");
	cr_assert_eq(interrupt(&c).code, 128 + SIGINT);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs, a_rotation_by_another_program_loses_and_repeats_no_line)
{
	struct live l;
	begin(&l);
	struct calling c = call_begin(&l, 0, (const char *const[]){ "logs", "web", "--raw", "--out", NULL });
	call_line(&c, "three\n");
	char *from = strdup(live_path(&l, "logs/web-out.log")), *to = strdup(live_path(&l, "logs/web-out.log.1"));
	cr_assert_eq(rename(from, to), 0);
	tick(&l); /* into the old file; a second signal before it is handled would be the same one */
	live_file_has(to, "tick 1");
	cr_assert_eq(call(&l, "reload-logs").code, 0);
	tick(&l);
	call_line(&c, "tick 2\n");
	tick(&l);
	call_line(&c, "tick 3\n");
	cr_assert_str_eq(interrupt(&c).out, "one\ntwo\nthree\ntick 1\ntick 2\ntick 3\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs, a_flush_does_not_stop_it)
{
	struct live l;
	begin(&l);
	struct calling c = call_begin(&l, 0, (const char *const[]){ "logs", "web", "--raw", "--out", NULL });
	call_line(&c, "three\n");
	cr_assert_eq(call(&l, "flush", "web").code, 0);
	tick(&l);
	call_line(&c, "tick 1\n");
	cr_assert_eq(interrupt(&c).code, 128 + SIGINT);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs, a_restart_of_the_service_does_not_stop_it)
{
	struct live l;
	begin(&l);
	struct calling c = call_begin(&l, 0, (const char *const[]){ "logs", "db", "--raw", "--lines", "0", NULL });
	/* It follows from the end: whether it has begun is only seen by what comes. */
	while (!strstr(c.so_far.out, "up")) {
		cr_assert_eq(call(&l, "restart", "db").code, 0);
		struct calling other = call_begin(&l, 0, (const char *const[]){ "ping", NULL });
		(void)call_wait(&other);
		call_look(&c);
	}
	cr_assert_eq(interrupt(&c).code, 128 + SIGINT);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs, control_bytes_of_a_service_do_not_drive_the_terminal)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\n[service:web]\n"
		   "command = /bin/sh -c \"printf '\\\\033]0;title\\\\007 \\\\033[31mred\\\\033[0m\\\\n'; exec @PROG@ wait\"\n");
	live_file_has(live_path(&l, "logs/web-out.log"), "up");
	struct called c = call_how(&l, CALL_TERMINAL, (const char *const[]){ "logs", "web", "--nostream", NULL });
	cr_assert(strstr(c.out, "\\x1b]0;title\\x07") && strstr(c.out, "\033[31mred"), "%s", c.out);
	/* Who asks for them, as a program on a pipe, gets the bytes as they are. */
	c = call(&l, "logs", "web", "--nostream", "--raw");
	cr_assert(strstr(c.out, "\033]0;title\007"), "%s", c.out);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs, a_reader_that_leaves_ends_it)
{
	struct live l;
	begin(&l);
	struct calling c = call_begin(&l, 0, (const char *const[]){ "logs", "web", "--raw", NULL });
	call_line(&c, "three\n");
	(void)close(c.out);
	c.out = -1;
	tick(&l); /* the write that finds nobody */
	struct called done = call_wait(&c);
	cr_assert(done.code == 128 + SIGPIPE || done.code == 1, "%d", done.code);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs, of_instances_each_shows_its_own_id)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\ninstances = 2\n");
	live_file_has(live_path(&l, "logs/web-out-0.log"), "up");
	live_file_has(live_path(&l, "logs/web-out-1.log"), "up");
	struct called c = call(&l, "logs", "web", "--nostream");
	cr_assert(strstr(c.out, "0|web") && strstr(c.out, "1|web"), "%s", c.out);
	cr_assert_eq(live_stop(&l), 0);
}

/* The lines 1 to 2000 in that order, each once. */
static void is_counted(const char *text)
{
	for (int i = 1; i <= 2000; i++) {
		char line[32];
		int n = snprintf(line, sizeof(line), "line %d\n", i);
		cr_assert(strncmp(text, line, (size_t)n) == 0, "wanted line %d, got %.40s", i, text);
		text += n;
	}
	cr_assert_eq(*text, 0, "more than 2000 lines: %.40s", text);
}

#define COUNTING "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i; done; sleep 1000"

Test(cli_logs, rotated_and_compressed_files_are_read_as_one)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\nshell = yes\ncommand = " COUNTING "\nlog_max_size = 2K\nlog_keep = 0\nlog_compress = yes\n");
	live_line(&l, "line 2000");
	is_counted(call(&l, "logs", "web", "--raw", "--nostream", "--lines", "5000").out);
	cr_expect_str_eq(call(&l, "logs", "web", "--raw", "--nostream", "--lines", "1").out, "line 2000\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs, a_follower_goes_across_rotations_however_fast_they_come)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:web]\nshell = yes\ncommand = echo ready; trap : USR1; sleep 1000 & wait; " COUNTING "\n"
		   "log_max_size = 2K\nlog_keep = 0\nlog_compress = yes\n");
	live_line(&l, "ready");
	live_status(&l, "web", "online");
	struct calling c = call_begin(&l, 0, (const char *const[]){ "logs", "web", "--raw", NULL });
	call_line(&c, "ready\n");
	cr_assert_eq(call(&l, "send-signal", "USR1", "web").code, 0);
	call_line(&c, "line 2000\n");
	const char *out = interrupt(&c).out;
	cr_assert_eq(strncmp(out, "ready\n", 6), 0);
	is_counted(out + 6);
	cr_assert_eq(live_stop(&l), 0);
}
