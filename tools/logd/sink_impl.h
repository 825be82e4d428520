/* sink_impl - the insides of sink.h, shared by sink.c (references, lines, counts) and sink_send.c (the connection). */
#ifndef PM1_LOGD_SINK_IMPL_H
#define PM1_LOGD_SINK_IMPL_H

#include "base/sinkaddr.h"
#include "tools/logd/sink.h"
#include "tools/logd/sinkformat.h"
#include "tools/logd/sinkqueue.h"

#define SINK_BUF SINKFORMAT_MAX(SINK_TEXT_MAX)
#define SINK_HOST_MAX 256

struct sinks {
	struct loop *loop; /* borrowed */
	struct logslot *slots; /* borrowed */
	struct sink *first;
	char *buf; /* SINK_BUF bytes, where a line is formatted; owned */
};

struct sink {
	struct sinks *all; /* borrowed */
	struct sink *next;
	char *word; /* owned */
	struct sinkaddr addr;
	unsigned int refs;
	struct sinkqueue queue;
	uint64_t missing; /* bytes dropped since the last note about it */
	usec_t full_at; /* when it was last told that there is no room, 0: never */
	size_t unflushed; /* bytes of lines since the last flush */
	struct loop_timer *linger; /* without references, and something waits */

	/* sink_send.c */
	int fd; /* owned, -1: not connected */
	bool connecting, peer_done, want_out;
	struct loop_source *source;
	uint32_t events; /* that it is watched for */
	struct loop_timer *timer; /* by state: the next try, the end of a try, or the next look for confirmations */
	usec_t delay; /* of the next try */
	usec_t look; /* of the next look */
	int error; /* positive: it doesn't work, as it was told */
	size_t text_max; /* of a datagram, found out by EMSGSIZE */
	size_t text_sent; /* of the first entry, when it goes in several datagrams */
	char host[SINK_HOST_MAX];
	/* tcp: what is formatted and not yet with the kernel, SINK_OUT bytes; owned, NULL when not connected. */
	char *out;
	size_t out_len, out_sent;
	uint64_t formatted; /* bytes of this connection */
};

/* sink.c */
void sink_is_done_with(struct sink *s, bool sent); /* the first entry: it is sent, or else dropped */
bool sink_note(struct sink *s); /* says what is missing, when there is room. True: there is a line more to send */
void sink_reap(struct sink *s); /* frees it when nobody names it and nothing waits */

/* sink_send.c */
void sink_pump(struct sink *s); /* sends what goes now */
void sink_close(struct sink *s); /* all that is not confirmed is as if never sent */
void sink_on_timer(void *ctx);
void sink_turn(struct sink *s, uint32_t events); /* what epoll, or poll, says of its socket; 0: a look at what is confirmed */

#endif
