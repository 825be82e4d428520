/* due - when the next time is, for a clock that people set. Pure: the clock's time comes as an argument.
 *
 * What passed while the clock was put forward, or the machine slept, runs once, at once (as systemd does it); several such times
 * are one. When the clock is put back, what has run isn't run again: for up to 3 hours (as cronie does it), or for a minute where
 * the times are those of each hour or shorter; a longer step is a correction, and the new time is taken as it is. A clock
 * that was never set (before 2020: no battery) is not believed: what it made due doesn't run when it is set at last. */
#ifndef PM1_MODEL_DUE_H
#define PM1_MODEL_DUE_H

#include "model/cron.h"

struct due {
	usec_t at; /* the next time; USEC_NEVER: none */
	usec_t last; /* when the clock showed that it ran; 0: never */
};

/* Forgets what was due: the next time is counted from `now`. */
void due_begin(struct due *d, const struct cron *c, const struct zone *z, usec_t now);
/* True: the time has come. Stores the next one in either case. */
bool due_look(struct due *d, const struct cron *c, const struct zone *z, usec_t now);

#endif
