#include "tools/cli/logfile.h"
#include "tests/cli/ring.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tools/cli/tail.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

static void done(void)
{
	sys_fake_reset();
	folder_leave();
}

TestSuite(logfile, .init = folder_enter, .fini = done, .timeout = 60);

/* All lines: "text@offset", '-' behind one that isn't ended. */
static const char *all(struct logfile *f)
{
	static char got[4096];
	const char *line;
	size_t n, len = 0;
	off_t at;
	bool ended;
	int r;

	got[0] = 0;
	while ((r = logfile_next(f, &line, &n, &at, &ended)) > 0)
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%.*s@%ld%s ", (int)n, line, (long)at, ended ? "" : "-");
	cr_assert_eq(r, 0);
	logfile_free(f);
	return got;
}

static const char *of(const char *path, off_t at)
{
	struct logfile *f = NULL;

	cr_assert_eq(logfile_open(path, at, &f), 0);
	return all(f);
}

Test(logfile, lines_come_with_their_places_from_plain_and_compressed_files_alike)
{
	folder_put("a", "one\ntwo\n\nfo");
	cr_expect_str_eq(of("a", 0), "one@0 two@4 @8 fo@9- ");
	cr_expect_str_eq(of("a", 4), "two@4 @8 fo@9- ");
	gzFile gz = gzopen("b.gz", "wb");
	cr_assert_eq(gzputs(gz, "one\ntwo\n\nfo"), 11);
	cr_assert_eq(gzclose(gz), Z_OK);
	cr_expect_str_eq(of("b", 0), "one@0 two@4 @8 fo@9- ", "found by the name it had");
	cr_expect_str_eq(of("b.gz", 4), "two@4 @8 fo@9- ");
	struct logfile *f;
	cr_expect_eq(logfile_open("none", 0, &f), -ENOENT);
}

Test(logfile, of_a_damaged_compressed_file_comes_what_can_be_read)
{
	gzFile gz = gzopen("b.gz", "wb");
	struct stat st;

	for (int i = 0; i < 30000; i++)
		cr_assert_gt(gzprintf(gz, "line %d\n", i * 7919), 0);
	cr_assert_eq(gzclose(gz), Z_OK);
	cr_assert_eq(stat("b.gz", &st), 0);
	cr_assert_eq(truncate("b.gz", st.st_size / 2), 0);
	struct logfile *f;
	const char *line;
	size_t n, lines = 0;
	off_t at;
	bool ended;
	cr_assert_eq(logfile_open("b.gz", 0, &f), 0);
	while (logfile_next(f, &line, &n, &at, &ended) > 0)
		lines++;
	cr_expect(lines > 1000 && lines < 30000, "%zu", lines);
	logfile_free(f);
}

Test(logfile, a_long_line_comes_whole_up_to_the_limit_and_then_in_pieces)
{
	char *text = malloc(LINES_MAX + 11);
	int fd = memfd_create("log", MFD_CLOEXEC);
	const char *line;
	size_t n;
	off_t at;
	bool ended;
	struct logfile *f;

	memset(text, 'x', LINES_MAX + 10);
	text[LINES_MAX + 10] = '\n';
	cr_assert_eq(pwrite(fd, text, LINES_MAX + 11, 0), (ssize_t)LINES_MAX + 11);
	cr_assert_eq(logfile_from(fd, 10, (off_t)LINES_MAX + 11, &f), 0);
	cr_assert_eq(logfile_next(f, &line, &n, &at, &ended), 1);
	cr_expect(n == LINES_MAX && at == 10 && ended);
	cr_expect_eq(logfile_next(f, &line, &n, &at, &ended), 0);
	logfile_free(f);
	cr_assert_eq(logfile_from(fd, 0, (off_t)LINES_MAX + 11, &f), 0);
	cr_assert_eq(logfile_next(f, &line, &n, &at, &ended), 1);
	cr_expect(n == LINES_MAX && at == 0 && ended);
	cr_assert_eq(logfile_next(f, &line, &n, &at, &ended), 1);
	cr_expect(n == 10 && at == (off_t)LINES_MAX && ended);
	cr_expect_eq(logfile_next(f, &line, &n, &at, &ended), 0);
	logfile_free(f);
	free(text);
	(void)close(fd);
}

Test(logfile, it_ends_where_it_was_told_and_an_error_is_handed_on)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct logfile *f;
	const char *line;
	size_t n;
	off_t at;
	bool ended;

	cr_assert_eq(write(fd, "one\ntwo\n", 8), 8);
	cr_assert_eq(logfile_from(fd, 0, 6, &f), 0);
	cr_expect_str_eq(all(f), "one@0 tw@4- ");
	cr_assert_eq(logfile_from(fd, 0, 99, &f), 0);
	cr_expect_str_eq(all(f), "one@0 two@4 ", "it has become shorter");
	cr_assert_eq(logfile_from(fd, 0, 8, &f), 0);
	sys_fake_fail("pread", 1, EIO);
	cr_expect_eq(logfile_next(f, &line, &n, &at, &ended), -EIO);
	logfile_free(f);
	logfile_free(NULL);
	(void)close(fd);
}

Test(logfile, what_a_ring_has_dropped_is_left_out_and_so_is_the_line_that_was_torn)
{
	struct ring r;
	struct logfile *f;
	const char *line;
	size_t n;
	off_t at, size;
	bool ended;
	char want[32];

	ring_open(&r);
	ring_fill(&r, 5000);
	size = lseek(r.fd, 0, SEEK_END);
	int first = ring_first(&r, ring_drop(&r, 2));
	cr_assert_eq(logfile_from(r.fd, 0, size, &f), 0);
	for (int i = first; i <= 5000; i++) {
		cr_assert_eq(logfile_next(f, &line, &n, &at, &ended), 1);
		(void)snprintf(want, sizeof(want), "line %d", i);
		cr_assert(n == strlen(want) && memcmp(line, want, n) == 0, "%.*s is not %s", (int)n, line, want);
	}
	cr_expect_eq(logfile_next(f, &line, &n, &at, &ended), 0);
	logfile_free(f);
	(void)close(r.fd);
}

Test(logfile, a_ring_may_drop_what_is_being_read)
{
	struct ring r;
	struct logfile *f;
	const char *line;
	size_t n;
	off_t at, size;
	bool ended;
	int seen = 0, last = 0;

	ring_open(&r);
	ring_fill(&r, 20000);
	size = lseek(r.fd, 0, SEEK_END);
	cr_assert_eq(logfile_from(r.fd, 0, size, &f), 0);
	cr_assert_eq(logfile_next(f, &line, &n, &at, &ended), 1);
	int first = ring_first(&r, ring_drop(&r, 2));
	while (logfile_next(f, &line, &n, &at, &ended) > 0) {
		char text[32];
		int i = 0;
		(void)snprintf(text, sizeof(text), "%.*s", (int)n, line);
		cr_assert_eq(sscanf(text, "line %d", &i), 1, "%s", text);
		cr_assert(i == last + 1 || i == first || last == 0, "%d after %d", i, last);
		last = i;
		seen++;
	}
	cr_expect_eq(last, 20000);
	cr_expect_lt(seen, 10000);
	logfile_free(f);
	(void)close(r.fd);
}

Test(logfile, zero_bytes_that_were_written_are_text)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct logfile *f;
	const char *line;
	size_t n;
	off_t at;
	bool ended;

	cr_assert_eq(write(fd, "a\0b\n", 4), 4);
	cr_assert_eq(logfile_from(fd, 0, 4, &f), 0);
	cr_assert_eq(logfile_next(f, &line, &n, &at, &ended), 1);
	cr_expect(n == 3 && memcmp(line, "a\0b", 3) == 0);
	logfile_free(f);
	(void)close(fd);
}
