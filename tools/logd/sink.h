/* sink - where lines go beyond files: a local syslog, the journal, or JSON by tcp and udp.
 *
 * Shared by address. Nobody waits for a sink: a line is copied into a queue in memory, bounded by SINK_QUEUE_MAX, and goes when the
 * other side takes it. When the queue is full new lines are dropped and counted, and a line of pm1's own tells how many bytes are
 * missing once there is room. A line is done with when the other side has it: a local socket or udp took it, or tcp confirmed it.
 * So a connection that breaks, and a killed logd in the midst of a piece, may send some lines twice; none is lost uncounted. What
 * udp loses on its way, and what a receiver loses that has confirmed it, nobody here can know. */
#ifndef PM1_LOGD_SINK_H
#define PM1_LOGD_SINK_H

#include "loop/loop.h"
#include "tools/logd/line.h"
#include "wire/logwire.h"

struct sinks; /* all of them */
struct sink;

struct sinks *sinks_new(struct loop *loop, struct logslot *slots); /* both borrowed; NULL: no memory */
void sinks_free(struct sinks *all); /* what still waits stays counted as waiting; NULL is fine */
/* Sends what can be sent, and waits for those who take it, but not for long. What is left is told. */
void sinks_finish(struct sinks *all, usec_t within);
/* A slot's stream is gone: what waits of it goes on, but the slot is not touched any more. */
void sinks_forget(struct sinks *all, uint32_t slot);

/* A reference to the sink of that address, made when nobody has one. NULL: no memory, or a bad word (told). */
struct sink *sink_get(struct sinks *all, const char *word);
/* Without references it is gone once its queue is empty, or after a while. NULL is fine. */
void sink_put(struct sink *s);
/* Takes a line of a slot, in parts when it is long. Never blocks. */
void sink_add(struct sink *s, uint32_t slot, const struct line *l);
void sink_flush(struct sink *s); /* after the lines of a piece: sends what goes now */

/* A predecessor was killed: what it had queued of this slot is lost, and counted. How many bytes. */
uint64_t sink_recover(struct logslot *slot);

#endif
