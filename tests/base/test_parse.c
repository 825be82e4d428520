#include "base/parse.h"

#include "base/own.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>

#define KEEP 424242 /* what a result is before, and after a failure */

struct number {
	const char *text;
	int r;
	uint64_t value;
};

static void numbers_are(int (*parse)(const char *, uint64_t *), const struct number *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t v = KEEP;
		cr_expect_eq(parse(cases[i].text, &v), cases[i].r, "'%s'", cases[i].text);
		cr_expect_eq(v, cases[i].r ? KEEP : cases[i].value, "'%s' is %llu", cases[i].text, (unsigned long long)v);
	}
}

static int up_to_100(const char *s, uint64_t *ret)
{
	return parse_uint(s, 100, ret);
}

static int up_to_all(const char *s, uint64_t *ret)
{
	return parse_uint(s, UINT64_MAX, ret);
}

static int octal(const char *s, uint64_t *ret)
{
	return parse_octal(s, 07777, ret);
}

Test(parse, a_number_is_digits_alone_and_in_range)
{
	static const struct number small[] = {
		{ "0", 0, 0 },	     { "100", 0, 100 },	    { "007", 0, 7 },	   { "101", -ERANGE, 0 }, { "99999999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },  { "-1", -EINVAL, 0 },  { "+1", -EINVAL, 0 },  { " 1", -EINVAL, 0 },  { "1 ", -EINVAL, 0 },
		{ "1x", -EINVAL, 0 }, { "0x1", -EINVAL, 0 }, { "1e3", -EINVAL, 0 }, { "101x", -EINVAL, 0 }, { "1:", -EINVAL, 0 },
		{ "/", -EINVAL, 0 },
	};
	static const struct number all[] = {
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "184467440737095516150", -ERANGE, 0 },
		{ "00000000000000000000000000018446744073709551615", 0, UINT64_MAX },
	};

	numbers_are(up_to_100, small, ARRAY_LEN(small));
	numbers_are(up_to_all, all, ARRAY_LEN(all));
	uint64_t v = KEEP;
	cr_expect_eq(parse_uint("5", 4, &v), -ERANGE);
	cr_expect_eq(parse_uint("0", 0, &v), 0);
	cr_expect_eq(v, 0);
}

Test(parse, an_octal_number_with_or_without_its_sign)
{
	static const struct number cases[] = {
		{ "022", 0, 022 },  { "22", 0, 022 },	{ "0o22", 0, 022 },    { "0O755", 0, 0755 },  { "7777", 0, 07777 },
		{ "0", 0, 0 },	    { "10000", -ERANGE, 0 }, { "8", -EINVAL, 0 }, { "028", -EINVAL, 0 }, { "0o", -EINVAL, 0 },
		{ "", -EINVAL, 0 }, { "o22", -EINVAL, 0 },   { "0x12", -EINVAL, 0 }, { "-022", -EINVAL, 0 },
	};

	numbers_are(octal, cases, ARRAY_LEN(cases));
}

Test(parse, yes_and_no_in_four_ways)
{
	static const char *const yes[] = { "yes", "true", "on", "1", "YES", "True" };
	static const char *const no[] = { "no", "false", "off", "0", "Off" };
	static const char *const neither[] = { "", "y", "2", "enabled", "yes ", "01" };
	bool b;

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		cr_expect(parse_bool(yes[i], &b) == 0 && b, "%s", yes[i]);
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		cr_expect(parse_bool(no[i], &b) == 0 && !b, "%s", no[i]);
	for (size_t i = 0; i < ARRAY_LEN(neither); i++) {
		b = i % 2;
		cr_expect_eq(parse_bool(neither[i], &b), -EINVAL, "%s", neither[i]);
		cr_expect_eq(b, i % 2, "untouched");
	}
}

Test(parse, a_size_has_a_unit_or_is_bytes)
{
	static const struct number cases[] = {
		{ "0", 0, 0 },
		{ "100", 0, 100 },
		{ "100B", 0, 100 },
		{ "100b", 0, 100 },
		{ "1K", 0, 1024 },
		{ "64kb", 0, 65536 },
		{ "64KiB", 0, 65536 },
		{ "500M", 0, 500 << 20 },
		{ "1.5G", 0, UINT64_C(3) << 29 },
		{ "2T", 0, UINT64_C(2) << 40 },
		{ "0.5", 0, 0 }, /* rounded down to a byte */
		{ "1.9999", 0, 1 },
		{ "0.001K", 0, 1 },
		{ "0.0000000000000000001T", 0, 0 }, /* more decimals than are counted */
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "8388608T", -ERANGE, 0 },
		{ "8388607T", 0, UINT64_C(8388607) << 40 },
		{ "8388607.9T", 0, (UINT64_C(8388607) << 40) + 989560464998 }, /* 0.9 of 2^40 */
		{ "99999999999999999999T", -ERANGE, 0 },
		{ "99999999999999999999.5T", -ERANGE, 0 },
		{ "99999999999999999999Q", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "M", -EINVAL, 0 },
		{ ".5M", -EINVAL, 0 },
		{ "1.M", -EINVAL, 0 },
		{ "1.5.5M", -EINVAL, 0 },
		{ "12Q", -EINVAL, 0 },
		{ "1 M", -EINVAL, 0 },
		{ "-1M", -EINVAL, 0 },
		{ "1Ki", -EINVAL, 0 },
		{ "1iB", -EINVAL, 0 },
		{ "1MBB", -EINVAL, 0 },
		{ "1MK", -EINVAL, 0 },
		{ "1e6", -EINVAL, 0 },
		{ "1,5M", -EINVAL, 0 },
	};

	numbers_are(parse_size, cases, ARRAY_LEN(cases));
}

Test(parse, a_duration_is_spans_in_a_row_and_a_bare_number_milliseconds)
{
	static const struct number cases[] = {
		{ "0", 0, 0 },
		{ "250", 0, 250 * USEC_MS },
		{ "0.5", 0, 500 },
		{ "90us", 0, 90 },
		{ "250ms", 0, 250 * USEC_MS },
		{ "4s", 0, 4 * USEC_SEC },
		{ "1.5s", 0, 1500 * USEC_MS },
		{ "10m", 0, 600 * USEC_SEC },
		{ "1h", 0, 3600 * USEC_SEC },
		{ "2d", 0, 2 * 86400 * USEC_SEC },
		{ "1m30s", 0, 90 * USEC_SEC },
		{ "1h0.5m1ms", 0, 3630 * USEC_SEC + USEC_MS },
		{ "3650d", 0, 3650 * UINT64_C(86400) * USEC_SEC },
		{ "3650d1us", -ERANGE, 0 },
		{ "3651d", -ERANGE, 0 },
		{ "99999999999999999999s", -ERANGE, 0 },
		{ "99999999999999999999s1x", -EINVAL, 0 },
		{ "1844674407370955161d", -ERANGE, 0 },
		{ "3650d3650d3650d", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "1m30", -EINVAL, 0 },
		{ "1 s", -EINVAL, 0 },
		{ "1.s", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 },
		{ "1S", -EINVAL, 0 },
		{ "1sec", -EINVAL, 0 },
		{ "1w", -EINVAL, 0 },
		{ "never", -EINVAL, 0 },
	};

	numbers_are(parse_duration, cases, ARRAY_LEN(cases));
}

Test(parse, a_signal_by_name_or_number)
{
	const struct {
		const char *text;
		int r, sig;
	} cases[] = {
		{ "TERM", 0, SIGTERM },	     { "SIGTERM", 0, SIGTERM },	 { "sigterm", 0, SIGTERM },    { "15", 0, 15 },
		{ "9", 0, SIGKILL },	     { "64", 0, 64 },		 { "RTMIN", 0, SIGRTMIN },     { "RTMIN+3", 0, SIGRTMIN + 3 },
		{ "SIGRTMAX-1", 0, SIGRTMAX - 1 }, { "rtmax", 0, SIGRTMAX }, { "RTMIN+30", 0, SIGRTMAX }, { "POLL", 0, SIGIO },
		{ "IOT", 0, SIGABRT },	     { "CLD", 0, SIGCHLD },	 { "0", -ERANGE, 0 },	       { "65", -ERANGE, 0 },
		{ "RTMIN+31", -ERANGE, 0 },  { "", -EINVAL, 0 },	 { "SIG", -EINVAL, 0 },	       { "SIGSIGTERM", -EINVAL, 0 },
		{ "RTMIN-1", -EINVAL, 0 },   { "RTMAX+1", -EINVAL, 0 },	 { "RTMIN+", -EINVAL, 0 },     { "RTMINX", -EINVAL, 0 },
		{ "TERM ", -EINVAL, 0 },     { "-9", -EINVAL, 0 },	 { "SIG15", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int sig = KEEP;
		cr_expect_eq(parse_signal(cases[i].text, &sig), cases[i].r, "'%s'", cases[i].text);
		cr_expect_eq(sig, cases[i].r ? KEEP : cases[i].sig, "'%s' is %d", cases[i].text, sig);
	}
}

Test(parse, what_a_signal_is_called_is_parsed_back_to_it)
{
	char buf[16];

	for (int sig = 1; sig <= SIGRTMAX; sig++) {
		int back = 0;
		const char *text = signal_text(sig, buf, sizeof(buf));
		if (sig > SIGSYS && sig < SIGRTMIN) /* libc's own, without names */
			continue;
		cr_expect_eq(parse_signal(text, &back), 0, "%s", text);
		cr_expect_eq(back, sig, "%s", text);
	}
	cr_expect_str_eq(signal_text(SIGKILL, buf, sizeof(buf)), "SIGKILL");
	cr_expect_str_eq(signal_text(SIGRTMIN + 2, buf, sizeof(buf)), "SIGRTMIN+2");
	cr_expect_str_eq(signal_text(77, buf, sizeof(buf)), "SIG77");
	cr_expect_str_eq(signal_text(0, buf, sizeof(buf)), "SIG0");
	cr_expect_str_eq(signal_text(-3, buf, sizeof(buf)), "SIG-3");
}
