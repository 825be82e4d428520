#include "tools/cli/older.h"

#include "base/banned.h"
#include "base/own.h"
#include "base/rotated.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>

#define READ_SIZE 65536
#define OPEN_TRIES 100
#define OF_PROCESS "/proc/"

static bool is_gz_of(const char *gz, const char *plain)
{
	size_t n = strlen(plain);

	return strncmp(gz, plain, n) == 0 && strcmp(gz + n, ROTATED_GZ) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All rotated files, each once. One that gets its compressed name while the folder is read may be seen under both names, or under
 * none; since that happens to a file once, reading the folder twice finds all. */
int older_list(const char *path, struct strv *ret)
{
	int r = rotated_list(path, ret);

	if (r == 0)
		r = rotated_list(path, ret);
	if (r == 0 && ret->n > 0)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	for (size_t i = 1; r == 0 && i < ret->n;) {
		if (!is_gz_of(ret->v[i], ret->v[i - 1]) && strcmp(ret->v[i], ret->v[i - 1]) != 0) {
			i++;
			continue;
		}
		free(ret->v[i]);
		memmove(ret->v + i, ret->v + i + 1, (ret->n - i) * sizeof(*ret->v)); /* the NULL at the end too */
		ret->n--;
	}
	return r;
}

/* By zlib, which hands a plain file out as it is. */
int older_open(const char *path, gzFile *ret)
{
	char gz[PATH_MAX];
	int fd = sys_open(path, O_RDONLY | O_NONBLOCK, 0);

	if (fd == -ENOENT && text_format(gz, sizeof(gz), "%s" ROTATED_GZ, path) == 0)
		fd = sys_open(gz, O_RDONLY | O_NONBLOCK, 0); /* compressed since it was listed */
	if (fd < 0)
		return fd;
	*ret = gzdopen(fd, "rb");
	if (!*ret)
		close_fd(&fd);
	return *ret ? 0 : -ENOMEM;
}

/* One that is being compressed already has been rotated since it was opened: another stands there by now. */
int older_open_current(const char *path, struct stat *ret)
{
	for (int i = 0;; i++) {
		cleanup_fd int fd = sys_open(path, O_RDONLY | O_NONBLOCK, 0);
		if (fd < 0)
			return fd;
		bool busy = sys_flock(fd, LOCK_SH | LOCK_NB) == -EAGAIN;
		int r = sys_fstat(fd, ret);
		if (r < 0)
			return r;
		if (strncmp(path, OF_PROCESS, strlen(OF_PROCESS)) == 0) /* asked from another PID namespace it is any process's file */
			return ret->st_nlink == 0 ? take_fd(&fd) : -ENXIO;
		if ((!busy && ret->st_nlink > 0) || i == OPEN_TRIES)
			return take_fd(&fd);
	}
}

static int read_file(const char *path, lines_fn fn, void *ctx)
{
	cleanup_free char *buf = malloc(READ_SIZE);
	struct lines lines = { 0 };
	gzFile f = NULL;
	int n, r = buf ? 0 : -ENOMEM;

	if (buf)
		(void)older_open(path, &f); /* what has gone away, or can't be read, can't be shown */

	while (f && r == 0 && (n = gzread(f, buf, READ_SIZE)) > 0)
		r = lines_feed(&lines, buf, (size_t)n, fn, ctx);
	lines_end(&lines, fn, ctx);
	lines_done(&lines);
	if (f)
		(void)gzclose(f);
	return r;
}

size_t older_find(const struct strv *all, const struct older_mark *mark)
{
	struct stat st;

	for (size_t i = 0; i < all->n; i++)
		if (sys_lstat(all->v[i], &st) == 0 && st.st_dev == mark->dev && st.st_ino == mark->ino)
			return i;
	return all->n;
}

static size_t by_time(const char *path, const struct strv *all, const struct older_mark *mark)
{
	char name[PATH_MAX];

	if (rotated_name(path, mark->seen, name, sizeof(name)) < 0)
		return all->n;
	for (size_t i = 0; i < all->n; i++)
		if (strncmp(all->v[i], name, strlen(name)) >= 0)
			return i;
	return all->n;
}

/* The first one that was rotated after the one of that name. */
static size_t first_after(const struct strv *all, const char *name)
{
	size_t n = strlen(name), gz = strlen(ROTATED_GZ), i = 0;

	if (n > gz && strcmp(name + n - gz, ROTATED_GZ) == 0)
		n -= gz;
	while (i < all->n && strncmp(all->v[i], name, n) <= 0 && n > 0)
		i++;
	return i;
}

int older_between(const char *path, const struct older_mark *from, const struct older_mark *to, lines_fn fn, void *ctx)
{
	struct strv all = { 0 };
	int r = older_list(path, &all);

	size_t begin = from->after ? first_after(&all, from->after) : older_find(&all, from), end = older_find(&all, to);
	if (!from->after && begin++ == all.n)
		begin = by_time(path, &all, from) + 1;
	for (size_t i = begin; r == 0 && i < end; i++)
		r = read_file(all.v[i], fn, ctx);
	strv_done(&all);
	return r;
}
