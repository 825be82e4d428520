/* service_impl - the insides of service.h, shared by service.c (its life), service_acts.c (what is done in it) and
 * service_process.c (its process). */
#ifndef PM1_CORE_SERVICE_IMPL_H
#define PM1_CORE_SERVICE_IMPL_H

#include "core/service.h"

/* After an OOM kill it is not to run again: oom_policy. */
bool service_stays_down(const struct service *s);
/* Does what an edge asks for; what follows from it at once comes back as the next event. EVENT_MAX: nothing. */
enum event service_act(struct service *s, enum action action, usec_t *delay);
enum event service_emptied(struct service *s); /* EVENT_EMPTY, or EVENT_MAX: exec_stop_post runs */
/* The event itself, or EVENT_WAIT when what the service requires isn't there. */
enum event service_gated(struct service *s, enum event event);
/* Main has ended: the rest of it is asked to end; EVENT_EMPTY when there is none. */
enum event service_clear(struct service *s);
/* Runs what the step asks for as s->pid. 0, or -errno with s->failure told and no process left. */
int service_run_step(struct service *s, enum step step, const struct strv *env);
void service_on_reaped(void *ctx, const struct reaped *r); /* of s->pid */
void service_on_timer(void *ctx); /* s->timer */

#endif
