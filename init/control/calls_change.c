/* calls_change - the list itself: read again, scaled, saved, and what environment its services get. */
#include "control/calls.h"

#include "base/own.h"
#include "base/parse.h"
#include "base/text.h"
#include "core/process.h"

#include <errno.h>

static json_t *text_or_null(const char *s)
{
	json_t *j = s ? json_string(s) : NULL;

	return j ? j : json_null();
}

static json_t *report_key(const struct change *c, const struct diff_key *k)
{
	static const char *const words[] = { [DIFF_CHANGED] = "changed", [DIFF_ADDED] = "added", [DIFF_GONE] = "gone" };

	return json_pack("{s:s, s:s, s:o, s:o, s:s}", "key", k->key, "what", words[k->what], "old", text_or_null(k->old), "new",
			 text_or_null(k->new), "effect", change_effect(c, k));
}

static json_t *report_changes(const struct changes *changes)
{
	static const char *const words[] = { [PLAN_KEEP] = "kept", [PLAN_ADD] = "added", [PLAN_REMOVE] = "removed", [PLAN_CHANGE] = "changed" };
	json_t *a = json_array();

	for (size_t i = 0; i < changes->n; i++) {
		const struct change *c = &changes->v[i];
		json_t *keys = json_array();
		for (size_t k = 0; k < c->diff.n; k++)
			(void)json_array_append_new(keys, report_key(c, &c->diff.v[k]));
		(void)json_array_append_new(a, json_pack("{s:o, s:o, s:s, s:b, s:o}", "name", text_or_null(c->name), "file",
							 text_or_null(c->file), "what", words[c->verb], "restart",
							 c->verb == PLAN_CHANGE && c->name && c->up && c->diff.restart, "keys", keys));
	}
	return a;
}

static void add_line(void *ctx, const char *text)
{
	(void)json_array_append_new(ctx, json_string(text));
}

void call_reload_config(struct requests *r, struct session *s, const struct call *call)
{
	char cause[SERVICE_CAUSE_MAX];
	struct changes changes = { 0 };
	struct diag *diag = diag_new();
	bool dry = json_is_true(json_object_get(call->params, "dry_run"));

	if (!diag) {
		session_reply(s, NULL);
		return;
	}
	if (manager_reload(requests_cfg(r)->manager, call_who(s, "reload", cause, sizeof(cause)), dry, diag, &changes) < 0) {
		call_faults(s, diag);
	} else {
		json_t *messages = json_array(), *lines = json_array();
		for (size_t i = 0; i < diag_count(diag); i++)
			(void)json_array_append_new(messages, json_string(diag_text(diag, i)));
		changes_tell(&changes, add_line, lines);
		session_reply(s, message_reply(json_pack("{s:o, s:o, s:o}", "changes", report_changes(&changes), "lines", lines, "messages",
							 messages),
					       false));
	}
	changes_done(&changes);
	diag_free(diag);
}

bool call_renew(struct requests *r, struct request *q, json_t *env, const char *cause)
{
	struct session *s = q->session;
	cleanup_free char **vars = call_strings(env);
	cleanup_free int *ids = calloc(q->n + 1, sizeof(*ids));
	struct diag *diag = diag_new();
	int e = -ENOMEM;

	for (size_t i = 0; ids && i < q->n; i++)
		ids[i] = q->goals[i].id;
	if (!vars) {
		request_free(q);
		call_invalid(s, "update_env");
	} else {
		if (ids && diag)
			e = manager_renew(requests_cfg(r)->manager, ids, q->n, vars, cause, diag);
		if (e < 0) {
			request_free(q);
			if (e == -ENOMEM)
				session_reply(s, NULL);
			else
				call_faults(s, diag);
		}
	}
	diag_free(diag);
	return e == 0;
}

/* 4, +2 or -1, of `now`. 0: not a number of instances that can be. */
static unsigned int instances_of(const char *to, unsigned int now)
{
	uint64_t n = 0;
	bool sign = *to == '+' || *to == '-';

	if (parse_uint(to + sign, SPEC_INSTANCES_MAX, &n) < 0 || (*to == '-' && n >= now))
		return 0;
	n = *to == '+' ? now + n : *to == '-' ? now - n : n;
	return n <= SPEC_INSTANCES_MAX ? (unsigned int)n : 0;
}

/* All that is called so, its doomed ones too, which are to be gone. */
static void add_scaled(struct requests *r, struct request *q, const char *name)
{
	for (size_t i = 0; i < manager_count(requests_cfg(r)->manager); i++) {
		struct service *s = manager_at(requests_cfg(r)->manager, i);
		if (s->heir_of || strcmp(s->spec->name, name) != 0 || (service_at_rest(s) && !s->want_up && !s->doomed))
			continue;
		size_t n = q->n;
		request_add_goal(q, s);
		if (q->n > n)
			q->goals[n].gone = s->doomed;
	}
}

static void note_name(void *ctx, struct service *s)
{
	struct service **one = ctx;

	if (!*one || strcmp((*one)->spec->name, s->spec->name) == 0)
		*one = s;
}

void call_scale(struct requests *r, struct session *s, const struct call *call)
{
	const char *target = json_string_value(json_object_get(call->params, "target"));
	const char *to = json_string_value(json_object_get(call->params, "to"));
	char cause[SERVICE_CAUSE_MAX], name[SPEC_NAME_MAX + 1];
	struct service *one = NULL;

	if (!target || !to) {
		call_invalid(s, "target, to");
		return;
	}
	if (manager_match(requests_cfg(r)->manager, target, note_name, &one) <= 0) {
		call_error(s, ERROR_NO_SUCH_SERVICE,
			   json_pack("{s:s, s:s?}", "target", target, "nearest", manager_nearest(requests_cfg(r)->manager, target)));
		return;
	}
	unsigned int n = instances_of(to, one->spec->instances);
	if (n == 0) {
		char text[160];
		(void)text_format(text, sizeof(text), "'%.32s' is no number of instances for a service that has %u (allowed: 1 to %d, or +N or -N that come to it)",
				  to, one->spec->instances, SPEC_INSTANCES_MAX);
		call_error(s, ERROR_NOT_DONE, json_pack("{s:[s], s:[]}", "messages", text, "services"));
		return;
	}
	struct request *q = request_new(r, s, VERB_SCALE);
	if (!q) {
		session_reply(s, NULL);
		return;
	}
	(void)text_copy(name, sizeof(name), one->spec->name);
	int e = manager_scale(requests_cfg(r)->manager, name, n, call_who(s, "scale", cause, sizeof(cause)));
	if (e == -E2BIG) {
		char text[96];
		(void)text_format(text, sizeof(text), "more than %d service instances in all", SPEC_SERVICES_MAX);
		(void)json_array_append_new(q->messages, json_string(text));
		request_finish(q, message_error(ERROR_NOT_DONE, json_pack("{s:O, s:[]}", "messages", q->messages, "services")));
		return;
	}
	if (e < 0) {
		request_finish(q, NULL);
		return;
	}
	add_scaled(r, q, name);
	request_enlist(q);
}

/* What a saved list has to know of the services that stand for `of`: a file's path, or, `named`, a name. */
static json_t *dump_services(struct requests *r, const char *of, bool named)
{
	json_t *o = json_object();

	for (size_t i = 0; i < manager_count(requests_cfg(r)->manager); i++) {
		const struct service *s = manager_at(requests_cfg(r)->manager, i);
		const char *name = s->spec->name;
		if (s->doomed || s->heir_of || (named ? strcmp(name, of) != 0 : !s->top_file || strcmp(s->top_file, of) != 0))
			continue;
		json_t *x = json_object_get(o, name);
		if (!x) {
			x = json_pack("{s:[]}", "up");
			if (s->spec->base)
				(void)json_object_set_new(x, "instances", json_integer(s->spec->instances));
			(void)json_object_set_new(o, name, x);
		}
		if (s->want_up)
			(void)json_array_append_new(json_object_get(x, "up"), json_integer(s->instance));
	}
	return o;
}

static json_t *strings(char *const *v)
{
	json_t *a = json_array();

	for (; v && *v; v++)
		(void)json_array_append_new(a, json_string(*v));
	return a;
}

static json_t *dump_command(struct requests *r, const struct spec *spec)
{
	/* The line of a shell came as one word, or is one now. */
	char *const line[] = { spec->command, NULL };

	return json_pack("{s:{s:s, s:o, s:s, s:o, s:o}, s:o}", "command", "name", spec->name, "argv",
			 strings(spec->shell ? line : spec->argv.v), "cwd", spec->dir ? spec->dir : "/", "env", strings(spec->env_base.v),
			 "options", strings(spec->options.v), "memory", dump_services(r, spec->name, true));
}

void call_dump(struct requests *r, struct session *s)
{
	struct manager *m = requests_cfg(r)->manager;
	json_t *list = json_array();
	const char *file, *overlay;

	for (size_t i = 0; (file = manager_file(m, i, &overlay)); i++) {
		json_t *services = dump_services(r, file, false);
		if (json_object_size(services))
			(void)json_array_append_new(list, json_pack("{s:s, s:s?, s:o}", "file", file, "overlay", overlay, "memory", services));
		else
			json_decref(services); /* all of it was deleted */
	}
	for (size_t i = 0; i < manager_count(m); i++) {
		const struct service *v = manager_at(m, i);
		if (!v->top_file && !v->doomed && !v->heir_of && v->instance == 0)
			(void)json_array_append_new(list, dump_command(r, v->spec));
	}
	session_reply(s, message_reply(json_pack("{s:i, s:s, s:o}", "format", 1, "version", PM1_VERSION, "list", list), false));
}

void call_env(struct requests *r, struct session *s, const struct call *call)
{
	struct request q = { .all = r, .session = s, .verb = VERB_ENV };
	json_t *targets = json_object_get(call->params, "targets"), *all = json_array();

	if (!json_is_array(targets)) {
		call_invalid(s, "targets");
	} else if (call_add_targets(r, &q, targets, false)) {
		for (size_t i = 0; i < q.n; i++) {
			struct service *v = manager_by_id(requests_cfg(r)->manager, q.goals[i].id);
			struct strv env = { 0 };
			if (v && process_env(v, &env) == 0)
				(void)json_array_append_new(all, json_pack("{s:s, s:i, s:i, s:o}", "name", v->spec->name, "pm_id", v->id,
									   "instance", (int)v->instance, "env", strings(env.v)));
			strv_done(&env);
		}
		session_reply(s, message_reply(json_pack("{s:O}", "services", all), false));
	}
	json_decref(all);
	free(q.goals);
}
