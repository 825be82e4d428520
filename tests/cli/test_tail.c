#include "tools/cli/tail.h"

#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where the last `lines` of the first `size` bytes begin. */
static long start_of(const char *text, size_t n, size_t size, size_t lines)
{
	size_t have = 99;
	off_t at = -1;
	int fd = memfd_create("tail", MFD_CLOEXEC);

	cr_assert_eq(write(fd, text, n), (ssize_t)n);
	cr_assert_eq(tail_start(fd, 0, (off_t)size, lines, &at, &have), 0);
	(void)close(fd);
	cr_assert_leq(have, lines);
	return (long)at;
}

static long start(const char *text, size_t lines)
{
	return start_of(text, strlen(text), strlen(text), lines);
}

Test(tail, the_last_lines_are_counted_from_the_end)
{
	cr_assert_eq(start("one\ntwo\nthree\n", 1), 8);
	cr_assert_eq(start("one\ntwo\nthree\n", 2), 4);
	cr_assert_eq(start("one\ntwo\nthree\n", 3), 0);
	cr_assert_eq(start("one\ntwo\nthree\n", 99), 0);
}

Test(tail, a_line_that_is_not_ended_yet_counts)
{
	cr_assert_eq(start("one\ntwo\nthr", 1), 8);
	cr_assert_eq(start("one\ntwo\nthr", 2), 4);
	cr_assert_eq(start("one", 1), 0);
}

Test(tail, empty_lines_count_as_lines)
{
	cr_assert_eq(start("\n\n\n", 1), 2);
	cr_assert_eq(start("\n\n\n", 2), 1);
	cr_assert_eq(start("a\n\n", 1), 2);
	cr_assert_eq(start("\n", 1), 0);
}

Test(tail, no_lines_is_the_end_and_an_empty_file_its_beginning)
{
	cr_assert_eq(start("one\ntwo\n", 0), 8);
	cr_assert_eq(start("", 5), 0);
	cr_assert_eq(start("", 0), 0);
}

/* Around the size of the blocks in which the file is read. */
Test(tail, lines_over_the_borders_of_blocks_are_found)
{
	for (size_t n = 65530; n <= 65545; n++) {
		char *text = malloc(2 * n);
		memset(text, 'x', 2 * n);
		text[n - 1] = '\n';
		text[2 * n - 1] = '\n';
		cr_assert_eq(start_of(text, 2 * n, 2 * n, 1), (long)n, "lines of %zu bytes", n);
		cr_assert_eq(start_of(text, 2 * n, 2 * n, 2), 0, "lines of %zu bytes", n);
		cr_assert_eq(start_of(text, 2 * n, n, 1), 0, "the first of two of %zu bytes", n);
		free(text);
	}
}

Test(tail, a_file_of_many_lines_agrees_with_counting_them)
{
	size_t cap = 1 << 20, n = 0, starts[20000], lines = 0;
	char *text = malloc(cap);
	unsigned int seed = 7;
	while (n < cap - 300 && lines < 20000) {
		size_t len = (size_t)rand_r(&seed) % 120;
		starts[lines++] = n;
		memset(text + n, 'y', len);
		n += len;
		text[n++] = '\n';
	}
	for (size_t k = 1; k < lines; k += 37)
		cr_assert_eq(start_of(text, n, n, k), (long)starts[lines - k], "the last %zu", k);
	free(text);
}

Test(tail, a_file_that_became_shorter_meanwhile_is_read_whole)
{
	cr_assert_eq(start_of("one\n", 4, 200000, 1), 0);
}

Test(tail, an_error_of_the_read_is_handed_on)
{
	size_t have = 7;
	off_t at = 42;
	int fd = memfd_create("tail", MFD_CLOEXEC);
	cr_assert_eq(write(fd, "one\n", 4), 4);
	sys_fake_fail("pread", 1, EIO);
	cr_assert_eq(tail_start(fd, 0, 4, 1, &at, &have), -EIO);
	cr_assert_eq(at, 42);
	cr_assert_eq(have, 7);
	sys_fake_reset();
	(void)close(fd);
}

static char seen[4 * LINES_MAX];
static size_t seen_len;
static int seen_lines;

static void on_line(void *ctx, const char *line, size_t n)
{
	(void)ctx;
	memcpy(seen + seen_len, line, n);
	seen_len += n;
	seen[seen_len++] = '|';
	seen[seen_len] = 0;
	seen_lines++;
}

static void feed(struct lines *l, const char *text)
{
	cr_assert_eq(lines_feed(l, text, strlen(text), on_line, NULL), 0);
}

Test(lines, bytes_are_cut_at_newlines_wherever_they_come_apart)
{
	static const char text[] = "one\n\ntwo\nthree";
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		struct lines l = { 0 };
		seen_len = 0;
		cr_assert_eq(lines_feed(&l, text, cut, on_line, NULL), 0);
		cr_assert_eq(lines_feed(&l, text + cut, sizeof(text) - 1 - cut, on_line, NULL), 0);
		cr_assert_str_eq(seen, "one||two|", "cut at %zu", cut);
		lines_end(&l, on_line, NULL);
		cr_assert_str_eq(seen, "one||two|three|", "cut at %zu", cut);
		lines_done(&l);
	}
}

Test(lines, one_byte_at_a_time_is_the_same)
{
	static const char text[] = "a\n\nbc\n";
	struct lines l = { 0 };
	for (const char *p = text; *p; p++)
		cr_assert_eq(lines_feed(&l, p, 1, on_line, NULL), 0);
	cr_assert_str_eq(seen, "a||bc|");
	lines_end(&l, on_line, NULL);
	cr_assert_eq(seen_lines, 3, "an ended line leaves nothing");
	lines_done(&l);
}

Test(lines, a_line_as_long_as_the_limit_is_one_and_one_longer_comes_in_pieces)
{
	struct lines l = { 0 };
	static char text[LINES_MAX + 2];
	memset(text, 'x', LINES_MAX);
	text[LINES_MAX] = '\n';
	feed(&l, text);
	cr_assert_eq(seen_lines, 1);
	text[LINES_MAX] = 'x';
	feed(&l, text);
	feed(&l, "yz\nnext\n");
	cr_assert_eq(seen_lines, 4);
	cr_assert(strstr(seen, "|xyz|next|"), "the rest begins where the first piece ended");
	lines_done(&l);
}

Test(lines, the_newline_that_comes_right_after_the_limit_makes_no_empty_line)
{
	struct lines l = { 0 };
	static char text[LINES_MAX + 1];
	memset(text, 'x', LINES_MAX);
	feed(&l, text);
	feed(&l, "\nnext\n");
	cr_assert_eq(seen_lines, 2);
	lines_done(&l);
}

Test(lines, a_zero_byte_is_a_byte)
{
	struct lines l = { 0 };
	cr_assert_eq(lines_feed(&l, "a\0b\n", 4, on_line, NULL), 0);
	cr_assert_eq(seen_len, 4);
	cr_assert_eq(memcmp(seen, "a\0b|", 4), 0);
	lines_done(&l);
}

Test(lines, it_is_usable_after_done)
{
	struct lines l = { 0 };
	feed(&l, "half");
	lines_done(&l);
	lines_end(&l, on_line, NULL);
	cr_assert_eq(seen_lines, 0);
	feed(&l, "new\n");
	cr_assert_str_eq(seen, "new|");
	lines_done(&l);
}

static size_t have_of(const char *text, size_t lines)
{
	size_t have = 99;
	off_t at;
	int fd = memfd_create("tail", MFD_CLOEXEC);

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	cr_assert_eq(tail_start(fd, 0, (off_t)strlen(text), lines, &at, &have), 0);
	(void)close(fd);
	return have;
}

Test(tail, how_many_lines_there_are_is_told)
{
	cr_assert_eq(have_of("", 3), 0);
	cr_assert_eq(have_of("a", 3), 1);
	cr_assert_eq(have_of("a\n", 3), 1);
	cr_assert_eq(have_of("a\nb", 3), 2);
	cr_assert_eq(have_of("\n\n", 3), 2);
	cr_assert_eq(have_of("a\nb\nc\n", 3), 3);
	cr_assert_eq(have_of("a\nb\nc\nd\n", 3), 3);
	cr_assert_eq(have_of("a\nb\n", 0), 0);
}
