#include "core/manager.h"

#include "base/log.h"
#include "base/nearest.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/text.h"
#include "core/memwatch.h"
#include "core/roster.h"
#include "model/plan.h"

#include <errno.h>
#include <regex.h>

/* A regex from the socket is compiled in PID 1: kept short, and without the repeat counts that make glibc's compiler
 * eat memory. */
#define REGEX_MAX 128

/* After the kill at the end of shutdown_timeout, how long a process that can't die may hold up the end of the whole. */
#define LAST_WAIT (2 * USEC_SEC)

struct manager {
	struct manager_config cfg;
	struct roster roster; /* the services, by id */
	struct strv files; /* known INI files, in order of loading */
	struct loop_timer *sweeper; /* frees deleted services outside of their own callbacks */
	struct loop_timer *deadline; /* of the shutdown */
	bool down_begun, down_told, killed;
	int code; /* the exit code of the shutdown, or of what ended so far */
};

static void begin_sweep(struct manager *m)
{
	loop_timer_in(m->sweeper, 0);
}

static void finish_shutdown(struct manager *m)
{
	if (m->down_told)
		return;
	m->down_told = true;
	loop_timer_off(m->deadline);
	m->cfg.down(m->cfg.ctx, m->code);
}

static bool all_at_rest(const struct manager *m)
{
	for (size_t i = 0; i < m->roster.n; i++)
		if (!service_at_rest(m->roster.v[i]))
			return false;
	return true;
}

static void on_sweep(void *ctx)
{
	struct manager *m = ctx;

	for (size_t i = m->roster.n; i-- > 0;) {
		struct service *s = m->roster.v[i];
		if (s->doomed && service_at_rest(s)) {
			roster_remove(&m->roster, s);
			service_free(s);
			m->cfg.changed(m->cfg.ctx);
		}
	}
	if (m->down_begun && all_at_rest(m))
		finish_shutdown(m);
}

static void on_changed(void *ctx, struct service *s)
{
	struct manager *m = ctx;

	if (service_at_rest(s) && (s->doomed || m->down_begun))
		begin_sweep(m);
	m->cfg.changed(m->cfg.ctx);
}

/* What the whole does when a service ends for good by itself. */
static void on_ended(void *ctx, struct service *s)
{
	struct manager *m = ctx;
	int code = service_exit_code(s);
	bool failed = code != 0 || s->state == STATE_ERRORED;
	char cause[SERVICE_LABEL_MAX + 32], label[SERVICE_LABEL_MAX];

	if (m->down_begun)
		return;
	if (failed && code == 0)
		code = 1; /* it gave up on a program that ends well but too soon */
	service_label(s, label, sizeof(label));
	if (s->spec->critical) {
		(void)text_format(cause, sizeof(cause), "critical service %s ended", label);
		manager_shutdown(m, code, cause);
		return;
	}
	switch (m->cfg.exit_when) {
	case EXIT_WHEN_NEVER:
	case EXIT_WHEN_MAX:
		return;
	case EXIT_WHEN_ANY_FAILED:
		if (!failed)
			return;
		(void)text_format(cause, sizeof(cause), "%s failed (exit_when)", label);
		manager_shutdown(m, code, cause);
		return;
	case EXIT_WHEN_ALL_ENDED:
		/* The first failure is the code of the whole; a clean end leaves it 0. */
		if (m->code == 0)
			m->code = code;
		if (all_at_rest(m))
			manager_shutdown(m, m->code, "all services ended (exit_when)");
		return;
	}
}

static void on_deadline(void *ctx)
{
	struct manager *m = ctx;

	if (!m->killed) {
		m->killed = true;
		log_warning("shutdown_timeout is over: killing what is left");
		loop_timer_in(m->deadline, LAST_WAIT);
		for (size_t i = 0; i < m->roster.n; i++)
			service_hurry(m->roster.v[i]);
		return;
	}
	for (size_t i = 0; i < m->roster.n; i++)
		if (!service_at_rest(m->roster.v[i]))
			log_error("%s: does not die; leaving it behind", m->roster.v[i]->spec->name);
	finish_shutdown(m);
}

int manager_new(const struct manager_config *cfg, struct manager **ret)
{
	struct manager *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->cfg = *cfg;
	m->cfg.host.ctx = m;
	m->cfg.host.changed = on_changed;
	m->cfg.host.ended = on_ended;
	int r = loop_timer_new(cfg->host.loop, on_sweep, m, &m->sweeper);
	if (r == 0)
		r = loop_timer_new(cfg->host.loop, on_deadline, m, &m->deadline);
	if (r < 0) {
		manager_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

void manager_free(struct manager *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->roster.n; i++)
		service_free(m->roster.v[i]);
	roster_done(&m->roster);
	strv_done(&m->files);
	loop_timer_free(&m->sweeper);
	loop_timer_free(&m->deadline);
	free(m);
}

size_t manager_count(const struct manager *m)
{
	return m->roster.n;
}

struct service *manager_at(const struct manager *m, size_t i)
{
	return m->roster.v[i];
}

struct service *manager_by_id(const struct manager *m, int id)
{
	return roster_by_id(&m->roster, id);
}

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

void manager_delete(struct manager *m, struct service *s, const char *cause)
{
	service_stop(s, cause);
	s->doomed = true;
	if (service_at_rest(s))
		begin_sweep(m);
}

/* Same but for how many instances there are: those that stay need no restart. */
static bool only_scaled(const struct spec *old, struct spec *new)
{
	unsigned int n = new->instances;

	new->instances = old->instances;
	bool same = spec_equal(old, new);
	new->instances = n;
	return same;
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

int manager_match(struct manager *m, const char *target, void (*fn)(void *ctx, struct service *s), void *ctx)
{
	regex_t re;
	size_t len = strlen(target);
	bool is_regex = len > 2 && target[0] == '/' && target[len - 1] == '/';
	int found = 0;

	if (is_regex) {
		char pattern[REGEX_MAX];
		if (len - 2 >= sizeof(pattern) || memchr(target, '{', len))
			return -EINVAL;
		(void)text_format(pattern, sizeof(pattern), "%.*s", (int)(len - 2), target + 1);
		if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
			return -EINVAL;
	}
	/* PM2's order: a name, then a namespace, then an id. */
	uint64_t id = UINT64_MAX;
	bool all = strcmp(target, "all") == 0, by_name = roster_first_of(&m->roster, target), by_ns = false;
	for (size_t i = 0; !by_name && i < m->roster.n; i++)
		by_ns |= strcmp(m->roster.v[i]->spec->ns, target) == 0;
	if (!by_name && !by_ns)
		(void)parse_uint(target, INT32_MAX, &id);

	for (size_t i = 0; i < m->roster.n; i++) {
		struct service *s = m->roster.v[i];
		bool hit = is_regex ? regexec(&re, s->spec->name, 0, NULL, 0) == 0 :
			   all	    ? true :
			   by_name  ? strcmp(s->spec->name, target) == 0 :
			   by_ns    ? strcmp(s->spec->ns, target) == 0 :
				      (uint64_t)s->id == id;
		if (hit) {
			fn(ctx, s);
			found++;
		}
	}
	if (is_regex)
		regfree(&re);
	return found;
}

static const char *next_name(void *ctx, size_t i)
{
	struct manager *m = ctx;
	return i < m->roster.n ? m->roster.v[i]->spec->name : NULL;
}

const char *manager_nearest(struct manager *m, const char *target)
{
	return nearest_of(target, next_name, m);
}

void manager_shutdown(struct manager *m, int code, const char *cause)
{
	if (m->down_begun) {
		if (!m->killed && !m->down_told) {
			log_notice("hurrying the shutdown: %s", cause);
			loop_timer_in(m->deadline, 0);
		}
		return;
	}
	m->down_begun = true;
	m->code = code;
	log_notice("shutting down: %s", cause);
	loop_timer_in(m->deadline, m->cfg.pm1->shutdown_timeout);
	for (size_t i = 0; i < m->roster.n; i++)
		service_stop(m->roster.v[i], cause);
	begin_sweep(m); /* perhaps all are down already */
}

bool manager_is_down(const struct manager *m)
{
	return m->down_begun;
}

void manager_signal_all(struct manager *m, int sig)
{
	for (size_t i = 0; i < m->roster.n; i++)
		(void)service_signal(m->roster.v[i], sig);
}

void manager_orphans(struct manager *m)
{
	for (size_t i = 0; i < m->roster.n; i++)
		service_check_empty(m->roster.v[i]);
}

void manager_news(struct manager *m)
{
	struct cgroup *g;

	while ((g = cgroups_next(m->cfg.host.cgroups)))
		memwatch_news(cgroup_owner(g));
}
