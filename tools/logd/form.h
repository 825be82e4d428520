/* form - how the lines of a piece look in a file or on the console: as they are, with something in front, as JSON.
 *
 * A piece is told part by part: a line, or where lines are long a part of one. What stands in front is the same for all parts of a
 * piece, so it is made once. The same piece gives the same bytes again: that is what the successor of a killed logd relies on. */
#ifndef PM1_LOGD_FORM_H
#define PM1_LOGD_FORM_H

#include "base/stamp.h"
#include "tools/logd/line.h"

/* A stamp and its blank, a service's name with its instance, a stream: or the head of a JSON object. */
#define FORM_HEAD_MAX (STAMP_MAX + LINE_HEAD_MAX)
#define FORM_JSON_PART ((size_t)16 * 1024) /* bytes of a line in one JSON object, so that readers of lines need no huge buffer */

struct form {
	bool json;
	bool whole; /* each part stands on a line of its own, also where the service's line goes on */
	size_t head_len;
	char head[FORM_HEAD_MAX];
};

struct form_part {
	const char *text;
	size_t n;
	bool begins, ends; /* a line begins, ends with it; the newline isn't part of the text */
};

/* Where in a piece. */
struct form_cursor {
	const char *p;
	size_t n;
	bool midline;
};

/* What stands in front of each line; "" leaves the bytes as they are. */
void form_text(struct form *f, const char *head, bool whole);
void form_json(struct form *f, const struct line *l); /* of its service, instance, stream, pid and time */
bool form_is_bytes(const struct form *f); /* it changes nothing */

/* The next part. False: the piece is over. */
bool form_next(const struct form *f, struct form_cursor *c, struct form_part *ret);
/* Writes the part. Bytes written; 0: no room (FORM_ROOM(n) bytes suffice). */
size_t form_put(const struct form *f, const struct form_part *part, char *buf, size_t size);
#define FORM_ROOM(n) (FORM_HEAD_MAX + (n) + 1)
#define FORM_JSON_ROOM (FORM_HEAD_MAX + LINE_TEXT_MAX(FORM_JSON_PART) + 1)

#endif
