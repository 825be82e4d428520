/* logpipe_impl - the insides of logpipe.h, shared by logpipe.c (streams, syncs) and loglink.c (logd itself). */
#ifndef PM1_CORE_LOGPIPE_IMPL_H
#define PM1_CORE_LOGPIPE_IMPL_H

#include "core/logpipe.h"

/* What logd is still to be told of a stream. */
enum logpipe_todo { TODO_OPEN = 1, TODO_CHANGE = 2, TODO_FLUSH = 4, TODO_CLOSE = 8 };

struct logstream {
	struct logpipe *lp; /* borrowed */
	struct logstream *next, **link; /* all streams */
	struct logstream *next_dirty; /* those with something to tell, in order */
	bool is_dirty;
	bool closing; /* logstream_close() was called: gone when logd says CLOSED */
	unsigned int todo;
	uint32_t slot;
	enum logwire_stream stream;
	struct logwire_rules rules;
	char *name, *service, *path, *combined, *format, *sink, *match; /* owned */
	logstream_matched_fn matched; /* NULL: nothing is looked for */
	void *matched_ctx;
	uint32_t match_serial;
	char *trouble; /* owned: what is said of it, NULL: none */
	char *trouble_path; /* owned, NULL: none. One of the two files, as long as it is the stream's */
	int trouble_error; /* positive; 0: none */
	int pipe[2]; /* owned: what the service writes */
	int staging[2]; /* owned: what is in hand */
	int ring; /* owned: the memory in place of a file, -1 none */
};

struct logsync {
	struct logsync *next;
	struct logpipe *lp;
	uint64_t token;
	bool sent;
	struct loop_timer *timer;
	logpipe_synced_fn fn;
	void *ctx;
};

struct logpipe {
	struct logpipe_config cfg;
	int memfd; /* owned */
	struct logslot *slots; /* the whole of it, mapped */
	bool *used; /* by slot */
	uint32_t slots_used, slot_hint;
	unsigned int streams;

	pid_t pid; /* of logd, 0: none */
	usec_t born;
	usec_t delay;
	int sock; /* owned, -1 */
	struct loop_source *source;
	struct loop_timer *respawn, *deaf, *quit_timer;
	bool hello_due, begin_due, reopen_due, quit_due, quitting;
	logpipe_synced_fn quit_fn;
	void *quit_ctx;

	struct logstream *all, *dirty, **dirty_tail;
	struct logsync *syncs;
	uint64_t last_token;
};

/* loglink.c */
void loglink_start(struct logpipe *lp); /* starts logd, and again when it ends */
void loglink_pump(struct logpipe *lp); /* tells it what is due, as far as it takes it now */
void loglink_mark(struct logstream *s, unsigned int todo); /* something of this stream is due */
void loglink_drop(struct logpipe *lp); /* closes the socket */
void loglink_on_respawn(void *ctx);
void loglink_on_deaf(void *ctx);

/* logpipe.c */
void logstream_free(struct logstream *s);
void logstream_forget_trouble(struct logstream *s);
bool logstream_has_file(const struct logstream *s, const char *path);
void logsync_finish(struct logsync *y, bool ok);

#endif
