/* session - one client of the control socket.
 *
 * Messages in, replies out, both bounded in size and in time. One call at a time: the next is not read
 * until the last one is answered. Who asks is known from SO_PEERCRED. */
#ifndef PM1_CONTROL_SESSION_H
#define PM1_CONTROL_SESSION_H

#include "loop/loop.h"
#include "wire/message.h"

#include <stdbool.h>
#include <sys/socket.h>

#define SESSION_HALF_MAX (10 * USEC_SEC) /* for the rest of a request, or to take the rest of a reply */
#define SESSION_IDLE_MAX (60 * USEC_SEC) /* connected without asking anything */

struct session;

struct session_config {
	struct loop *loop;
	void *ctx;
	/* A well-formed call; `call` is borrowed. Answer with session_reply(), now or later. */
	void (*called)(void *ctx, struct session *s, struct call *call);
	/* The client is gone, or was dropped. The session frees itself after this. */
	void (*gone)(void *ctx, struct session *s);
};

/* Takes fd, also on failure. */
int session_new(const struct session_config *cfg, int fd, struct session **ret);
void session_free(struct session *s); /* without `gone` being called; NULL is fine */
/* Takes the malloc'ed message; NULL (no memory for it) drops the client. */
void session_reply(struct session *s, char *message);
/* One of several replies: the call goes on. Takes the message. Drops the client, with `gone` called, when that makes more than `most` bytes
 * that it hasn't read, or without memory. */
void session_continue(struct session *s, char *message, size_t most);
/* Since when nothing has been asked of us (a moment of clock_mono()); USEC_NEVER: a call is being worked on, or waits to be read. */
usec_t session_idle_since(const struct session *s);
/* Ends it as if the client had gone: `gone` is called. */
void session_drop(struct session *s);
const struct ucred *session_cred(const struct session *s);
/* Before pm1 ends: writes once more what waits. */
void session_flush(struct session *s);

#endif
