/* sinkset - the sinks of one stream. */
#ifndef PM1_LOGD_SINKSET_H
#define PM1_LOGD_SINKSET_H

#include "tools/logd/sink.h"

#define SINKSET_MAX 4 /* SPEC_SINKS_MAX */

/* All zero: none. */
struct sinkset {
	struct sink *v[SINKSET_MAX]; /* references */
	size_t n;
};

/* Blank-separated words in place of those that were; "" none. One that stays is kept, with what waits in it. */
void sinkset_change(struct sinkset *set, struct sinks *all, const char *words);
void sinkset_done(struct sinkset *set); /* leaves it empty */
/* The lines of a piece of n bytes, each with what `common` says of all; one that doesn't end in it goes on in the next piece. */
void sinkset_add(const struct sinkset *set, uint32_t slot, const struct line *common, const char *piece, size_t n);

#endif
