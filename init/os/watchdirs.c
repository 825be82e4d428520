#include "os/watchdirs.h"

#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <sys/inotify.h>

/* Where wd is, or where it would stand. */
static size_t place_of(const struct watchdirs *d, int wd)
{
	size_t lo = 0, hi = d->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (d->v[mid].wd < wd)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct watchdir *watchdirs_find(const struct watchdirs *d, int wd)
{
	size_t i = place_of(d, wd);
	return i < d->n && d->v[i].wd == wd ? &d->v[i] : NULL;
}

/* Whether both paths lead to the same folder. */
static bool same_folder(const char *a, const char *b)
{
	struct stat x, y;

	return sys_stat(a, &x) == 0 && sys_stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int make_room(struct watchdirs *d)
{
	if (d->n >= WATCHDIRS_MAX)
		return -E2BIG;
	if (d->n < d->cap)
		return 0;
	size_t cap = d->cap ? d->cap * 2 : 16;
	struct watchdir *v = reallocarray(d->v, cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	d->v = v;
	d->cap = cap;
	return 0;
}

/* What is known already, asked for again. 1: it has to be entered now. */
static int take_known(struct watchdir *known, const char *path, const struct watchdir *like, struct watchdir **ret)
{
	known->generation = like->generation;
	*ret = known;
	if (!like->entered || known->entered == like->entered)
		return 0;
	if (strcmp(known->path, path) != 0) {
		char *own = strdup(path);
		if (!own)
			return -ENOMEM;
		free(known->path);
		known->path = own;
	}
	known->entered = like->entered;
	known->root = like->root;
	known->depth = like->depth;
	return 1;
}

int watchdirs_add(struct watchdirs *d, const char *path, const struct watchdir *like, uint32_t mask, struct watchdir **ret)
{
	/* The kernel may know the folder already for another reason: what it is asked for then is added to. */
	mask |= IN_MASK_ADD | IN_ONLYDIR | IN_EXCL_UNLINK;
	int wd = sys_inotify_add(d->fd, path, mask);
	if (wd < 0)
		return wd;
	struct watchdir *known = watchdirs_find(d, wd);
	if (known && (strcmp(known->path, path) == 0 || same_folder(known->path, path)))
		return take_known(known, path, like, ret);
	if (known) {
		/* It was moved, and the events of that are still to come. They have its old number: a new one keeps them apart. */
		watchdirs_forget(d, wd);
		(void)sys_inotify_rm(d->fd, wd);
		wd = sys_inotify_add(d->fd, path, mask);
		if (wd < 0)
			return wd;
	}

	int r = make_room(d);
	char *own = r == 0 ? strdup(path) : NULL;
	if (!own) {
		(void)sys_inotify_rm(d->fd, wd);
		return r ? r : -ENOMEM;
	}
	size_t i = place_of(d, wd);
	memmove(&d->v[i + 1], &d->v[i], (d->n - i) * sizeof(*d->v));
	d->v[i] = *like;
	d->v[i].wd = wd;
	d->v[i].path = own;
	d->n++;
	*ret = &d->v[i];
	return like->entered != 0;
}

void watchdirs_forget(struct watchdirs *d, int wd)
{
	size_t i = place_of(d, wd);

	if (i == d->n || d->v[i].wd != wd)
		return;
	free(d->v[i].path);
	d->n--;
	memmove(&d->v[i], &d->v[i + 1], (d->n - i) * sizeof(*d->v));
}

static bool is_below(const struct watchdir *dir, const char *path, size_t n)
{
	return strncmp(dir->path, path, n) == 0 && (dir->path[n] == '/' || dir->path[n] == 0);
}

/* Lets go of those for which path is NULL or a folder of theirs, and which aren't of the generation. */
static void let_go(struct watchdirs *d, const char *path, unsigned int generation)
{
	size_t kept = 0, n = path ? strlen(path) : 0;

	for (size_t i = 0; i < d->n; i++) {
		struct watchdir *dir = &d->v[i];
		if (path ? is_below(dir, path, n) : dir->generation != generation) {
			(void)sys_inotify_rm(d->fd, dir->wd);
			free(dir->path);
		} else {
			if (!path && dir->entered != generation)
				dir->entered = 0;
			d->v[kept++] = *dir;
		}
	}
	d->n = kept;
}

void watchdirs_drop(struct watchdirs *d, const char *path)
{
	let_go(d, path, 0);
}

void watchdirs_sweep(struct watchdirs *d, unsigned int generation)
{
	let_go(d, NULL, generation);
}

/* The descriptor's owner closes it: with it goes what the kernel has. */
void watchdirs_done(struct watchdirs *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->v[i].path);
	free(d->v);
	d->v = NULL;
	d->n = d->cap = 0;
}
