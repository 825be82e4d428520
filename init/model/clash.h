/* clash - services that would listen at one place. Pure. */
#ifndef PM1_MODEL_CLASH_H
#define PM1_MODEL_CLASH_H

#include "base/diag.h"
#include "model/spec.h"

struct clash_node { /* all borrowed */
	const struct spec *spec; /* NULL: it had faults */
	const char *file; /* as messages show it; NULL: a command line */
	bool old; /* it is there already: nothing is said of two of these */
};

/* What two services want is a fault at the later one of the array, with the place of the other; those of one name are the same service.
 * How many faults there are, or -ENOMEM. */
int clash_check(const struct clash_node *nodes, size_t n, struct diag *diag);

#endif
