/* logpipe - PID 1's end of the logs: it owns every pipe, and logd's life.
 *
 * For each stream of a service PID 1 keeps the pipe's both ends, a private staging pipe and
 * a slot in a memfd. logd gets copies. When logd dies, by -9 or otherwise, a
 * successor gets the same descriptors and goes on to the byte; meanwhile the pipes
 * fill and nothing is lost. PID 1 itself never reads a service's output. */
#ifndef PM1_CORE_LOGPIPE_H
#define PM1_CORE_LOGPIPE_H

#include "core/reaper.h"
#include "loop/loop.h"
#include "wire/logwire.h"

#include <stdbool.h>
#include <stdint.h>

struct logpipe;
struct logstream;

struct logpipe_config {
	struct loop *loop; /* borrowed, as all here */
	struct reaper *reaper;
	int console_fd; /* where console copies go, -1: nowhere */
	const char *exe; /* the program to run as logd: "/proc/self/exe", or a path */
	/* A stream's file failed (error > 0) or works again (0). May be called at any time but from within a logpipe call. */
	void (*trouble)(void *ctx, const char *name, const char *path, int error);
	void *ctx;
};

/* Starts logd. A logd that can't be started is tried again with a growing delay: 0 all the same. -ENOMEM, -EMFILE. */
int logpipe_new(const struct logpipe_config *cfg, struct logpipe **ret);
void logpipe_free(struct logpipe *lp);

struct logstream_config {
	enum logwire_stream stream;
	const char *name; /* with its instance, where it has several */
	const char *service;
	const char *path; /* "" none */
	const char *combined;
	const char *format;
	const char *sink;
	const char *match; /* a pattern for logstream_expect(), "" none; NULL is none too */
	struct logwire_rules rules; /* with a ring, and a path of "": it is kept in memory, of which the path is then told */
};
/* Makes the pipes, and the memory of a ring, and tells logd. -ENOMEM, -EMFILE, -ENOSPC (no slot). */
int logpipe_open(struct logpipe *lp, const struct logstream_config *c, struct logstream **ret);
int logstream_change(struct logstream *s, const struct logstream_config *c);
int logstream_write_fd(const struct logstream *s); /* for the child's stdout or stderr; borrowed */
/* The service starts anew, before (pid 0) and after its fork: what is said from here on is the new one's. NULL is fine. */
void logstream_starts(struct logstream *s, pid_t pid);
/* From the next start on fn is called once when a line matches the pattern; NULL: never. NULL for s is fine. */
typedef void (*logstream_matched_fn)(void *ctx);
void logstream_expect(struct logstream *s, logstream_matched_fn fn, void *ctx);
void logstream_close(struct logstream *s); /* logd drains it first; the memory is the logpipe's from here. NULL is fine */
const struct logslot *logstream_slot(const struct logstream *s); /* counters; borrowed */
void logstream_flush(struct logstream *s); /* empties its files */
const char *logstream_path(const struct logstream *s); /* "" none; borrowed, as the next two */
const char *logstream_combined(const struct logstream *s);
const char *logstream_trouble(const struct logstream *s); /* "PATH: why it can't be written", "": none */

void logpipe_reopen(struct logpipe *lp);
/* Calls fn once everything written so far is in the files, or `within` has passed (ok = false). */
typedef void (*logpipe_synced_fn)(void *ctx, bool ok);
int logpipe_sync(struct logpipe *lp, usec_t within, logpipe_synced_fn fn, void *ctx);
void logpipe_sync_cancel(struct logpipe *lp, void *ctx); /* forgets all syncs of that ctx */
/* Asks logd to drain and end; fn when it has, or `within` has passed (it is killed then). */
int logpipe_quit(struct logpipe *lp, usec_t within, logpipe_synced_fn fn, void *ctx);
pid_t logpipe_pid(const struct logpipe *lp); /* of logd, 0: none at the moment */

#endif
