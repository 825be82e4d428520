/* ask - every failure has one sentence, and the sentence names the cure where one is known. */
#include "tools/cli/ask.h"

#include "base/banned.h"
#include "base/log.h"
#include "base/own.h"
#include "tools/cli/look.h"
#include "tools/cli/out.h"

#include <errno.h>

#define TRIED_MAX 2048

static usec_t patience(enum verb v)
{
	switch (v) {
	case VERB_START:
	case VERB_STOP:
	case VERB_RESTART:
	case VERB_RELOAD:
	case VERB_DELETE:
	case VERB_RELOAD_CONFIG:
	case VERB_SCALE:
	case VERB_KILL:
	case VERB_POWER:
		return CLIENT_PATIENT;
	case VERB_PING:
	case VERB_LIST:
	case VERB_DUMP:
	case VERB_ENV:
	case VERB_EVENTS:
	case VERB_RESET:
	case VERB_FLUSH:
	case VERB_SIGNAL:
	case VERB_REOPEN_LOGS:
	case VERB_GET_INFO:
	case VERB_GET_INTERFACE_DESCRIPTION:
	case VERB_MAX:
		break;
	}
	return CLIENT_QUICK;
}

/* Messages of the supervisor stand as they are: they name their place themselves. */
void ask_messages(const json_t *params)
{
	size_t i;
	json_t *m;
	json_array_foreach(json_object_get(params, "messages"), i, m) {
		out_safe(stderr, json_is_string(m) ? json_string_value(m) : "?");
		(void)fputc('\n', stderr);
	}
}

static void no_such_service(const json_t *params)
{
	const char *target = look_str(params, "target", "?");
	const char *nearest = look_str(params, "nearest", NULL);
	if (strcmp(target, "all") == 0)
		out_error("there are no services");
	else if (nearest)
		out_error("no service '%s' (did you mean '%s'?)", target, nearest);
	else
		out_error("no service '%s'", target);
}

static int explain(const struct cli *c, enum verb v, const struct reply *r)
{
	if (strcmp(r->error, ERROR_NO_SUCH_SERVICE) == 0) {
		no_such_service(r->params);
	} else if (strcmp(r->error, ERROR_INVALID_CONFIG) == 0) {
		ask_messages(r->params);
		return EXIT_BAD_CONFIG;
	} else if (strcmp(r->error, ERROR_NOT_DONE) == 0) {
		if (json_array_size(json_object_get(r->params, "messages")) == 0)
			out_error("%s: not done", c->command->name);
		ask_messages(r->params);
	} else if (strcmp(r->error, ERROR_DENIED) == 0) {
		out_error("%s: denied: only root and pm1's own user may", c->command->name);
	} else if (strcmp(r->error, ERROR_BUSY) == 0) {
		out_error("%s: %s", c->command->name, look_str(r->params, "message", "pm1 is busy"));
	} else if (strcmp(r->error, ERROR_METHOD_NOT_FOUND) == 0) {
		out_error("this pm1 is of version " PM1_VERSION ", and the one that runs doesn't know %s: is it older?",
			  verb_info(v)->method);
	} else {
		cleanup_free char *params = json_dumps(r->params, JSON_COMPACT);
		out_error("%s: %s %s", c->command->name, r->error, params ? params : "");
	}
	return EXIT_NOT_DONE;
}

void ask_nobody(int err, const struct text *tried)
{
	if (err == -ETIMEDOUT)
		out_error("pm1 is there but takes no connection (%s)", tried->buf);
	else
		out_error("no pm1 is running (tried %s%s)", tried->buf, tried->cut ? ", ..." : "");
}

static void print_reply(const struct reply *r)
{
	if (!r->error) {
		out_json(r->params, true);
		return;
	}
	json_t *both = json_pack("{s:s, s:O}", "error", r->error, "parameters", r->params);
	if (both)
		out_json(both, true);
	json_decref(both);
}

int ask_raw(const struct cli *c, struct client *to, enum verb v, json_t *params, struct reply *ret)
{
	int err = client_call(to, v, params, patience(v), ret);
	if (err == 0)
		return EXIT_DONE;
	if (err == -ETIMEDOUT)
		out_error("%s: pm1 on %s did not answer in time; it may be stuck", c->command->name, to->path);
	else if (err == -EPIPE)
		out_error("%s: pm1 on %s closed the connection without an answer", c->command->name, to->path);
	else if (err == -EMSGSIZE)
		out_error("%s: too big for one call: shorten the command line or the environment", c->command->name);
	else if (err == -EBADMSG)
		out_error("%s: what answers on %s is no pm1", c->command->name, to->path);
	else
		out_error("%s: %s", c->command->name, err_text(err));
	return EXIT_NOT_DONE;
}

int ask_settle(const struct cli *c, enum verb v, struct reply *r)
{
	if (c->json)
		print_reply(r);
	if (!r->error)
		return EXIT_DONE;
	int code = explain(c, v, r);
	reply_done(r);
	return code;
}

int ask_over(struct cli *c, struct client *to, enum verb v, json_t *params, struct reply *ret)
{
	struct reply r = { 0 };
	int code = ask_raw(c, to, v, params, &r);
	if (code == EXIT_DONE)
		code = ask_settle(c, v, &r);
	if (code == EXIT_DONE)
		*ret = r;
	return code;
}

int ask(struct cli *c, enum verb v, json_t *params, struct reply *ret)
{
	char buf[TRIED_MAX];
	struct text tried = TEXT_INIT(buf);
	struct client client;
	int r = client_open(&client, c->socket, &tried);
	if (r < 0) {
		json_decref(params);
		ask_nobody(r, &tried);
		return EXIT_NOT_DONE;
	}
	int code = ask_over(c, &client, v, params, ret);
	client_close(&client);
	return code;
}

json_t *ask_words(const struct cli *c, size_t from)
{
	json_t *a = json_array();
	for (size_t i = from; a && i < c->given.nwords; i++) {
		/* json_string() wants UTF-8; no service has another name. */
		json_t *s = json_string(c->given.words[i]);
		if (json_array_append_new(a, s ? s : json_string("?")) < 0) {
			json_decref(a);
			return NULL;
		}
	}
	return a;
}

int ask_list(struct cli *c, bool brief, struct reply *ret)
{
	bool json = c->json;
	c->json = false;
	json_t *params = c->given.nwords ? json_pack("{s:o, s:b}", "targets", ask_words(c, 0), "brief", brief) :
					   json_pack("{s:b}", "brief", brief);
	int code = ask(c, VERB_LIST, params, ret);
	c->json = json;
	return code;
}
