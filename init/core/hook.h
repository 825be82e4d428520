/* hook - a command that runs beside a service, as the service would: its user, folder, environment, cgroup and logs.
 *
 * One at a time a service. It is killed when it takes too long, or with the service. */
#ifndef PM1_CORE_HOOK_H
#define PM1_CORE_HOOK_H

#include "core/service.h"

struct hook;

/* How it ended: NULL: it could not be started, which has been logged. The hook is gone already. */
typedef void (*hook_fn)(struct service *s, const struct reaped *r);

/* Starts it; one that runs still is killed and forgotten first. `more`: variables besides, NULL none. 0 or -errno (logged; fn isn't called). */
int hook_start(struct service *s, enum hook_kind kind, const struct strv *more, usec_t timeout, hook_fn fn);
void hook_cancel(struct service *s); /* kills and forgets it */
bool hook_may_fail(const struct service *s, enum hook_kind kind); /* a - stands in front of it */

#endif
