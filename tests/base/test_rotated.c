#include "base/rotated.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void done(void)
{
	sys_fake_reset();
	folder_leave();
}

TestSuite(rotated, .init = folder_enter, .fini = done);

static void touch(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY, 0600);
	cr_assert_geq(fd, 0);
	(void)close(fd);
}

Test(rotated, the_name_is_the_path_with_the_time_in_utc)
{
	char buf[128], small[16];

	cr_assert_eq(rotated_name("/a/web.log", 1795555555ULL * USEC_SEC + 7 * USEC_MS, buf, sizeof(buf)), 0);
	cr_assert_str_eq(buf, "/a/web.log.20261124T212555.007Z");
	cr_assert_eq(strlen(buf), strlen("/a/web.log") + ROTATED_SUFFIX);
	cr_assert_eq(rotated_name("/a/web.log", 0, small, sizeof(small)), -ENOSPC);
}

Test(rotated, only_names_of_that_very_form_are_rotated_files)
{
	cr_assert(rotated_is("web.log", "web.log.20261124T212555.007Z"));
	cr_assert(rotated_is("web.log", "web.log.20261124T212555.007Z.gz"));
	cr_assert_not(rotated_is("web.log", "web.log"));
	cr_assert_not(rotated_is("web.log", "web.log.1"));
	cr_assert_not(rotated_is("web.log", "web.log.20261124T212555.007Z.gz.part"));
	cr_assert_not(rotated_is("web.log", "web.log.20261124T212555.007"));
	cr_assert_not(rotated_is("web.log", "web.log.20261124x212555.007Z"));
	cr_assert_not(rotated_is("web.log", "web.log2.20261124T212555.007Z"));
	cr_assert_not(rotated_is("eb.log", "web.log.20261124T212555.007Z"));
}

Test(rotated, the_list_is_of_one_log_and_by_age)
{
	static const char *const names[] = { "w.log.20270101T000000.000Z", "w.log",	 "w.log.20261124T212555.008Z.gz",
					     "v.log.20261124T212555.008Z", "w.log.save", "w.log.20261124T212555.007Z" };
	struct strv v = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		touch(names[i]);
	cr_assert_eq(rotated_list("w.log", &v), 0);
	cr_assert_eq(v.n, 3);
	cr_assert_str_eq(v.v[0], "w.log.20261124T212555.007Z");
	cr_assert_str_eq(v.v[1], "w.log.20261124T212555.008Z.gz");
	cr_assert_str_eq(v.v[2], "w.log.20270101T000000.000Z");
	strv_done(&v);
	cr_assert_eq(rotated_list("./w.log", &v), 0);
	cr_assert_str_eq(v.v[0], "./w.log.20261124T212555.007Z");
	strv_done(&v);
}

Test(rotated, a_folder_that_cannot_be_read_is_an_error)
{
	struct strv v = { 0 };

	cr_assert_eq(rotated_list("none/w.log", &v), -ENOENT);
	sys_fake_fail("opendir", 1, EMFILE);
	cr_assert_eq(rotated_list("w.log", &v), -EMFILE);
	cr_assert_eq(v.n, 0);
}
