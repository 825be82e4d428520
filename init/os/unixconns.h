/* unixconns - the connections of a unix socket's path, as the kernel lists them. */
#ifndef PM1_OS_UNIXCONNS_H
#define PM1_OS_UNIXCONNS_H

#include "model/listen.h"

#include <stddef.h>
#include <stdint.h>

struct unixconn {
	uint64_t id; /* the kernel's cookie of the socket, or its inode: the same as long as it lives */
	uint64_t inode;
};

typedef int (*unixconns_fn)(void *ctx, const struct unixconn *c); /* what it returns below 0 ends the listing, and is returned */

/* The server's ends of connections to these addresses, without those that nobody has accepted yet, of which sock_diag doesn't tell;
 * addresses of other kinds are left out. By sock_diag, and by /proc/net/unix. 0, -errno; of sock_diag as sockdiag_ask(). */
int unixconns_ask(const struct listen_at *const *at, size_t n, unixconns_fn fn, void *ctx);
int unixconns_read(const struct listen_at *const *at, size_t n, unixconns_fn fn, void *ctx);

#endif
