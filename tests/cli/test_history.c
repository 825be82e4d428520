#include "tools/cli/history.h"
#include "base/rotated.h"
#include "tests/cli/logs_on_disk.h"
#include "tests/cli/ring.h"

#include <errno.h>
#include <unistd.h>

static struct logpick pick;
static struct logjoin join;
static bool whole;

static void begin(void)
{
	folder_enter();
	pick = (struct logpick){ .until = USEC_NEVER, .out = true, .err = true };
	whole = true;
}

static void done(void)
{
	logpick_done(&pick);
	logjoin_done(&join);
	sys_fake_reset();
	folder_leave();
}

TestSuite(history, .init = begin, .fini = done, .timeout = 60);

/* The last lines of the log: "text@second ", a '?' behind a time that is not known. */
static const char *last(const char *path, size_t lines)
{
	struct history *h;
	struct logline l;
	int r;

	got_begin();
	cr_assert_eq(history_new(path, &pick, &join, lines, whole, &h), 0);
	while ((r = history_next(h, &l)) > 0)
		(void)text_addf(&got_text, "%.*s@%lld%s ", (int)l.n, l.s,
				l.wall > T(-1000) && l.wall < T(1000) ? (long long)((l.wall - T(0)) / USEC_SEC) : -1LL,
				l.timed ? "" : "?");
	cr_assert_eq(r, 0);
	history_free(h);
	return got;
}

static void three_files(void)
{
	put_log("a.log" NAME(2) ".gz", LINES("one", "two"), TIMES(1, 2));
	put_log("a.log" NAME(4), LINES("three", "four"), TIMES(3, 4));
	put_log("a.log", LINES("five", "six"), TIMES(5, 6));
}

Test(history, rotated_and_compressed_files_are_one_log_with_the_times_of_its_lines)
{
	three_files();
	cr_expect_str_eq(last("a.log", HISTORY_ALL), "one@1 two@2 three@3 four@4 five@5 six@6 ");
}

Test(history, the_last_lines_come_from_as_many_files_as_it_takes)
{
	three_files();
	cr_expect_str_eq(last("a.log", 0), "");
	cr_expect_str_eq(last("a.log", 1), "six@6 ");
	cr_expect_str_eq(last("a.log", 2), "five@5 six@6 ");
	cr_expect_str_eq(last("a.log", 3), "four@4 five@5 six@6 ");
	cr_expect_str_eq(last("a.log", 5), "two@2 three@3 four@4 five@5 six@6 ");
	cr_expect_str_eq(last("a.log", 99), "one@1 two@2 three@3 four@4 five@5 six@6 ");
}

Test(history, the_end_of_a_long_file_is_found_by_halves_and_lines_that_match_are_counted)
{
	FILE *f = fopen("a.log", "w");
	char fault[256];
	struct text text = TEXT_INIT(fault);

	for (int i = 1; i <= 100000; i++)
		cr_assert_gt(fprintf(f, "line %d\n", i), 0);
	(void)fclose(f);
	changed("a.log", 9);
	cr_expect_str_eq(last("a.log", 2), "line 99999@9? line 100000@9? ");
	cr_assert_eq(logpick_regex("000$", false, &pick.grep, &text), 0);
	pick.has_grep = true;
	cr_expect_str_eq(last("a.log", 3), "line 98000@9? line 99000@9? line 100000@9? ");
	logpick_done(&pick);
	cr_assert_eq(logpick_regex("line [12]$", false, &pick.grep, &text), 0);
	pick.has_grep = true;
	cr_expect_str_eq(last("a.log", 1), "line 2@9? ");
	cr_expect_str_eq(last("a.log", 3), "line 1@9? line 2@9? ");
}

Test(history, a_span_of_time_is_cut_out_of_all_files)
{
	three_files();
	pick.since = T(2);
	cr_expect_str_eq(last("a.log", HISTORY_ALL), "two@2 three@3 four@4 five@5 six@6 ");
	pick.until = T(5);
	cr_expect_str_eq(last("a.log", HISTORY_ALL), "two@2 three@3 four@4 five@5 ");
	cr_expect_str_eq(last("a.log", 2), "four@4 five@5 ", "the last of those");
	pick.since = T(6);
	pick.until = USEC_NEVER;
	cr_expect_str_eq(last("a.log", HISTORY_ALL), "six@6 ");
	pick.since = T(7);
	cr_expect_str_eq(last("a.log", HISTORY_ALL), "");
}

Test(history, a_file_without_times_has_that_of_its_last_change)
{
	three_files();
	cr_assert_eq(unlink(".a.log" NAME(4) ".times"), 0);
	cr_expect_str_eq(last("a.log", HISTORY_ALL), "one@1 two@2 three@4? four@4? five@5 six@6 ");
	pick.since = T(4);
	cr_expect_str_eq(last("a.log", HISTORY_ALL), "three@4? four@4? five@5 six@6 ");
}

Test(history, objects_have_their_own_time_with_times_or_without)
{
	put_log("a.log",
		LINES("{\"time\":\"2026-11-24T21:30:01Z\",\"stream\":\"stdout\",\"message\":\"one\"}",
		      "{\"time\":\"2026-11-24T21:30:02Z\",\"stream\":\"stderr\",\"message\":\"tw\",\"partial\":true}",
		      "{\"time\":\"2026-11-24T21:30:03Z\",\"stream\":\"stderr\",\"message\":\"o\"}"),
		NULL);
	changed("a.log", 9);
	cr_expect_str_eq(last("a.log", 5), "one@1 two@2 ");
	cr_expect_str_eq(last("a.log", 1), "two@2 ");
	pick.since = T(2);
	cr_expect_str_eq(last("a.log", 5), "two@2 ");
	pick.since = 0;
	pick.err = false;
	cr_expect_str_eq(last("a.log", 5), "one@1 ");
}

Test(history, a_begun_line_counts_when_nobody_follows_and_is_the_followers_otherwise)
{
	struct history *h;
	struct logline l;

	folder_put("a.log", "one\ntw");
	changed("a.log", 9);
	cr_expect_str_eq(last("a.log", 1), "tw@9? ");
	whole = false;
	cr_expect_str_eq(last("a.log", 1), "one@9? ");
	cr_assert_eq(history_new("a.log", &pick, &join, 5, false, &h), 0);
	while (history_next(h, &l) > 0)
		;
	struct follow_place place = history_end(h);
	cr_expect_geq(place.fd, 0);
	cr_expect_eq(place.at, 4);
	history_free(h);
	(void)close(place.fd);
}

Test(history, who_wants_no_lines_follows_from_the_end)
{
	struct history *h;
	struct logline l;

	folder_put("a.log", "one\ntwo\n");
	cr_assert_eq(history_new("a.log", &pick, &join, 0, false, &h), 0);
	cr_expect_eq(history_next(h, &l), 0);
	struct follow_place place = history_end(h);
	cr_expect_eq(place.at, 8);
	history_free(h);
	(void)close(place.fd);
	cr_assert_eq(history_new("none.log", &pick, &join, 5, false, &h), 0);
	cr_expect_eq(history_next(h, &l), 0);
	cr_expect_eq(history_end(h).fd, -1);
	history_free(h);
}

Test(history, a_log_that_is_rotated_while_it_is_read_comes_once)
{
	struct history *h;
	struct logline l;

	three_files();
	got_begin();
	cr_assert_eq(history_new("a.log", &pick, &join, HISTORY_ALL, true, &h), 0);
	cr_assert_eq(rename("a.log", "a.log" NAME(6)), 0);
	folder_put("a.log", "seven\n");
	while (history_next(h, &l) > 0)
		(void)text_addf(&got_text, "%.*s ", (int)l.n, l.s);
	cr_expect_str_eq(got, "one two three four five six ");
	history_free(h);
}

Test(history, what_was_compressed_or_removed_meanwhile_stops_nothing)
{
	struct history *h;
	struct logline l;

	three_files();
	got_begin();
	cr_assert_eq(history_new("a.log", &pick, &join, HISTORY_ALL, true, &h), 0);
	cr_assert_eq(unlink("a.log" NAME(2) ".gz"), 0);
	put_log("a.log" NAME(4) ".gz", LINES("three", "four"), TIMES(3, 4));
	cr_assert_eq(unlink("a.log" NAME(4)), 0);
	while (history_next(h, &l) > 0)
		(void)text_addf(&got_text, "%.*s@%d ", (int)l.n, l.s, (int)((l.wall - T(0)) / USEC_SEC));
	cr_expect_str_eq(got, "three@3 four@4 five@5 six@6 ");
	history_free(h);
}

Test(history, in_the_midst_of_a_rotation_the_follower_is_told_how_far_it_came)
{
	struct history *h;
	struct logline l;
	char future[256];

	put_log("a.log" NAME(2), LINES("one"), TIMES(1));
	put_log("a.log" NAME(4) ".gz", LINES("two"), TIMES(3));
	cr_assert_eq(rotated_name("a.log", clock_wall() + 3600 * USEC_SEC, future, sizeof(future)), 0);
	folder_put(future, "three\n");
	got_begin();
	cr_assert_eq(history_new("a.log", &pick, &join, 5, false, &h), 0);
	while (history_next(h, &l) > 0)
		(void)text_addf(&got_text, "%.*s ", (int)l.n, l.s);
	cr_expect_str_eq(got, "one two ");
	struct follow_place place = history_end(h);
	cr_expect_eq(place.fd, -1);
	cr_expect_str_eq(place.after, "a.log" NAME(4) ".gz");
	history_free(h);
}

Test(history, a_ring_in_memory_is_read_from_its_first_whole_line)
{
	struct ring r;
	struct history *h;
	struct logline l;
	int n = 0;

	ring_open(&r);
	ring_fill(&r, 50000);
	int first = ring_first(&r, ring_drop(&r, 3));
	cr_assert_eq(history_new(r.path, &pick, &join, HISTORY_ALL, false, &h), 0);
	for (n = first; history_next(h, &l) > 0; n++) {
		char want[32];
		(void)snprintf(want, sizeof(want), "line %d", n);
		cr_assert(l.n == strlen(want) && memcmp(l.s, want, l.n) == 0, "%.*s is not %s", (int)l.n, l.s, want);
	}
	cr_expect_eq(n, 50001);
	struct follow_place place = history_end(h);
	cr_expect_eq(place.at, lseek(r.fd, 0, SEEK_END));
	history_free(h);
	(void)close(place.fd);
	cr_assert_eq(history_new(r.path, &pick, &join, 1000000, false, &h), 0);
	cr_assert_eq(history_next(h, &l), 1);
	(void)snprintf(got, sizeof(got), "line %d", first);
	cr_expect(l.n == strlen(got) && memcmp(l.s, got, l.n) == 0, "%.*s is not %s", (int)l.n, l.s, got);
	history_free(h);
	(void)last(r.path, 1);
	cr_expect(strncmp(got, "line 50000@", 11) == 0, "%s", got);
	(void)close(r.fd);
}

Test(history, what_is_no_file_is_refused_and_all_is_given_back)
{
	struct history *h;
	size_t before = sys_fake_open_fds();

	cr_assert_eq(mkfifo("fifo", 0600), 0);
	cr_expect_eq(history_new("fifo", &pick, &join, 5, true, &h), -EINVAL);
	cr_expect_eq(history_new(".", &pick, &join, 5, true, &h), -EINVAL);
	sys_fake_fail("open", 1, EACCES);
	cr_expect_eq(history_new("a.log", &pick, &join, 5, true, &h), -EACCES);
	sys_fake_reset();
	three_files();
	static const char *const calls[] = { "open", "fstat", "stat", "pread", "lseek", "opendir" };
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		for (unsigned int nth = 1; nth < 12; nth++) {
			struct logline l;
			sys_fake_fail(calls[i], nth, EIO);
			if (history_new("a.log", &pick, &join, 5, true, &h) == 0) {
				while (history_next(h, &l) > 0)
					;
				history_free(h);
			}
			sys_fake_reset();
			cr_assert_eq(sys_fake_open_fds(), before, "%s %u", calls[i], nth);
		}
	}
	history_free(NULL);
}
