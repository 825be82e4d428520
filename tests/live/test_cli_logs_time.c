/* `pm1 logs` of several services: in the order of time, and by time. */
#include "tests/live/logd.h"

#include <glob.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Says a line for each USR1, more than a tenth of a second after the one before: that is how exactly times are known. */
#define TALKER(name)                                                                                                   \
	"[service:" name "]\nshell = yes\ncommand = trap 'n=$((n+1)); sleep 0.15; echo " name                            \
	" tick $n' USR1; trap 'exit 0' TERM; echo " name " ready; while :; do sleep 1000 & wait $!; done\n"
#define BOTH TALKER("web") TALKER("db")
#define SMALL "[defaults]\nlog_max_size = 12\nlog_keep = 0\nlog_compress = yes\n"

static void begin_how(struct live *l, int how, const char *ini)
{
	live_start(l, how, ini);
	live_line(l, "ready");
	live_line(l, "ready");
	live_status(l, "web", "online");
	live_status(l, "db", "online");
}

static void begin(struct live *l, const char *ini)
{
	begin_how(l, LIVE_PID1, ini);
}

static void tick(struct live *l, const char *name, int n)
{
	char line[32];

	cr_assert_eq(call(l, "send-signal", "USR1", name, "-s").code, 0);
	(void)snprintf(line, sizeof(line), "%s tick %d", name, n);
	live_line(l, line);
}

static void ticks(struct live *l, int from, int to)
{
	for (int i = from; i <= to; i++) {
		tick(l, "web", i);
		tick(l, "db", i);
	}
}

/* The lines of those ticks, as --raw shows them. */
static const char *said(int from, int to)
{
	static char text[4096];
	size_t len = 0;

	text[0] = 0;
	for (int i = from; i <= to; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "web tick %d\ndb tick %d\n", i, i);
	return text;
}

/* Behind the two of the beginning, whose order is nobody's. */
static const char *ticks_in(const char *text)
{
	for (int i = 0; i < 2 && strstr(text, "ready\n"); i++)
		text = strstr(text, "ready\n") + strlen("ready\n");
	return text;
}

static const char *now(void)
{
	static char text[64];
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	(void)snprintf(text, sizeof(text), "@%lld.%09ld", (long long)t.tv_sec, t.tv_nsec);
	return text;
}

static void compressed(struct live *l, const char *pattern)
{
	glob_t g = { 0 };

	for (int i = 0; glob(live_path(l, pattern), 0, NULL, &g) != 0; i++) {
		cr_assert_lt(i, LIVE_WAIT * 100, "no %s", pattern);
		(void)poll(NULL, 0, 10);
	}
	globfree(&g);
}

Test(cli_logs_time, services_are_merged_in_order_across_rotated_and_compressed_files)
{
	struct live l;
	begin(&l, SMALL BOTH);
	ticks(&l, 1, 5);
	compressed(&l, "logs/web-out.log.*.gz");
	compressed(&l, "logs/db-out.log.*.gz");
	cr_expect_str_eq(ticks_in(call(&l, "logs", "--raw", "--nostream", "--lines", "100").out), said(1, 5));
	cr_expect_str_eq(call(&l, "logs", "--raw", "--nostream", "--lines", "2").out, said(4, 5));
	struct called c = call(&l, "logs", "--nostream", "--lines", "1");
	cr_expect_str_eq(c.out, "0|web | web tick 5\n1|db  | db tick 5\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs_time, since_and_until_cut_out_a_span)
{
	struct live l;
	begin(&l, SMALL BOTH);
	ticks(&l, 1, 2);
	char *middle = strdup(now());
	ticks(&l, 3, 4);
	struct called c = call(&l, "logs", "--raw", "--nostream", "--since", middle);
	cr_expect_str_eq(c.out, said(3, 4));
	cr_expect_str_empty(c.err);
	cr_expect_str_eq(ticks_in(call(&l, "logs", "--raw", "--until", middle).out), said(1, 2), "and it ends by itself");
	cr_expect_str_eq(ticks_in(call(&l, "logs", "--raw", "--nostream", "--since", "1h").out), said(1, 4));
	cr_expect_str_eq(call(&l, "logs", "--raw", "--nostream", "--since", "1h", "--lines", "1").out, said(4, 4));
	cr_expect_str_empty(call(&l, "logs", "--raw", "--until", "2026-01-01").out);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs_time, a_log_without_times_is_named_once_and_taken_by_its_last_change)
{
	struct live l;
	begin(&l, BOTH);
	ticks(&l, 1, 2);
	cr_assert_eq(unlink(live_path(&l, "logs/.db-out.log.times")), 0);
	struct called c = call(&l, "logs", "--raw", "--nostream", "--since", "1h");
	cr_expect_eq(c.code, 0);
	const char *told = strstr(c.err, "db-out.log: when its lines came is not known");
	cr_expect(told && !strstr(strchr(told, '\n'), "not known") && !strstr(c.err, "web-out.log"), "%s", c.err);
	cr_expect(strstr(c.out, "web tick 2\n") && strstr(c.out, "db tick 1\ndb tick 2\n"), "%s", c.out);
	cr_expect_str_empty(call(&l, "logs", "--raw", "--nostream").err, "who doesn't ask for times isn't told");
	c = call(&l, "logs", "db", "--nostream", "--lines", "1", "--timestamp");
	cr_expect_str_eq(c.out, "1|db | ?: db tick 2\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs_time, a_killed_logd_leaves_no_gap_and_no_wrong_order)
{
	struct live l;
	begin(&l, BOTH);
	ticks(&l, 1, 2);
	pid_t logd = logd_pid(&l);
	cr_assert_gt(logd, 0);
	cr_assert_eq(kill(logd, SIGKILL), 0);
	ticks(&l, 3, 5);
	struct called c = call(&l, "logs", "--raw", "--nostream", "--since", "1h");
	cr_expect_str_eq(ticks_in(c.out), said(1, 5));
	cr_expect_str_empty(c.err);
	cr_assert_eq(live_stop(&l), 0);
}

/* The lines from..to in that order, each once. */
static void is_counted(const char *text, int from, int to)
{
	for (int i = from; i <= to; i++) {
		char line[32];
		int n = snprintf(line, sizeof(line), "line %d\n", i);
		cr_assert(strncmp(text, line, (size_t)n) == 0, "wanted line %d, got %.40s", i, text);
		text += n;
	}
	cr_assert_eq(*text, 0, "more than those: %.40s", text);
}

Test(cli_logs_time, from_what_is_there_to_what_comes_no_line_is_lost_or_repeated)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:web]\nshell = yes\ncommand = i=0; while [ $i -lt 6000 ]; do i=$((i+1)); echo line $i; done; exec sleep 1000\n"
		   "log_max_size = 2K\nlog_keep = 0\nlog_compress = yes\n");
	struct calling c[4];
	for (int i = 0; i < 4; i++) { /* in the midst of rotations */
		char line[32];
		(void)snprintf(line, sizeof(line), "line %d\n", 200 + i * 700);
		live_line(&l, line);
		c[i] = call_begin(&l, 0, (const char *const[]){ "logs", "web", "--raw", "--since", "1h", NULL });
	}
	for (int i = 0; i < 4; i++) {
		call_line(&c[i], "line 6000\n");
		cr_assert_eq(kill(c[i].pid, SIGINT), 0);
		is_counted(call_wait(&c[i]).out, 1, 6000);
	}
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs_time, with_json_and_with_timestamp_each_line_has_its_time)
{
	struct live l;
	char *begun = strdup(now() + 1);
	begin(&l, BOTH);
	ticks(&l, 1, 2);
	char *ended = strdup(now() + 1);
	struct called c = call(&l, "logs", "--nostream", "--json", "--timestamp=X.SSS");
	char *save = NULL, last[64] = "";
	int n = 0;
	for (char *line = strtok_r(c.out, "\n", &save); line; line = strtok_r(NULL, "\n", &save), n++) {
		json_t *j = json_loads(line, 0, NULL);
		cr_assert_not_null(j, "not JSON: %s", line);
		const char *t = call_text(j, "timestamp");
		cr_assert(strncmp(begun, t, 14) <= 0 && strncmp(t, ended, 14) <= 0, "%s is not between %s and %s", t, begun, ended);
		cr_assert_leq(strcmp(last, t), 0, "%s after %s", t, last);
		(void)snprintf(last, sizeof(last), "%s", t);
		json_decref(j);
	}
	cr_expect_eq(n, 6);
	c = call(&l, "logs", "--nostream", "--json", "--lines", "1");
	cr_expect(strstr(c.out, "\"timestamp\":\"20") && strstr(c.out, "Z\""), "%s", c.out);
	c = call(&l, "logs", "web", "--nostream", "--timestamp", "--lines", "1");
	const char *stamp = strstr(c.out, "| ");
	cr_assert(stamp && strlen(stamp) == strlen("| 2026-11-24T10:11:12: web tick 2\n") && strcmp(stamp + 21, ": web tick 2\n") == 0, "%s", c.out);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs_time, grep_takes_lines_counts_them_and_goes_on_taking)
{
	struct live l;
	begin(&l, BOTH);
	ticks(&l, 1, 3);
	cr_expect_str_eq(call(&l, "logs", "--raw", "--nostream", "--grep", "k [13]$").out,
			 "web tick 1\ndb tick 1\nweb tick 3\ndb tick 3\n");
	cr_expect_str_eq(call(&l, "logs", "web", "--raw", "--nostream", "--grep", "[12]", "--lines", "1").out, "web tick 2\n");
	cr_expect_str_eq(call(&l, "logs", "web", "--raw", "--nostream", "-i", "--grep", "TICK 1").out, "web tick 1\n");
	struct calling following = call_begin(&l, 0, (const char *const[]){ "logs", "web", "--raw", "--grep", "[15]", NULL });
	call_line(&following, "tick 1\n");
	ticks(&l, 4, 5);
	call_line(&following, "tick 5\n");
	cr_assert_eq(kill(following.pid, SIGINT), 0);
	cr_expect_str_eq(call_wait(&following).out, "web tick 1\nweb tick 5\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs_time, on_a_terminal_matches_are_marked_and_services_have_their_colours)
{
	struct live l;
	begin(&l, BOTH);
	ticks(&l, 1, 1);
	struct called c = call_how(&l, CALL_TERMINAL, (const char *const[]){ "logs", "--nostream", "--lines", "1", "--highlight", "t[a-z]ck", NULL });
	cr_expect(strstr(c.out, "\033[36m0|web | \033[0mweb \033[7mtick\033[27m 1"), "%s", c.out);
	cr_expect(strstr(c.out, "\033[32m1|db  | \033[0mdb \033[7mtick\033[27m 1"), "%s", c.out);
	cr_expect_str_eq(call(&l, "logs", "--nostream", "--raw", "--lines", "1", "--highlight", "tick").out, said(1, 1));
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs_time, what_is_wrong_is_said_with_what_is_allowed)
{
	static const char *const cases[][4] = {
		{ "--since", "soon", "--since wants a span (90s, 10m, 2h, 1d: so long ago) or a time (2026-11-24", "'soon'" },
		{ "--until", "10", "--until wants a span", "'10'" },
		{ "--since", "2026-02-30", "there is no such time", "'2026-02-30'" },
		{ "--grep", "(", "--grep: '(' is no extended regular expression", "allowed" },
		{ "--highlight", "[a", "--highlight: '[a'", "allowed" },
		{ "--timestamp=%Q", "--nostream", "--timestamp wants a format such as YYYY-MM-DDTHH:mm:ss or %H:%M:%S", "'%Q'" },
		{ "--lines", "-3", "--lines wants a number", "'-3'" },
	};
	struct live l;
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\n[service:web]\ncommand = @PROG@ wait\n");
	live_status(&l, "web", "online");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct called c = call(&l, "logs", cases[i][0], cases[i][1]);
		cr_expect_eq(c.code, 1, "%s", cases[i][1]);
		cr_expect(strstr(c.err, cases[i][2]) && strstr(c.err, cases[i][3]), "%s", c.err);
	}
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs_time, json_logs_are_shown_by_their_messages_and_times)
{
	struct live l;
	begin(&l, "[defaults]\nlog_format = json\n" BOTH);
	ticks(&l, 1, 2);
	char *middle = strdup(now());
	ticks(&l, 3, 4);
	/* They need no others. */
	cr_assert_eq(unlink(live_path(&l, "logs/.web-out.log.times")), 0);
	cr_assert_eq(unlink(live_path(&l, "logs/.db-out.log.times")), 0);
	struct called c = call(&l, "logs", "--nostream", "--since", middle);
	cr_expect_str_eq(c.out, "0|web | web tick 3\n1|db  | db tick 3\n0|web | web tick 4\n1|db  | db tick 4\n");
	cr_expect_str_empty(c.err);
	c = call(&l, "logs", "web", "--nostream", "--raw", "--lines", "1");
	cr_expect(strncmp(c.out, "{\"time\":\"", 9) == 0 && strstr(c.out, "\"message\":\"web tick 4\""), "%s", c.out);
	struct calling following = call_begin(&l, 0, (const char *const[]){ "logs", "web", "--lines", "1", NULL });
	call_line(&following, "web tick 4\n");
	tick(&l, "web", 5);
	call_line(&following, "web tick 5\n");
	cr_assert_eq(kill(following.pid, SIGINT), 0);
	cr_expect_str_eq(call_wait(&following).out, "0|web | web tick 4\n0|web | web tick 5\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_logs_time, a_service_that_has_but_a_combined_log_is_shown)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\n[service:web]\nshell = yes\ncommand = echo good; echo bad >&2; exec @PROG@ wait\n"
		   "out_file = none\nerror_file = none\nlog_file = @DIR@/all.log\nlog_format = json\n");
	live_file_has(live_path(&l, "all.log"), "up");
	struct called c = call(&l, "logs", "--nostream");
	cr_expect(strstr(c.out, "0|web | good\n") && strstr(c.out, "0|web | bad\n"), "%s%s", c.out, c.err);
	c = call(&l, "logs", "--nostream", "--err");
	cr_expect(!strstr(c.out, "good\n") && strstr(c.out, "0|web | bad\n"), "%s", c.out);
	cr_expect(strstr(c.err, "all.log is a file of both streams"), "%s", c.err);
	cr_assert_eq(live_stop(&l), 0);
}

static void read_only_logs(void)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/logs", getenv("PM1_HOME"));
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mkdir(path, 0755) < 0 ||
	    mount(path, path, NULL, MS_BIND, NULL) < 0 || mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
		_exit(94);
}

Test(cli_logs_time, a_log_in_memory_is_read_and_followed)
{
	struct live l;
	live_before = read_only_logs;
	begin_how(&l, 0, BOTH);
	live_before = NULL;
	ticks(&l, 1, 2);
	cr_expect_str_eq(call(&l, "logs", "--nostream", "--lines", "1").out, "0|web | web tick 2\n1|db  | db tick 2\n");
	struct calling following = call_begin(&l, 0, (const char *const[]){ "logs", "web", "--raw", "--lines", "1", NULL });
	call_line(&following, "web tick 2\n");
	tick(&l, "web", 3);
	call_line(&following, "web tick 3\n");
	cr_assert_eq(kill(following.pid, SIGINT), 0);
	cr_expect_str_eq(call_wait(&following).out, "web tick 2\nweb tick 3\n");
	cr_assert_eq(live_stop(&l), 0);
}
