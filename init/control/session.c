#include "control/session.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "wire/frame.h"
#include "wire/verbs.h"

#include <errno.h>
#include <sys/epoll.h>

/* Calls answered in one wakeup before the loop gets its turn again: a client that sends thousands at once
 * delays others, not the reaping. */
#define CALLS_PER_WAKEUP 16

struct session {
	struct session_config cfg;
	int fd; /* owned */
	struct ucred cred;
	struct frame_in in;
	struct frame_out out;
	struct loop_source *source;
	struct loop_timer *timer;
	usec_t idle_since; /* the moment of the accept, or of the last reply */
	bool busy; /* a call waits for its answer */
	bool oneway; /* ... which nobody wants to hear */
	bool closing; /* after the reply under way */
	bool unfinished; /* whole calls wait in `in`: the turn was cut short */
	bool handling; /* inside handle_calls(): replies don't start another turn */
};

static void on_timeout(void *ctx);
static void on_ready(void *ctx, int fd, uint32_t events);

int session_new(const struct session_config *cfg, int fd, struct session **ret)
{
	struct session *s = calloc(1, sizeof(*s));
	if (!s) {
		close_fd(&fd);
		return -ENOMEM;
	}
	s->cfg = *cfg;
	s->fd = fd;
	frame_in_init(&s->in, FRAME_IN_MAX);
	frame_out_init(&s->out, FRAME_OUT_MAX);
	int r = sys_peercred(fd, &s->cred);
	if (r == 0)
		r = loop_timer_new(cfg->loop, on_timeout, s, &s->timer);
	if (r == 0)
		r = loop_add(cfg->loop, fd, EPOLLIN, LOOP_CONTROL, on_ready, s, &s->source);
	if (r < 0) {
		session_free(s);
		return r;
	}
	loop_timer_in(s->timer, SESSION_IDLE_MAX);
	s->idle_since = clock_mono();
	*ret = s;
	return 0;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	loop_remove(&s->source);
	loop_timer_free(&s->timer);
	close_fd(&s->fd);
	frame_in_done(&s->in);
	frame_out_done(&s->out);
	free(s);
}

void session_drop(struct session *s)
{
	s->cfg.gone(s->cfg.ctx, s);
	session_free(s);
}

static void on_timeout(void *ctx)
{
	struct session *s = ctx;

	log_debug("control: dropping a client (pid %d, uid %u) that took too long", (int)s->cred.pid,
		  (unsigned int)s->cred.uid);
	session_drop(s);
}

/* Writes what waits and watches for what comes next. False: the session is gone. */
static bool settle(struct session *s)
{
	int r = frame_out_flush(&s->out, s->fd);

	if (r == -EAGAIN)
		r = 1;
	if (r < 0 || (r == 0 && s->closing && !s->busy)) {
		session_drop(s);
		return false;
	}
	/* While a call is being worked on only a hang-up is of interest (it is always told): reading more would be a queue
	 * without end. A socket that can be written is how a turn that was cut short goes on. */
	(void)loop_change(s->source, r == 1 || s->unfinished ? EPOLLOUT : s->busy ? 0 : EPOLLIN);
	if (r == 1)
		loop_timer_in(s->timer, SESSION_HALF_MAX);
	else if (s->busy)
		loop_timer_off(s->timer); /* the work has bounds of its own */
	else
		loop_timer_in(s->timer, s->in.len > s->in.taken ? SESSION_HALF_MAX : SESSION_IDLE_MAX);
	return true;
}

/* An error reply, then the end. */
static void refuse(struct session *s, const char *why)
{
	char *msg = message_error(ERROR_INVALID_PARAMETER, json_pack("{s:s}", "parameter", why));

	s->closing = true;
	if (msg)
		(void)frame_out_add(&s->out, msg);
	free(msg);
}

static void handle_calls(struct session *s)
{
	size_t len, calls = 0;
	const char *msg;

	s->handling = true;
	s->unfinished = false;
	while (!s->busy && !s->closing && (msg = frame_next(&s->in, &len))) {
		struct call call = { 0 };
		int r = message_parse_call(msg, len, &call);
		if (r < 0) {
			refuse(s, r == -ENOMEM ? "no memory" : "not a varlink call");
			break;
		}
		s->busy = true;
		s->oneway = call.oneway;
		s->cfg.called(s->cfg.ctx, s, &call);
		call_done(&call);
		if (++calls == CALLS_PER_WAKEUP) {
			s->unfinished = !s->busy;
			break;
		}
	}
	s->handling = false;
	(void)settle(s);
}

static void on_ready(void *ctx, int fd, uint32_t events)
{
	struct session *s = ctx;

	/* Who has sent a call and gone is not forgotten: the call is there to be read, and after it the end. */
	bool more = s->unfinished || (events & EPOLLIN);
	if (events & EPOLLERR || (events & EPOLLHUP && !more)) {
		session_drop(s);
		return;
	}
	if (events & EPOLLOUT) {
		if (settle(s) && !s->busy)
			handle_calls(s);
		return;
	}
	if (s->busy)
		return;
	int r = frame_in_read(&s->in, fd);
	if (r == -EAGAIN)
		return;
	if (r == 0) {
		session_drop(s);
		return;
	}
	if (r < 0)
		refuse(s, r == -EMSGSIZE ? "the message is too long" : "the message cannot be read");
	handle_calls(s);
}

void session_reply(struct session *s, char *message)
{
	s->busy = false;
	s->idle_since = clock_mono();
	int r = s->oneway ? 0 : message ? frame_out_add(&s->out, message) : -ENOMEM;
	free(message);
	if (r < 0) {
		log_warning("control: no reply to pid %d: %s; dropping it", (int)s->cred.pid, err_text(r));
		s->closing = true;
	}
	if (!s->handling)
		handle_calls(s);
}

void session_continue(struct session *s, char *message, size_t most)
{
	int r = !message ? -ENOMEM : s->oneway ? 0 : frame_out_add(&s->out, message);

	free(message);
	if (r == 0 && s->out.len - s->out.sent > most && frame_out_flush(&s->out, s->fd) >= 0 && s->out.len - s->out.sent > most)
		r = -ENOBUFS;
	if (r < 0 && s->handling) { /* who handles the call goes on with s */
		s->closing = true;
		s->busy = false;
	} else if (r < 0) {
		log_warning("control: pid %d doesn't read what it asked to follow (%s); dropping it", (int)s->cred.pid, err_text(r));
		session_drop(s);
	} else if (!s->handling) {
		(void)settle(s);
	}
}

usec_t session_idle_since(const struct session *s)
{
	char byte;
	struct iovec v = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	if (s->busy || s->unfinished)
		return USEC_NEVER;
	/* It may have asked already, in this very wakeup. */
	return sys_recvmsg(s->fd, &m, MSG_PEEK | MSG_DONTWAIT) > 0 ? USEC_NEVER : s->idle_since;
}

const struct ucred *session_cred(const struct session *s)
{
	return &s->cred;
}

void session_flush(struct session *s)
{
	(void)frame_out_flush(&s->out, s->fd);
}
