/* signals - signals as events of the loop.
 *
 * signals_block() is the first thing main does: a signal that reaches PID 1 before
 * it has a handler or mask is lost (FACTS of our own measurements). The mask that
 * was is handed back: a bare init's child and a CLI verb go on with it. */
#ifndef PM1_LOOP_SIGNALS_H
#define PM1_LOOP_SIGNALS_H

#include "loop/loop.h"

#include <signal.h>

/* Blocks everything but the synchronous ones (SEGV, BUS, FPE, ILL, TRAP, ABRT, SYS) and stores the mask that was. */
int signals_block(sigset_t *ret_old);

typedef void (*signals_fn)(void *ctx, int sig, pid_t from);
struct signals;

/* Reads all blocked signals from a signalfd in `l`. The callback is called once a signal, coalesced by the
 * kernel. SIGCHLD arrives here as any other. */
int signals_new(struct loop *l, signals_fn fn, void *ctx, struct signals **ret);
void signals_free(struct signals *s);

#endif
