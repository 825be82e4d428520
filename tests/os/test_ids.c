#include "os/ids.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

TestSuite(ids, .init = folder_enter, .fini = folder_leave);

#define PASSWD                                                                                                         \
	"root:x:0:0:root:/root:/bin/sh\n"                                                                              \
	"no entry at all\n"                                                                                            \
	"web:x:1001:2001::/srv/web:/bin/bash\n"                                                                        \
	"1003:x:1002:2002::/srv/n:\n"                                                                                  \
	"other:x:1003:2003:::\n"
#define GROUP                                                                                                          \
	"root:x:0:\n"                                                                                                  \
	"web:x:2001:web\n"                                                                                             \
	"broken\n"                                                                                                     \
	"disk:x:6:other,web\n"                                                                                         \
	"audio:x:29:web\n"                                                                                             \
	"webby:x:30:webmaster\n"

static void cover(const char *passwd, const char *group)
{
	folder_cover("/etc/passwd", passwd);
	folder_cover("/etc/group", group);
}

static struct ids resolve(const char *user, const char *group)
{
	struct ids ids;
	const char *bad = "neither";

	cr_assert_eq(ids_resolve(user, group, &ids, &bad), 0, "%s is bad", bad);
	return ids;
}

static void refused(const char *user, const char *group, int expected, const char *expected_bad)
{
	struct ids ids = { .uid = 77 };
	const char *bad = NULL;

	cr_expect_eq(ids_resolve(user, group, &ids, &bad), expected, "%s %s", user, group);
	cr_expect_str_eq(bad, expected_bad, "%s %s", user, group);
	cr_expect_eq(ids.uid, 77, "the result is untouched");
}

Test(ids, a_user_brings_its_group_its_groups_and_its_home)
{
	cover(PASSWD, GROUP);
	struct ids ids = resolve("web", NULL);

	cr_expect(ids.set_user && ids.set_group);
	cr_expect_eq(ids.uid, 1001);
	cr_expect_eq(ids.gid, 2001);
	cr_expect_str_eq(ids.name, "web");
	cr_expect_str_eq(ids.home, "/srv/web");
	cr_expect_str_eq(ids.shell, "/bin/bash");
	cr_assert_eq(ids.n_groups, 3, "its own group counts once");
	cr_expect_eq(ids.groups[0], 2001);
	cr_expect_eq(ids.groups[1], 6);
	cr_expect_eq(ids.groups[2], 29);
}

Test(ids, a_group_of_its_own_takes_the_place_of_the_users)
{
	cover(PASSWD, GROUP);
	struct ids ids = resolve("web", "audio");

	cr_expect_eq(ids.gid, 29);
	cr_assert_eq(ids.n_groups, 3);
	cr_expect_eq(ids.groups[0], 29);
	cr_expect_eq(ids.groups[1], 2001);
}

Test(ids, a_group_alone_leaves_the_user)
{
	cover(PASSWD, GROUP);
	struct ids ids = resolve(NULL, "disk");

	cr_expect(!ids.set_user && ids.set_group);
	cr_expect_eq(ids.gid, 6);
	cr_expect_eq(ids.n_groups, 0);
	ids = resolve(NULL, NULL);
	cr_expect(!ids.set_user && !ids.set_group);
}

Test(ids, a_number_finds_its_entry_and_a_name_of_digits_goes_first)
{
	cover(PASSWD, GROUP);
	struct ids ids = resolve("1001", NULL);

	cr_expect_str_eq(ids.name, "web");
	cr_expect_eq(ids.gid, 2001);
	cr_expect_eq(ids.n_groups, 3);
	ids = resolve("1003", NULL);
	cr_expect_eq(ids.uid, 1002, "the user who is called 1003");
}

Test(ids, a_number_without_an_entry_is_its_own_group)
{
	cover(PASSWD, GROUP);
	struct ids ids = resolve("4444", NULL);

	cr_expect_eq(ids.uid, 4444);
	cr_expect_eq(ids.gid, 4444);
	cr_expect_str_eq(ids.name, "");
	cr_expect_str_eq(ids.home, "");
	cr_assert_eq(ids.n_groups, 1);
	cr_expect_eq(ids.groups[0], 4444);
	ids = resolve("4444", "5555");
	cr_expect_eq(ids.gid, 5555);
	ids = resolve("4294967294", NULL);
	cr_expect_eq(ids.uid, 4294967294U);
}

Test(ids, what_is_not_there_is_refused_by_name)
{
	cover(PASSWD, GROUP);
	refused("nobody-of-that-name", NULL, -ENOENT, "user");
	refused("", NULL, -ENOENT, "user");
	refused("we", NULL, -ENOENT, "user");
	refused("-1", NULL, -ENOENT, "user");
	refused("no", NULL, -ENOENT, "user");
	refused("web", "nogroup-of-that-name", -ENOENT, "group");
	refused(NULL, "we", -ENOENT, "group");
}

/* setresuid(-1) changes nothing: the service would run as root. */
Test(ids, minus_one_is_nobodys_number)
{
	cover(PASSWD, GROUP);
	refused("4294967295", NULL, -ENOENT, "user");
	refused(NULL, "4294967295", -ENOENT, "group");
	refused("18446744073709551616", NULL, -ENOENT, "user");
}

Test(ids, numbers_need_no_files)
{
	struct ids ids;
	const char *bad;

	sys_fake_fail_always("open", ENOENT);
	cr_assert_eq(ids_resolve("0", "7", &ids, &bad), 0);
	cr_expect_eq(ids.uid, 0);
	cr_expect_eq(ids.gid, 7);
	refused("root", NULL, -ENOENT, "user");
	sys_fake_fail_always("open", EACCES);
	ids = resolve("12", NULL);
	cr_expect_eq(ids.uid, 12);
	refused("root", NULL, -EACCES, "user");
	refused(NULL, "root", -EACCES, "group");
}

/* Without descriptors for a moment: the service must not run with another group, nor without its own. */
Test(ids, a_file_that_cannot_be_read_now_is_an_error_and_leaves_nothing_open)
{
	static const char *const users[] = { "web", "1001" };

	cover(PASSWD, GROUP);
	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++) {
		unsigned int failed = 0;

		for (unsigned int nth = 1;; nth++) {
			struct ids ids;
			const char *bad;
			size_t fds = sys_fake_open_fds();

			sys_fake_reset();
			sys_fake_fail("open", nth, EMFILE);
			int r = ids_resolve(users[i], "disk", &ids, &bad);

			cr_expect_eq(sys_fake_open_fds(), fds);
			if (r == 0) {
				cr_expect_eq(ids.uid, 1001);
				cr_expect_eq(ids.n_groups, 3, "%s, open %u", users[i], nth);
				break;
			}
			cr_expect_eq(r, -EMFILE);
			failed++;
			cr_assert_lt(nth, 20);
		}
		cr_expect_eq(failed, 3 + i, "%s", users[i]);
	}
}

Test(ids, more_groups_than_there_is_room_for_are_refused)
{
	char group[32768] = "";
	size_t n = 0;

	for (int i = 0; i < IDS_GROUPS_MAX; i++)
		n += (size_t)snprintf(group + n, sizeof(group) - n, "g%d:x:%d:web\n", i, 5000 + i);
	cover(PASSWD, group);
	refused("web", NULL, -E2BIG, "user");
	struct ids ids = resolve("other", NULL);
	cr_expect_eq(ids.n_groups, 1);
}

Test(ids, a_home_too_long_is_left_out_and_not_cut)
{
	char passwd[1024];

	snprintf(passwd, sizeof(passwd), "web:x:1:1::/%0*d:/bin/sh\n", (int)sizeof(((struct ids *)0)->home), 0);
	cover(passwd, GROUP);
	struct ids ids = resolve("web", NULL);

	cr_expect_str_eq(ids.home, "");
	cr_expect_str_eq(ids.shell, "/bin/sh");
}
