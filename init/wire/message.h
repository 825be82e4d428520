/* message - varlink calls and replies, encoded and decoded.
 *
 * https://varlink.org/Service: {"method":"io.pm1.List","parameters":{},"more":true} and
 * {"parameters":{}}, {"error":"io.pm1.NoSuchService","parameters":{}}, "continues":true for streams. */
#ifndef PM1_WIRE_MESSAGE_H
#define PM1_WIRE_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct call {
	char *method; /* owned */
	json_t *params; /* owned reference; an object, empty when none was given */
	bool more, oneway;
};
/* 0, -EBADMSG (not a call), -ENOMEM. Unknown members are passed over: versions differ. */
int message_parse_call(const char *text, size_t n, struct call *ret);
void call_done(struct call *c);

struct reply {
	char *error; /* owned, NULL: none */
	json_t *params; /* owned reference; an object */
	bool continues;
};
int message_parse_reply(const char *text, size_t n, struct reply *ret);
void reply_done(struct reply *r);

/* malloc'ed JSON text, or NULL without memory. Each takes the reference to params (NULL: none). */
char *message_call(const char *method, json_t *params, bool more);
char *message_reply(json_t *params, bool continues);
char *message_error(const char *error, json_t *params);

#endif
