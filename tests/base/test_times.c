#include "base/times.h"
#include "base/text.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void done(void)
{
	sys_fake_reset();
	folder_leave();
}

TestSuite(times, .init = folder_enter, .fini = done);

static void put(const struct times_record *r, size_t n)
{
	int fd = open(".a.log.times", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_eq(write(fd, r, n), (ssize_t)n);
	(void)close(fd);
}

static usec_t at(struct times *t, uint64_t offset, bool known)
{
	usec_t wall = 0;

	cr_assert_eq(times_at(t, offset, &wall), known, "at %llu", (unsigned long long)offset);
	return wall;
}

Test(times, they_lie_hidden_beside_their_log)
{
	static const char *const cases[][2] = {
		{ "/d/web-out.log", "/d/.web-out.log.times" },
		{ "web.log", ".web.log.times" },
		{ "/d/web.log.20261124T101112.123Z", "/d/.web.log.20261124T101112.123Z.times" },
		{ "/d/web.log.20261124T101112.123Z.gz", "/d/.web.log.20261124T101112.123Z.times" },
		{ "/d/web.gz", "/d/.web.gz.times" }, /* somebody's name for a log */
	};
	char buf[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cr_assert_eq(times_name(cases[i][0], buf, sizeof(buf)), 0);
		cr_assert_str_eq(buf, cases[i][1]);
	}
	cr_assert_eq(times_name("/d/web.log", buf, 10), -ENOSPC);
}

Test(times, a_byte_came_when_the_last_record_before_it_says)
{
	static const struct times_record r[] = { { 0, 100 }, { 10, 200 }, { 20, 300 } };
	struct times t;

	put(r, sizeof(r));
	cr_assert_eq(times_open("a.log", &t), 0);
	cr_expect_eq(at(&t, 0, true), 100);
	cr_expect_eq(at(&t, 9, true), 100);
	cr_expect_eq(at(&t, 10, true), 200);
	cr_expect_eq(at(&t, 1000, true), 300);
	cr_expect_eq(at(&t, 5, true), 100, "backwards as well");
	times_done(&t);
}

Test(times, what_came_before_the_first_record_came_before_its_time)
{
	static const struct times_record r[] = { { 10, 200 }, { 20, 300 } };
	struct times t;

	put(r, sizeof(r));
	cr_assert_eq(times_open("a.log", &t), 0);
	cr_expect_eq(at(&t, 9, false), 200);
	cr_expect_eq(times_seek(&t, 150), 0, "nothing is certain of it");
	cr_expect_eq(times_seek(&t, 250), 20);
	times_done(&t);
}

Test(times, a_record_below_the_one_before_voids_all_before_it)
{
	static const struct times_record r[] = { { 0, 100 }, { 10, 200 }, { 0, 300 }, { 15, 400 } };
	struct times t;

	put(r, sizeof(r));
	cr_assert_eq(times_open("a.log", &t), 0);
	cr_expect_eq(at(&t, 12, true), 300);
	cr_expect_eq(at(&t, 15, true), 400);
	cr_expect_eq(times_seek(&t, 200), 0);
	times_done(&t);
}

Test(times, a_moment_is_found_and_one_after_all_is_the_last_record)
{
	static const struct times_record r[] = { { 0, 100 }, { 10, 200 }, { 20, 300 } };
	struct times t;

	put(r, sizeof(r));
	cr_assert_eq(times_open("a.log", &t), 0);
	cr_expect_eq(times_seek(&t, 100), 0);
	cr_expect_eq(times_seek(&t, 101), 10);
	cr_expect_eq(times_seek(&t, 300), 20);
	cr_expect_eq(times_seek(&t, 301), 20);
	times_done(&t);
}

Test(times, many_records_are_found_by_halving)
{
	static struct times_record r[5000];
	struct times t;

	for (size_t i = 0; i < 5000; i++)
		r[i] = (struct times_record){ i * 10, 1000 + i };
	put(r, sizeof(r));
	cr_assert_eq(times_open("a.log", &t), 0);
	cr_expect_eq(at(&t, 49999, true), 5999);
	for (uint64_t i = 5000; i-- > 0; i -= i > 7 ? 7 : i)
		cr_assert_eq(at(&t, i * 10 + 3, true), 1000 + i);
	times_done(&t);
}

Test(times, no_file_no_record_half_a_record_or_no_file_at_all_is_told)
{
	static const struct times_record r = { 0, 100 };
	struct times t;
	size_t before = sys_fake_open_fds();

	cr_expect_eq(times_open("a.log", &t), -ENOENT);
	put(&r, 15);
	cr_expect_eq(times_open("a.log", &t), -ENODATA);
	cr_assert_eq(unlink(".a.log.times"), 0);
	cr_assert_eq(symlink("b", ".a.log.times"), 0);
	cr_expect_eq(times_open("a.log", &t), -ELOOP);
	cr_assert_eq(unlink(".a.log.times"), 0);
	cr_assert_eq(mkfifo(".a.log.times", 0600), 0);
	cr_expect_eq(times_open("a.log", &t), -ENODATA);
	cr_expect_eq(sys_fake_open_fds(), before);
}

Test(times, records_that_go_away_meanwhile_are_unknown)
{
	static struct times_record r[TIMES_BLOCK + 1];
	struct times t;

	for (size_t i = 0; i < TIMES_BLOCK + 1; i++)
		r[i] = (struct times_record){ i, i + 1 };
	put(r, sizeof(r));
	cr_assert_eq(times_open("a.log", &t), 0);
	cr_assert_eq(truncate(".a.log.times", 0), 0);
	(void)times_seek(&t, 1000); /* reads another block: none */
	cr_expect_eq(at(&t, 7, false), 0);
	times_done(&t);
}
