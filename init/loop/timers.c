#include "loop/timers.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <sys/timerfd.h>

#define NOT_IN_HEAP SIZE_MAX

struct loop_timer {
	struct timers *all; /* borrowed */
	usec_t due; /* USEC_NEVER: off */
	size_t at; /* place in the heap, or NOT_IN_HEAP */
	loop_timer_fn fn;
	void *ctx;
	struct loop_timer *next_due; /* while a batch of due ones is run */
};

struct timers {
	const usec_t *now; /* NULL: the wall clock */
	int fd; /* owned */
	usec_t armed; /* what the timerfd is set to */
	struct loop_timer **heap; /* the armed ones */
	size_t n, made, cap; /* in the heap; timers that exist; places in the heap */
	struct loop_timer *batch; /* due ones that are still to be called */
	bool running;
	bool moved; /* the wall clock was set, and those that wait for it have not been told yet */
};

static int new_on(clockid_t clock, const usec_t *now, struct timers **ret)
{
	struct timers *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->now = now;
	t->armed = USEC_NEVER;
	t->fd = sys_timerfd_create(clock);
	if (t->fd < 0) {
		int r = t->fd;
		free(t);
		return r;
	}
	*ret = t;
	return 0;
}

int timers_new(const usec_t *now, struct timers **ret)
{
	return new_on(CLOCK_MONOTONIC, now, ret);
}

int timers_new_wall(struct timers **ret)
{
	return new_on(CLOCK_REALTIME, NULL, ret);
}

void timers_free(struct timers *t)
{
	if (!t)
		return;
	close_fd(&t->fd);
	free(t->heap);
	free(t);
}

int timers_fd(const struct timers *t)
{
	return t->fd;
}

static void place(struct timers *t, size_t i, struct loop_timer *timer)
{
	t->heap[i] = timer;
	timer->at = i;
}

static void sift(struct timers *t, size_t i)
{
	struct loop_timer *timer = t->heap[i];

	while (i > 0 && t->heap[(i - 1) / 2]->due > timer->due) {
		place(t, i, t->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * i + 1;
		if (child + 1 < t->n && t->heap[child + 1]->due < t->heap[child]->due)
			child++;
		if (child >= t->n || t->heap[child]->due >= timer->due)
			break;
		place(t, i, t->heap[child]);
		i = child;
	}
	place(t, i, timer);
}

static int set_fd(struct timers *t, usec_t due)
{
	struct itimerspec its = { 0 };
	int flags = TFD_TIMER_ABSTIME | (t->now ? 0 : TFD_TIMER_CANCEL_ON_SET);
	if (due != USEC_NEVER) {
		its.it_value.tv_sec = (time_t)(due / USEC_SEC);
		its.it_value.tv_nsec = (long)(due % USEC_SEC * 1000);
		if (due == 0)
			its.it_value.tv_nsec = 1; /* all zero would disarm */
	}
	return sys_timerfd_settime(t->fd, flags, &its);
}

static void arm(struct timers *t)
{
	usec_t due = t->n ? (t->moved ? 0 : t->heap[0]->due) : USEC_NEVER;

	/* While a batch runs many change; once at its end is enough. */
	if (t->running || due == t->armed)
		return;
	int r = set_fd(t, due);
	if (r == -ECANCELED && !t->now) {
		/* The clock was set since the timer was armed last: what is due was computed by a clock that is gone, perhaps.
		 * All are called at once. */
		t->moved = true;
		due = 0;
		r = set_fd(t, due);
	}
	if (r < 0)
		log_error("timerfd_settime: %s", err_text(r));
	else
		t->armed = due;
}

static void take_out(struct loop_timer *timer)
{
	struct timers *t = timer->all;
	size_t i = timer->at;

	timer->at = NOT_IN_HEAP;
	if (i == NOT_IN_HEAP)
		return;
	struct loop_timer *last = t->heap[--t->n];
	if (last == timer)
		return;
	place(t, i, last);
	sift(t, i);
}

static void leave_batch(struct loop_timer *timer)
{
	for (struct loop_timer **p = &timer->all->batch; *p; p = &(*p)->next_due) {
		if (*p == timer) {
			*p = timer->next_due;
			return;
		}
	}
}

int timers_add(struct timers *t, loop_timer_fn fn, void *ctx, struct loop_timer **ret)
{
	if (t->made == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 16;
		struct loop_timer **heap = reallocarray(t->heap, cap, sizeof(*heap));
		if (!heap)
			return -ENOMEM;
		t->heap = heap;
		t->cap = cap;
	}
	struct loop_timer *timer = calloc(1, sizeof(*timer));
	if (!timer)
		return -ENOMEM;
	*timer = (struct loop_timer){ .all = t, .due = USEC_NEVER, .at = NOT_IN_HEAP, .fn = fn, .ctx = ctx };
	t->made++;
	*ret = timer;
	return 0;
}

void loop_timer_free(struct loop_timer **pt)
{
	struct loop_timer *timer = *pt;

	if (!timer)
		return;
	*pt = NULL;
	loop_timer_off(timer);
	timer->all->made--;
	free(timer);
}

void loop_timer_at(struct loop_timer *timer, usec_t at)
{
	struct timers *t = timer->all;

	leave_batch(timer);
	timer->due = at;
	if (at == USEC_NEVER) {
		take_out(timer);
	} else if (timer->at == NOT_IN_HEAP) {
		place(t, t->n++, timer);
		sift(t, timer->at);
	} else {
		sift(t, timer->at);
	}
	arm(t);
}

void loop_timer_in(struct loop_timer *timer, usec_t span)
{
	usec_t now = timer->all->now ? *timer->all->now : clock_wall();
	loop_timer_at(timer, span < USEC_NEVER - now ? now + span : USEC_NEVER);
}

void loop_timer_off(struct loop_timer *timer)
{
	loop_timer_at(timer, USEC_NEVER);
}

usec_t loop_timer_due(const struct loop_timer *timer)
{
	return timer->due;
}

void timers_run(struct timers *t, usec_t now)
{
	struct loop_timer **tail = &t->batch;

	t->armed = USEC_NEVER; /* it has fired, and is set anew at the end */
	while (t->n && t->heap[0]->due <= now) {
		struct loop_timer *timer = t->heap[0];
		take_out(timer);
		timer->due = USEC_NEVER;
		timer->next_due = NULL;
		*tail = timer;
		tail = &timer->next_due;
	}
	t->running = true;
	while (t->batch) {
		struct loop_timer *timer = t->batch;
		t->batch = timer->next_due;
		timer->fn(timer->ctx); /* may free it, or arm it anew */
	}
	t->running = false;
	/* Setting the timer, also to "off", clears its readiness. */
	if (t->n == 0) {
		uint64_t count;
		(void)sys_read(t->fd, &count, sizeof(count));
	}
	arm(t);
}

void timers_run_wall(struct timers *t)
{
	uint64_t count;
	bool moved = sys_read(t->fd, &count, sizeof(count)) == -ECANCELED || t->moved;

	t->moved = false;
	timers_run(t, moved ? USEC_NEVER - 1 : clock_wall());
}
