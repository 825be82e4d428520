/* manager_impl - the insides of manager.h, shared by manager*.c and targets.c. */
#ifndef PM1_CORE_MANAGER_IMPL_H
#define PM1_CORE_MANAGER_IMPL_H

#include "core/manager.h"
#include "core/roster.h"

struct known_file {
	char *path; /* owned; services point to it */
	char *overlay; /* owned; NULL: none */
};

struct manager {
	struct manager_config cfg;
	enum exit_when exit_when; /* with the mode's default applied */
	struct roster roster; /* the services, by id */
	struct known_file *files; /* owned; known INI files, in order of loading */
	size_t n_files;
	struct loop_timer *orderer; /* looks at who waits, and who is to be stopped, soon */
	bool has_order; /* some service speaks of others */
	usec_t turn_at; /* when the next automatic restart of all is due, by restart_rate */
	struct loop_timer *roller; /* looks at reloads that are under way, soon */
	bool has_rolls; /* some are */
	struct loop_timer *sweeper; /* frees deleted services outside of their own callbacks */
	struct loop_timer *deadline; /* of the shutdown */
	bool down_begun, down_told, killed;
	int code; /* the exit code of the shutdown, or of what ended so far */
};

void manager_begin_sweep(struct manager *m); /* soon: frees what is deleted, ends a shutdown that is done */
bool manager_all_at_rest(const struct manager *m);

/* manager_reload.c */
void manager_settle_pm1(struct manager *m); /* what [pm1] and the mode's own defaults mean together */

/* manager_load.c */
/* Restart what must be; start what is down too; start what is down and leave the rest alone; do neither. */
enum apply { APPLY_RELOAD, APPLY_START, APPLY_START_DOWN, APPLY_RENEW };
int manager_plan(struct manager *m, struct config *c, const char *top_file, const struct manager_memory *memory,
		 struct spec ***ret_old, struct plan_step **ret_steps, size_t *ret_n);
int manager_apply_config(struct manager *m, struct config *c, const char *top_file, enum apply how, const char *only,
			 const char *cause, const struct manager_memory *memory);
int manager_apply_step(struct manager *m, const struct plan_step *step, const char *top_file, enum apply how, const char *cause,
		       const struct manager_memory *memory);
int manager_make_instances(struct manager *m, struct spec *spec, const char *top_file, const struct manager_memory *memory);
void manager_start_made(struct manager *m, const char *cause);
/* Every name must be free, or the file's own already. */
int manager_check_names(const struct manager *m, const struct config *c, struct diag *diag);
/* No service of these n files (read together), nor `more` (NULL: none), listens where another does: -EADDRINUSE, faults in diag. */
int manager_check_sockets(const struct manager *m, const struct config *configs, size_t n, const struct spec *more, struct diag *diag);

/* manager_order.c */
void manager_wire_order(struct manager *m); /* fills in the host's part */
void manager_on_order(void *ctx);
void manager_look_at_order(struct manager *m); /* soon */

/* manager_roll.c */
void manager_look_at_rolls(struct manager *m); /* soon */
void manager_on_rolls(void *ctx);
void manager_retire(struct manager *m, struct service *s); /* it is deleted once its connections have ended */
void manager_roll_forget(struct manager *m, struct service *s); /* right before it is freed */

/* manager_down.c */
void manager_finish_shutdown(struct manager *m);
void manager_on_deadline(void *ctx);

#endif
