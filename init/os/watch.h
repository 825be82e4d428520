/* watch - tells of changed files below some paths, by inotify.
 *
 * Folders are watched with all below them, symbolic links to folders followed, but for what is ignored. A path may also be a single file, or
 * missing still. What is seen as a change: a file written and closed, moved, removed, linked; not a file's mode or times, and
 * not a file that is being written, so that a log that is open doesn't count. A folder that comes is followed, and the files
 * found in it count; a watched path that is removed and comes again counts too. Where the kernel says that it lost events, all is
 * looked at again, and that counts as a change as well. Looking takes turns with the loop: no tree, however big, holds it up. */
#ifndef PM1_OS_WATCH_H
#define PM1_OS_WATCH_H

#include "base/strv.h"
#include "loop/loop.h"
#include "model/ignore.h"

#define WATCH_DEPTH_MAX 64 /* folders below a watched path */
#define WATCH_TROUBLE_MAX 512 /* bytes of what `trouble` says */

struct watch;

struct watch_config {
	struct loop *loop;
	const struct strv *paths; /* absolute; copied */
	const struct ignore *ignore; /* borrowed for life */
	void *ctx;
	/* Neither may free the watch. `path` is borrowed; NULL: nobody knows what changed, the kernel has lost it. */
	void (*changed)(void *ctx, const char *path);
	void (*trouble)(void *ctx, const char *text); /* not all is watched, with what helps; each kind once */
};

/* Begins to look. 0, -ENOMEM, or the error of inotify (-EMFILE: told by `trouble` too). */
int watch_new(const struct watch_config *cfg, struct watch **ret);
void watch_free(struct watch *w);

size_t watch_folders(const struct watch *w); /* how many the kernel watches for it */
bool watch_looks(const struct watch *w); /* a look at the whole is under way */

#endif
