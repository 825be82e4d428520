#include "model/expand.h"

#include "base/banned.h"

#include <criterion/criterion.h>
#include <errno.h>

static char *const env[] = { (char *)"A=1", (char *)"EMPTY=", (char *)"S=a b", (char *)"Q=\"'\\$x", (char *)"AB=ab", NULL };

static void gives(const char *value, enum expand_mode mode, const char *expected)
{
	char *fault = NULL;
	char *got = NULL;

	cr_assert_eq(expand(value, mode, env, 1000, &got, &fault), 0, "%s: %s", value, fault ? fault : "");
	cr_expect_str_eq(got, expected, "%s -> %s", value, got);
	free(got);
}

static void refuses(const char *value, const char *part)
{
	char *fault = NULL;
	char *got = NULL;

	cr_assert_eq(expand(value, EXPAND_TEXT, env, 1000, &got, &fault), -EINVAL, "%s", value);
	cr_expect_null(got);
	cr_expect(strstr(fault, part) != NULL, "%s: %s", value, fault);
	free(fault);
}

Test(expand, a_variable_or_its_default)
{
	gives("", EXPAND_TEXT, "");
	gives("x${A}y${AB}", EXPAND_TEXT, "x1yab");
	gives("${NONE:-d e}", EXPAND_TEXT, "d e");
	gives("${EMPTY:-d}", EXPAND_TEXT, "d");
	gives("${EMPTY}", EXPAND_TEXT, "");
	gives("${NONE:-}", EXPAND_TEXT, "");
	gives("${NONE:-${A}-${NONE:-{\\}}}", EXPAND_TEXT, "1-{\\}");
	gives("${A:-${NONE}}", EXPAND_TEXT, "1");
}

Test(expand, a_dollar_elsewhere_is_itself)
{
	gives("$", EXPAND_TEXT, "$");
	gives("$A $(x) $1", EXPAND_TEXT, "$A $(x) $1");
	gives("$${A} $$$$", EXPAND_TEXT, "${A} $$");
	gives("}{", EXPAND_TEXT, "}{");
}

Test(expand, among_words_quotes_decide)
{
	gives("${S} \"${S}\" '${S}'", EXPAND_WORDS, "a b \"a b\" '${S}'");
	gives("${Q}", EXPAND_WORDS, "\\\"\\'\\\\$x");
	gives("\"${Q}\"", EXPAND_WORDS, "\"\\\"'\\\\\\$x\"");
	gives("\\${A} '$$' \"it's ${A}\"", EXPAND_WORDS, "\\${A} '$$' \"it's 1\"");
}

Test(expand, faults_say_what_is_allowed)
{
	refuses("${NONE}", "the variable NONE is not set (give a default: ${NONE:-...})");
	refuses("${A", "${ without its }");
	refuses("${}", "names no variable");
	refuses("${1A}", "names no variable");
	refuses("${A-x}", "is not known (allowed: ${NAME} and ${NAME:-default})");
	refuses("${A:x}", "is not known");
	refuses("${NONE:-${NONE2}}", "NONE2 is not set");
}

Test(expand, growth_and_depth_are_bounded)
{
	char deep[200] = "x";
	char *fault = NULL;
	char *got = NULL;

	for (size_t n = 0; n < 10; n++) {
		memmove(deep + 5, deep, strlen(deep) + 1);
		memcpy(deep, "${N:-", 5);
		memcpy(deep + strlen(deep), "}", 2);
	}
	refuses(deep, "more than 8 deep");
	cr_expect_eq(expand("${S}${S}", EXPAND_TEXT, env, 5, &got, &fault), -EINVAL);
	cr_expect_str_eq(fault, "longer than 5 bytes once its variables are filled in");
	free(fault);
	cr_expect_eq(expand("${S}${S}", EXPAND_TEXT, env, 6, &got, &fault), 0);
	free(got);
}
