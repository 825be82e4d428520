/* merge - the lines of several logs in the order in which they came. */
#ifndef PM1_CLI_MERGE_H
#define PM1_CLI_MERGE_H

#include "tools/cli/history.h"

/* One of them. The order of lines of the same log is never changed, and of lines of the same time that of the logs. */
struct merge_in {
	struct history *history; /* borrowed */
	void *ctx; /* borrowed */
	struct logline line; /* its next one; merge's own */
};

typedef void (*merge_fn)(void *ctx, const struct logline *l); /* with the ctx of its log */

/* Hands out all lines of v[0..n). 0, or -ENOMEM. */
int merge_run(struct merge_in *v, size_t n, merge_fn fn);

#endif
