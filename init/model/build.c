/* build - see the header. Sections are applied from the outermost [defaults] inwards,
 * then what no single key can know is made: argv, the settled environment. */
#include "model/build.h"

#include "base/own.h"
#include "base/probeaddr.h"
#include "model/config.h"
#include "model/expand.h"
#include "model/ready.h"
#include "model/sockets.h"
#include "model/validate.h"

#include <errno.h>

DEFINE_CLEANUP(struct spec *, spec_unref)

static int shell_argv(struct strv *argv, const char *line)
{
	int r = strv_add(argv, "/bin/sh");

	if (r == 0)
		r = strv_add(argv, "-c");
	return r < 0 ? r : strv_add(argv, line);
}

/* argv from a command's text. -EINVAL: reported. */
static int split_command(const struct spec *s, const char *command, struct strv *argv, const struct where *at,
			 const struct entry *e, char *const *vars, struct diag *diag)
{
	cleanup_free char *text = NULL;
	cleanup_free char *fault = NULL;
	int r;

	if (s->shell)
		return shell_argv(argv, command);
	r = expand(command, EXPAND_WORDS, vars, CONFIG_VALUE_MAX, &text, &fault);
	if (r == -EINVAL) {
		diag_error(diag, at, e->name, e->value, "%s", fault ? fault : "wrong ${}");
		return r;
	}
	if (r == 0)
		r = strv_add_words(argv, text);
	if (r == -EINVAL) {
		diag_error(diag, at, e->name, e->value, "a quote is not closed, or \\ stands at the end");
	} else if (r == 0 && (argv->n == 0 || argv->v[0][0] == '\0')) {
		diag_error(diag, at, e->name, e->value, "the command is empty");
		r = -EINVAL;
	}
	if (r == 0)
		validate_command(command, at, e, diag);
	return r;
}

static int make_argv(struct spec *s, const struct build_source *src, const struct scope *scope, struct section *own,
		     char *const *vars, struct diag *diag)
{
	struct section *section = own;
	struct entry *e = scope_find(scope, own, "command", &section);
	struct where at = section_where(e ? section : own, e);

	if (src->argv) {
		int r = strv_from(&s->argv, src->argv);

		if (r < 0)
			return r;
		free(s->command);
		s->command = strv_join_quoted(&s->argv);
		if (!s->command)
			return -ENOMEM;
		if (!s->shell)
			return 0;
		/* A shell's line that came as one word is the line itself. */
		char *line = s->argv.n == 1 ? strdup(s->argv.v[0]) : strdup(s->command);

		strv_done(&s->argv);
		free(s->command);
		s->command = line;
		return line ? shell_argv(&s->argv, line) : -ENOMEM;
	}
	if (!e) {
		/* A command that was there and wrong has been reported. */
		for (size_t i = 0; i < own->n; i++)
			if (own->v[i].key && own->v[i].bad && strcmp(own->v[i].key->name, "command") == 0)
				return -EINVAL;
		diag_error(diag, &at, "command", NULL, "missing: what is the service to run?");
		return -EINVAL;
	}
	if (!s->command || *s->command == '\0') {
		diag_error(diag, &at, e->name, e->value, "the command is empty");
		return -EINVAL;
	}
	return split_command(s, s->command, &s->argv, &at, e, vars, diag);
}

static int make_hooks(struct spec *s, const struct scope *scope, struct section *own, char *const *vars, struct diag *diag)
{
	int r = 0;

	for (int i = 0; r == 0 && i < HOOK_MAX; i++) {
		struct section *section = own;
		const char *key = spec_hook_key((enum hook_kind)i), *text = s->hook[i];
		struct entry *e = text ? scope_find(scope, own, key, &section) : NULL;
		struct where at = section_where(e ? section : own, e);
		if (e)
			r = split_command(s, text + (*text == '-'), &s->hook_argv[i], &at, e, vars, diag);
	}
	return r;
}

/* The command of a check: its own, or what asks a server in its stead (init/main.c, tools/probe). */
static int make_checks(struct spec *s, const struct scope *scope, struct section *own, char *const *vars, struct diag *diag)
{
	int r = 0;

	for (int i = 0; r == 0 && i < CHECK_MAX; i++) {
		struct section *section = own;
		const char *text = spec_check(s, (enum check_kind)i);
		struct probeaddr p;
		if (!text || probeaddr_parse(text, &p) || (i > 0 && spec_check_is_one(s)))
			continue;
		struct entry *e = scope_find(scope, own, s->check[i] ? spec_check_key((enum check_kind)i) : "health", &section);
		struct where at = section_where(e ? section : own, e);
		if (p.kind == PROBE_EXEC && e) {
			r = split_command(s, p.rest, &s->check_argv[i], &at, e, vars, diag);
			continue;
		}
		r = strv_add(&s->check_argv[i], "pm1");
		if (r == 0)
			r = strv_add(&s->check_argv[i], "health-probe");
		if (r == 0)
			r = strv_add(&s->check_argv[i], text);
	}
	return r;
}

/* What a type means for keys that were not given. */
static void settle_type(struct spec *s, const struct scope *scope, struct section *own, struct diag *diag)
{
	struct section *section = own;

	if (s->type == TYPE_ONESHOT && !scope_find(scope, own, "autorestart", &section))
		s->autorestart = false;
	struct entry *e = scope_find(scope, own, "pid_file", &section);
	if (e && s->type != TYPE_FORKING) {
		struct where at = section_where(section, e);
		diag_warn(diag, &at, e->name, e->value, "only type = forking reads a pid_file; ignoring");
	}
}

/* The keys that say what makes it ready, most telling first. */
static const char *const ready_keys[] = { "ready", "ready_log", "wait_ready" };
#define READY_KEYS (sizeof(ready_keys) / sizeof(*ready_keys))

/* Which of them holds: one of its own section before one of [defaults], and there the first. READY_KEYS: none was given. */
static size_t ready_key(const struct spec *s, const struct scope *scope, struct section *own, struct diag *diag)
{
	size_t found = READY_KEYS;
	bool found_own = false;

	for (size_t i = 0; i < READY_KEYS; i++) {
		struct section *section = own;
		struct entry *e = scope_find(scope, own, ready_keys[i], &section);
		if (!e || (i == 1 && !s->ready_log) || (i == 2 && !s->wait_ready))
			continue;
		bool is_own = section == own;
		if (found_own && is_own) {
			struct where at = section_where(section, e);
			diag_warn(diag, &at, e->name, e->value, "%s says already what makes it ready; ignoring", ready_keys[found]);
		}
		if (found == READY_KEYS || (is_own && !found_own)) {
			found = i;
			found_own = is_own;
		}
	}
	return found;
}

/* What other keys mean for it where none says so, or NULL. A oneshot is done when it is done, whether it has listened or not. */
static const char *by_itself(const struct spec *s)
{
	if (s->type == TYPE_NOTIFY)
		return "notify";
	return s->type == TYPE_SIMPLE && s->listen_adopt && sockets_have_stream(s) ? "listen" : NULL;
}

/* All that says what makes it ready comes together in s->ready. */
static int settle_ready(struct spec *s, const struct scope *scope, struct section *own, struct diag *diag)
{
	size_t key = ready_key(s, scope, own, diag);
	const char *says = key == 1 ? "log:" : key == 2 ? "ipc" : key == READY_KEYS ? by_itself(s) : NULL;
	char *text = NULL;
	struct section *section = own;
	struct ready r;

	if (says) {
		if (asprintf(&text, "%s%s", says, key == 1 ? s->ready_log : "") < 0)
			return -ENOMEM;
		free(s->ready);
		s->ready = text;
	}
	(void)ready_parse(s->ready, &r);
	struct entry *e = key < READY_KEYS ? scope_find(scope, own, ready_keys[key], &section) : NULL;
	struct where at = section_where(section, e);
	const char *name = e ? e->name : "type", *value = e ? e->value : "notify";
	if (r.kind == READY_NOTIFY && s->notify_access == NOTIFY_NONE)
		diag_error(diag, &at, name, value, "notify_access = none takes away the socket that it needs");
	if (r.kind == READY_LISTEN && !s->listen_adopt)
		diag_error(diag, &at, name, value, "only with `listen` and listen_adopt = yes is it seen that it listens there");
	else if (r.kind == READY_LISTEN && !sockets_have_stream(s))
		diag_error(diag, &at, name, value, "nobody listens on udp, and `listen` has nothing else");
	if (r.kind == READY_FD && r.fd < 3 + (int)s->fdstore_max)
		diag_error(diag, &at, name, value, "descriptors 3 to %u are those of fdstore_max", 2 + s->fdstore_max);
	if (r.kind != READY_EXEC && s->type == TYPE_FORKING) {
		diag_warn(diag, &at, name, value, "a service of type = forking is ready when its daemon is there; ignoring");
		free(s->ready);
		s->ready = NULL;
	}
	return 0;
}

int build_check_defaults(const struct scope *scope, char *const *vars, struct diag *diag)
{
	cleanup_with(spec_unref) struct spec *s = spec_new();
	int r = s ? section_check(scope->defaults, KEY_IN_SERVICE, false, vars, diag) : -ENOMEM;

	if (r == 0)
		r = keys_defaults(s, KEY_IN_SERVICE);
	if (r == 0)
		r = scope_apply(scope, s, diag);
	if (r == 0)
		validate_caps(s, scope->defaults, diag);
	return r;
}

int build_check_overlay(const struct scope *beneath, struct section *overlay, struct diag *diag)
{
	cleanup_with(spec_unref) struct spec *s = spec_new();
	int r = s ? keys_defaults(s, KEY_IN_SERVICE) : -ENOMEM;

	if (r == 0)
		r = scope_apply(beneath, s, diag);
	if (r == 0)
		r = section_apply(overlay, s, KEY_IN_SERVICE, diag);
	if (r == 0)
		validate_caps(s, overlay, diag);
	return r;
}

/* The name, the place and the defaults of all keys. */
static int begin(struct spec *s, const struct build_source *src, const struct section *own)
{
	s->line = src->line ? src->line : own->line;
	if (src->overlay && !(s->overlay = strdup(src->overlay)))
		return -ENOMEM;
	s->name = strdup(src->name);
	if (src->file)
		s->file = strdup(src->file);
	if (!s->name || (src->file && !s->file))
		return -ENOMEM;
	return keys_defaults(s, KEY_IN_SERVICE);
}

int build_service(const struct build_source *src, const struct scope *scope, struct section *own, char *const *vars,
		  struct diag *diag, struct spec **ret)
{
	cleanup_with(spec_unref) struct spec *s = spec_new();
	size_t before = diag_errors(diag);
	int r = s ? begin(s, src, own) : -ENOMEM;

	if (r == 0)
		r = scope_apply(scope, s, diag);
	if (r == 0)
		r = section_apply(own, s, KEY_IN_SERVICE, diag);
	if (r < 0)
		return r;
	if (!s->cwd)
		s->cwd = strdup(src->dir);
	if (!s->cwd)
		return -ENOMEM;
	r = section_settle_env(&s->env);
	if (r == 0 && src->env)
		r = strv_from(&s->env_base, src->env);
	if (r == 0)
		r = make_argv(s, src, scope, own, vars, diag);
	if (r < 0)
		return r;
	r = make_hooks(s, scope, own, vars, diag);
	if (r < 0)
		return r;
	r = make_checks(s, scope, own, vars, diag);
	if (r < 0)
		return r;
	settle_type(s, scope, own, diag);
	r = sockets_settle(s, scope, own, diag);
	if (r < 0)
		return r;
	r = settle_ready(s, scope, own, diag);
	if (r < 0)
		return r;
	validate_caps(s, own, diag);
	if (s->schedule) {
		/* A run that ends has ended until the next time. What [defaults] says is meant for services of another kind. */
		s->autostart = s->autostart && section_find(own, "autostart");
		s->autorestart = s->autorestart && section_find(own, "autorestart");
		validate_schedule(s, own, diag);
	}
	if (diag_errors(diag) > before)
		return -EINVAL;
	*ret = take_ptr(&s);
	return 0;
}
