/* readiness - when a service that runs is ready for those that wait for it.
 *
 * A program of which nothing is known is ready when it runs. */
#ifndef PM1_CORE_READINESS_H
#define PM1_CORE_READINESS_H

#include "core/service.h"

bool readiness_wanted(const struct service *s); /* it is more than that it runs */
void readiness_begin(struct service *s); /* main runs; calls service_ready() when it is so far */
void readiness_end(struct service *s); /* no more of this run is awaited; any number of times */
/* Main has ended before it was ready. True: that is no end, the service goes on with another main (type = forking). */
bool readiness_goes_on(struct service *s, const struct reaped *r);

#endif
