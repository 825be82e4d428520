/* older - the lines of rotated log files (base/rotated.h), compressed or not. */
#ifndef PM1_CLI_OLDER_H
#define PM1_CLI_OLDER_H

#include "base/clock.h"
#include "tools/cli/tail.h"

#include <sys/stat.h>

/* Hands out the last `lines` lines of all rotated files of `path`, in their order. Files that go away meanwhile are no error. 0,
 * -ENOMEM, or the folder's error. */
int older_lines(const char *path, size_t lines, lines_fn fn, void *ctx);

/* A file that was opened at the path: known by its inode. Who holds it open and locked (LOCK_SH) keeps it from being compressed; one
 * that has been all the same is known by the time in its name, roughly, since at `seen` (microseconds since 1970) it
 * stood at the path still. */
struct older_mark {
	dev_t dev;
	ino_t ino;
	usec_t seen;
};

/* Hands out the files that were begun after `from` and rotated before `to` was begun; `to` may be the one at the path.
 * Errors as above. */
int older_between(const char *path, const struct older_mark *from, const struct older_mark *to, lines_fn fn, void *ctx);

#endif
