/* conns - who is connected to an address of ours, and which processes hold the connections.
 *
 * By sock_diag (no privilege, and TCP without a walk through all sockets), else by /proc/net. TCP and unix streams; UDP has no connections. */
#ifndef PM1_OS_CONNS_H
#define PM1_OS_CONNS_H

#include "model/listen.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct conn {
	uint64_t id; /* the kernel's cookie of the socket, or a hash of its two ends: the same as long as it lives */
	uint64_t inode; /* 0: nobody has accepted it yet */
	bool half; /* the handshake isn't over */
};

struct conns {
	struct conn *v; /* owned */
	size_t n;
};

/* All connections whose local end is one of these addresses, but those we closed already (no inode and past ESTABLISHED), and those to unix
 * sockets that nobody has accepted. 0, -errno. */
int conns_list(const struct listen_at *const *at, size_t n, struct conns *ret);
void conns_done(struct conns *c);
/* How many of them these processes hold. *ret_hidden (may be NULL): some process may not be looked at (another user's, in a container). */
size_t conns_held(const struct conns *c, const pid_t *pids, size_t n, bool *ret_hidden);
/* How many of `before` are there still. */
size_t conns_left(const struct conns *before, const struct conns *now);

#endif
