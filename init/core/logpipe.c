#include "core/logpipe_impl.h"

#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* The first streams get pipes of this size (FACTS: 256 KiB is where throughput levels off); the rest the
 * kernel's 64 KiB, so that a thousand services don't use up pipe-user-pages-soft. */
#define BIG_PIPE (256 * 1024)
#define BIG_PIPES_FOR 64

/* Streams. */

void logstream_free(struct logstream *s)
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
	close_fd(&s->ring);
	free(s->name);
	free(s->service);
	free(s->path);
	free(s->combined);
	free(s->format);
	free(s->sink);
	free(s->match);
	logstream_forget_trouble(s);
	free(s);
}

void logstream_forget_trouble(struct logstream *s)
{
	free(s->trouble);
	free(s->trouble_path);
	s->trouble = s->trouble_path = NULL;
	s->trouble_error = 0;
}

bool logstream_has_file(const struct logstream *s, const char *path)
{
	return path[0] && (strcmp(path, s->path) == 0 || strcmp(path, s->combined) == 0);
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

/* The path as `pm1 logs` can open it. */
static int set_path(struct logstream *s, const struct logstream_config *c)
{
	char path[64];

	if (s->ring < 0 || c->path[0])
		return replace(&s->path, c->path);
	int r = text_format(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), s->ring);
	return r < 0 ? r : replace(&s->path, path);
}

static int set_config(struct logstream *s, const struct logstream_config *c)
{
	int r;

	if ((r = replace(&s->name, c->name)) < 0 || (r = replace(&s->service, c->service)) < 0 ||
	    (r = replace(&s->combined, c->combined)) < 0 || (r = replace(&s->format, c->format)) < 0 ||
	    (r = replace(&s->sink, c->sink)) < 0 || (r = replace(&s->match, c->match)) < 0)
		return r;
	s->stream = c->stream;
	s->rules = c->rules;
	return set_path(s, c);
}

/* Holds its pages until PM1 itself ends: a killed logd's successor goes on with it, and `pm1 logs` reads it where it is. */
static int make_ring(struct logstream *s)
{
	s->ring = sys_memfd_create("pm1-log-ring", 0);
	return s->ring < 0 ? s->ring : sys_fd_is_scarce(s->ring) ? -EMFILE : 0;
}

static int make_pipes(struct logstream *s)
{
	int r = sys_pipe2(s->pipe, 0);

	if (r == 0)
		r = sys_pipe2(s->staging, O_NONBLOCK);
	/* The service's end stays blocking: that is what its program expects of a pipe. */
	if (r == 0)
		r = sys_fcntl(s->pipe[0], F_SETFL, O_NONBLOCK);
	for (int i = 0; r == 0 && i < 2; i++)
		if (sys_fd_is_scarce(s->pipe[i]) || sys_fd_is_scarce(s->staging[i]))
			r = -EMFILE;
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
	s->pipe[0] = s->pipe[1] = s->staging[0] = s->staging[1] = s->ring = -1;
	int r = c->rules.ring && !c->path[0] ? make_ring(s) : 0;
	if (r == 0)
		r = set_config(s, c);
	if (r == 0)
		r = make_pipes(s);
	if (r == 0)
		r = take_slot(lp, &s->slot);
	if (r < 0) {
		logstream_free(s);
		return r;
	}
	lp->streams++;
	s->next = lp->all;
	s->link = &lp->all;
	if (s->next)
		s->next->link = &s->next;
	lp->all = s;
	loglink_mark(s, TODO_OPEN);
	loglink_pump(lp);
	*ret = s;
	return 0;
}

int logstream_change(struct logstream *s, const struct logstream_config *c)
{
	bool same_path = strcmp(s->path, c->path) == 0 || (s->ring >= 0 && c->rules.ring && !c->path[0]);
	bool same = same_path && strcmp(s->name, c->name) == 0 && strcmp(s->service, c->service) == 0 &&
		    strcmp(s->combined, c->combined) == 0 && strcmp(s->format, c->format) == 0 && strcmp(s->sink, c->sink) == 0 &&
		    strcmp(s->match, c->match ? c->match : "") == 0 &&
		    memcmp(&s->rules, &c->rules, sizeof(c->rules)) == 0;
	if (same)
		return 0;
	int r = set_config(s, c);
	if (r < 0)
		return r;
	/* Of a file that it has left it would never hear that it works again. */
	if (s->trouble_path && !logstream_has_file(s, s->trouble_path))
		logstream_forget_trouble(s);
	loglink_mark(s, TODO_CHANGE);
	loglink_pump(s->lp);
	return 0;
}

int logstream_write_fd(const struct logstream *s)
{
	return s->pipe[1];
}

static uint64_t waiting(int fd)
{
	size_t n = 0;

	(void)sys_fionread(fd, &n);
	return n;
}

/* Bytes of the stream so far. logd may move some on between two looks: then it is looked again, and at last taken as it is, since no
 * more than the pid of a line depends on it. */
static uint64_t position(const struct logstream *s)
{
	const volatile struct logslot *slot = &s->lp->slots[s->slot];
	uint64_t before, n;

	for (int i = 0; i < 4; i++) {
		before = slot->written;
		n = before + waiting(s->staging[0]) + waiting(s->pipe[0]);
		if (slot->written == before)
			break;
	}
	return n;
}

void logstream_starts(struct logstream *s, pid_t pid)
{
	if (!s)
		return;
	struct logslot *slot = &s->lp->slots[s->slot];
	if (pid > 0) {
		slot->pid = pid;
		return;
	}
	slot->pid_before = slot->pid;
	slot->pid_from = position(s);
	if (s->matched) { /* by the slot: it counts before the first byte of this run, and for a successor of logd too */
		if (++s->match_serial == 0)
			s->match_serial = 1;
		__atomic_store_n(&slot->match_armed, s->match_serial, __ATOMIC_RELEASE);
	}
}

void logstream_expect(struct logstream *s, logstream_matched_fn fn, void *ctx)
{
	if (!s)
		return;
	__atomic_store_n(&s->lp->slots[s->slot].match_armed, 0, __ATOMIC_RELEASE);
	s->matched = fn;
	s->matched_ctx = ctx;
}

void logstream_close(struct logstream *s)
{
	if (!s)
		return;
	s->closing = true;
	logstream_expect(s, NULL, NULL);
	loglink_mark(s, TODO_CLOSE);
	loglink_pump(s->lp);
}

const struct logslot *logstream_slot(const struct logstream *s)
{
	return &s->lp->slots[s->slot];
}

void logstream_flush(struct logstream *s)
{
	loglink_mark(s, TODO_FLUSH);
	loglink_pump(s->lp);
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

void logsync_finish(struct logsync *y, bool ok)
{
	for (struct logsync **p = &y->lp->syncs; *p; p = &(*p)->next) {
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
		r = loop_timer_new(cfg->loop, loglink_on_respawn, lp, &lp->respawn);
	if (r == 0)
		r = loop_timer_new(cfg->loop, loglink_on_deaf, lp, &lp->deaf);
	if (r == 0)
		r = loop_timer_new(cfg->loop, on_quit_timeout, lp, &lp->quit_timer);
	if (r < 0) {
		logpipe_free(lp);
		return r;
	}
	loglink_start(lp);
	*ret = lp;
	return 0;
}

void logpipe_free(struct logpipe *lp)
{
	if (!lp)
		return;
	while (lp->syncs) {
		struct logsync *y = lp->syncs;
		lp->syncs = y->next;
		loop_timer_free(&y->timer);
		free(y);
	}
	while (lp->all)
		logstream_free(lp->all);
	loglink_drop(lp);
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
	loglink_pump(lp);
}

static void on_sync_timeout(void *ctx)
{
	logsync_finish(ctx, false);
}

int logpipe_sync(struct logpipe *lp, usec_t within, logpipe_synced_fn fn, void *ctx)
{
	struct logsync *y = calloc(1, sizeof(*y));
	if (!y)
		return -ENOMEM;
	*y = (struct logsync){ .lp = lp, .token = ++lp->last_token, .fn = fn, .ctx = ctx };
	int r = loop_timer_new(lp->cfg.loop, on_sync_timeout, y, &y->timer);
	if (r < 0) {
		free(y);
		return r;
	}
	loop_timer_in(y->timer, within);
	y->next = lp->syncs;
	lp->syncs = y;
	loglink_pump(lp);
	return 0;
}

void logpipe_sync_cancel(struct logpipe *lp, void *ctx)
{
	for (struct logsync **p = &lp->syncs; *p;) {
		struct logsync *y = *p;
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
	loglink_pump(lp);
	return 0;
}

pid_t logpipe_pid(const struct logpipe *lp)
{
	return lp->pid;
}
