#include "tests/fakes/keep.h"
#include "tools/cli/logshow.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *tamed(const char *s, size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	logshow_tame(f, s, n);
	(void)fclose(f);
	return keep(text);
}

static char *line(struct logshow how, const char *name, bool err, const char *s, size_t n)
{
	char *text = NULL;
	size_t size;
	how.f = open_memstream(&text, &size);
	struct logshow_source source = { .name = (char *)name, .id = 7, .err = err, .how = &how };
	struct logline l = { .s = s, .n = n, .wall = 1795515072123456, .timed = true };

	logshow_line(&source, &l);
	(void)fclose(how.f);
	return keep(text);
}

Test(logshow, text_tabs_colours_and_utf8_pass)
{
	static const char *const texts[] = { "", "plain", "a\tb", "\033[31mred\033[0m", "\033[1;38;5;200mx\033[m", "größe \xe2\x9c\x93",
					     "\033[38:2::1:2:3mx" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		cr_assert_str_eq(tamed(texts[i], strlen(texts[i])), texts[i]);
}

Test(logshow, whatever_else_would_drive_a_terminal_is_escaped)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "\033]0;title\007", "\\x1b]0;title\\x07" },
		{ "\033[2J", "\\x1b[2J" },
		{ "\033[31", "\\x1b[31" },
		{ "\033", "\\x1b" },
		{ "\033[", "\\x1b[" },
		{ "a\bb", "a\\x08b" },
		{ "50%\r60%", "50%\\x0d60%" },
		{ "windows\r", "windows" },
		{ "\x7f", "\\x7f" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xc2\x9b" "31m", "\\xc2\\x9b" "31m" }, /* CSI as one character of C1 */
		{ "\033[31m\033]x", "\033[31m\\x1b]x" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_assert_str_eq(tamed(cases[i].in, strlen(cases[i].in)), cases[i].out, "case %zu: %s", i,
				 tamed(cases[i].in, strlen(cases[i].in)));
}

Test(logshow, zero_bytes_are_escaped_and_end_nothing)
{
	cr_assert_str_eq(tamed("a\0b", 3), "a\\x00b");
}

Test(logshow, only_the_bytes_given_are_looked_at)
{
	cr_assert_str_eq(tamed("\033[31mred", 4), "\\x1b[31");
	cr_assert_str_eq(tamed("abcdef", 3), "abc");
}

Test(logshow, names_are_padded_to_the_longest)
{
	struct logshow how = { .format = LOGSHOW_PREFIX, .width = 8 };
	cr_assert_str_eq(line(how, "web", false, "hello", 5), "7|web    | hello\n");
	cr_assert_str_eq(line(how, "longer", false, "hello", 5), "7|longer | hello\n");
	cr_assert_str_eq(line(how, "much-longer", false, "hello", 5), "7|much-longer | hello\n");
	cr_assert_str_eq(line(how, "größe", false, "hello", 5), "7|größe  | hello\n");
}

Test(logshow, each_service_has_its_colour_and_standard_error_a_red_bar)
{
	struct logshow how = { .format = LOGSHOW_PREFIX, .width = 5, .color = true, .terminal = true };
	cr_assert_str_eq(line(how, "web", true, "no", 2), "\033[93m7|web \033[31m| \033[0mno\n");
	cr_assert_str_eq(line(how, "web", false, "yes", 3), "\033[93m7|web | \033[0myes\n");
}

static char *marked(const char *pattern, const char *s)
{
	struct logshow how = { .format = LOGSHOW_PREFIX, .width = 5, .color = true, .terminal = true };
	static regex_t r;

	cr_assert_eq(regcomp(&r, pattern, REG_EXTENDED), 0);
	how.highlight = &r;
	char *text = strstr(line(how, "web", false, s, strlen(s)), "\033[0m") + 4;
	regfree(&r);
	return text;
}

Test(logshow, what_matches_is_marked_between_the_colours_of_the_line)
{
	cr_assert_str_eq(marked("o+", "foo bar oz"), "f\033[7moo\033[27m bar \033[7mo\033[27mz\n");
	cr_assert_str_eq(marked("^a", "aa"), "\033[7ma\033[27ma\n");
	cr_assert_str_eq(marked("x*", "bar"), "bar\n");
	cr_assert_str_eq(marked("1", "\033[31m1\033[0m"), "\033[31m\033[7m1\033[27m\033[0m\n");
	cr_assert_str_eq(marked("^a", "\033[31ma"), "\033[31ma\n", "it doesn't begin there");
	cr_assert_str_eq(marked("b", "\007b"), "\\x07\033[7mb\033[27m\n");
}

Test(logshow, without_colours_nothing_is_marked)
{
	struct logshow how = { .format = LOGSHOW_PREFIX, .width = 5 };
	regex_t r;

	cr_assert_eq(regcomp(&r, "o", REG_EXTENDED), 0);
	how.highlight = &r;
	cr_assert_str_eq(line(how, "web", false, "foo", 3), "7|web | foo\n");
	regfree(&r);
}

Test(logshow, the_time_stands_in_front_when_it_is_known)
{
	struct logshow how = { .format = LOGSHOW_PREFIX, .width = 5 };
	setenv("TZ", "UTC", 1);
	tzset();
	cr_assert_eq(stamp_compile("YYYY-MM-DDTHH:mm:ss", how.stamp, sizeof(how.stamp)), 0);
	cr_assert_str_eq(line(how, "web", false, "x", 1), "7|web | 2026-11-24T10:11:12: x\n");
	char *text = NULL;
	size_t size;
	how.f = open_memstream(&text, &size);
	struct logshow_source source = { .name = (char *)"web", .id = 7, .how = &how };
	struct logline l = { .s = "x", .n = 1, .wall = 1795515072000000, .stream = LOGLINE_ERR };
	logshow_line(&source, &l);
	how.format = LOGSHOW_JSON;
	logshow_line(&source, &l);
	(void)fclose(how.f);
	cr_assert_str_eq(keep(text), "7|web | ?: x\n{\"message\":\"x\",\"timestamp\":null,\"type\":\"err\",\"process_id\":7,"
				     "\"app_name\":\"web\"}\n");
}

Test(logshow, a_terminal_gets_tamed_lines_and_a_pipe_the_bytes)
{
	struct logshow how = { .format = LOGSHOW_PREFIX, .width = 5, .terminal = true };
	cr_assert_str_eq(line(how, "web", false, "\007", 1), "7|web | \\x07\n");
	how.terminal = false;
	cr_assert_str_eq(line(how, "web", false, "\007", 1), "7|web | \007\n");
}

Test(logshow, raw_is_the_line_alone)
{
	struct logshow how = { .format = LOGSHOW_RAW, .width = 5 };
	cr_assert_str_eq(line(how, "web", false, "a b", 3), "a b\n");
}

Test(logshow, json_is_one_object_a_line_whatever_the_bytes)
{
	static const struct {
		const char *in;
		size_t n;
	} cases[] = { { "hello", 5 }, { "", 0 }, { "\"quoted\" \\ \n", 12 }, { "\xff\xfe", 2 }, { "a\0b", 3 }, { "\033[31m", 5 } };
	struct logshow how = { .format = LOGSHOW_JSON };
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = line(how, "web", i % 2, cases[i].in, cases[i].n);
		char *newline = strchr(text, '\n');
		cr_assert(newline && !newline[1], "case %zu: one line: %s", i, text);
		json_t *j = json_loads(text, JSON_ALLOW_NUL, NULL);
		cr_assert_not_null(j, "case %zu: %s", i, text);
		cr_assert_str_eq(json_string_value(json_object_get(j, "type")), i % 2 ? "err" : "out");
		cr_assert_eq(json_integer_value(json_object_get(j, "process_id")), 7);
		cr_assert_str_eq(json_string_value(json_object_get(j, "app_name")), "web");
		cr_assert_str_eq(json_string_value(json_object_get(j, "timestamp")), "2026-11-24T10:11:12.123Z");
		const char *message = json_string_value(json_object_get(j, "message"));
		size_t n = json_string_length(json_object_get(j, "message"));
		if (i == 3)
			cr_assert_str_eq(message, "\\xff\\xfe");
		else
			cr_assert(n == cases[i].n && memcmp(message, cases[i].in, n) == 0, "case %zu: %s", i, text);
		json_decref(j);
	}
}
