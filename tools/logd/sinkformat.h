/* sinkformat - one log line as the other side of a sink wants it.
 *
 * syslog: RFC 5424 with microseconds in UTC, facility daemon, severity info for stdout and err for stderr; the text as it is, any
 * bytes (MSG-ANY, no byte order mark); MSGID says "partial" when the line goes on in the next message. journal: systemd's native
 * protocol, the message in its form with a length, so that it may hold any bytes; PM1_PARTIAL=1 when the line goes on. tcp, udp: a
 * JSON object (line.h), with a newline behind it on tcp. */
#ifndef PM1_LOGD_SINKFORMAT_H
#define PM1_LOGD_SINKFORMAT_H

#include "base/sinkaddr.h"
#include "tools/logd/line.h"

#include <stddef.h>

#define SINKFORMAT_MAX(n) (LINE_JSON_MAX(n) + 1) /* enough for a line of n bytes, whatever the sink */

/* Bytes written, without a NUL; 0: no room. `host` is syslog's HOSTNAME, "" unknown. */
size_t sinkformat(enum sink_kind kind, const struct line *l, const char *host, char *buf, size_t size);

#endif
