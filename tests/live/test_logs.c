/* What services write is in their files: each byte, in order, once, whatever happens to logd. */
#include "tests/live/logd.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void raw_bytes(int how)
{
	struct live l;
	live_start(&l, how, QUIET "[service:a]\ncommand = @PROG@ pattern 7 @DIR@/a.count\nout_file = @DIR@/a.log\n"
				  "[service:b]\ncommand = @PROG@ pattern 8 @DIR@/b.count\nout_file = @DIR@/b.log\n");
	logd_storm(&l, "a.log", 6);
	logd_end(&l);
	logd_bytes(&l, "a.log", "a.count", 7);
	logd_bytes(&l, "b.log", "b.count", 8);
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
	logd_storm(&l, "all.log", 6);
	logd_end(&l);
	logd_bytes(&l, "a.log", "a.count", 9);
	logd_bytes(&l, "all.log", "a.count", 9);
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
	logd_storm(&l, "all.log", 6);
	logd_end(&l);
	unsigned long counts[] = { logd_count(&l, "one.count"), logd_count(&l, "two.count") };
	logd_lines(&l, "one.log", true, one, counts);
	logd_lines(&l, "two.log", true, two, counts + 1);
	logd_lines(&l, "all.log", true, both, counts);
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
	logd_storm(&l, "a.log", 6);
	logd_end(&l);
	join(&l, "a.log");
	logd_bytes(&l, "a.log.all", "a.count", 5);
	cr_assert_eq(live_end(&l), 0);
}

Test(logs, rotation_of_a_shared_file_and_its_compression_lose_no_line)
{
	static const char *const both[] = { "one", "two", NULL };
	struct live l;
	live_start(&l, LIVE_PID1, QUIET "log_max_size = 200K\nlog_keep = 0\nlog_compress = yes\n"
					"[service:one]\ncommand = @PROG@ pattern one @DIR@/one.count\nout_file = @DIR@/all.log\n"
					"[service:two]\ncommand = @PROG@ pattern two @DIR@/two.count\nout_file = @DIR@/all.log\n");
	logd_storm(&l, "all.log", 5);
	logd_end(&l);
	unsigned long counts[] = { logd_count(&l, "one.count"), logd_count(&l, "two.count") };
	join(&l, "all.log");
	logd_lines(&l, "all.log.all", false, both, counts);
	cr_assert_eq(live_end(&l), 0);
}

Test(logs, two_services_share_one_file_line_by_line_through_a_storm)
{
	static const char *const both[] = { "one", "two", NULL };
	struct live l;
	live_start(&l, LIVE_PID1, QUIET "[service:one]\ncommand = @PROG@ pattern one @DIR@/one.count\nout_file = @DIR@/all.log\n"
					"[service:two]\ncommand = @PROG@ pattern two @DIR@/two.count\nout_file = @DIR@/all.log\n");
	logd_storm(&l, "all.log", 6);
	logd_end(&l);
	unsigned long counts[] = { logd_count(&l, "one.count"), logd_count(&l, "two.count") };
	logd_lines(&l, "all.log", false, both, counts);
	cr_assert_eq(live_end(&l), 0);
}

Test(logs, a_stopped_logd_that_is_killed_at_the_very_end_loses_nothing)
{
	struct live l;
	live_start(&l, LIVE_PID1, QUIET "[service:a]\ncommand = @PROG@ pattern 5 @DIR@/a.count\nout_file = @DIR@/a.log\n");
	logd_storm(&l, "a.log", 1);
	live_signal(&l, SIGTERM);
	live_file_has(live_path(&l, "a.count"), "\n"); /* the service has ended: what it wrote is in the pipe, if not in the file */
	pid_t logd = logd_pid(&l);
	if (logd > 0)
		(void)kill(logd, SIGKILL);
	struct pollfd p = { .fd = l.pidfd, .events = POLLIN };
	cr_assert_eq(poll(&p, 1, LIVE_WAIT * 1000), 1);
	logd_bytes(&l, "a.log", "a.count", 5);
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
	logd_end(&l);
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
