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
#include <zlib.h>

#define READ_SIZE 65536

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
static int list_once(const char *path, struct strv *ret)
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

/* By zlib, which hands a plain file out as it is. NULL: it isn't there, or can't be read. */
static gzFile open_any(const char *path)
{
	char gz[PATH_MAX];
	int fd = sys_open(path, O_RDONLY | O_NONBLOCK, 0);

	if (fd == -ENOENT && text_format(gz, sizeof(gz), "%s" ROTATED_GZ, path) == 0)
		fd = sys_open(gz, O_RDONLY | O_NONBLOCK, 0); /* compressed since it was listed */
	gzFile f = fd >= 0 ? gzdopen(fd, "rb") : NULL;
	if (!f)
		close_fd(&fd);
	return f;
}

struct skip {
	size_t skip; /* lines that are not handed on */
	size_t seen;
	lines_fn fn; /* NULL: they are only counted */
	void *ctx;
};

static void on_line(void *ctx, const char *line, size_t n)
{
	struct skip *s = ctx;

	if (s->seen++ >= s->skip && s->fn)
		s->fn(s->ctx, line, n);
}

static int read_file(const char *path, struct skip *s)
{
	cleanup_free char *buf = malloc(READ_SIZE);
	struct lines lines = { 0 };
	gzFile f = buf ? open_any(path) : NULL;
	int n, r = buf ? 0 : -ENOMEM;

	while (f && r == 0 && (n = gzread(f, buf, READ_SIZE)) > 0)
		r = lines_feed(&lines, buf, (size_t)n, on_line, s);
	lines_end(&lines, on_line, s);
	lines_done(&lines);
	if (f)
		(void)gzclose(f);
	return r;
}

int older_lines(const char *path, size_t lines, lines_fn fn, void *ctx)
{
	struct strv all = { 0 };
	size_t have = 0, first;

	int r = list_once(path, &all);
	/* From the newest back, until there are enough. */
	for (first = all.n; r == 0 && first > 0 && have < lines; first--) {
		struct skip count = { 0 };
		r = read_file(all.v[first - 1], &count);
		have += count.seen;
	}
	struct skip out = { .skip = have > lines ? have - lines : 0, .fn = fn, .ctx = ctx };
	for (size_t i = first; r == 0 && lines > 0 && i < all.n; i++)
		r = read_file(all.v[i], &out);
	strv_done(&all);
	return r;
}

/* Where the marked file is among all; all->n: it isn't there. */
static size_t by_inode(const struct strv *all, const struct older_mark *mark)
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

int older_between(const char *path, const struct older_mark *from, const struct older_mark *to, lines_fn fn, void *ctx)
{
	struct skip out = { .fn = fn, .ctx = ctx };
	struct strv all = { 0 };
	int r = list_once(path, &all);

	size_t begin = by_inode(&all, from), end = by_inode(&all, to);
	if (begin == all.n)
		begin = by_time(path, &all, from);
	for (size_t i = begin + 1; r == 0 && i < end; i++)
		r = read_file(all.v[i], &out);
	strv_done(&all);
	return r;
}
