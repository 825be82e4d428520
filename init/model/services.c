/* services - see the header. Overlays are sorted by name once, so that a file with many of both is read in no time. */
#include "model/services.h"

#include "base/own.h"
#include "base/text.h"

#include <errno.h>

#define SERVICE "service:"
#define ENV "env_"

static int keep(struct kept **v, size_t *n, size_t *size, struct kept k)
{
	if (*n == *size) {
		size_t more = *size ? 2 * *size : 16;
		struct kept *bigger = reallocarray(*v, more, sizeof(*bigger));

		if (!bigger) {
			section_done(&k.s);
			return -ENOMEM;
		}
		*v = bigger;
		*size = more;
	}
	(*v)[(*n)++] = k;
	return 0;
}

/* "production" of "service:web:production", or NULL. */
static const char *overlay_of(const char *section)
{
	const char *colon = strchr(section + strlen(SERVICE), ':');

	return colon ? colon + 1 : NULL;
}

/* Where NAME begins in "env_production.NAME", or NULL. */
static const char *variable_of(const char *key)
{
	const char *dot = strncmp(key, ENV, strlen(ENV)) == 0 ? strchr(key, '.') : NULL;

	return dot && dot > key + strlen(ENV) ? dot + 1 : NULL;
}

/* The entry env_production.NAME of `s` as an overlay of its own. */
static int move_variable(struct services *v, const struct section *s, struct entry *e, const char *variable)
{
	struct kept k = { 0 };
	cleanup_free char *name = NULL, *key = NULL;

	if (asprintf(&name, "%s:%.*s", s->name, (int)(variable - 1 - e->name - (ptrdiff_t)strlen(ENV)), e->name + strlen(ENV)) < 0 ||
	    asprintf(&key, "env.%s", variable) < 0)
		return -ENOMEM;
	struct inifile_part part = { .line = e->line, .key = key, .value = e->value };
	int r = section_init(&k.s, s->file, s->dir, name, e->line);
	if (r == 0)
		r = section_add(&k.s, &part);
	if (r < 0) {
		section_done(&k.s);
		return r;
	}
	return keep(&v->overlay, &v->n_overlay, &v->size_overlay, k);
}

/* Takes the variables of overlays out of the section. */
static int part_variables(struct services *v, struct section *s)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < s->n; i++) {
		const char *variable = r == 0 ? variable_of(s->v[i].name) : NULL;

		if (!variable) {
			s->v[n++] = s->v[i];
			continue;
		}
		r = move_variable(v, s, &s->v[i], variable);
		free(s->v[i].name);
		free(s->v[i].value);
	}
	s->n = n;
	return r;
}

int services_keep(struct services *v, struct section *s, bool bare)
{
	struct kept k = { .s = *s, .bare = bare, .given = true };

	*s = (struct section){ 0 };
	if (overlay_of(k.s.name))
		return keep(&v->overlay, &v->n_overlay, &v->size_overlay, k);
	int r = part_variables(v, &k.s);
	if (r < 0) {
		section_done(&k.s);
		return r;
	}
	return keep(&v->own, &v->n_own, &v->size_own, k);
}

void services_done(struct services *v)
{
	for (size_t i = 0; i < v->n_own; i++)
		section_done(&v->own[i].s);
	for (size_t i = 0; i < v->n_overlay; i++)
		section_done(&v->overlay[i].s);
	free(v->own);
	free(v->overlay);
	*v = (struct services){ 0 };
}

/* By name, and in the order of the file among those of one name. */
static int by_name(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;
	int r = strcmp(x->s.name, y->s.name);

	return r != 0 ? r : (x->s.line > y->s.line) - (x->s.line < y->s.line);
}

/* Moves the entries of *from to *to. */
static int append(struct section *to, struct section *from)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n; i++) {
		struct inifile_part part = { .line = from->v[i].line, .key = from->v[i].name, .value = from->v[i].value };

		r = section_add(to, &part);
	}
	return r;
}

/* Those of one name become one: a section, and variables that stand with the service. */
static int merge(struct services *v, struct diag *diag)
{
	size_t n = 0;
	int r = 0;

	if (v->n_overlay > 1)
		qsort(v->overlay, v->n_overlay, sizeof(*v->overlay), by_name);
	for (size_t i = 0; i < v->n_overlay; i++) {
		struct kept *last = n ? &v->overlay[n - 1] : NULL, *next = &v->overlay[i];

		if (!last || strcmp(last->s.name, next->s.name) != 0) {
			v->overlay[n++] = *next;
			continue;
		}
		if (last->given && next->given) {
			struct where at = section_where(&next->s, NULL);

			diag_error(diag, &at, NULL, NULL, "given twice (first in line %u)", last->s.line);
		} else if (r == 0) {
			r = append(&last->s, &next->s);
			if (next->given)
				last->s.line = next->s.line;
			last->given = last->given || next->given;
		}
		section_done(&next->s);
	}
	v->n_overlay = n;
	return r;
}

/* The first overlay of [service:NAME]; those of one service follow each other. */
static size_t first_overlay(const struct services *v, const char *prefix, size_t len)
{
	size_t low = 0, high = v->n_overlay;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strncmp(v->overlay[mid].s.name, prefix, len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Each overlay by itself, and its name noted. */
static int check_overlays(struct services *v, struct loader *l)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < v->n_overlay; i++) {
		struct section *s = &v->overlay[i].s;
		struct where at = section_where(s, NULL);
		const char *name = overlay_of(s->name), *complaint = spec_name_fault(name);

		if (complaint)
			diag_error(l->diag, &at, NULL, NULL, "as an overlay: %s", complaint);
		else if (l->overlays.n < OVERLAYS_MAX && !strv_has(&l->overlays, name))
			r = strv_add(&l->overlays, name);
		if (r == 0)
			r = section_check(s, KEY_IN_SERVICE, false, l->vars, l->diag);
		v->overlay[i].bare = true; /* until a service is found that it lies on */
	}
	return r;
}

static void find_homeless(const struct services *v, struct diag *diag)
{
	for (size_t i = 0; i < v->n_overlay; i++) {
		const struct section *s = &v->overlay[i].s;
		struct where at = section_where(s, NULL);
		const char *overlay = overlay_of(s->name);

		if (v->overlay[i].bare)
			diag_error(diag, &at, NULL, NULL, "there is no [%.*s] in this file that it could lie on",
				   (int)(overlay - 1 - s->name), s->name);
	}
}

static int keep_built(struct loader *l, const char *name, struct section *own, struct section *top, struct spec *spec)
{
	struct where at = section_where(own, NULL);

	l->instances += spec->instances;
	if (l->instances > SPEC_SERVICES_MAX && l->instances - spec->instances <= SPEC_SERVICES_MAX)
		diag_error(l->diag, &at, NULL, NULL, "more than %d instances in all", SPEC_SERVICES_MAX);
	int r = loader_keep_patience(l, top && section_find(top, "kill_timeout") ? top : own, spec->kill_timeout);
	if (r < 0) {
		spec_unref(spec);
		return r;
	}
	return loader_keep_spec(l, name, own, spec);
}

static int build(struct services *v, struct kept *k, struct loader *l, const struct scope *scope, const char *abs, const char *dir)
{
	struct section *own = &k->s, *top = NULL;
	struct scope around = { .up = scope->up, .defaults = k->bare ? NULL : scope->defaults };
	struct scope beneath = { .up = &around, .defaults = own };
	struct build_source from = { .name = own->name + strlen(SERVICE), .file = abs, .dir = dir, .line = own->line };
	const char *complaint = spec_name_fault(from.name);
	struct where at = section_where(own, NULL);
	char prefix[sizeof(SERVICE) + SPEC_NAME_MAX + 1];
	struct spec *spec = NULL;
	int r = section_check(own, KEY_IN_SERVICE, false, l->vars, l->diag);

	if (complaint)
		diag_error(l->diag, &at, NULL, NULL, "%s", complaint);
	if (r == 0 && text_format(prefix, sizeof(prefix), "%s:", own->name) == 0) {
		size_t len = strlen(prefix);

		for (size_t i = first_overlay(v, prefix, len); r == 0 && i < v->n_overlay; i++) {
			struct section *s = &v->overlay[i].s;

			if (strncmp(s->name, prefix, len) != 0)
				break;
			v->overlay[i].bare = false;
			if (l->overlay && strcmp(overlay_of(s->name), l->overlay) == 0)
				top = s;
			else
				r = build_check_overlay(&beneath, s, l->diag);
		}
	}
	if (r == 0 && top) {
		from.overlay = l->overlay;
		r = build_service(&from, &beneath, top, l->vars, l->diag, &spec);
	} else if (r == 0) {
		r = build_service(&from, &around, own, l->vars, l->diag, &spec);
	}
	if (r == -EINVAL)
		return loader_keep_spec(l, from.name, own, NULL);
	return r < 0 || !spec ? r : keep_built(l, from.name, own, top, spec);
}

int services_build(struct services *v, struct loader *l, const struct scope *scope, const char *abs, const char *dir)
{
	int r = merge(v, l->diag);

	if (r == 0)
		r = check_overlays(v, l);
	for (size_t i = 0; r == 0 && i < v->n_own; i++)
		r = build(v, &v->own[i], l, scope, abs, dir);
	if (r == 0)
		find_homeless(v, l->diag);
	return r;
}
