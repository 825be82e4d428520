#include "tests/logd/streams.h"
#include "tools/logd/rotate.h"

#include <glob.h>
#include <time.h>
#include <utime.h>

TestSuite(rotate, .init = streams_begin, .fini = streams_done);

static usec_t at(const char *text)
{
	struct tm tm = { .tm_isdst = -1 };

	cr_assert_not_null(strptime(text, "%Y-%m-%d %H:%M:%S", &tm));
	return (usec_t)mktime(&tm) * USEC_SEC;
}

Test(rotate, the_next_hour_day_and_week_are_by_the_local_time)
{
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	cr_assert_eq(rotate_next(LOGWIRE_NEVER, at("2026-11-24 21:30:00")), USEC_NEVER);
	cr_assert_eq(rotate_next(LOGWIRE_HOURLY, at("2026-11-24 21:30:00")), at("2026-11-24 22:00:00"));
	cr_assert_eq(rotate_next(LOGWIRE_HOURLY, at("2026-11-24 22:00:00")), at("2026-11-24 23:00:00"));
	cr_assert_eq(rotate_next(LOGWIRE_DAILY, at("2026-11-30 21:30:00")), at("2026-12-01 00:00:00"));
	cr_assert_eq(rotate_next(LOGWIRE_DAILY, at("2026-12-01 00:00:00")), at("2026-12-02 00:00:00"));
	cr_assert_eq(rotate_next(LOGWIRE_WEEKLY, at("2026-11-24 21:30:00")), at("2026-11-30 00:00:00")); /* Tuesday to Monday */
	cr_assert_eq(rotate_next(LOGWIRE_WEEKLY, at("2026-11-29 23:59:59")), at("2026-11-30 00:00:00"));
	cr_assert_eq(rotate_next(LOGWIRE_WEEKLY, at("2026-11-30 00:00:00")), at("2026-12-07 00:00:00"));
	/* The days on which the clocks change have 23 and 25 hours. */
	cr_assert_eq(rotate_next(LOGWIRE_DAILY, at("2026-03-29 00:00:00")) - at("2026-03-29 00:00:00"), 23 * 60 * USEC_MIN);
	cr_assert_eq(rotate_next(LOGWIRE_DAILY, at("2026-10-25 00:00:00")) - at("2026-10-25 00:00:00"), 25 * 60 * USEC_MIN);
}

Test(rotate, a_name_that_is_taken_gives_the_next_millisecond)
{
	usec_t when = at("2026-11-24 21:30:00");

	folder_put("a.log", "one");
	cr_assert_eq(rotate_away("a.log", when), 0);
	folder_put("a.log", "two");
	cr_assert_eq(rotate_away("a.log", when), 0);
	folder_put("a.log.20261124T213000.002Z.gz", "x");
	folder_put("a.log", "three");
	cr_assert_eq(rotate_away("a.log", when), 0);
	cr_assert_str_eq(folder_get("a.log.20261124T213000.000Z"), "one");
	cr_assert_str_eq(folder_get("a.log.20261124T213000.001Z"), "two");
	cr_assert_str_eq(folder_get("a.log.20261124T213000.003Z"), "three");
	cr_assert_eq(rotate_away("a.log", when), -ENOENT);
}

Test(rotate, a_bound_on_the_total_leaves_something_to_remove)
{
	static const struct {
		uint64_t size, total, expected;
	} cases[] = { { 0, 0, 0 }, { 8, 0, 8 }, { 8, 100, 8 }, { 80, 100, 51 }, { 0, 100, 26 }, { 0, 1, 1 } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		cr_expect_eq(rotate_size(&(struct logwire_limits){ .max_size = cases[i].size, .max_total = cases[i].total }),
			     cases[i].expected, "case %zu", i);
}

static struct stream *limited(struct logwire_limits limits, const char *format)
{
	struct logwire_packet p = streams_packet(0, "a.log", "", format);
	struct stream *s = streams_open(0, "a.log", "", format);

	p.rules.limits = limits;
	cr_assert_eq(stream_change(s, &p), 0);
	stream_recover(s);
	stream_begin(s);
	return s;
}

/* All rotated files of a.log, oldest first, then the current one, with a | between them. */
static char *in_all(void)
{
	static char all[4096];
	struct text t = TEXT_INIT(all);
	glob_t g;

	if (glob("a.log.2*", 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++) {
			(void)text_addf(&t, "%s|", folder_get(g.gl_pathv[i]));
		}
		globfree(&g);
	}
	(void)text_add(&t, folder_get("a.log"));
	return all;
}

/* By the clock: one that may live for nothing is too old with the next line. */
Test(rotate, a_file_that_is_as_old_as_it_may_be_is_rotated)
{
	struct stream *s = limited((struct logwire_limits){ .every = LOGWIRE_SPAN, .span = 3600 }, "");

	streams_say(0, "one\n");
	stream_drain(s, false);
	streams_say(0, "two\n");
	stream_drain(s, false);
	cr_assert_str_eq(in_all(), "one\ntwo\n");
	stream_free(s);
	s = limited((struct logwire_limits){ .every = LOGWIRE_SPAN, .span = 0 }, "");
	streams_say(0, "three\n");
	stream_drain(s, false);
	cr_assert_str_eq(in_all(), "one\ntwo\n|three\n");
	stream_free(s);
}

Test(rotate, no_file_passes_its_size_and_each_ends_with_a_line)
{
	struct stream *s = limited((struct logwire_limits){ .max_size = 8 }, "");

	streams_say(0, "abc\ndef\nghi\n");
	stream_drain(s, false);
	cr_assert_str_eq(in_all(), "abc\ndef\n|ghi\n");
	streams_say(0, "jk\n");
	stream_drain(s, false);
	cr_assert_str_eq(in_all(), "abc\ndef\n|ghi\njk\n");
	streams_say(0, "lm\n");
	stream_drain(s, false);
	cr_assert_str_eq(in_all(), "abc\ndef\n|ghi\njk\n|lm\n");
	stream_free(s);
}

Test(rotate, a_line_longer_than_the_limit_is_not_torn)
{
	struct stream *s = limited((struct logwire_limits){ .max_size = 8 }, "");

	streams_say(0, "a\n0123456789abcdef");
	stream_drain(s, false);
	streams_say(0, "ghij\nb\n");
	stream_drain(s, false);
	cr_assert_str_eq(in_all(), "a\n|0123456789abcdefghij\n|b\n");
	stream_free(s);
}

Test(rotate, stamped_lines_rotate_too)
{
	struct stream *s = limited((struct logwire_limits){ .max_size = 8 }, "%%");

	streams_say(0, "abc\ndef\n");
	stream_drain(s, false);
	streams_say(0, "ghi\n");
	stream_drain(s, false);
	cr_assert_str_eq(in_all(), "%: abc\n%: def\n|%: ghi\n");
	stream_free(s);
}

Test(rotate, a_file_of_an_earlier_day_makes_way_for_the_first_line)
{
	struct utimbuf long_ago = { .actime = 1000000000, .modtime = 1000000000 };

	folder_put("a.log", "old\n");
	cr_assert_eq(utime("a.log", &long_ago), 0);
	struct stream *s = limited((struct logwire_limits){ .every = LOGWIRE_DAILY }, "");
	streams_say(0, "new\n");
	stream_drain(s, false);
	cr_assert_str_eq(in_all(), "old\n|new\n");
	streams_say(0, "newer\n");
	stream_drain(s, false);
	cr_assert_str_eq(in_all(), "old\n|new\nnewer\n");
	stream_free(s);
}

Test(rotate, a_rename_that_fails_loses_nothing_and_is_not_tried_at_every_line)
{
	struct stream *s = limited((struct logwire_limits){ .max_size = 4 }, "");

	sys_fake_fail_always("rename", EACCES);
	streams_say(0, "abc\ndef\n");
	stream_drain(s, false);
	streams_say(0, "ghi\n");
	stream_drain(s, false);
	cr_assert_str_eq(in_all(), "abc\ndef\nghi\n");
	cr_assert_eq(sys_fake_count("rename"), 1);
	stream_free(s);
}

Test(rotate, two_files_of_one_stream_rotate_each_by_its_own_size)
{
	struct logwire_packet p = streams_packet(0, "a.log", "both.log", "");
	struct stream *s = streams_open(0, "a.log", "both.log", "");

	p.rules.limits.max_size = 8;
	cr_assert_eq(stream_change(s, &p), 0);
	folder_put("both.log", "123456\n");
	stream_recover(s);
	stream_begin(s);
	streams_say(0, "abc\ndef\n");
	stream_drain(s, false);
	cr_assert_str_eq(in_all(), "abc\ndef\n");
	cr_assert_str_eq(folder_get("both.log"), "abc\ndef\n");
	stream_free(s);
}
