/* older - the lines of rotated log files (base/rotated.h), compressed or not. */
#ifndef PM1_CLI_OLDER_H
#define PM1_CLI_OLDER_H

#include "base/clock.h"
#include "base/strv.h"
#include "tools/cli/tail.h"

#include <sys/stat.h>
#include <zlib.h>

/* The paths of all rotated files of `path`, oldest first, each log once: compressed or not. 0, -ENOMEM, or the folder's error. */
int older_list(const char *path, struct strv *ret);
/* Opens one for reading, by its name or, when it has been compressed since, by that with .gz. 0, or open's error. */
int older_open(const char *path, gzFile *ret);
/* Opens what stands at the path now, locked: who compresses rotated files leaves alone what somebody reads, so it can be found again
 * by its inode. Below /proc a log is a file in memory, which has no name: -ENXIO for any other. The descriptor, or open's error. */
int older_open_current(const char *path, struct stat *ret);

/* A file that was opened at the path: known by its inode. Who holds it open and locked (LOCK_SH) keeps it from being compressed; one
 * that has been all the same is known by the time in its name, roughly, since at `seen` (microseconds since 1970) it
 * stood at the path still. */
struct older_mark {
	dev_t dev;
	ino_t ino;
	usec_t seen;
	const char *after; /* borrowed; or none was there: all came before it that were rotated up to this one, "" none */
};

/* Where the marked file is among `all`; all->n: it isn't there. */
size_t older_find(const struct strv *all, const struct older_mark *mark);

/* Hands out the files that were begun after `from` and rotated before `to` was begun; `to` may be the one at the path.
 * Errors as above. */
int older_between(const char *path, const struct older_mark *from, const struct older_mark *to, lines_fn fn, void *ctx);

#endif
