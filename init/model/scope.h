/* scope - what holds around a service's own section. */
#ifndef PM1_MODEL_SCOPE_H
#define PM1_MODEL_SCOPE_H

#include "model/section.h"
#include "model/spec.h"

/* The [defaults] that hold where a service stands: those of its own file, and of the files that include it. Beneath an overlay, the
 * service's own section. */
struct scope {
	const struct scope *up; /* borrowed; applied first */
	struct section *defaults; /* borrowed; checked, NULL: the file has none yet */
};

/* From the outermost inwards. 0, -ENOMEM; faults are in diag. NULL is fine. */
int scope_apply(const struct scope *scope, struct spec *s, struct diag *diag);
/* The entry of `key` that holds, NULL: none was given; *ret_section is where it stands. */
struct entry *scope_find(const struct scope *scope, struct section *own, const char *key, struct section **ret_section);

#endif
