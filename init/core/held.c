#include "core/held.h"

#include "base/log.h"
#include "base/own.h"
#include "base/strv.h"
#include "base/text.h"
#include "model/sockets.h"
#include "os/ids.h"
#include "os/listener.h"

#include <errno.h>

#define WHY_MAX 192 /* bytes; a reason of the binder's */

/* One address; counted, since two sets may share it while one gives way to the other. */
struct place {
	unsigned int refs;
	struct listen_at at;
	bool shared;
	size_t sitting; /* seats that are taken */
	struct listener *listener; /* owned; NULL: given up for another set, or for the program itself */
};

struct held {
	unsigned int refs;
	struct strv words; /* with all else it was made of */
	unsigned int backlog;
	bool reuse_port, v6only;
	int mode;
	char *owner;
	struct place *places[LISTEN_MAX];
	size_t n;
	size_t serving; /* seats in service */
	char refused[WHY_MAX]; /* "": it wasn't */
};

struct seat {
	struct held *held;
	bool sits[LISTEN_MAX];
	unsigned int number[LISTEN_MAX]; /* of the seat, where it sits */
	bool serves;
};

static void place_unref(struct place *p)
{
	if (!p || --p->refs > 0)
		return;
	listener_free(p->listener);
	free(p);
}

static void held_unref(struct held *h)
{
	if (!h || --h->refs > 0)
		return;
	for (size_t i = 0; i < h->n; i++)
		place_unref(h->places[i]);
	strv_done(&h->words);
	free(h->owner);
	free(h);
}

static bool same_owner(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_options(const struct held *h, const struct spec *spec)
{
	return h->backlog == spec->listen_backlog && h->reuse_port == spec->reuse_port && h->v6only == spec->listen_v6only &&
	       h->mode == spec->listen_mode && same_owner(h->owner, spec->listen_owner);
}

bool seat_fits(const struct seat *s, const struct spec *spec)
{
	return s && same_options(s->held, spec) && strv_equal(&s->held->words, &spec->listen);
}

/* An unknown name was told of when the file was read, or is told of by the bind, which is then pm1's own. */
static void find_owner(const struct spec *spec, struct listener_options *o)
{
	const char *owner = spec->listen_owner ? spec->listen_owner : "", *colon = strchr(owner, ':');
	const char *bad = NULL;
	char user[256];
	struct ids ids;

	o->uid = (uid_t)-1;
	o->gid = (gid_t)-1;
	if (!owner[0])
		return;
	(void)text_format(user, sizeof(user), "%.*s", (int)(colon ? (size_t)(colon - owner) : strlen(owner)), owner);
	if (ids_resolve(user[0] ? user : NULL, colon ? colon + 1 : NULL, &ids, &bad) < 0) {
		log_warning("%s: listen_owner = %s: no such %s; leaving the socket to pm1's own", spec->name, owner, bad ? bad : "user");
		return;
	}
	if (ids.set_user)
		o->uid = ids.uid;
	if (ids.set_group)
		o->gid = ids.gid;
}

/* The place of an older set that is this very address with these very options, or NULL. What is in the way of it is given up. */
static struct place *find_place(const struct held *old, bool same, const struct listen_at *at)
{
	struct place *found = NULL;

	for (size_t i = 0; old && i < old->n; i++) {
		struct place *p = old->places[i];
		if (!p->listener || !listen_clash(&p->at, at))
			continue;
		if (same && strcmp(p->at.text, at->text) == 0) {
			found = p;
			continue;
		}
		listener_free(p->listener);
		p->listener = NULL;
	}
	return found;
}

static int add_place(struct held *h, const struct held *old, bool same, const struct listen_at *at, const struct listener_options *o)
{
	struct place *p = find_place(old, same, at);

	if (p) {
		p->refs++;
		h->places[h->n++] = p;
		return 0;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	int r = listener_new(at, o, &p->listener);
	if (r < 0) {
		free(p);
		return r;
	}
	p->refs = 1;
	p->at = *at;
	p->shared = o->shared;
	h->places[h->n++] = p;
	return 0;
}

static int held_new(const struct spec *spec, const struct held *old, struct held **ret)
{
	struct held *h = calloc(1, sizeof(*h));
	bool same = old && !old->refused[0] && same_options(old, spec);
	struct listener_options o = {
		.backlog = (int)spec->listen_backlog,
		.v6only = spec->listen_v6only,
		.mode = spec->listen_mode,
	};
	if (!h)
		return -ENOMEM;
	h->refs = 1;
	h->backlog = spec->listen_backlog;
	h->reuse_port = spec->reuse_port;
	h->v6only = spec->listen_v6only;
	h->mode = spec->listen_mode;
	int r = strv_copy(&h->words, &spec->listen);
	if (r == 0 && spec->listen_owner && !(h->owner = strdup(spec->listen_owner)))
		r = -ENOMEM;
	find_owner(spec, &o);
	for (size_t i = 0; r == 0 && i < spec->listen.n && i < LISTEN_MAX; i++) {
		struct listen_at at;
		sockets_at(spec, i, &at);
		o.shared = at.kind == LISTEN_UNIX || !spec->reuse_port;
		r = add_place(h, old, same, &at, &o);
	}
	if (r < 0) {
		held_unref(h);
		return r;
	}
	*ret = h;
	return 0;
}

static void set_serves(struct seat *s, bool on)
{
	s->held->serving += (size_t)on - (size_t)s->serves;
	s->serves = on;
}

int seat_new(const struct spec *spec, const struct seat *sibling, struct seat **ret)
{
	struct seat *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (sibling && seat_fits(sibling, spec)) {
		s->held = sibling->held;
		s->held->refs++;
	} else {
		int r = held_new(spec, sibling ? sibling->held : NULL, &s->held);
		if (r < 0) {
			free(s);
			return r;
		}
	}
	*ret = s;
	return 0;
}

static struct listener *listener_of(const struct seat *s, size_t i)
{
	return s->held->places[i]->listener;
}

int seat_change(struct seat **seat, const struct spec *spec, const struct seat *sibling)
{
	struct seat *old = *seat, *new = NULL;

	if (seat_fits(old, spec))
		return 0;
	int r = seat_new(spec, sibling ? sibling : old, &new);
	if (r < 0)
		return r;
	/* Where it sits it stays: its connections wait there. */
	for (size_t i = 0; old && i < new->held->n; i++)
		for (size_t k = 0; k < old->held->n; k++)
			if (new->held->places[i] == old->held->places[k] && old->sits[k]) {
				new->sits[i] = true;
				new->number[i] = old->number[k];
				old->sits[k] = false;
			}
	set_serves(new, seat_serves(old));
	seat_free(old);
	*seat = new;
	return 0;
}

void seat_leave(struct seat *s)
{
	for (size_t i = 0; s && i < s->held->n; i++) {
		if (s->sits[i])
			s->held->places[i]->sitting--;
		if (s->sits[i] && listener_of(s, i))
			listener_leave(listener_of(s, i), s->number[i]);
		s->sits[i] = false;
	}
	if (s)
		set_serves(s, false);
}

bool seat_has_company(const struct seat *s)
{
	return s && s->held->serving > (size_t)s->serves;
}

void seat_clear(struct seat *s)
{
	if (!seat_has_company(s) || !seat_steers(s))
		return;
	seat_leave(s);
}

void seat_free(struct seat *s)
{
	if (!s)
		return;
	seat_leave(s);
	held_unref(s->held);
	free(s);
}

int seat_take(struct seat *s, struct text *failure)
{
	for (size_t i = 0; s && i < s->held->n; i++) {
		struct listener *l = listener_of(s, i);
		if (!l)
			continue;
		int r = s->sits[i] ? listener_mend(l, s->number[i]) : listener_join(l, &s->number[i]);
		if (r < 0) {
			(void)text_addf(failure, "%s: %s", seat_at(s, i)->text, err_text(r));
			return r;
		}
		s->held->places[i]->sitting += !s->sits[i];
		s->sits[i] = true;
		if (s->serves)
			(void)listener_serve(l, s->number[i], true);
	}
	return 0;
}

void seat_serve(struct seat *s, bool on)
{
	if (!s)
		return;
	set_serves(s, on);
	for (size_t i = 0; i < s->held->n; i++) {
		int r = s->sits[i] && listener_of(s, i) ? listener_serve(listener_of(s, i), s->number[i], on) : 0;
		if (r < 0)
			log_warning("%s: connections cannot be steered: %s; the kernel spreads them over all instances",
				    seat_at(s, i)->text, err_text(r));
	}
}

bool seat_serves(const struct seat *s)
{
	return s && s->serves;
}

size_t seat_count(const struct seat *s)
{
	return s && !s->held->refused[0] ? s->held->n : 0;
}

const struct listen_at *seat_at(const struct seat *s, size_t i)
{
	return &s->held->places[i]->at;
}

int seat_fd(const struct seat *s, size_t i)
{
	return s->sits[i] && listener_of(s, i) ? listener_fd(listener_of(s, i), s->number[i]) : -1;
}

uint64_t seat_file(const struct seat *s, size_t i)
{
	return listener_of(s, i) ? listener_file(listener_of(s, i)) : 0;
}

bool seat_is_alone(const struct seat *s, size_t i)
{
	return !s->held->places[i]->shared || s->held->places[i]->sitting <= 1;
}

uint64_t seat_inode(const struct seat *s, size_t i)
{
	return s->sits[i] && listener_of(s, i) ? listener_inode(listener_of(s, i), s->number[i]) : 0;
}

bool seat_steers(const struct seat *s)
{
	bool any = false;

	for (size_t i = 0; i < seat_count(s); i++) {
		if (!listener_of(s, i) || seat_at(s, i)->kind != LISTEN_TCP)
			continue;
		if (!s->sits[i] || !listener_steers(listener_of(s, i)))
			return false;
		any = true;
	}
	return any;
}

size_t seat_waiting(const struct seat *s)
{
	size_t all = 0;

	for (size_t i = 0; i < seat_count(s); i++) {
		ssize_t n = s->sits[i] && listener_of(s, i) ? listener_waiting(listener_of(s, i), s->number[i]) : 0;
		all += n > 0 ? (size_t)n : 0;
	}
	return all;
}

void seat_refuse(struct seat *s, const char *why)
{
	struct held *h = s->held;

	if (text_copy(h->refused, sizeof(h->refused), why) < 0)
		(void)text_format(h->refused, sizeof(h->refused), "%.*s...", WHY_MAX - 4, why);
	for (size_t i = 0; i < h->n; i++) {
		listener_free(h->places[i]->listener);
		h->places[i]->listener = NULL;
	}
}

const char *seat_refused(const struct seat *s)
{
	return s ? s->held->refused : "";
}
