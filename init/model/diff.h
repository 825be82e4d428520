/* diff - which keys of two specs differ, and whether a running service has to be restarted for them. Pure. */
#ifndef PM1_MODEL_DIFF_H
#define PM1_MODEL_DIFF_H

#include "model/keys.h"

enum diff_what { DIFF_CHANGED, DIFF_ADDED, DIFF_GONE }; /* the latter two: a variable of the environment */

struct diff_key {
	char *key; /* owned; "memory_max", "env.PORT" */
	char *old, *new; /* owned; as they would be written. NULL of a variable: its value is not for every eye */
	enum diff_what what;
	bool live; /* takes effect without a restart */
};

struct diff {
	struct diff_key *v; /* owned; in the order of the keys table */
	size_t n, size;
	bool restart; /* one of them at least is not live */
};

/* Adds what differs to *ret (all zero at first). 0 or -ENOMEM (then *ret says what was found so far). */
int diff_specs(const struct spec *a, const struct spec *b, struct diff *ret);
int diff_pm1(const struct spec_pm1 *a, const struct spec_pm1 *b, struct diff *ret);
void diff_done(struct diff *d);
/* Copies the live keys that differ from `from` to `to`. */
void diff_take_live(const struct diff *d, const struct spec_pm1 *from, struct spec_pm1 *to);

#endif
