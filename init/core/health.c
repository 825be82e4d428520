#include "core/health.h"

bool health_is_good(const struct service *s)
{
	return s->state == STATE_ONLINE;
}
