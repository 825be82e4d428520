/* outputs - where the stdout and stderr of a service go, as its spec says. */
#ifndef PM1_CORE_OUTPUTS_H
#define PM1_CORE_OUTPUTS_H

#include "core/service.h"

/* What pm1 as a whole says of logs. */
struct outputs_place {
	const char *log_dir; /* of the default files, "": none can be written */
	enum logwire_console console;
	uint64_t ring; /* bytes of memory in the place of a default file that can't be written, 0: none */
};

/* Opens both streams, or tells the open ones of other paths and formats. A stream that can't be had is
 * logged and stays NULL (/dev/null) or as it was: a service without a log runs all the same. */
void outputs_set(struct service *s, const struct outputs_place *place);

#endif
