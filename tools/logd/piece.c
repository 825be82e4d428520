/* piece - from staging to the files, by splice or piece by piece.
 *
 * A piece is noted in the slot, written at the noted places, then consumed. SIGKILL can end us between any two instructions, and the
 * successor goes by the slot: the same piece, the same places, the same bytes. */
#include "tools/logd/stream_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>

/* How long the beginning of a line waits for its end: long enough for a program that writes a line in parts, short enough for a
 * person who waits for a prompt. */
#define LINGER (100 * USEC_MS)
/* A file that took nothing is tried again so often, while its service waits. */
#define DISK_RETRY (500 * USEC_MS)

/* The compiler must not move stores over each other. No other CPU reads the slot at the same time, so no more than that is needed. */
static void set_phase(struct stream *s, enum logslot_phase phase)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	*(volatile uint32_t *)&s->slot->phase = phase;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

void piece_discard(struct stream *s, size_t n)
{
	while (n > 0 && s->host->null_fd >= 0) {
		ssize_t done = sys_splice(s->staging_in, s->host->null_fd, n, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		if (done <= 0)
			break;
		n -= (size_t)done;
	}
	while (n > 0) {
		ssize_t done = sys_read(s->staging_in, s->host->in, n < STREAM_PIECE ? n : STREAM_PIECE);
		if (done <= 0)
			return;
		n -= (size_t)done;
	}
}

/* The fast path: staging -> file, no byte copied to user space. */

bool piece_is_plain(const struct stream *s)
{
	return s->path && !s->combined && s->rules.console == LOGWIRE_CONSOLE_NONE && s->rules.form == LOGWIRE_RAW && !s->stamp[0] &&
	       !s->rate.per_second && !s->sinks.n && !s->no_splice && !file_is_shared(s->path) &&
	       !match_is_armed(&s->match, s->slot);
}

static bool is_refusal(ssize_t r) /* some network and FUSE file systems; a seccomp filter */
{
	return r == -EINVAL || r == -EOPNOTSUPP || r == -ENOSYS || r == -EPERM;
}

bool piece_splice(struct stream *s, size_t n)
{
	uint64_t end;

	if (n == 0)
		return true;
	file_works(s->path); /* what was dropped is told where it would stand */
	if (file_end(s->path, &end) == 0) {
		int fd = file_seek(s->path, end);
		while (fd >= 0 && n > 0) {
			ssize_t done = sys_splice(s->staging_in, fd, n, SPLICE_F_MOVE);
			if (is_refusal(done)) {
				s->no_splice = true;
				return false;
			}
			if (done <= 0) {
				file_failed(s->path, done < 0 ? (int)done : EIO);
				break;
			}
			s->slot->written += (uint64_t)done;
			s->slot->midline = false; /* nobody looks: another form begins anew, on a line of its own */
			n -= (size_t)done;
		}
		file_trim(s->path);
		if (n == 0) {
			file_worked(s->path);
			return true;
		}
	}
	if (stream_may_wait(s)) {
		stream_pause(s, DISK_RETRY);
		return true;
	}
	/* No disk stops a service: what can't be written is dropped and counted. */
	s->slot->dropped += n;
	file_dropped(s->path, n);
	piece_discard(s, n);
	s->slot->written += n;
	return true;
}

/* The way by pieces. */

static void put_back(struct stream *s, const char *p, ssize_t n)
{
	ssize_t back = n > 0 ? sys_write(s->staging_out, p, (size_t)n) : 0;

	if (n > 0 && back != n) {
		s->slot->dropped += (size_t)(n - (back > 0 ? back : 0));
		log_error("logd: %s: staging took back %zd bytes of %zd", s->name, back, n);
	}
}

/* Where tee is refused: all of it is read, and put back behind nothing else. A kill in between loses it. */
static size_t peek_by_hand(struct stream *s)
{
	ssize_t n = sys_read(s->staging_in, s->host->in, STREAM_PIECE);

	if (n <= 0)
		return 0;
	ssize_t rest = sys_read(s->staging_in, s->host->out, STREAM_OUT);
	put_back(s, s->host->in, n);
	put_back(s, s->host->out, rest);
	return (size_t)n;
}

/* A copy of what is in staging, which stays there. How many bytes. */
static size_t peek(struct stream *s)
{
	ssize_t n = s->host->no_tee ? -ENOSYS : sys_tee(s->staging_in, s->host->scratch[1], STREAM_PIECE, SPLICE_F_NONBLOCK);
	size_t got = 0;

	if (is_refusal(n)) {
		if (!s->host->no_tee)
			log_warning("logd: tee() is refused: %s; copying instead, exact but where logd is killed", err_text((int)n));
		s->host->no_tee = true;
		return peek_by_hand(s);
	}
	while (n > 0 && got < (size_t)n) {
		ssize_t r = sys_read(s->host->scratch[0], s->host->in + got, (size_t)n - got);
		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return got;
}

/* In which files a predecessor may have written the piece, or a part of it, by other rules than ours: nothing of that stays behind its
 * end. */
struct repeat {
	bool path, combined;
};

static uint64_t place_in(struct file *f)
{
	uint64_t end;

	if (!f)
		return 0;
	if (file_end(f, &end) < 0)
		return UINT64_MAX;
	return end;
}

/* False: a file takes nothing, and the piece is to wait; it is as if it had not been begun. */
static bool write_files(struct stream *s, const char *piece, struct repeat repeat)
{
	struct logslot *slot = s->slot;
	int r = piece_write_to(s, s->path, slot->path_at, piece, slot->n, repeat.path);
	bool waits = r < 0 && stream_may_wait(s);
	int both = waits ? 0 : piece_write_to(s, s->combined, slot->combined_at, piece, slot->n, repeat.combined);

	if (both < 0 && stream_may_wait(s)) {
		if (s->path && r == 0)
			(void)file_cut(s->path, slot->path_at);
		waits = true;
	}
	if (waits) {
		/* A predecessor may have got as far as this one. */
		if (repeat.combined && r < 0 && s->combined && slot->combined_at != UINT64_MAX)
			(void)file_cut(s->combined, slot->combined_at);
		set_phase(s, LOGSLOT_IDLE);
		stream_pause(s, DISK_RETRY);
		return false;
	}
	if (r < 0) {
		slot->dropped += slot->n;
		file_dropped(s->path, slot->n);
	}
	if (both < 0) {
		slot->dropped += slot->n;
		file_dropped(s->combined, slot->n);
	}
	return true;
}

/* The rest of a noted piece, from wherever it stands: the same steps for us and for a successor. */
static bool complete(struct stream *s, const char *piece, struct repeat repeat)
{
	struct logslot *slot = s->slot;

	if (slot->phase == LOGSLOT_WRITE) {
		if (!write_files(s, piece, repeat))
			return false;
		/* Before it is done with: a line may come twice from a successor, but none is missed. */
		if (s->sinks.n) {
			struct line line;
			piece_line(s, &line);
			sinkset_add(&s->sinks, s->slot_number, &line, piece, slot->n);
		}
		set_phase(s, LOGSLOT_CONSUME);
		/* After the files: who sees a line on the console finds it there. */
		if (s->rules.console != LOGWIRE_CONSOLE_NONE)
			slot->console_dropped += piece_put_on_console(s, piece, slot->n);
	}
	size_t consumed = slot->total - stream_waiting(s->staging_in);
	if (consumed < slot->n)
		piece_discard(s, slot->n - consumed);
	slot->midline = slot->next_midline;
	slot->written += slot->n;
	set_phase(s, LOGSLOT_IDLE);
	return true;
}

/* Opens the file, where the piece belongs already; but one that was emptied or removed meanwhile must not begin with a hole. A file that
 * the predecessor had not heard of yet gets it at its end. True: it may stand there. */
static bool place_again(struct file *f, uint64_t id, const struct logslot *noted, uint64_t *ret)
{
	uint64_t end = place_in(f);
	bool as_path = f && id == noted->path_id, as_combined = f && id == noted->combined_id;
	uint64_t at = as_path ? noted->path_at : as_combined ? noted->combined_at : end;

	*ret = end < at || end == UINT64_MAX ? end : at;
	return as_path || as_combined;
}

/* The place before the file it is in: who is killed in between has no place for his successor, not a wrong one. */
static void note_place(uint64_t *at, uint64_t *id, uint64_t new_at, uint64_t new_id)
{
	if (*id != new_id) {
		*(volatile uint64_t *)id = 0;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
	}
	*(volatile uint64_t *)at = new_at;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	*(volatile uint64_t *)id = new_id;
}

void piece_recover(struct stream *s)
{
	struct logslot *slot = s->slot, noted = *slot;
	struct repeat repeat;
	uint64_t path_at, combined_at;

	if (slot->phase == LOGSLOT_IDLE)
		return;
	size_t n = slot->phase == LOGSLOT_WRITE ? peek(s) : 0;
	if (slot->phase == LOGSLOT_WRITE && n < slot->n)
		slot->n = n; /* can't be: staging has at least the piece; but never read past what there is */
	repeat.path = place_again(s->path, s->path_id, &noted, &path_at);
	repeat.combined = place_again(s->combined, s->combined_id, &noted, &combined_at);
	note_place(&slot->path_at, &slot->path_id, path_at, s->path_id);
	note_place(&slot->combined_at, &slot->combined_id, combined_at, s->combined_id);
	(void)complete(s, s->host->in, repeat);
}

static void works_again(struct file *f)
{
	if (f)
		file_works(f);
}

/* How much of the n bytes at p the rate lets pass: whole lines where it can be. 0: none, now. */
static size_t rate_fit(struct stream *s, const char *p, size_t n)
{
	if (!s->rate.per_second || s->last)
		return n;
	int64_t left = rate_left(&s->rate, clock_mono());
	if (left <= 0)
		return 0;
	if ((uint64_t)left < n) {
		const char *nl = memrchr(p, '\n', (size_t)left);
		if (!nl)
			nl = memchr(p, '\n', n);
		n = nl ? (size_t)(nl - p) + 1 : n;
	}
	return n;
}

/* Before it is noted: a successor of ours that finds the match again says it again, which is no harm. */
static void look_for_match(struct stream *s, const char *piece, size_t n)
{
	uint32_t serial = match_is_armed(&s->match, s->slot);

	/* What an earlier run has left in the pipe is not this one's. */
	if (!serial || s->slot->written < *(const volatile uint64_t *)&s->slot->pid_from || !match_look(&s->match, serial, piece, n))
		return;
	if (s->host->matched)
		s->host->matched(s->host->ctx, s->slot_number, serial);
	s->slot->match_seen = serial;
}

static void note_piece(struct stream *s, size_t n, size_t total, char last)
{
	struct logslot *slot = s->slot;

	slot->n = n;
	slot->total = total;
	slot->stamp = clock_wall();
	slot->piece_pid = slot->written < slot->pid_from ? slot->pid_before : slot->pid;
	slot->next_midline = last != '\n';
}

/* It came faster than it may: gone, and counted. */
static void drop_piece(struct stream *s)
{
	struct file *const files[] = { s->path, s->combined };

	s->slot->dropped += s->slot->n;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (files[i])
			file_limited(files[i], s->slot->n);
	s->slot->next_midline = false; /* what follows stands behind the note of it */
	set_phase(s, LOGSLOT_CONSUME);
	(void)complete(s, NULL, (struct repeat){ 0 });
}

/* Where a piece ends: at a newline if there is one. 0: it is to wait for more. */
static size_t piece_length(struct stream *s, const char *piece, size_t n, bool all)
{
	/* However much there is: a piece that ends in the midst of a line lets another stream of a shared file into that line. */
	const char *nl = memrchr(piece, '\n', n);

	if (nl)
		return (size_t)(nl - piece) + 1;
	if (all)
		return n;
	if (n < STREAM_PIECE / 2) {
		if (loop_timer_due(s->linger) == USEC_NEVER)
			loop_timer_in(s->linger, LINGER);
		return 0;
	}
	return line_cut(piece, n, n - 1); /* the last character may not be whole yet */
}

/* A piece has one pid: it ends where the next process of the service begins to talk. */
static size_t pid_fit(const struct stream *s, size_t n)
{
	uint64_t from = *(const volatile uint64_t *)&s->slot->pid_from, written = s->slot->written;

	return written < from && from - written < n ? (size_t)(from - written) : n;
}

bool piece_next(struct stream *s, bool all)
{
	struct logslot *slot = s->slot;
	size_t total = s->paused ? 0 : stream_waiting(s->staging_in), there = total ? peek(s) : 0;
	const char *piece = s->host->in;
	size_t n = there ? piece_length(s, piece, there, all) : 0;

	if (n == 0)
		return false;
	n = pid_fit(s, n);
	size_t fits = rate_fit(s, piece, n);
	if (fits == 0 && s->rules.overflow == LOGWIRE_BLOCK) {
		stream_pause(s, rate_wait(&s->rate));
		return false;
	}
	if (fits == 0) {
		look_for_match(s, piece, n);
		note_piece(s, n, total, piece[n - 1]);
		drop_piece(s);
		return true;
	}
	n = file_fit(s->path, piece, fits);
	n = file_fit(s->combined, piece, n);
	works_again(s->path);
	works_again(s->combined);
	look_for_match(s, piece, n);
	note_piece(s, n, total, piece[n - 1]);
	note_place(&slot->path_at, &slot->path_id, place_in(s->path), s->path_id);
	note_place(&slot->combined_at, &slot->combined_id, place_in(s->combined), s->combined_id);
	set_phase(s, LOGSLOT_WRITE);
	if (!complete(s, piece, (struct repeat){ 0 }))
		return false;
	if (s->rate.per_second)
		rate_take(&s->rate, n);
	return true;
}
