#include "base/stamp.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <errno.h>

#define WHEN ((usec_t)1700000000 * USEC_SEC + 7 * USEC_MS) /* 2023-11-14 22:13:20.007 UTC, a Tuesday */

static void stamp_is(const char *fmt, const char *expected)
{
	char compiled[STAMP_MAX];
	char buf[STAMP_MAX];

	cr_assert_eq(stamp_compile(fmt, compiled, sizeof(compiled)), 0, "%s", fmt);
	cr_expect_eq(stamp_format(compiled, WHEN, buf, sizeof(buf)), strlen(expected), "%s", fmt);
	cr_expect_str_eq(buf, expected, "%s: %s", fmt, buf);
}

static void in_utc(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
}

static void in_nepal(void)
{
	setenv("TZ", "NPT-5:45", 1);
	tzset();
}

Test(stamp, pm2s_tokens, .init = in_utc)
{
	stamp_is("YYYY-MM-DD HH:mm:ss.SSS Z", "2023-11-14 22:13:20.007 +00:00");
	stamp_is("YYYY-MM-DDTHH:mm:ss", "2023-11-14T22:13:20");
	stamp_is("D/M/YY h:mm a, dddd", "14/11/23 10:13 pm, Tuesday");
	stamp_is("MMM MMMM A ddd ZZ", "Nov November PM Tue +0000");
	stamp_is("[at YYYY] YYYY", "at YYYY 2023");
	stamp_is("X", "1700000000");
}

Test(stamp, strftime_with_milliseconds, .init = in_utc)
{
	stamp_is("%F %T.%3N", "2023-11-14 22:13:20.007");
	stamp_is("100%% %H", "100% 22");
	stamp_is("%%3N", "%3N");
	stamp_is("%-d %e %5Y", "14 14 02023");
}

Test(stamp, the_zone_is_the_local_one, .init = in_nepal)
{
	stamp_is("YYYY-MM-DD HH:mm Z", "2023-11-15 03:58 +05:45");
	stamp_is("%H%M %z", "0358 +0545");
}

Test(stamp, no_format_is_no_stamp)
{
	char buf[STAMP_MAX] = "x";

	cr_expect_eq(stamp_compile("", buf, sizeof(buf)), 0);
	cr_expect_str_eq(buf, "");
	cr_expect_eq(stamp_format("", WHEN, buf, sizeof(buf)), 0);
}

Test(stamp, what_strftime_does_not_know_is_refused)
{
	static const char *const bad[] = { "%Q", "%", "%F %", "%123Y", "%5", "[open", "%E" };
	char buf[STAMP_MAX];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_expect_eq(stamp_compile(bad[i], buf, sizeof(buf)), -EINVAL, "%s", bad[i]);
	cr_expect_eq(stamp_compile("%F %T", buf, 4), -ENOSPC);
}

Test(stamp, a_stamp_without_room_is_none, .init = in_utc)
{
	char buf[8];

	cr_expect_eq(stamp_format("%F", WHEN, buf, sizeof(buf)), 0);
}
