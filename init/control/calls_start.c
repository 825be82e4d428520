/* calls_start - what brings services up: a file, a command line, or those that are known already. */
#include "control/calls.h"

#include "base/log.h"
#include "base/own.h"
#include "core/sockets.h"
#include "model/diff.h"

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

/* What is there right before a load, and what is to become of it then. */
struct before {
	struct request services; /* a goal each */
	struct spec **specs; /* owned, as their references: with which keys each of them runs */
};

static bool runs(const struct service *s)
{
	return s->state == STATE_STARTING || s->state == STATE_ONLINE;
}

static int before_note(struct before *b, struct requests *r, enum verb running)
{
	b->services = (struct request){ .all = r, .verb = VERB_START };
	(void)manager_match(requests_cfg(r)->manager, "all", request_add_goal, &b->services);
	b->specs = calloc(b->services.n + 1, sizeof(struct spec *));
	for (size_t i = 0; b->specs && i < b->services.n; i++) {
		const struct service *s = manager_by_id(requests_cfg(r)->manager, b->services.goals[i].id);
		if (!s)
			continue;
		b->specs[i] = spec_ref(s->spec);
		if (runs(s))
			b->services.goals[i].verb = running;
	}
	return b->specs ? 0 : -ENOMEM;
}

static void before_done(struct before *b)
{
	for (size_t i = 0; b->specs && i < b->services.n; i++)
		spec_unref(b->specs[i]);
	free(b->specs);
	free(b->services.goals);
}

/* A command that the running program is told by can't give it other keys: those want another process. */
static bool wants_process(const struct service *s, const struct spec *was)
{
	struct diff diff = { 0 };
	bool wants = diff_specs(was, s->spec, &diff) < 0 || diff.restart;

	diff_done(&diff);
	return wants;
}

static void reload_one(struct manager *m, struct service *s, const struct spec *was, const char *cause)
{
	bool process = s->spec->hook_argv[HOOK_RELOAD].n > 0 && wants_process(s, was);

	/* A reload that can't replace it would come to its command again. */
	if (process && !(spec_is_cluster(s->spec) && s->spec->type != TYPE_FORKING && sockets_can_overlap(s)))
		service_restart(s, cause);
	else
		manager_reload_service(m, s, process, cause);
}

/* One of a file that was loaded again with LOAD_START_DOWN. */
static void act_on_known(struct manager *m, struct service *s, struct goal *g, const struct spec *was, const char *cause)
{
	s->stop_due = false; /* the later word holds */
	if (g->verb == VERB_RESTART)
		service_restart(s, cause);
	else if (g->verb == VERB_RELOAD)
		reload_one(m, s, was, cause);
	else if (!service_at_rest(s) && !runs(s))
		service_start(s, cause); /* it waits for something, or is on its way down */
	g->rolls = s->roll_due;
}

/* After a load: the services of that file that are to be up are the goals; those that were there are as they were before it. */
static void goals_of_file(struct requests *r, struct request *q, const char *file, const struct before *b, bool saved)
{
	for (size_t i = 0; i < manager_count(requests_cfg(r)->manager); i++) {
		struct service *s = manager_at(requests_cfg(r)->manager, i);
		if (s->doomed || s->heir_of || !s->top_file || strcmp(s->top_file, file) != 0 || (service_at_rest(s) && !s->want_up && (saved || !s->spec->autostart)))
			continue;
		size_t n = q->n;
		request_add_goal(q, s);
		if (q->n > n)
			q->goals[n].verb = VERB_START;
		for (size_t k = 0; q->n > n && k < b->services.n; k++)
			if (b->services.goals[k].id == s->id)
				q->goals[n] = b->services.goals[k];
	}
}

static void act_on_file(struct requests *r, struct request *q, const struct before *b, const char *cause)
{
	for (size_t i = 0; i < q->n; i++) {
		struct service *s = manager_by_id(requests_cfg(r)->manager, q->goals[i].id);
		for (size_t k = 0; s && k < b->services.n; k++)
			if (b->services.goals[k].id == s->id)
				act_on_known(requests_cfg(r)->manager, s, &q->goals[i], b->specs[k], cause);
	}
}

/* `running`: what becomes of those of its services that run; VERB_START: what a load makes of them. */
static void start_file(struct requests *r, struct session *s, const char *file, enum verb running, const struct call *call, struct diag *diag)
{
	static const char *const words[VERB_MAX] = { [VERB_START] = "start", [VERB_RESTART] = "restart", [VERB_RELOAD] = "reload" };
	json_t *saved = json_object_get(call->params, "memory");
	struct manager_memory memory = memory_of(saved);
	/* Without a word of it, the overlay it was started with; "" takes that away. */
	const char *overlay = json_string_value(json_object_get(call->params, "overlay"));
	struct config config = { 0 };
	char cause[SERVICE_CAUSE_MAX];
	struct request *q = request_new(r, s, running);
	struct before before;

	if (!q) {
		session_reply(s, NULL);
		return;
	}
	int e = before_note(&before, r, running);
	if (!overlay)
		overlay = manager_overlay_of(requests_cfg(r)->manager, file);
	if (e == 0)
		e = config_load_overlay(file, overlay && *overlay ? overlay : NULL, requests_cfg(r)->host->environ, diag, &config);
	if (e == 0) {
		(void)call_who(s, words[running], cause, sizeof(cause));
		e = manager_load(requests_cfg(r)->manager, &config, running == VERB_START ? LOAD_START : LOAD_START_DOWN, cause,
				 saved ? &memory : NULL, diag);
		if (e == 0)
			goals_of_file(r, q, config.path, &before, saved);
		if (e == 0 && running != VERB_START)
			act_on_file(r, q, &before, cause);
		config_done(&config);
	}
	before_done(&before);
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

static bool running_of(const json_t *running, const char *file, enum verb *ret)
{
	const char *word = json_string_value(running);

	if (!running || json_is_null(running))
		return true;
	*ret = word && strcmp(word, "restart") == 0 ? VERB_RESTART : VERB_RELOAD;
	return file && word && (*ret == VERB_RESTART || strcmp(word, "reload") == 0);
}

void call_start(struct requests *r, struct session *s, const struct call *call)
{
	const char *file = json_string_value(json_object_get(call->params, "file"));
	json_t *command = json_object_get(call->params, "command");

	if (!file && !json_is_object(command)) {
		call_targets(r, s, call, VERB_START);
		return;
	}
	enum verb running = VERB_START;
	if (!running_of(json_object_get(call->params, "running"), file, &running)) {
		call_invalid(s, "running: restart or reload, with a file");
		return;
	}
	struct diag *diag = diag_new();
	if (!diag) {
		session_reply(s, NULL);
		return;
	}
	if (file && file[0] == '/')
		start_file(r, s, file, running, call, diag);
	else if (file)
		call_invalid(s, "file: an absolute path");
	else
		start_command(r, s, command, json_object_get(call->params, "memory"), diag);
	diag_free(diag);
}
