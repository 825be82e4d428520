/* listening - which sockets are listened on, and by whom, as /proc tells it.
 *
 * No connection is made: the program sees nothing of being looked at. Looked at is the network namespace of a given process. */
#ifndef PM1_OS_LISTENING_H
#define PM1_OS_LISTENING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct listening_at {
	const char *path; /* of a unix socket, or "@name"; NULL: TCP */
	int family; /* AF_INET, AF_INET6, or 0: any address */
	uint8_t address[16];
	uint16_t port;
};

#define LISTENING_MAX 16 /* sockets of one port or path that are looked at: SO_REUSEPORT and both families */

/* The inodes of sockets that listen there, in the namespace of `pid` (0: ours). How many, at most LISTENING_MAX; -errno without /proc. */
ssize_t listening_find(pid_t pid, const struct listening_at *at, uint64_t *ret);

/* Whether a process holds one of these sockets: 1, 0; -EACCES: it may not be asked; or another -errno. */
int listening_held(pid_t pid, const uint64_t *inodes, size_t n);

#endif
