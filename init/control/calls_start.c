/* calls_start - what brings services up: a file, a command line, or those that are known already. */
#include "control/calls.h"

#include "base/log.h"
#include "base/own.h"

#include <errno.h>

/* A saved list, {"web": {"instances": 4, "up": [0, 2]}}, as the manager asks for it. */
static unsigned int saved_instances(void *ctx, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(json_object_get(ctx, name), "instances"));

	return n >= 1 && n <= SPEC_INSTANCES_MAX ? (unsigned int)n : 0;
}

static bool saved_up(void *ctx, const char *name, unsigned int instance, bool otherwise)
{
	json_t *up = json_object_get(json_object_get(ctx, name), "up"), *v;
	size_t i;

	json_array_foreach(up, i, v)
		if (json_is_integer(v) && json_integer_value(v) == (json_int_t)instance)
			return true;
	return json_is_array(up) ? false : otherwise;
}

static struct manager_memory memory_of(json_t *saved)
{
	return (struct manager_memory){ .ctx = saved, .instances = saved_instances, .up = saved_up };
}

static void drop_stopped(struct request *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->n; i++) {
		const struct service *s = manager_by_id(requests_cfg(q->all)->manager, q->goals[i].id);
		if (s && s->want_up)
			q->goals[n++] = q->goals[i];
	}
	q->n = n;
}

/* After a load: the services of that file that are to be up are the goals. */
static void goals_of_file(struct requests *r, struct request *q, const char *file, const struct goal *before, size_t n_before,
			  bool saved)
{
	for (size_t i = 0; i < manager_count(requests_cfg(r)->manager); i++) {
		struct service *s = manager_at(requests_cfg(r)->manager, i);
		if (s->doomed || !s->top_file || strcmp(s->top_file, file) != 0 || (service_at_rest(s) && !s->want_up && (saved || !s->spec->autostart)))
			continue;
		request_add_goal(q, s);
		for (size_t k = 0; k < n_before; k++)
			if (before[k].id == s->id && q->n && q->goals[q->n - 1].id == s->id)
				q->goals[q->n - 1].runs = before[k].runs;
	}
}

static void start_file(struct requests *r, struct session *s, const char *file, const struct call *call, struct diag *diag)
{
	json_t *saved = json_object_get(call->params, "memory");
	struct manager_memory memory = memory_of(saved);
	/* Without a word of it, the overlay it was started with; "" takes that away. */
	const char *overlay = json_string_value(json_object_get(call->params, "overlay"));
	struct config config = { 0 };
	char cause[SERVICE_CAUSE_MAX];
	struct request *q = request_new(r, s, VERB_START);
	struct request before = { .all = r };

	if (!q) {
		session_reply(s, NULL);
		return;
	}
	(void)manager_match(requests_cfg(r)->manager, "all", request_add_goal, &before);
	if (!overlay)
		overlay = manager_overlay_of(requests_cfg(r)->manager, file);
	int e = config_load_overlay(file, overlay && *overlay ? overlay : NULL, requests_cfg(r)->host->environ, diag, &config);
	if (e == 0) {
		e = manager_load(requests_cfg(r)->manager, &config, true, call_who(s, "start", cause, sizeof(cause)),
				 saved ? &memory : NULL, diag);
		if (e == 0)
			goals_of_file(r, q, config.path, before.goals, before.n, saved);
		config_done(&config);
	}
	free(before.goals);
	if (e < 0) {
		if (diag_errors(diag) == 0)
			diag_error(diag, &(struct where){ .file = file }, NULL, NULL, "%s", err_text(e));
		request_free(q);
		call_faults(s, diag);
		return;
	}
	call_add_messages(q, diag);
	request_enlist(q);
}

static void start_command(struct requests *r, struct session *s, json_t *c, json_t *saved, struct diag *diag)
{
	struct manager_memory memory = memory_of(saved);
	const char *name = json_string_value(json_object_get(c, "name"));
	const char *cwd = json_string_value(json_object_get(c, "cwd"));
	cleanup_free char **argv = call_strings(json_object_get(c, "argv"));
	cleanup_free char **env = call_strings(json_object_get(c, "env"));
	cleanup_free char **options = call_strings(json_object_get(c, "options"));
	char cause[SERVICE_CAUSE_MAX];
	struct spec *spec = NULL;

	if (!argv || !argv[0] || !cwd || cwd[0] != '/') {
		call_invalid(s, "command");
		return;
	}
	int e = config_adhoc(name, argv, cwd, env, options, diag, &spec);
	if (e == 0)
		e = manager_add(requests_cfg(r)->manager, spec, call_who(s, "start", cause, sizeof(cause)), saved ? &memory : NULL, diag);
	struct request *q = e == 0 ? request_new(r, s, VERB_START) : NULL;
	if (q) {
		(void)manager_match(requests_cfg(r)->manager, spec->name, request_add_goal, q);
		for (size_t i = 0; i < q->n; i++)
			q->goals[i].runs = 0;
		if (saved) /* what was saved as stopped isn't waited for */
			drop_stopped(q);
		call_add_messages(q, diag);
		request_enlist(q);
	} else if (e == 0 || e == -ENOMEM) {
		session_reply(s, NULL);
	} else {
		call_faults(s, diag);
	}
	spec_unref(spec);
}

void call_start(struct requests *r, struct session *s, const struct call *call)
{
	const char *file = json_string_value(json_object_get(call->params, "file"));
	json_t *command = json_object_get(call->params, "command");

	if (!file && !json_is_object(command)) {
		call_targets(r, s, call, VERB_START);
		return;
	}
	struct diag *diag = diag_new();
	if (!diag) {
		session_reply(s, NULL);
		return;
	}
	if (file && file[0] == '/')
		start_file(r, s, file, call, diag);
	else if (file)
		call_invalid(s, "file: an absolute path");
	else
		start_command(r, s, command, json_object_get(call->params, "memory"), diag);
	diag_free(diag);
}
