#include "base/strv.h"

#include "base/own.h"

#include <criterion/criterion.h>
#include <errno.h>

static void strings_are(const struct strv *s, size_t n, const char *const *expected)
{
	cr_assert_eq(s->n, n, "%zu strings", s->n);
	for (size_t i = 0; i < n; i++)
		cr_expect_str_eq(s->v[i], expected[i]);
	if (s->v)
		cr_expect_null(s->v[n]);
}

#define HAS(s, ...)                                                                                                    \
	strings_are((s), sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), (const char *[]){ __VA_ARGS__ })

Test(strv, it_grows_and_always_ends_with_null)
{
	struct strv s = { 0 };

	for (size_t i = 0; i < 300; i++) {
		cr_assert_eq(strv_addf(&s, "%zu", i), 0);
		cr_assert_eq(s.n, i + 1);
		cr_assert_null(s.v[s.n]);
	}
	cr_expect_str_eq(s.v[0], "0");
	cr_expect_str_eq(s.v[299], "299");
	strv_done(&s);
	cr_expect_null(s.v);
	cr_expect_eq(s.n, 0);
	strv_done(&s);
	cr_expect_eq(strv_take(&s, NULL), -ENOMEM, "a string that could not be made");
}

Test(strv, a_copy_is_its_own)
{
	struct strv a = { 0 }, b = { 0 }, none = { 0 };

	cr_assert_eq(strv_from(&a, (char *[]){ "x", "", "z", NULL }), 0);
	cr_assert_eq(strv_copy(&b, &a), 0);
	cr_expect(strv_equal(&a, &b));
	cr_expect_neq(a.v[0], b.v[0]);
	a.v[0][0] = 'y';
	cr_expect(!strv_equal(&a, &b));
	HAS(&b, "x", "", "z");
	cr_expect(strv_has(&b, ""));
	cr_expect(!strv_has(&b, "xx"));
	cr_assert_eq(strv_from(&none, NULL), 0);
	cr_expect_eq(none.n, 0);
	cr_expect(!strv_equal(&none, &b));
	cr_expect(strv_equal(&none, &(struct strv){ 0 }));
	strv_done(&a);
	strv_done(&b);
}

Test(strv, an_environment_has_each_name_once)
{
	struct strv s = { 0 };

	cr_assert_eq(strv_env_set(&s, "PATH", "/bin"), 0);
	cr_assert_eq(strv_env_set(&s, "PATHS", "x"), 0);
	cr_assert_eq(strv_env_set(&s, "A", "b=c"), 0);
	cr_assert_eq(strv_env_set(&s, "PATH", "/usr/bin"), 0);
	HAS(&s, "PATH=/usr/bin", "PATHS=x", "A=b=c");
	cr_expect_str_eq(strv_env_get(&s, "PATH"), "/usr/bin");
	cr_expect_str_eq(strv_env_get(&s, "A"), "b=c");
	cr_expect_null(strv_env_get(&s, "PAT"));
	cr_assert_eq(strv_add(&s, "PATH=twice"), 0);
	strv_env_unset(&s, "PATH");
	HAS(&s, "PATHS=x", "A=b=c");
	strv_env_unset(&s, "none");
	strv_env_unset(&s, "PATHS");
	strv_env_unset(&s, "A");
	cr_expect_eq(s.n, 0);
	cr_expect_null(s.v[0]);
	cr_assert_eq(strv_env_set(&s, "B", ""), 0, "and it can grow again");
	HAS(&s, "B=");
	strv_done(&s);
}

static void words_are(const char *line, size_t n, const char *const *expected)
{
	struct strv s = { 0 };

	cr_expect_eq(strv_add_words(&s, line), 0, "%s", line);
	strings_are(&s, n, expected);
	strv_done(&s);
}

#define WORDS(line, ...)                                                                                               \
	words_are((line), sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), (const char *[]){ __VA_ARGS__ })

Test(strv, words_are_parted_as_a_shell_parts_them)
{
	WORDS("node server.js", "node", "server.js");
	WORDS("  a \t b\r\nc ", "a", "b", "c");
	WORDS("'a b' \"c d\"", "a b", "c d");
	WORDS("a'b c'd\"e f\"g", "ab cde fg");
	WORDS("'' \"\" x", "", "", "x");
	WORDS("'\"' \"'\"", "\"", "'");
	WORDS("a\\ b \\'c \\\\", "a b", "'c", "\\");
	WORDS("'a\\' b", "a\\", "b");
	WORDS("\"\\\"\\\\\\$\\`\\n\"", "\"\\$`\\n");
	WORDS("$HOME *.c ~ > a|b;c&#d", "$HOME", "*.c", "~", ">", "a|b;c&#d");
	words_are("", 0, NULL);
	words_are(" \t\n", 0, NULL);
}

Test(strv, what_is_not_closed_is_refused_and_leaves_all_as_it_was)
{
	static const char *const bad[] = { "a 'b", "a \"b", "a \"b'", "a b\\", "a \"b\\", "'" };
	struct strv s = { 0 };

	cr_expect_eq(strv_add_words(&s, "'x"), -EINVAL);
	cr_expect_eq(s.n, 0);
	cr_assert_eq(strv_add(&s, "first"), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cr_expect_eq(strv_add_words(&s, bad[i]), -EINVAL, "%s", bad[i]);
		HAS(&s, "first");
	}
	cr_expect_eq(strv_add_words(&s, "and more"), 0);
	HAS(&s, "first", "and", "more");
	strv_done(&s);
}

Test(strv, joined_words_are_parted_back_to_what_they_were)
{
	static char *const lists[][5] = {
		{ "node", "server.js", "--port=80" },
		{ "a b", "", "it's", "''" },
		{ "\"", "\\", "a\nb", "$x" },
		{ "*", "~", "#", ";" },
		{ "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct strv s = { 0 }, back = { 0 };

		cr_assert_eq(strv_from(&s, lists[i]), 0);
		cleanup_free char *line = strv_join_quoted(&s);
		cr_assert_not_null(line);
		cr_expect_eq(strv_add_words(&back, line), 0, "%s", line);
		cr_expect(strv_equal(&s, &back), "%s", line);
		strv_done(&s);
		strv_done(&back);
	}
	struct strv s = { 0 };
	cleanup_free char *none = strv_join_quoted(&s);
	cr_expect_str_eq(none, "");
	cr_assert_eq(strv_from(&s, (char *[]){ "sh", "-c", "it's $HOME", NULL }), 0);
	cleanup_free char *line = strv_join_quoted(&s);
	cr_expect_str_eq(line, "sh -c 'it'\\''s $HOME'");
	strv_done(&s);
}
