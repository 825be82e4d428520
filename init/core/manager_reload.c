/* manager_reload - the known files read again: what differs, and that taken over. */
#include "core/manager_impl.h"

#include "base/log.h"
#include "base/own.h"

#include <errno.h>

void manager_settle_pm1(struct manager *m)
{
	const struct spec_pm1 *p = m->cfg.pm1;

	m->exit_when = p->exit_when_given ? p->exit_when : m->cfg.exit_when;
	m->cfg.place.console = p->log_console_given ? (enum logwire_console)p->log_console : m->cfg.console;
}

static void take_pm1(struct manager *m, const struct diff *diff, const struct spec_pm1 *new)
{
	enum logwire_console console = m->cfg.place.console;

	diff_take_live(diff, new, m->cfg.pm1);
	manager_settle_pm1(m);
	for (size_t i = 0; console != m->cfg.place.console && i < m->roster.n; i++)
		outputs_set(m->roster.v[i], &m->cfg.place);
}

/* The [pm1] of the file it holds for. */
static int change_pm1(struct manager *m, const struct config *c, const char *file, bool dry, struct changes *ret)
{
	struct diff diff = { 0 };

	if (!m->cfg.pm1_file || strcmp(file, m->cfg.pm1_file) != 0)
		return 0;
	int r = diff_pm1(m->cfg.pm1, &c->pm1, &diff);
	if (r == 0 && !dry)
		take_pm1(m, &diff, &c->pm1);
	if (r == 0 && diff.n > 0)
		r = changes_add(ret, PLAN_CHANGE, NULL, file, true, &diff);
	diff_done(&diff);
	return r;
}

static bool is_up(const struct manager *m, const char *name)
{
	for (size_t i = 0; i < m->roster.n; i++)
		if (strcmp(m->roster.v[i]->spec->name, name) == 0 && !m->roster.v[i]->doomed && !service_at_rest(m->roster.v[i]))
			return true;
	return false;
}

static int note_steps(struct manager *m, struct config *c, const char *file, struct changes *ret)
{
	cleanup_free struct spec **old = NULL;
	cleanup_free struct plan_step *steps = NULL;
	size_t n = 0;

	int r = manager_plan(m, c, file, NULL, &old, &steps, &n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct plan_step *step = &steps[i];
		const char *name = plan_step_name(step);
		struct diff diff = { 0 };
		if (step->verb == PLAN_CHANGE)
			r = diff_specs(step->old, step->new, &diff);
		if (r == 0 && step->verb != PLAN_KEEP)
			r = changes_add(ret, step->verb, name, file, is_up(m, name), &diff);
		diff_done(&diff);
	}
	return r;
}

/* All files are read before anything changes: a fault in one leaves the whole as it was. */
static int read_all(struct manager *m, struct diag *diag, struct config *configs)
{
	int r = 0;

	for (size_t i = 0; i < m->n_files; i++) {
		const struct known_file *f = &m->files[i];
		int e = config_load_overlay(f->path, f->overlay, m->cfg.host.environ, diag, &configs[i]);
		if (e == 0)
			e = manager_check_names(m, &configs[i], diag);
		if (e < 0)
			r = e;
	}
	/* Of all files together: an address may move from one to another. */
	return r < 0 ? r : manager_check_sockets(m, configs, m->n_files, NULL, diag);
}

int manager_reload(struct manager *m, const char *cause, bool dry, struct diag *diag, struct changes *ret)
{
	cleanup_free struct config *configs = calloc(m->n_files + 1, sizeof(*configs));
	struct changes changes = { 0 };
	int r = configs ? read_all(m, diag, configs) : -ENOMEM;

	/* Said of the state before any of it is done. */
	for (size_t i = 0; r == 0 && i < m->n_files; i++)
		r = note_steps(m, &configs[i], m->files[i].path, &changes);
	for (size_t i = 0; r == 0 && i < m->n_files; i++)
		r = change_pm1(m, &configs[i], m->files[i].path, dry, &changes);
	for (size_t i = 0; r == 0 && !dry && i < m->n_files; i++)
		r = manager_apply_config(m, &configs[i], m->files[i].path, APPLY_RELOAD, NULL, cause, NULL);
	for (size_t i = 0; configs && i < m->n_files; i++)
		config_done(&configs[i]);
	if (r == 0 && ret)
		*ret = changes;
	else
		changes_done(&changes);
	return r == -ENOMEM ? r : r < 0 ? -EINVAL : 0;
}

/* New specs, held until all of them are known to be good. */
struct renewal {
	struct config *files; /* owned; of each known file that is read, else empty */
	struct spec **specs; /* owned; of the services of command lines, else NULL; as many as there are services */
};

static bool config_has(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->specs[i]->name, name) == 0)
			return true;
	return false;
}

static int renew_one(struct manager *m, struct service *s, char *const *env, struct diag *diag, struct renewal *x, size_t place)
{
	const struct spec *spec = s->spec;
	struct strv argv = { 0 };
	int r = 0;

	for (size_t i = 0; s->top_file && i < m->n_files; i++) {
		const struct known_file *f = &m->files[i];
		if (f->path != s->top_file || x->files[i].path)
			continue;
		r = config_load_overlay(f->path, f->overlay, m->cfg.host.environ, diag, &x->files[i]);
		if (r == 0)
			r = manager_check_names(m, &x->files[i], diag);
		if (r == 0)
			r = manager_check_sockets(m, &x->files[i], 1, NULL, diag);
	}
	for (size_t i = 0; r == 0 && s->top_file && i < m->n_files; i++)
		if (m->files[i].path == s->top_file && !config_has(&x->files[i], spec->name)) {
			struct where at = { .file = s->top_file };
			diag_error(diag, &at, NULL, NULL, "there is no [service:%s] in it any more (`pm1 reload-config' removes the service)",
				   spec->name);
			r = -EINVAL;
		}
	if (s->top_file)
		return r;
	r = spec->shell ? strv_add(&argv, spec->command) : strv_copy(&argv, &spec->argv);
	if (r == 0)
		r = config_adhoc(spec->name, argv.v, spec->dir, env ? env : spec->env_base.v, spec->options.v, diag, &x->specs[place]);
	strv_done(&argv);
	if (r == 0 && spec->base) {
		struct spec *scaled = spec_scaled(x->specs[place], spec->instances);
		r = scaled ? 0 : -ENOMEM;
		spec_unref(x->specs[place]);
		x->specs[place] = scaled;
	}
	return r;
}

static void renewal_done(struct renewal *x, size_t n_files, size_t n)
{
	for (size_t i = 0; x->files && i < n_files; i++)
		config_done(&x->files[i]);
	for (size_t i = 0; x->specs && i < n; i++)
		spec_unref(x->specs[i]);
	free(x->files);
	free(x->specs);
}

int manager_renew(struct manager *m, const int *ids, size_t n, char *const *env, const char *cause, struct diag *diag)
{
	struct renewal x = { .files = calloc(m->n_files + 1, sizeof(*x.files)), .specs = calloc(n + 1, sizeof(struct spec *)) };
	size_t n_files = m->n_files;
	int r = x.files && x.specs ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && r != -ENOMEM; i++) {
		struct service *s = manager_by_id(m, ids[i]);
		/* Any instance stands for its name. */
		s = s ? roster_first_of(&m->roster, s->spec->name) : NULL;
		int e = s ? renew_one(m, s, env, diag, &x, i) : 0;
		r = r < 0 ? r : e;
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct service *s = manager_by_id(m, ids[i]);
		if (!s)
			continue;
		if (x.specs[i]) {
			struct plan_step step = { .verb = PLAN_CHANGE, .old = s->spec, .new = x.specs[i] };
			struct spec *held = spec_ref(s->spec);
			r = manager_apply_step(m, &step, NULL, APPLY_RENEW, cause, NULL);
			spec_unref(held);
		}
		/* The service gets its new spec in the midst of the steps; the name is asked for up to the last one. */
		struct spec *named = spec_ref(s->spec);
		const char *top_file = s->top_file;
		for (size_t k = 0; top_file && k < n_files; k++)
			if (m->files[k].path == top_file)
				r = manager_apply_config(m, &x.files[k], top_file, APPLY_RENEW, named->name, cause, NULL);
		spec_unref(named);
	}
	renewal_done(&x, n_files, n);
	return r == -ENOMEM ? r : r < 0 ? -EINVAL : 0;
}

int manager_scale(struct manager *m, const char *name, unsigned int instances, const char *cause)
{
	struct service *s = roster_first_of(&m->roster, name);
	bool up = false;

	if (!s)
		return -ENOENT;
	for (size_t i = 0; i < m->roster.n; i++)
		up |= strcmp(m->roster.v[i]->spec->name, name) == 0 && !m->roster.v[i]->doomed && m->roster.v[i]->want_up;
	if (instances > SPEC_INSTANCES_MAX || m->roster.n + instances > SPEC_SERVICES_MAX + s->spec->instances)
		return -E2BIG;
	struct spec *held = spec_ref(s->spec), *new = spec_scaled(held, instances);
	if (!new) {
		spec_unref(held);
		return -ENOMEM;
	}
	struct plan_step step = { .verb = PLAN_CHANGE, .old = held, .new = new };
	int r = manager_apply_step(m, &step, s->top_file, APPLY_RENEW, cause, NULL);
	for (size_t i = 0; i < m->roster.n; i++)
		if (m->roster.v[i]->start_due)
			m->roster.v[i]->start_due = up;
	manager_start_made(m, cause);
	spec_unref(new);
	spec_unref(held);
	return r;
}
