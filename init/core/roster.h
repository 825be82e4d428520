/* roster - the services by id and by name. */
#ifndef PM1_CORE_ROSTER_H
#define PM1_CORE_ROSTER_H

#include "core/service.h"

#include <stddef.h>

struct roster {
	struct service **v; /* in order of id; the services are the manager's */
	size_t n, cap;
	int next_id;
};

void roster_done(struct roster *r); /* frees the list, not the services */
int roster_add(struct roster *r, struct service *s); /* 0 or -ENOMEM */
void roster_remove(struct roster *r, const struct service *s);
/* Ids count up from 0, and from 0 again when the list is empty, as PM2's do. */
int roster_next_id(struct roster *r);
struct service *roster_by_id(const struct roster *r, int id);
/* Those that are about to be deleted don't count: their name is free again. */
struct service *roster_first_of(const struct roster *r, const char *name);
struct service *roster_instance(const struct roster *r, const char *name, unsigned int instance);

#endif
