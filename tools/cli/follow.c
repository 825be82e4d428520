/* follow - one open descriptor a file, read to its end whenever something may have happened.
 *
 * An event only marks: the truth is what stat says of the path. Another inode there is a rotation: the old
 * file is read to its end first, then the new one from its beginning. A size below our place is a truncation. */
#include "tools/cli/follow.h"

#include "base/banned.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "loop/loop.h"
#include "tools/cli/older.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

#define LOOK_EVERY (500 * USEC_MS) /* where inotify can't tell */
#define READ_SIZE 65536

struct file {
	struct follow *follow;
	char *path; /* owned */
	char *after; /* owned; what is rotated after it comes before what is opened first; NULL: nothing */
	void *ctx; /* borrowed */
	int fd; /* owned; -1: not there */
	struct stat st; /* of fd: device and inode */
	off_t at; /* read up to here */
	bool torn; /* what comes up to a newline is the rest of a line whose beginning is lost */
	usec_t seen; /* wall time at which fd's file stood at the path still */
	int wd, dir_wd; /* inotify; -1: none */
	struct lines lines;
};

struct follow {
	follow_fn fn;
	follow_batch_fn batch;
	void *batch_ctx;
	struct loop *loop;
	struct loop_source *source;
	struct loop_timer *timer;
	int inotify; /* owned; -1: none */
	bool looks; /* some file has no watch */
	struct file **files; /* owned */
	size_t n;
	char *buf; /* owned, READ_SIZE */
};

static void on_line(void *ctx, const char *line, size_t n)
{
	struct file *file = ctx;
	file->follow->fn(file->ctx, line, n);
}

/* Reads from our place to the end. */
static void drain(struct file *file)
{
	struct stat st;
	if (file->fd < 0 || sys_fstat(file->fd, &st) < 0)
		return;
	if (st.st_size < file->at) {
		lines_end(&file->lines, on_line, file);
		file->at = 0;
	}
	char *buf = file->follow->buf;
	ssize_t n;
	while ((n = sys_pread(file->fd, buf, READ_SIZE, file->at)) > 0) {
		const char *from = buf, *zero = memchr(buf, 0, (size_t)n);
		off_t hole = zero ? file->at + (zero - buf) : 0, data = zero ? tail_data(file->fd, hole, st.st_size) : 0;
		if (data > hole) { /* a ring went faster than we: a line is torn, and its rest is left out */
			file->lines.len = 0;
			file->torn = true;
			file->at = data;
			continue;
		}
		file->at += n;
		if (file->torn) {
			from = memchr(buf, '\n', (size_t)n);
			if (!from)
				continue;
			from++;
			file->torn = false;
		}
		if (lines_feed(&file->lines, from, (size_t)(buf + n - from), on_line, file) < 0)
			return;
	}
}

static void unwatch(struct file *file)
{
	if (file->wd >= 0)
		(void)sys_inotify_rm(file->follow->inotify, file->wd);
	file->wd = -1;
}

static void watch_file(struct file *file)
{
	struct follow *f = file->follow;
	if (f->inotify >= 0)
		file->wd = sys_inotify_add(f->inotify, file->path, IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB);
	/* A descriptor of another process: what is told of it depends on what it is open to. */
	if (file->wd < 0 || strncmp(file->path, "/proc/", 6) == 0)
		f->looks = true;
}

/* Opens what stands at the path now in place of what was open; on failure that stays open. */
static int open_file(struct file *file, int *ret_old)
{
	struct stat st;
	cleanup_fd int fd = older_open_current(file->path, &st);
	if (fd < 0)
		return fd;
	if (!S_ISREG(st.st_mode))
		return -EINVAL; /* /dev/null, a pipe: nothing to be read again */
	unwatch(file);
	*ret_old = take_fd(&file->fd);
	file->fd = take_fd(&fd);
	file->st = st;
	file->at = 0;
	file->torn = false;
	file->seen = clock_wall();
	watch_file(file);
	return 0;
}

/* What stands at the path now is read; another file than before is opened. 0, or why it can't be. */
static int look_again(struct file *file)
{
	struct stat st;
	usec_t now = clock_wall();
	drain(file);
	int r = sys_stat(file->path, &st);
	if (r < 0)
		return r; /* renamed away, the next one isn't there yet: the folder will tell */
	if (file->fd >= 0 && st.st_dev == file->st.st_dev && st.st_ino == file->st.st_ino) {
		file->seen = now;
		return 0;
	}
	if (file->fd >= 0)
		drain(file); /* what came between the first look and the rename */
	struct older_mark from = { file->st.st_dev, file->st.st_ino, file->seen, file->after };
	/* Open and locked until all is read: without us it would be compressed, and a newer file might get its inode. */
	cleanup_fd int old = -1;
	r = open_file(file, &old);
	if (r < 0)
		return r; /* between a rename and the next line: ours is kept, so that it can be found again */
	lines_end(&file->lines, on_line, file);
	/* Only now, with the next one in hand, is it known which were rotated in between. */
	struct older_mark to = { .dev = file->st.st_dev, .ino = file->st.st_ino, .seen = file->seen };
	if (old >= 0 || from.after)
		(void)older_between(file->path, &from, &to, on_line, file);
	free(file->after);
	file->after = NULL;
	drain(file);
	return 0;
}

static void look_at_all(struct follow *f)
{
	for (size_t i = 0; i < f->n; i++)
		(void)look_again(f->files[i]);
	f->batch(f->batch_ctx);
}

static void look_at_watched(struct follow *f, int wd)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->files[i]->wd == wd || f->files[i]->dir_wd == wd)
			(void)look_again(f->files[i]);
}

static void on_inotify(void *ctx, int fd, uint32_t events)
{
	struct follow *f = ctx;
	(void)events;
	char buf[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = sys_read(fd, buf, sizeof(buf));
	int last = -1;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *e = (const struct inotify_event *)(buf + at);
		at += (ssize_t)(sizeof(*e) + e->len);
		if (e->mask & IN_Q_OVERFLOW) {
			look_at_all(f);
			return;
		}
		/* A burst of writes is one event after another for the same file: the first look has seen all. */
		if (e->wd != last || !(e->mask & IN_MODIFY))
			look_at_watched(f, e->wd);
		last = e->wd;
	}
	f->batch(f->batch_ctx);
}

static void on_timer(void *ctx)
{
	struct follow *f = ctx;
	look_at_all(f);
	loop_timer_in(f->timer, LOOK_EVERY);
}

int follow_new(follow_fn fn, follow_batch_fn batch, void *batch_ctx, struct follow **ret)
{
	struct follow *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	*f = (struct follow){ .fn = fn, .batch = batch, .batch_ctx = batch_ctx, .inotify = -1 };
	f->buf = malloc(READ_SIZE);
	int r = f->buf ? loop_new(&f->loop) : -ENOMEM;
	if (r == 0)
		r = loop_timer_new(f->loop, on_timer, f, &f->timer);
	if (r < 0) {
		follow_free(f);
		return r;
	}
	f->inotify = sys_inotify_init();
	if (f->inotify < 0 || loop_add(f->loop, f->inotify, EPOLLIN, LOOP_NORMAL, on_inotify, f, &f->source) < 0) {
		close_fd(&f->inotify);
		f->inotify = -1;
		f->looks = true;
	}
	*ret = f;
	return 0;
}

static void file_free(struct file *file)
{
	close_fd(&file->fd);
	lines_done(&file->lines);
	free(file->path);
	free(file->after);
	free(file);
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	loop_remove(&f->source);
	loop_timer_free(&f->timer);
	loop_free(f->loop);
	for (size_t i = 0; i < f->n; i++)
		file_free(f->files[i]);
	free(f->files);
	free(f->buf);
	close_fd(&f->inotify);
	free(f);
}

static void watch_folder(struct follow *f, struct file *file)
{
	char dir[4096];
	const char *slash = strrchr(file->path, '/');
	size_t n = slash ? (size_t)(slash - file->path) : 0;
	if (f->inotify >= 0 && text_format(dir, sizeof(dir), "%.*s", n ? (int)n : 1, slash ? file->path : ".") == 0)
		file->dir_wd = sys_inotify_add(f->inotify, dir, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	if (file->dir_wd < 0)
		f->looks = true;
}

int follow_add(struct follow *f, const char *path, struct follow_place from, void *file_ctx)
{
	struct file **bigger = reallocarray(f->files, f->n + 1, sizeof(*bigger));
	struct file *file = bigger ? calloc(1, sizeof(*file)) : NULL;
	if (bigger)
		f->files = bigger;
	if (!file) {
		close_fd(&from.fd);
		return -ENOMEM;
	}
	*file = (struct file){ .follow = f, .ctx = file_ctx, .fd = from.fd, .at = from.at, .seen = from.seen, .wd = -1, .dir_wd = -1,
			       .path = strdup(path) };
	if (from.fd < 0 && from.after)
		file->after = strdup(from.after);
	int r = !file->path || (from.fd < 0 && from.after && !file->after) ? -ENOMEM : 0;
	if (r == 0 && from.fd >= 0)
		r = sys_fstat(file->fd, &file->st);
	if (r == 0) {
		watch_folder(f, file);
		if (from.fd >= 0)
			watch_file(file);
		r = look_again(file); /* it may have been rotated since it was read */
	}
	if (r < 0 && r != -ENOENT) {
		file_free(file);
		return r;
	}
	f->files[f->n++] = file;
	f->batch(f->batch_ctx);
	return 0;
}

int follow_run(struct follow *f)
{
	if (f->looks)
		loop_timer_in(f->timer, LOOK_EVERY);
	return loop_run(f->loop);
}
