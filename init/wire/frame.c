/* frame - the bytes of a stream cut at each NUL, and messages joined to a stream.
 *
 * Both buffers begin small, double up to their limit and are given back once they
 * are empty, so that one big reply doesn't stay in the memory of an idle pm1. */
#include "wire/frame.h"

#include "base/banned.h"
#include "base/sys.h"

#include <errno.h>
#include <limits.h>

#define FRAME_FIRST 4096 /* bytes of a new buffer: most requests fit */
#define FRAME_KEEP 65536 /* an empty buffer above this is freed */

/* Makes room for `need` bytes in all, at most `limit`. */
static int grow(char **buf, size_t *cap, size_t need, size_t limit)
{
	size_t to = *cap ? *cap : FRAME_FIRST;
	while (to < need)
		to *= 2;
	if (to > limit)
		to = limit;
	if (to <= *cap)
		return 0;
	char *bigger = realloc(*buf, to);
	if (!bigger)
		return -ENOMEM;
	*buf = bigger;
	*cap = to;
	return 0;
}

void frame_in_init(struct frame_in *f, size_t max)
{
	*f = (struct frame_in){ .max = max };
}

void frame_in_done(struct frame_in *f)
{
	free(f->buf);
	frame_in_init(f, f->max);
}

/* Moves what nobody has taken yet to the front. */
static void frame_in_compact(struct frame_in *f)
{
	if (f->taken == 0)
		return;
	f->len -= f->taken;
	f->scanned -= f->taken;
	memmove(f->buf, f->buf + f->taken, f->len);
	f->taken = 0;
	if (f->len == 0 && f->cap > FRAME_KEEP)
		frame_in_done(f);
}

int frame_in_read(struct frame_in *f, int fd)
{
	frame_in_compact(f);
	if (f->len > f->max) /* full: max bytes and the place of a NUL */
		return memchr(f->buf, '\0', f->len) ? -EBUSY : -EMSGSIZE;
	if (f->len == f->cap) {
		int r = grow(&f->buf, &f->cap, f->len + 1, f->max + 1);
		if (r < 0)
			return r;
	}
	size_t room = f->cap - f->len;
	ssize_t n = sys_read(fd, f->buf + f->len, room < INT_MAX ? room : INT_MAX);
	if (n <= 0)
		return (int)n;
	f->len += (size_t)n;
	if (f->len > f->max && !memchr(f->buf + f->scanned, '\0', f->len - f->scanned))
		return -EMSGSIZE;
	return (int)n;
}

const char *frame_next(struct frame_in *f, size_t *ret_len)
{
	if (f->scanned == f->len)
		return NULL;
	const char *end = memchr(f->buf + f->scanned, '\0', f->len - f->scanned);
	if (!end) {
		f->scanned = f->len;
		return NULL;
	}
	const char *msg = f->buf + f->taken;
	*ret_len = (size_t)(end - msg);
	f->taken += *ret_len + 1;
	f->scanned = f->taken;
	return msg;
}

void frame_out_init(struct frame_out *f, size_t max)
{
	*f = (struct frame_out){ .max = max };
}

void frame_out_done(struct frame_out *f)
{
	free(f->buf);
	frame_out_init(f, f->max);
}

bool frame_out_empty(const struct frame_out *f)
{
	return f->sent == f->len;
}

int frame_out_add(struct frame_out *f, const char *msg)
{
	size_t n = strlen(msg) + 1;
	if (n > f->max || f->len - f->sent > f->max - n)
		return -EMSGSIZE;
	/* The sent part is dropped only when it pays: when it makes the room that is missing. */
	if (f->len + n > f->cap && f->sent > 0) {
		memmove(f->buf, f->buf + f->sent, f->len - f->sent);
		f->len -= f->sent;
		f->sent = 0;
	}
	if (f->len + n > f->cap) {
		int r = grow(&f->buf, &f->cap, f->len + n, f->max);
		if (r < 0)
			return r;
	}
	memcpy(f->buf + f->len, msg, n);
	f->len += n;
	return 0;
}

int frame_out_flush(struct frame_out *f, int fd)
{
	if (frame_out_empty(f))
		return 0;
	struct iovec iov = { .iov_base = f->buf + f->sent, .iov_len = f->len - f->sent };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	/* sendmsg and not write: it can't raise SIGPIPE. */
	ssize_t n = sys_sendmsg(fd, &m, MSG_DONTWAIT);
	if (n == -EAGAIN)
		return 1;
	if (n < 0)
		return (int)n;
	f->sent += (size_t)n;
	if (!frame_out_empty(f))
		return 1;
	f->len = f->sent = 0;
	if (f->cap > FRAME_KEEP)
		frame_out_done(f);
	return 0;
}
