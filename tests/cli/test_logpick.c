#include "tools/cli/logpick.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static struct logpick pick = { .until = USEC_NEVER, .out = true, .err = true };

static bool takes(const char *s, size_t n, usec_t wall, enum logline_stream stream)
{
	struct logline l = { .s = s, .n = n, .wall = wall, .timed = true, .stream = stream };

	return logpick_takes(&pick, &l);
}

static bool text(const char *s)
{
	return takes(s, strlen(s), 100, LOGLINE_UNKNOWN);
}

Test(logpick, without_wishes_all_is_taken)
{
	cr_expect(text(""));
	cr_expect(takes("x", 1, 0, LOGLINE_ERR));
	cr_expect_not(logpick_by_time(&pick));
}

Test(logpick, both_ends_of_a_span_belong_to_it)
{
	pick.since = 100;
	cr_expect(logpick_by_time(&pick));
	pick.until = 200;
	cr_expect_not(takes("x", 1, 99, LOGLINE_OUT));
	cr_expect(takes("x", 1, 100, LOGLINE_OUT));
	cr_expect(takes("x", 1, 200, LOGLINE_OUT));
	cr_expect_not(takes("x", 1, 201, LOGLINE_OUT));
}

Test(logpick, a_stream_that_is_not_known_passes)
{
	pick.out = false;
	cr_expect_not(takes("x", 1, 0, LOGLINE_OUT));
	cr_expect(takes("x", 1, 0, LOGLINE_ERR));
	cr_expect(takes("x", 1, 0, LOGLINE_UNKNOWN));
}

static void grep(const char *pattern, bool ignore_case)
{
	char buf[256];
	struct text fault = TEXT_INIT(buf);

	cr_assert_eq(logpick_regex(pattern, ignore_case, &pick.grep, &fault), 0, "%s", buf);
	pick.has_grep = true;
}

Test(logpick, lines_are_matched_whole_whatever_bytes_they_hold)
{
	grep("^a.*z$", false);
	cr_expect(text("az"));
	cr_expect(text("a z"));
	cr_expect_not(text("A z"));
	cr_expect_not(text("a z "));
	cr_expect(takes("azx", 2, 0, LOGLINE_OUT), "no byte behind the line is looked at");
	logpick_done(&pick);
	grep("z$", false);
	cr_expect(takes("a\0z", 3, 0, LOGLINE_OUT), "a zero byte ends nothing");
	logpick_done(&pick);
	grep("ERR(OR)?", true);
	cr_expect(text("an error"));
	cr_expect_not(text("an er"));
	logpick_done(&pick);
	logpick_done(&pick);
}

Test(logpick, what_is_wrong_with_an_expression_is_told)
{
	static const char *const wrong[] = { "(", "[a", "a{2,1}", "\\" };
	char buf[512];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct text fault = TEXT_INIT(buf);
		regex_t r;
		cr_assert_eq(logpick_regex(wrong[i], false, &r, &fault), -EINVAL, "%s", wrong[i]);
		cr_expect(strstr(buf, wrong[i]) && strstr(buf, "allowed"), "%s", buf);
	}
}
