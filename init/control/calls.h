/* calls - what the handlers of the methods share: calls.c has those that act on services, calls_start.c those that bring some up,
 * calls_change.c those about the list itself. */
#ifndef PM1_CONTROL_CALLS_H
#define PM1_CONTROL_CALLS_H

#include "control/request.h"

/* Each answers the session; call_error() takes the reference to params. */
void call_error(struct session *s, const char *error, json_t *params);
void call_invalid(struct session *s, const char *parameter);
void call_faults(struct session *s, const struct diag *diag);
/* Adds the services of all targets as goals. False: an answer has been given. `all_fine`: "all" with no service is no error. */
bool call_add_targets(struct requests *r, struct request *q, json_t *targets, bool all_fine);
void call_add_messages(struct request *q, const struct diag *diag);
/* "restart by uid 0 (pid 12)", in buf. */
const char *call_who(const struct session *s, const char *verb, char *buf, size_t size);
/* The strings of a JSON array, borrowed from it, in a NULL-ended vector; NULL when it isn't an array of strings. */
char **call_strings(json_t *array);

/* stop, restart, delete, start of known ones, reset, flush, signal: one act for each service, then the wait. */
void call_targets(struct requests *r, struct session *s, const struct call *call, enum verb verb);
void call_start(struct requests *r, struct session *s, const struct call *call);
void call_reload_config(struct requests *r, struct session *s, const struct call *call);
void call_scale(struct requests *r, struct session *s, const struct call *call);
void call_dump(struct requests *r, struct session *s);
void call_env(struct requests *r, struct session *s, const struct call *call);
/* The services of the goals get new specs, with the environment `env` where they have one. False: an answer has been given and q is gone. */
bool call_renew(struct requests *r, struct request *q, json_t *env, const char *cause);

#endif
