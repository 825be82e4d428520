#include "tools/logd/times.h"
#include "base/own.h"
#include "base/rotated.h"
#include "base/times.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tools/logd/file.h"
#include "tools/logd/rotate.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TIMES ".a.log.times"

static struct times_writer w;
static int log_fd = -1;

static void begin(void)
{
	folder_enter();
	log_fd = open("a.log", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	cr_assert_geq(log_fd, 0);
}

static void done(void)
{
	times_close(&w);
	close_fd(&log_fd);
	sys_fake_reset();
	folder_leave();
}

TestSuite(times_writer, .init = begin, .fini = done, .timeout = 60);

static struct times_record records[4096];

static size_t read_all(const char *name)
{
	cleanup_fd int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, records, sizeof(records));

	cr_assert_eq(n % (ssize_t)sizeof(*records), 0);
	return (size_t)n / sizeof(*records);
}

static usec_t now = 1000 * USEC_SEC;

static void note(uint64_t at)
{
	times_note(&w, "a.log", log_fd, at, now);
}

static void age(usec_t by)
{
	now += by;
}

Test(times_writer, the_first_bytes_get_a_record_with_the_time_of_now)
{
	note(0);
	cr_assert_eq(read_all(TIMES), 1);
	cr_expect_eq(records[0].offset, 0);
	cr_expect_eq(records[0].wall, now);
}

Test(times_writer, the_next_comes_after_enough_bytes_or_enough_time_and_never_too_soon)
{
	note(0);
	note(100000);
	age(9 * USEC_MS);
	note(100000);
	cr_expect_eq(read_all(TIMES), 1, "too soon");
	age(USEC_MS);
	note(255);
	cr_expect_eq(read_all(TIMES), 1, "too few");
	note(256);
	cr_expect_eq(read_all(TIMES), 2);
	age(99 * USEC_MS);
	note(257);
	cr_expect_eq(read_all(TIMES), 2);
	age(USEC_MS);
	note(257);
	cr_assert_eq(read_all(TIMES), 3);
	cr_expect_eq(records[1].offset, 256);
	cr_expect_eq(records[2].offset, 257);
	cr_expect_eq(records[2].wall, now);
}

Test(times_writer, a_clock_that_was_set_back_is_no_reason_to_be_silent)
{
	note(0);
	now -= 3600 * USEC_SEC;
	note(1);
	cr_expect_eq(read_all(TIMES), 2);
}

Test(times_writer, of_a_log_that_is_empty_again_they_begin_anew)
{
	note(0);
	age(USEC_SEC);
	note(1000);
	cr_assert_eq(read_all(TIMES), 2);
	note(0);
	cr_assert_eq(read_all(TIMES), 1);
	cr_expect_eq(records[0].offset, 0);
}

Test(times_writer, of_a_log_that_was_cut_the_next_record_voids_the_others)
{
	note(0);
	age(USEC_SEC);
	note(1000);
	note(500);
	cr_assert_eq(read_all(TIMES), 3);
	cr_expect_eq(records[2].offset, 500);
}

Test(times_writer, a_successor_goes_on_and_drops_half_a_record)
{
	note(0);
	times_close(&w);
	int fd = open(TIMES, O_WRONLY | O_APPEND | O_CLOEXEC);
	cr_assert_eq(write(fd, "half", 4), 4);
	(void)close(fd);
	note(0); /* would begin anew */
	times_close(&w);
	cr_assert_eq(read_all(TIMES), 1);
	fd = open(TIMES, O_WRONLY | O_APPEND | O_CLOEXEC);
	cr_assert_eq(write(fd, "half", 4), 4);
	(void)close(fd);
	note(5000);
	cr_assert_eq(read_all(TIMES), 1, "it knows when the last one was made");
	age(USEC_SEC);
	note(6000);
	cr_assert_eq(read_all(TIMES), 2);
	cr_expect_eq(records[1].offset, 6000);
}

Test(times_writer, they_never_outgrow_their_log_by_more_than_a_page)
{
	for (uint64_t at = 0; at < 3000; at++) {
		note(at);
		age(USEC_SEC);
	}
	cr_expect_leq(read_all(TIMES) * sizeof(*records), 3000 + 4096);
	cr_expect_geq(read_all(TIMES) * sizeof(*records), 4096);
}

Test(times_writer, they_are_the_logs_owners_with_its_mode)
{
	struct stat st;

	(void)umask(077);
	cr_assert_eq(fchmod(log_fd, 0644), 0);
	bool root = fchown(log_fd, 1234, 1235) == 0;
	note(0);
	cr_assert_eq(stat(TIMES, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0644);
	cr_expect(!root || (st.st_uid == 1234 && st.st_gid == 1235));
}

Test(times_writer, where_they_can_not_be_written_nothing_happens)
{
	static const char *const what[] = { "fifo", "link", "hard link", "folder" };

	for (size_t i = 0; i < ARRAY_LEN(what); i++) {
		folder_put("b", "kept");
		int r = i == 0 ? mkfifo(TIMES, 0600) : i == 1 ? symlink("b", TIMES) : i == 2 ? link("b", TIMES) : mkdir(TIMES, 0700);
		cr_assert_eq(r, 0);
		note(0);
		cr_expect_leq(w.fd, 0, "%s", what[i]);
		cr_expect_str_eq(folder_get("b"), "kept", "%s", what[i]);
		cr_assert_eq(i == 3 ? rmdir(TIMES) : unlink(TIMES), 0);
		times_close(&w);
	}
	sys_fake_reset();
	sys_fake_fail_always("open", EROFS);
	for (int i = 0; i < 1000; i++)
		note((uint64_t)i * 1000);
	cr_expect_leq(sys_fake_count("open"), 1, "not tried each time");
	sys_fake_reset();
	times_close(&w);
	sys_fake_fail("write", 1, ENOSPC);
	note(0);
	age(USEC_SEC);
	note(10);
	cr_assert_eq(read_all(TIMES), 1);
}

static void on_trouble(void *ctx, const struct file *f, int error)
{
	(void)ctx;
	(void)f;
	cr_assert_fail("%d", error);
}

static void add(struct file *f, const char *text)
{
	uint64_t end;

	cr_assert_eq(file_fit(f, text, strlen(text)), strlen(text));
	cr_assert_eq(file_end(f, &end), 0);
	cr_assert_eq(file_write(f, end, text, strlen(text)), 0);
}

Test(times_writer, a_log_is_rotated_with_its_times)
{
	static const struct logwire_rules rules = { .limits = { .max_size = 6 }, .mode = LOGWIRE_NOBODY, .uid = LOGWIRE_NOBODY, .gid = LOGWIRE_NOBODY };
	struct files *all = files_new(on_trouble, NULL);
	struct file *f = file_get(all, "b.log");
	struct strv rotated = { 0 };
	char name[256];

	file_rule(f, &rules);
	add(f, "first\n");
	cr_assert_eq(read_all(".b.log.times"), 1);
	struct times_record first = records[0];
	add(f, "next\n");
	cr_assert_eq(rotated_list("b.log", &rotated), 0);
	cr_assert_eq(rotated.n, 1, "the times are not taken for a log");
	cr_assert_eq(times_name(rotated.v[0], name, sizeof(name)), 0);
	cr_assert_eq(read_all(name), 1);
	cr_expect_eq(records[0].wall, first.wall);
	cr_assert_eq(read_all(".b.log.times"), 1);
	cr_expect_eq(records[0].offset, 0);
	cr_expect_geq(records[0].wall, first.wall);
	strv_done(&rotated);
	files_free(all);
}

#define A "a.log.20261124T213000.000Z"
#define B "a.log.20261124T213000.001Z"

Test(times_writer, tidying_removes_the_times_of_logs_that_are_gone_and_no_others)
{
	char *argv[] = { (char *)"pm1", (char *)"logd-tidy", (char *)"a.log", (char *)"1", (char *)"0", (char *)"1", (char *)"0", NULL };

	folder_put(A, "a\n");
	folder_put("." A ".times", "x");
	folder_put(B, "b\n");
	folder_put("." B ".times", "x");
	folder_put(TIMES, "x");
	folder_put(".b.log.20261124T213000.001Z.times", "x");
	cr_assert_eq(tidy_main(7, argv), 0);
	cr_expect_eq(access(B ".gz", F_OK), 0);
	cr_expect_neq(access("." A ".times", F_OK), 0);
	cr_expect_eq(access("." B ".times", F_OK), 0);
	cr_expect_eq(access(TIMES, F_OK), 0);
	cr_expect_eq(access(".b.log.20261124T213000.001Z.times", F_OK), 0);
}
