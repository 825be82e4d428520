/* plan - what a reload has to do: the difference of two sets of specs. Pure. */
#ifndef PM1_MODEL_PLAN_H
#define PM1_MODEL_PLAN_H

#include "model/spec.h"

enum plan_verb { PLAN_KEEP, PLAN_ADD, PLAN_REMOVE, PLAN_CHANGE };

struct plan_step {
	enum plan_verb verb;
	const struct spec *old; /* borrowed; NULL for ADD */
	struct spec *new; /* borrowed; NULL for REMOVE */
};

const char *plan_step_name(const struct plan_step *s); /* of its service; borrowed */

/* One step a name, removals first, then the rest in the new order. Matched by name. *ret is malloc'ed, of *ret_n. 0 or -ENOMEM. */
int plan_make(struct spec *const *old, size_t n_old, struct spec *const *new, size_t n_new, struct plan_step **ret,
	      size_t *ret_n);

#endif
