#include "tools/logd/file_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "tools/logd/line.h"
#include "tools/logd/open.h"
#include "wire/logsocket.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* What a hole in a memfd is made of. */
#define RING_PAGE 4096

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
	*f = (struct file){ .all = all, .next = all->first, .path = copy, .refs = 1, .fd = -1,
			    .rules = { .uid = LOGWIRE_NOBODY, .gid = LOGWIRE_NOBODY, .friend_uid = LOGWIRE_NOBODY, .mode = LOGWIRE_NOBODY } };
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

void file_inherit(struct file *f, int error)
{
	if (f && !f->error)
		f->error = error;
}

static void mended(struct file *f)
{
	f->error = 0;
	f->dropped = 0;
	f->all->fn(f->all->ctx, f, 0);
}

void file_worked(struct file *f)
{
	/* What waited is written now. What was dropped is to be noted first. */
	if (f->error && !f->dropped)
		mended(f);
}

void file_dropped(struct file *f, uint64_t n)
{
	f->dropped += n;
}

static int open_file(struct file *f)
{
	int fd = open_log(f->path, &f->rules);

	if (fd < 0)
		return fd;
	f->fd = fd;
	file_note_opened(f);
	return 0;
}

void files_reopen(struct files *all)
{
	for (struct file *f = all->first; f; f = f->next) {
		if (f->fd < 0 || f->memory)
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
	if (r == 0 && st.st_nlink == 0 && !f->memory) { /* removed, by itself or with its folder: whoever looks for it finds a new one */
		close_fd(&f->fd);
		times_close(&f->times);
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

static void note_time(struct file *f, uint64_t at)
{
	if (!f->memory)
		times_note(&f->times, f->path, f->fd, at, clock_wall());
}

int file_write(struct file *f, uint64_t at, const void *buf, size_t n)
{
	if (f->fd >= 0)
		note_time(f, at);
	int r = f->fd < 0 ? -EBADF : write_at(f, at, buf, n);

	if (r < 0)
		file_failed(f, r);
	else
		file_worked(f);
	return r;
}

/* A line of pm1's own in the log, in the log's own form. */
static int write_note(struct file *f, uint64_t n, const char *why)
{
	char text[160], note[LINE_JSON_MAX(sizeof(text)) + 1];
	uint64_t end = 0;
	int r = file_end(f, &end);

	if (r < 0)
		return r;
	(void)text_format(text, sizeof(text), "%llu bytes were dropped here: %s", (unsigned long long)n, why);
	if (f->rules.form == LOGWIRE_JSON) {
		struct line line = { .service = "pm1", .err = true, .pid = getpid(), .time = clock_wall(), .text = text, .n = strlen(text) };
		note[line_json(&line, note, sizeof(note) - 1)] = 0;
	} else {
		(void)text_format(note, sizeof(note), "%spm1: %s", file_ends_line(f, end) ? "" : "\n", text);
	}
	size_t len = strlen(note);
	note[len++] = '\n';
	return write_at(f, end, note, len);
}

void file_works(struct file *f)
{
	if (f->limited && write_note(f, f->limited, "they came faster than log_rate_limit") == 0)
		f->limited = 0;
	if (f->error && f->dropped && write_note(f, f->dropped, logsocket_trouble_text(f->error)) == 0)
		mended(f);
}

void file_limited(struct file *f, uint64_t n)
{
	f->limited += n;
}

int file_seek(struct file *f, uint64_t at)
{
	note_time(f, at);
	off_t r = sys_lseek(f->fd, (off_t)at, SEEK_SET);
	return r < 0 ? (int)r : f->fd;
}

int file_cut(struct file *f, uint64_t size)
{
	uint64_t end = 0;
	int r = file_end(f, &end);

	if (size < f->begins)
		f->begins = 0;
	return r < 0 ? r : sys_ftruncate(f->fd, (off_t)size);
}

void file_keep_in(struct file *f, int fd)
{
	f->memory = true;
	if (f->fd < 0)
		f->fd = sys_fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

void file_trim(struct file *f)
{
	uint64_t end = 0;

	/* Whole pages alone can be given back; and not for every line. */
	if (!f->memory || file_end(f, &end) < 0 || end < f->begins + f->rules.ring + f->rules.ring / 4 + RING_PAGE)
		return;
	uint64_t begins = (end - f->rules.ring) / RING_PAGE * RING_PAGE;
	if (sys_punch(f->fd, 0, (off_t)begins) == 0)
		f->begins = begins;
}
