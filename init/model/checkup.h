/* checkup - what the results of one health check come to.
 *
 * Unknown at first. One good result makes it good; `retries` bad ones in a row make it bad. A bad one counts when an interval has
 * passed since the last that counted, and not at all within the start period, as long as none has been good. Until the first
 * good one the check is asked each second, if the interval isn't shorter: who waits for a service isn't to wait for an
 * interval besides. Pure: time and chance come as arguments. */
#ifndef PM1_MODEL_CHECKUP_H
#define PM1_MODEL_CHECKUP_H

#include "model/spec.h"

enum health { HEALTH_UNKNOWN, HEALTH_GOOD, HEALTH_BAD, HEALTH_MAX };

const char *health_name(enum health h); /* "unknown", "healthy", "unhealthy" */

struct checkup {
	enum health health;
	unsigned int failures; /* in a row, those that count; never above health_retries */
	usec_t counted_at; /* when the last of them came */
	bool was_good; /* once in this run */
};

/* A result that came `up` after the start of the run. True: the health has changed, or it is bad once more (so that who acts on
 * it can be told again). */
bool checkup_result(const struct spec *s, struct checkup *c, bool good, usec_t up);
/* From the end of a check, or from the start of the run (`first`), to the next one. */
usec_t checkup_pause(const struct spec *s, const struct checkup *c, bool first, uint32_t chance);

#endif
