/* Any bytes from a client of the control socket (max_len=8192), to the real session, requests and manager, with two services there:
 * whatever is asked is answered with well-formed replies, and all of it can be taken down again, with nothing left behind.
 *
 * Nothing is started for real: each fork fails, and no signal leaves. The first byte says what the client may do and how it behaves. */
#include "base/log.h"
#include "base/own.h"
#include "control/requests.h"
#include "tests/fakes/sys_fake.c"
#include "tests/fuzz/must.h"
#include "wire/frame.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>

enum {
	TRUSTED = 1, /* may change things */
	MACHINE = 2, /* pm1 is the init of a machine */
	HANGS_UP = 4, /* before pm1 ends */
	DEAF = 8, /* reads no reply */
	PIECE_SHIFT = 4, /* the upper half: how much is sent at once, a power of two */
};

static const char services[] = "[service:web]\ncommand = /bin/web\ninstances = 2\nautostart = no\n"
			       "[service:db]\ncommand = /bin/db\nnamespace = data\nmax_restarts = 1\n";

static struct world {
	uint8_t flags;
	struct loop *loop;
	struct loop_timer *tick;
	struct service_host host;
	struct manager *manager;
	struct requests *requests;
	struct session *session; /* NULL: gone */
	int fd; /* the client's end */
	struct frame_in in;
	size_t replies;
	bool down;
} w;

static void on_tick(void *ctx)
{
	(void)ctx;
}

/* What is ready now is done; nothing is waited for. */
static void turn(void)
{
	loop_timer_in(w.tick, 0);
	must(loop_once(w.loop) == 0);
}

static void on_called(void *ctx, struct session *s, struct call *call)
{
	(void)ctx;
	requests_called(w.requests, s, call);
}

static void on_gone(void *ctx, struct session *s)
{
	(void)ctx;
	must(s == w.session);
	w.session = NULL;
	requests_gone(w.requests, s);
}

static bool trusts(void *ctx, const struct ucred *cred)
{
	(void)ctx;
	(void)cred;
	return w.flags & TRUSTED;
}

static void power(void *ctx, enum machine_end how)
{
	(void)ctx;
	must(how == MACHINE_POWEROFF || how == MACHINE_REBOOT || how == MACHINE_HALT);
	manager_shutdown(w.manager, 0, "power");
}

static void on_changed(void *ctx)
{
	(void)ctx;
	if (w.requests)
		requests_changed(w.requests);
}

static void on_down(void *ctx, int code)
{
	(void)ctx;
	must(!w.down && code >= 0 && code <= 255);
	w.down = true;
	requests_down(w.requests);
}

static void read_replies(void)
{
	size_t n;

	for (int r = 1; r > 0;) {
		r = frame_in_read(&w.in, w.fd);
		must(r >= 0 || r == -EAGAIN || r == -ECONNRESET);
		for (const char *m = frame_next(&w.in, &n); m; m = frame_next(&w.in, &n)) {
			struct reply reply;
			must(message_parse_reply(m, n, &reply) == 0);
			reply_done(&reply);
			w.replies++;
		}
	}
}

static void begin(uint8_t flags)
{
	static struct strv warnings;
	static const struct report_self self = { .mode = "run", .socket = "/run/pm1/pm1.sock", .log_dir = "/nonexistent", .warnings = &warnings };
	static struct spec_pm1 pm1 = { .shutdown_timeout = USEC_SEC };
	static char *no_environ[] = { NULL };
	static sigset_t mask;
	struct config c = { 0 };
	struct diag *diag = diag_new();

	w = (struct world){ .flags = flags };
	log_setup(-1, LOG_ERROR, false);
	sys_fake_fail_always("open", ENOENT);
	must(cgroups_open(&w.host.cgroups) == 0);
	sys_fake_reset();
	sys_fake_fail_always("clone3", EAGAIN);
	sys_fake_fail_always("fork", EAGAIN);
	sys_fake_fail_always("kill", ESRCH);
	sys_fake_fail_always("pidfd_send_signal", ESRCH);
	must(loop_new(&w.loop) == 0 && loop_timer_new(w.loop, on_tick, NULL, &w.tick) == 0);
	must(reaper_new(NULL, NULL, &w.host.reaper) == 0);
	struct logpipe_config logs = { .loop = w.loop, .reaper = w.host.reaper, .console_fd = -1, .exe = "/nonexistent" };
	must(logpipe_new(&logs, &w.host.logs) == 0);
	w.host.loop = w.loop;
	w.host.mask = &mask;
	w.host.oom_score_adj = INT_MIN;
	w.host.environ = no_environ;
	struct manager_config mc = { .host = w.host, .pm1 = &pm1, .place = { .log_dir = "/nonexistent" }, .changed = on_changed, .down = on_down };
	must(manager_new(&mc, &w.manager) == 0);
	must(config_parse("/nonexistent/pm1.ini", services, strlen(services), no_environ, diag, &c) == 0);
	must(manager_load(w.manager, &c, LOAD_START, "the fuzzer", NULL, diag) == 0);
	config_done(&c);
	diag_free(diag);
	struct requests_config rc = { .loop = w.loop, .manager = w.manager, .host = &w.host, .self = &self, .trusts = trusts,
				      .power = flags & MACHINE ? power : NULL };
	must(requests_new(&rc, &w.requests) == 0);
	int fd[2];
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0);
	w.fd = fd[0];
	frame_in_init(&w.in, FRAME_OUT_MAX);
	struct session_config sc = { .loop = w.loop, .called = on_called, .gone = on_gone };
	must(session_new(&sc, fd[1], &w.session) == 0);
}

static void end(void)
{
	if (w.flags & HANGS_UP) {
		close_fd(&w.fd);
		for (int i = 0; i < 1000 && w.session; i++)
			turn();
		must(!w.session);
	}
	if (!manager_is_down(w.manager))
		manager_shutdown(w.manager, 0, "the end of the input");
	for (int i = 0; i < 100 && !w.down; i++)
		turn();
	must(w.down);
	requests_free(w.requests);
	if (w.session)
		session_flush(w.session);
	if (w.fd >= 0)
		read_replies();
	session_free(w.session);
	close_fd(&w.fd);
	frame_in_done(&w.in);
	manager_free(w.manager);
	logpipe_free(w.host.logs);
	cgroups_close(w.host.cgroups);
	reaper_free(w.host.reaper);
	loop_timer_free(&w.tick);
	loop_free(w.loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t asked = 0;

	if (size < 1)
		return 0;
	begin(data[0]);
	for (size_t at = 1, piece = (size_t)1 << (data[0] >> PIECE_SHIFT); at < size && w.session; ) {
		ssize_t n = send(w.fd, data + at, size - at < piece ? size - at : piece, MSG_NOSIGNAL);
		if (n > 0)
			at += (size_t)n;
		turn();
		if (!(w.flags & DEAF))
			read_replies();
		if (n <= 0 && (w.flags & DEAF))
			break; /* it asks, and takes no answer */
	}
	for (size_t at = 1; at < size; at++)
		asked += data[at] == 0;
	for (int i = 0; i < 4; i++)
		turn();
	end();
	must(w.replies <= asked + 1); /* and one for a message that was never ended */
	return 0;
}
