#include "base/log.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tools/logd/rotate.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <unistd.h>
#include <utime.h>
#include <zlib.h>

static void begin(void)
{
	folder_enter();
	log_setup(-1, LOG_ERROR, false);
}

static void done(void)
{
	sys_fake_reset();
	folder_leave();
}

TestSuite(tidy, .init = begin, .fini = done);

#define A "a.log.20261124T213000.000Z"
#define B "a.log.20261124T213000.001Z"
#define C "a.log.20261124T213000.002Z"

static int tidy_to(const char *keep, const char *age, const char *compress, const char *total)
{
	char *argv[] = { (char *)"pm1", (char *)"logd-tidy", (char *)"a.log", (char *)keep, (char *)age, (char *)compress,
			 (char *)total, NULL };

	return tidy_main(7, argv);
}

static int tidy(const char *keep, const char *age, const char *compress)
{
	return tidy_to(keep, age, compress, "0");
}

static bool there(const char *name)
{
	return access(name, F_OK) == 0;
}

/* The text of a compressed file; it must be one. */
static const char *unpacked(const char *name)
{
	static char text[256];
	gzFile f = gzopen(name, "rb");

	cr_assert_not_null(f);
	cr_assert_not(gzdirect(f), "%s isn't compressed", name);
	int n = gzread(f, text, sizeof(text) - 1);
	cr_assert_geq(n, 0);
	text[n] = 0;
	cr_assert_eq(gzclose(f), Z_OK);
	return text;
}

static void three(void)
{
	folder_put(A, "a\n");
	folder_put(B, "b\n");
	folder_put(C, "c\n");
	folder_put("a.log", "now\n");
	folder_put("b.log.20261124T213000.000Z", "another's\n");
}

Test(tidy, the_newest_are_kept_and_nothing_else_is_touched)
{
	three();
	cr_assert_eq(tidy("2", "0", "0"), 0);
	cr_assert(!there(A) && there(B) && there(C) && there("a.log") && there("b.log.20261124T213000.000Z"));
	cr_assert_eq(tidy("0", "0", "0"), 0);
	cr_assert(there(B) && there(C));
}

Test(tidy, what_is_too_old_goes)
{
	struct utimbuf old = { .actime = 1000000000, .modtime = 1000000000 };

	three();
	cr_assert_eq(utime(B, &old), 0);
	cr_assert_eq(tidy("0", "3600", "0"), 0);
	cr_assert(there(A) && !there(B) && there(C));
}

Test(tidy, the_oldest_go_until_the_bytes_fit)
{
	three();
	cr_assert_eq(tidy_to("0", "0", "0", "6"), 0);
	cr_assert(there(A) && there(B) && there(C));
	cr_assert_eq(tidy_to("0", "0", "0", "5"), 0);
	cr_assert(!there(A) && there(B) && there(C) && there("b.log.20261124T213000.000Z"));
	cr_assert_eq(tidy_to("0", "0", "0", "1"), 0);
	cr_assert(!there(B) && !there(C) && there("a.log"));
}

/* A thousand bytes that are as good as none when compressed: they are not removed for what they took before. */
Test(tidy, what_is_compressed_counts_by_what_it_takes_then)
{
	char text[1001];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	folder_put(A, text);
	folder_put(B, text);
	cr_assert_eq(tidy_to("0", "0", "1", "500"), 0);
	cr_assert(there(A ".gz") && there(B ".gz"));
	cr_assert_eq(tidy_to("0", "0", "1", "20"), 0);
	cr_assert(!there(A ".gz") && !there(B ".gz"));
}

Test(tidy, each_is_compressed_with_its_mode_and_time)
{
	struct utimbuf old = { .actime = 1700000000, .modtime = 1700000000 };
	struct stat st;

	three();
	cr_assert_eq(chmod(A, 0640), 0);
	cr_assert_eq(utime(A, &old), 0);
	cr_assert_eq(tidy("0", "0", "1"), 0);
	cr_assert(!there(A) && !there(B) && !there(C) && !there(A ".gz.part"));
	cr_assert_str_eq(unpacked(A ".gz"), "a\n");
	cr_assert_str_eq(unpacked(C ".gz"), "c\n");
	cr_assert_eq(stat(A ".gz", &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0640);
	cr_assert_eq(st.st_mtime, 1700000000);
	cr_assert_str_eq(folder_get("a.log"), "now\n");
}

Test(tidy, a_compressed_one_counts_as_much_as_a_plain_one)
{
	three();
	cr_assert_eq(tidy("3", "0", "1"), 0);
	folder_put("a.log.20261124T213000.003Z", "d\n");
	cr_assert_eq(tidy("3", "0", "1"), 0);
	cr_assert(!there(A ".gz") && there(B ".gz") && there(C ".gz") && there("a.log.20261124T213000.003Z.gz"));
}

Test(tidy, what_a_killed_one_left_is_put_right)
{
	three();
	folder_put(A ".gz.part", "half");
	cr_assert_eq(tidy("0", "0", "1"), 0);
	cr_assert_str_eq(unpacked(A ".gz"), "a\n");
	/* Killed between the name of the compressed one and the end of the original. */
	folder_put(A, "a\n");
	cr_assert_eq(tidy("3", "0", "1"), 0);
	cr_assert(!there(A) && there(A ".gz") && there(B ".gz") && there(C ".gz"));
}

Test(tidy, a_disk_that_fails_at_any_step_leaves_every_line)
{
	static const char *const steps[] = { "open", "fsync", "utimens", "rename", "flock", "unlink", "read" };

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		folder_put(A, "a\n");
		sys_fake_fail_always(steps[i], ENOSPC);
		(void)tidy("0", "0", "1");
		sys_fake_reset();
		cr_expect(there(A), "%s", steps[i]);
		cr_expect_str_eq(folder_get(A), "a\n", "%s", steps[i]);
		cr_assert_eq(tidy("0", "0", "1"), 0);
		cr_expect_str_eq(unpacked(A ".gz"), "a\n", "%s", steps[i]);
		cr_assert_eq(unlink(A ".gz"), 0);
	}
}

Test(tidy, one_that_another_works_on_is_left_to_it)
{
	three();
	int fd = open(A, O_RDONLY | O_CLOEXEC);
	cr_assert_eq(flock(fd, LOCK_EX), 0);
	cr_assert_eq(tidy("0", "0", "1"), 0);
	cr_assert(there(A) && !there(A ".gz") && there(B ".gz"));
	(void)close(fd);
}

Test(tidy, words_that_are_no_numbers_are_refused)
{
	cr_assert_eq(tidy("x", "0", "0"), 1);
	cr_assert_eq(tidy("1", "-1", "0"), 1);
}
