#include "core/logpipe.h"

#include "base/log.h"
#include "base/own.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"
#include "wire/logsocket.h"
#include "os/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

/* The first streams get pipes of this size (FACTS: 256 KiB is where throughput levels off); the rest the
 * kernel's 64 KiB, so that a thousand services don't use up pipe-user-pages-soft. */
#define BIG_PIPE (256 * 1024)
#define BIG_PIPES_FOR 64

/* A logd that ends sooner than this after its start is started again with a delay that doubles. */
#define YOUNG USEC_SEC
#define DELAY_FIRST (50 * USEC_MS)
#define DELAY_MAX (5 * USEC_SEC)
/* A logd whose socket stays full so long is taken for hung, and replaced. */
#define DEAF_MAX (10 * USEC_SEC)

/* What logd is still to be told of a stream. */
enum todo { TODO_OPEN = 1, TODO_CHANGE = 2, TODO_FLUSH = 4, TODO_CLOSE = 8 };

struct logstream {
	struct logpipe *lp; /* borrowed */
	struct logstream *next, **link; /* all streams */
	struct logstream *next_dirty; /* those with something to tell, in order */
	bool is_dirty;
	bool closing; /* logstream_close() was called: gone when logd says CLOSED */
	unsigned int todo;
	uint32_t slot;
	enum logwire_stream stream;
	bool console;
	char *name, *path, *combined, *format; /* owned */
	char *trouble; /* owned, NULL: none */
	int pipe[2]; /* owned: what the service writes */
	int staging[2]; /* owned: what is in hand */
};

struct sync {
	struct sync *next;
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
	bool hello_due, reopen_due, quit_due, quitting;
	logpipe_synced_fn quit_fn;
	void *quit_ctx;

	struct logstream *all, *dirty, **dirty_tail;
	struct sync *syncs;
	uint64_t last_token;
};

static void pump(struct logpipe *lp);
static void start_logd(struct logpipe *lp);

/* Streams. */

static void mark(struct logstream *s, unsigned int todo)
{
	s->todo |= todo;
	if (s->is_dirty)
		return;
	s->is_dirty = true;
	s->next_dirty = NULL;
	*s->lp->dirty_tail = s;
	s->lp->dirty_tail = &s->next_dirty;
}

static void unmark_first(struct logpipe *lp)
{
	struct logstream *s = lp->dirty;

	lp->dirty = s->next_dirty;
	if (!lp->dirty)
		lp->dirty_tail = &lp->dirty;
	s->is_dirty = false;
}

static void stream_free(struct logstream *s)
{
	if (s->link) {
		*s->link = s->next;
		if (s->next)
			s->next->link = s->link;
	}
	for (int i = 0; i < 2; i++) {
		close_fd(&s->pipe[i]);
		close_fd(&s->staging[i]);
	}
	free(s->name);
	free(s->path);
	free(s->combined);
	free(s->format);
	free(s->trouble);
	free(s);
}

static int replace(char **to, const char *from)
{
	char *copy = strdup(from ? from : "");
	if (!copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

static int set_config(struct logstream *s, const struct logstream_config *c)
{
	int r;

	if ((r = replace(&s->name, c->name)) < 0 || (r = replace(&s->path, c->path)) < 0 ||
	    (r = replace(&s->combined, c->combined)) < 0 || (r = replace(&s->format, c->format)) < 0)
		return r;
	s->stream = c->stream;
	s->console = c->console;
	return 0;
}

static int make_pipes(struct logstream *s)
{
	int r = sys_pipe2(s->pipe, 0);

	if (r == 0)
		r = sys_pipe2(s->staging, O_NONBLOCK);
	/* The service's end stays blocking: that is what its program expects of a pipe. */
	if (r == 0)
		r = sys_fcntl(s->pipe[0], F_SETFL, O_NONBLOCK);
	if (r < 0)
		return r;
	if (s->lp->streams < BIG_PIPES_FOR) {
		(void)sys_fcntl(s->pipe[0], F_SETPIPE_SZ, BIG_PIPE);
		(void)sys_fcntl(s->staging[0], F_SETPIPE_SZ, BIG_PIPE);
	}
	return 0;
}

static int take_slot(struct logpipe *lp, uint32_t *ret)
{
	for (uint32_t k = 0; k < LOGWIRE_SLOTS_MAX; k++) {
		uint32_t i = (lp->slot_hint + k) % LOGWIRE_SLOTS_MAX;
		if (lp->used[i])
			continue;
		lp->used[i] = true;
		lp->slot_hint = i + 1;
		lp->slots[i] = (struct logslot){ 0 };
		*ret = i;
		return 0;
	}
	return -ENOSPC;
}

int logpipe_open(struct logpipe *lp, const struct logstream_config *c, struct logstream **ret)
{
	struct logstream *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->lp = lp;
	s->pipe[0] = s->pipe[1] = s->staging[0] = s->staging[1] = -1;
	int r = set_config(s, c);
	if (r == 0)
		r = make_pipes(s);
	if (r == 0)
		r = take_slot(lp, &s->slot);
	if (r < 0) {
		stream_free(s);
		return r;
	}
	lp->streams++;
	s->next = lp->all;
	s->link = &lp->all;
	if (s->next)
		s->next->link = &s->next;
	lp->all = s;
	mark(s, TODO_OPEN);
	pump(lp);
	*ret = s;
	return 0;
}

int logstream_change(struct logstream *s, const struct logstream_config *c)
{
	bool same = strcmp(s->name, c->name) == 0 && strcmp(s->path, c->path) == 0 &&
		    strcmp(s->combined, c->combined) == 0 && strcmp(s->format, c->format) == 0 && s->console == c->console;
	if (same)
		return 0;
	int r = set_config(s, c);
	if (r < 0)
		return r;
	mark(s, TODO_CHANGE);
	pump(s->lp);
	return 0;
}

int logstream_write_fd(const struct logstream *s)
{
	return s->pipe[1];
}

void logstream_close(struct logstream *s)
{
	if (!s)
		return;
	s->closing = true;
	mark(s, TODO_CLOSE);
	pump(s->lp);
}

const struct logslot *logstream_slot(const struct logstream *s)
{
	return &s->lp->slots[s->slot];
}

void logstream_flush(struct logstream *s)
{
	mark(s, TODO_FLUSH);
	pump(s->lp);
}

const char *logstream_path(const struct logstream *s)
{
	return s->path;
}

const char *logstream_combined(const struct logstream *s)
{
	return s->combined;
}

const char *logstream_trouble(const struct logstream *s)
{
	return s->trouble ? s->trouble : "";
}

/* Telling logd. */

static struct logwire_packet packet_of(const struct logstream *s, enum logwire_type type)
{
	struct logwire_packet p = { .version = LOGWIRE_VERSION, .type = type, .slot = s->slot, .stream = s->stream };

	p.console = s->console;
	(void)text_copy(p.name, sizeof(p.name), s->name);
	(void)text_copy(p.path, sizeof(p.path), s->path);
	(void)text_copy(p.combined, sizeof(p.combined), s->combined);
	(void)text_copy(p.format, sizeof(p.format), s->format);
	return p;
}

/* The most urgent thing that a stream has to tell. 0: it went out and is done with. */
static int tell_stream(struct logstream *s)
{
	struct logwire_packet p;
	unsigned int what = s->todo & TODO_OPEN ? TODO_OPEN : s->todo & TODO_CHANGE ? TODO_CHANGE :
			    s->todo & TODO_FLUSH ? TODO_FLUSH : TODO_CLOSE;
	int fds[] = { s->pipe[0], s->staging[0], s->staging[1] };
	int r;

	if (what == TODO_OPEN) {
		p = packet_of(s, LOGWIRE_OPEN);
		r = logsocket_send(s->lp->sock, &p, fds, ARRAY_LEN(fds));
		what |= TODO_CHANGE; /* the packet has the latest of everything */
	} else {
		p = packet_of(s, what == TODO_CHANGE ? LOGWIRE_CHANGE : what == TODO_FLUSH ? LOGWIRE_FLUSH : LOGWIRE_CLOSE);
		r = logsocket_send(s->lp->sock, &p, NULL, 0);
	}
	if (r == 0)
		s->todo &= ~what;
	return r;
}

static int tell_plain(struct logpipe *lp, enum logwire_type type, uint64_t token)
{
	struct logwire_packet p = { .version = LOGWIRE_VERSION, .type = type, .token = token };
	int fds[] = { lp->memfd, lp->cfg.console_fd };

	if (type == LOGWIRE_HELLO)
		return logsocket_send(lp->sock, &p, fds, lp->cfg.console_fd >= 0 ? 2 : 1);
	return logsocket_send(lp->sock, &p, NULL, 0);
}

static int tell_all(struct logpipe *lp)
{
	int r = 0;

	if (lp->hello_due && (r = tell_plain(lp, LOGWIRE_HELLO, 0)) < 0)
		return r;
	lp->hello_due = false;
	while (lp->dirty) {
		struct logstream *s = lp->dirty;
		while (s->todo)
			if ((r = tell_stream(s)) < 0)
				return r;
		unmark_first(lp);
	}
	if (lp->reopen_due && (r = tell_plain(lp, LOGWIRE_REOPEN, 0)) < 0)
		return r;
	lp->reopen_due = false;
	for (struct sync *y = lp->syncs; y; y = y->next) {
		if (!y->sent && (r = tell_plain(lp, LOGWIRE_SYNC, y->token)) < 0)
			return r;
		y->sent = true;
	}
	if (lp->quit_due && (r = tell_plain(lp, LOGWIRE_QUIT, 0)) < 0)
		return r;
	lp->quit_due = false;
	return 0;
}

static void pump(struct logpipe *lp)
{
	if (lp->sock < 0)
		return;
	int r = tell_all(lp);
	bool full = r == -EAGAIN || r == -ENOBUFS || r == -ETOOMANYREFS;
	(void)loop_change(lp->source, full ? EPOLLIN | EPOLLOUT : EPOLLIN);
	if (full && loop_timer_due(lp->deaf) == USEC_NEVER)
		loop_timer_in(lp->deaf, DEAF_MAX);
	if (!full)
		loop_timer_off(lp->deaf);
	if (r < 0 && !full && r != -EPIPE && r != -ECONNRESET) /* a dead logd is told by its exit */
		log_error("cannot talk to logd: %s", err_text(r));
}

static void on_deaf(void *ctx)
{
	struct logpipe *lp = ctx;

	log_error("logd does not listen; replacing it");
	if (lp->pid > 0)
		(void)sys_kill(lp->pid, SIGKILL);
}

/* Hearing logd. */

static struct logstream *by_slot(const struct logpipe *lp, uint32_t slot)
{
	for (struct logstream *s = lp->all; s; s = s->next)
		if (s->slot == slot)
			return s;
	return NULL;
}

static void finish_sync(struct sync *y, bool ok)
{
	for (struct sync **p = &y->lp->syncs; *p; p = &(*p)->next) {
		if (*p == y) {
			*p = y->next;
			break;
		}
	}
	logpipe_synced_fn fn = y->fn;
	void *ctx = y->ctx;
	loop_timer_free(&y->timer);
	free(y);
	fn(ctx, ok);
}

static void heard_trouble(struct logpipe *lp, const struct logwire_packet *p)
{
	struct logstream *s = by_slot(lp, p->slot);

	if (!s)
		return;
	free(s->trouble);
	s->trouble = NULL;
	if (p->error && asprintf(&s->trouble, "%s: %s", p->path, err_text(p->error)) < 0)
		s->trouble = NULL;
	lp->cfg.trouble(lp->cfg.ctx, s->name, p->path, p->error);
}

static void heard(struct logpipe *lp, const struct logwire_packet *p)
{
	if (p->type == LOGWIRE_TROUBLE) {
		heard_trouble(lp, p);
	} else if (p->type == LOGWIRE_CLOSED) {
		struct logstream *s = by_slot(lp, p->slot);
		if (!s || !s->closing)
			return;
		lp->used[s->slot] = false;
		lp->streams--;
		stream_free(s);
	} else if (p->type == LOGWIRE_SYNCED) {
		for (struct sync *y = lp->syncs; y; y = y->next) {
			if (y->token == p->token) {
				finish_sync(y, true);
				return;
			}
		}
	}
}

static void on_socket(void *ctx, int fd, uint32_t events)
{
	struct logpipe *lp = ctx;
	struct logwire_packet p;

	(void)events;
	for (int i = 0; i < 16; i++) {
		int r = logsocket_recv(fd, &p, NULL, NULL);
		if (r <= 0) {
			if (r == 0) /* logd is gone, or going: its exit says more */
				(void)loop_change(lp->source, 0);
			break;
		}
		heard(lp, &p);
		if (lp->sock != fd)
			return;
	}
	if (events & EPOLLOUT)
		pump(lp);
}

/* logd's life. */

static void drop_socket(struct logpipe *lp)
{
	loop_remove(&lp->source);
	close_fd(&lp->sock);
	loop_timer_off(lp->deaf);
}

static void on_logd_end(void *ctx, const struct reaped *r)
{
	struct logpipe *lp = ctx;

	lp->pid = 0;
	drop_socket(lp);
	if (lp->quitting && r->exited && r->code == 0) {
		loop_timer_off(lp->quit_timer);
		lp->quit_fn(lp->quit_ctx, true);
		return;
	}
	bool young = clock_mono() - lp->born < YOUNG;
	lp->delay = !young ? 0 : lp->delay ? lp->delay * 2 : DELAY_FIRST;
	if (lp->delay > DELAY_MAX)
		lp->delay = DELAY_MAX;
	log_warning("logd %s %d; a successor goes on where it was", r->exited ? "exited with code" : "was killed by signal",
		    r->code);
	if (lp->delay)
		loop_timer_in(lp->respawn, lp->delay);
	else
		start_logd(lp);
}

static void on_respawn(void *ctx)
{
	start_logd(ctx);
}

static int try_logd(struct logpipe *lp)
{
	cleanup_fd int ours = -1;
	cleanup_fd int theirs = -1;
	char *argv[] = { (char *)"pm1", (char *)"logd", NULL };
	struct spawned sp;
	int pair[2];

	int r = sys_socketpair(SOCK_SEQPACKET, pair);
	if (r < 0)
		return r;
	ours = pair[0];
	theirs = pair[1];
	r = sys_fcntl(ours, F_SETFL, O_NONBLOCK);
	if (r < 0)
		return r;
	struct spawn_job job = { .argv = argv,
				 .exe = lp->cfg.exe,
				 .env = environ, /* TZ, for the stamps */
				 .in_fd = -1,
				 .out_fd = STDERR_FILENO,
				 .err_fd = STDERR_FILENO,
				 .extra_fd = theirs,
				 .umask = -1,
				 .oom_score_adj = INT_MIN };
	r = spawn_start(&job, &sp);
	if (r < 0)
		return r;
	close_fd(&sp.pidfd);
	close_fd(&sp.status_fd); /* an exec that fails ends the child, which is told */
	r = reaper_watch(lp->cfg.reaper, sp.pid, on_logd_end, lp);
	if (r == 0)
		r = loop_add(lp->cfg.loop, ours, EPOLLIN, LOOP_NORMAL, on_socket, lp, &lp->source);
	if (r < 0) {
		reaper_forget(lp->cfg.reaper, sp.pid);
		(void)sys_kill(sp.pid, SIGKILL);
		return r;
	}
	lp->pid = sp.pid;
	lp->sock = take_fd(&ours);
	return 0;
}

static void start_logd(struct logpipe *lp)
{
	int r = try_logd(lp);

	lp->born = clock_mono();
	if (r < 0) {
		lp->delay = lp->delay ? lp->delay * 2 : DELAY_FIRST;
		if (lp->delay > DELAY_MAX)
			lp->delay = DELAY_MAX;
		log_error("cannot start logd: %s; trying again", err_text(r));
		loop_timer_in(lp->respawn, lp->delay);
		return;
	}
	/* It knows nothing yet: the slots, every stream, and what was asked of its predecessor. */
	lp->hello_due = true;
	lp->quit_due = lp->quitting;
	for (struct logstream *s = lp->all; s; s = s->next)
		mark(s, TODO_OPEN | (s->closing ? TODO_CLOSE : 0));
	for (struct sync *y = lp->syncs; y; y = y->next)
		y->sent = false;
	pump(lp);
}

static void on_quit_timeout(void *ctx)
{
	struct logpipe *lp = ctx;

	if (lp->pid > 0)
		(void)sys_kill(lp->pid, SIGKILL);
	lp->quit_fn(lp->quit_ctx, false);
}

int logpipe_new(const struct logpipe_config *cfg, struct logpipe **ret)
{
	struct logpipe *lp = calloc(1, sizeof(*lp));
	if (!lp)
		return -ENOMEM;
	lp->cfg = *cfg;
	lp->sock = lp->memfd = -1;
	lp->dirty_tail = &lp->dirty;
	lp->used = calloc(LOGWIRE_SLOTS_MAX, sizeof(*lp->used));
	int r = lp->used ? lp->memfd = sys_memfd_create("pm1-log-slots", 0) : -ENOMEM;
	size_t size = LOGWIRE_SLOTS_MAX * sizeof(struct logslot);
	if (r >= 0)
		r = sys_ftruncate(lp->memfd, (off_t)size);
	if (r == 0 && !(lp->slots = sys_mmap_shared(lp->memfd, size)))
		r = -ENOMEM;
	if (r == 0)
		r = loop_timer_new(cfg->loop, on_respawn, lp, &lp->respawn);
	if (r == 0)
		r = loop_timer_new(cfg->loop, on_deaf, lp, &lp->deaf);
	if (r == 0)
		r = loop_timer_new(cfg->loop, on_quit_timeout, lp, &lp->quit_timer);
	if (r < 0) {
		logpipe_free(lp);
		return r;
	}
	start_logd(lp);
	*ret = lp;
	return 0;
}

void logpipe_free(struct logpipe *lp)
{
	if (!lp)
		return;
	while (lp->syncs) {
		struct sync *y = lp->syncs;
		lp->syncs = y->next;
		loop_timer_free(&y->timer);
		free(y);
	}
	while (lp->all)
		stream_free(lp->all);
	drop_socket(lp);
	if (lp->pid > 0)
		reaper_forget(lp->cfg.reaper, lp->pid);
	loop_timer_free(&lp->respawn);
	loop_timer_free(&lp->deaf);
	loop_timer_free(&lp->quit_timer);
	if (lp->slots)
		(void)munmap(lp->slots, LOGWIRE_SLOTS_MAX * sizeof(struct logslot));
	close_fd(&lp->memfd);
	free(lp->used);
	free(lp);
}

void logpipe_reopen(struct logpipe *lp)
{
	lp->reopen_due = true;
	pump(lp);
}

static void on_sync_timeout(void *ctx)
{
	finish_sync(ctx, false);
}

int logpipe_sync(struct logpipe *lp, usec_t within, logpipe_synced_fn fn, void *ctx)
{
	struct sync *y = calloc(1, sizeof(*y));
	if (!y)
		return -ENOMEM;
	*y = (struct sync){ .lp = lp, .token = ++lp->last_token, .fn = fn, .ctx = ctx };
	int r = loop_timer_new(lp->cfg.loop, on_sync_timeout, y, &y->timer);
	if (r < 0) {
		free(y);
		return r;
	}
	loop_timer_in(y->timer, within);
	y->next = lp->syncs;
	lp->syncs = y;
	pump(lp);
	return 0;
}

void logpipe_sync_cancel(struct logpipe *lp, void *ctx)
{
	for (struct sync **p = &lp->syncs; *p;) {
		struct sync *y = *p;
		if (y->ctx != ctx) {
			p = &y->next;
			continue;
		}
		*p = y->next;
		loop_timer_free(&y->timer);
		free(y);
	}
}

int logpipe_quit(struct logpipe *lp, usec_t within, logpipe_synced_fn fn, void *ctx)
{
	lp->quitting = lp->quit_due = true;
	lp->quit_fn = fn;
	lp->quit_ctx = ctx;
	loop_timer_in(lp->quit_timer, within);
	pump(lp);
	return 0;
}

pid_t logpipe_pid(const struct logpipe *lp)
{
	return lp->pid;
}
