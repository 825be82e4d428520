/* services - the service sections of one file, kept to its end: what lies on top of one may stand anywhere in the file.
 *
 * [service:web:production] holds keys that apply on top of [service:web] when the overlay `production` is asked for, and so does
 * each env_production.NAME in [service:web] itself, as PM2 has it. Overlays that aren't asked for are checked all the same. */
#ifndef PM1_MODEL_SERVICES_H
#define PM1_MODEL_SERVICES_H

#include "model/build.h"
#include "model/loader.h"

struct kept {
	struct section s; /* owned */
	bool bare; /* it stands above the file's [defaults]: they don't hold for it */
	bool given; /* an overlay with a section of its own, not made of env_X.NAME alone */
};

struct services {
	struct kept *own, *overlay; /* owned */
	size_t n_own, size_own, n_overlay, size_overlay;
};

/* Takes the section (left empty), also on failure. 0, -ENOMEM. */
int services_keep(struct services *v, struct section *s, bool bare);
/* All of them into the loader; `scope` has the file's [defaults], if any. Faults are in l->diag. 0, -ENOMEM. */
int services_build(struct services *v, struct loader *l, const struct scope *scope, const char *abs, const char *dir);
void services_done(struct services *v);

#endif
