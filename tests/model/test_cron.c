/* Schedules: what is understood, what is refused and how, and when they come, by tables of real days. */
#include "model/cron.h"

#include "base/banned.h"
#include "tests/model/walltime.h"

#include <criterion/criterion.h>

/* The next `n` moments after `from` (UTC), as local time with offset; asked for one after the other. */
static void expect_moments(const char *text, const char *zone, const char *from, const char *const *want)
{
	struct cron c;
	char fault[256] = "", got[64];
	struct zone *z = NULL;
	usec_t at = wall_of(from);

	cr_assert_eq(cron_parse(text, &c, fault, sizeof(fault)), 0, "%s: %s", text, fault);
	cr_assert_eq(zone_load(zone, &z), 0, "%s", zone);
	for (; *want; want++) {
		at = cron_next(&c, z, at);
		cr_expect_str_eq(wall_text(z, at, got, sizeof(got)), *want, "'%s' in %s: %s, expected %s", text, zone, got, *want);
	}
	zone_free(z);
}

#define MOMENTS(text, zone, from, ...) expect_moments(text, zone, from, (const char *const[]){ __VA_ARGS__, NULL })

Test(cron, plain_fields_come_as_they_are_read)
{
	MOMENTS("0 3 * * *", "UTC", "2026-11-24 03:00:00", "2026-11-25 03:00:00 +0", "2026-11-26 03:00:00 +0");
	MOMENTS("*/15 * * * *", "UTC", "2026-11-24 23:40:10", "2026-11-24 23:45:00 +0", "2026-11-25 00:00:00 +0");
	MOMENTS("5/20 * * * *", "UTC", "2026-11-24 23:40:10", "2026-11-24 23:45:00 +0", "2026-11-25 00:05:00 +0");
	MOMENTS("1,2,10-12/2 0 1 jan *", "UTC", "2026-11-24 00:00:00", "2027-01-01 00:01:00 +0", "2027-01-01 00:02:00 +0",
		"2027-01-01 00:10:00 +0", "2027-01-01 00:12:00 +0", "2028-01-01 00:01:00 +0");
	MOMENTS("30 4 1 * *", "UTC", "2026-12-31 23:59:59", "2027-01-01 04:30:00 +0", "2027-02-01 04:30:00 +0");
	MOMENTS("0 0 ? JAN,Jul ?", "UTC", "2026-07-31 00:00:00", "2027-01-01 00:00:00 +0");
}

Test(cron, six_fields_have_seconds_in_front)
{
	MOMENTS("* * * * * *", "UTC", "2026-11-24 23:59:58", "2026-11-24 23:59:59 +0", "2026-11-25 00:00:00 +0");
	MOMENTS("*/20 30 7 * * *", "UTC", "2026-11-24 07:30:05", "2026-11-24 07:30:20 +0", "2026-11-24 07:30:40 +0",
		"2026-11-25 07:30:00 +0");
}

Test(cron, a_moment_is_strictly_after_the_one_before_it)
{
	struct cron c;
	char fault[128];
	struct zone *z;

	cr_assert_eq(zone_load("UTC", &z), 0);
	cr_assert_eq(cron_parse("* * * * * *", &c, fault, sizeof(fault)), 0);
	/* Half a second before: the moment itself; from the moment on: the next one. */
	cr_expect_eq(cron_next(&c, z, 99 * USEC_SEC + USEC_SEC / 2), 100 * USEC_SEC);
	cr_expect_eq(cron_next(&c, z, 100 * USEC_SEC), 101 * USEC_SEC);
	cr_expect_eq(cron_next(&c, z, 100 * USEC_SEC + 1), 101 * USEC_SEC);
	zone_free(z);
}

Test(cron, sunday_is_0_and_7_and_a_name)
{
	static const char *const sundays[] = { "0 12 * * 0", "0 12 * * 7", "0 12 * * SUN", "@weekly" };

	for (size_t i = 0; i < 3; i++)
		MOMENTS(sundays[i], "UTC", "2026-11-24 00:00:00", "2026-11-29 12:00:00 +0", "2026-12-06 12:00:00 +0");
	MOMENTS(sundays[3], "UTC", "2026-11-24 00:00:00", "2026-11-29 00:00:00 +0", "2026-12-06 00:00:00 +0");
	MOMENTS("0 0 * * fri-sun", "UTC", "2026-11-24 00:00:00", "2026-11-27 00:00:00 +0", "2026-11-28 00:00:00 +0",
		"2026-11-29 00:00:00 +0", "2026-12-04 00:00:00 +0");
	MOMENTS("0 0 * * 5-7", "UTC", "2026-11-28 00:00:00", "2026-11-29 00:00:00 +0", "2026-12-04 00:00:00 +0");
}

Test(cron, with_both_fields_of_days_either_counts)
{
	MOMENTS("0 0 13 * fri", "UTC", "2026-11-01 00:00:00", "2026-11-06 00:00:00 +0", "2026-11-13 00:00:00 +0",
		"2026-11-20 00:00:00 +0", "2026-11-27 00:00:00 +0", "2026-12-04 00:00:00 +0", "2026-12-11 00:00:00 +0",
		"2026-12-13 00:00:00 +0");
}

Test(cron, a_field_of_days_that_begins_with_a_star_does_not_widen_the_other)
{
	MOMENTS("0 0 */2 * mon", "UTC", "2026-11-01 00:00:00", "2026-11-09 00:00:00 +0", "2026-11-23 00:00:00 +0");
}

Test(cron, leap_days_and_ends_of_months_come_when_they_are_there)
{
	MOMENTS("0 0 29 2 *", "UTC", "2026-11-24 00:00:00", "2028-02-29 00:00:00 +0", "2032-02-29 00:00:00 +0");
	MOMENTS("0 0 29 2 *", "UTC", "2096-03-01 00:00:00", "2104-02-29 00:00:00 +0"); /* 2100 is none */
	MOMENTS("0 0 31 * *", "UTC", "2026-08-31 00:00:00", "2026-10-31 00:00:00 +0", "2026-12-31 00:00:00 +0",
		"2027-01-31 00:00:00 +0", "2027-03-31 00:00:00 +0");
	MOMENTS("59 23 28-31 * *", "UTC", "2027-02-28 00:00:00", "2027-02-28 23:59:00 +0", "2027-03-28 23:59:00 +0");
}

Test(cron, a_day_that_is_in_no_calendar_never_comes)
{
	static const char *const never[] = { "0 0 30 2 *", "0 0 31 4,6,9,11 *" };
	struct cron c;
	char fault[128];
	struct zone *z;

	cr_assert_eq(zone_load("Europe/Berlin", &z), 0);
	for (size_t i = 0; i < 2; i++) {
		cr_assert_eq(cron_parse(never[i], &c, fault, sizeof(fault)), 0);
		cr_expect_eq(cron_next(&c, z, wall_of("2026-11-24 00:00:00")), USEC_NEVER, "%s", never[i]);
	}
	zone_free(z);
}

Test(cron, words_stand_for_fields)
{
	MOMENTS("@yearly", "UTC", "2026-11-24 00:00:00", "2027-01-01 00:00:00 +0");
	MOMENTS("@annually", "UTC", "2026-11-24 00:00:00", "2027-01-01 00:00:00 +0");
	MOMENTS("@monthly", "UTC", "2026-11-24 00:00:00", "2026-12-01 00:00:00 +0");
	MOMENTS("@daily", "UTC", "2026-11-24 00:00:00", "2026-11-25 00:00:00 +0");
	MOMENTS("@Midnight", "UTC", "2026-11-24 00:00:00", "2026-11-25 00:00:00 +0");
	MOMENTS("@hourly", "UTC", "2026-11-24 00:00:00", "2026-11-24 01:00:00 +0");
}

Test(cron, every_counts_from_1970)
{
	MOMENTS("@every 90s", "Europe/Berlin", "1970-01-01 00:00:00", "1970-01-01 01:01:30 +3600", "1970-01-01 01:03:00 +3600");
	MOMENTS("@every 1h30m", "UTC", "2026-11-24 00:00:01", "2026-11-24 01:30:00 +0");
}

/* 2026-03-29 in Berlin: 01:59:59 +1 is followed by 03:00:00 +2. */
Test(cron, a_time_that_the_clock_leaves_out_comes_once_after_the_gap)
{
	MOMENTS("30 2 * * *", "Europe/Berlin", "2026-03-27 12:00:00", "2026-03-28 02:30:00 +3600", "2026-03-29 03:00:00 +7200",
		"2026-03-30 02:30:00 +7200");
	MOMENTS("*/10 2 * * *", "Europe/Berlin", "2026-03-28 01:50:00", "2026-03-29 03:00:00 +7200",
		"2026-03-30 02:00:00 +7200", "2026-03-30 02:10:00 +7200");
	MOMENTS("0 2,3 * * *", "Europe/Berlin", "2026-03-28 12:00:00", "2026-03-29 03:00:00 +7200", "2026-03-30 02:00:00 +7200");
	MOMENTS("0 */2 * * *", "Europe/Berlin", "2026-03-28 22:00:00", "2026-03-29 00:00:00 +3600", "2026-03-29 03:00:00 +7200",
		"2026-03-29 04:00:00 +7200");
	/* Right before, and right behind. */
	MOMENTS("59 1 * * *", "Europe/Berlin", "2026-03-28 12:00:00", "2026-03-29 01:59:00 +3600", "2026-03-30 01:59:00 +7200");
	MOMENTS("0 3 * * *", "Europe/Berlin", "2026-03-28 12:00:00", "2026-03-29 03:00:00 +7200", "2026-03-30 03:00:00 +7200");
}

/* 2026-10-25 in Berlin: 02:59:59 +2 is followed by 02:00:00 +1. */
Test(cron, a_time_that_the_clock_shows_twice_comes_the_first_time_alone)
{
	MOMENTS("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00:00", "2026-10-25 02:30:00 +7200", "2026-10-26 02:30:00 +3600");
	MOMENTS("*/30 2 * * *", "Europe/Berlin", "2026-10-24 12:00:00", "2026-10-25 02:00:00 +7200", "2026-10-25 02:30:00 +7200",
		"2026-10-26 02:00:00 +3600");
	MOMENTS("0 2,3 * * *", "Europe/Berlin", "2026-10-24 12:00:00", "2026-10-25 02:00:00 +7200", "2026-10-25 03:00:00 +3600");
	/* Asked in the middle of what is shown again. */
	MOMENTS("30 2 * * *", "Europe/Berlin", "2026-10-25 01:10:00", "2026-10-26 02:30:00 +3600");
}

Test(cron, each_hour_means_each_hour_that_passes)
{
	MOMENTS("0 * * * *", "Europe/Berlin", "2026-03-28 23:30:00", "2026-03-29 01:00:00 +3600", "2026-03-29 03:00:00 +7200",
		"2026-03-29 04:00:00 +7200");
	MOMENTS("30 * * * *", "Europe/Berlin", "2026-03-29 00:00:00", "2026-03-29 01:30:00 +3600", "2026-03-29 03:30:00 +7200");
	MOMENTS("0 * * * *", "Europe/Berlin", "2026-10-24 23:30:00", "2026-10-25 02:00:00 +7200", "2026-10-25 02:00:00 +3600",
		"2026-10-25 03:00:00 +3600");
	MOMENTS("@hourly", "Europe/Berlin", "2026-10-24 23:30:00", "2026-10-25 02:00:00 +7200", "2026-10-25 02:00:00 +3600");
}

Test(cron, midnight_comes_also_where_the_clock_leaves_it_out)
{
	/* Beirut goes from 00:00 to 01:00; Lord Howe moves by half an hour; Apia left out a whole day. */
	MOMENTS("@daily", "Asia/Beirut", "2026-03-28 10:00:00", "2026-03-29 01:00:00 +10800", "2026-03-30 00:00:00 +10800");
	MOMENTS("15 2 * * *", "Australia/Lord_Howe", "2026-10-02 16:00:00", "2026-10-04 02:30:00 +39600");
	MOMENTS("0 9 * * *", "Pacific/Apia", "2011-12-29 20:00:00", "2011-12-31 00:00:00 +50400", "2011-12-31 09:00:00 +50400");
}

Test(cron, a_whole_year_has_as_many_moments_as_days_and_hours)
{
	static const struct {
		const char *text;
		unsigned int n;
	} years[] = { { "30 2 * * *", 365 }, { "0 0 * * *", 365 }, { "@hourly", 365 * 24 }, { "15 */6 * * *", 365 * 4 } };
	struct zone *z;

	cr_assert_eq(zone_load("Europe/Berlin", &z), 0);
	for (size_t i = 0; i < 4; i++) {
		struct cron c;
		char fault[128];
		unsigned int n = 0;
		usec_t end = wall_of("2026-12-31 23:00:00");

		cr_assert_eq(cron_parse(years[i].text, &c, fault, sizeof(fault)), 0);
		for (usec_t at = wall_of("2025-12-31 22:59:59"); (at = cron_next(&c, z, at)) < end;)
			n++;
		cr_expect_eq(n, years[i].n, "%s: %u", years[i].text, n);
	}
	zone_free(z);
}

Test(cron, what_is_wrong_is_said_with_its_field)
{
	static const struct {
		const char *text, *fault;
	} wrong[] = {
		{ "60 * * * *", "minute: '60' is out of range (allowed: 0 to 59)" },
		{ "* 24 * * *", "hour: '24' is out of range (allowed: 0 to 23)" },
		{ "* * 0 * *", "day of month: '0' is out of range (allowed: 1 to 31)" },
		{ "* * * 13 *", "month: '13' is out of range (allowed: 1 to 12 or jan to dec)" },
		{ "* * * * 8", "day of week: '8' is out of range (allowed: 0 to 7 or sun to sat; 0 and 7 are Sunday)" },
		{ "61 * * * * *", "second: '61' is out of range (allowed: 0 to 59)" },
		{ "* * * * foo", "day of week: 'foo' is not understood" },
		{ "* * * jam *", "month: 'jam' is not understood" },
		{ "* * L * *", "day of month: 'L' is not understood" },
		{ "a * * * *", "minute: 'a' is not understood" },
		{ "? * * * *", "minute: '?' is not understood" },
		{ "1,,2 * * * *", "minute: '' is not understood" },
		{ "1- * * * *", "minute: '1-' is not understood" },
		{ "-1 * * * *", "minute: '-1' is not understood" },
		{ "** * * * *", "minute: '**' is not understood" },
		{ "30-10 * * * *", "minute: the range '30-10' goes backwards" },
		{ "*/0 * * * *", "minute: '*/0': a step is 1 to 59" },
		{ "*/ * * * *", "minute: '*/': a step is 1 to 59" },
		{ "* */99999999999 * * *", "hour: '*/99999999999': a step is 1 to 23" },
		{ "* * * *", "4 fields (allowed: 5 fields, 6 with seconds in front" },
		{ "* * * * * * *", "7 fields" },
		{ "yes", "1 field (allowed" },
		{ "", "0 fields" },
		{ "@reboot", "'@reboot' is not known (allowed:" },
		{ "@every", "@every: '' is no time" },
		{ "@every soon", "@every: 'soon' is no time" },
		{ "@every 1500ms", "@every: whole seconds, 1s to 366d" },
		{ "@every 0s", "@every: whole seconds" },
		{ "@every 367d", "@every: whole seconds" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct cron c = { .minutes = 7 };
		char fault[256] = "";

		cr_expect_lt(cron_parse(wrong[i].text, &c, fault, sizeof(fault)), 0, "%s", wrong[i].text);
		cr_expect_not_null(strstr(fault, wrong[i].fault), "%s: %s", wrong[i].text, fault);
		cr_expect_eq(c.minutes, 7, "touched by a failure");
	}
}

Test(cron, only_each_hour_and_every_are_steady)
{
	static const struct {
		const char *text;
		bool steady;
	} all[] = { { "0 * * * *", true },     { "0 0-23 * * *", true }, { "@every 1d", true }, { "* * * * * *", true },
		    { "0 */2 * * *", false }, { "@daily", false },	   { "* 3 * * *", false } };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct cron c;
		char fault[128];

		cr_assert_eq(cron_parse(all[i].text, &c, fault, sizeof(fault)), 0);
		cr_expect_eq(cron_is_steady(&c), all[i].steady, "%s", all[i].text);
	}
}
