/* client - the search for a socket, and a call as a small event loop. */
#include "tools/cli/client.h"

#include "base/banned.h"
#include "base/log.h"
#include "base/own.h"
#include "base/places.h"
#include "base/sys.h"
#include "loop/loop.h"
#include "wire/frame.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/un.h>

#define RETRY_EVERY (20 * USEC_MS) /* while the supervisor's backlog is full */

static int address(const char *path, struct sockaddr_un *ret, socklen_t *ret_len)
{
	size_t n = strlen(path);
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (n == 0 || n >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret->sun_path, path, n);
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	if (path[0] == '@') /* abstract: no NUL behind, a NUL in front */
		ret->sun_path[0] = '\0';
	else
		*ret_len += 1;
	return 0;
}

static void quit_loop(void *ctx)
{
	struct loop *l = ctx;
	loop_quit(l, 0);
}

void client_pause(usec_t span)
{
	struct loop *l = NULL;
	struct loop_timer *t = NULL;
	if (loop_new(&l) == 0 && loop_timer_new(l, quit_loop, l, &t) == 0) {
		loop_timer_at(t, clock_mono() + span);
		(void)loop_run(l);
	}
	loop_timer_free(&t);
	loop_free(l);
}

/* A connected descriptor; -EPERM: it belongs to another user than `uid` or root. */
static int connect_to(const char *path, const uid_t *uid)
{
	struct sockaddr_un a;
	socklen_t len;
	int r = address(path, &a, &len);
	if (r < 0)
		return r;
	cleanup_fd int fd = sys_socket(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return fd;
	usec_t until = clock_mono() + CLIENT_QUICK;
	/* A unix socket answers at once; -EAGAIN is a full backlog, which no poll tells the end of. */
	while ((r = sys_connect(fd, (struct sockaddr *)&a, len)) == -EAGAIN) {
		if (clock_mono() >= until)
			return -ETIMEDOUT;
		client_pause(RETRY_EVERY);
	}
	if (r < 0)
		return r;
	/* A name in /tmp can be taken by anybody, and `start` hands over an environment. */
	struct ucred peer;
	if (uid && sys_peercred(fd, &peer) == 0 && peer.uid != 0 && peer.uid != *uid)
		return -EPERM;
	return take_fd(&fd);
}

static int try_path(struct client *c, const char *path, const uid_t *uid, struct text *tried)
{
	int fd = connect_to(path, uid);
	if (fd >= 0) {
		c->fd = fd;
		(void)text_copy(c->path, sizeof(c->path), path);
		return 0;
	}
	if (tried->len > 0)
		(void)text_add(tried, ", ");
	(void)text_add_safe(tried, path);
	(void)text_addf(tried, ": %s", fd == -EPERM ? "belongs to another user" : err_text(fd));
	return fd == -ETIMEDOUT ? fd : -ENOENT;
}

/* All places of one user. `given`: the environment names the place, so whoever answers there is meant. */
static int try_user(struct client *c, uid_t uid, bool given, struct text *tried)
{
	int result = -ENOENT;
	char path[sizeof(c->path)];
	for (size_t i = 0;; i++) {
		int r = places_socket(uid, i, path, sizeof(path));
		if (r == -ENOENT)
			return result;
		if (r < 0)
			continue;
		r = try_path(c, path, given ? NULL : &uid, tried);
		if (r == 0)
			return 0;
		if (r == -ETIMEDOUT)
			result = r;
	}
}

int client_open(struct client *c, const char *socket, struct text *tried)
{
	*c = (struct client){ .fd = -1 };
	if (socket)
		return try_path(c, socket, NULL, tried);
	bool given = getenv("PM1_SOCKET") || getenv("PM1_HOME");
	uid_t me = geteuid();
	int r = try_user(c, me, given, tried);
	struct stat st;
	if (r == -ENOENT && me == 0 && !given && sys_stat("/proc/1", &st) == 0 && st.st_uid != 0)
		r = try_user(c, st.st_uid, false, tried);
	return r;
}

void client_close(struct client *c)
{
	close_fd(&c->fd);
}

/* One call under way. */
struct exchange {
	struct loop *loop;
	struct loop_source *source;
	struct frame_in in;
	struct frame_out out;
	struct reply reply;
	int result; /* -EINPROGRESS until it is known */
};

static void end(struct exchange *x, int result)
{
	x->result = result;
	loop_quit(x->loop, 0);
}

static void on_timeout(void *ctx)
{
	end(ctx, -ETIMEDOUT);
}

static void send_rest(struct exchange *x, int fd)
{
	int r = frame_out_flush(&x->out, fd);
	/* A peer that reads no further may have said why: the reply is still to be read. */
	if (r != 1)
		(void)loop_change(x->source, EPOLLIN);
}

static void on_socket(void *ctx, int fd, uint32_t events)
{
	struct exchange *x = ctx;
	if (events & EPOLLOUT)
		send_rest(x, fd);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	int r = frame_in_read(&x->in, fd);
	if (r == -EAGAIN)
		return;
	if (r <= 0) {
		end(x, r == 0 || r == -ECONNRESET ? -EPIPE : r);
		return;
	}
	size_t n;
	const char *msg = frame_next(&x->in, &n);
	if (msg)
		end(x, message_parse_reply(msg, n, &x->reply));
}

int client_call(struct client *c, enum verb v, json_t *params, usec_t within, struct reply *ret)
{
	cleanup_free char *msg = message_call(verb_info(v)->method, params, false);
	if (!msg)
		return -ENOMEM;
	struct exchange x = { .result = -EINPROGRESS };
	struct loop_timer *timer = NULL;
	frame_in_init(&x.in, FRAME_OUT_MAX); /* its way out is our way in */
	frame_out_init(&x.out, FRAME_IN_MAX);
	int r = frame_out_add(&x.out, msg);
	if (r == 0)
		r = loop_new(&x.loop);
	if (r == 0)
		r = loop_timer_new(x.loop, on_timeout, &x, &timer);
	if (r == 0)
		r = loop_add(x.loop, c->fd, EPOLLIN | EPOLLOUT, LOOP_NORMAL, on_socket, &x, &x.source);
	if (r == 0) {
		loop_timer_at(timer, clock_mono() + within);
		(void)loop_run(x.loop);
		r = x.result;
	}
	loop_remove(&x.source);
	loop_timer_free(&timer);
	loop_free(x.loop);
	frame_in_done(&x.in);
	frame_out_done(&x.out);
	if (r == 0)
		*ret = x.reply;
	return r;
}

/* A stream of replies. */
struct stream {
	struct exchange x;
	struct loop_timer *timer; /* for the first */
	bool (*fn)(void *ctx, const struct reply *r);
	void *ctx;
};

static void on_stream(void *ctx, int fd, uint32_t events)
{
	struct stream *s = ctx;
	if (events & EPOLLOUT)
		send_rest(&s->x, fd);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	int r = frame_in_read(&s->x.in, fd);
	if (r == -EAGAIN)
		return;
	if (r <= 0) {
		bool begun = loop_timer_due(s->timer) == USEC_NEVER;
		end(&s->x, begun ? 0 : r == 0 || r == -ECONNRESET ? -EPIPE : r);
		return;
	}
	size_t n;
	const char *msg;
	while ((msg = frame_next(&s->x.in, &n))) {
		struct reply reply = { 0 };
		loop_timer_off(s->timer);
		r = message_parse_reply(msg, n, &reply);
		if (r < 0) {
			end(&s->x, r);
			return;
		}
		bool more = s->fn(s->ctx, &reply) && reply.continues;
		reply_done(&reply);
		if (!more) {
			end(&s->x, 0);
			return;
		}
	}
}

int client_stream(struct client *c, enum verb v, json_t *params, bool (*fn)(void *ctx, const struct reply *r), void *ctx)
{
	cleanup_free char *msg = message_call(verb_info(v)->method, params, true);
	if (!msg)
		return -ENOMEM;
	struct stream s = { .x = { .result = -EINPROGRESS }, .fn = fn, .ctx = ctx };
	frame_in_init(&s.x.in, FRAME_OUT_MAX);
	frame_out_init(&s.x.out, FRAME_IN_MAX);
	int r = frame_out_add(&s.x.out, msg);
	if (r == 0)
		r = loop_new(&s.x.loop);
	if (r == 0)
		r = loop_timer_new(s.x.loop, on_timeout, &s.x, &s.timer);
	if (r == 0)
		r = loop_add(s.x.loop, c->fd, EPOLLIN | EPOLLOUT, LOOP_NORMAL, on_stream, &s, &s.x.source);
	if (r == 0) {
		loop_timer_at(s.timer, clock_mono() + CLIENT_QUICK);
		(void)loop_run(s.x.loop);
		r = s.x.result;
	}
	loop_remove(&s.x.source);
	loop_timer_free(&s.timer);
	loop_free(s.x.loop);
	frame_in_done(&s.x.in);
	frame_out_done(&s.x.out);
	return r;
}

static void on_more(void *ctx, int fd, uint32_t events)
{
	char buf[256];
	(void)events;
	ssize_t n = sys_read(fd, buf, sizeof(buf));
	if (n == 0 || (n < 0 && n != -EAGAIN))
		loop_quit(ctx, 0);
}

void client_wait_end(struct client *c, usec_t within)
{
	struct loop *l = NULL;
	struct loop_timer *t = NULL;
	struct loop_source *s = NULL;
	if (loop_new(&l) == 0 && loop_timer_new(l, quit_loop, l, &t) == 0 &&
	    loop_add(l, c->fd, EPOLLIN, LOOP_NORMAL, on_more, l, &s) == 0) {
		loop_timer_in(t, within);
		(void)loop_run(l);
	}
	loop_remove(&s);
	loop_timer_free(&t);
	loop_free(l);
}
