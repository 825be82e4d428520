/* manager_load - files and command lines become services, and change them. */
#include "core/manager_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/text.h"
#include "core/order.h"
#include "model/plan.h"

#include <errno.h>

/* Makes the instances of one spec that are missing; start_made() starts them. */
static int make_instances(struct manager *m, struct spec *spec, const char *top_file)
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
		s->start_due = spec->autostart;
		m->has_order |= order_has_any(spec);
	}
	return 0;
}

/* All are made before the first one runs: logd then knows which files are shared before a byte comes. */
static void start_made(struct manager *m, const char *cause)
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

/* Same but for how many instances there are, and the times: what runs goes on as it is. */
static bool only_scaled(const struct spec *old, const struct spec *new)
{
	struct spec like = *new; /* borrows all of it */

	like.instances = old->instances;
	like.cron_restart = old->cron_restart;
	like.schedule = old->schedule;
	like.timezone = old->timezone;
	like.max_uptime = old->max_uptime;
	return spec_equal(old, &like);
}

static int apply_step(struct manager *m, const struct plan_step *step, const char *top_file, bool start,
		      const char *cause)
{
	const char *name = plan_step_name(step);
	bool restart = step->old && step->new && step->verb == PLAN_CHANGE && !only_scaled(step->old, step->new);

	for (size_t i = 0; i < m->roster.n; i++) {
		struct service *s = m->roster.v[i];
		if (strcmp(s->spec->name, name) != 0 || s->doomed)
			continue;
		if (step->verb == PLAN_REMOVE || (step->new && s->instance >= step->new->instances)) {
			manager_delete(m, s, cause);
			continue;
		}
		bool was_at_rest = service_at_rest(s);
		if (step->verb == PLAN_CHANGE) {
			service_set_spec(s, step->new, &m->cfg.place);
			m->has_order |= order_has_any(step->new);
			if (restart && !was_at_rest)
				service_restart(s, "configuration changed");
			else if (restart && s->state == STATE_ERRORED)
				service_start(s, "configuration changed");
		}
		if (start && was_at_rest)
			service_start(s, cause);
	}
	return step->verb == PLAN_REMOVE || !step->new ? 0 : make_instances(m, step->new, top_file);
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

/* The file's own string in the list, added when it is new; NULL without memory. */
static const char *remember_file(struct manager *m, const char *path)
{
	for (size_t i = 0; i < m->files.n; i++)
		if (strcmp(m->files.v[i], path) == 0)
			return m->files.v[i];
	return strv_add(&m->files, path) < 0 ? NULL : m->files.v[m->files.n - 1];
}

/* Every name of the file must be free, or its own already. */
static int check_names(const struct manager *m, const struct config *c, struct diag *diag)
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

static int apply_config(struct manager *m, const struct config *c, const char *top_file, bool start, const char *cause)
{
	struct spec **old = NULL;
	struct plan_step *steps = NULL;
	size_t n_old = 0, n_steps = 0;

	int r = specs_of_file(m, top_file, &old, &n_old);
	if (r == 0)
		r = plan_make(old, n_old, c->specs, c->n, &steps, &n_steps);
	/* A step that runs out of memory doesn't keep the others from being taken. */
	for (size_t i = 0; r == 0 && i < n_steps; i++) {
		/* The old spec may have its last reference in a service that this very step changes. */
		struct spec *held = steps[i].old ? spec_ref((struct spec *)steps[i].old) : NULL;
		int e = apply_step(m, &steps[i], top_file, start, cause);
		if (e < 0)
			log_error("%s: cannot be set up: %s", plan_step_name(&steps[i]), err_text(e));
		spec_unref(held);
	}
	start_made(m, cause);
	free(steps);
	free(old);
	return r;
}

int manager_load(struct manager *m, const struct config *c, bool start, const char *cause, struct diag *diag)
{
	int r = check_names(m, c, diag);
	if (r < 0)
		return r;
	const char *top_file = remember_file(m, c->path);
	return top_file ? apply_config(m, c, top_file, start, cause) : -ENOMEM;
}

int manager_add(struct manager *m, struct spec *spec, const char *cause, struct diag *diag)
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
	int r = make_instances(m, spec, NULL);
	start_made(m, cause);
	return r;
}

int manager_reload(struct manager *m, const char *cause, struct diag *diag)
{
	cleanup_free struct config *configs = calloc(m->files.n + 1, sizeof(*configs));
	if (!configs)
		return -ENOMEM;

	/* All files are read before anything changes: a fault in one leaves the whole as it was. */
	int r = 0;
	size_t loaded = 0;
	for (; loaded < m->files.n; loaded++) {
		int e = config_load(m->files.v[loaded], m->cfg.host.environ, diag, &configs[loaded]);
		if (e < 0) {
			configs[loaded] = (struct config){ 0 };
			r = e;
		} else if ((e = check_names(m, &configs[loaded], diag)) < 0) {
			r = e;
		}
	}
	for (size_t i = 0; r == 0 && i < loaded; i++)
		r = apply_config(m, &configs[i], m->files.v[i], false, cause);
	for (size_t i = 0; i < loaded; i++)
		config_done(&configs[i]);
	return r == -ENOMEM ? r : r < 0 ? -EINVAL : 0;
}
