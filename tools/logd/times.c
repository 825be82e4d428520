#include "tools/logd/times.h"

#include "base/own.h"
#include "base/rotated.h"
#include "base/sys.h"
#include "base/text.h"
#include "base/times.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#define BYTES_APART 256
#define LEAST_APART (10 * USEC_MS)
#define TIME_APART (100 * USEC_MS)
#define OPEN_APART (10 * USEC_SEC)
#define HEADROOM 4096 /* bytes by which it may be longer than its log */

/* It is made with the owner and the mode of its log; one that is there keeps its own. */
static int open_times(const char *path, int log_fd)
{
	static const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	char name[PATH_MAX];
	struct stat log = { 0 }, st;
	int r = times_name(path, name, sizeof(name));

	if (r == 0)
		r = sys_fstat(log_fd, &log);
	if (r < 0)
		return r;
	cleanup_fd int fd = sys_open(name, flags, 0);
	if (fd == -ENOENT) {
		fd = sys_open(name, flags | O_CREAT | O_EXCL, log.st_mode & 0777);
		if (fd >= 0) {
			(void)sys_fchown(fd, log.st_uid, log.st_gid);
			(void)sys_fchmod(fd, log.st_mode & 0777); /* whatever the umask is */
		}
	}
	if (fd < 0)
		return fd;
	if (sys_fd_is_scarce(fd)) /* the logs themselves come first */
		return -EMFILE;
	r = sys_fstat(fd, &st);
	if (r < 0)
		return r;
	return !S_ISREG(st.st_mode) || st.st_nlink > 1 ? -ENXIO : take_fd(&fd);
}

/* What a predecessor left is gone on with; a record that it wrote in part goes. */
static void take_up(struct times_writer *w)
{
	struct times_record last;
	struct stat st;

	w->size = w->offset = w->wall = 0;
	if (sys_fstat(w->fd, &st) < 0)
		return;
	w->size = (uint64_t)st.st_size - (uint64_t)st.st_size % sizeof(last);
	if (w->size != (uint64_t)st.st_size)
		(void)sys_ftruncate(w->fd, (off_t)w->size);
	if (w->size > 0 && sys_pread(w->fd, &last, sizeof(last), (off_t)(w->size - sizeof(last))) == (ssize_t)sizeof(last)) {
		w->offset = last.offset;
		w->wall = last.wall;
	}
}

static bool is_due(const struct times_writer *w, uint64_t at, usec_t now)
{
	usec_t apart = now >= w->wall ? now - w->wall : USEC_NEVER; /* the clock was set back */

	if (w->size == 0 || at < w->offset) /* the log has been cut */
		return true;
	if (w->size + sizeof(struct times_record) > at + HEADROOM)
		return false;
	return apart >= TIME_APART || (apart >= LEAST_APART && at - w->offset >= BYTES_APART);
}

void times_note(struct times_writer *w, const char *path, int log_fd, uint64_t at, usec_t now)
{
	if (w->fd <= 0) {
		usec_t mono = clock_mono();
		if (w->tried && mono < w->tried + OPEN_APART)
			return;
		w->tried = mono;
		w->fd = open_times(path, log_fd);
		if (w->fd < 0)
			return;
		take_up(w);
	}
	if (!is_due(w, at, now))
		return;
	struct times_record r = { .offset = at, .wall = now };
	if (at == 0 && w->size > 0) {
		(void)sys_ftruncate(w->fd, 0);
		w->size = 0;
	}
	w->offset = at;
	w->wall = now;
	ssize_t n = sys_write(w->fd, &r, sizeof(r));
	if (n == (ssize_t)sizeof(r))
		w->size += sizeof(r);
	else if (n > 0)
		(void)sys_ftruncate(w->fd, (off_t)w->size);
}

void times_close(struct times_writer *w)
{
	if (w->fd > 0)
		close_fd(&w->fd);
	*w = (struct times_writer){ 0 };
}

void times_rename(const char *from, const char *to)
{
	char old[PATH_MAX], name[PATH_MAX];

	if (times_name(from, old, sizeof(old)) == 0 && times_name(to, name, sizeof(name)) == 0)
		(void)sys_rename(old, name);
}

static bool is_there(const char *path)
{
	struct stat st;

	return sys_lstat(path, &st) != -ENOENT;
}

/* `name` (".web.log.TIME.times", in `folder`): goes when neither the log nor its compressed form is there. */
static void tidy_one(const char *folder, const char *base, const char *name)
{
	char log[PATH_MAX], gz[PATH_MAX], times[PATH_MAX];
	size_t n = strlen(name), behind = strlen(TIMES_BEHIND);

	if (name[0] != '.' || n <= behind + 1 || strcmp(name + n - behind, TIMES_BEHIND) != 0 ||
	    text_format(log, sizeof(log), "%.*s", (int)(n - behind - 1), name + 1) < 0 || !rotated_is(base, log))
		return;
	if (text_format(log, sizeof(log), "%s%.*s", folder, (int)(n - behind - 1), name + 1) < 0 ||
	    text_format(gz, sizeof(gz), "%s" ROTATED_GZ, log) < 0 || text_format(times, sizeof(times), "%s%s", folder, name) < 0)
		return;
	/* In this order: a log is compressed into its new name before the old one goes. */
	if (!is_there(log) && !is_there(gz))
		(void)sys_unlink(times);
}

void times_tidy(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	DIR *dir;

	if (text_format(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 2, slash ? path : "./") < 0 ||
	    sys_opendir(folder, &dir) < 0)
		return;
	for (struct dirent *e; (e = readdir(dir));)
		tidy_one(folder, slash ? slash + 1 : path, e->d_name);
	(void)closedir(dir);
}
