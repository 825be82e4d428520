/* reaper - the one place that calls waitid.
 *
 * SIGCHLD and pidfds are hints; the reaper drains waitid(P_ALL) until nothing is left and
 * routes each status by pid. A pid that nobody registered is an orphan: counted and told to the
 * orphan listener. Pids are reaped from the loop alone, so a pid is always
 * registered before its status can be seen. */
#ifndef PM1_CORE_REAPER_H
#define PM1_CORE_REAPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct reaper;

struct reaped {
	pid_t pid;
	bool exited; /* else killed by a signal */
	int code; /* exit code, or the signal */
	bool core;
};
typedef void (*reaper_fn)(void *ctx, const struct reaped *r);
typedef void (*reaper_orphan_fn)(void *ctx, size_t reaped_now); /* once a drain that reaped orphans */

int reaper_new(reaper_orphan_fn fn, void *ctx, struct reaper **ret); /* fn may be NULL */
void reaper_free(struct reaper *r);
int reaper_watch(struct reaper *r, pid_t pid, reaper_fn fn, void *ctx); /* 0, -ENOMEM; one watcher a pid; forgotten once called */
void reaper_forget(struct reaper *r, pid_t pid);
void reaper_drain(struct reaper *r); /* call on SIGCHLD, or on any doubt */
uint64_t reaper_orphans(const struct reaper *r); /* in all */
/* Sorted pids of all watched: for os/kin.h. Borrowed until the next call. */
const pid_t *reaper_known(struct reaper *r, size_t *ret_n);

#endif
