/* follow - what is appended to files, through renames, truncations and new files of the same name.
 *
 * inotify tells of changes; where it can't (no watches left, a network file system's folder) the
 * files are looked at twice a second. */
#ifndef PM1_CLI_FOLLOW_H
#define PM1_CLI_FOLLOW_H

#include "base/clock.h"
#include "tools/cli/tail.h"

struct follow;

/* Hands on a line of the file that was added with `file_ctx`. */
typedef void (*follow_fn)(void *file_ctx, const char *line, size_t n);
/* Called after each batch of lines. */
typedef void (*follow_batch_fn)(void *ctx);

int follow_new(follow_fn fn, follow_batch_fn batch, void *batch_ctx, struct follow **ret); /* 0, -ENOMEM, -EMFILE */
void follow_free(struct follow *f);
/* Where a file that was read already is gone on with. */
struct follow_place {
	int fd; /* what stood at the path; -1: nothing did. Given away */
	off_t at; /* read up to here */
	usec_t seen; /* wall time at which it stood there */
	const char *after; /* borrowed for the call: when nothing stood there, the last rotated file that was read; NULL: don't care */
};

/* Adds a file, from there on. 0 also when it isn't there yet; -EINVAL: no regular file; -EACCES and other errors of open: it is not
 * followed. */
int follow_add(struct follow *f, const char *path, struct follow_place from, void *file_ctx);
/* For ever, until a signal ends the process; returns a negative errno only when it can't go on. */
int follow_run(struct follow *f);

#endif
