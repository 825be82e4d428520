/* outputs - where the stdout and stderr of a service go, as its spec says. */
#ifndef PM1_CORE_OUTPUTS_H
#define PM1_CORE_OUTPUTS_H

#include "core/service.h"

/* Opens both streams, or tells the open ones of other paths and formats. A stream that can't be had is
 * logged and stays NULL (/dev/null) or as it was: a service without a log runs all the same. */
void outputs_set(struct service *s, const char *log_dir, bool console);

#endif
