#include "tools/logd/line.h"

#include "tests/logd/decode.h"

#include <criterion/criterion.h>
#include <string.h>

/* 2026-11-24T10:11:12.123456Z */
#define WHEN ((usec_t)1795515072123456)

static const char *object_of(const char *text, size_t n, bool partial)
{
	static char buf[LINE_JSON_MAX(300000) + 1];
	struct line l = { .service = "web", .instance = 2, .err = true, .pid = 12, .time = WHEN, .text = text, .n = n,
			  .partial = partial };
	size_t len;

	cr_assert_leq(n, 300000);
	len = line_json(&l, buf, LINE_JSON_MAX(n));
	cr_assert_gt(len, 0);
	cr_assert_leq(len, LINE_JSON_MAX(n));
	cr_assert_null(memchr(buf, '\n', len), "one object is one line");
	cr_assert_null(memchr(buf, 0, len));
	buf[len] = 0;
	return buf;
}

/* What stands behind the head, which is the same for all. */
static const char *message_of(const char *text, size_t n, bool partial)
{
	static const char head[] = "{\"time\":\"2026-11-24T10:11:12.123456Z\",\"service\":\"web\",\"instance\":2,\"stream\":\"stderr\",\"pid\":12,\"message\":";
	const char *all = object_of(text, n, partial);

	cr_assert_eq(strncmp(all, head, strlen(head)), 0, "%s", all);
	return all + strlen(head);
}

/* The object is read back to these bytes. */
static void comes_back(const char *text, size_t n)
{
	struct decoded d = { 0 };
	const char *all = object_of(text, n, false);

	decode_lines(&d, all, strlen(all));
	cr_assert_eq(d.objects, 1);
	cr_assert_eq(d.n, n + 1, "%zu bytes of %zu", d.n, n + 1);
	cr_assert(memcmp(d.bytes, text, n) == 0, "%s", all);
	decoded_done(&d);
}

Test(line, an_object_has_time_service_instance_stream_pid_and_message)
{
	struct line l = { .service = "web", .pid = 12, .time = WHEN, .text = "text", .n = 4 };
	char buf[LINE_JSON_MAX(4)];
	size_t n = line_json(&l, buf, sizeof(buf));

	buf[n] = 0;
	cr_expect_str_eq(buf, "{\"time\":\"2026-11-24T10:11:12.123456Z\",\"service\":\"web\",\"instance\":0,\"stream\":\"stdout\",\"pid\":12,"
			      "\"message\":\"text\"}");
	cr_expect_str_eq(message_of("text", 4, false), "\"text\"}");
	cr_expect_str_eq(message_of("", 0, false), "\"\"}");
	cr_expect_str_eq(message_of("te", 2, true), "\"te\",\"partial\":true}");
}

Test(line, control_bytes_quotes_and_backslashes_are_escaped)
{
	cr_expect_str_eq(message_of("\b\t\n\f\r", 5, false), "\"\\b\\t\\n\\f\\r\"}");
	cr_expect_str_eq(message_of("\0\1\v\x1b[0m\x1f", 8, false), "\"\\u0000\\u0001\\u000b\\u001b[0m\\u001f\"}");
	cr_expect_str_eq(message_of("say \"no\\n\"/", 11, false), "\"say \\\"no\\\\n\\\"/\"}");
	cr_expect_str_eq(message_of("a\x7f", 2, false), "\"a\x7f\"}", "JSON lets DEL stand");
}

Test(line, utf8_stays_as_it_is)
{
	static const char *const texts[] = { "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
					     "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80" };
	char wanted[64];

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		(void)snprintf(wanted, sizeof(wanted), "\"%s\"}", texts[i]);
		cr_expect_str_eq(message_of(texts[i], strlen(texts[i]), false), wanted);
		comes_back(texts[i], strlen(texts[i]));
	}
}

Test(line, what_is_no_utf8_reads_as_u_fffd_and_stands_in_base64_beside_it)
{
#define BAD "\xef\xbf\xbd"
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "\xff", "\"" BAD "\",\"message_base64\":\"/w==\"}" },
		{ "a\x80z", "\"a" BAD "z\",\"message_base64\":\"YYB6\"}" }, /* nothing it could continue */
		{ "\xc0\x80", "\"" BAD BAD "\",\"message_base64\":\"wIA=\"}" }, /* a NUL, too long */
		{ "\xc1\xbf", "\"" BAD BAD "\",\"message_base64\":\"wb8=\"}" },
		{ "\xe0\x9f\xbf", "\"" BAD BAD BAD "\",\"message_base64\":\"4J+/\"}" }, /* too long */
		{ "\xf0\x8f\xbf\xbf", "\"" BAD BAD BAD BAD "\",\"message_base64\":\"8I+/vw==\"}" },
		{ "\xed\xa0\x80", "\"" BAD BAD BAD "\",\"message_base64\":\"7aCA\"}" }, /* half of a pair */
		{ "\xf4\x90\x80\x80", "\"" BAD BAD BAD BAD "\",\"message_base64\":\"9JCAgA==\"}" }, /* above U+10FFFF */
		{ "\xf5\x80\x80\x80", "\"" BAD BAD BAD BAD "\",\"message_base64\":\"9YCAgA==\"}" },
		{ "a\xe2\x82", "\"a" BAD BAD "\",\"message_base64\":\"YeKC\"}" }, /* its end is missing */
		{ "\xe2\x82\"", "\"" BAD BAD "\\\"\",\"message_base64\":\"4oIi\"}" }, /* the quote isn't swallowed */
		{ "\xf0\x9f\x98\n", "\"" BAD BAD BAD "\\n\",\"message_base64\":\"8J+YCg==\"}" },
		{ "\xc3\xbc\xff\xc3\xbc", "\"\xc3\xbc" BAD "\xc3\xbc\",\"message_base64\":\"w7z/w7w=\"}" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cr_expect_str_eq(message_of(cases[i].text, strlen(cases[i].text), false), cases[i].wanted, "case %zu", i);
		comes_back(cases[i].text, strlen(cases[i].text));
	}
	cr_expect_str_eq(message_of("\xff", 1, true), "\"" BAD "\",\"message_base64\":\"/w==\",\"partial\":true}");
}

Test(line, every_byte_alone_and_between_others_comes_back)
{
	for (int b = 0; b < 256; b++) {
		char one = (char)b, three[] = { 'a', (char)b, 'z' };

		comes_back(&one, 1);
		comes_back(three, 3);
		for (int c = 0; c < 256; c++) {
			char two[] = { (char)b, (char)c };
			comes_back(two, 2);
		}
	}
}

Test(line, random_bytes_come_back)
{
	/* All bytes, those that make UTF-8, those that are escaped: a broken character is rarely met by chance. */
	static const char lead[] = "\xc2\xdf\xe0\xe2\xed\xef\xf0\xf4\xf5\x80\x82\x9f\xa0\xbf\"\\a\n";
	uint32_t state = 1;
	char text[200];

	for (int i = 0; i < 50000; i++) {
		size_t n = (size_t)(random_next(&state) % sizeof(text));
		for (size_t k = 0; k < n; k++)
			text[k] = i % 2 ? (char)random_next(&state) : lead[random_next(&state) % (sizeof(lead) - 1)];
		comes_back(text, n);
	}
}

Test(line, the_room_that_is_promised_suffices_in_the_worst_case)
{
	static char text[300000];
	static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 16384, 300000 };
	/* Six bytes each; and the base64 of all of them beside it. */
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		for (int how = 0; how < 3; how++) {
			memset(text, how == 2 ? '\xff' : '\1', sizes[i]);
			if (how == 1 && sizes[i] > 0)
				text[0] = '\xff';
			(void)object_of(text, sizes[i], true);
			comes_back(text, sizes[i]);
		}
	}
}

Test(line, the_longest_name_stands_there_whole)
{
	char name[LINE_NAME_MAX + 1], wanted[LINE_NAME_MAX + 32], buf[LINE_JSON_MAX(1) + 1];
	struct line l = { .service = name, .instance = UINT32_MAX, .err = true, .pid = INT32_MIN, .time = (usec_t)253402300799999999, .text = "x", .n = 1 };

	memset(name, 'n', LINE_NAME_MAX);
	name[LINE_NAME_MAX] = 0;
	buf[line_json(&l, buf, sizeof(buf) - 1)] = 0;
	(void)snprintf(wanted, sizeof(wanted), "\"service\":\"%s\",", name);
	cr_expect_not_null(strstr(buf, wanted), "%s", buf);
	cr_expect_not_null(strstr(buf, "\"time\":\"9999-12-31T23:59:59.999999Z\""), "%s", buf);
	/* Each of its bytes could be an escape. */
	memset(name, '\1', LINE_NAME_MAX);
	cr_expect_gt(line_json(&l, buf, sizeof(buf)), 6 * LINE_NAME_MAX);
}

Test(line, without_room_nothing_is_written)
{
	struct line l = { .service = "web", .text = "text", .n = 4 };
	char buf[LINE_JSON_MAX(4)];

	for (size_t size = 0; size < sizeof(buf); size++) {
		size_t n = line_json(&l, buf, size);
		cr_expect(n == 0 || n <= size, "%zu bytes in %zu", n, size);
	}
	cr_expect_eq(line_json(&l, buf, 64), 0);
	cr_expect_eq(line_json_head(&l, buf, 20), 0);
	cr_expect_eq(line_json_text("text", 4, false, buf, LINE_TEXT_MAX(4) - 1), 0);
	cr_expect_gt(line_json_text("text", 4, false, buf, LINE_TEXT_MAX(4)), 0);
}

Test(line, a_time_is_utc_with_microseconds)
{
	char buf[LINE_TIME_MAX];

	cr_expect_str_eq(line_time(0, buf), "1970-01-01T00:00:00.000000Z");
	cr_expect_str_eq(line_time(WHEN, buf), "2026-11-24T10:11:12.123456Z");
	cr_expect_str_eq(line_time(1, buf), "1970-01-01T00:00:00.000001Z");
	cr_expect_str_eq(line_time((usec_t)1709164800000000, buf), "2024-02-29T00:00:00.000000Z");
	cr_expect_leq(strlen(line_time(UINT64_MAX, buf)), (size_t)LINE_TIME_MAX - 1);
}

Test(line, a_cut_does_not_go_through_a_character)
{
	cr_expect_eq(line_cut("abc", 3, 3), 3);
	cr_expect_eq(line_cut("abc", 3, 100), 3);
	cr_expect_eq(line_cut("abcdef", 6, 3), 3);
	cr_expect_eq(line_cut("ab\xc3\xbc", 4, 3), 2);
	cr_expect_eq(line_cut("a\xe2\x82\xac" "b", 5, 2), 1);
	cr_expect_eq(line_cut("a\xe2\x82\xac" "b", 5, 3), 1);
	cr_expect_eq(line_cut("a\xe2\x82\xac" "b", 5, 4), 4);
	cr_expect_eq(line_cut("a\xf0\x9f\x98\x80", 5, 4), 1);
	/* It begins with one that is longer than what may be taken, or with none: something is taken all the same. */
	cr_expect_eq(line_cut("\xe2\x82\xac", 3, 1), 1);
	cr_expect_eq(line_cut("\xf0\x9f\x98\x80", 4, 3), 3);
	cr_expect_eq(line_cut("\x80\x80\x80\x80\x80\x80\x80", 7, 6), 6);
	cr_expect_eq(line_cut("x", 1, 1), 1);
}
