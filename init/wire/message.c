/* message - one JSON object a message, in varlink's shape.
 *
 * jansson checks the text: UTF-8, no NUL in a string, nesting at most 2048 deep. Two members of
 * one name are refused: which of them counts would be the reader's guess. */
#include "wire/message.h"

#include "base/banned.h"
#include "base/own.h"

#include <errno.h>

DEFINE_CLEANUP(json_t *, json_decref)

static int load_object(const char *text, size_t n, json_t **ret)
{
	json_error_t err;
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &err);
	if (!root)
		return json_error_code(&err) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
	if (!json_is_object(root)) {
		json_decref(root);
		return -EBADMSG;
	}
	*ret = root;
	return 0;
}

/* A missing or null member is false; another type than a boolean is a fault. */
static int get_flag(const json_t *root, const char *key, bool *ret)
{
	const json_t *v = json_object_get(root, key);
	if (v && !json_is_boolean(v) && !json_is_null(v))
		return -EBADMSG;
	*ret = json_is_true(v);
	return 0;
}

/* A new reference to the parameters; an empty object for a missing or null member. */
static int get_params(const json_t *root, json_t **ret)
{
	json_t *v = json_object_get(root, "parameters");
	if (v && !json_is_null(v) && !json_is_object(v))
		return -EBADMSG;
	json_t *params = json_is_object(v) ? json_incref(v) : json_object();
	if (!params)
		return -ENOMEM;
	*ret = params;
	return 0;
}

int message_parse_call(const char *text, size_t n, struct call *ret)
{
	cleanup_with(json_decref) json_t *root = NULL;
	int r = load_object(text, n, &root);
	if (r < 0)
		return r;
	const char *method = json_string_value(json_object_get(root, "method"));
	if (!method || !*method)
		return -EBADMSG;
	struct call c = { 0 };
	r = get_flag(root, "more", &c.more);
	if (r == 0)
		r = get_flag(root, "oneway", &c.oneway);
	if (r == 0)
		r = get_params(root, &c.params);
	if (r < 0)
		return r;
	c.method = strdup(method);
	if (!c.method) {
		call_done(&c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

void call_done(struct call *c)
{
	free(c->method);
	json_decref(c->params);
	*c = (struct call){ 0 };
}

int message_parse_reply(const char *text, size_t n, struct reply *ret)
{
	cleanup_with(json_decref) json_t *root = NULL;
	int r = load_object(text, n, &root);
	if (r < 0)
		return r;
	const json_t *error = json_object_get(root, "error");
	if (error && !json_is_string(error) && !json_is_null(error))
		return -EBADMSG;
	struct reply p = { 0 };
	r = get_flag(root, "continues", &p.continues);
	if (r == 0)
		r = get_params(root, &p.params);
	if (r < 0)
		return r;
	if (json_is_string(error)) {
		p.error = strdup(json_string_value(error));
		if (!p.error) {
			reply_done(&p);
			return -ENOMEM;
		}
	}
	*ret = p;
	return 0;
}

void reply_done(struct reply *r)
{
	free(r->error);
	json_decref(r->params);
	*r = (struct reply){ 0 };
}

/* {NAME: value, "parameters": params, FLAG: true}; `name` and the flag may be left out. */
static char *encode(const char *name, const char *value, json_t *params, const char *flag)
{
	cleanup_with(json_decref) json_t *own = params ? params : json_object();
	cleanup_with(json_decref) json_t *root = json_object();
	if (!own || !root)
		return NULL;
	if (name && json_object_set_new(root, name, json_string(value)) < 0)
		return NULL;
	if (json_object_set(root, "parameters", own) < 0)
		return NULL;
	if (flag && json_object_set_new(root, flag, json_true()) < 0)
		return NULL;
	return json_dumps(root, JSON_COMPACT);
}

char *message_call(const char *method, json_t *params, bool more)
{
	return encode("method", method, params, more ? "more" : NULL);
}

char *message_reply(json_t *params, bool continues)
{
	return encode(NULL, NULL, params, continues ? "continues" : NULL);
}

char *message_error(const char *error, json_t *params)
{
	return encode("error", error, params, NULL);
}
