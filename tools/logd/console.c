#include "tools/logd/console.h"

#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>

struct console {
	struct loop *loop; /* borrowed */
	int fd; /* owned */
	bool nonblocking; /* fd is a description of our own */
	struct loop_source *source; /* while something waits */
	char *buf; /* owned, CONSOLE_WAITING_MAX bytes */
	size_t len, sent;
	uint64_t dropped; /* since the last note about it */
};

/* The description behind stdout is shared with others, who expect it to block; so it is opened anew where that is possible. A regular
 * file never blocks, and a second description would have an offset of its own. */
static void own_description(struct console *c)
{
	char path[32];
	struct stat st;

	if (sys_fstat(c->fd, &st) < 0 || !(S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		return;
	(void)text_format(path, sizeof(path), "/proc/self/fd/%d", c->fd);
	int fd = sys_open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return;
	close_fd(&c->fd);
	c->fd = fd;
	c->nonblocking = true;
}

int console_new(struct loop *l, int fd, struct console **ret)
{
	struct console *c = calloc(1, sizeof(*c));
	if (c)
		c->buf = malloc(CONSOLE_WAITING_MAX);
	if (!c || !c->buf) {
		free(c);
		close_fd(&fd);
		return -ENOMEM;
	}
	c->loop = l;
	c->fd = fd;
	own_description(c);
	*ret = c;
	return 0;
}

void console_free(struct console *c)
{
	if (!c)
		return;
	loop_remove(&c->source);
	close_fd(&c->fd);
	free(c->buf);
	free(c);
}

/* One write that can't block. */
static ssize_t write_some(struct console *c)
{
	size_t n = c->len - c->sent;

	if (!c->nonblocking) {
		struct pollfd p = { .fd = c->fd, .events = POLLOUT };
		if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
			return p.revents & (POLLERR | POLLHUP | POLLNVAL) ? -EPIPE : -EAGAIN;
		/* A blocking pipe that polls writable takes PIPE_BUF bytes at once. */
		if (n > PIPE_BUF)
			n = PIPE_BUF;
	}
	return sys_write(c->fd, c->buf + c->sent, n);
}

static void on_writable(void *ctx, int fd, uint32_t events);

static void flush(struct console *c)
{
	while (c->sent < c->len) {
		ssize_t n = write_some(c);
		if (n == -EAGAIN) {
			if (!c->source)
				(void)loop_add(c->loop, c->fd, EPOLLOUT, LOOP_NORMAL, on_writable, c, &c->source);
			return;
		}
		if (n <= 0) { /* nobody there any more: as if it had been read */
			c->dropped += c->len - c->sent;
			c->sent = c->len;
			break;
		}
		c->sent += (size_t)n;
	}
	c->len = c->sent = 0;
	loop_remove(&c->source);
}

static bool add(struct console *c, const char *p, size_t n)
{
	if (c->len + n > CONSOLE_WAITING_MAX)
		return false;
	memcpy(c->buf + c->len, p, n);
	c->len += n;
	return true;
}

static bool add_line(struct console *c, const char *name, const char *line, size_t n)
{
	size_t before = c->len;

	if (add(c, name, strlen(name)) && add(c, " | ", 3) && add(c, line, n) && add(c, "\n", 1))
		return true;
	c->len = before;
	return false;
}

/* Says what is missing, once there is room for it and for more. */
static void add_note(struct console *c)
{
	char note[96];

	if (!c->dropped || c->len >= CONSOLE_WAITING_MAX / 2)
		return;
	(void)text_format(note, sizeof(note), "%llu bytes are missing here: the console was too slow",
			  (unsigned long long)c->dropped);
	if (add_line(c, "pm1", note, strlen(note)))
		c->dropped = 0;
}

static void on_writable(void *ctx, int fd, uint32_t events)
{
	struct console *c = ctx;

	(void)fd;
	(void)events;
	flush(c);
	/* All is read now, and nobody may say anything for long. */
	if (c->len == 0 && c->dropped) {
		add_note(c);
		flush(c);
	}
}

uint64_t console_add(struct console *c, const char *name, const char *piece, size_t n)
{
	uint64_t dropped = 0;

	if (c->sent > 0 && c->len + n > CONSOLE_WAITING_MAX / 2) {
		memmove(c->buf, c->buf + c->sent, c->len - c->sent);
		c->len -= c->sent;
		c->sent = 0;
	}
	add_note(c);
	while (n > 0) {
		const char *nl = memchr(piece, '\n', n);
		size_t len = nl ? (size_t)(nl - piece) : n, step = nl ? len + 1 : len;
		if (c->dropped || !add_line(c, name, piece, len)) {
			c->dropped += step;
			dropped += step;
		}
		piece += step;
		n -= step;
		if (c->len > CONSOLE_WAITING_MAX / 2)
			flush(c);
	}
	flush(c);
	return dropped;
}

void console_finish(struct console *c, usec_t within)
{
	usec_t end = clock_mono() + within, now;

	flush(c);
	while (c->len > c->sent && (now = clock_mono()) < end) {
		struct pollfd p = { .fd = c->fd, .events = POLLOUT };
		if (poll(&p, 1, (int)((end - now) / USEC_MS) + 1) <= 0)
			return;
		flush(c);
	}
}
