#include "core/readiness.h"

#include "core/adopt.h"

bool readiness_wanted(const struct service *s)
{
	return s->spec->type == TYPE_FORKING;
}

void readiness_begin(struct service *s)
{
	(void)s;
}

void readiness_end(struct service *s)
{
	adopt_end(s);
}

bool readiness_goes_on(struct service *s, const struct reaped *r)
{
	return s->spec->type == TYPE_FORKING && r->exited && r->code == 0 && adopt_begin(s) == 0;
}
