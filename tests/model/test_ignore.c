#include "model/ignore.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct ignore ig;
static struct strv given;

static void with(const char *words)
{
	strv_done(&given);
	ignore_done(&ig);
	cr_assert_eq(strv_add_words(&given, words), 0);
	cr_assert_eq(ignore_init(&ig, &given, "/srv/app"), 0);
}

static void done(void)
{
	strv_done(&given);
	ignore_done(&ig);
}

TestSuite(ignore, .fini = done);

/* Of /srv/app/src, which is what is watched. */
static bool file(const char *rel)
{
	char path[256];
	snprintf(path, sizeof(path), "/srv/app/src/%s", rel);
	return ignore_has(&ig, "/srv/app/src", path, false);
}

static bool is_folder(const char *rel)
{
	char path[256];
	snprintf(path, sizeof(path), "/srv/app/src/%s", rel);
	return ignore_has(&ig, "/srv/app/src", path, true);
}

Test(ignore, what_a_developer_does_not_write_is_ignored)
{
	static const char *const folders[] = { "node_modules", "a/b/node_modules", ".git", ".hg", ".svn", ".venv", "__pycache__", "logs" };
	static const char *const files[] = { ".env",	 ".DS_Store",  ".a.js.swp", "a.swp", "a.swo",	 "a.js~",   ".#a.js", "#a.js#", "4913",
					     "a.tmp",	 "a.tmp.1234", "out.log",   "x.pid", "pm1.sock", "mod.pyc", "a.js___jb_tmp___",
					     "out.log.20261124T213000.123Z", "out.log.1.gz" };

	with("");
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		cr_expect(is_folder(folders[i]), "%s", folders[i]);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		cr_expect(file(files[i]), "%s", files[i]);
}

Test(ignore, what_a_developer_writes_is_not)
{
	static const char *const files[] = { "app.js", "a/b/c.py", "dist/x.js", "tmp", "logs", "4913.js", "a#b", "login.js", "catalog", "a.b.c", "pid" };

	with("");
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		cr_expect(!file(files[i]), "%s", files[i]);
	cr_expect(!is_folder("dist"));
	cr_expect(!is_folder("build"));
	cr_expect(!is_folder("log"));
}

Test(ignore, the_given_rules_come_on_top_of_the_built_in_ones)
{
	with("data '*.sqlite*'");
	cr_expect(is_folder("data") && file("data") && is_folder("a/data") && file("x.sqlite-wal"));
	cr_expect(is_folder("node_modules"));
	cr_expect(!file("data.js"));
}

Test(ignore, an_exclamation_mark_takes_a_rule_back_and_the_last_word_counts)
{
	with("!.env");
	cr_expect(!file(".env") && file(".envrc"));
	with("'!*.log' audit.log");
	cr_expect(!file("a.log") && file("audit.log"));
	with("!node_modules");
	cr_expect(!is_folder("node_modules"));
	with("!.env .env");
	cr_expect(file(".env"));
}

Test(ignore, a_slash_binds_a_pattern_to_the_watched_folder_or_cwd)
{
	with("gen/out");
	cr_expect(is_folder("gen/out") && !is_folder("a/gen/out") && !file("out"));
	with("src/gen");
	cr_expect(is_folder("gen"), "/srv/app/src/gen, relative to cwd as PM2 has it");
	with("./gen");
	cr_expect(is_folder("gen"));
	with("/srv/app/src/a /srv/other");
	cr_expect(is_folder("a") && !is_folder("b"));
}

Test(ignore, a_slash_at_the_end_means_folders)
{
	with("gen/ a/b/");
	cr_expect(is_folder("gen") && !file("gen") && is_folder("x/gen"));
	cr_expect(is_folder("a/b") && !file("a/b"));
}

Test(ignore, two_stars_stand_for_any_number_of_folders)
{
	static const struct {
		const char *pattern, *path;
		bool matches;
	} t[] = {
		{ "**/x", "x", true },		{ "**/x", "a/x", true },	{ "**/x", "a/b/x", true },   { "**/x", "a/xx", false },
		{ "a/**", "a/b", true },	{ "a/**", "a/b/c", true },	{ "a/**", "a", false },	     { "a/**", "b/a", false },
		{ "a/**/b", "a/b", true },	{ "a/**/b", "a/x/y/b", true },	{ "a/**/b", "a/b/c", false }, { "**", "a/b", true },
		{ "**/a/**/b/*.js", "x/a/a/y/b/b/q.js", true },			{ "**/a/**/b/*.js", "x/a/y/b/z/q.js", false },
		{ "*/b", "a/b", true },		{ "*/b", "a/c/b", false },	{ "a*", "a/b", false },	     { "a/b", "a", false },
		{ "**/a/a/b", "a/a/a/b", true }, { "", "a", false },		{ "a/?.[ch]", "a/x.c", true },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		cr_expect_eq(ignore_glob(t[i].pattern, t[i].path), t[i].matches, "%s %s", t[i].pattern, t[i].path);
}

Test(ignore, many_stars_end_soon)
{
	char pattern[4096] = "", path[4096] = "";

	for (int i = 0; i < 300; i++)
		strcat(pattern, "**/a/");
	for (int i = 0; i < 1000; i++)
		strcat(path, "a/");
	strcat(pattern, "b");
	strcat(path, "c");
	cr_expect(!ignore_glob(pattern, path));
}

Test(ignore, what_pm1_writes_is_ignored_and_nothing_takes_that_back)
{
	with("'!*'");
	cr_assert_eq(ignore_own_file(&ig, "/srv/app/src/out.txt"), 0);
	cr_assert_eq(ignore_own_file(&ig, ""), 0);
	cr_assert_eq(ignore_own_folder(&ig, "/srv/app/src/log"), 0);
	cr_expect(file("out.txt") && file("out.txt.20261124T213000.123Z.gz") && is_folder("log"));
	cr_expect(!file("out.txt2") && !file("a/out.txt") && !file("a.log"));
}

Test(ignore, the_root_of_the_machine_can_be_watched)
{
	with("etc/x");
	cr_expect(ignore_has(&ig, "/", "/etc/x", false));
	cr_expect(!ignore_has(&ig, "/", "/etc/y", false));
	cr_expect(ignore_has(&ig, "/", "/.git", true));
}

Test(ignore, what_is_too_long_matches_nothing)
{
	char word[5000];

	memset(word, 'a', sizeof(word));
	word[sizeof(word) - 1] = 0;
	with(word);
	cr_expect(!file("a"));
	word[300] = 0;
	with(word);
	cr_expect(!file("a"));
}
