#include "loop/loop.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "loop/timers.h"

#include <errno.h>
#include <sys/epoll.h>

#define BATCH 64 /* events taken in one wakeup */

struct loop_source {
	struct loop *loop; /* borrowed */
	int fd; /* borrowed; -1: dead, freed after the batch */
	enum loop_priority prio;
	loop_fd_fn fn;
	void *ctx;
	struct loop_source *next; /* in the list of all, or of the dead */
	struct loop_source **link;
};

struct loop {
	int epfd; /* owned */
	usec_t now;
	struct timers *timers; /* owned */
	struct loop_source *timer_source;
	struct timers *walls; /* owned; NULL until one is wanted */
	struct loop_source *wall_source;
	struct loop_source *all;
	struct loop_source *dead; /* removed inside a batch */
	bool in_batch;
	bool quit;
	int code;
	usec_t complained; /* when a failing epoll_wait was last logged */
};

static void on_timerfd(void *ctx, int fd, uint32_t events)
{
	struct loop *l = ctx;

	(void)fd;
	(void)events;
	timers_run(l->timers, l->now);
}

int loop_new(struct loop **ret)
{
	struct loop *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->now = clock_mono();
	l->epfd = sys_epoll_create();
	int r = l->epfd < 0 ? l->epfd : timers_new(&l->now, &l->timers);
	if (r == 0)
		r = loop_add(l, timers_fd(l->timers), EPOLLIN, LOOP_TIMER, on_timerfd, l, &l->timer_source);
	if (r < 0) {
		loop_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

static void bury(struct loop *l)
{
	while (l->dead) {
		struct loop_source *s = l->dead;
		l->dead = s->next;
		free(s);
	}
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	while (l->all) {
		struct loop_source *s = l->all;
		l->all = s->next;
		free(s);
	}
	bury(l);
	timers_free(l->timers);
	timers_free(l->walls);
	close_fd(&l->epfd);
	free(l);
}

int loop_add(struct loop *l, int fd, uint32_t events, enum loop_priority prio, loop_fd_fn fn, void *ctx,
	     struct loop_source **ret)
{
	struct loop_source *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = (struct loop_source){ .loop = l, .fd = fd, .prio = prio, .fn = fn, .ctx = ctx };
	struct epoll_event ev = { .events = events, .data.ptr = s };
	int r = sys_epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev);
	if (r < 0) {
		free(s);
		return r;
	}
	s->next = l->all;
	s->link = &l->all;
	if (s->next)
		s->next->link = &s->next;
	l->all = s;
	*ret = s;
	return 0;
}

int loop_change(struct loop_source *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };
	return sys_epoll_ctl(s->loop->epfd, EPOLL_CTL_MOD, s->fd, &ev);
}

void loop_remove(struct loop_source **ps)
{
	struct loop_source *s = *ps;

	if (!s)
		return;
	*ps = NULL;
	/* A duplicate of the fd elsewhere (a child before its exec) would keep it in epoll; so it is taken out by hand. */
	(void)sys_epoll_ctl(s->loop->epfd, EPOLL_CTL_DEL, s->fd, &(struct epoll_event){ 0 });
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	s->fd = -1;
	if (!s->loop->in_batch) {
		free(s);
		return;
	}
	s->next = s->loop->dead;
	s->loop->dead = s;
}

usec_t loop_now(const struct loop *l)
{
	return l->now;
}

static void dispatch(struct loop *l, struct epoll_event *evs, int n)
{
	l->in_batch = true;
	for (enum loop_priority p = 0; p < LOOP_PRIORITY_MAX; p++) {
		for (int i = 0; i < n; i++) {
			struct loop_source *s = evs[i].data.ptr;
			if (s->prio == p && s->fd >= 0)
				s->fn(s->ctx, s->fd, evs[i].events);
		}
	}
	l->in_batch = false;
	bury(l);
}

int loop_once(struct loop *l)
{
	struct epoll_event evs[BATCH];
	int n = sys_epoll_wait(l->epfd, evs, BATCH, -1);

	if (n == -EINTR)
		return 0;
	if (n < 0)
		return n;
	l->now = clock_mono();
	dispatch(l, evs, n);
	return 0;
}

int loop_run(struct loop *l)
{
	while (!l->quit) {
		int r = loop_once(l);
		if (r == 0)
			continue;
		usec_t now = clock_mono();
		if (now - l->complained >= USEC_SEC) {
			log_error("epoll_wait: %s; trying again", err_text(r));
			l->complained = now;
		}
	}
	return l->code;
}

void loop_quit(struct loop *l, int code)
{
	l->quit = true;
	l->code = code;
}

int loop_timer_new(struct loop *l, loop_timer_fn fn, void *ctx, struct loop_timer **ret)
{
	return timers_add(l->timers, fn, ctx, ret);
}

static void on_wallfd(void *ctx, int fd, uint32_t events)
{
	struct loop *l = ctx;

	(void)fd;
	(void)events;
	timers_run_wall(l->walls);
}

static int make_walls(struct loop *l)
{
	struct timers *walls = NULL;
	int r = timers_new_wall(&walls);

	if (r == 0)
		r = loop_add(l, timers_fd(walls), EPOLLIN, LOOP_TIMER, on_wallfd, l, &l->wall_source);
	if (r < 0)
		timers_free(walls);
	else
		l->walls = walls;
	return r;
}

int loop_wall_timer_new(struct loop *l, loop_timer_fn fn, void *ctx, struct loop_timer **ret)
{
	int r = l->walls ? 0 : make_walls(l);

	return r < 0 ? r : timers_add(l->walls, fn, ctx, ret);
}
