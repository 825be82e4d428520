/* What services write is in their files: each byte, in order, once, whatever happens to logd. */
#include "tests/live/call.h"
#include "tests/live/pattern.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define QUIET "[pm1]\nlog_console = no\n[defaults]\nkill_timeout = 60s\n"

static time_t seconds(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* logd as it is seen from here, outside of its namespace; 0: none at the moment. */
static pid_t logd_of(const struct live *l)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	pid_t found = 0;

	while (!found && (e = readdir(dir))) {
		char path[300], line[512] = "", *paren;
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		FILE *f = pid > 0 ? fopen(path, "re") : NULL;
		if (!f)
			continue;
		if (fgets(line, sizeof(line), f) && strstr(line, "(pm1-logd)") && (paren = strrchr(line, ')')) && paren[2] != 'Z' &&
		    strtol(paren + 4, NULL, 10) == l->pid)
			found = pid;
		(void)fclose(f);
	}
	(void)closedir(dir);
	return found;
}

static off_t size_of(struct live *l, const char *name)
{
	struct stat st;
	return stat(live_path(l, name), &st) == 0 ? st.st_size : 0;
}

/* kill -9 of logd after logd, each in the midst of its work: when the file changed under its hands. So many as the growing delay of its
 * restarts allows in some seconds. */
static void storm(struct live *l, const char *file, int kills)
{
	for (int i = 0; i < kills; i++) {
		time_t end = seconds() + LIVE_WAIT;
		off_t size = size_of(l, file);
		pid_t logd;
		while (!(logd = logd_of(l)) || size_of(l, file) == size) {
			cr_assert_lt(seconds(), end, "%s does not change", file);
			(void)poll(NULL, 0, 1);
		}
		for (volatile int spin = i * 300000; spin > 0; spin--) /* at another moment each time */
			;
		(void)kill(logd, SIGKILL);
	}
}

/* TERM, and the end of pm1 awaited; its folder is still there. */
static void stop_but_keep(struct live *l)
{
	struct pollfd p = { .fd = l->pidfd, .events = POLLIN };

	live_signal(l, SIGTERM);
	cr_assert_eq(poll(&p, 1, LIVE_WAIT * 1000), 1, "pm1 did not end");
}

static unsigned long count_of(struct live *l, const char *name)
{
	size_t n;
	char *text = live_file(live_path(l, name), &n);
	unsigned long count = strtoul(text, NULL, 10);

	cr_assert_gt(count, 0, "%s: '%s': the service was killed before it could tell", name, text);
	free(text);
	return count;
}

static void is_pattern(struct live *l, const char *file, const char *count, uint32_t state)
{
	size_t n, expected = count_of(l, count);
	char *bytes = live_file(live_path(l, file), &n);

	for (size_t i = 0; i < n && i < expected; i++) {
		unsigned char b = pattern_byte(&state);
		cr_assert_eq((unsigned char)bytes[i], b, "%s: byte %zu of %zu is %02x, not %02x", file, i, expected,
			     (unsigned char)bytes[i], b);
	}
	cr_assert_eq(n, expected, "%s has %zu bytes of %zu", file, n, expected);
	free(bytes);
}

/* Each of `names` has its lines 0, 1, 2... in the file, stamped or not, and nothing else is there. */
static void is_lines(struct live *l, const char *file, bool stamped, const char *const *names, const unsigned long *counts)
{
	unsigned long next[8] = { 0 };
	size_t n;
	char *text = live_file(live_path(l, file), &n), *p = text;

	while (p < text + n) {
		char *nl = memchr(p, '\n', (size_t)(text + n - p)), line[PATTERN_LINE_MAX];
		size_t len = nl ? (size_t)(nl - p) + 1 : 0, i = 0, expected;
		cr_assert(nl, "%s ends in the midst of a line: %s", file, p);
		if (stamped) {
			struct tm tm;
			char *end = strptime(p, "%Y-%m-%d %H:%M:%S", &tm);
			cr_assert(end && strncmp(end, ": ", 2) == 0, "%s: no stamp: %.*s", file, (int)len, p);
			len -= (size_t)(end + 2 - p);
			p = end + 2;
		}
		while (names[i] && !(strncmp(p, names[i], strlen(names[i])) == 0 && p[strlen(names[i])] == ' '))
			i++;
		cr_assert(names[i], "%s: whose line is this: %.*s", file, (int)len, p);
		expected = pattern_line(line, names[i], next[i]++);
		cr_assert(len == expected && memcmp(p, line, len) == 0, "%s: wanted %.*sgot %.*s", file, (int)expected, line,
			  (int)len, p);
		p = nl + 1;
	}
	for (size_t i = 0; names[i]; i++)
		cr_assert_eq(next[i], counts[i], "%s: %lu lines of %s, not %lu", file, next[i], names[i], counts[i]);
	free(text);
}

static void raw_bytes(int how)
{
	struct live l;
	live_start(&l, how, QUIET "[service:a]\ncommand = @PROG@ pattern 7 @DIR@/a.count\nout_file = @DIR@/a.log\n"
				  "[service:b]\ncommand = @PROG@ pattern 8 @DIR@/b.count\nout_file = @DIR@/b.log\n");
	storm(&l, "a.log", 6);
	stop_but_keep(&l);
	is_pattern(&l, "a.log", "a.count", 7);
	is_pattern(&l, "b.log", "b.count", 8);
	cr_assert_eq(live_end(&l), 0);
}

Test(logs, a_storm_of_kills_of_logd_loses_and_repeats_no_byte)
{
	raw_bytes(LIVE_PID1);
}

Test(logs, nor_does_it_where_pm1_is_not_pid_1)
{
	raw_bytes(0);
}

Test(logs, a_storm_of_kills_loses_and_repeats_no_byte_of_two_files_of_one_stream)
{
	struct live l;
	live_start(&l, LIVE_PID1, QUIET "[service:a]\ncommand = @PROG@ pattern 9 @DIR@/a.count\n"
					"out_file = @DIR@/a.log\nlog_file = @DIR@/all.log\n");
	storm(&l, "all.log", 6);
	stop_but_keep(&l);
	is_pattern(&l, "a.log", "a.count", 9);
	is_pattern(&l, "all.log", "a.count", 9);
	cr_assert_eq(live_end(&l), 0);
}

Test(logs, a_storm_of_kills_leaves_each_stamped_line_whole_once_and_in_order_in_own_and_shared_files)
{
	static const char *const one[] = { "one", NULL }, *const two[] = { "two", NULL }, *const both[] = { "one", "two", NULL };
	struct live l;
	live_start(&l, LIVE_PID1,
		   QUIET "log_date_format = YYYY-MM-DD HH:mm:ss\nlog_file = @DIR@/all.log\n"
			 "[service:one]\ncommand = @PROG@ pattern one @DIR@/one.count\nout_file = @DIR@/one.log\n"
			 "[service:two]\ncommand = @PROG@ pattern two @DIR@/two.count 2\nerror_file = @DIR@/two.log\n");
	storm(&l, "all.log", 6);
	stop_but_keep(&l);
	unsigned long counts[] = { count_of(&l, "one.count"), count_of(&l, "two.count") };
	is_lines(&l, "one.log", true, one, counts);
	is_lines(&l, "two.log", true, two, counts + 1);
	is_lines(&l, "all.log", true, both, counts);
	cr_assert_eq(live_end(&l), 0);
}

static void join(struct live *l, const char *file)
{
	char command[600];
	const char *path = live_path(l, file);

	/* The end of pm1 is that of whoever was compressing: what it has not finished is as good as not begun. */
	(void)snprintf(command, sizeof(command),
		       "for f in %s.2*; do case $f in *.part) ;; *.gz) [ -e ${f%%.gz} ] || zcat $f;; *) cat $f;; esac; done >%s.all && "
		       "[ $(ls %s.2* | wc -l) -gt 1 ] && cat %s >>%s.all",
		       path, path, path, path, path);
	cr_assert_eq(system(command), 0);
}

Test(logs, rotation_under_load_and_under_a_storm_loses_nothing)
{
	struct live l;
	live_start(&l, LIVE_PID1, QUIET "[service:a]\ncommand = @PROG@ pattern 5 @DIR@/a.count\nout_file = @DIR@/a.log\n"
					"log_max_size = 100K\nlog_keep = 0\n");
	storm(&l, "a.log", 6);
	stop_but_keep(&l);
	join(&l, "a.log");
	is_pattern(&l, "a.log.all", "a.count", 5);
	cr_assert_eq(live_end(&l), 0);
}

Test(logs, rotation_of_a_shared_file_and_its_compression_lose_no_line)
{
	static const char *const both[] = { "one", "two", NULL };
	struct live l;
	live_start(&l, LIVE_PID1, QUIET "log_max_size = 200K\nlog_keep = 0\nlog_compress = yes\n"
					"[service:one]\ncommand = @PROG@ pattern one @DIR@/one.count\nout_file = @DIR@/all.log\n"
					"[service:two]\ncommand = @PROG@ pattern two @DIR@/two.count\nout_file = @DIR@/all.log\n");
	storm(&l, "all.log", 5);
	stop_but_keep(&l);
	unsigned long counts[] = { count_of(&l, "one.count"), count_of(&l, "two.count") };
	join(&l, "all.log");
	is_lines(&l, "all.log.all", false, both, counts);
	cr_assert_eq(live_end(&l), 0);
}

Test(logs, two_services_share_one_file_line_by_line_through_a_storm)
{
	static const char *const both[] = { "one", "two", NULL };
	struct live l;
	live_start(&l, LIVE_PID1, QUIET "[service:one]\ncommand = @PROG@ pattern one @DIR@/one.count\nout_file = @DIR@/all.log\n"
					"[service:two]\ncommand = @PROG@ pattern two @DIR@/two.count\nout_file = @DIR@/all.log\n");
	storm(&l, "all.log", 6);
	stop_but_keep(&l);
	unsigned long counts[] = { count_of(&l, "one.count"), count_of(&l, "two.count") };
	is_lines(&l, "all.log", false, both, counts);
	cr_assert_eq(live_end(&l), 0);
}

Test(logs, a_stopped_logd_that_is_killed_at_the_very_end_loses_nothing)
{
	struct live l;
	live_start(&l, LIVE_PID1, QUIET "[service:a]\ncommand = @PROG@ pattern 5 @DIR@/a.count\nout_file = @DIR@/a.log\n");
	storm(&l, "a.log", 1);
	live_signal(&l, SIGTERM);
	live_file_has(live_path(&l, "a.count"), "\n"); /* the service has ended: what it wrote is in the pipe, if not in the file */
	pid_t logd = logd_of(&l);
	if (logd > 0)
		(void)kill(logd, SIGKILL);
	struct pollfd p = { .fd = l.pidfd, .events = POLLIN };
	cr_assert_eq(poll(&p, 1, LIVE_WAIT * 1000), 1);
	is_pattern(&l, "a.log", "a.count", 5);
	cr_assert_eq(live_end(&l), 0);
}

Test(logs, the_last_words_of_a_service_are_on_disk_when_pm1_ends)
{
	for (int how = 0; how < 2; how++) {
		struct live l;
		size_t n;
		live_start(&l, how ? LIVE_PID1 : 0, QUIET "[service:a]\nshell = yes\nautorestart = no\nout_file = @DIR@/a.log\n"
							  "command = i=0; while [ $i -lt 2000 ]; do echo word $i; i=$((i+1)); done; printf last; exit 3\n");
		struct pollfd p = { .fd = l.pidfd, .events = POLLIN };
		cr_assert_eq(poll(&p, 1, LIVE_WAIT * 1000), 1);
		char *text = live_file(live_path(&l, "a.log"), &n), *expected = calloc(1, 1 << 16);
		for (int i = 0; i < 2000; i++)
			(void)sprintf(expected + strlen(expected), "word %d\n", i);
		strcat(expected, "last");
		cr_assert_str_eq(text, expected);
		cr_assert_eq(live_end(&l), 3);
	}
}

/* Also through the pieces of a combined file and of the console. */
static void one_file_is(const char *keys, const char *file, const char *bytes, size_t n)
{
	struct live l;
	char *ini;
	size_t got;
	FILE *f;

	cr_assert_geq(asprintf(&ini, "[pm1]\n%s\n[service:a]\nautorestart = no\ncommand = cat @DIR@/bytes\nout_file = @DIR@/a.log\n"
				     "log_file = @DIR@/all.log\nautostart = no\n[service:x]\ncommand = @PROG@ wait\n", keys), 0);
	live_start(&l, LIVE_PID1, ini);
	live_status(&l, "x", "online");
	f = fopen(live_path(&l, "bytes"), "we");
	cr_assert_eq(fwrite(bytes, 1, n, f), n);
	(void)fclose(f);
	json_decref(live_call(&l, "Start", "{\"targets\":[\"a\"]}"));
	live_status(&l, "a", "stopped");
	stop_but_keep(&l);
	char *text = live_file(live_path(&l, file), &got);
	cr_assert(got == n && memcmp(text, bytes, n) == 0, "%s of %s: %zu bytes, not %zu", file, keys, got, n);
	cr_assert_eq(live_end(&l), 0);
	free(text);
	free(ini);
}

Test(logs, a_long_line_without_an_end_stays_as_it_is)
{
	size_t n = 3 << 20;
	char *line = malloc(n);

	memset(line, 'x', n);
	memcpy(line, "begin", 5);
	memcpy(line + n - 3, "end", 3);
	one_file_is("log_console = no", "a.log", line, n);
	one_file_is("log_console = no", "all.log", line, n);
	free(line);
}

Test(logs, nuls_escapes_and_what_is_no_utf_8_stay_as_they_are)
{
	static const char bytes[] = "a\0b\n\xff\xfe\xc0\x80\n\x1b[31mred\x1b[0m\r\n\0\0\n\xed\xa0\x80 end";

	one_file_is("log_console = no", "a.log", bytes, sizeof(bytes) - 1);
	one_file_is("log_console = no", "all.log", bytes, sizeof(bytes) - 1);
	one_file_is("log_console = yes", "a.log", bytes, sizeof(bytes) - 1);
}
