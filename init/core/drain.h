/* drain - waits until an old process has no connection left, and then has it stopped.
 *
 * New connections are steered to others first, so what it has can only become less. Programs that die at the stop signal, as nearly all
 * do, lose nothing that way; those that finish their work at it are asked when drain_timeout is over at the latest. Nobody tells when
 * another process closes a connection: it is looked at again and again, as long as a drain lasts and no longer. */
#ifndef PM1_CORE_DRAIN_H
#define PM1_CORE_DRAIN_H

#include "core/service.h"

struct drain;

struct drain_end {
	usec_t took;
	size_t cut; /* connections that were still there */
	bool waited; /* it could be drained at all */
};

/* `over` is called once, perhaps at once: stop it now. The service owns the drain (s->drain). */
typedef void (*drain_fn)(void *ctx, struct service *s, const struct drain_end *end);
void drain_begin(struct service *s, drain_fn over, void *ctx);
void drain_free(struct drain *d); /* NULL is fine */
size_t drain_left(const struct drain *d); /* connections at the last look; 0 for NULL */

#endif
