/* Which services a word means: asked of all of them, and of one by one. */
#include "core/manager_impl.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static struct spec web = { .name = (char *)"web", .ns = (char *)"front" }, job = { .name = (char *)"job", .ns = (char *)"default" },
		   front = { .name = (char *)"2", .ns = (char *)"job" };
static struct service services[] = { { .spec = &web, .id = 0 }, { .spec = &web, .id = 1, .instance = 1 }, { .spec = &job, .id = 2 },
				     { .spec = &front, .id = 3 } };
static struct manager m;

static void begin(void)
{
	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(roster_add(&m.roster, &services[i]), 0);
}

static void done(void)
{
	roster_done(&m.roster);
}

TestSuite(targets, .init = begin, .fini = done, .timeout = 60);

static void note_id(void *ctx, struct service *s)
{
	char *ids = ctx;

	ids[strlen(ids)] = (char)('0' + s->id);
}

/* By manager_match(), which is to count right, and by manager_is_meant(), which is to say the same. */
static void expect(const char *word, const char *expected)
{
	char ids[8] = "", one_by_one[8] = "";
	struct target *t;

	cr_expect_eq(manager_match(&m, word, note_id, ids), (int)strlen(expected), "%s", word);
	cr_expect_str_eq(ids, expected, "%s: %s", word, ids);
	cr_assert_eq(target_new(word, &t), 0, "%s", word);
	for (size_t i = 0; i < 4; i++)
		if (manager_is_meant(&m, t, &services[i]))
			note_id(one_by_one, &services[i]);
	cr_expect_str_eq(one_by_one, expected, "%s, one by one: %s", word, one_by_one);
	target_free(t);
}

Test(targets, a_name_comes_before_a_namespace_and_that_before_an_id)
{
	expect("all", "0123");
	expect("web", "01");
	expect("front", "01");
	expect("default", "2");
	expect("job", "2");
	expect("2", "3");
	expect("1", "1");
	expect("4", "");
	expect("-1", "");
	expect("", "");
	expect("we", "");
}

Test(targets, a_regex_is_looked_for_in_names)
{
	expect("/^w/", "01");
	expect("/b$|j/", "012");
	expect("/nope/", "");
	expect("//", "");
}

Test(targets, what_a_word_means_changes_with_the_services_there_are)
{
	struct target *t;

	cr_assert_eq(target_new("2", &t), 0);
	cr_expect_not(manager_is_meant(&m, t, &services[2]));
	roster_remove(&m.roster, &services[3]);
	cr_expect(manager_is_meant(&m, t, &services[2]), "no service of that name is left: it is an id");
	target_free(t);
}

Test(targets, one_that_is_being_deleted_is_meant_by_its_name_to_the_end)
{
	struct target *t;

	services[2].doomed = true;
	cr_assert_eq(target_new("job", &t), 0);
	cr_expect(manager_is_meant(&m, t, &services[2]));
	target_free(t);
}

Test(targets, a_regex_that_is_broken_or_could_eat_memory_is_refused)
{
	static char long_one[200];
	const char *const bad[] = { "/(/", "/a{1000}/", long_one };
	char ids[8] = "";
	struct target *t;

	memset(long_one, 'a', sizeof(long_one) - 1);
	long_one[0] = long_one[sizeof(long_one) - 2] = '/';
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(target_new(bad[i], &t), -EINVAL, "%s", bad[i]);
		cr_expect_eq(manager_match(&m, bad[i], note_id, ids), -EINVAL, "%s", bad[i]);
	}
}
