/* follow - what is appended to files, through renames, truncations and new files of the same name.
 *
 * inotify tells of changes; where it can't (no watches left, a network file system's folder) the
 * files are looked at twice a second. */
#ifndef PM1_CLI_FOLLOW_H
#define PM1_CLI_FOLLOW_H

#include "tools/cli/tail.h"

struct follow;

/* Hands on a line of the file that was added with `file_ctx`. */
typedef void (*follow_fn)(void *file_ctx, const char *line, size_t n);
/* Called after each batch of lines. */
typedef void (*follow_batch_fn)(void *ctx);

int follow_new(follow_fn fn, follow_batch_fn batch, void *batch_ctx, struct follow **ret); /* 0, -ENOMEM, -EMFILE */
void follow_free(struct follow *f);
/* Adds a file, from its last `lines` lines on; those are handed out before this returns. 0 also when the file isn't
 * there yet; -EACCES and other errors of open: it is not followed. */
int follow_add(struct follow *f, const char *path, size_t lines, void *file_ctx);
/* Hands out the last lines that have no end yet, when nothing more is awaited. */
void follow_finish(struct follow *f);
/* For ever, until a signal ends the process; returns a negative errno only when it can't go on. */
int follow_run(struct follow *f);

#endif
