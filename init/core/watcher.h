/* watcher - restarts a service when its files change.
 *
 * Watches while the service is wanted: from a start until somebody stops it, also while it waits, is errored, or has ended by itself: who
 * mends a file and saves wants it to run again. After the first change it waits until the files have been quiet for watch_delay
 * (WATCHER_QUIET without one), so that a burst is one restart; files that are never quiet are waited for WATCHER_PATIENCE at most.
 * A change while the service goes down or before its program runs is in the run that follows; a later one restarts it once more.
 * A service that itself writes what it watches would go on for ever: after WATCHER_STREAK restarts in a row, each soon after
 * its start, the user is told which path to ignore, and each further one takes twice as long, up to WATCHER_SLOWEST. */
#ifndef PM1_CORE_WATCHER_H
#define PM1_CORE_WATCHER_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

#define WATCHER_QUIET (100 * USEC_MS)
#define WATCHER_PATIENCE (10 * USEC_SEC) /* and no less than twice watch_delay */
#define WATCHER_SOON (3 * USEC_SEC) /* a change so early in a run is probably the service's own */
#define WATCHER_STREAK 4
#define WATCHER_SLOWEST (30 * USEC_SEC)

struct service;
struct outputs_place;
struct watcher;

/* Takes what the service's spec says of watching; goes on with that when it was watching, and with what it has seen where the paths are
 * the same. */
void watcher_set(struct service *s, const struct outputs_place *place);
void watcher_free(struct watcher *w);

/* The service is wanted, or isn't any more. w may be NULL: nothing is to be watched. */
void watcher_begin(struct watcher *w);
void watcher_end(struct watcher *w);
bool watcher_is_on(const struct watcher *w); /* NULL: false */
usec_t watcher_due(const struct watcher *w); /* when the restart for the changes so far comes; USEC_NEVER: none */
size_t watcher_folders(const struct watcher *w); /* how many it watches */

#endif
