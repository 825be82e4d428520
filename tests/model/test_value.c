#include "model/textfile.h"
#include "model/value.h"

#include "base/banned.h"

#include <criterion/criterion.h>
#include <errno.h>

static void path_is(const char *base, const char *path, const char *expected)
{
	char *got = value_path(base, path);

	cr_expect_str_eq(got, expected, "%s + %s = %s", base, path, got);
	free(got);
}

Test(value, paths_are_beside_the_file)
{
	path_is("/a", "b", "/a/b");
	path_is("/a", "/b", "/b");
	path_is("/", "b", "/b");
	path_is("/a", "./b", "/a/b");
	path_is("/a", ".//./b/./c", "/a/b/./c");
	path_is("/a", ".", "/a");
	path_is("/a", "../b", "/a/../b");
	path_is("/a", ".b", "/a/.b");
}

Test(value, one_pair_of_quotes_is_taken_off)
{
	static const char *const pairs[][2] = {
		{ "\"a\"", "a" }, { "'a b'", "a b" }, { "\"\"", "" }, { "\"a\" \"b\"", "\"a\" \"b\"" }, { "'a", "'a" },
		{ "'", "'" }, { "\"a\\\"", "\"a\\\"" }, { "\"a\\\"b\"", "a\\\"b" }, { "'\"a\"'", "\"a\"" }, { "", "" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		char *s = strdup(pairs[i][0]);

		value_unquote(s);
		cr_expect_str_eq(s, pairs[i][1]);
		free(s);
	}
}

Test(value, an_open_quote_is_no_list)
{
	struct strv v = { 0 };

	cr_expect_eq(value_list(&v, "a, 'b"), -EINVAL);
	cr_expect_eq(v.n, 0);
	cr_expect_eq(value_list(&v, " , ,, "), 0);
	cr_expect_eq(v.n, 0);
	strv_done(&v);
}

Test(value, folders_of_paths)
{
	static const char *const pairs[][2] = { { "/a/b", "/a" }, { "/a", "/" }, { "/", "/" }, { "a", "." } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		char *got = value_dirname(pairs[i][0]);

		cr_expect_str_eq(got, pairs[i][1]);
		free(got);
	}
}

Test(value, all_of_utf8_and_nothing_else_is_text)
{
	static const char *const good[] = { "", "\t a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xef\xbf\xbf",
					    "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
					   "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x01", "\x7f", "\xe2\x82" };
	const char *what = NULL;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		cr_expect_eq(textfile_check(good[i], strlen(good[i]), &what), strlen(good[i]), "%zu", i);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_expect_eq(textfile_check(bad[i], strlen(bad[i]), &what), 0, "%zu", i);
	cr_expect_eq(textfile_check("a\0", 2, &what), 1);
	cr_expect_str_eq(what, "a NUL byte");
}
