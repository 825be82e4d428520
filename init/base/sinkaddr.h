/* sinkaddr - where log lines go beyond files: one word of `log_sink`.
 *
 * Numeric addresses alone: neither PID 1 nor logd ever waits for a name server. */
#ifndef PM1_BASE_SINKADDR_H
#define PM1_BASE_SINKADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

enum sink_kind { SINK_SYSLOG, SINK_JOURNAL, SINK_TCP, SINK_UDP };

struct sinkaddr {
	enum sink_kind kind;
	socklen_t len; /* bytes of `to` */
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} to;
};

#define SINKADDR_ALLOWED "syslog:unix, syslog:unix:/PATH, journal, journal:/PATH, tcp:ADDRESS:PORT, udp:ADDRESS:PORT, none"

/* NULL, and the address is stored; or what is wrong, as static text. */
const char *sinkaddr_parse(const char *word, struct sinkaddr *ret);
bool sinkaddr_equal(const struct sinkaddr *a, const struct sinkaddr *b); /* two words may mean the same place */

#endif
