#include "tools/cli/logtime.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define NOW (1795515072 * USEC_SEC) /* 2026-11-24T10:11:12Z */
#define DAY (24 * 3600 * USEC_SEC)

static void zone(const char *tz)
{
	cr_assert_eq(setenv("TZ", tz, 1), 0);
	tzset();
}

static usec_t moment(const char *s)
{
	usec_t t = 0;

	cr_assert_eq(logtime_parse(s, NOW, &t), 0, "%s", s);
	return t;
}

Test(logtime, a_span_is_so_long_ago)
{
	cr_expect_eq(moment("10m"), NOW - 600 * USEC_SEC);
	cr_expect_eq(moment("2h"), NOW - 7200 * USEC_SEC);
	cr_expect_eq(moment("90s"), NOW - 90 * USEC_SEC);
	cr_expect_eq(moment("1d"), NOW - DAY);
	cr_expect_eq(moment("1h30m"), NOW - 5400 * USEC_SEC);
}

Test(logtime, a_time_without_a_zone_is_local)
{
	zone("CET-1");
	cr_expect_eq(moment("2026-11-24 11:11:12"), NOW);
	cr_expect_eq(moment("2026-11-24T11:11:12"), NOW);
	cr_expect_eq(moment("2026-11-24 11:11"), NOW - 12 * USEC_SEC);
	cr_expect_eq(moment("2026-11-24"), 1795474800 * USEC_SEC);
	zone("CET-1CEST,M3.5.0,M10.5.0/3");
	cr_expect_eq(moment("2026-07-01 00:00"), 1782856800 * USEC_SEC, "in summer as well");
}

Test(logtime, a_zone_and_parts_of_a_second_are_heeded)
{
	zone("CET-1");
	cr_expect_eq(moment("2026-11-24T10:11:12Z"), NOW);
	cr_expect_eq(moment("2026-11-24T10:11:12.123456Z"), NOW + 123456);
	cr_expect_eq(moment("2026-11-24T10:11:12.5Z"), NOW + 500000);
	cr_expect_eq(moment("2026-11-24T10:11:12.1234567Z"), NOW + 123456);
	cr_expect_eq(moment("2026-11-24T12:41:12+02:30"), NOW);
	cr_expect_eq(moment("2026-11-24T05:11:12-0500"), NOW);
	cr_expect_eq(moment("@1795515072"), NOW);
	cr_expect_eq(moment("@1795515072.25"), NOW + 250000);
}

Test(logtime, what_is_neither_is_refused_and_stores_nothing)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{ "", -EINVAL },
		{ "10", -EINVAL }, /* minutes? milliseconds? */
		{ "soon", -EINVAL },
		{ "10x", -EINVAL },
		{ "2026", -EINVAL },
		{ "2026-11", -EINVAL },
		{ "2026-11-24 ", -EINVAL },
		{ "2026-11-24 10", -EINVAL },
		{ "2026-11-24 10:11:12 ", -EINVAL },
		{ "2026-11-24T10:11:12.Z", -EINVAL },
		{ "2026-11-24T10:11:12ZZ", -EINVAL },
		{ "2026-11-24T10:11:12+", -EINVAL },
		{ "2026-11-24T10:11:12+99:00", -EINVAL },
		{ "2026-02-30", -ERANGE },
		{ "2026-13-01", -ERANGE },
		{ "2026-00-10", -ERANGE },
		{ "2026-11-00", -ERANGE },
		{ "2026-11-24 24:00", -ERANGE },
		{ "2026-11-24 10:60", -ERANGE },
		{ "1960-01-01", -ERANGE },
		{ "@", -EINVAL },
		{ "@-1", -EINVAL },
		{ "@1x", -EINVAL },
		{ "@99999999999999999999", -ERANGE },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		usec_t t = 42;
		cr_expect_eq(logtime_parse(cases[i].text, NOW, &t), cases[i].error, "'%s' gives %d", cases[i].text,
			     logtime_parse(cases[i].text, NOW, &t));
		cr_expect_eq(t, 42, "'%s'", cases[i].text);
	}
}
