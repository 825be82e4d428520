/* timers - all timers of a loop behind one timerfd.
 *
 * A binary heap by due moment: arming and disarming cost O(log n). The room in the heap is made when a
 * timer is made, so arming can't fail. The timerfd is armed for the earliest alone, and only
 * when that changes. loop.h has the public side.
 *
 * There are two kinds: on CLOCK_MONOTONIC, and on CLOCK_REALTIME for what is to happen at a time of day. The second learns from
 * the kernel (TFD_TIMER_CANCEL_ON_SET) when somebody sets the clock, or the machine wakes up: then all that are armed are called,
 * due or not, to think anew. So nothing has to look at the clock from time to time. */
#ifndef PM1_LOOP_TIMERS_H
#define PM1_LOOP_TIMERS_H

#include "loop/loop.h"

struct timers;

int timers_new(const usec_t *now, struct timers **ret); /* `now` is the loop's, borrowed */
int timers_new_wall(struct timers **ret);
void timers_free(struct timers *t); /* the timers themselves are their owners' */
int timers_fd(const struct timers *t); /* readable when the earliest is due */
int timers_add(struct timers *t, loop_timer_fn fn, void *ctx, struct loop_timer **ret);
void timers_run(struct timers *t, usec_t now); /* calls what is due, collected before any is called */
void timers_run_wall(struct timers *t); /* the same for those of the wall clock, when their fd is readable */

#endif
