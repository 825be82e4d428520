#include "core/drain.h"

#include "base/log.h"
#include "base/own.h"
#include "core/held.h"
#include "core/process.h"
#include "os/conns.h"

#include <errno.h>

/* The first looks come soon, since most requests are short; each wait is half as long again. A look at thousands of connections takes
 * milliseconds of pm1: a drain that lasts minutes is looked at more rarely, so that it ends at most so much later. */
#define LOOK_FIRST (2 * USEC_MS)
#define LOOK_MAX (50 * USEC_MS)
/* PID 1 has other things to do: it rests so many times as long as a look took. */
#define LOOK_REST 10
#define LOOK_PART 32 /* of the time it has taken so far */
#define LOOK_LONG USEC_SEC
/* A connection may be on its way from the queue to the program while we look: so often nothing is found, then there is nothing. */
#define LOOKS_EMPTY 2

struct drain {
	struct service *service; /* borrowed: its owner */
	drain_fn over;
	void *ctx;
	struct loop_timer *timer;
	usec_t begun, wait;
	struct conns before; /* what was there when new connections began to go elsewhere */
	size_t left;
	unsigned int empty; /* looks in a row that found nothing */
};

static size_t addresses(const struct service *s, const struct listen_at **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < seat_count(s->seat); i++)
		if (seat_at(s->seat, i)->kind == LISTEN_TCP)
			ret[n++] = seat_at(s->seat, i);
	return n;
}

/* Handshakes that had begun by then end at the old socket. */
static size_t half_open(const struct conns *before, const struct conns *now)
{
	struct conns half = { .v = calloc(before->n + 1, sizeof(*half.v)) };
	size_t left = before->n;

	for (size_t i = 0; half.v && i < before->n; i++)
		if (before->v[i].half)
			half.v[half.n++] = before->v[i];
	if (half.v) {
		struct conns still = { .v = calloc(now->n + 1, sizeof(*still.v)) };
		for (size_t i = 0; still.v && i < now->n; i++)
			if (now->v[i].half)
				still.v[still.n++] = now->v[i];
		left = still.v ? conns_left(&half, &still) : half.n;
		conns_done(&still);
	}
	conns_done(&half);
	return left;
}

static int count(struct drain *d, size_t *ret)
{
	const struct listen_at *at[LISTEN_MAX];
	struct conns now = { 0 };
	size_t n_at = addresses(d->service, at), left = 0;
	bool hidden = false;

	int r = conns_list(at, n_at, &now);
	if (r < 0)
		return r;
	left += half_open(&d->before, &now);
	conns_done(&now);
	/* The queue before those that the program has: a connection goes from the one to the other only. */
	left += seat_waiting(d->service->seat);
	r = conns_list(at, n_at, &now);
	if (r < 0)
		return r;
	left += process_conns(d->service, &now, &hidden);
	/* Where nobody tells whose they are, all that were there then are waited for. */
	if (hidden)
		left += conns_left(&d->before, &now);
	conns_done(&now);
	*ret = left;
	return 0;
}

static void end(struct drain *d, bool waited)
{
	struct drain_end e = { .took = clock_mono() - d->begun, .cut = d->left, .waited = waited };

	loop_timer_off(d->timer);
	d->over(d->ctx, d->service, &e);
}

static void on_look(void *ctx)
{
	struct drain *d = ctx;
	struct service *s = d->service;
	char label[SERVICE_LABEL_MAX];

	if (s->state != STATE_ONLINE)
		return; /* it has ended by itself, or somebody wanted it down */
	usec_t before = clock_mono();
	int r = count(d, &d->left);
	usec_t rest = LOOK_REST * (clock_mono() - before);
	if (r < 0) {
		log_warning("%s: cannot see its connections: %s; stopping it without a drain", service_label(s, label, sizeof(label)), err_text(r));
		end(d, false);
		return;
	}
	d->empty = d->left ? 0 : d->empty + 1;
	if (d->empty >= LOOKS_EMPTY || clock_mono() - d->begun >= s->spec->drain_timeout) {
		end(d, true);
		return;
	}
	usec_t until = d->begun + s->spec->drain_timeout - clock_mono();
	usec_t part = (clock_mono() - d->begun) / LOOK_PART, most = part < LOOK_MAX ? LOOK_MAX : part < LOOK_LONG ? part : LOOK_LONG;
	d->wait += d->wait / 2;
	if (d->wait > most)
		d->wait = most;
	usec_t wait = d->left == 0 ? LOOK_FIRST : d->wait;
	if (wait < rest)
		wait = rest;
	loop_timer_in(d->timer, wait < until ? wait : until);
}

void drain_begin(struct service *s, drain_fn over, void *ctx)
{
	const struct listen_at *at[LISTEN_MAX];
	struct drain_end none = { 0 };
	struct drain *d = NULL;
	int r = -ENOTSUP;

	if (s->spec->drain_timeout && s->state == STATE_ONLINE && seat_steers(s->seat) && !s->drain) {
		d = calloc(1, sizeof(*d));
		r = d ? loop_timer_new(s->host->loop, on_look, d, &d->timer) : -ENOMEM;
		if (r == 0)
			r = conns_list(at, addresses(s, at), &d->before);
	}
	if (r < 0) {
		drain_free(d);
		over(ctx, s, &none);
		return;
	}
	d->service = s;
	d->over = over;
	d->ctx = ctx;
	d->begun = clock_mono();
	d->wait = LOOK_FIRST;
	s->drain = d;
	loop_timer_in(d->timer, 0);
}

void drain_free(struct drain *d)
{
	if (!d)
		return;
	loop_timer_free(&d->timer);
	conns_done(&d->before);
	free(d);
}

size_t drain_left(const struct drain *d)
{
	return d ? d->left : 0;
}
