/* client - one connection to the supervisor, one call at a time.
 *
 * Finds the socket by the same list the supervisor takes its place from (base/places.h): of this user,
 * and for root also of the user whose process is PID 1, which is the container's pm1 when it was
 * started with --user. Nothing here waits without a bound. */
#ifndef PM1_CLI_CLIENT_H
#define PM1_CLI_CLIENT_H

#include "base/clock.h"
#include "base/text.h"
#include "wire/message.h"
#include "wire/verbs.h"

#define CLIENT_QUICK (10 * USEC_SEC) /* for an answer that needs no waiting; a wedged pm1 is told from a busy one */
#define CLIENT_PATIENT (10 * USEC_MIN) /* for start, stop and their like: pm1 itself bounds them by kill_timeout */

struct client {
	int fd; /* owned, -1: none */
	char path[256]; /* of the socket, as a person reads it */
};

/* Connects to the first socket that answers; `socket` (NULL: search) is then the only one. What was tried goes to
 * *tried, "PATH: reason" each. 0; -ENOENT: nothing answered; -ETIMEDOUT: one is there and doesn't accept. */
int client_open(struct client *c, const char *socket, struct text *tried);
void client_close(struct client *c);
void client_pause(usec_t span); /* for what the kernel sends no event for */

/* Takes the reference to params. 0 with the reply (an error reply too), -ETIMEDOUT, -EPIPE (closed without a
 * reply), -EMSGSIZE (the call is too big), -EBADMSG (the answer is no reply), -ENOMEM. */
int client_call(struct client *c, enum verb v, json_t *params, usec_t within, struct reply *ret);

/* A call that is answered again and again, until the other side closes the connection or says that this was the last: fn is called for each
 * reply, an error reply too, and returns whether to go on. Takes the reference to params. 0, or as client_call() when the first reply doesn't come. */
int client_stream(struct client *c, enum verb v, json_t *params, bool (*fn)(void *ctx, const struct reply *r), void *ctx);

/* Waits until the other side has closed the connection: pm1 does that as the last thing of its life. */
void client_wait_end(struct client *c, usec_t within);

#endif
