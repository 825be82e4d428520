#include "tools/cli/logline.h"
#include "tools/cli/tail.h"
#include "tools/logd/line.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct logjoin j;

static void done(void)
{
	logjoin_done(&j);
}

TestSuite(logline, .fini = done);

static int feed(const char *line, struct logline *ret)
{
	*ret = (struct logline){ 0 };
	return logjoin_feed(&j, line, strlen(line), 42, true, ret);
}

static void is(const struct logline *l, const char *want)
{
	cr_assert(l->n == strlen(want) && memcmp(l->s, want, l->n) == 0, "'%.*s' is not '%s'", (int)l->n, l->s, want);
}

#define HEAD "{\"time\":\"2026-11-24T10:11:12.123456Z\",\"service\":\"web\",\"instance\":0,\"stream\":\"stderr\",\"pid\":12,"
#define WALL 1795515072123456

Test(logline, text_is_handed_out_as_it_is_with_the_time_of_its_file)
{
	struct logline l;

	cr_assert_eq(feed("hello", &l), LOGJOIN_LINE);
	is(&l, "hello");
	cr_expect_eq(l.wall, 42);
	cr_expect_eq(l.stream, LOGLINE_UNKNOWN);
	cr_assert_eq(feed("", &l), LOGJOIN_LINE);
	is(&l, "");
}

Test(logline, an_object_is_its_message_its_time_and_its_stream)
{
	struct logline l;

	cr_assert_eq(feed(HEAD "\"message\":\"say \\\"hi\\\"\"}", &l), LOGJOIN_LINE);
	is(&l, "say \"hi\"");
	cr_expect_eq(l.wall, WALL);
	cr_expect(l.timed);
	cr_expect_eq(l.stream, LOGLINE_ERR);
}

Test(logline, raw_it_stays_as_it_stands_in_the_file)
{
	struct logline l;

	j.raw = true;
	cr_assert_eq(feed(HEAD "\"message\":\"x\",\"partial\":true}", &l), LOGJOIN_LINE);
	is(&l, HEAD "\"message\":\"x\",\"partial\":true}");
	cr_expect_eq(l.wall, WALL);
	cr_expect_eq(l.stream, LOGLINE_ERR);
}

Test(logline, what_only_looks_like_an_object_is_text)
{
	static const char *const texts[] = {
		"{\"time\":\"soon\",\"message\":\"x\"}",
		"{\"time\":\"2026-11-24T10:11:12Z\",\"text\":\"x\"}",
		"{\"time\":\"2026-11-24T10:11:12Z\",\"message\":7}",
		"{\"time\":\"2026-11-24T10:11:12Z\",\"message\":\"x\"",
		"{\"time\":\"2026-11-24T10:11:12Z\",\"message\":\"x\"}}",
		"{\"time\":7,\"message\":\"x\"}",
		"{\"level\":\"info\",\"message\":\"x\"}", /* a service's own */
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct logline l;
		cr_assert_eq(feed(texts[i], &l), LOGJOIN_LINE);
		is(&l, texts[i]);
		cr_expect_eq(l.wall, 42);
	}
}

Test(logline, parts_are_joined)
{
	struct logline l;

	cr_assert_eq(feed(HEAD "\"message\":\"one \",\"partial\":true}", &l), LOGJOIN_MORE);
	cr_assert_eq(feed(HEAD "\"message\":\"two \",\"partial\":true}", &l), LOGJOIN_MORE);
	cr_assert_eq(feed(HEAD "\"message\":\"three\"}", &l), LOGJOIN_LINE);
	is(&l, "one two three");
	cr_expect_eq(l.stream, LOGLINE_ERR);
	cr_assert_eq(feed(HEAD "\"message\":\"four\"}", &l), LOGJOIN_LINE);
	is(&l, "four");
	cr_expect_not(logjoin_end(&j, &l));
}

Test(logline, a_begun_line_ends_where_another_process_another_stream_or_text_comes)
{
	static const char *const others[] = {
		"{\"time\":\"2026-11-24T10:11:13Z\",\"instance\":0,\"stream\":\"stderr\",\"pid\":13,\"message\":\"x\"}",
		"{\"time\":\"2026-11-24T10:11:13Z\",\"instance\":1,\"stream\":\"stderr\",\"pid\":12,\"message\":\"x\"}",
		"{\"time\":\"2026-11-24T10:11:13Z\",\"instance\":0,\"stream\":\"stdout\",\"pid\":12,\"message\":\"x\"}",
		"x",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct logline l;
		cr_assert_eq(feed(HEAD "\"message\":\"begun\",\"partial\":true}", &l), LOGJOIN_MORE);
		cr_assert_eq(feed(others[i], &l), LOGJOIN_AGAIN, "%zu", i);
		is(&l, "begun");
		cr_assert_eq(feed(others[i], &l), LOGJOIN_LINE);
		is(&l, "x");
	}
}

Test(logline, the_end_hands_out_what_is_begun_once)
{
	struct logline l;

	cr_assert_eq(feed(HEAD "\"message\":\"\",\"partial\":true}", &l), LOGJOIN_MORE);
	cr_assert(logjoin_end(&j, &l));
	is(&l, "");
	cr_assert_not(logjoin_end(&j, &l));
}

Test(logline, a_line_without_an_end_is_cut_at_its_limit)
{
	char *part = malloc(70000), *object = malloc(80000);
	struct logline l;
	int r = LOGJOIN_MORE;

	memset(part, 'x', 65536);
	part[65536] = 0;
	(void)snprintf(object, 80000, HEAD "\"message\":\"%s\",\"partial\":true}", part);
	for (int i = 0; i < 100 && r == LOGJOIN_MORE; i++)
		r = feed(object, &l);
	cr_assert_eq(r, LOGJOIN_AGAIN);
	cr_assert_eq(l.n, LINES_MAX);
	free(part);
	free(object);
}

/* As logd writes it, for every byte there is. */
Test(logline, the_exact_bytes_come_back_whatever_they_are)
{
	char text[512], buf[LINE_JSON_MAX(512)];
	struct line in = { .service = "web", .pid = 12, .time = WALL, .text = text };
	struct logline l;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i < 256 ? i : 511 - i);
	for (in.n = 0; in.n <= sizeof(text); in.n++) {
		size_t n = line_json(&in, buf, sizeof(buf));
		cr_assert_gt(n, 0);
		cr_assert_eq(logjoin_feed(&j, buf, n, 42, true, &l), LOGJOIN_LINE);
		cr_assert(l.n == in.n && memcmp(l.s, text, l.n) == 0, "%zu bytes", in.n);
		cr_assert_eq(l.wall, WALL);
		cr_assert_eq(l.stream, LOGLINE_OUT);
	}
}
