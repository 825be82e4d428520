#include "base/times.h"

#include "base/own.h"
#include "base/rotated.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>

int times_name(const char *path, char *buf, size_t size)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = strlen(name), gz = strlen(ROTATED_GZ);

	/* A log may be called a.gz; only behind the time of a rotation it is what tidy has put there. */
	if (n > gz + ROTATED_SUFFIX && strcmp(name + n - gz, ROTATED_GZ) == 0 && name[n - gz - 1] == 'Z' &&
	    name[n - gz - ROTATED_SUFFIX] == '.')
		n -= gz;
	return text_format(buf, size, "%.*s.%.*s" TIMES_BEHIND, (int)(name - path), path, (int)n, name);
}

/* The i-th record; false: it isn't there (any more). */
static bool get(struct times *t, uint64_t i, struct times_record *ret)
{
	if (i < t->block_at || i >= t->block_at + t->block_n) {
		uint64_t from = i - i % TIMES_BLOCK;
		ssize_t n = sys_pread(t->fd, t->block, sizeof(t->block), (off_t)(from * sizeof(*t->block)));
		t->block_at = from;
		t->block_n = n > 0 ? (uint64_t)n / sizeof(*t->block) : 0;
		if (i >= from + t->block_n)
			return false;
	}
	*ret = t->block[i - t->block_at];
	return true;
}

/* Where the records begin that nothing voids. */
static uint64_t first_valid(struct times *t)
{
	struct times_record r;
	uint64_t first = 0, last = 0;

	for (uint64_t i = 0; i < t->end && get(t, i, &r); i++) {
		if (r.offset < last)
			first = i;
		last = r.offset;
	}
	return first;
}

int times_open(const char *path, struct times *ret)
{
	char name[4096];
	struct stat st;
	int r = times_name(path, name, sizeof(name));

	if (r < 0)
		return r;
	cleanup_fd int fd = sys_open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return fd;
	r = sys_fstat(fd, &st);
	if (r < 0)
		return r;
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(struct times_record))
		return -ENODATA;
	*ret = (struct times){ .fd = take_fd(&fd), .end = (uint64_t)st.st_size / sizeof(struct times_record) };
	ret->at = ret->first = first_valid(ret);
	return 0;
}

void times_done(struct times *t)
{
	close_fd(&t->fd);
	*t = (struct times){ .fd = -1 };
}

/* The last record at or before `offset`, by halving. */
static uint64_t find(struct times *t, uint64_t offset)
{
	uint64_t low = t->first, high = t->end;
	struct times_record r;

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		if (get(t, middle, &r) && r.offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

bool times_at(struct times *t, uint64_t offset, usec_t *ret)
{
	struct times_record r = { 0 }, next;

	if (!get(t, t->at, &r) || r.offset > offset) {
		t->at = find(t, offset);
		if (!get(t, t->at, &r)) {
			*ret = 0;
			return false;
		}
	}
	while (t->at + 1 < t->end && get(t, t->at + 1, &next) && next.offset <= offset) {
		r = next;
		t->at++;
	}
	*ret = r.wall;
	return r.offset <= offset;
}

uint64_t times_seek(struct times *t, usec_t wall)
{
	struct times_record r = { 0 };

	for (uint64_t i = t->first; i < t->end && get(t, i, &r); i++)
		if (r.wall >= wall)
			return i == t->first ? 0 : r.offset; /* what stands before the first record came at a time unknown */
	return r.offset;
}
