#include "control/request.h"

#include "control/events.h"

#include "core/activation.h"

#include "base/log.h"
#include "base/own.h"
#include "base/text.h"

#include <errno.h>

/* How long a reply to stop waits for the last words to be in the log files. */
#define SYNC_MAX USEC_SEC

struct requests {
	struct requests_config cfg;
	struct request *first;
	struct loop_timer *look;
	struct events *events;
};

json_t *request_services(const struct request *q)
{
	json_t *a = json_array();

	for (size_t i = 0; i < q->n; i++) {
		struct service *s = manager_by_id(q->all->cfg.manager, q->goals[i].id);
		if (s)
			(void)json_array_append_new(a, q->brief ? report_service_brief(s) : report_service(q->all->cfg.manager, s));
	}
	return a;
}

void request_free(struct request *q)
{
	if (!q)
		return;
	logpipe_sync_cancel(q->all->cfg.host->logs, q);
	json_decref(q->messages);
	free(q->goals);
	free(q);
}

/* Takes the request out of the list and answers it. */
void request_finish(struct request *q, char *message)
{
	struct session *session = q->session;

	for (struct request **p = &q->all->first; *p; p = &(*p)->next) {
		if (*p == q) {
			*p = q->next;
			break;
		}
	}
	request_free(q);
	if (session)
		session_reply(session, message);
	else
		free(message);
}

void request_answer(struct request *q)
{
	json_t *p = json_object();

	(void)json_object_set_new(p, "services", request_services(q));
	(void)json_object_set(p, "messages", q->messages);
	request_finish(q, message_reply(p, false));
}

static void on_synced(void *ctx, bool ok)
{
	(void)ok; /* the drops, if any, are in the report */
	request_answer(ctx);
}

void request_answer_synced(struct request *q)
{
	q->syncing = logpipe_sync(q->all->cfg.host->logs, SYNC_MAX, on_synced, q) == 0;
	if (!q->syncing)
		request_answer(q);
}

enum reached { WAIT, REACHED, FAILED };

/* Of a start, or a restart and what comes to that. */
static enum reached look_at_start(const struct service *s, const struct goal *g, bool is_start, const char **why)
{
	if (!s) {
		*why = "was deleted meanwhile";
		return FAILED;
	}
	if (s->doomed)
		return WAIT;
	if (s->runs > g->runs || (is_start && s->state == STATE_ONLINE && !s->next_cause[0]))
		return REACHED;
	if (activation_is_armed(s))
		return REACHED; /* it is up as far as anybody can tell */
	if (s->state == STATE_WAITING && s->stuck) {
		*why = s->waits_for;
		return FAILED;
	}
	if (!service_at_rest(s) || s->want_up)
		return WAIT;
	*why = s->history_n ? s->history[(s->history_n - 1) % SERVICE_HISTORY].cause : "was not started";
	if (s->failure[0])
		*why = s->failure;
	return FAILED;
}

static enum reached look_at(const struct requests *r, const struct goal *g, const char **why)
{
	const struct service *s = manager_by_id(r->cfg.manager, g->id);

	switch (g->verb) {
	case VERB_STOP:
		if (!s || service_at_rest(s)) /* a process that it has replaced is of it as well */
			return manager_old_processes(r->cfg.manager, g->id) ? WAIT : REACHED;
		*why = "was started again meanwhile";
		return s->want_up && !s->stop_due ? FAILED : WAIT;
	case VERB_DELETE:
		/* One that isn't doomed has its id from a list that was empty meanwhile. */
		return (s && s->doomed) || manager_old_processes(r->cfg.manager, g->id) ? WAIT : REACHED;
	case VERB_RELOAD:
		if (s && s->reloads > g->reloads) {
			*why = s->reload_failure;
			return s->reload_failure[0] ? FAILED : REACHED;
		}
		if (s && (g->rolls || s->heir || s->leaving))
			return WAIT; /* it has run anew, but the old process is there still */
		return look_at_start(s, g, false, why);
	case VERB_SCALE:
		if (g->gone)
			return s ? WAIT : REACHED;
		return look_at_start(s, g, true, why);
	case VERB_START:
	case VERB_RESTART:
		return look_at_start(s, g, g->verb == VERB_START, why);
	case VERB_PING:
	case VERB_LIST:
	case VERB_RESET:
	case VERB_FLUSH:
	case VERB_SIGNAL:
	case VERB_RELOAD_CONFIG:
	case VERB_DUMP:
	case VERB_ENV:
	case VERB_EVENTS:
	case VERB_REOPEN_LOGS:
	case VERB_KILL:
	case VERB_POWER:
	case VERB_GET_INFO:
	case VERB_GET_INTERFACE_DESCRIPTION:
	case VERB_MAX:
		break;
	}
	return WAIT;
}

/* What it cost those who were connected. */
static void tell_cut(const struct request *q, json_t *messages)
{
	char text[SERVICE_LABEL_MAX + 64];

	for (size_t i = 0; i < q->n; i++) {
		const struct goal *g = &q->goals[i];
		const struct service *s = manager_by_id(q->all->cfg.manager, g->id);
		if (!s || s->cut_total <= g->cut)
			continue;
		unsigned long long n = s->cut_total - g->cut;
		(void)text_format(text, sizeof(text), "%s: %llu connection%s cut at drain_timeout", g->name, n, n == 1 ? " was" : "s were");
		(void)json_array_append_new(messages, json_string(text));
	}
}

static void look(struct request *q)
{
	json_t *failures = NULL;
	bool waits = false;

	if (q->syncing || q->verb == VERB_KILL || q->verb == VERB_POWER)
		return;
	if (!q->session) { /* what it asked for goes on, and may never come true */
		request_finish(q, NULL);
		return;
	}
	for (size_t i = 0; i < q->n && !waits; i++) {
		const char *why = NULL;
		enum reached reached = look_at(q->all, &q->goals[i], &why);
		waits = reached == WAIT;
		if (reached != FAILED)
			continue;
		char text[SERVICE_LABEL_MAX + SERVICE_FAILURE_MAX + 32];
		const struct service *s = manager_by_id(q->all->cfg.manager, q->goals[i].id);
		(void)text_format(text, sizeof(text), "%s: %s: %s", q->goals[i].name,
				  s ? state_pm2_name(s->state) : "gone", why);
		failures = failures ? failures : json_array();
		(void)json_array_append_new(failures, json_string(text));
	}
	if (waits) {
		json_decref(failures);
		return;
	}
	tell_cut(q, failures ? failures : q->messages);
	if (failures) {
		json_t *p = json_object();
		(void)json_object_set_new(p, "messages", failures);
		(void)json_object_set_new(p, "services", request_services(q));
		request_finish(q, message_error(ERROR_NOT_DONE, p));
		return;
	}
	if (q->verb == VERB_STOP || q->verb == VERB_DELETE || q->verb == VERB_RESTART ||
	    q->verb == VERB_RELOAD || q->verb == VERB_SCALE) {
		request_answer_synced(q);
		return;
	}
	request_answer(q);
}

static void on_look(void *ctx)
{
	struct requests *r = ctx;

	for (struct request *q = r->first, *next; q; q = next) {
		next = q->next;
		look(q);
	}
}

struct request *request_new(struct requests *r, struct session *s, enum verb verb)
{
	struct request *q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->all = r;
	q->session = s;
	q->verb = verb;
	q->messages = json_array();
	return q;
}

void request_enlist(struct request *q)
{
	q->next = q->all->first;
	q->all->first = q;
	requests_changed(q->all);
}

void request_add_goal(void *ctx, struct service *s)
{
	struct request *q = ctx;

	for (size_t i = 0; i < q->n; i++)
		if (q->goals[i].id == s->id)
			return;
	if (q->n == q->cap) {
		size_t cap = q->cap ? q->cap * 2 : 8;
		struct goal *v = reallocarray(q->goals, cap, sizeof(*v));
		if (!v)
			return; /* not waited for; the service is acted on all the same */
		q->goals = v;
		q->cap = cap;
	}
	struct goal *g = &q->goals[q->n++];
	g->id = s->id;
	g->verb = q->verb;
	g->runs = s->runs;
	g->reloads = s->reloads + s->leaving; /* the end of one that drains already is another's */
	g->cut = s->cut_total;
	(void)service_label(s, g->name, sizeof(g->name));
}

const struct requests_config *requests_cfg(const struct requests *r)
{
	return &r->cfg;
}

int requests_new(const struct requests_config *cfg, struct requests **ret)
{
	struct requests *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->cfg = *cfg;
	int e = loop_timer_new(cfg->loop, on_look, r, &r->look);
	if (e == 0)
		e = events_new(r, &r->events);
	if (e < 0) {
		loop_timer_free(&r->look);
		free(r);
		return e;
	}
	*ret = r;
	return 0;
}

void requests_free(struct requests *r)
{
	if (!r)
		return;
	/* What has come true by now, or waits for its last lines alone, is answered: logd has drained them and is gone. */
	on_look(r);
	while (r->first) {
		struct request *q = r->first;
		if (q->syncing) {
			request_answer(q);
			continue;
		}
		r->first = q->next;
		request_free(q);
	}
	loop_timer_free(&r->look);
	events_free(r->events);
	free(r);
}

void requests_changed(struct requests *r)
{
	if (r->first)
		loop_timer_in(r->look, 0);
}

struct events *requests_events(const struct requests *r)
{
	return r->events;
}

void requests_noted(struct requests *r, struct service *s, const struct service_event *event)
{
	events_noted(r->events, s, event);
}

void requests_gone(struct requests *r, struct session *s)
{
	events_gone(r->events, s);
	for (struct request *q = r->first; q; q = q->next)
		if (q->session == s)
			q->session = NULL;
	requests_changed(r); /* not here: this may be called from within an answer */
}

void requests_down(struct requests *r)
{
	for (struct request *q = r->first, *next; q; q = next) {
		next = q->next;
		if (q->verb == VERB_KILL || q->verb == VERB_POWER)
			request_finish(q, message_reply(NULL, false));
	}
}
