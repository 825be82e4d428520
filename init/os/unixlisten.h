/* unixlisten - a unix socket that listens, and its file. */
#ifndef PM1_OS_UNIXLISTEN_H
#define PM1_OS_UNIXLISTEN_H

#include "model/listen.h"
#include "os/listener.h"

#include <stdint.h>
#include <sys/types.h>

struct unixfile { /* which file it is, so that nobody else's is unlinked; ino 0: none */
	dev_t dev;
	ino_t ino;
};

/* Listens at the path or the abstract name. A socket's file that nobody listens at any more is taken away first; mode and owner are in place
 * before anybody can connect. 0, and the descriptor is the caller's; or -errno as of listener_join(), with nothing left behind. */
int unixlisten_open(const struct listen_at *at, const struct listener_options *o, int *ret, struct unixfile *ret_file);
/* Unlinks the file if it is this one still. */
void unixlisten_unlink(const struct listen_at *at, const struct unixfile *file);
/* How many connections nobody has accepted; at least: one, where the kernel has no unix_diag. -errno. */
ssize_t unixlisten_waiting(int fd, uint64_t inode);

#endif
