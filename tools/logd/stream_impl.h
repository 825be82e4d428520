/* stream_impl - the insides of stream.h, shared by stream.c (its life and its pipes), piece.c (what becomes of the bytes) and
 * piece_write.c (how they look where they are put). */
#ifndef PM1_LOGD_STREAM_IMPL_H
#define PM1_LOGD_STREAM_IMPL_H

#include "base/stamp.h"
#include "tools/logd/line.h"
#include "tools/logd/match.h"
#include "tools/logd/rate.h"
#include "tools/logd/stream.h"

struct stream {
	struct stream_host *host; /* borrowed */
	struct logslot *slot;
	uint32_t slot_number;
	struct loop_source *source;
	struct loop_timer *linger;
	struct loop_timer *retry; /* it waits for a disk, or for its rate */
	int pipe_fd, staging_in, staging_out; /* owned: read end, read end, write end */
	int ring_fd; /* owned: the memory in place of its file, -1 none */
	bool err; /* standard error */
	char name[LOGWIRE_NAME_MAX];
	char service[LOGWIRE_NAME_MAX];
	char stamp[STAMP_MAX]; /* compiled log_date_format; "": none */
	struct file *path, *combined; /* references, NULL: none */
	uint64_t path_id, combined_id; /* of their paths, 0: none */
	struct sinkset sinks;
	struct logwire_rules rules;
	struct rate rate;
	struct match match;
	bool no_splice; /* the file system of its file can't; reset when the file changes */
	bool paused; /* nothing is read until retry is due */
	bool last; /* it is closed: nothing waits any longer */
};

/* piece.c */

/* One piece of what is in staging. `all`: also a line without its end. False: nothing to do now. */
bool piece_next(struct stream *s, bool all);
/* The rest of a piece that a predecessor noted. */
void piece_recover(struct stream *s);
/* Bytes as they are, to one file of its own: the n that staging holds are spliced into it. False: it can't be, and they are still
 * there. */
bool piece_is_plain(const struct stream *s);
bool piece_splice(struct stream *s, size_t n);
void piece_discard(struct stream *s, size_t n); /* takes n bytes out of staging, to nowhere */

/* piece_write.c */

/* Writes the noted piece to that file, from `begin` on (UINT64_MAX: it can't be opened). `repeat`: a predecessor may have done so, or in
 * part. 0 or -errno; then nothing of it stands there. f may be NULL. */
int piece_write_to(struct stream *s, struct file *f, uint64_t begin, const char *p, size_t n, bool repeat);
uint64_t piece_put_on_console(struct stream *s, const char *p, size_t n); /* bytes that it did not take */
void piece_line(const struct stream *s, struct line *ret); /* whose the noted piece is; borrows */

/* stream.c */

size_t stream_waiting(int pipe_fd); /* bytes in a pipe */
void stream_pause(struct stream *s, usec_t span);
bool stream_may_wait(const struct stream *s); /* log_overflow = block, and it isn't being closed */

#endif
