#include "tools/logd/file.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "tools/logd/rotate.h"
#include "tools/logd/times.h"
#include "wire/logsocket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#define FILE_MODE 0640
#define ROTATION_RETRY (10 * USEC_SEC)

struct file {
	struct files *all; /* borrowed */
	struct file *next;
	char *path; /* owned */
	unsigned int refs;
	int fd; /* owned, -1: not open */
	int error; /* positive: the last write failed with it */
	uint64_t dropped; /* since then */
	struct logwire_limits limits; /* all zero: it is never rotated */
	usec_t next_at; /* wall time at which its hour, day or week is over */
	usec_t retry_at; /* monotonic: a rotation failed, and is not tried before */
	struct times_writer times;
};

struct files {
	struct file *first;
	file_trouble_fn fn;
	void *ctx;
};

struct files *files_new(file_trouble_fn fn, void *ctx)
{
	struct files *all = calloc(1, sizeof(*all));

	if (all)
		*all = (struct files){ .fn = fn, .ctx = ctx };
	return all;
}

void files_free(struct files *all)
{
	while (all && all->first)
		file_put(all->first);
	free(all);
}

struct file *file_get(struct files *all, const char *path)
{
	if (!path[0])
		return NULL;
	for (struct file *f = all->first; f; f = f->next) {
		if (strcmp(f->path, path) == 0) {
			f->refs++;
			return f;
		}
	}
	struct file *f = calloc(1, sizeof(*f));
	char *copy = strdup(path);
	if (!f || !copy) {
		free(f);
		free(copy);
		return NULL;
	}
	*f = (struct file){ .all = all, .next = all->first, .path = copy, .refs = 1, .fd = -1 };
	all->first = f;
	return f;
}

void file_put(struct file *f)
{
	if (!f || --f->refs > 0)
		return;
	for (struct file **p = &f->all->first; *p; p = &(*p)->next) {
		if (*p == f) {
			*p = f->next;
			break;
		}
	}
	close_fd(&f->fd);
	times_close(&f->times);
	free(f->path);
	free(f);
}

const char *file_path(const struct file *f)
{
	return f->path;
}

bool file_is_shared(const struct file *f)
{
	return f->refs > 1;
}

void file_failed(struct file *f, int error)
{
	error = error < 0 ? -error : error;
	if (f->error == error)
		return;
	f->error = error;
	f->all->fn(f->all->ctx, f, error);
}

void file_dropped(struct file *f, uint64_t n)
{
	f->dropped += n;
}

/* Read as well, where that is allowed: whether its last line has ended decides of a rotation. */
static int open_regular(const char *path)
{
	static const int flags = O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	cleanup_fd int fd = sys_open(path, O_RDWR | flags, FILE_MODE);
	struct stat st;

	if (fd == -EACCES)
		fd = sys_open(path, O_WRONLY | flags, FILE_MODE);

	if (fd < 0)
		return fd;
	int r = sys_fstat(fd, &st);
	if (r < 0)
		return r;
	if (!S_ISREG(st.st_mode))
		return -ENXIO; /* a fifo or a device would block or lose; a fifo that nobody reads gives the same by itself */
	return take_fd(&fd);
}

static int open_file(struct file *f)
{
	int fd = open_regular(f->path);

	if (fd == -ENOENT) {
		char dir[PATH_MAX];
		const char *slash = strrchr(f->path, '/');
		if (slash && slash != f->path &&
		    text_format(dir, sizeof(dir), "%.*s", (int)(slash - f->path), f->path) == 0) {
			int r = sys_mkdir_all(dir, 0755);
			if (r < 0)
				return r;
			fd = open_regular(f->path);
		}
	}
	if (fd < 0)
		return fd;
	f->fd = fd;
	if (f->limits.every) {
		/* One that was left from before goes by when it was last written. */
		struct stat st;
		bool is_new = sys_fstat(fd, &st) < 0 || st.st_size == 0;
		f->next_at = rotate_next(f->limits.every, is_new ? clock_wall() : (usec_t)st.st_mtime * USEC_SEC);
	}
	return 0;
}

void files_reopen(struct files *all)
{
	for (struct file *f = all->first; f; f = f->next) {
		if (f->fd < 0)
			continue;
		close_fd(&f->fd);
		times_close(&f->times);
		int r = open_file(f); /* at once: whoever moved the old one away may want to see the new one */
		if (r < 0)
			file_failed(f, r);
	}
}

int file_end(struct file *f, uint64_t *ret)
{
	struct stat st;
	int r = f->fd < 0 ? open_file(f) : 0;

	if (r == 0)
		r = sys_fstat(f->fd, &st);
	if (r == 0 && st.st_nlink == 0) { /* removed, by itself or with its folder: whoever looks for it finds a new one */
		close_fd(&f->fd);
		r = open_file(f);
		if (r == 0)
			r = sys_fstat(f->fd, &st);
	}
	if (r != 0) {
		file_failed(f, r);
		return r;
	}
	*ret = (uint64_t)st.st_size;
	return 0;
}

static int write_at(struct file *f, uint64_t at, const void *buf, size_t n)
{
	const char *p = buf;
	uint64_t begin = at;

	while (n > 0) {
		ssize_t done = sys_pwrite(f->fd, p, n, (off_t)at);
		if (done <= 0) {
			(void)sys_ftruncate(f->fd, (off_t)begin);
			return done < 0 ? (int)done : -EIO;
		}
		p += done;
		at += (uint64_t)done;
		n -= (size_t)done;
	}
	return 0;
}

int file_write(struct file *f, uint64_t at, const void *buf, size_t n)
{
	if (f->fd >= 0)
		times_note(&f->times, f->path, f->fd, at, clock_wall());
	int r = f->fd < 0 ? -EBADF : write_at(f, at, buf, n);

	if (r < 0)
		file_failed(f, r);
	return r;
}

void file_works(struct file *f)
{
	char note[160];
	uint64_t end = 0;

	if (!f->error)
		return;
	(void)text_format(note, sizeof(note), "pm1: %llu bytes were dropped here: %s\n", (unsigned long long)f->dropped,
			  logsocket_trouble_text(f->error));
	if (file_end(f, &end) < 0 || (f->dropped && write_at(f, end, note, strlen(note)) < 0))
		return; /* not quite yet */
	f->error = 0;
	f->dropped = 0;
	f->all->fn(f->all->ctx, f, 0);
}

int file_seek(struct file *f, uint64_t at)
{
	times_note(&f->times, f->path, f->fd, at, clock_wall());
	off_t r = sys_lseek(f->fd, (off_t)at, SEEK_SET);
	return r < 0 ? (int)r : f->fd;
}

int file_cut(struct file *f, uint64_t size)
{
	uint64_t end = 0;
	int r = file_end(f, &end);
	return r < 0 ? r : sys_ftruncate(f->fd, (off_t)size);
}

/* Limits. */

static uint64_t tighter(uint64_t a, uint64_t b)
{
	return !a ? b : !b ? a : a < b ? a : b;
}

void file_limit(struct file *f, const struct logwire_limits *limits)
{
	if (!f)
		return;
	uint32_t every = f->limits.every;
	if (f->refs == 1) {
		f->limits = *limits;
	} else {
		f->limits.max_size = tighter(f->limits.max_size, limits->max_size);
		f->limits.max_age = tighter(f->limits.max_age, limits->max_age);
		f->limits.keep = (uint32_t)tighter(f->limits.keep, limits->keep);
		f->limits.every = (uint32_t)tighter(f->limits.every, limits->every);
		f->limits.compress |= limits->compress;
	}
	if (f->limits.every != every)
		close_fd(&f->fd); /* opened anew it knows its time */
}

bool file_is_due(struct file *f, uint64_t n)
{
	uint64_t end = 0;

	if ((!f->limits.max_size && !f->limits.every) || (f->retry_at && clock_mono() < f->retry_at) || file_end(f, &end) < 0)
		return false;
	if (f->limits.max_size && end + n > f->limits.max_size)
		return true;
	return f->limits.every && end > 0 && clock_wall() >= f->next_at;
}

static bool ends_line(const struct file *f, uint64_t end)
{
	char last;

	return end == 0 || sys_pread(f->fd, &last, 1, (off_t)end - 1) != 1 || last == '\n';
}

static void rotate(struct file *f)
{
	int r = rotate_away(f->path, clock_wall());

	f->retry_at = 0;
	if (r < 0) {
		f->retry_at = clock_mono() + ROTATION_RETRY;
		log_error("logd: %s: cannot be rotated: %s; it grows on", f->path, err_text(r));
		return;
	}
	close_fd(&f->fd);
	times_close(&f->times);
	r = rotate_tidy(f->path, &f->limits);
	if (r < 0)
		log_error("logd: %s: cannot start the tidying of its old files: %s", f->path, err_text(r));
}

size_t file_fit(struct file *f, const char *p, size_t n)
{
	uint64_t end = 0;

	if (!f || !file_is_due(f, n) || file_end(f, &end) < 0)
		return n;
	if (end > 0 && ends_line(f, end)) {
		rotate(f);
		if (f->retry_at || file_end(f, &end) < 0)
			return n;
	}
	uint64_t room = !f->limits.max_size ? 0 : f->limits.max_size > end ? f->limits.max_size - end : 0;
	if (end == 0 && (!f->limits.max_size || n <= room))
		return n;
	const char *nl = memrchr(p, '\n', n < room ? n : (size_t)room);
	if (!nl)
		nl = memchr(p, '\n', n);
	return nl ? (size_t)(nl - p) + 1 : n;
}
