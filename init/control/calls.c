/* The calls of the control socket. Each handler answers by session_reply(), or leaves a request that will. */
#include "control/calls.h"
#include "control/events.h"

#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/text.h"

#include <errno.h>

void call_error(struct session *s, const char *error, json_t *params)
{
	session_reply(s, message_error(error, params));
}

void call_invalid(struct session *s, const char *parameter)
{
	call_error(s, ERROR_INVALID_PARAMETER, json_pack("{s:s}", "parameter", parameter));
}

void call_faults(struct session *s, const struct diag *diag)
{
	json_t *messages = json_array();

	for (size_t i = 0; i < diag_count(diag); i++)
		(void)json_array_append_new(messages, json_string(diag_text(diag, i)));
	call_error(s, ERROR_INVALID_CONFIG, json_pack("{s:o}", "messages", messages));
}

bool call_add_targets(struct requests *r, struct request *q, json_t *targets, bool all_fine)
{
	size_t i;
	json_t *t;

	json_array_foreach(targets, i, t) {
		const char *target = json_string_value(t);
		if (!target) {
			call_invalid(q->session, "targets");
			return false;
		}
		int n = manager_match(requests_cfg(r)->manager, target, request_add_goal, q);
		if (n < 0) {
			call_invalid(q->session, "targets: not a regular expression that is allowed here");
			return false;
		}
		if (n == 0 && !(all_fine && strcmp(target, "all") == 0)) {
			const char *nearest = manager_nearest(requests_cfg(r)->manager, target);
			call_error(q->session, ERROR_NO_SUCH_SERVICE,
				    json_pack("{s:s, s:s?}", "target", target, "nearest", nearest));
			return false;
		}
	}
	return true;
}

const char *call_who(const struct session *s, const char *verb, char *buf, size_t size)
{
	const struct ucred *c = session_cred(s);
	(void)text_format(buf, size, "%s by uid %u (pid %d)", verb, (unsigned int)c->uid, (int)c->pid);
	return buf;
}

static void call_list(struct requests *r, struct session *s, const struct call *call)
{
	struct request q = { .all = r, .session = s, .verb = VERB_LIST,
			     .brief = json_is_true(json_object_get(call->params, "brief")) };
	json_t *targets = json_object_get(call->params, "targets");

	if (json_is_array(targets) && json_array_size(targets)) {
		if (!call_add_targets(r, &q, targets, true)) {
			free(q.goals);
			return;
		}
	} else {
		(void)manager_match(requests_cfg(r)->manager, "all", request_add_goal, &q);
	}
	json_t *p = json_object();
	(void)json_object_set_new(p, "services", request_services(&q));
	(void)json_object_set_new(p, "supervisor", report_self(requests_cfg(r)->self, requests_cfg(r)->host));
	free(q.goals);
	session_reply(s, message_reply(p, false));
}

/* One that is to be deleted is on its way out: a start or a reload is about the others of its name, where there are some. */
static void leave_out_doomed(struct request *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->n; i++) {
		const struct service *s = manager_by_id(requests_cfg(q->all)->manager, q->goals[i].id);
		if (s && !s->doomed)
			q->goals[n++] = q->goals[i];
	}
	if (n > 0)
		q->n = n;
}

void call_targets(struct requests *r, struct session *s, const struct call *call, enum verb verb)
{
	json_t *targets = json_object_get(call->params, "targets");
	char cause[SERVICE_CAUSE_MAX];
	int sig = 0;

	if (verb == VERB_SIGNAL) {
		const char *name = json_string_value(json_object_get(call->params, "signal"));
		if (!name || parse_signal(name, &sig) < 0) {
			call_invalid(s, "signal: a name such as TERM or SIGUSR2, or a number");
			return;
		}
	}
	if (!json_is_array(targets) && verb != VERB_FLUSH) {
		call_invalid(s, "targets");
		return;
	}
	struct request *q = request_new(r, s, verb);
	if (!q) {
		session_reply(s, NULL);
		return;
	}
	if (!json_is_array(targets))
		(void)manager_match(requests_cfg(r)->manager, "all", request_add_goal, q);
	else if (!call_add_targets(r, q, targets, false)) {
		request_free(q);
		return;
	}
	if (verb == VERB_START || verb == VERB_RESTART || verb == VERB_RELOAD)
		leave_out_doomed(q);
	static const char *const words[VERB_MAX] = { [VERB_START] = "start", [VERB_STOP] = "stop",
						     [VERB_RESTART] = "restart", [VERB_DELETE] = "delete",
						     [VERB_RELOAD] = "reload" };
	(void)call_who(s, words[verb] ? words[verb] : "request", cause, sizeof(cause));
	if (verb == VERB_RESTART && json_is_array(json_object_get(call->params, "update_env")) &&
	    !call_renew(r, q, json_object_get(call->params, "update_env"), cause))
		return;
	for (size_t i = 0; i < q->n; i++) {
		struct service *v = manager_by_id(requests_cfg(r)->manager, q->goals[i].id);
		if (!v)
			continue;
		if (verb == VERB_START)
			service_start(v, cause);
		else if (verb == VERB_STOP)
			manager_stop(requests_cfg(r)->manager, v, cause);
		else if (verb == VERB_RESTART || verb == VERB_RELOAD) {
			v->stop_due &= v->doomed; /* the later word holds, but for what was deleted */
			if (verb == VERB_RESTART)
				service_restart(v, cause);
			else
				manager_reload_service(requests_cfg(r)->manager, v, json_is_true(json_object_get(call->params, "rolling")), cause);
			q->goals[i].rolls = v->roll_due;
		}
		else if (verb == VERB_DELETE)
			manager_delete(requests_cfg(r)->manager, v, cause);
		else if (verb == VERB_RESET)
			service_reset(v);
		else if (verb == VERB_FLUSH && v->out)
			logstream_flush(v->out);
		if (verb == VERB_FLUSH && v->err)
			logstream_flush(v->err);
		if (verb == VERB_SIGNAL && service_signal(v, sig) < 0) {
			char text[SERVICE_LABEL_MAX + 32];
			(void)text_format(text, sizeof(text), "%s: is not running", q->goals[i].name);
			(void)json_array_append_new(q->messages, json_string(text));
		}
	}
	if (verb == VERB_SIGNAL && json_array_size(q->messages)) {
		json_t *p = json_pack("{s:O, s:o}", "messages", q->messages, "services", request_services(q));
		request_finish(q, message_error(ERROR_NOT_DONE, p));
	} else if (verb == VERB_RESET || verb == VERB_SIGNAL) {
		request_answer(q);
	} else if (verb == VERB_FLUSH) {
		request_enlist(q);
		request_answer_synced(q);
	} else {
		request_enlist(q);
	}
}

void call_add_messages(struct request *q, const struct diag *diag)
{
	for (size_t i = 0; i < diag_count(diag); i++)
		(void)json_array_append_new(q->messages, json_string(diag_text(diag, i)));
}

char **call_strings(json_t *array)
{
	size_t i;
	json_t *v;
	char **ret = json_is_array(array) ? calloc(json_array_size(array) + 1, sizeof(*ret)) : NULL;

	if (!ret)
		return NULL;
	json_array_foreach(array, i, v) {
		ret[i] = (char *)json_string_value(v);
		if (!ret[i]) {
			free(ret);
			return NULL;
		}
	}
	return ret;
}

static void call_end(struct requests *r, struct session *s, const struct call *call, enum verb verb)
{
	char cause[SERVICE_CAUSE_MAX];
	const char *action = json_string_value(json_object_get(call->params, "action"));
	enum machine_end how = MACHINE_POWEROFF;

	if (verb == VERB_POWER) {
		if (!requests_cfg(r)->power) {
			call_error(s, ERROR_NOT_DONE,
				    json_pack("{s:[s], s:[]}", "messages",
					      "pm1 is not the init of a machine here; `pm1 kill` ends pm1", "services"));
			return;
		}
		if (action && strcmp(action, "reboot") == 0)
			how = MACHINE_REBOOT;
		else if (action && strcmp(action, "halt") == 0)
			how = MACHINE_HALT;
		else if (!action || strcmp(action, "poweroff") != 0) {
			call_invalid(s, "action: poweroff, reboot or halt");
			return;
		}
	} else if (requests_cfg(r)->power) {
		call_error(s, ERROR_NOT_DONE,
			    json_pack("{s:[s], s:[]}", "messages",
				      "pm1 is the init of this machine; use poweroff, reboot or halt", "services"));
		return;
	}
	struct request *q = request_new(r, s, verb);
	if (!q) {
		session_reply(s, NULL);
		return;
	}
	request_enlist(q);
	if (verb == VERB_POWER)
		requests_cfg(r)->power(requests_cfg(r)->ctx, how);
	else
		manager_shutdown(requests_cfg(r)->manager, 0, call_who(s, "kill", cause, sizeof(cause)));
}

static void call_info(struct session *s)
{
	session_reply(s, message_reply(json_pack("{s:s, s:s, s:s, s:s, s:[s,s]}", "vendor", "pm1", "product", "pm1", "version",
						 PM1_VERSION, "url", "", "interfaces", "org.varlink.service", "io.pm1"),
				       false));
}

static void call_description(struct session *s, const struct call *call)
{
	const char *interface = json_string_value(json_object_get(call->params, "interface"));

	if (!interface)
		call_invalid(s, "interface");
	else if (strcmp(interface, "io.pm1") != 0)
		call_error(s, ERROR_INTERFACE_NOT_FOUND, json_pack("{s:s}", "interface", interface));
	else
		session_reply(s, message_reply(json_pack("{s:s}", "description", verbs_interface), false));
}

void requests_called(struct requests *r, struct session *s, struct call *call)
{
	enum verb verb = verb_find(call->method);

	if (verb == VERB_MAX) {
		call_error(s, ERROR_METHOD_NOT_FOUND, json_pack("{s:s}", "method", call->method));
		return;
	}
	if (!requests_cfg(r)->trusts(requests_cfg(r)->ctx, session_cred(s))) {
		log_warning("control: uid %u may not call %s; refused", (unsigned int)session_cred(s)->uid, call->method);
		call_error(s, ERROR_DENIED, json_pack("{s:s}", "method", call->method));
		return;
	}
	if (manager_is_down(requests_cfg(r)->manager) &&
	    (verb == VERB_START || verb == VERB_RESTART || verb == VERB_RELOAD || verb == VERB_RELOAD_CONFIG ||
	     verb == VERB_SCALE)) {
		call_error(s, ERROR_BUSY, json_pack("{s:s}", "message", "pm1 is shutting down"));
		return;
	}
	switch (verb) {
	case VERB_PING:
		session_reply(s, message_reply(json_pack("{s:i, s:s}", "pid", (int)getpid(), "version", PM1_VERSION), false));
		return;
	case VERB_LIST:
		call_list(r, s, call);
		return;
	case VERB_START:
		call_start(r, s, call);
		return;
	case VERB_STOP:
	case VERB_RESTART:
	case VERB_RELOAD:
	case VERB_DELETE:
	case VERB_RESET:
	case VERB_FLUSH:
	case VERB_SIGNAL:
		call_targets(r, s, call, verb);
		return;
	case VERB_RELOAD_CONFIG:
		call_reload_config(r, s, call);
		return;
	case VERB_SCALE:
		call_scale(r, s, call);
		return;
	case VERB_DUMP:
		call_dump(r, s);
		return;
	case VERB_ENV:
		call_env(r, s, call);
		return;
	case VERB_EVENTS:
		events_call(requests_events(r), s, call);
		return;
	case VERB_REOPEN_LOGS:
		logpipe_reopen(requests_cfg(r)->host->logs);
		session_reply(s, message_reply(NULL, false));
		return;
	case VERB_KILL:
	case VERB_POWER:
		call_end(r, s, call, verb);
		return;
	case VERB_GET_INFO:
		call_info(s);
		return;
	case VERB_GET_INTERFACE_DESCRIPTION:
		call_description(s, call);
		return;
	case VERB_MAX:
		return;
	}
}
