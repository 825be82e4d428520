#include "core/activation.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/held.h"
#include "core/process.h"
#include "os/conns.h"
#include "os/datagrams.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

struct activation {
	struct service *service; /* borrowed: its owner */
	/* Of its own: a seat's descriptors may be closed while it watches, as when another instance takes a new configuration, and epoll
	 * goes on with what a process holds still and nobody can take out any more. */
	int fds[LISTEN_MAX]; /* owned, -1 */
	struct loop_source *sources[LISTEN_MAX];
	bool armed; /* it waits for a connection */
	bool called; /* one has come since it was last idle or down */
	struct loop_timer *idle;
	usec_t last; /* when the last one came, or was seen */
	usec_t read[LISTEN_MAX]; /* when the last datagram was read, at the last look; by the wall clock */
};

static void unwatch(struct activation *a)
{
	for (size_t i = 0; i < LISTEN_MAX; i++) {
		loop_remove(&a->sources[i]);
		close_fd(&a->fds[i]);
	}
	a->armed = false;
}

static void on_first(void *ctx, int fd, uint32_t events)
{
	struct activation *a = ctx;
	struct service *s = a->service;
	char cause[SERVICE_CAUSE_MAX] = "a connection came";

	(void)events;
	for (size_t i = 0; i < seat_count(s->seat); i++)
		if (a->fds[i] == fd)
			(void)text_format(cause, sizeof(cause), "a connection came to %.70s", seat_at(s->seat, i)->text);
	unwatch(a);
	a->called = true;
	service_try(s, cause);
}

static void on_next(void *ctx, int fd, uint32_t events)
{
	struct activation *a = ctx;

	(void)fd;
	(void)events;
	a->last = loop_now(a->service->host->loop);
}

static int watch_one(struct activation *a, size_t i, uint32_t events, loop_fd_fn fn)
{
	const struct service *s = a->service;
	int fd = seat_fd(s->seat, i);

	fd = fd < 0 ? -EBADF : sys_fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	a->fds[i] = fd;
	return sys_fd_is_scarce(fd) ? -EMFILE : loop_add(s->host->loop, fd, events, LOOP_NORMAL, fn, a, &a->sources[i]);
}

static int watch(struct activation *a, uint32_t events, loop_fd_fn fn)
{
	struct service *s = a->service;
	int r = 0;

	unwatch(a);
	for (size_t i = 0; r == 0 && i < seat_count(s->seat); i++)
		r = watch_one(a, i, events, fn);
	if (r < 0)
		unwatch(a);
	return r;
}

/* Connections that its processes hold; where nobody tells, those that are there at all. */
static size_t held_now(const struct service *s)
{
	const struct listen_at *at[LISTEN_MAX];
	struct conns now = { 0 };
	size_t n = 0, held;
	bool hidden = false;

	for (size_t i = 0; i < seat_count(s->seat); i++)
		if (seat_at(s->seat, i)->kind != LISTEN_UDP)
			at[n++] = seat_at(s->seat, i);
	if (n == 0)
		return 0;
	if (conns_list(at, n, &now) < 0)
		return 1; /* nobody knows: it isn't ended for that */
	held = process_conns(s, &now, &hidden);
	if (hidden)
		held = now.n;
	conns_done(&now);
	return held;
}

/* The loop hears of a datagram only if it looks before the program has read it: a quick one is asked for. */
static void look_at_datagrams(struct activation *a, usec_t now)
{
	const struct service *s = a->service;
	usec_t wall = clock_wall();

	for (size_t i = 0; i < seat_count(s->seat); i++) {
		usec_t read;
		if (seat_at(s->seat, i)->kind != LISTEN_UDP || seat_fd(s->seat, i) < 0)
			continue;
		if (datagrams_wait(seat_fd(s->seat, i)) > 0)
			a->last = now;
		if (datagrams_read(seat_fd(s->seat, i), &read) < 0 || read == a->read[i])
			continue;
		a->read[i] = read;
		/* The clock may have been set meanwhile. */
		usec_t at = read <= wall && wall - read < now ? now - (wall - read) : now;
		a->last = at > a->last ? at : a->last;
	}
}

static void on_idle(void *ctx)
{
	struct activation *a = ctx;
	struct service *s = a->service;
	usec_t now = clock_mono();
	char cause[SERVICE_CAUSE_MAX];
	struct text t = TEXT_INIT(cause);

	if (s->state != STATE_ONLINE || s->spec->idle_timeout == 0 || seat_count(s->seat) == 0)
		return;
	look_at_datagrams(a, now);
	if (seat_waiting(s->seat) > 0 || held_now(s) > 0)
		a->last = now;
	if (now - a->last < s->spec->idle_timeout) {
		loop_timer_at(a->idle, a->last + s->spec->idle_timeout);
		return;
	}
	(void)text_add(&t, "no connection for idle_timeout ");
	(void)text_add_span(&t, s->spec->idle_timeout);
	a->called = false;
	unwatch(a);
	service_idle(s, cause);
}

static struct activation *get(struct service *s)
{
	struct activation *a = s->activation ? s->activation : calloc(1, sizeof(*a));

	if (!a || s->activation)
		return a;
	a->service = s;
	for (size_t i = 0; i < LISTEN_MAX; i++)
		a->fds[i] = -1;
	if (loop_timer_new(s->host->loop, on_idle, a, &a->idle) < 0) {
		free(a);
		return NULL;
	}
	return s->activation = a;
}

bool activation_waits(struct service *s)
{
	char label[SERVICE_LABEL_MAX], why[SERVICE_FAILURE_MAX];
	struct text t = TEXT_INIT(why);

	if (s->spec->activation != ACTIVATION_ON_CONNECT || s->heir_of || seat_count(s->seat) == 0)
		return false;
	struct activation *a = get(s);
	if (!a || a->called)
		return false;
	unwatch(a);
	/* What its program has shut would call it at once and for ever; what isn't bound yet perhaps can be now. */
	if (seat_take(s->seat, &t) < 0)
		return false; /* its start tells */
	int r = watch(a, EPOLLIN, on_first);
	if (r < 0) {
		log_warning("%s: its sockets cannot be watched: %s; starting it at once", service_label(s, label, sizeof(label)), err_text(r));
		return false;
	}
	a->armed = true;
	return true;
}

bool activation_is_armed(const struct service *s)
{
	return s->state == STATE_WAITING && s->activation && s->activation->armed;
}

void activation_up(struct service *s)
{
	if (s->spec->activation != ACTIVATION_ON_CONNECT || s->heir_of || s->replaced || seat_count(s->seat) == 0)
		return;
	struct activation *a = get(s);
	if (!a)
		return;
	a->called = true;
	a->last = clock_mono();
	look_at_datagrams(a, a->last); /* from now on they are noted */
	/* Edge-triggered: once a connection, whoever accepts it. */
	if (s->spec->idle_timeout && watch(a, EPOLLIN | EPOLLET, on_next) == 0)
		loop_timer_in(a->idle, s->spec->idle_timeout);
}

void activation_renew(struct service *s)
{
	if (s->state != STATE_ONLINE || !s->activation || !s->activation->called)
		return;
	activation_down(s);
	activation_up(s);
}

void activation_down(struct service *s)
{
	if (!s->activation)
		return;
	unwatch(s->activation);
	loop_timer_off(s->activation->idle);
}

static bool is_called(int fd)
{
	int r = sys_poll_now(fd, POLLIN);

	return r > 0 && (r & POLLIN);
}

bool activation_again(struct service *s, bool stable)
{
	if (s->spec->activation != ACTIVATION_ON_CONNECT || !s->want_up || seat_count(s->seat) == 0)
		return false;
	for (size_t i = 0; !stable && i < seat_count(s->seat); i++)
		if (seat_fd(s->seat, i) >= 0 && is_called(seat_fd(s->seat, i)))
			return false;
	activation_rest(s);
	return true;
}

void activation_rest(struct service *s)
{
	activation_down(s);
	if (s->activation)
		s->activation->called = false;
}

void activation_free(struct service *s)
{
	if (!s->activation)
		return;
	unwatch(s->activation);
	loop_timer_free(&s->activation->idle);
	free(s->activation);
	s->activation = NULL;
}
