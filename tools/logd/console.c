#include "tools/logd/console.h"

#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

struct console {
	struct loop *loop; /* borrowed */
	int fd; /* owned */
	bool nonblocking; /* fd is a description of our own */
	struct loop_source *source; /* while something waits */
	char *buf; /* owned, CONSOLE_WAITING_MAX bytes */
	size_t len, sent;
	uint64_t dropped; /* since the last note about it */
	bool json; /* the last form, and that of notes */
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

static bool add_part(struct console *c, const struct form *form, const struct form_part *part)
{
	size_t n = form_put(form, part, c->buf + c->len, CONSOLE_WAITING_MAX - c->len);

	c->len += n;
	return n > 0;
}

static void close_up(struct console *c)
{
	memmove(c->buf, c->buf + c->sent, c->len - c->sent);
	c->len -= c->sent;
	c->sent = 0;
}

/* A part of a long line asks for more room than it takes in the end, so what a quick reader would take at once goes out first. */
static bool add_with_room(struct console *c, const struct form *form, const struct form_part *part)
{
	if (add_part(c, form, part))
		return true;
	flush(c);
	close_up(c);
	return add_part(c, form, part);
}

/* Says what is missing, once there is room for it and for more. */
static void add_note(struct console *c)
{
	char note[96];
	struct form form;

	if (!c->dropped || c->len >= CONSOLE_WAITING_MAX / 2)
		return;
	(void)text_format(note, sizeof(note), "%llu bytes are missing here: the console was too slow",
			  (unsigned long long)c->dropped);
	if (c->json)
		form_json(&form, &(struct line){ .service = "pm1", .err = true, .pid = getpid(), .time = clock_wall() });
	else
		form_text(&form, "pm1 | ", true);
	if (add_part(c, &form, &(struct form_part){ .text = note, .n = strlen(note), .begins = true, .ends = true }))
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

uint64_t console_add(struct console *c, const struct form *form, bool midline, const char *piece, size_t n)
{
	struct form_cursor cursor = { .p = piece, .n = n, .midline = midline };
	struct form_part part;
	uint64_t dropped = 0;

	c->json = form->json;
	if (c->sent > 0 && c->len + n > CONSOLE_WAITING_MAX / 2)
		close_up(c);
	add_note(c);
	while (form_next(form, &cursor, &part)) {
		if (c->dropped || !add_with_room(c, form, &part)) {
			c->dropped += part.n + part.ends;
			dropped += part.n + part.ends;
		}
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
