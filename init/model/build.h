/* build - one service's spec made from the sections that speak of it. */
#ifndef PM1_MODEL_BUILD_H
#define PM1_MODEL_BUILD_H

#include "model/scope.h"
#include "model/spec.h"

/* Checks the [defaults] section once, against a spec that is thrown away: every fault is reported at its own line
 * and never again. 0, -ENOMEM. */
int build_check_defaults(const struct scope *scope, char *const *vars, struct diag *diag);

/* Likewise an overlay that isn't asked for; it is section_check()ed already. `beneath` is the service's own section, and its scope. */
int build_check_overlay(const struct scope *beneath, struct section *overlay, struct diag *diag);

/* Stores the service of `own` (section_check()ed). `file` is absolute, or NULL for a command line, which then gives `argv` and
 * `env`. 0; -EINVAL (no spec, faults in diag); -ENOMEM. */
struct build_source {
	const char *name;
	const char *file;
	const char *dir; /* the default cwd */
	unsigned int line; /* of the service's own section, 0: that of `own` */
	const char *overlay; /* what lies on top, NULL: nothing */
	char *const *argv; /* NULL: the command key */
	char *const *env; /* the whole environment, NULL: none */
};
int build_service(const struct build_source *src, const struct scope *scope, struct section *own, char *const *vars,
		  struct diag *diag, struct spec **ret);

#endif
