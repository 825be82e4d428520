/* watchdirs - the folders that one inotify instance watches, by the kernel's numbers for them.
 *
 * The kernel has one number for a folder however it is reached, so a folder that has one already is not entered again: a loop of symbolic
 * links ends there. Each look at the whole is a new generation; what a look doesn't meet again is let go at its end. */
#ifndef PM1_OS_WATCHDIRS_H
#define PM1_OS_WATCHDIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCHDIRS_MAX 16384 /* folders of one service; with their paths about 2 MiB */

struct watchdir {
	int wd;
	unsigned int root; /* index of the watched path it belongs to; the tree's alone */
	unsigned int generation; /* the look that met it last */
	unsigned int entered; /* the look that read it, and since when all of its entries count; 0: only single names do */
	unsigned short depth; /* below the root */
	char *path; /* owned */
};

struct watchdirs {
	int fd; /* borrowed: the inotify instance */
	struct watchdir *v; /* sorted by wd */
	size_t n, cap;
};

/* The entry of that number, borrowed until the next change; NULL: none. */
struct watchdir *watchdirs_find(const struct watchdirs *d, int wd);
/* Asks the kernel to watch `path` and notes it as `like` says (root, generation, entered, depth); *ret is borrowed until the next
 * change. 1: it is to be read now. 0: this look has read it already, by this path or another, or it isn't to be read. Or -ENOMEM, -E2BIG (WATCHDIRS_MAX), -ENOSPC (the kernel's limit), -ENOTDIR, -ENOENT, -EACCES, ... */
int watchdirs_add(struct watchdirs *d, const char *path, const struct watchdir *like, uint32_t mask, struct watchdir **ret);
void watchdirs_forget(struct watchdirs *d, int wd); /* the kernel has let it go already */
/* Lets go of a folder and all below it. */
void watchdirs_drop(struct watchdirs *d, const char *path);
void watchdirs_sweep(struct watchdirs *d, unsigned int generation); /* lets go of all of other generations */
void watchdirs_done(struct watchdirs *d);

#endif
