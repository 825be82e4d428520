/* health - whether a service that runs does its work.
 *
 * Its checks run one after another, each kind for itself, while the service is online (check.h runs one, model/checkup.h says what
 * the results come to). A liveness check that has failed often enough ends the run by service_fail(); a readiness check is shown, and
 * others may wait for it. A service without checks has neither timers nor memory for them. */
#ifndef PM1_CORE_HEALTH_H
#define PM1_CORE_HEALTH_H

#include "core/check.h"
#include "model/checkup.h"

struct health_check;

void health_begin(struct service *s); /* it is online */
void health_end(struct service *s); /* no check of this run goes on; any number of times */
void health_free(struct service *s);

bool health_is_good(const struct service *s); /* with no check at all: once it is ready */
/* All of its checks in one word: unhealthy when one is, healthy when all are. UNKNOWN also while it isn't online. */
enum health health_of(const struct service *s);

/* What one check has come to, for a report. */
struct health_look {
	const char *what; /* "health" (both in one), "liveness", "readiness" */
	const char *check; /* as it is written */
	struct checkup up;
	const char *last; /* the last reason, "" none yet; borrowed */
	bool last_good;
	uint64_t since_wall, last_wall; /* usec, 0: never */
	uint64_t runs;
};
/* Check number i of those it has. False: there are no more. */
bool health_look(const struct service *s, size_t i, struct health_look *ret);

#endif
