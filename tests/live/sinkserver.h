/* sinkserver - the other side of log_sink in live tests: real sockets in the folder of the test, and on the loopback. */
#ifndef PM1_TESTS_SINKSERVER_H
#define PM1_TESTS_SINKSERVER_H

#include "tests/live/live.h"

#include <stdint.h>

/* A datagram socket at the path; what was there is replaced. */
int server_unix(const char *path);
/* On 127.0.0.1 with *port, or with a port that is free and stored there. A tcp one doesn't listen yet. */
int server_inet(int type, uint16_t *port);
int server_accept(int listener); /* waits */

/* What came on a socket: `text` is all of it, NUL-ended, each datagram as it is. */
struct heard {
	int fd;
	char *text;
	size_t len, datagrams;
};
/* Reads until all there is holds `part` (which may be ""), bytes of `part_n`. Fails the test when it doesn't come. */
void hear(struct heard *h, const char *part, size_t part_n);
void hear_text(struct heard *h, const char *part);
size_t heard_count(const struct heard *h, const char *part);

#endif
