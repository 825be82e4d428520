/* line - a line of a log, or a part of a long one, as a JSON object.
 *
 *   {"time":"2026-11-24T10:11:12.123456Z","service":"web","instance":0,"stream":"stdout","pid":12,"message":"text"}
 *
 * "partial":true follows where the line goes on in the next object. No byte is lost: control bytes are escaped as JSON does it;
 * bytes that are no UTF-8 read U+FFFD in "message", and then "message_base64" holds the text exactly as it was. */
#ifndef PM1_LOGD_LINE_H
#define PM1_LOGD_LINE_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct line {
	const char *service;
	uint32_t instance;
	bool err; /* standard error */
	pid_t pid;
	usec_t time; /* wall */
	const char *text; /* without its newline */
	size_t n;
	bool partial; /* it goes on in the next one */
};

#define LINE_TIME_MAX 32 /* "2026-11-24T10:11:12.123456Z" and its NUL */
#define LINE_NAME_MAX 80 /* bytes of a service's name */
#define LINE_HEAD_MAX (6 * LINE_NAME_MAX + 160) /* the name, each byte escaped, and the rest */
/* Bytes that always suffice for the text part of n bytes, and for a whole object: six a byte (\u0001), and base64 of all. */
#define LINE_TEXT_MAX(n) (8 * (size_t)(n) + 64)
#define LINE_JSON_MAX(n) (LINE_HEAD_MAX + LINE_TEXT_MAX(n))

/* A whole object, without a newline. Bytes written; 0: no room. */
size_t line_json(const struct line *l, char *buf, size_t size);
/* Its two halves: all up to the message (the same for all lines of a piece), then the message and the end. 0: no room. */
size_t line_json_head(const struct line *l, char *buf, size_t size);
size_t line_json_text(const char *text, size_t n, bool partial, char *buf, size_t size);

/* UTC with microseconds, as in RFC 3339; returns buf. */
const char *line_time(usec_t wall, char buf[LINE_TIME_MAX]);
/* How much of the n bytes to take at most `max` of: not in the midst of a UTF-8 character where that can be. At least 1 of n > 0. */
size_t line_cut(const char *text, size_t n, size_t max);

#endif
