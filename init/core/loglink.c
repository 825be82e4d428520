/* loglink - logd's life, and what is said to it and heard from it. */
#include "core/logpipe_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "os/spawn.h"
#include "wire/logsocket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/epoll.h>
#include <unistd.h>

/* A logd that ends sooner than this after its start is started again with a delay that doubles. */
#define YOUNG USEC_SEC
#define DELAY_FIRST (50 * USEC_MS)
#define DELAY_MAX (5 * USEC_SEC)
/* A logd whose socket stays full so long is taken for hung, and replaced. */
#define DEAF_MAX (10 * USEC_SEC)

void loglink_mark(struct logstream *s, unsigned int todo)
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

/* Telling logd. */

static struct logwire_packet packet_of(const struct logstream *s, enum logwire_type type)
{
	struct logwire_packet p = { .version = LOGWIRE_VERSION, .type = type, .slot = s->slot, .stream = s->stream };

	p.rules = s->rules;
	p.error = s->trouble_error;
	p.in_combined = s->trouble_path && strcmp(s->trouble_path, s->path) != 0;
	(void)text_copy(p.name, sizeof(p.name), s->name);
	(void)text_copy(p.service, sizeof(p.service), s->service);
	(void)text_copy(p.path, sizeof(p.path), s->path);
	(void)text_copy(p.combined, sizeof(p.combined), s->combined);
	(void)text_copy(p.format, sizeof(p.format), s->format);
	(void)text_copy(p.sink, sizeof(p.sink), s->sink);
	(void)text_copy(p.match, sizeof(p.match), s->match);
	return p;
}

/* The most urgent thing that a stream has to tell. 0: it went out and is done with. */
static int tell_stream(struct logstream *s)
{
	struct logwire_packet p;
	unsigned int what = s->todo & TODO_OPEN ? TODO_OPEN : s->todo & TODO_CHANGE ? TODO_CHANGE :
			    s->todo & TODO_FLUSH ? TODO_FLUSH : TODO_CLOSE;
	int fds[] = { s->pipe[0], s->staging[0], s->staging[1], s->ring };
	int r;

	if (what == TODO_OPEN) {
		p = packet_of(s, LOGWIRE_OPEN);
		r = logsocket_send(s->lp->sock, &p, fds, ARRAY_LEN(fds) - (s->ring < 0));
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

/* A new logd hears of all streams before it touches any: a predecessor's half-done piece may be in a file that many share. */
static int tell_beginning(struct logpipe *lp)
{
	int r = 0;

	if (lp->hello_due && (r = tell_plain(lp, LOGWIRE_HELLO, 0)) < 0)
		return r;
	lp->hello_due = false;
	if (!lp->begin_due)
		return 0;
	for (struct logstream *s = lp->all; s; s = s->next)
		if (s->todo & TODO_OPEN && (r = tell_stream(s)) < 0)
			return r;
	r = tell_plain(lp, LOGWIRE_BEGIN, 0);
	lp->begin_due = r < 0;
	return r;
}

static int tell_all(struct logpipe *lp)
{
	int r = tell_beginning(lp);

	if (r < 0)
		return r;
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
	for (struct logsync *y = lp->syncs; y; y = y->next) {
		if (!y->sent && (r = tell_plain(lp, LOGWIRE_SYNC, y->token)) < 0)
			return r;
		y->sent = true;
	}
	if (lp->quit_due && (r = tell_plain(lp, LOGWIRE_QUIT, 0)) < 0)
		return r;
	lp->quit_due = false;
	return 0;
}

void loglink_pump(struct logpipe *lp)
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

void loglink_on_deaf(void *ctx)
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

static void heard_trouble(struct logpipe *lp, const struct logwire_packet *p)
{
	struct logstream *s = by_slot(lp, p->slot);

	/* It may not have heard yet that the stream has other files. */
	if (!s || !logstream_has_file(s, p->path))
		return;
	if (p->error || (s->trouble_path && strcmp(p->path, s->trouble_path) == 0))
		logstream_forget_trouble(s);
	if (p->error) {
		s->trouble_error = p->error;
		s->trouble_path = strdup(p->path);
		if (!s->trouble_path || asprintf(&s->trouble, "%s: %s", p->path, logsocket_trouble_text(p->error)) < 0) {
			s->trouble = NULL;
			logstream_forget_trouble(s);
		}
	}
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
		logstream_free(s);
	} else if (p->type == LOGWIRE_MATCHED) {
		struct logstream *s = by_slot(lp, p->slot);
		if (s && s->matched && p->token == s->match_serial)
			s->matched(s->matched_ctx);
	} else if (p->type == LOGWIRE_SYNCED) {
		for (struct logsync *y = lp->syncs; y; y = y->next) {
			if (y->token == p->token) {
				logsync_finish(y, true);
				return;
			}
		}
	}
}

static void on_socket(void *ctx, int fd, uint32_t events)
{
	struct logpipe *lp = ctx;
	struct logwire_packet p;

	for (int i = 0; i < 16; i++) {
		int r = logsocket_recv(fd, &p, NULL, NULL);
		if (r == 0) {
			/* logd is gone, or going: its exit says more. Watched for nothing, a hang-up would still wake us without end. */
			loglink_drop(lp);
			return;
		}
		if (r < 0)
			break;
		heard(lp, &p);
		if (lp->sock != fd)
			return;
	}
	if (events & EPOLLOUT)
		loglink_pump(lp);
}

/* logd's life. */

void loglink_drop(struct logpipe *lp)
{
	loop_remove(&lp->source);
	close_fd(&lp->sock);
	if (lp->deaf) /* not in a half-made one */
		loop_timer_off(lp->deaf);
}

static void on_logd_end(void *ctx, const struct reaped *r)
{
	struct logpipe *lp = ctx;

	lp->pid = 0;
	loglink_drop(lp);
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
		loglink_start(lp);
}

void loglink_on_respawn(void *ctx)
{
	loglink_start(ctx);
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
	/* A daemon has no console, and its standard error is still its starter's: who reads that to its end would wait for logd. */
	int err_fd = lp->cfg.console_fd >= 0 ? STDERR_FILENO : -1;
	struct spawn_job job = { .argv = argv,
				 .exe = lp->cfg.exe,
				 .env = environ, /* TZ, for the stamps */
				 .in_fd = -1,
				 .out_fd = err_fd,
				 .err_fd = err_fd,
				 .fds = &(struct spawn_fd){ theirs, LOGWIRE_FD },
				 .n_fds = 1,
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

void loglink_start(struct logpipe *lp)
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
	lp->hello_due = lp->begin_due = true;
	lp->quit_due = lp->quitting;
	for (struct logstream *s = lp->all; s; s = s->next)
		loglink_mark(s, TODO_OPEN | (s->closing ? TODO_CLOSE : 0));
	for (struct logsync *y = lp->syncs; y; y = y->next)
		y->sent = false;
	loglink_pump(lp);
}
