/* roster - the services by id and by name. */
#ifndef PM1_CORE_ROSTER_H
#define PM1_CORE_ROSTER_H

#include "core/service.h"

#include <stddef.h>

struct roster {
	struct service **v; /* in order of id; the services are the manager's */
	size_t n, cap;
	int next_id, heirs;
};

void roster_done(struct roster *r); /* frees the list, not the services */
int roster_add(struct roster *r, struct service *s); /* 0 or -ENOMEM */
void roster_swap(struct roster *r, const struct service *a, const struct service *b); /* their ids were exchanged */
void roster_remove(struct roster *r, const struct service *s);
/* Ids count up from 0, and from 0 again when the list is empty, as PM2's do. */
int roster_next_id(struct roster *r);
/* For one that is to replace another: not of that row, since it gets the other's. */
int roster_heir_id(struct roster *r);
struct service *roster_by_id(const struct roster *r, int id);
/* Those that are about to be deleted don't count, since their name is free again, nor those that are to replace another. */
struct service *roster_first_of(const struct roster *r, const char *name);
/* Another of the same name with a seat, one that fits its spec before others; NULL: none. */
struct service *roster_sibling(const struct roster *r, const struct service *s);
struct service *roster_instance(const struct roster *r, const char *name, unsigned int instance);

#endif
