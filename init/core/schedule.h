/* schedule - the times of a service: when it runs, when it is restarted, how long it may be up.
 *
 * `schedule` runs what ends: at each time, unless the run before still goes on (then that time is skipped, and the history says
 * so). `cron_restart` restarts what runs, and starts again what has ended by itself. Either counts until somebody stops the
 * service, and again from the next start on. max_uptime restarts a service by the monotonic clock, and ends a run of a
 * schedule. A service without any of these keys has no timers and costs nothing. */
#ifndef PM1_CORE_SCHEDULE_H
#define PM1_CORE_SCHEDULE_H

#include "core/service.h"

struct schedule;

/* By the service's spec, which is new. Without memory it says so in the log, and the service goes on without its times. */
void schedule_set(struct service *s);
void schedule_free(struct schedule *c); /* NULL is fine */

void schedule_begin(struct service *s); /* somebody wants it up: its times count */
void schedule_end(struct service *s); /* somebody wants it down */
void schedule_up(struct service *s); /* a run begins: max_uptime counts */
void schedule_down(struct service *s); /* its main process has ended */

/* The next time, microseconds since 1970; USEC_NEVER: none, or it waits until the service is started. */
usec_t schedule_next(const struct service *s);
/* Whether it has times that wait until the service is started. */
bool schedule_is_paused(const struct service *s);
unsigned int schedule_skipped(const struct service *s); /* times at which the run before still went on */

#endif
