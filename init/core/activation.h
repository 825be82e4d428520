/* activation - a service that starts when somebody connects, and ends when nobody did for a while (activation = on-connect).
 *
 * Between the two it is `waiting`, for a connection, and pm1 watches its sockets; the connection itself stays in the queue for the
 * program. While it runs, the loop is told of each new connection, so that idle_timeout counts from the last one, and from the end of
 * the last one that is still held. */
#ifndef PM1_CORE_ACTIVATION_H
#define PM1_CORE_ACTIVATION_H

#include "core/service.h"

struct activation;

/* Whether its start is to wait for a connection; then the sockets are watched, and service_try() is called when one comes. */
bool activation_waits(struct service *s);
bool activation_is_armed(const struct service *s); /* it waits for nothing but that */
void activation_up(struct service *s); /* it is online: idle_timeout counts */
void activation_renew(struct service *s); /* its spec is another, its sockets are the same: idle_timeout counts anew */
void activation_down(struct service *s); /* it isn't any more, or is to end */
/* It has ended by itself: whether it is to wait for the next connection. Not when it was quick and has left one in a queue: it would be
 * called again at once, and for ever, so that is for the restart rules. */
bool activation_again(struct service *s, bool stable);
void activation_rest(struct service *s); /* somebody wants it down: the next start waits for a connection again */
void activation_free(struct service *s);

#endif
