/* loop - one epoll loop, its fds and its timers.
 *
 * Callbacks do bounded work and never wait for another process. Removing any
 * source inside any callback is legal: it goes dead at once and is freed after the
 * batch. Due timers are collected before any is called. A signal handler never
 * runs here: signals come as an fd (signals.h). Nothing is armed when nothing is
 * asked for: an idle loop sleeps for ever. */
#ifndef PM1_LOOP_LOOP_H
#define PM1_LOOP_LOOP_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_source;
struct loop_timer;

/* Order within one wakeup; the lower number runs first. */
enum loop_priority {
	LOOP_SPAWN, /* a child's exec report: before its exit, so that the cause is known */
	LOOP_EXIT, /* exits: before timers, so that no kill timer hits a dead service */
	LOOP_TIMER, /* where due timers run between the fds */
	LOOP_NORMAL, /* logd, cgroup events, files */
	LOOP_CONTROL, /* clients come last: no client delays a service */
	LOOP_PRIORITY_MAX,
};

typedef void (*loop_fd_fn)(void *ctx, int fd, uint32_t events); /* EPOLLIN and friends */
typedef void (*loop_timer_fn)(void *ctx);

int loop_new(struct loop **ret);
void loop_free(struct loop *l); /* frees its sources, closes none of their fds; its timers have been freed by their owners */

/* Watches fd (borrowed) for `events`. The source is the loop's; give it back with loop_remove() before the
 * fd is closed. 0, -ENOMEM, -EEXIST, or epoll_ctl's error. */
int loop_add(struct loop *l, int fd, uint32_t events, enum loop_priority prio, loop_fd_fn fn, void *ctx,
	     struct loop_source **ret);
int loop_change(struct loop_source *s, uint32_t events);
void loop_remove(struct loop_source **s); /* NULL is fine; stores NULL */

/* A timer is made once, unarmed, by its owner, and armed any number of times: arming never fails. */
int loop_timer_new(struct loop *l, loop_timer_fn fn, void *ctx, struct loop_timer **ret);
/* The same on the wall clock: `at` is then a moment of clock_wall(). Its callback is also called before that moment when the
 * clock was set (or the machine slept): the timer is off then, and its owner looks at clock_wall() and arms it anew. */
int loop_wall_timer_new(struct loop *l, loop_timer_fn fn, void *ctx, struct loop_timer **ret);
void loop_timer_free(struct loop_timer **t); /* NULL is fine; legal inside its own callback */
void loop_timer_at(struct loop_timer *t, usec_t at); /* a moment of its clock; USEC_NEVER disarms */
void loop_timer_in(struct loop_timer *t, usec_t span); /* from loop_now(), or from clock_wall() */
void loop_timer_off(struct loop_timer *t);
usec_t loop_timer_due(const struct loop_timer *t); /* the moment, or USEC_NEVER */

usec_t loop_now(const struct loop *l); /* clock_mono() taken once a wakeup */

/* One batch: waits (for ever with nothing due), dispatches. 0 or -errno of epoll_wait; -EINTR is 0. */
int loop_once(struct loop *l);
/* loop_once() until loop_quit(). Returns the code given to loop_quit(). An epoll_wait that fails for another
 * reason than EINTR is logged once a second and retried: PID 1 doesn't end. */
int loop_run(struct loop *l);
void loop_quit(struct loop *l, int code);

#endif
