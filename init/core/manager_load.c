/* manager_load - files and command lines become services, and change them. */
#include "core/manager_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/text.h"
#include "core/order.h"
#include "core/sockets.h"
#include "model/clash.h"
#include "model/diff.h"
#include "model/plan.h"

#include <errno.h>

/* Makes the instances of one spec that are missing; manager_start_made() starts them. */
int manager_make_instances(struct manager *m, struct spec *spec, const char *top_file, const struct manager_memory *memory)
{
	for (unsigned int i = 0; i < spec->instances; i++) {
		struct service *s = NULL;
		if (roster_instance(&m->roster, spec->name, i))
			continue;
		int r = service_new(&m->cfg.host, spec, i, roster_next_id(&m->roster), &m->cfg.place, &s);
		if (r == 0 && (r = roster_add(&m->roster, s)) < 0)
			service_free(s);
		if (r < 0)
			return r;
		s->top_file = top_file;
		sockets_set(s, roster_sibling(&m->roster, s));
		s->start_due = memory ? memory->up(memory->ctx, spec->name, i, spec->autostart) : spec->autostart;
		m->has_order |= order_has_any(spec);
	}
	return 0;
}

/* All are made before the first one runs: logd then knows which files are shared before a byte comes. */
void manager_start_made(struct manager *m, const char *cause)
{
	for (size_t i = 0; i < m->roster.n; i++) {
		struct service *s = m->roster.v[i];
		if (!s->start_due)
			continue;
		s->start_due = false;
		service_start(s, cause);
	}
	m->cfg.changed(m->cfg.ctx);
}

/* Whether a change asks for a new process. Without memory for the answer: yes. */
static bool needs_restart(const struct plan_step *step)
{
	struct diff diff = { 0 };
	bool needs = !step->old || diff_specs(step->old, step->new, &diff) < 0 || diff.restart;

	diff_done(&diff);
	return needs;
}

int manager_apply_step(struct manager *m, const struct plan_step *step, const char *top_file, enum apply how, const char *cause,
		       const struct manager_memory *memory)
{
	const char *name = plan_step_name(step);
	bool restart = step->verb == PLAN_CHANGE && (how == APPLY_RELOAD || how == APPLY_START) && needs_restart(step);

	for (size_t i = 0; i < m->roster.n; i++) {
		struct service *s = m->roster.v[i];
		if (strcmp(s->spec->name, name) != 0 || s->doomed || s->heir_of)
			continue;
		bool too_many = step->verb != PLAN_REMOVE && step->new && s->instance >= step->new->instances;
		if (too_many && s->state == STATE_ONLINE) {
			manager_retire(m, s);
			continue;
		}
		if (step->verb == PLAN_REMOVE || too_many) {
			manager_delete(m, s, cause);
			continue;
		}
		bool was_at_rest = service_at_rest(s);
		if (step->verb == PLAN_CHANGE) {
			service_set_spec(s, step->new, &m->cfg.place);
			sockets_set(s, roster_sibling(&m->roster, s));
			manager_look_at_order(m); /* one that waited for a connection waits at other sockets now */
			m->has_order |= order_has_any(step->new);
			/* Those without a process start with the new ones: what they require may be among these. */
			if (restart && (s->state == STATE_ERRORED || s->state == STATE_BACKOFF || s->state == STATE_WAITING))
				s->start_due = true;
			else if (restart && !was_at_rest)
				service_restart(s, "configuration changed");
		}
		s->start_due |= (how == APPLY_START || how == APPLY_START_DOWN) && !memory && was_at_rest;
	}
	return step->verb == PLAN_REMOVE || !step->new ? 0 : manager_make_instances(m, step->new, top_file, memory);
}

/* The specs that run and come from `file`, one a name. */
static int specs_of_file(const struct manager *m, const char *file, struct spec ***ret, size_t *ret_n)
{
	struct spec **v = calloc(m->roster.n + 1, sizeof(*v));
	size_t n = 0;
	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < m->roster.n; i++) {
		struct service *s = m->roster.v[i];
		if (s->doomed || !s->top_file || strcmp(s->top_file, file) != 0)
			continue;
		if (roster_first_of(&m->roster, s->spec->name) == s)
			v[n++] = s->spec;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

/* What a scale, or a saved list, has made of the number of instances stands until the file says another one. */
static int keep_scale(struct spec *const *old, size_t n_old, struct config *c, const struct manager_memory *memory)
{
	for (size_t i = 0; i < c->n; i++) {
		unsigned int n = memory ? memory->instances(memory->ctx, c->specs[i]->name) : 0;
		for (size_t k = 0; k < n_old; k++)
			if (old[k]->base && strcmp(old[k]->name, c->specs[i]->name) == 0 &&
			    spec_instances_given(old[k]) == c->specs[i]->instances)
				n = old[k]->instances;
		if (n == 0 || n == c->specs[i]->instances)
			continue;
		struct spec *scaled = spec_scaled(c->specs[i], n);
		if (!scaled)
			return -ENOMEM;
		spec_unref(c->specs[i]);
		c->specs[i] = scaled;
	}
	return 0;
}

/* What there is to do for a file: *ret_old (its specs that run) and *ret_steps are to be freed; the old specs are borrowed. */
int manager_plan(struct manager *m, struct config *c, const char *top_file, const struct manager_memory *memory,
		 struct spec ***ret_old, struct plan_step **ret_steps, size_t *ret_n)
{
	size_t n_old = 0;
	int r = specs_of_file(m, top_file, ret_old, &n_old);

	if (r == 0)
		r = keep_scale(*ret_old, n_old, c, memory);
	return r < 0 ? r : plan_make(*ret_old, n_old, c->specs, c->n, ret_steps, ret_n);
}

int manager_apply_config(struct manager *m, struct config *c, const char *top_file, enum apply how, const char *only,
			 const char *cause, const struct manager_memory *memory)
{
	cleanup_free struct spec **old = NULL;
	cleanup_free struct plan_step *steps = NULL;
	size_t n = 0;

	int r = manager_plan(m, c, top_file, memory, &old, &steps, &n);
	/* A step that runs out of memory doesn't keep the others from being taken. */
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (only && strcmp(plan_step_name(&steps[i]), only) != 0)
			continue;
		/* The old spec may have its last reference in a service that this very step changes. */
		struct spec *held = steps[i].old ? spec_ref((struct spec *)steps[i].old) : NULL;
		int e = manager_apply_step(m, &steps[i], top_file, how, cause, memory);
		if (e < 0)
			log_error("%s: cannot be set up: %s", plan_step_name(&steps[i]), err_text(e));
		spec_unref(held);
	}
	manager_start_made(m, cause);
	return r;
}

static struct known_file *find_file(const struct manager *m, const char *path)
{
	for (size_t i = 0; i < m->n_files; i++)
		if (strcmp(m->files[i].path, path) == 0)
			return &m->files[i];
	return NULL;
}

/* The file's own string in the list, added when it is new, with its overlay noted; NULL without memory. */
static const char *remember_file(struct manager *m, const char *path, const char *overlay)
{
	struct known_file *f = find_file(m, path);
	cleanup_free char *own = overlay ? strdup(overlay) : NULL;

	if (overlay && !own)
		return NULL;
	if (!f) {
		struct known_file *v = reallocarray(m->files, m->n_files + 1, sizeof(*v));
		if (!v)
			return NULL;
		m->files = v;
		f = &v[m->n_files];
		*f = (struct known_file){ .path = strdup(path) };
		if (!f->path)
			return NULL;
		m->n_files++;
	}
	free(f->overlay);
	f->overlay = take_ptr(&own);
	return f->path;
}

const char *manager_file(const struct manager *m, size_t i, const char **ret_overlay)
{
	if (i >= m->n_files)
		return NULL;
	*ret_overlay = m->files[i].overlay;
	return m->files[i].path;
}

const char *manager_overlay_of(const struct manager *m, const char *path)
{
	const struct known_file *f = find_file(m, path);

	return f ? f->overlay : NULL;
}

int manager_check_names(const struct manager *m, const struct config *c, struct diag *diag)
{
	size_t total = m->roster.n;
	int r = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct spec *spec = c->specs[i];
		const struct service *s = roster_first_of(&m->roster, spec->name);
		struct where at = { .file = spec->file, .line = spec->line };
		char section[SPEC_NAME_MAX + 16];

		(void)text_format(section, sizeof(section), "service:%s", spec->name);
		at.section = section;
		total += spec->instances;
		if (!s || (s->top_file && strcmp(s->top_file, c->path) == 0))
			continue;
		diag_error(diag, &at, NULL, NULL, "a service of this name runs already, from %s; delete it first",
			   s->top_file ? s->top_file : "a command line");
		r = -EEXIST;
	}
	if (total > SPEC_SERVICES_MAX) {
		struct where at = { .file = c->path };
		diag_error(diag, &at, NULL, NULL, "more than %d service instances in all", SPEC_SERVICES_MAX);
		r = -E2BIG;
	}
	return r;
}

static bool is_of(const struct service *s, const struct config *configs, size_t n)
{
	for (size_t i = 0; s->top_file && i < n; i++)
		if (configs[i].path && strcmp(s->top_file, configs[i].path) == 0)
			return true;
	return false;
}

int manager_check_sockets(const struct manager *m, const struct config *configs, size_t n, const struct spec *more, struct diag *diag)
{
	size_t all = m->roster.n + 1, k = 0;

	for (size_t i = 0; i < n; i++)
		all += configs[i].n;
	cleanup_free struct clash_node *nodes = calloc(all, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	for (size_t i = 0; i < m->roster.n; i++) {
		const struct service *s = m->roster.v[i];
		/* Those of these files are about to become what the files say. */
		if (!s->doomed && !is_of(s, configs, n))
			nodes[k++] = (struct clash_node){ .spec = s->spec, .file = s->spec->file, .old = true };
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < configs[i].n; j++)
			nodes[k++] = (struct clash_node){ .spec = configs[i].specs[j], .file = configs[i].specs[j]->file };
	if (more)
		nodes[k++] = (struct clash_node){ .spec = more, .file = more->file };
	int r = clash_check(nodes, k, diag);
	return r > 0 ? -EADDRINUSE : r;
}

int manager_load(struct manager *m, struct config *c, enum load how, const char *cause, const struct manager_memory *memory,
		 struct diag *diag)
{
	int r = manager_check_names(m, c, diag);
	if (r == 0)
		r = manager_check_sockets(m, c, 1, NULL, diag);
	if (r < 0)
		return r;
	const char *top_file = remember_file(m, c->path, c->overlay);
	return top_file ? manager_apply_config(m, c, top_file, how == LOAD_START ? APPLY_START : APPLY_START_DOWN, NULL, cause, memory) : -ENOMEM;
}

int manager_add(struct manager *m, struct spec *spec, const char *cause, const struct manager_memory *memory, struct diag *diag)
{
	struct service *s = roster_first_of(&m->roster, spec->name);
	struct where at = { .file = NULL };

	if (s) {
		diag_error(diag, &at, "name", spec->name,
			   "a service of this name is there already (restart it, delete it, or take another name with -n)");
		return -EEXIST;
	}
	if (m->roster.n + spec->instances > SPEC_SERVICES_MAX) {
		diag_error(diag, &at, NULL, NULL, "more than %d service instances in all", SPEC_SERVICES_MAX);
		return -E2BIG;
	}
	int r = manager_check_sockets(m, NULL, 0, spec, diag);
	if (r < 0)
		return r;
	unsigned int n = memory ? memory->instances(memory->ctx, spec->name) : 0;
	struct spec *scaled = n && n != spec->instances ? spec_scaled(spec, n) : spec_ref(spec);
	if (!scaled)
		return -ENOMEM;
	r = manager_make_instances(m, scaled, NULL, memory);
	spec_unref(scaled);
	manager_start_made(m, cause);
	return r;
}
