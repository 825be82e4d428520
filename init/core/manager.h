/* manager - all services, the files they come from, and the end of the whole.
 *
 * Owns the services. What touches several of them is decided here: which targets a name
 * means, what a reload changes, when the whole is to end and with which exit code. */
#ifndef PM1_CORE_MANAGER_H
#define PM1_CORE_MANAGER_H

#include "core/outputs.h"
#include "model/config.h"

#include <stdbool.h>
#include <stddef.h>

struct manager;

struct manager_config {
	struct service_host host; /* `changed`, `ended` and ctx are the manager's to fill */
	struct spec_pm1 *pm1; /* borrowed for life: exit_when, shutdown_timeout, log_console */
	struct outputs_place place; /* log_dir absolute; borrowed for life */
	enum exit_when exit_when; /* with the mode's default applied */
	void *ctx;
	void (*changed)(void *ctx); /* some service changed; called from deep inside: note it, act later */
	void (*down)(void *ctx, int code); /* the shutdown is done: every service is down (or given up on) */
};

int manager_new(const struct manager_config *cfg, struct manager **ret);
void manager_free(struct manager *m);

size_t manager_count(const struct manager *m);
struct service *manager_at(const struct manager *m, size_t i); /* in order of id */
struct service *manager_by_id(const struct manager *m, int id); /* NULL: gone */

/* Adds a loaded file's services, or updates those that came from the same file; takes the specs' references it needs. `start`:
 * bring up those with autostart, and those of a known file that were stopped. Every name must be free or this file's: else
 * -EEXIST with the fault in diag and nothing changed. */
int manager_load(struct manager *m, const struct config *c, bool start, const char *cause, struct diag *diag);
/* A service from a command line: -EEXIST when the name is taken by another (in diag). */
int manager_add(struct manager *m, struct spec *spec, const char *cause, struct diag *diag);
/* Reads every known file again; with any fault nothing changes. 0 or -EINVAL (faults in diag). */
int manager_reload(struct manager *m, const char *cause, struct diag *diag);
void manager_delete(struct manager *m, struct service *s, const char *cause); /* goes once it is down */

/* The services a target means: all, a name, a namespace, an id, or /regex/. Calls fn for each, in order of id. The count; 0: none;
 * -EINVAL: a broken regex. */
int manager_match(struct manager *m, const char *target, void (*fn)(void *ctx, struct service *s), void *ctx);
/* The nearest known name to a target that means nothing, or NULL. Borrowed until the list changes. */
const char *manager_nearest(struct manager *m, const char *target);

/* Stops it once those that need it, and are to be stopped too, are down: call it for each, in any order. */
void manager_stop(struct manager *m, struct service *s, const char *cause);

/* Stops everything, side by side but for who needs whom, within shutdown_timeout; then `down` is called with the code. Called again: hurries. The code of
 * the first call stands. */
void manager_shutdown(struct manager *m, int code, const char *cause);
bool manager_is_down(const struct manager *m); /* a shutdown has begun */

void manager_signal_all(struct manager *m, int sig);
void manager_orphans(struct manager *m); /* the reaper found some: services on their way down look again */
void manager_news(struct manager *m); /* the cgroups' fd is readable */

#endif
