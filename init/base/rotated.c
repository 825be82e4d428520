#include "base/rotated.h"

#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

int rotated_name(const char *path, usec_t wall, char *buf, size_t size)
{
	time_t seconds = (time_t)(wall / USEC_SEC);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || tm.tm_year + 1900 > 9999)
		return -ERANGE;
	return text_format(buf, size, "%s.%04d%02d%02dT%02d%02d%02d.%03uZ", path, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
			   tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned int)(wall % USEC_SEC / USEC_MS));
}

bool rotated_is(const char *base, const char *name)
{
	static const char like[] = ".00000000T000000.000Z";
	size_t n = strlen(base);

	if (strncmp(base, name, n) != 0)
		return false;
	name += n;
	for (size_t i = 0; i < ROTATED_SUFFIX; i++)
		if (like[i] == '0' ? name[i] < '0' || name[i] > '9' : name[i] != like[i])
			return false;
	return name[ROTATED_SUFFIX] == 0 || strcmp(name + ROTATED_SUFFIX, ROTATED_GZ) == 0;
}

/* The time is at one place in all names of a log, so this is their order. */
static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int rotated_list(const char *path, struct strv *ret)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t before = ret->n;
	DIR *dir;

	int r = slash ? text_format(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path) :
			text_copy(folder, sizeof(folder), ".");
	if (r == 0)
		r = sys_opendir(folder, &dir);
	if (r != 0)
		return r;
	for (struct dirent *e; r == 0 && (e = readdir(dir));)
		if (rotated_is(slash ? slash + 1 : path, e->d_name))
			r = slash ? strv_addf(ret, "%s%s", folder, e->d_name) : strv_add(ret, e->d_name);
	(void)closedir(dir);
	if (ret->n > before)
		qsort(ret->v + before, ret->n - before, sizeof(*ret->v), by_name);
	return r;
}
