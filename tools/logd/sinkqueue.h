/* sinkqueue - the lines that wait for one sink, as they came; what a sink makes of them is made when it sends.
 *
 * In memory alone, and bounded: chunks that are made when they are needed and given back when all in them is sent. Between the first
 * line and the next one to send stand those that are sent and not yet confirmed (tcp); elsewhere both are the same. */
#ifndef PM1_LOGD_SINKQUEUE_H
#define PM1_LOGD_SINKQUEUE_H

#include "tools/logd/line.h"

#include <stdint.h>

#define SINK_QUEUE_MAX (1024 * 1024) /* bytes of memory a sink */
#define SINK_CHUNK (64 * 1024)
#define SINK_TEXT_MAX (8 * 1024) /* bytes of text in one entry */
#define SINK_NO_SLOT UINT32_MAX /* pm1's own lines, and those of a stream that is gone */

struct sinkchunk;

struct sinkentry {
	uint64_t end; /* the sender's: where it ends in the bytes of this connection */
	usec_t time;
	uint64_t counts; /* bytes of the service, the newline included; of a note, those that it tells are missing */
	uint32_t slot, instance;
	pid_t pid;
	uint32_t size; /* of the whole entry */
	uint32_t n; /* bytes of text */
	bool err, partial;
	char service[]; /* with its NUL; the text follows */
};

struct sinkplace {
	struct sinkchunk *chunk; /* NULL: before the first chunk there ever was */
	size_t at;
};

/* All zero: empty. */
struct sinkqueue {
	struct sinkchunk *first_chunk, *last_chunk;
	unsigned int chunks;
	size_t first_at; /* in first_chunk */
	struct sinkplace next;
	uint64_t waiting; /* bytes of services */
};

/* Copies the line, at most SINK_TEXT_MAX of text. False: full, or no memory. */
bool sinkqueue_add(struct sinkqueue *q, uint32_t slot, const struct line *l, uint64_t counts);
bool sinkqueue_is_empty(const struct sinkqueue *q);
bool sinkqueue_has_room(const struct sinkqueue *q); /* at least half of it is free */
struct sinkentry *sinkqueue_first(const struct sinkqueue *q); /* NULL: empty */
struct sinkentry *sinkqueue_next(const struct sinkqueue *q); /* the first that is not sent; NULL: none */
void sinkqueue_step(struct sinkqueue *q); /* the next one is sent */
void sinkqueue_rewind(struct sinkqueue *q); /* none is sent */
void sinkqueue_pop(struct sinkqueue *q); /* the first, if there is one, is done with */
void sinkqueue_forget(struct sinkqueue *q, uint32_t slot); /* its lines go on as those of nobody */
void sinkqueue_done(struct sinkqueue *q); /* leaves it empty */

struct line sinkentry_line(const struct sinkentry *e); /* borrowed */

#endif
