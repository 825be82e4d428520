/* server - the control socket: who may connect, and how many.
 *
 * A lock file beside the socket decides which pm1 owns it; a live socket is never unlinked. Mode 0600, or 0660
 * with `control_group`. When all places are taken the client idle for the longest time gives way. With all fds used up it refuses clients politely by a reserve fd and goes on. */
#ifndef PM1_CONTROL_SERVER_H
#define PM1_CONTROL_SERVER_H

#include "control/session.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <sys/types.h>

#define SERVER_CLIENTS_MAX 64
#define SERVER_ACCEPTS_PER_WAKEUP 16

struct server;

struct server_config {
	struct loop *loop;
	const char *path; /* of the socket, "@name" for an abstract one */
	gid_t group; /* may connect too; (gid_t)-1: nobody */
	void *ctx;
	void (*called)(void *ctx, struct session *s, struct call *call);
	void (*gone)(void *ctx, struct session *s);
};

/* 0; -EADDRINUSE: another pm1 owns that socket; -EEXIST: something that is no socket is there, a symlink too; or the -errno of making it (-EROFS, -EACCES: try another place). */
int server_new(const struct server_config *cfg, struct server **ret);
/* Sends what waits once more, closes all clients, removes the socket. NULL is fine. */
void server_free(struct server *s);
const char *server_path(const struct server *s);
/* Whether the file's mode has let this client in on purpose: root, pm1's own user, or the control group. */
bool server_trusts(const struct server *s, const struct ucred *cred);

#endif
