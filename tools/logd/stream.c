#include "tools/logd/stream_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>

/* Of bytes that go on as they are: a pipe at once, so many times before others are looked after, and only while so much comes. */
#define PLAIN_PIECE (256 * 1024)
#define PLAIN_TURNS 8
#define PLAIN_BUSY (32 * 1024)

static void on_readable(void *ctx, int fd, uint32_t events);
static void on_linger(void *ctx);
static void on_retry(void *ctx);

static void put_files(struct stream *s)
{
	file_put(s->path);
	file_put(s->combined);
	s->path = s->combined = NULL;
}

static void configure(struct stream *s, const struct logwire_packet *p)
{
	struct file *old[] = { s->path, s->combined };

	s->combined = NULL;
	memcpy(s->name, p->name, sizeof(s->name));
	memcpy(s->service, p->service, sizeof(s->service));
	s->err = p->stream == LOGWIRE_ERR;
	s->rules = p->rules;
	if (!s->host->console)
		s->rules.console = LOGWIRE_CONSOLE_NONE;
	match_set(&s->match, p->match);
	rate_set(&s->rate, p->rules.rate, clock_mono());
	s->path = file_get(s->host->files, p->path);
	/* Both in one file is one sink, not two copies of each line. */
	if (strcmp(p->path, p->combined) != 0)
		s->combined = file_get(s->host->files, p->combined);
	s->path_id = s->path ? logslot_path_id(p->path) : 0;
	s->combined_id = s->combined ? logslot_path_id(p->combined) : 0;
	/* Only now, so that one that stays is not closed in between. */
	file_put(old[0]);
	file_put(old[1]);
	if (s->ring_fd >= 0 && s->path && p->rules.ring) /* it may have got a file since */
		file_keep_in(s->path, s->ring_fd);
	file_rule(s->path, &p->rules);
	file_rule(s->combined, &p->rules);
	sinkset_change(&s->sinks, s->host->sinks, p->sink);
	s->no_splice = false;
	if (stamp_compile(p->format, s->stamp, sizeof(s->stamp)) < 0) /* checked when the file was loaded */
		s->stamp[0] = 0;
}

int stream_new(struct stream_host *host, const struct logwire_packet *p, const struct stream_fds *fds, struct stream **ret)
{
	struct stream *s = calloc(1, sizeof(*s));
	if (!s) {
		for (size_t i = 0; i < ARRAY_LEN(fds->fd); i++)
			close_fd(&(int){ fds->fd[i] });
		return -ENOMEM;
	}
	s->host = host;
	s->slot = &host->slots[p->slot];
	s->slot_number = p->slot;
	s->pipe_fd = fds->fd[0];
	s->staging_in = fds->fd[1];
	s->staging_out = fds->fd[2];
	s->ring_fd = fds->fd[3];
	configure(s, p);
	file_inherit(p->in_combined ? s->combined : s->path, p->error);
	uint64_t lost = sink_recover(s->slot);
	if (lost)
		log_warning("logd: %s: %llu bytes that waited for its sinks were lost with the logd that was killed", s->name,
			    (unsigned long long)lost);
	int r = loop_timer_new(host->loop, on_linger, s, &s->linger);
	if (r == 0)
		r = loop_timer_new(host->loop, on_retry, s, &s->retry);
	if (r < 0) {
		stream_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	loop_remove(&s->source);
	loop_timer_free(&s->linger);
	loop_timer_free(&s->retry);
	put_files(s);
	match_set(&s->match, "");
	sinkset_done(&s->sinks);
	if (s->host->sinks)
		sinks_forget(s->host->sinks, s->slot_number);
	close_fd(&s->pipe_fd);
	close_fd(&s->staging_in);
	close_fd(&s->staging_out);
	close_fd(&s->ring_fd);
	free(s);
}

uint32_t stream_slot(const struct stream *s)
{
	return s->slot_number;
}

bool stream_has_file(const struct stream *s, const struct file *f)
{
	return s->path == f || s->combined == f;
}

size_t stream_waiting(int pipe_fd)
{
	size_t n = 0;

	(void)sys_fionread(pipe_fd, &n);
	return n;
}

void stream_recover(struct stream *s)
{
	piece_recover(s);
}

/* Moves what is in staging on. */
static void empty_staging(struct stream *s, bool all)
{
	if (s->paused)
		return;
	if (piece_is_plain(s) && !file_is_due(s->path, stream_waiting(s->staging_in)) && piece_splice(s, stream_waiting(s->staging_in))) {
		;
	} else if (!s->path && !s->combined && s->rules.console == LOGWIRE_CONSOLE_NONE && !s->sinks.n && !match_is_armed(&s->match, s->slot)) {
		size_t n = stream_waiting(s->staging_in);
		piece_discard(s, n);
		s->slot->written += n;
	} else {
		while (piece_next(s, all))
			loop_timer_off(s->linger);
	}
}

/* Where splice is refused. What is read here is lost when we are killed before it is in staging; it is all that can be had. */
static ssize_t fill_by_hand(struct stream *s)
{
	int size = sys_fcntl(s->staging_in, F_GETPIPE_SZ, 0);
	/* A pipe holds less than its size when it is filled in odd pieces. */
	size_t most = size > 0 ? (size_t)size / 2 : 0, there = stream_waiting(s->staging_in);

	if (most > STREAM_PIECE)
		most = STREAM_PIECE;
	if (there >= most)
		return -EAGAIN;
	ssize_t n = sys_read(s->pipe_fd, s->host->in, most - there);
	ssize_t done = n > 0 ? sys_write(s->staging_out, s->host->in, (size_t)n) : n;
	if (n > 0 && done < n) {
		size_t lost = (size_t)(n - (done > 0 ? done : 0));
		s->slot->dropped += lost;
		s->slot->written += lost;
		log_error("logd: %s: %zu bytes are lost: staging takes no more", s->name, lost);
	}
	return n;
}

static ssize_t fill_staging(struct stream *s)
{
	ssize_t n = s->host->no_splice ? -ENOSYS :
					 sys_splice(s->pipe_fd, s->staging_out, STREAM_PIECE, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

	if (n == -ENOSYS || n == -EPERM || n == -EINVAL) {
		if (!s->host->no_splice)
			log_warning("logd: splice() is refused: %s; copying instead, exact but where logd is killed", err_text((int)n));
		s->host->no_splice = true;
		n = fill_by_hand(s);
	}
	return n;
}

/* Moves what the service wrote into staging and on. Bytes moved into staging. */
static size_t turn(struct stream *s, bool all)
{
	if (s->paused)
		return 0;
	ssize_t moved = fill_staging(s);

	if (moved == -EAGAIN && stream_waiting(s->pipe_fd) > 0) {
		empty_staging(s, all); /* a predecessor may have left it full */
		moved = fill_staging(s);
	}
	if (moved == -EAGAIN && stream_waiting(s->pipe_fd) > 0) {
		/* A pipe is full with 16 pieces, however small: a line written byte by byte can't wait here for its end. */
		empty_staging(s, true);
		moved = fill_staging(s);
	}
	empty_staging(s, all);
	return moved > 0 ? (size_t)moved : 0;
}

/* The same at its fastest, for a service that writes much: nothing is asked that is known, and while more comes we stay. False: it is
 * turn()'s. */
static bool plain_turns(struct stream *s)
{
	if (s->paused || s->host->no_splice || !piece_is_plain(s) || stream_waiting(s->staging_in) > 0)
		return false;
	for (int i = 0; i < PLAIN_TURNS; i++) {
		ssize_t moved = sys_splice(s->pipe_fd, s->staging_out, PLAIN_PIECE, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		if (moved == -EAGAIN && i > 0) {
			/* The service was woken just now, and has had no time to write. Going to sleep, only to be woken by it, costs
			 * more than to let it go first. */
			(void)sched_yield();
			moved = sys_splice(s->pipe_fd, s->staging_out, PLAIN_PIECE, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		}
		if (moved <= 0)
			return i > 0;
		if (file_is_due(s->path, (size_t)moved) || !piece_splice(s, (size_t)moved))
			return false;
		if (s->paused || moved < PLAIN_BUSY)
			return true;
	}
	return true;
}

static void on_readable(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	if (!plain_turns(ctx))
		(void)turn(ctx, false);
}

static void on_linger(void *ctx)
{
	struct stream *s = ctx;

	/* On a busy machine the line's end may have come long ago, and only we are late. */
	if (stream_waiting(s->pipe_fd) > 0) {
		(void)turn(s, false);
		return;
	}
	while (piece_next(s, true))
		;
}

bool stream_may_wait(const struct stream *s)
{
	return s->rules.overflow == LOGWIRE_BLOCK && !s->last;
}

void stream_pause(struct stream *s, usec_t span)
{
	s->paused = true;
	if (s->source)
		(void)loop_change(s->source, 0);
	loop_timer_in(s->retry, span);
}

static void on_retry(void *ctx)
{
	struct stream *s = ctx;

	s->paused = false;
	(void)turn(s, false);
	if (!s->paused && s->source)
		(void)loop_change(s->source, EPOLLIN);
}

void stream_begin(struct stream *s)
{
	if (s->source)
		return;
	/* What a predecessor left in staging. A new stream's pipe is not read before the loop runs: those that share its file may be
	 * told of only now. */
	if (stream_waiting(s->staging_in) > 0)
		(void)turn(s, false);
	int r = loop_add(s->host->loop, s->pipe_fd, s->paused ? 0 : EPOLLIN, LOOP_NORMAL, on_readable, s, &s->source);
	if (r < 0)
		log_error("logd: %s: cannot watch its pipe: %s", s->name, err_text(r));
}

/* `all`: an unfinished line too. */
static void drain(struct stream *s, bool all)
{
	/* A service that goes on writing must not hold us here: what was there when it was asked, no more. */
	size_t there = stream_waiting(s->pipe_fd);

	loop_timer_off(s->linger);
	for (;;) {
		size_t moved = turn(s, all);
		if (moved == 0 || moved >= there)
			break;
		there -= moved;
	}
}

void stream_drain(struct stream *s, bool last)
{
	s->last = last;
	if (last)
		s->paused = false;
	drain(s, true);
	/* Nothing comes any more before which it could be told what was dropped. */
	if (last && s->path)
		file_works(s->path);
	if (last && s->combined)
		file_works(s->combined);
}

int stream_change(struct stream *s, const struct logwire_packet *p)
{
	/* A line that isn't finished stays in hand: it is not begun in one form, or file, and ended in another. */
	s->last = false;
	drain(s, false);
	configure(s, p);
	/* What it waited for may be another disk's trouble now, or another rate's. */
	if (s->paused)
		loop_timer_in(s->retry, 0);
	else if (s->source) /* the line's end is waited for as before */
		empty_staging(s, false);
	return 0;
}

void stream_flush(struct stream *s)
{
	stream_drain(s, false);
	if (s->path)
		(void)file_cut(s->path, 0);
	if (s->combined)
		(void)file_cut(s->combined, 0);
}
