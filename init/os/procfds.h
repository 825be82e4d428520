/* procfds - the sockets that a process holds, by /proc/PID/fd. */
#ifndef PM1_OS_PROCFDS_H
#define PM1_OS_PROCFDS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCFDS_MAX 65536 /* descriptors of one process that are looked at */

typedef bool (*procfds_fn)(void *ctx, uint64_t inode); /* false: enough */

/* Calls fn for each of them; when the process may not be looked at, once more with its owner's ids for files, so some may come twice.
 * 0; -E2BIG: it has more descriptors than that; -EACCES: not all could be seen; -ENOENT: it is gone; another -errno. */
int procfds_sockets(pid_t pid, procfds_fn fn, void *ctx);

#endif
