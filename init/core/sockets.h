/* sockets - the held sockets of a service in its runs: given to the program, in service or not, handed to one that knows nothing of them.
 *
 * A program gets them as systemd hands them over (LISTEN_FDS), or, with listen_adopt, in answer to its own bind (binder.h). New
 * connections are steered to an instance while it is online; to any, and so into a queue, while none is. */
#ifndef PM1_CORE_SOCKETS_H
#define PM1_CORE_SOCKETS_H

#include "core/service.h"

struct fdstore;
struct readiness_gift;
struct text;

/* The service's spec is new: it gets a seat, keeps, changes or loses it, and what it holds is bound. `sibling` is another instance of the
 * same name, NULL: none. What can't be bound is told, and tried again at the next start. */
void sockets_set(struct service *s, const struct service *sibling);
void sockets_free(struct service *s);

/* Right before main's fork. 0, or -errno with the address and the reason in s->failure. */
int sockets_prepare(struct service *s);
/* The descriptors of the next main, its own sockets first and then those it left with us, and the variables that tell of them. */
int sockets_give(const struct service *s, const struct fdstore *store, struct readiness_gift *g);
bool sockets_adopts(const struct service *s); /* the next main is to be spawned with adopt */
void sockets_spawned(struct service *s, int adopt_fd); /* takes it */

bool sockets_all_listen(const struct service *s); /* the program listens on every stream that is held for it, or binds by itself */
void sockets_missing(const struct service *s, struct text *t); /* the addresses on which it doesn't */
void sockets_up(struct service *s); /* it is online */
void sockets_down(struct service *s); /* it is asked to end, or its main process has ended */
void sockets_rest(struct service *s); /* nobody will run it until somebody asks */
bool sockets_can_overlap(const struct service *s); /* a second process may run beside it on the same addresses */

#endif
