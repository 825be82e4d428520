/* datagrams - what a process has read from a UDP socket that others have too. */
#ifndef PM1_OS_DATAGRAMS_H
#define PM1_OS_DATAGRAMS_H

#include "base/clock.h"

/* When the last datagram that somebody has read came, by the wall clock. The kernel notes it from the first question on; of one from before it
 * knows no time, and says now, once. 0; -ENOENT: none was read; -errno. Where a program asks for time stamps of its own (SO_TIMESTAMP) the
 * kernel gives them to it instead. */
int datagrams_read(int fd, usec_t *ret);
/* Whether one waits to be read: 1, 0, -errno. */
int datagrams_wait(int fd);

#endif
