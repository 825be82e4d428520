/* ready - what makes a service ready, as the key `ready` has it.
 *
 * Pure: text to a struct that points into it. */
#ifndef PM1_MODEL_READY_H
#define PM1_MODEL_READY_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct spec;

enum ready_kind {
	READY_EXEC, /* it runs */
	READY_NOTIFY, /* it says READY=1 to NOTIFY_SOCKET */
	READY_FD, /* it writes a newline to a descriptor, as s6 has it */
	READY_IPC, /* a Node program says process.send('ready'), as PM2 has it */
	READY_TCP, /* it listens on a port */
	READY_UNIX, /* it listens on a unix socket */
	READY_FILE, /* a file is there that wasn't, or another than was */
	READY_LOG, /* it writes a line that matches */
	READY_LISTEN, /* it listens on every tcp and unix socket that is held for it */
};

#define READY_FD_LAST 255
#define READY_PATTERN_MAX 255 /* bytes of an extended regular expression; it goes to logd in a packet */
#define READY_ALLOWED "exec, notify, fd:N, ipc, listen, tcp:PORT, tcp:ADDRESS:PORT, unix:PATH, file:PATH or log:REGEX"
#define READY_TEXT_MAX 384 /* bytes of ready_text() */

struct ready {
	enum ready_kind kind;
	int fd;
	int family; /* AF_INET, AF_INET6, or 0: any address */
	uint8_t address[16];
	uint16_t port;
	const char *arg; /* a path, "@name" of an abstract socket, or a pattern; borrowed from the text */
};

/* NULL, or what is wrong with it (static text). A NULL text is READY_EXEC. */
const char *ready_parse(const char *text, struct ready *ret);
const char *ready_pattern_fault(const char *pattern);
/* For people: "when it says READY=1"; what it is that hasn't come: "it never said READY=1". */
void ready_text(const struct ready *r, struct text *t);
void ready_missing(const struct ready *r, struct text *t);
/* Whether a service has a socket for sd_notify(). */
bool ready_has_socket(const struct spec *s);

#endif
