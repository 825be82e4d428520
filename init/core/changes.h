/* changes - what a reload has changed, or would change: for the answer, and for the log. */
#ifndef PM1_CORE_CHANGES_H
#define PM1_CORE_CHANGES_H

#include "model/diff.h"
#include "model/plan.h"

struct change {
	enum plan_verb verb; /* never KEEP */
	char *name; /* owned; NULL: [pm1] */
	char *file; /* owned; the top file it comes from */
	bool up; /* some instance of it is not at rest: keys that aren't live restart it */
	struct diff diff; /* owned; of CHANGE */
};

struct changes {
	struct change *v; /* owned */
	size_t n, size;
};

/* Takes what is in *diff (NULL: none), also on failure. 0 or -ENOMEM. */
int changes_add(struct changes *c, enum plan_verb verb, const char *name, const char *file, bool up, struct diff *diff);
void changes_done(struct changes *c);
/* "live", "restart", "next start", or "needs a new start of pm1". */
const char *change_effect(const struct change *c, const struct diff_key *k);
/* Each change in a line of its own: "web: memory_max: 100M -> 200M (live)", "api: added". Long values are cut. */
void changes_tell(const struct changes *c, void (*line)(void *ctx, const char *text), void *ctx);

#endif
