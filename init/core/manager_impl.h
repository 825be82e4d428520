/* manager_impl - the insides of manager.h, shared by manager*.c and targets.c. */
#ifndef PM1_CORE_MANAGER_IMPL_H
#define PM1_CORE_MANAGER_IMPL_H

#include "core/manager.h"
#include "core/roster.h"

struct manager {
	struct manager_config cfg;
	struct roster roster; /* the services, by id */
	struct strv files; /* known INI files, in order of loading */
	struct loop_timer *orderer; /* looks at who waits, and who is to be stopped, soon */
	bool has_order; /* some service speaks of others */
	usec_t turn_at; /* when the next automatic restart of all is due, by restart_rate */
	struct loop_timer *sweeper; /* frees deleted services outside of their own callbacks */
	struct loop_timer *deadline; /* of the shutdown */
	bool down_begun, down_told, killed;
	int code; /* the exit code of the shutdown, or of what ended so far */
};

void manager_begin_sweep(struct manager *m); /* soon: frees what is deleted, ends a shutdown that is done */
bool manager_all_at_rest(const struct manager *m);

/* manager_order.c */
void manager_wire_order(struct manager *m); /* fills in the host's part */
void manager_on_order(void *ctx);
void manager_look_at_order(struct manager *m); /* soon */

/* manager_down.c */
void manager_finish_shutdown(struct manager *m);
void manager_on_deadline(void *ctx);

#endif
