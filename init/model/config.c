/* config - a load from its beginning to its end; nothing is kept of one with faults.
 *
 * loader.h holds what is read meanwhile, source.c reads one file, section.c knows the keys of one section,
 * build.c makes a spec of them; reader.c and inifile.c are the two sides of inih. */
#include "model/config.h"

#include "base/own.h"
#include "base/text.h"
#include "model/build.h"
#include "model/clash.h"
#include "model/graph.h"
#include "model/keys.h"
#include "model/loader.h"
#include "model/value.h"

#include <errno.h>
#include <unistd.h>

static void warn_patience(const struct loader *l)
{
	for (size_t i = 0; i < l->n_patience; i++) {
		const struct patience *p = &l->patience[i];
		struct where at = { .file = p->file, .line = p->line, .section = p->section };

		if (p->span > l->pm1.shutdown_timeout)
			diag_warn(l->diag, &at, "kill_timeout", p->value,
				  "longer than [pm1] shutdown_timeout, which cuts it short when all is stopped");
	}
}

/* By name, and in file order among those of one name: the array's own addresses say it. */
static int by_name(const void *a, const void *b)
{
	const struct found *x = *(const struct found *const *)a;
	const struct found *y = *(const struct found *const *)b;
	int r = strcmp(x->name, y->name);

	return r != 0 ? r : (x > y) - (x < y);
}

/* A service that stands in two places is a fault at each place but the first. */
static int find_doubles(const struct loader *l)
{
	const struct found **v = calloc(l->n_found + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < l->n_found; i++)
		v[i] = &l->found[i];
	qsort(v, l->n_found, sizeof(*v), by_name);
	for (size_t i = 1, first = 0; i < l->n_found; i++) {
		char section[sizeof("service:") + SPEC_NAME_MAX];
		struct where at = { .file = v[i]->shown, .line = v[i]->line, .section = section };

		if (strcmp(v[first]->name, v[i]->name) != 0) {
			first = i;
			continue;
		}
		(void)text_format(section, sizeof(section), "service:%s", v[i]->name);
		diag_error(l->diag, &at, NULL, NULL, "given twice (first in %s:%u)",
			   v[first]->shown, v[first]->line);
	}
	free(v);
	return 0;
}

static int check_graph(const struct loader *l)
{
	struct graph_node *nodes = calloc(l->n_found + 1, sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	for (size_t i = 0; i < l->n_found; i++)
		nodes[i] = (struct graph_node){ .name = l->found[i].name, .spec = l->found[i].spec };
	int r = graph_check(nodes, l->n_found, l->diag);
	free(nodes);
	return r;
}

static int check_clashes(const struct loader *l)
{
	cleanup_free struct clash_node *nodes = calloc(l->n_found + 1, sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	for (size_t i = 0; i < l->n_found; i++)
		nodes[i] = (struct clash_node){ .spec = l->found[i].spec, .file = l->found[i].shown };
	int r = clash_check(nodes, l->n_found, l->diag);
	return r < 0 ? r : 0;
}

/* One that was asked for and that no section is called by. */
static void check_overlay(const struct loader *l, const char *path)
{
	struct where at = { .file = path };
	char buf[512];
	struct text names = TEXT_INIT(buf);

	if (!l->overlay || strv_has(&l->overlays, l->overlay))
		return;
	for (size_t i = 0; i < l->overlays.n; i++)
		(void)text_addf(&names, "%s%s", i ? ", " : "", l->overlays.v[i]);
	if (l->overlays.n)
		diag_error(l->diag, &at, NULL, NULL, "no overlay '%s' (there are: %s)", l->overlay, buf);
	else
		diag_error(l->diag, &at, NULL, NULL, "no overlay '%s': no section is called [service:NAME:%s]", l->overlay,
			   l->overlay);
}

/* Moves what was loaded to *ret. */
static int hand_over(struct loader *l, char **path, struct config *ret)
{
	struct spec **specs = calloc(l->n_found + 1, sizeof(*specs));
	char *overlay = l->overlay ? strdup(l->overlay) : NULL;

	if (!specs || (l->overlay && !overlay)) {
		free(specs);
		free(overlay);
		return -ENOMEM;
	}
	for (size_t i = 0; i < l->n_found; i++)
		specs[i] = take_ptr(&l->found[i].spec);
	*ret = (struct config){ .pm1 = l->pm1,
				.has_pm1 = l->has_pm1,
				.specs = specs,
				.n = l->n_found,
				.path = take_ptr(path),
				.overlay = overlay };
	l->pm1 = (struct spec_pm1){ 0 };
	return 0;
}

/* `data` NULL: read the file. */
static int load(const char *path, const char *overlay, const char *data, size_t n, char *const *vars, struct diag *diag,
		struct config *ret)
{
	struct loader l = { .vars = vars, .diag = diag, .overlay = overlay };
	size_t before = diag_errors(diag);
	cleanup_free char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);
	cleanup_free char *abs = value_path(cwd ? cwd : "/", path);
	int r = abs ? keys_defaults(&l.pm1, KEY_IN_PM1) : -ENOMEM;

	if (r == 0)
		r = data ? loader_text(&l, path, abs, data, n) : loader_file(&l, path, abs);
	if (r == 0)
		r = find_doubles(&l);
	if (r == 0)
		r = check_graph(&l);
	if (r == 0)
		r = check_clashes(&l);
	if (r == 0)
		check_overlay(&l, path);
	if (r == 0)
		warn_patience(&l);
	diag_sort(diag);
	if (r == 0 && diag_errors(diag) > before)
		r = -EINVAL;
	if (r == 0)
		r = hand_over(&l, &abs, ret);
	loader_done(&l);
	return r;
}

int config_load(const char *path, char *const *vars, struct diag *diag, struct config *ret)
{
	return load(path, NULL, NULL, 0, vars, diag, ret);
}

int config_load_overlay(const char *path, const char *overlay, char *const *vars, struct diag *diag, struct config *ret)
{
	return load(path, overlay, NULL, 0, vars, diag, ret);
}

int config_parse(const char *path, const char *data, size_t n, char *const *vars, struct diag *diag,
		 struct config *ret)
{
	return load(path, NULL, data, n, vars, diag, ret);
}

int config_parse_overlay(const char *path, const char *overlay, const char *data, size_t n, char *const *vars, struct diag *diag,
			 struct config *ret)
{
	return load(path, overlay, data, n, vars, diag, ret);
}

void config_done(struct config *c)
{
	for (size_t i = 0; i < c->n; i++)
		spec_unref(c->specs[i]);
	free(c->specs);
	free(c->path);
	free(c->overlay);
	spec_pm1_done(&c->pm1);
	*c = (struct config){ 0 };
}

/* "api" of "/srv/api.js". malloc'ed, or NULL. */
static char *name_of(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *base = slash ? slash + 1 : program;
	const char *dot = strrchr(base, '.');

	return dot && dot > base ? strndup(base, (size_t)(dot - base)) : strdup(base);
}

/* The options as the keys of a section: what a shell has already expanded and unquoted is taken as it is. */
static int add_options(struct section *s, char *const *options, struct diag *diag)
{
	for (; options && *options; options++) {
		const char *eq = strchr(*options, '=');
		cleanup_free char *key = eq ? strndup(*options, (size_t)(eq - *options)) : NULL;
		struct inifile_part part = { .key = key, .value = eq ? eq + 1 : "" };
		struct where at = section_where(s, NULL);
		int r;

		if (!eq) {
			diag_error(diag, &at, NULL, NULL, "'%s' is no key=value", *options);
			continue;
		}
		r = key ? section_add(s, &part) : -ENOMEM;
		if (r < 0)
			return r;
	}
	return 0;
}

int config_adhoc(const char *name, char *const *argv, const char *cwd, char *const *env, char *const *options,
		 struct diag *diag, struct spec **ret)
{
	size_t before = diag_errors(diag);
	cleanup_free char *own_name = name ? strdup(name) : name_of(argv[0] ? argv[0] : "");
	cleanup_free char *title = NULL;
	struct build_source src = { .name = own_name, .dir = cwd, .argv = argv, .env = env };
	struct section s = { 0 };
	struct where at = { 0 };
	struct spec *spec = NULL;
	const char *complaint;
	int r;

	if (!own_name || asprintf(&title, "service:%s", own_name) < 0)
		return -ENOMEM;
	at.section = title;
	complaint = spec_name_fault(own_name);
	if (complaint)
		diag_error(diag, &at, NULL, NULL, "%s%s", complaint, name ? "" : " (give one with --name)");
	if (!argv[0] || !*argv[0])
		diag_error(diag, &at, "command", NULL, "missing: what is the service to run?");
	r = diag_errors(diag) > before ? -EINVAL : section_init(&s, NULL, cwd, title, 0);
	if (r == 0)
		r = add_options(&s, options, diag);
	if (r == 0)
		r = section_check(&s, KEY_IN_SERVICE, true, NULL, diag);
	if (r == 0)
		r = build_service(&src, NULL, &s, NULL, diag, &spec);
	if (r == 0 && diag_errors(diag) > before)
		r = -EINVAL;
	section_done(&s);
	if (r == 0) {
		spec->dir = strdup(cwd);
		r = spec->dir ? strv_from(&spec->options, options) : -ENOMEM;
	}
	if (r < 0) {
		spec_unref(spec);
		return r;
	}
	*ret = spec;
	return 0;
}
