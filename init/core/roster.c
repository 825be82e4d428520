#include "core/roster.h"

#include "core/held.h"

#include "base/banned.h"

#include <errno.h>

#define HEIR_IDS (1 << 30) /* the first of them */

void roster_done(struct roster *r)
{
	free(r->v);
	*r = (struct roster){ 0 };
}

int roster_add(struct roster *r, struct service *s)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 16;
		struct service **v = reallocarray(r->v, cap, sizeof(*v));
		if (!v)
			return -ENOMEM;
		r->v = v;
		r->cap = cap;
	}
	r->v[r->n++] = s;
	return 0;
}

void roster_swap(struct roster *r, const struct service *a, const struct service *b)
{
	size_t at_a = r->n, at_b = r->n;

	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i] == a)
			at_a = i;
		else if (r->v[i] == b)
			at_b = i;
	}
	if (at_a == r->n || at_b == r->n)
		return;
	struct service *moved = r->v[at_a];
	r->v[at_a] = r->v[at_b];
	r->v[at_b] = moved;
}

struct service *roster_sibling(const struct roster *r, const struct service *s)
{
	struct service *found = NULL;

	for (size_t i = 0; i < r->n; i++) {
		struct service *x = r->v[i];
		if (x == s || !x->seat || strcmp(x->spec->name, s->spec->name) != 0)
			continue;
		if (seat_fits(x->seat, s->spec))
			return x;
		found = x;
	}
	return found;
}

void roster_remove(struct roster *r, const struct service *s)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i] != s)
			continue;
		memmove(&r->v[i], &r->v[i + 1], (r->n - i - 1) * sizeof(*r->v));
		r->n--;
		return;
	}
}

int roster_next_id(struct roster *r)
{
	if (r->n == 0)
		r->next_id = 0;
	return r->next_id++;
}

int roster_heir_id(struct roster *r)
{
	/* Long before the two rows meet there is no memory for so many; round and round in the upper half. */
	r->heirs = r->heirs < HEIR_IDS ? r->heirs + 1 : 0;
	return HEIR_IDS + r->heirs;
}

struct service *roster_by_id(const struct roster *r, int id)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i]->id == id)
			return r->v[i];
	return NULL;
}

struct service *roster_first_of(const struct roster *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->v[i]->doomed && !r->v[i]->heir_of && strcmp(r->v[i]->spec->name, name) == 0)
			return r->v[i];
	return NULL;
}

struct service *roster_instance(const struct roster *r, const char *name, unsigned int instance)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->v[i]->doomed && !r->v[i]->heir_of && r->v[i]->instance == instance && strcmp(r->v[i]->spec->name, name) == 0)
			return r->v[i];
	return NULL;
}
