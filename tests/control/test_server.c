#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "control/server.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <sys/un.h>

static struct loop *loop;
static struct server *server;
static unsigned int n_called, n_gone;
static bool answers;

static void on_called(void *ctx, struct session *s, struct call *call)
{
	(void)ctx;
	(void)call;
	n_called++;
	if (answers)
		session_reply(s, message_reply(NULL, false));
}

static void on_gone(void *ctx, struct session *s)
{
	(void)ctx;
	(void)s;
	n_gone++;
}

static void begin(void)
{
	folder_enter();
	log_setup(-1, LOG_ERROR, false);
	answers = true;
	cr_assert_eq(loop_new(&loop), 0);
}

static void done(void)
{
	sys_fake_reset();
	server_free(server);
	loop_free(loop);
	folder_leave();
}

TestSuite(server, .init = begin, .fini = done, .timeout = 60);

static int listens(const char *path)
{
	struct server_config cfg = { .loop = loop, .path = path, .group = (gid_t)-1, .called = on_called, .gone = on_gone };

	return server_new(&cfg, &server);
}

static int client_of(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(text_copy(a.sun_path, sizeof(a.sun_path), path), 0);
	cr_assert_eq(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* What the server sends, up to its end of a message or of the connection. "": it hung up. */
static const char *reply(int fd)
{
	static char buf[512];
	size_t n = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		while (poll(&p, 1, 0) == 0)
			cr_assert_eq(loop_once(loop), 0);
		ssize_t got = read(fd, buf + n, 1);
		if (got <= 0)
			return "";
		if (!buf[n++])
			return buf;
		cr_assert_lt(n, sizeof(buf));
	}
}

static void ask(int fd)
{
	static const char call[] = "{\"method\":\"io.pm1.Ping\"}";

	cr_assert_eq(write(fd, call, sizeof(call)), (ssize_t)sizeof(call));
}

static void works(void)
{
	int fd = client_of("pm1.sock");

	ask(fd);
	cr_expect_str_eq(reply(fd), "{\"parameters\":{}}");
	close_fd(&fd);
	for (unsigned int gone = n_gone; n_gone == gone;)
		cr_assert_eq(loop_once(loop), 0);
}

/* Each call of the start fails once: the error comes back, no descriptor is left open, and the next try works. */
Test(server, a_start_that_fails_leaves_nothing_open_and_can_be_repeated)
{
	static const char *const calls[] = { "mkdir", "flock", "lstat", "unlink", "socket", "bind", "listen", "epoll_ctl" };
	size_t fds = sys_fake_open_fds();

	/* A socket of a pm1 that died. */
	cr_assert_eq(listens("run/pm1.sock"), 0);
	cr_assert_eq(link("run/pm1.sock", "run/stale"), 0);
	server_free(server);
	server = NULL;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		(void)unlink("run/pm1.sock");
		cr_assert_eq(link("run/stale", "run/pm1.sock"), 0);
		sys_fake_fail(calls[i], 1, EIO);
		int r = listens(strcmp(calls[i], "mkdir") == 0 ? "other/pm1.sock" : "run/pm1.sock");
		cr_expect_eq(r, -EIO, "%s: %d", calls[i], r);
		cr_expect_null(server);
		cr_expect_eq(sys_fake_open_fds(), fds, "%s", calls[i]);
		sys_fake_reset();
	}
	cr_assert_eq(listens("run/pm1.sock"), 0);
}

Test(server, a_socket_that_is_listened_on_and_what_is_no_socket_are_left_alone)
{
	struct server *first;

	cr_assert_eq(listens("pm1.sock"), 0);
	first = server;
	cr_expect_eq(listens("pm1.sock"), -EADDRINUSE);
	/* Its lock file was cleaned away: it listens all the same. */
	cr_assert_eq(unlink("pm1.sock.lock"), 0);
	cr_expect_eq(listens("pm1.sock"), -EADDRINUSE);
	folder_put("file", "precious");
	cr_expect_eq(listens("file"), -EEXIST);
	cr_expect_str_eq(folder_get("file"), "precious");
	cr_expect_eq(server, first);
	works();
}

Test(server, a_client_that_cannot_be_taken_is_hung_up_on_and_the_next_is_served)
{
	static const char *const calls[] = { "peercred", "epoll_ctl" };

	cr_assert_eq(listens("pm1.sock"), 0);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		size_t fds = sys_fake_open_fds();
		int fd = client_of("pm1.sock");
		sys_fake_fail(calls[i], 1, ENOMEM);
		cr_expect_str_eq(reply(fd), "", "%s", calls[i]);
		close_fd(&fd);
		cr_expect_eq(sys_fake_open_fds(), fds, "%s", calls[i]);
		works();
	}
	cr_expect_eq(n_called, ARRAY_LEN(calls));
}

/* With no descriptor left the reserve is given up for a moment: else the client that waits would wake the loop for ever. */
Test(server, without_descriptors_a_client_is_refused_by_the_reserve)
{
	cr_assert_eq(listens("pm1.sock"), 0);
	for (int err = 0; err < 2; err++) {
		int fd = client_of("pm1.sock");
		size_t fds = sys_fake_open_fds();
		sys_fake_fail("accept", 1, err ? ENFILE : EMFILE);
		cr_expect_str_eq(reply(fd), "");
		cr_expect_eq(sys_fake_open_fds(), fds, "the reserve is there again");
		close_fd(&fd);
		works();
	}
}

/* And where even that doesn't help, or it is another failure, the queue is left alone for a while. */
Test(server, while_nobody_can_be_accepted_the_loop_is_not_kept_busy)
{
	static const int errors[] = { EMFILE, ENFILE, ENOMEM, EPERM };

	cr_assert_eq(listens("pm1.sock"), 0);
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		int fd = client_of("pm1.sock");
		sys_fake_fail_always("accept", errors[i]);
		cr_assert_eq(loop_once(loop), 0);
		unsigned int tries = sys_fake_count("accept");
		cr_assert_eq(loop_once(loop), 0);
		cr_expect_eq(sys_fake_count("accept"), tries, "%s: the next wake-up is the end of the rest", err_text(errors[i]));
		sys_fake_reset();
		ask(fd);
		cr_expect(strstr(reply(fd), "{"), "%s: then it is served", err_text(errors[i]));
		close_fd(&fd);
	}
	works();
}

Test(server, a_client_whose_reply_cannot_be_sent_is_dropped)
{
	cr_assert_eq(listens("pm1.sock"), 0);
	int fd = client_of("pm1.sock");
	ask(fd);
	sys_fake_fail("sendmsg", 1, EPIPE);
	cr_expect_str_eq(reply(fd), "");
	cr_expect_eq(n_called, 1);
	cr_expect_eq(n_gone, 1);
	close_fd(&fd);
	works();
}

Test(server, a_client_that_cannot_be_read_is_told_and_dropped)
{
	cr_assert_eq(listens("pm1.sock"), 0);
	int fd = client_of("pm1.sock");
	ask(fd);
	sys_fake_fail("read", 1, EIO);
	cr_expect_not_null(strstr(reply(fd), "cannot be read"));
	cr_expect_str_eq(reply(fd), "");
	cr_expect_eq(n_called, 0);
	close_fd(&fd);
	works();
}

/* All places are taken by clients that wait for answers: none of them gives way. */
Test(server, when_all_clients_wait_for_answers_one_more_is_refused_with_words)
{
	int fds[SERVER_CLIENTS_MAX];

	cr_assert_eq(listens("pm1.sock"), 0);
	answers = false;
	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		fds[i] = client_of("pm1.sock");
		ask(fds[i]);
		while (n_called <= i)
			cr_assert_eq(loop_once(loop), 0);
	}
	int more = client_of("pm1.sock");
	cr_expect_not_null(strstr(reply(more), "too many clients wait for answers"));
	cr_expect_str_eq(reply(more), "");
	cr_expect_eq(n_gone, 0);
	close_fd(&more);
	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		close_fd(&fds[i]);
}
