#include "tools/logd/stream.h"

#include "base/log.h"
#include "base/own.h"
#include "base/stamp.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

/* How long the beginning of a line waits for its end: long enough for a program that writes a line in parts, short enough for a
 * person who waits for a prompt. */
#define LINGER (100 * USEC_MS)

struct stream {
	struct stream_host *host; /* borrowed */
	struct logslot *slot;
	uint32_t slot_number;
	struct loop_source *source;
	struct loop_timer *linger;
	int pipe_fd, staging_in, staging_out; /* owned: read end, read end, write end */
	char name[LOGWIRE_NAME_MAX];
	char stamp[STAMP_MAX]; /* compiled log_date_format; "": none */
	struct file *path, *combined; /* references, NULL: none */
	bool console;
	bool recovered; /* a piece of a predecessor was completed, or there was none */
	bool no_splice; /* the file system of its file can't; reset when the file changes */
};

static void on_readable(void *ctx, int fd, uint32_t events);
static void on_linger(void *ctx);

static void put_files(struct stream *s)
{
	file_put(s->path);
	file_put(s->combined);
	s->path = s->combined = NULL;
}

static void configure(struct stream *s, const struct logwire_packet *p)
{
	put_files(s);
	memcpy(s->name, p->name, sizeof(s->name));
	s->path = file_get(s->host->files, p->path);
	/* Both in one file is one sink, not two copies of each line. */
	if (strcmp(p->path, p->combined) != 0)
		s->combined = file_get(s->host->files, p->combined);
	file_limit(s->path, &p->rules.limits);
	file_limit(s->combined, &p->rules.limits);
	s->console = p->rules.console && s->host->console;
	s->no_splice = false;
	if (stamp_compile(p->format, s->stamp, sizeof(s->stamp)) < 0) /* checked when the file was loaded */
		s->stamp[0] = 0;
}

int stream_new(struct stream_host *host, const struct logwire_packet *p, int pipe_fd, int staging_in, int staging_out,
	       struct stream **ret)
{
	struct stream *s = calloc(1, sizeof(*s));
	if (!s) {
		close_fd(&pipe_fd);
		close_fd(&staging_in);
		close_fd(&staging_out);
		return -ENOMEM;
	}
	s->host = host;
	s->slot = &host->slots[p->slot];
	s->slot_number = p->slot;
	s->pipe_fd = pipe_fd;
	s->staging_in = staging_in;
	s->staging_out = staging_out;
	configure(s, p);
	int r = loop_timer_new(host->loop, on_linger, s, &s->linger);
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
	put_files(s);
	close_fd(&s->pipe_fd);
	close_fd(&s->staging_in);
	close_fd(&s->staging_out);
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

static size_t waiting(int fd)
{
	size_t n = 0;

	(void)sys_fionread(fd, &n);
	return n;
}

/* SIGKILL can end us between any two instructions, and the successor reads the slot: the compiler must not move stores over each
 * other. No other CPU reads it at the same time, so no more than that is needed. */
static void set_phase(struct stream *s, enum logslot_phase phase)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	*(volatile uint32_t *)&s->slot->phase = phase;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Takes n bytes out of staging, to nowhere. */
static void discard(struct stream *s, size_t n)
{
	while (n > 0) {
		ssize_t done = sys_read(s->staging_in, s->host->in, n < STREAM_PIECE ? n : STREAM_PIECE);
		if (done <= 0)
			return;
		n -= (size_t)done;
	}
}

/* The fast path: pipe -> staging -> file, no byte copied to user space. */

static bool is_plain(const struct stream *s)
{
	return s->path && !s->combined && !s->console && !s->stamp[0] && !s->no_splice && !file_is_shared(s->path);
}

/* False: it can't be spliced there, and is still in staging. */
static bool splice_out(struct stream *s)
{
	size_t n = waiting(s->staging_in);
	uint64_t end;

	if (n == 0)
		return true;
	file_works(s->path); /* what was dropped is told where it would stand */
	if (file_end(s->path, &end) == 0) {
		int fd = file_seek(s->path, end);
		while (fd >= 0 && n > 0) {
			ssize_t done = sys_splice(s->staging_in, fd, n, SPLICE_F_MOVE);
			if (done == -EINVAL || done == -EOPNOTSUPP) { /* some network and FUSE file systems */
				s->no_splice = true;
				return false;
			}
			if (done <= 0) {
				file_failed(s->path, done < 0 ? (int)done : EIO);
				break;
			}
			s->slot->written += (uint64_t)done;
			n -= (size_t)done;
		}
		if (n == 0)
			return true;
	}
	/* No disk stops a service: what can't be written is dropped and counted. */
	s->slot->dropped += n;
	file_dropped(s->path, n);
	discard(s, n);
	return true;
}

/* The way by pieces. */

/* A copy of what is in staging, which stays there. How many bytes. */
static size_t peek(struct stream *s)
{
	ssize_t n = sys_tee(s->staging_in, s->host->scratch[1], STREAM_PIECE, SPLICE_F_NONBLOCK);
	size_t got = 0;

	while (n > 0 && got < (size_t)n) {
		ssize_t r = sys_read(s->host->scratch[0], s->host->in + got, (size_t)n - got);
		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return got;
}

/* A piece is written whole or not at all: what is counted as dropped must not stand there in part. */
static int undo(struct file *f, uint64_t begin, uint64_t at, int error)
{
	if (at > begin)
		(void)file_cut(f, begin);
	return error;
}

/* Writes the piece with a stamp at the head of each line. */
static int write_stamped(struct stream *s, struct file *f, uint64_t at, const char *p, size_t n)
{
	char stamp[STAMP_MAX];
	char *out = s->host->out;
	uint64_t begin = at;
	size_t len = 0, stamp_len = stamp_format(s->stamp, s->slot->stamp, stamp, sizeof(stamp));
	bool midline = s->slot->midline;

	while (n > 0) {
		const char *nl = memchr(p, '\n', n);
		size_t line = nl ? (size_t)(nl - p) + 1 : n;
		if (len + stamp_len + 2 + line > STREAM_OUT) { /* a line is at most STREAM_PIECE long here */
			int r = file_write(f, at, out, len);
			if (r < 0)
				return undo(f, begin, at, r);
			at += len;
			len = 0;
		}
		if (!midline && stamp_len) {
			memcpy(out + len, stamp, stamp_len);
			memcpy(out + len + stamp_len, ": ", 2);
			len += stamp_len + 2;
		}
		memcpy(out + len, p, line);
		len += line;
		midline = !nl;
		p += line;
		n -= line;
	}
	int r = file_write(f, at, out, len);
	return r < 0 ? undo(f, begin, at, r) : 0;
}

static void write_to(struct stream *s, struct file *f, uint64_t at, const char *p, size_t n)
{
	int r = !f ? 0 : at == UINT64_MAX ? -EIO : s->stamp[0] ? write_stamped(s, f, at, p, n) : file_write(f, at, p, n);

	if (r < 0) {
		s->slot->dropped += n;
		file_dropped(f, n);
	}
}

static uint64_t place_in(struct file *f)
{
	uint64_t end;

	if (!f)
		return 0;
	if (file_end(f, &end) < 0)
		return UINT64_MAX;
	return end;
}

/* The rest of a noted piece, from wherever it stands: the same steps for us and for a successor. */
static void complete(struct stream *s, const char *piece)
{
	struct logslot *slot = s->slot;

	if (slot->phase == LOGSLOT_WRITE) {
		write_to(s, s->path, slot->path_at, piece, slot->n);
		write_to(s, s->combined, slot->combined_at, piece, slot->n);
		set_phase(s, LOGSLOT_CONSUME);
		/* After the files: who sees a line on the console finds it there. */
		if (s->console)
			slot->console_dropped += console_add(s->host->console, s->name, piece, slot->n);
	}
	size_t consumed = slot->total - waiting(s->staging_in);
	if (consumed < slot->n)
		discard(s, slot->n - consumed);
	slot->midline = slot->next_midline;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	set_phase(s, LOGSLOT_IDLE);
}

static void works_again(struct file *f)
{
	if (f)
		file_works(f);
}

/* One piece of what is in staging. `all`: also a line without its end. False: nothing to do now. */
static bool one_piece(struct stream *s, bool all)
{
	struct logslot *slot = s->slot;
	size_t total = waiting(s->staging_in), n = total ? peek(s) : 0;
	const char *piece = s->host->in;

	if (n == 0)
		return false;
	/* However much there is: a piece that ends in the midst of a line lets another stream of a shared file into that line. */
	const char *nl = memrchr(piece, '\n', n);
	if (nl) {
		n = (size_t)(nl - piece) + 1;
	} else if (!all && n < STREAM_PIECE / 2) {
		if (loop_timer_due(s->linger) == USEC_NEVER)
			loop_timer_in(s->linger, LINGER);
		return false;
	}
	n = file_fit(s->path, piece, n);
	n = file_fit(s->combined, piece, n);
	works_again(s->path);
	works_again(s->combined);
	slot->n = n;
	slot->total = total;
	slot->stamp = clock_wall();
	slot->next_midline = piece[n - 1] != '\n';
	slot->path_at = place_in(s->path);
	slot->combined_at = place_in(s->combined);
	set_phase(s, LOGSLOT_WRITE);
	slot->written += n;
	complete(s, piece);
	return true;
}

/* Opens the file, where the piece belongs already; but one that was emptied or removed meanwhile must not begin with a hole. */
static void place_again(struct file *f, uint64_t *at)
{
	uint64_t end = place_in(f);

	if (end < *at || end == UINT64_MAX)
		*at = end;
}

void stream_recover(struct stream *s)
{
	s->recovered = true;
	if (s->slot->phase == LOGSLOT_IDLE)
		return;
	size_t n = s->slot->phase == LOGSLOT_WRITE ? peek(s) : 0;
	if (s->slot->phase == LOGSLOT_WRITE && n < s->slot->n)
		s->slot->n = n; /* can't be: staging has at least the piece; but never read past what there is */
	place_again(s->path, &s->slot->path_at);
	place_again(s->combined, &s->slot->combined_at);
	complete(s, s->host->in);
}

/* Moves what is in staging on. */
static void empty_staging(struct stream *s, bool all)
{
	if (is_plain(s) && !file_is_due(s->path, waiting(s->staging_in)) && splice_out(s)) {
		;
	} else if (!s->path && !s->combined && !s->console) {
		size_t n = waiting(s->staging_in);
		s->slot->written += n;
		discard(s, n);
	} else {
		while (one_piece(s, all))
			loop_timer_off(s->linger);
	}
}

static ssize_t fill_staging(struct stream *s)
{
	return sys_splice(s->pipe_fd, s->staging_out, STREAM_PIECE, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
}

/* Moves what the service wrote into staging and on. Bytes moved into staging. */
static size_t turn(struct stream *s, bool all)
{
	ssize_t moved = fill_staging(s);

	if (moved == -EAGAIN && waiting(s->pipe_fd) > 0) {
		empty_staging(s, all); /* a predecessor may have left it full */
		moved = fill_staging(s);
	}
	if (moved == -EAGAIN && waiting(s->pipe_fd) > 0) {
		/* A pipe is full with 16 pieces, however small: a line written byte by byte can't wait here for its end. */
		empty_staging(s, true);
		moved = fill_staging(s);
	}
	empty_staging(s, all);
	return moved > 0 ? (size_t)moved : 0;
}

static void on_readable(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	(void)turn(ctx, false);
}

static void on_linger(void *ctx)
{
	struct stream *s = ctx;

	/* On a busy machine the line's end may have come long ago, and only we are late. */
	if (waiting(s->pipe_fd) > 0) {
		(void)turn(s, false);
		return;
	}
	while (one_piece(s, true))
		;
}

void stream_begin(struct stream *s)
{
	if (s->source)
		return;
	/* What a predecessor left in staging. A new stream's pipe is not read before the loop runs: those that share its file may be
	 * told of only now. */
	if (waiting(s->staging_in) > 0)
		(void)turn(s, false);
	int r = loop_add(s->host->loop, s->pipe_fd, EPOLLIN, LOOP_NORMAL, on_readable, s, &s->source);
	if (r < 0)
		log_error("logd: %s: cannot watch its pipe: %s", s->name, err_text(r));
}

void stream_drain(struct stream *s)
{
	/* A service that goes on writing must not hold us here: what was there when it was asked, no more. */
	size_t there = waiting(s->pipe_fd);

	loop_timer_off(s->linger);
	for (;;) {
		size_t moved = turn(s, true);
		if (moved == 0 || moved >= there)
			break;
		there -= moved;
	}
}

int stream_change(struct stream *s, const struct logwire_packet *p)
{
	stream_drain(s);
	configure(s, p);
	return 0;
}

void stream_flush(struct stream *s)
{
	stream_drain(s);
	if (s->path)
		(void)file_cut(s->path, 0);
	if (s->combined)
		(void)file_cut(s->combined, 0);
}
