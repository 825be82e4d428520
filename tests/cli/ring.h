/* ring - a memfd as a log that keeps its newest bytes alone: what is old is a hole at its beginning. */
#ifndef PM1_TESTS_RING_H
#define PM1_TESTS_RING_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct ring {
	int fd;
	char path[64]; /* /proc/PID/fd/N */
	int lines; /* "line 1" ... so many so far */
};

static inline void ring_open(struct ring *r)
{
	r->fd = memfd_create("log", MFD_CLOEXEC);
	cr_assert_geq(r->fd, 0);
	(void)snprintf(r->path, sizeof(r->path), "/proc/%d/fd/%d", (int)getpid(), r->fd);
	r->lines = 0;
}

/* Adds lines up to the nth. */
static inline void ring_fill(struct ring *r, int n)
{
	while (r->lines < n) {
		char line[32];
		int len = snprintf(line, sizeof(line), "line %d\n", ++r->lines);
		cr_assert_eq(write(r->fd, line, (size_t)len), len);
	}
}

/* Drops all but the last `pages` pages that are begun. The bytes that are left begin there. */
static inline off_t ring_drop(struct ring *r, int pages)
{
	off_t size = lseek(r->fd, 0, SEEK_END), from = (size / 4096 - pages) * 4096;

	cr_assert_gt(from, 0);
	cr_assert_eq(fallocate(r->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, from), 0);
	cr_assert_eq(lseek(r->fd, 0, SEEK_DATA), from);
	cr_assert_eq(lseek(r->fd, 0, SEEK_END), size);
	return from;
}

/* The first line that is whole behind `from`. */
static inline int ring_first(struct ring *r, off_t from)
{
	char buf[64] = "";

	cr_assert_gt(pread(r->fd, buf, sizeof(buf) - 1, from), 0);
	int n = 0;
	cr_assert_eq(sscanf(strchr(buf, '\n') + 1, "line %d", &n), 1, "%s", buf);
	return n;
}

#endif
