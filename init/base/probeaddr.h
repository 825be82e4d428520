/* probeaddr - what a health check asks: the value of `health`, `liveness` and `readiness`.
 *
 * "exec:COMMAND", "http://ADDRESS[:PORT][/PATH]", "tcp:ADDRESS:PORT", "unix:/PATH" or "none". An address is numeric, or localhost,
 * which is 127.0.0.1 and then ::1: nobody waits for a name server. */
#ifndef PM1_BASE_PROBEADDR_H
#define PM1_BASE_PROBEADDR_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

enum probe_kind { PROBE_NONE, PROBE_EXEC, PROBE_HTTP, PROBE_TCP, PROBE_UNIX };

#define PROBEADDR_ALLOWED "exec:COMMAND, http://ADDRESS:PORT/PATH, tcp:ADDRESS:PORT, unix:/PATH or none"
#define PROBEADDR_HOST_MAX 64 /* "[ADDRESS]:PORT", as the Host: of a request */

struct probeaddr {
	enum probe_kind kind;
	const char *rest; /* exec: the command; http: the path with its query, "" for /. Inside the text that was parsed */
	size_t n; /* places to try, in this order */
	struct {
		socklen_t len; /* bytes of `a` */
		union {
			struct sockaddr any;
			struct sockaddr_un un;
			struct sockaddr_in in;
			struct sockaddr_in6 in6;
		} a;
	} to[2];
	char host[PROBEADDR_HOST_MAX]; /* http: as it was written */
};

/* NULL, and *ret is stored; or what is wrong, as static text. */
const char *probeaddr_parse(const char *text, struct probeaddr *ret);

#endif
