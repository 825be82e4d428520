/* health - whether a service that runs does its work. */
#ifndef PM1_CORE_HEALTH_H
#define PM1_CORE_HEALTH_H

#include "core/service.h"

bool health_is_good(const struct service *s); /* with no check at all: once it is ready */

#endif
