/* request - one call that waits until what it asked for is true.
 *
 * Names the services it is about, as goals; look_at() says for each whether it is where it was
 * asked to be. Answered once, then gone. Used by requests.c (the waiting) and calls.c (the asking). */
#ifndef PM1_CONTROL_REQUEST_H
#define PM1_CONTROL_REQUEST_H

#include "control/requests.h"
#include "wire/verbs.h"

struct goal {
	int id; /* the service */
	enum verb verb; /* what is to become of it; the request's own, unless somebody says another */
	uint64_t runs; /* its count of successful execs when it was asked */
	bool gone; /* of a scale: it is to go */
	uint64_t reloads; /* and of reloads */
	bool rolls; /* of a reload: another process takes its place, and that the old one is gone counts */
	uint64_t cut; /* connections that reloads had cut by then */
	char name[SERVICE_LABEL_MAX];
};

struct request {
	struct request *next;
	struct requests *all; /* borrowed */
	struct session *session; /* borrowed; NULL: the client is gone */
	enum verb verb;
	struct goal *goals; /* owned */
	size_t n, cap;
	json_t *messages; /* owned: what to tell beside the services */
	bool brief; /* the services in short */
	bool syncing; /* the goals are reached, the logs are being written out */
};

struct events;
struct events *requests_events(const struct requests *r);
const struct requests_config *requests_cfg(const struct requests *r);

/* Not in the list yet; NULL without memory. */
struct request *request_new(struct requests *r, struct session *s, enum verb verb);
void request_free(struct request *q); /* NULL is fine; not for one in the list */
/* Adds a service once; `ctx` is the request: the callback of manager_match(). */
void request_add_goal(void *ctx, struct service *s);
void request_enlist(struct request *q); /* from here it is answered by itself */
/* Answers and frees it, in the list or not. Takes `message`. */
void request_finish(struct request *q, char *message);
void request_answer(struct request *q); /* with the services as they are, and the messages */
/* Waits for the logs of all services to be written out first, for a moment. Must be in the list. */
void request_answer_synced(struct request *q);
json_t *request_services(const struct request *q); /* a new reference */

#endif
