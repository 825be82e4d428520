/* sink_send - the connection of a sink: made when something waits, made again with a growing delay, given up by nobody. */
#include "tools/logd/sink_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>

#define DELAY_FIRST (250 * USEC_MS)
#define DELAY_MAX (5 * USEC_SEC)
#define CONNECT_MAX (10 * USEC_SEC)
/* tcp: nobody tells when the other side has confirmed what it got, so we look. */
#define LOOK_FIRST (20 * USEC_MS)
#define LOOK_MAX USEC_SEC
/* tcp: a peer that confirms nothing for so long is taken for dead. */
#define UNCONFIRMED_MAX_MS 30000
#define SINK_OUT (128 * 1024)
#define TEXT_MIN 32 /* a datagram that has no room for so much text is none */
#define FINISH_MAX 64 /* sinks that are waited for at the end */
#define FINISH_STEP_MS 10

_Static_assert(SINK_OUT >= SINK_BUF, "each line fits");

static bool is_stream(const struct sink *s)
{
	return s->addr.kind == SINK_TCP;
}

/* Whether it works is told when it changes. */

static void broken(struct sink *s, int error)
{
	if (s->error == error)
		return;
	s->error = error;
	log_warning("logd: sink %s: %s; at most %d bytes wait", s->word, err_text(error), SINK_QUEUE_MAX);
}

static void works(struct sink *s)
{
	s->delay = 0;
	if (!s->error)
		return;
	s->error = 0;
	log_notice("logd: sink %s works again", s->word);
}

static bool unconfirmed(const struct sink *s)
{
	const struct sinkentry *first = sinkqueue_first(&s->queue);
	return first && first != sinkqueue_next(&s->queue);
}

/* tcp: what the other side has is done with. */
static void settle(struct sink *s)
{
	size_t open = 0;

	if (!is_stream(s) || s->fd < 0 || s->connecting || !unconfirmed(s) || sys_unacked(s->fd, &open) < 0)
		return;
	uint64_t given = s->formatted - (s->out_len - s->out_sent), has = given > open ? given - open : 0;
	while (unconfirmed(s) && sinkqueue_first(&s->queue)->end <= has) {
		sink_is_done_with(s, true);
		s->look = 0;
		works(s);
	}
}

void sink_close(struct sink *s)
{
	loop_remove(&s->source);
	close_fd(&s->fd);
	loop_timer_off(s->timer);
	s->connecting = s->peer_done = s->want_out = false;
	free(s->out);
	s->out = NULL;
	s->out_len = s->out_sent = 0;
	s->formatted = 0;
	s->events = 0;
	s->look = 0;
	sinkqueue_rewind(&s->queue);
}

static void fail(struct sink *s, int error)
{
	settle(s);
	sink_close(s);
	if (sinkqueue_is_empty(&s->queue))
		return; /* nobody missed it */
	broken(s, error < 0 ? -error : error);
	s->delay = s->delay ? s->delay * 2 : DELAY_FIRST;
	if (s->delay > DELAY_MAX)
		s->delay = DELAY_MAX;
	loop_timer_in(s->timer, s->delay);
}

/* Connecting. */

static void on_event(void *ctx, int fd, uint32_t events)
{
	struct sink *s = ctx;

	(void)fd;
	sink_turn(s, events);
	sink_reap(s);
}

static int watch(struct sink *s)
{
	uint32_t events = s->want_out || s->connecting ? EPOLLOUT : 0;

	if (is_stream(s) && !s->peer_done)
		events |= EPOLLIN; /* its end is to be known before the next line is sent in vain */
	else if (!is_stream(s) && !events) { /* a datagram's late error would wake us, and tells nothing */
		loop_remove(&s->source);
		return 0;
	}
	if (s->source && s->events == events)
		return 0;
	s->events = events;
	return s->source ? loop_change(s->source, events) :
			   loop_add(s->all->loop, s->fd, events, LOOP_NORMAL, on_event, s, &s->source);
}

static int make_connection(struct sink *s)
{
	int fd = s->fd = sys_socket(s->addr.to.any.sa_family, is_stream(s) ? SOCK_STREAM : SOCK_DGRAM);

	if (fd < 0)
		return fd;
	if (is_stream(s)) {
		s->out = malloc(SINK_OUT);
		if (!s->out)
			return -ENOMEM;
		(void)sys_sockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNCONFIRMED_MAX_MS);
		(void)sys_sockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* what there is goes at once, in one piece as it is */
	}
	s->text_max = SINK_TEXT_MAX;
	if (s->addr.kind == SINK_SYSLOG && sys_hostname(s->host, sizeof(s->host)) < 0)
		s->host[0] = 0;
	int r = sys_connect(fd, &s->addr.to.any, s->addr.len);
	if (r == -EINPROGRESS) {
		s->connecting = true;
		loop_timer_in(s->timer, CONNECT_MAX);
		return watch(s);
	}
	if (r == 0 && is_stream(s) && sys_is_own_peer(fd))
		r = -ECONNREFUSED;
	return r;
}

static int finish_connection(struct sink *s)
{
	int r = sys_sock_error(s->fd);

	if (r == 0 && sys_is_own_peer(s->fd))
		r = -ECONNREFUSED;
	if (r < 0)
		return r;
	s->connecting = false;
	loop_timer_off(s->timer);
	return 0;
}

/* Sending. */

static ssize_t give(struct sink *s, const char *buf, size_t n)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	return sys_sendmsg(s->fd, &m, MSG_DONTWAIT);
}

/* As many lines as the buffer takes. */
static void fill(struct sink *s)
{
	struct sinkentry *e;

	s->out_len = s->out_sent = 0;
	while ((e = sinkqueue_next(&s->queue))) {
		struct line l = sinkentry_line(e);
		size_t n = sinkformat(s->addr.kind, &l, s->host, s->out + s->out_len, SINK_OUT - s->out_len);
		if (!n)
			return;
		s->out_len += n;
		s->formatted += n;
		e->end = s->formatted;
		sinkqueue_step(&s->queue);
	}
}

static int send_stream(struct sink *s)
{
	for (;;) {
		if (s->out_sent == s->out_len)
			fill(s);
		if (s->out_len == 0)
			return 0;
		ssize_t n = give(s, s->out + s->out_sent, s->out_len - s->out_sent);
		if (n < 0)
			return (int)n;
		s->out_sent += (size_t)n;
	}
}

/* A datagram of the first line, or of a part that is small enough. Bytes of its text, or -errno. */
static ssize_t send_part(struct sink *s, const struct sinkentry *e)
{
	struct line l = sinkentry_line(e);
	size_t rest = e->n - s->text_sent;

	l.text += s->text_sent;
	l.n = line_cut(l.text, rest, s->text_max);
	l.partial = e->partial || l.n < rest;
	size_t n = sinkformat(s->addr.kind, &l, s->host, s->all->buf, SINK_BUF);
	ssize_t r = n ? give(s, s->all->buf, n) : -EMSGSIZE;
	if (r == -EMSGSIZE) {
		s->text_max = l.n / 2;
		return r;
	}
	/* On this machine it is known at once that nobody is there. */
	if (r >= 0 && s->addr.kind == SINK_UDP && sys_sock_error(s->fd) == -ECONNREFUSED)
		return -ECONNREFUSED;
	return r < 0 ? r : (ssize_t)l.n;
}

static int send_datagrams(struct sink *s)
{
	const struct sinkentry *e;

	while ((e = sinkqueue_first(&s->queue))) {
		ssize_t n = send_part(s, e);
		if (n == -EMSGSIZE && s->text_max >= TEXT_MIN)
			continue;
		if (n == -EMSGSIZE) {
			broken(s, EMSGSIZE);
			s->text_max = SINK_TEXT_MAX;
			sink_is_done_with(s, false);
			continue;
		}
		if (n < 0)
			return (int)n;
		works(s);
		s->text_sent += (size_t)n;
		if (s->text_sent >= e->n)
			sink_is_done_with(s, true);
	}
	return 0;
}

static void look_later(struct sink *s)
{
	if (!is_stream(s) || s->connecting || !unconfirmed(s) || loop_timer_due(s->timer) != USEC_NEVER)
		return;
	s->look = s->look ? s->look * 2 : LOOK_FIRST;
	if (s->look > LOOK_MAX)
		s->look = LOOK_MAX;
	loop_timer_in(s->timer, s->look);
}

static void send_now(struct sink *s)
{
	int r;

	/* The second time for the note: no further, as that itself may be what doesn't go. */
	for (int i = 0; i < 2; i++) {
		r = is_stream(s) ? send_stream(s) : send_datagrams(s);
		settle(s);
		if (!sink_note(s) || r < 0)
			break;
	}
	s->want_out = r == -EAGAIN;
	if (r == -ENOBUFS || r == -ENOMEM) /* the kernel's, for a moment */
		loop_timer_in(s->timer, DELAY_FIRST);
	else if (r < 0 && r != -EAGAIN) {
		fail(s, r);
		return;
	}
	if ((r = watch(s)) < 0) {
		fail(s, r);
		return;
	}
	if (sinkqueue_is_empty(&s->queue))
		loop_timer_off(s->timer);
	look_later(s);
}

void sink_pump(struct sink *s)
{
	if (sinkqueue_is_empty(&s->queue))
		return;
	if (s->fd < 0) {
		if (loop_timer_due(s->timer) != USEC_NEVER)
			return; /* the next try has its time */
		int r = make_connection(s);
		if (r < 0) {
			fail(s, r);
			return;
		}
	}
	if (!s->connecting && !s->want_out)
		send_now(s);
	else
		settle(s);
}

/* Nothing is expected of the other side, but what it says must not fill the socket. */
static int hear(struct sink *s)
{
	ssize_t n = 1;

	for (int i = 0; i < 4 && n > 0; i++)
		n = sys_read(s->fd, s->all->buf, SINK_BUF);
	/* It may have closed its writing half alone, and read on. When it is gone altogether, what is sent next is not confirmed. */
	if (n == 0)
		s->peer_done = true;
	return n < 0 && n != -EAGAIN ? (int)n : 0;
}

void sink_turn(struct sink *s, uint32_t events)
{
	int r = 0;

	if (s->fd < 0)
		return;
	if (s->connecting) {
		if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
			return;
		r = finish_connection(s);
	} else if (events & (EPOLLERR | EPOLLHUP)) {
		r = sys_sock_error(s->fd);
		if (r == 0 && is_stream(s))
			r = -ECONNRESET;
	}
	if (r == 0 && is_stream(s) && events & EPOLLIN)
		r = hear(s);
	if (r < 0) {
		fail(s, r);
		return;
	}
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		s->want_out = false;
	settle(s);
	if (!s->want_out)
		send_now(s);
	else if ((r = watch(s)) < 0)
		fail(s, r);
}

void sink_on_timer(void *ctx)
{
	struct sink *s = ctx;

	if (s->connecting)
		fail(s, ETIMEDOUT);
	settle(s);
	(void)sink_note(s);
	sink_pump(s);
	look_later(s);
	sink_reap(s);
}

/* The end. */

static bool step(struct sinks *all, usec_t left)
{
	struct pollfd p[FINISH_MAX];
	struct sink *waiting[FINISH_MAX];
	nfds_t n = 0;
	bool confirming = false;

	for (struct sink *s = all->first; s && n < FINISH_MAX; s = s->next) {
		if (s->fd < 0 || sinkqueue_is_empty(&s->queue))
			continue;
		short events = s->connecting || s->want_out ? POLLOUT : 0;
		confirming |= !events;
		waiting[n] = s;
		p[n++] = (struct pollfd){ .fd = s->fd, .events = events };
	}
	if (n == 0)
		return false;
	int r = poll(p, n, confirming ? FINISH_STEP_MS : (int)(left / USEC_MS) + 1);
	for (nfds_t i = 0; r >= 0 && i < n; i++)
		sink_turn(waiting[i], (uint32_t)p[i].revents); /* epoll's events have poll's numbers */
	return r >= 0;
}

void sinks_finish(struct sinks *all, usec_t within)
{
	usec_t end = clock_mono() + within, now;

	for (struct sink *s = all->first; s; s = s->next) {
		if (s->fd < 0)
			loop_timer_off(s->timer); /* a last try, now */
		sink_pump(s);
	}
	while ((now = clock_mono()) < end && step(all, end - now))
		;
	for (struct sink *s = all->first; s; s = s->next)
		if (s->queue.waiting)
			log_warning("logd: sink %s: %llu bytes were not sent", s->word, (unsigned long long)s->queue.waiting);
}
