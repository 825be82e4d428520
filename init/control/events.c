/* events - see the header. */
#include "control/events.h"

#include "base/log.h"
#include "base/own.h"
#include "control/calls.h"

#include <errno.h>
#include <stdio.h>

struct follower {
	struct follower *next;
	struct session *session; /* borrowed */
	struct target **targets; /* owned, each and all; NULL: all services */
	size_t n;
};

struct events {
	struct requests *all; /* borrowed */
	struct follower *first;
	size_t n;
};

static void set(json_t *o, const char *key, json_t *value)
{
	(void)json_object_set_new(o, key, value ? value : json_null());
}

static json_t *report_event(const struct service *s, const struct service_event *e)
{
	const char *by = strstr(e->cause, " by uid ");
	unsigned int uid = 0;
	int pid = 0;
	json_t *o = json_object();

	set(o, "time", json_integer((json_int_t)(e->wall / 1000)));
	set(o, "name", json_string(s->spec->name));
	set(o, "pm_id", json_integer(s->id));
	set(o, "instance", json_integer(s->instance));
	set(o, "from", json_string(state_name(e->from)));
	set(o, "to", json_string(state_name(e->to)));
	set(o, "cause", json_string(e->cause));
	set(o, "note", json_boolean(e->is_note));
	set(o, "pid", e->pid ? json_integer(e->pid) : NULL);
	set(o, "by", by && sscanf(by, " by uid %u (pid %d)", &uid, &pid) == 2 ?
			     json_pack("{s:I, s:i}", "uid", (json_int_t)uid, "pid", pid) :
			     NULL);
	return o;
}

static void add_history(const struct service *s, json_t *a)
{
	unsigned int n = s->history_n < SERVICE_HISTORY ? s->history_n : SERVICE_HISTORY;

	for (unsigned int i = s->history_n - n; i < s->history_n; i++)
		(void)json_array_append_new(a, report_event(s, &s->history[i % SERVICE_HISTORY]));
}

static void follower_free(struct follower *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++)
		target_free(f->targets[i]);
	free(f->targets);
	free(f);
}

/* `targets`: NULL for all. NULL: no memory; the words have been looked at before. */
static struct follower *follower_new(struct session *s, const json_t *targets)
{
	struct follower *f = calloc(1, sizeof(*f));
	size_t n = json_array_size(targets);

	if (!f)
		return NULL;
	f->session = s;
	f->targets = targets ? calloc(n, sizeof(struct target *)) : NULL;
	int r = targets && !f->targets ? -ENOMEM : 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = target_new(json_string_value(json_array_get(targets, i)), &f->targets[i]);
		f->n += r == 0;
	}
	if (r < 0) {
		follower_free(f);
		return NULL;
	}
	return f;
}

static void follow(struct events *e, struct session *s, const json_t *targets, json_t *history)
{
	struct follower *f = e->n < EVENTS_FOLLOWERS_MAX ? follower_new(s, targets) : NULL;

	if (!f) {
		json_decref(history);
		call_error(s, ERROR_BUSY, json_pack("{s:s}", "message", "so many follow the events that no more can"));
		return;
	}
	f->next = e->first;
	e->first = f;
	e->n++;
	session_continue(s, message_reply(json_pack("{s:o}", "events", history), true), SIZE_MAX);
}

void events_call(struct events *e, struct session *s, const struct call *call)
{
	const struct requests_config *cfg = requests_cfg(e->all);
	json_t *targets = json_object_get(call->params, "targets"), *history = json_array();
	struct request q = { .all = e->all, .session = s, .verb = VERB_EVENTS };
	bool some = json_is_array(targets) && json_array_size(targets) > 0;

	if (!some)
		(void)manager_match(cfg->manager, "all", request_add_goal, &q);
	else if (!call_add_targets(e->all, &q, targets, true)) {
		json_decref(history);
		free(q.goals);
		return;
	}
	for (size_t i = 0; i < q.n; i++) {
		const struct service *v = manager_by_id(cfg->manager, q.goals[i].id);
		if (v)
			add_history(v, history);
	}
	free(q.goals);
	if (call->more)
		follow(e, s, some ? targets : NULL, history);
	else
		session_reply(s, message_reply(json_pack("{s:o}", "events", history), false));
}

static bool is_meant(const struct events *e, const struct follower *f, const struct service *s)
{
	bool meant = !f->targets;

	for (size_t i = 0; i < f->n && !meant; i++)
		meant = manager_is_meant(requests_cfg(e->all)->manager, f->targets[i], s);
	return meant;
}

void events_noted(struct events *e, struct service *s, const struct service_event *event)
{
	for (struct follower *f = e->first, *next; f; f = next) {
		next = f->next; /* f goes when its session is dropped */
		if (is_meant(e, f, s))
			session_continue(f->session, message_reply(json_pack("{s:[o]}", "events", report_event(s, event)), true),
					 EVENTS_OUT_MAX);
	}
}

void events_gone(struct events *e, struct session *s)
{
	for (struct follower **p = &e->first; *p; p = &(*p)->next) {
		struct follower *f = *p;
		if (f->session != s)
			continue;
		*p = f->next;
		e->n--;
		follower_free(f);
		return;
	}
}

int events_new(struct requests *r, struct events **ret)
{
	struct events *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->all = r;
	*ret = e;
	return 0;
}

void events_free(struct events *e)
{
	while (e && e->first)
		events_gone(e, e->first->session);
	free(e);
}
