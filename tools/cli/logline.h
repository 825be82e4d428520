/* logline - a line of a log file, as the service wrote it: text, or the message of an object
 *
 *   {"time":"2026-11-24T10:11:12.123456Z","service":"web","instance":0,"stream":"stdout","pid":12,"message":"text"}
 *
 * where "message_base64" holds the exact bytes if they are no text, and "partial":true says that the next object goes on with
 * it. Those are joined again. What begins like an object and isn't one is text. */
#ifndef PM1_CLI_LOGLINE_H
#define PM1_CLI_LOGLINE_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

enum logline_stream { LOGLINE_UNKNOWN, LOGLINE_OUT, LOGLINE_ERR };

struct logline {
	const char *s; /* borrowed until the next call; without a newline, not NUL-ended */
	size_t n;
	usec_t wall; /* when it came, or the latest that this can have been */
	bool timed; /* `wall` is when it came */
	enum logline_stream stream;
};

/* Lines of one file, on their way; all zero is a good beginning. */
struct logjoin {
	bool raw; /* objects are handed out as they stand in the file; their time and stream are used all the same */
	struct logline pending; /* begun; s is buf */
	bool begun;
	char *buf; /* owned */
	size_t size;
	long long instance, pid; /* of what is begun */
	void *object; /* owned: what the last line is borrowed from */
};

enum { LOGJOIN_MORE, LOGJOIN_LINE, LOGJOIN_AGAIN };

/* A line of the file, which came at `wall` (`timed`, or at the latest then). LOGJOIN_MORE: it goes on in the next; LOGJOIN_LINE: stored;
 * LOGJOIN_AGAIN: another line, begun before, is stored, and this one is to be fed again; -ENOMEM. */
int logjoin_feed(struct logjoin *j, const char *line, size_t n, usec_t wall, bool timed, struct logline *ret);
bool logjoin_end(struct logjoin *j, struct logline *ret); /* whether something was begun: stored */
void logjoin_done(struct logjoin *j); /* frees it; leaves it empty and usable */

#endif
