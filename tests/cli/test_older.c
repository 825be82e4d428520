#include "tools/cli/older.h"
#include "base/text.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

static void done(void)
{
	sys_fake_reset();
	folder_leave();
}

TestSuite(older, .init = folder_enter, .fini = done);

#define NAME(n) "a.log.20261124T21300" #n ".000Z"
#define SEEN(n) ((1795555800ULL + (n)) * USEC_SEC) /* 21:30:00 and n seconds */

static char got[512];
static struct text text;

static void put_gz(const char *name, const char *content)
{
	gzFile f = gzopen(name, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(gzputs(f, content), (int)strlen(content));
	cr_assert_eq(gzclose(f), Z_OK);
}

static void on_line(void *ctx, const char *line, size_t n)
{
	(void)ctx;
	(void)text_addf(&text, "%.*s,", (int)n, line);
}

Test(older, one_that_is_being_compressed_is_listed_once)
{
	struct strv all = { 0 };

	folder_put(NAME(1), "1\n");
	put_gz(NAME(1) ".gz", "1\n");
	put_gz(NAME(2) ".gz", "2\n");
	cr_assert_eq(older_list("a.log", &all), 0);
	cr_assert_eq(all.n, 2);
	cr_expect_str_eq(all.v[0], NAME(1));
	cr_expect_str_eq(all.v[1], NAME(2) ".gz");
	strv_done(&all);
}

static const char *between(struct older_mark from, struct older_mark to)
{
	text_init(&text, got, sizeof(got));
	cr_assert_eq(older_between("a.log", &from, &to, on_line, NULL), 0);
	return got;
}

static struct older_mark mark(const char *name)
{
	struct stat st;

	cr_assert_eq(stat(name, &st), 0);
	return (struct older_mark){ .dev = st.st_dev, .ino = st.st_ino };
}

Test(older, what_lies_between_two_files_is_known_by_their_inodes)
{
	folder_put(NAME(1), "1\n");
	folder_put(NAME(2), "2\n");
	put_gz(NAME(3) ".gz", "3\n");
	folder_put(NAME(4), "4\n");
	folder_put("a.log", "now\n");
	struct older_mark now = mark("a.log");
	now.seen = SEEN(5);
	cr_assert_str_eq(between(mark(NAME(1)), now), "2,3,4,");
	cr_assert_str_eq(between(mark(NAME(2)), now), "3,4,");
	cr_assert_str_eq(between(mark(NAME(4)), now), "");
	cr_assert_str_eq(between(mark(NAME(1)), mark(NAME(4))), "2,3,");
	cr_assert_str_eq(between(mark(NAME(1)), mark(NAME(2))), "");
}

Test(older, and_by_the_time_when_the_first_has_been_compressed)
{
	struct older_mark from = { .ino = 1, .seen = SEEN(0) }, to = { .ino = 2, .seen = SEEN(0) };

	put_gz(NAME(1) ".gz", "1\n");
	put_gz(NAME(2) ".gz", "2\n");
	folder_put(NAME(3), "3\n");
	cr_assert_str_eq(between(from, to), "2,3,"); /* the first that was rotated after it was seen is that file */
	from.seen = SEEN(2) - 1;
	cr_assert_str_eq(between(from, to), "3,");
	from.seen = SEEN(4);
	cr_assert_str_eq(between(from, to), "");
}

Test(older, and_by_its_name_when_there_was_none)
{
	struct older_mark from = { .after = NAME(1) ".gz" }, to = { .ino = 2 };

	put_gz(NAME(1) ".gz", "1\n");
	put_gz(NAME(2) ".gz", "2\n");
	folder_put(NAME(3), "3\n");
	cr_expect_str_eq(between(from, to), "2,3,");
	from.after = NAME(1);
	cr_expect_str_eq(between(from, to), "2,3,");
	from.after = NAME(3);
	cr_expect_str_eq(between(from, to), "");
	from.after = "";
	cr_expect_str_eq(between(from, to), "1,2,3,");
	cr_expect_str_eq(between(from, mark(NAME(3))), "1,2,");
}

Test(older, a_file_that_went_away_is_no_error_and_a_folder_that_did_is)
{
	struct strv all = { 0 };
	struct older_mark to = { 0 };

	folder_put(NAME(1), "1\n");
	folder_put(NAME(2), "2\n");
	folder_put(NAME(3), "3\n");
	folder_put("a.log", "now\n");
	sys_fake_fail("open", 1, ENOENT);
	to = mark("a.log");
	text_init(&text, got, sizeof(got));
	cr_assert_eq(older_between("a.log", &(struct older_mark){ .ino = 1, .seen = SEEN(0) }, &to, on_line, NULL), 0);
	cr_assert_str_eq(got, "3,");
	sys_fake_reset();
	cr_assert_eq(older_list("none/a.log", &all), -ENOENT);
	strv_done(&all);
}

Test(older, the_current_file_is_locked_and_one_that_goes_away_is_looked_for_again)
{
	struct stat st;

	folder_put("a.log", "now\n");
	int fd = older_open_current("a.log", &st), other = open("a.log", O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0 && other >= 0);
	cr_expect_eq(flock(other, LOCK_EX | LOCK_NB), -1, "nobody compresses it");
	(void)close(fd);
	cr_expect_eq(flock(other, LOCK_EX | LOCK_NB), 0);
	(void)close(other);
	cr_expect_eq(older_open_current("none.log", &st), -ENOENT);
}

Test(older, of_a_process_only_a_file_in_memory_is_taken_for_a_log)
{
	char path[64];
	struct stat st;

	folder_put("a.log", "secret\n");
	int named = open("a.log", O_RDONLY | O_CLOEXEC), memory = memfd_create("log", MFD_CLOEXEC);
	cr_assert(named >= 0 && memory >= 0);
	cr_assert_eq(text_format(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), named), 0);
	cr_expect_eq(older_open_current(path, &st), -ENXIO);
	cr_assert_eq(text_format(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), memory), 0);
	sys_fake_reset();
	int fd = older_open_current(path, &st);
	cr_expect_geq(fd, 0);
	cr_expect_eq(sys_fake_count("open"), 1, "at once");
	(void)close(fd);
	(void)close(named);
	(void)close(memory);
}
