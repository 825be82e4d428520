/* order - who waits for whom, now: model/graph.h says it of specs, this of what runs.
 *
 * A start waits while a requirement isn't there, an automatic one too; a service that runs is left alone when one that it requires
 * ends: its next start waits. A stop of several goes backwards: who needs another is down before it. */
#ifndef PM1_CORE_ORDER_H
#define PM1_CORE_ORDER_H

#include "core/roster.h"

/* Whether nothing keeps it from starting; else s->waits_for says what does, and s->stuck that it won't change by itself. */
bool order_may_start(const struct roster *all, struct service *s);
/* The first service that `s` requires or wants, and that nobody has asked to run, from index *at on; NULL: no more. */
struct service *order_next_needed(const struct roster *all, const struct service *s, size_t *at);
/* Likewise what conflicts with it and isn't down. */
struct service *order_next_conflict(const struct roster *all, const struct service *s, size_t *at);
/* Whether one that needs `s`, or comes after it, isn't down yet. */
bool order_is_needed(const struct roster *all, const struct service *s);
bool order_has_any(const struct spec *spec); /* the spec speaks of others at all */

#endif
