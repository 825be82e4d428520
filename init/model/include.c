/* include - see the header. */
#include "model/include.h"

#include "base/own.h"
#include "base/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>

bool include_is_pattern(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

/* Appends `dir`/NAME for each name in `dir` that matches. */
static int match_dir(const char *dir, const char *pattern, struct strv *found)
{
	__attribute__((cleanup(close_dir))) DIR *d = NULL;
	int fd = sys_open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);

	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
	d = fdopendir(fd);
	if (!d) {
		(void)sys_close(fd);
		return -ENOMEM;
	}
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		int r;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    fnmatch(pattern, e->d_name, FNM_PERIOD) != 0)
			continue;
		if (found->n >= INCLUDE_FILES_MAX)
			return -E2BIG;
		r = strv_addf(found, "%s/%s", dir, e->d_name);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One component further: each path so far, with what it matches. */
static int step(struct strv *paths, const char *component)
{
	struct strv found = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < paths->n; i++) {
		if (include_is_pattern(component))
			r = match_dir(paths->v[i], component, &found);
		else
			r = strv_addf(&found, "%s/%s", paths->v[i], component);
	}
	strv_done(paths);
	*paths = found;
	return r;
}

int include_find(const char *pattern, struct strv *ret)
{
	cleanup_free char *copy = strdup(pattern);
	struct strv paths = { 0 };
	int r = copy ? strv_add(&paths, "") : -ENOMEM;
	char *rest = copy;

	while (r == 0 && rest && *rest) {
		char *component;

		rest += strspn(rest, "/");
		component = strsep(&rest, "/");
		if (*component)
			r = step(&paths, component);
	}
	if (r == 0 && paths.n > 1)
		qsort(paths.v, paths.n, sizeof(*paths.v), by_text);
	for (size_t i = 0; r == 0 && i < paths.n; i++) {
		struct stat st;

		/* A plain component behind a pattern was not looked at yet. */
		if (sys_stat(paths.v[i], &st) == 0)
			r = strv_add(ret, paths.v[i]);
	}
	strv_done(&paths);
	return r;
}
