/* events - every change of a state as it happens, for those who follow.
 *
 * The answer to Events: first what the services remember; with `more` the connection then gets each change. Nobody is waited
 * for: who doesn't read is dropped when EVENTS_OUT_MAX bytes wait for it. */
#ifndef PM1_CONTROL_EVENTS_H
#define PM1_CONTROL_EVENTS_H

#include "control/requests.h"

#define EVENTS_FOLLOWERS_MAX 16
#define EVENTS_OUT_MAX ((size_t)4 * 1024 * 1024) /* bytes that wait for one of them; the memory of 10,000 services is more, and comes once */

struct events;

int events_new(struct requests *r, struct events **ret);
void events_free(struct events *e); /* NULL is fine */
void events_call(struct events *e, struct session *s, const struct call *call);
void events_noted(struct events *e, struct service *s, const struct service_event *event);
void events_gone(struct events *e, struct session *s);

#endif
