/* manager - all services, the files they come from, and the end of the whole.
 *
 * Owns the services. What touches several of them is decided here: which targets a name
 * means, what a reload changes, when the whole is to end and with which exit code. */
#ifndef PM1_CORE_MANAGER_H
#define PM1_CORE_MANAGER_H

#include "core/changes.h"
#include "core/outputs.h"
#include "model/config.h"

#include <stdbool.h>
#include <stddef.h>

struct manager;

struct manager_config {
	struct service_host host; /* `changed`, `ended` and ctx are the manager's to fill */
	struct spec_pm1 *pm1; /* borrowed for life: exit_when, shutdown_timeout, log_console */
	struct outputs_place place; /* log_dir absolute; borrowed for life */
	const char *pm1_file; /* borrowed: the file whose [pm1] holds, absolute; NULL: none does */
	enum exit_when exit_when; /* the mode's own, when [pm1] says nothing */
	enum logwire_console console; /* likewise; place.console is filled in */
	void *ctx;
	void (*changed)(void *ctx); /* some service changed; called from deep inside: note it, act later */
	void (*noted)(void *ctx, struct service *s, const struct service_event *e); /* likewise; may be NULL */
	void (*down)(void *ctx, int code); /* the shutdown is done: every service is down (or given up on) */
};

/* What a saved list says of services that are made anew. */
struct manager_memory {
	void *ctx;
	unsigned int (*instances)(void *ctx, const char *name); /* 0: as the file says */
	bool (*up)(void *ctx, const char *name, unsigned int instance, bool otherwise); /* `otherwise`: it doesn't know */
};

int manager_new(const struct manager_config *cfg, struct manager **ret);
void manager_free(struct manager *m);

size_t manager_count(const struct manager *m);
struct service *manager_at(const struct manager *m, size_t i); /* in order of id */
struct service *manager_by_id(const struct manager *m, int id); /* NULL: gone */

/* What becomes of those that run, when their file is loaded again and says another thing. */
enum load {
	LOAD_START, /* they are restarted where a key wants that */
	LOAD_START_DOWN, /* they have the new keys and go on: the caller restarts or reloads them */
};

/* `c`: instances that were scaled are put into its specs. `memory` may be NULL; with it only services that are made anew start.
 * Adds a loaded file's services, or updates those that came from the same file; takes the specs' references it needs. Brings up
 * those with autostart, and those of a known file that were stopped. Every name must be free or this file's: else -EEXIST with
 * the fault in diag and nothing changed. */
int manager_load(struct manager *m, struct config *c, enum load how, const char *cause, const struct manager_memory *memory,
		 struct diag *diag);
/* A service from a command line: -EEXIST when the name is taken by another (in diag). */
int manager_add(struct manager *m, struct spec *spec, const char *cause, const struct manager_memory *memory, struct diag *diag);
/* Reads every known file again, with the overlay it was loaded with; with any fault nothing changes. Only a change of a key that
 * isn't live restarts a service. *ret (may be NULL) tells what changed, or, when `dry`, what would and nothing is done. 0 or -EINVAL
 * (faults in diag). */
int manager_reload(struct manager *m, const char *cause, bool dry, struct diag *diag, struct changes *ret);
/* New specs for the services of ids[n], all of a name together: those of a file as it says now, those of a command line with `env` (NULL:
 * as it was) for their environment. Nothing is restarted. With any fault nothing changes: -EINVAL (in diag). */
int manager_renew(struct manager *m, const int *ids, size_t n, char *const *env, const char *cause, struct diag *diag);
/* So many instances; those with the highest numbers go first. New ones start when some instance of it is wanted up. -E2BIG, -ENOENT. */
int manager_scale(struct manager *m, const char *name, unsigned int instances, const char *cause);
/* The i-th known file and its overlay (NULL: none); NULL past the end. */
const char *manager_file(const struct manager *m, size_t i, const char **ret_overlay);
/* The overlay a known file was loaded with, or NULL. */
const char *manager_overlay_of(const struct manager *m, const char *path);
void manager_delete(struct manager *m, struct service *s, const char *cause); /* goes once it is down */

/* The services a target means: all, a name, a namespace, an id, or /regex/. Calls fn for each, in order of id. The count; 0: none;
 * -EINVAL: a broken regex; -ENOMEM. */
int manager_match(struct manager *m, const char *target, void (*fn)(void *ctx, struct service *s), void *ctx);
/* A target that many services are held against, one by one. -EINVAL, -ENOMEM. Owned by the caller. */
struct target;
int target_new(const char *text, struct target **ret);
void target_free(struct target *t); /* NULL is fine */
/* Whether manager_match() would find the service; one that is being deleted is still meant by its name. */
bool manager_is_meant(const struct manager *m, const struct target *t, const struct service *s);
/* The nearest known name to a target that means nothing, or NULL. Borrowed until the list changes. */
const char *manager_nearest(struct manager *m, const char *target);

/* By exec_reload; else by another process that takes its place while it still runs (exec_mode = cluster), or, `rolling`, in that way
 * whatever its keys say and one service after another; else by a restart. service.reloads counts when it is done, or has failed
 * (reload_failure); a restart counts as a run. */
void manager_reload_service(struct manager *m, struct service *s, bool rolling, const char *cause);
/* How many there still are whose place the service `id` has taken; it need not be there itself any more. */
size_t manager_old_processes(const struct manager *m, int id);

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
