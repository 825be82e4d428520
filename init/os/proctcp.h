/* proctcp - one line of /proc/net/tcp or tcp6. */
#ifndef PM1_OS_PROCTCP_H
#define PM1_OS_PROCTCP_H

#include <stdbool.h>
#include <stdint.h>

struct proctcp {
	uint8_t local[16]; /* 4 or 16 bytes, as in a sockaddr; the rest 0 */
	uint8_t remote[16];
	uint16_t local_port;
	uint16_t remote_port;
	unsigned int state; /* TCP_ESTABLISHED and so on */
	uint64_t inode; /* 0: no descriptor */
};

/* `six`: of tcp6. False: it is the heading, or not understood. */
bool proctcp_parse(const char *line, bool six, struct proctcp *ret);

#endif
