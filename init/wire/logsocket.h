/* logsocket - one packet with its descriptors over the pair between PID 1 and logd. */
#ifndef PM1_WIRE_LOGSOCKET_H
#define PM1_WIRE_LOGSOCKET_H

#include "wire/logwire.h"

#include <stddef.h>

/* 0, -EAGAIN (full), -EPIPE (nobody there), or sendmsg's error. Never waits. */
int logsocket_send(int sock, const struct logwire_packet *p, const int *fds, size_t n_fds);
/* 1: a packet; the descriptors that came with it are stored (at most LOGWIRE_FDS_MAX; owned by the caller) when ret_fds isn't NULL, else closed.
 * 0: end of file; -EAGAIN; -EBADMSG (not a packet of this version); or recvmsg's error. Never waits. */
int logsocket_recv(int sock, struct logwire_packet *ret, int *ret_fds, size_t *ret_n_fds);
/* What the error of a TROUBLE means for a log file; ENXIO: what is there is no regular file. */
const char *logsocket_trouble_text(int error);

#endif
