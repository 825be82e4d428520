#include "tools/cli/options.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static const struct cli_option own[] = {
	{ "name", NULL, 'n', "NAME", NULL, NULL, "" },
	{ "interpreter-args", "node-args nodeArgs", 0, "ARGS", NULL, NULL, "" },
	{ "watch", NULL, 'w', "[PATHS]", "watch", "yes", "" },
	{ "force", NULL, 'f', NULL, NULL, NULL, "" },
	{ 0 },
};
static const struct cli_option common[] = { { "json", NULL, 0, NULL, NULL, NULL, "" }, { "silent", NULL, 's', NULL, NULL, NULL, "" }, { 0 } };
static const struct cli_option *const tables[] = { own, common, NULL };

static char fault[256];

static int parse(struct options *o, const char *const *argv)
{
	size_t n = 0;
	struct text t;

	while (argv[n])
		n++;
	text_init(&t, fault, sizeof(fault));
	return options_parse(tables, n, (char *const *)argv, &t, o);
}

#define PARSE(o, ...) parse(o, (const char *const[]){ __VA_ARGS__, NULL })

static void refused(const char *says, const char *const *argv)
{
	struct options o = { .nwords = 77 };

	cr_assert_eq(parse(&o, argv), -EINVAL, "taken: %s", argv[0]);
	cr_assert(strstr(fault, says), "%s: '%s', not '%s'", argv[0], fault, says);
	cr_assert_eq(o.nwords, 77, "untouched on failure");
}

#define REFUSED(says, ...) refused(says, (const char *const[]){ __VA_ARGS__, NULL })

Test(options, words_and_options_may_be_mixed)
{
	struct options o;
	cr_assert_eq(PARSE(&o, "app.js", "--name", "web", "two", "-f", "three"), 0);
	cr_assert_eq(o.nwords, 3);
	cr_assert_str_eq(o.words[0], "app.js");
	cr_assert_str_eq(o.words[2], "three");
	cr_assert_str_eq(options_get(&o, "name"), "web");
	cr_assert(options_has(&o, "force") && !options_has(&o, "json"));
	cr_assert_null(options_get(&o, "json"));
	cr_assert(!o.has_rest);
	options_done(&o);
}

Test(options, a_value_stands_behind_an_equals_sign_a_blank_or_a_letter)
{
	static const char *const ways[][3] = { { "--name=web" }, { "--name", "web" }, { "-n", "web" }, { "-nweb" }, { "-fnweb" }, { "-fn", "web" } };
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct options o;
		cr_assert_eq(parse(&o, ways[i]), 0, "%s: %s", ways[i][0], fault);
		cr_assert_str_eq(options_get(&o, "name"), "web", "%s", ways[i][0]);
		cr_assert_eq(o.nwords, 0);
		options_done(&o);
	}
}

Test(options, a_value_may_look_like_an_option_or_be_empty)
{
	struct options o;
	cr_assert_eq(PARSE(&o, "--node-args", "--max-old-space-size=64", "--name=", "-n", "-x"), 0);
	cr_assert_str_eq(options_get(&o, "interpreter-args"), "--max-old-space-size=64");
	cr_assert_str_eq(options_get(&o, "name"), "-x"); /* the last one counts */
	options_done(&o);
	cr_assert_eq(PARSE(&o, "--name=a=b"), 0);
	cr_assert_str_eq(options_get(&o, "name"), "a=b");
	options_done(&o);
}

Test(options, an_optional_value_is_only_taken_behind_an_equals_sign)
{
	struct options o;
	cr_assert_eq(PARSE(&o, "--watch", "app.js"), 0);
	cr_assert_str_eq(options_get(&o, "watch"), "");
	cr_assert_str_eq(o.words[0], "app.js");
	options_done(&o);
	cr_assert_eq(PARSE(&o, "--watch=src"), 0);
	cr_assert_str_eq(options_get(&o, "watch"), "src");
	options_done(&o);
	cr_assert_eq(PARSE(&o, "-w", "app.js"), 0);
	cr_assert_eq(o.nwords, 1);
	options_done(&o);
}

Test(options, what_stands_behind_two_dashes_is_not_looked_at)
{
	static const char *const argv[] = { "-f", "a", "--", "--bogus", "--", "-n", NULL }; /* `rest` borrows from it */
	struct options o;
	cr_assert_eq(parse(&o, argv), 0);
	cr_assert(o.has_rest);
	cr_assert_eq(o.nrest, 3);
	cr_assert_str_eq(o.rest[0], "--bogus");
	cr_assert_str_eq(o.rest[1], "--");
	cr_assert_str_eq(o.rest[2], "-n");
	cr_assert_eq(o.nwords, 1);
	options_done(&o);
	cr_assert_eq(PARSE(&o, "a", "--"), 0);
	cr_assert(o.has_rest && o.nrest == 0);
	options_done(&o);
}

Test(options, other_spellings_are_the_same_option)
{
	static const char *const ways[] = { "--interpreter-args=x", "--node-args=x", "--nodeArgs=x" };
	for (int i = 0; i < 3; i++) {
		struct options o;
		cr_assert_eq(PARSE(&o, ways[i]), 0);
		cr_assert_str_eq(options_get(&o, "interpreter-args"), "x");
		options_done(&o);
	}
	REFUSED("unknown option '--node-arg'", "--node-arg=x");
	REFUSED("unknown option '--node-args nodeArgs'", "--node-args nodeArgs=x");
}

Test(options, faults_are_whole_sentences_with_the_nearest_name)
{
	REFUSED("unknown option '--nmae' (did you mean '--name'?)", "--nmae", "web");
	REFUSED("unknown option '--jsn' (did you mean '--json'?)", "--jsn");
	REFUSED("unknown option '-x'", "-x");
	REFUSED("unknown option '-fx'", "-fx");
	REFUSED("option '--name' needs a value: --name NAME", "--name");
	REFUSED("option '-n' needs a value: -n NAME", "-n");
	REFUSED("option '--force' takes no value", "--force=yes");
	REFUSED("unknown option '--'", "--=x");
}

Test(options, a_lone_dash_and_an_empty_word_are_words)
{
	struct options o;
	cr_assert_eq(PARSE(&o, "-", ""), 0);
	cr_assert_eq(o.nwords, 2);
	cr_assert_str_eq(o.words[0], "-");
	cr_assert_str_eq(o.words[1], "");
	options_done(&o);
}

Test(options, a_very_long_name_is_unknown_and_its_control_bytes_are_escaped)
{
	char name[600] = "--";
	memset(name + 2, 'n', sizeof(name) - 3);
	name[sizeof(name) - 1] = 0;
	REFUSED("unknown option '--nnn", name);
	/* A name that begins as a known one is not that one. */
	char force[200] = "--force";
	memset(force + 7, 'e', 120);
	REFUSED("unknown option", force);
	REFUSED("\\x1b", "--\033[31m");
	REFUSED("\\x07", "-\007");
}

Test(options, many_letters_in_one_word_all_count)
{
	struct options o;
	cr_assert_eq(PARSE(&o, "-ffffffffffffffffffffffffffs", "-sf", "-f"), 0);
	cr_assert_eq(o.ngiven, 27 + 2 + 1);
	cr_assert(options_has(&o, "silent"));
	options_done(&o);
}

Test(options, done_leaves_it_empty)
{
	struct options o;
	cr_assert_eq(PARSE(&o, "a", "-f"), 0);
	options_done(&o);
	cr_assert(!o.given && !o.words && o.nwords == 0 && !options_has(&o, "force"));
	options_done(&o);
}

Test(options, a_word_is_found_in_a_list_only_as_a_whole)
{
	cr_assert(word_in_list("list ls l", "ls") && word_in_list("list ls l", "l") && word_in_list("list", "list"));
	cr_assert(!word_in_list("list ls", "lis") && !word_in_list("list ls", "s") && !word_in_list("list ls", "list ls"));
	cr_assert(!word_in_list("", "x") && !word_in_list(NULL, "x") && !word_in_list("list", ""));
}
