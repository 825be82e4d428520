/* sockdiag - questions to the kernel about sockets of this network namespace (NETLINK_SOCK_DIAG). No privilege is needed.
 *
 * An answer is read as far as it is there: nothing here waits. */
#ifndef PM1_OS_SOCKDIAG_H
#define PM1_OS_SOCKDIAG_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/* Is called for each message of the answer; what it returns below 0 ends the reading, and is returned. */
typedef int (*sockdiag_fn)(void *ctx, const struct nlmsghdr *h);

/* `req` begins with its family. flags: NLM_F_DUMP for all that match, 0 for one. 0 when the whole answer was read, or -errno: -ENOENT no such
 * socket, or no such question to this kernel; -EOVERFLOW: the answer has no end; -EAGAIN, -ENOBUFS: it did not come whole. */
int sockdiag_ask(uint16_t flags, const void *req, size_t n, sockdiag_fn fn, void *ctx);

/* The attribute of that type behind a message's body of `body` bytes, if it holds `size` bytes; NULL. */
const struct nlattr *sockdiag_attr(const struct nlmsghdr *h, size_t body, uint16_t type, size_t size);

#endif
