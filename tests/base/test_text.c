#include "base/text.h"

#include "base/own.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>

Test(text, what_fits_is_added_and_what_does_not_is_marked)
{
	char buf[8];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	cr_expect_str_eq(buf, "");
	cr_expect_eq(text_add(&t, "abc"), 0);
	cr_expect_eq(text_addf(&t, "%d", 1234), 0);
	cr_expect_str_eq(buf, "abc1234");
	cr_expect_eq(t.len, 7);
	cr_expect(!t.cut);
	cr_expect_eq(text_add(&t, ""), 0, "nothing fits into nothing");
	cr_expect_eq(text_add(&t, "x"), -ENOSPC);
	cr_expect(t.cut);
	cr_expect_str_eq(buf, "abc1234");
	cr_expect_eq(text_addf(&t, "%d", 5), -ENOSPC);
	cr_expect_str_eq(buf, "abc1234");
}

Test(text, the_beginning_of_what_does_not_fit_is_kept)
{
	char buf[8];
	struct text t = TEXT_INIT(buf);

	cr_expect_eq(text_addf(&t, "%s", "abcdefghij"), -ENOSPC);
	cr_expect_str_eq(buf, "abcdefg");
	cr_expect_eq(t.len, 7);
	text_init(&t, buf, sizeof(buf));
	cr_expect_eq(text_addn(&t, "abcdefghij", 10), -ENOSPC);
	cr_expect_str_eq(buf, "abcdefg");
	text_init(&t, buf, 1);
	cr_expect_eq(text_add(&t, "a"), -ENOSPC);
	cr_expect_str_eq(buf, "");
}

Test(text, a_format_that_fails_adds_nothing)
{
	char buf[16] = "xxxxxxxxx";
	struct text t;
	wchar_t broken[] = { 0x110000, 0 };

	text_init(&t, buf, sizeof(buf));
	cr_expect_eq(text_add(&t, "ab"), 0);
	cr_expect_eq(text_addf(&t, "cd%ls", broken), -EINVAL);
	cr_expect_str_eq(buf, "ab");
	cr_expect_eq(t.len, 2);
}

static void safe_is(const char *s, const char *expected)
{
	char buf[256];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	cr_expect_eq(text_add_safe(&t, s), 0);
	cr_expect_str_eq(buf, expected);
}

Test(text, foreign_text_cannot_drive_a_terminal)
{
	safe_is("plain text, \\ and \"", "plain text, \\ and \"");
	safe_is("a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd");
	safe_is("\033[31m\007\177", "\\x1b[31m\\x07\\x7f");
	safe_is("\xc2\x9b" "31m", "\\xc2\\x9b31m"); /* CSI as one character of C1 */
	safe_is("\xc2\xa0", "\xc2\xa0");
}

Test(text, utf8_passes_and_what_only_looks_like_it_does_not)
{
	safe_is("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x99", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x99");
	safe_is("\xc3", "\\xc3"); /* cut off */
	safe_is("\xe2\x82", "\\xe2\\x82");
	safe_is("\xc3 x", "\\xc3 x");
	safe_is("\x80\xbf", "\\x80\\xbf");
	safe_is("\xc0\x80\xc1\xbf", "\\xc0\\x80\\xc1\\xbf"); /* overlong */
	safe_is("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
	safe_is("\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf");
	safe_is("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* a surrogate */
	safe_is("\xed\x9f\xbf", "\xed\x9f\xbf");
	safe_is("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"); /* the last there is */
	safe_is("\xf4\x90\x80\x80\xf5\xff", "\\xf4\\x90\\x80\\x80\\xf5\\xff");
}

Test(text, a_character_is_cut_off_whole)
{
	char buf[4];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	cr_expect_eq(text_add_safe(&t, "ab\xc3\xbc"), -ENOSPC);
	cr_expect_str_eq(buf, "ab");
	cr_expect(t.cut);
	text_init(&t, buf, sizeof(buf));
	cr_expect_eq(text_add_safe(&t, "a\xc3\xbc"), 0);
	cr_expect_eq(text_add_safe(&t, "b"), -ENOSPC);
}

Test(text, sizes_are_exact_or_have_one_decimal)
{
	static const struct {
		unsigned long long bytes;
		const char *text;
	} cases[] = {
		{ 0, "0B" },		 { 17, "17B" },		       { 1023, "1023B" },	  { 1024, "1K" },
		{ 1025, "1.0K" },	 { 1536, "1.5K" },	       { 512 << 10, "512K" },	  { 1048575, "1023.9K" },
		{ 1 << 20, "1M" },	 { 3ULL << 29, "1.5G" },       { 5ULL << 40, "5T" },	  { 7ULL << 50, "7P" },
		{ (1ULL << 30) + 1, "1.0G" }, { ULLONG_MAX, "15.9E" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char buf[32];
		struct text t = TEXT_INIT(buf);
		cr_expect_eq(text_add_size(&t, cases[i].bytes), 0);
		cr_expect_str_eq(buf, cases[i].text);
	}
}

Test(text, spans_have_two_units_at_most)
{
	static const struct {
		unsigned long long usec;
		const char *text;
	} cases[] = {
		{ 0, "0s" },		     { 90, "90us" },		{ 999, "999us" },	      { 1000, "1ms" },
		{ 250000, "250ms" },	     { 999999, "999ms" },	{ 1000000, "1s" },	      { 1500000, "1.5s" },
		{ 9999000, "9.9s" },	     { 10500000, "10s" },	{ 59999999, "59s" },	      { 60000000, "1m" },
		{ 200000000, "3m 20s" },     { 3600000000, "1h" },	{ 7500000000, "2h 5m" },      { 86399000000, "23h 59m" },
		{ 345600000000, "4D" },	     { 349200000000, "4D 1h" }, { 8640000000000000, "100000D" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char buf[32];
		struct text t = TEXT_INIT(buf);
		cr_expect_eq(text_add_span(&t, cases[i].usec), 0);
		cr_expect_str_eq(buf, cases[i].text, "%llu: %s", cases[i].usec, buf);
	}
}

Test(text, a_copy_is_whole_or_none)
{
	char buf[4] = "zzz";

	cr_expect_eq(text_copy(buf, sizeof(buf), "abc"), 0);
	cr_expect_str_eq(buf, "abc");
	cr_expect_eq(text_copy(buf, sizeof(buf), "abcd"), -ENOSPC);
	cr_expect_str_eq(buf, "");
	cr_expect_eq(text_format(buf, sizeof(buf), "%d", 123), 0);
	cr_expect_str_eq(buf, "123");
	cr_expect_eq(text_format(buf, sizeof(buf), "%d", 1234), -ENOSPC);
	cr_expect_str_eq(buf, "123");
}
