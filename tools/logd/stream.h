/* stream - one output of a service on its way from the pipe to its files.
 *
 * Bytes are spliced from the service's pipe into a staging pipe that logd alone writes to, so what is in hand can be counted by a
 * successor. A stream whose only sink is a file of its own, bytes as they are, is spliced on into it. Everything else goes by pieces: noted in the
 * slot, written at the noted places, then consumed. A piece ends at a newline where it can; the rest of a line waits a moment for
 * its end. */
#ifndef PM1_LOGD_STREAM_H
#define PM1_LOGD_STREAM_H

#include "loop/loop.h"
#include "tools/logd/console.h"
#include "tools/logd/file.h"
#include "tools/logd/sinkset.h"
#include "wire/logwire.h"

struct stream;

/* What all streams share. */
struct stream_host {
	struct loop *loop;
	struct files *files;
	struct console *console; /* NULL: none */
	struct sinks *sinks; /* NULL: none, and no stream has any */
	struct logslot *slots;
	int scratch[2]; /* a private pipe for tee */
	int null_fd; /* /dev/null, where bytes go without being copied; -1: none */
	bool no_splice, no_tee; /* refused here, by a seccomp filter say */
	char *in; /* STREAM_PIECE bytes */
	char *out; /* STREAM_OUT bytes */
	void (*matched)(void *ctx, uint32_t slot, uint32_t serial); /* NULL: nobody asks */
	void *ctx;
};

#define STREAM_PIECE (128 * 1024) /* bytes of a service taken in one piece */
#define STREAM_OUT (256 * 1024) /* bytes of transformed text written at once */

/* As in the packet OPEN: the service's pipe, both ends of staging, its ring (-1: none). */
struct stream_fds {
	int fd[LOGWIRE_FDS_MAX];
};

/* Takes the descriptors, also on failure. 0 or -errno. Nothing is read before stream_begin(). */
int stream_new(struct stream_host *host, const struct logwire_packet *p, const struct stream_fds *fds, struct stream **ret);
void stream_free(struct stream *s);
int stream_change(struct stream *s, const struct logwire_packet *p);
uint32_t stream_slot(const struct stream *s);
bool stream_has_file(const struct stream *s, const struct file *f);
/* A predecessor died in the middle of a piece: completes that very piece. Before any other stream begins. */
void stream_recover(struct stream *s);
void stream_begin(struct stream *s); /* watches the pipe */
/* Everything that is in the pipe now is written, an unfinished line too; but what waits by log_overflow goes on waiting, unless it is
 * the `last` time: then what no file takes is dropped. */
void stream_drain(struct stream *s, bool last);
void stream_flush(struct stream *s); /* empties its files */

#endif
