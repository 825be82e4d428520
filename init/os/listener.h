/* listener - the sockets that pm1 holds at one address.
 *
 * TCP, and UDP where each instance has its own: a group of SO_REUSEPORT sockets, one a seat, and a classic BPF program on the group that
 * sends new connections to the seats in service alone, at random and so evenly (SO_ATTACH_REUSEPORT_CBPF, no privilege needed); the
 * datagrams of one sender stay together. The kernel numbers members in the order of listen() (UDP: bind) and gives the number of one that
 * leaves to the last: we keep the same list.
 * Else (`shared`, unix): one socket, and every seat is that one. pm1 keeps its descriptors open, so a socket outlives every process. */
#ifndef PM1_OS_LISTENER_H
#define PM1_OS_LISTENER_H

#include "model/listen.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct listener;

struct listener_options {
	int backlog; /* connections that may wait in each queue; the kernel cuts it to net.core.somaxconn */
	bool shared; /* one socket for all seats */
	bool v6only;
	int mode; /* of a unix socket's file, -1: 0666 */
	uid_t uid; /* its owner, (uid_t)-1: as pm1 */
	gid_t gid;
};

/* Nothing is bound yet; the first seat does it. */
int listener_new(const struct listen_at *at, const struct listener_options *o, struct listener **ret); /* copies both; -ENOMEM */
void listener_free(struct listener *l); /* closes all, unlinks the path of a unix socket; NULL is fine */
const struct listen_at *listener_at(const struct listener *l);

/* A new seat, bound and listening, not in service: 0 and its number, which stays until it leaves. -EADDRINUSE: another process, or a
 * listener of ours, is there (asked before SO_REUSEPORT could let us in beside it); -EEXIST: something that is no socket is at the path;
 * -EACCES, -EADDRNOTAVAIL, -EMFILE (scarce, sys_fd_is_scarce()), -ENOMEM. */
int listener_join(struct listener *l, unsigned int *ret_seat);
/* Closes it: what waits in its queue is reset, unless net.ipv4.tcp_migrate_req is on. The last seat of a shared socket closes that. TCP: the
 * listening ends at once, whoever holds the socket still. UDP: a process that holds it keeps it in the group, so those have to be gone. */
void listener_leave(struct listener *l, unsigned int seat);
/* Whether new connections go there. With no seat in service they go to any. 0, or -errno: the program could not be attached, and the
 * kernel's hash spreads them over all seats; -ESTALE: programs ended the listening of several seats at once, and the others' numbers are
 * not known any more. For a shared socket it is only remembered. */
int listener_serve(struct listener *l, unsigned int seat, bool on);
bool listener_steers(const struct listener *l); /* seats have sockets of their own, and the program is in place */

int listener_fd(const struct listener *l, unsigned int seat); /* borrowed; nonblocking or not as the last user left it */
uint64_t listener_inode(const struct listener *l, unsigned int seat);
uint64_t listener_file(const struct listener *l); /* the inode of a unix socket's file, as it was made; 0: there is none */
/* A program may have ended the listening (shutdown): it is begun again, unless UDP. 1: that was needed; 0; -errno. A queue that a program's
 * own listen() has made shorter is as long as it was again. A unix socket is a new one then, so that listener_fd() has to be asked anew. */
int listener_mend(struct listener *l, unsigned int seat);
/* Connections in its queue that nobody has accepted; 0 for UDP. -errno. */
ssize_t listener_waiting(const struct listener *l, unsigned int seat);

#endif
