/* Whom a program runs as. */
#include "tests/fakes/folder.h"
#include "tests/os/spawned.h"
#include "tests/skip.h"

#include <fcntl.h>
#include <grp.h>

TestSuite(spawn_ids, .init = folder_enter, .fini = folder_leave);

#define NOBODY 65534

static const struct ids nobody = { .set_user = true, .set_group = true, .uid = NOBODY, .gid = 4321,
				   .groups = { 4321, 55, 66 }, .n_groups = 3 };

static void become_nobody(void)
{
	if (geteuid() != 0)
		skip_test("only root can be another");
	cr_assert_eq(chown(".", NOBODY, NOBODY), 0); /* to be able to remove it */
	cr_assert_eq(setgroups(0, NULL), 0);
	cr_assert_eq(setresgid(NOBODY, NOBODY, NOBODY), 0);
	cr_assert_eq(setresuid(NOBODY, NOBODY, NOBODY), 0);
}

static const char *who(const struct ids *ids)
{
	char *argv[] = { "grep", "-E", "^(Uid|Gid|Groups):", "/proc/self/status", NULL };
	struct spawn_job job = spawned_job(argv);

	job.ids = ids;
	job.out_fd = open("who", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	cr_assert_geq(job.out_fd, 0);
	cr_expect_eq(spawned_run(&job), 0);
	close_fd(&job.out_fd);
	return folder_get("who");
}

Test(spawn_ids, user_group_and_groups_are_set_for_good)
{
	if (geteuid() != 0)
		skip_test("only root can be another");
	cr_expect_str_eq(who(&nobody), "Uid:\t65534\t65534\t65534\t65534\nGid:\t4321\t4321\t4321\t4321\nGroups:\t55 66 4321 \n");
}

Test(spawn_ids, a_group_alone_leaves_the_user)
{
	struct ids group = { .set_group = true, .gid = 4321 };
	char expected[128];

	if (geteuid() != 0)
		skip_test("only root can be another");
	cr_assert_eq(setgroups(0, NULL), 0);
	snprintf(expected, sizeof(expected), "Uid:\t0\t0\t0\t0\nGid:\t4321\t4321\t4321\t4321\nGroups:\t \n");
	cr_expect_str_eq(who(&group), expected);
}

Test(spawn_ids, the_folder_is_entered_with_the_rights_of_the_user)
{
	char *argv[] = { "/bin/true", NULL };
	struct spawn_job job = spawned_job(argv);

	if (geteuid() != 0)
		skip_test("only root can be another");
	cr_assert_eq(mkdir("private", 0700), 0);
	cr_assert_eq(chmod(".", 0755), 0);
	job.ids = &nobody;
	job.cwd = "private";
	spawned_fails(&job, SPAWN_CWD, EACCES, 126);
	cr_assert_eq(chmod("private", 0701), 0);
	cr_expect_eq(spawned_run(&job), 0);
}

Test(spawn_ids, without_rights_another_user_is_refused_by_name)
{
	char *argv[] = { "/bin/true", NULL };
	struct spawn_job job = spawned_job(argv);
	struct ids group = { .set_group = true, .gid = 4321 };

	become_nobody();
	job.ids = &nobody;
	spawned_fails(&job, SPAWN_GROUPS, EPERM, 126);
	job.ids = &group;
	spawned_fails(&job, SPAWN_GROUP, EPERM, 126);
}

/* The same user as pm1's asks for nothing, so it needs no right to ask. */
Test(spawn_ids, without_rights_the_own_user_is_fine)
{
	char *argv[] = { "/bin/true", NULL };
	struct spawn_job job = spawned_job(argv);
	struct ids own = { .set_user = true, .set_group = true, .uid = NOBODY, .gid = NOBODY, .groups = { NOBODY, 55 },
			   .n_groups = 2 };

	become_nobody();
	job.ids = &own;
	cr_expect_eq(spawned_run(&job), 0);
}
