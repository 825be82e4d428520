/* spawn - a child that becomes the daemon, and the pipe on which it says that it is ready.
 *
 * The daemon writes "ok\n" when its socket listens, "taken\n" when another one owns it, or what is wrong, and closes the pipe. It detaches itself. */
#include "tools/cli/spawn.h"

#include "base/banned.h"
#include "base/log.h"
#include "base/own.h"
#include "base/strv.h"
#include "base/sys.h"
#include "loop/loop.h"
#include "tools/cli/ask.h"
#include "tools/cli/client.h"
#include "tools/cli/out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sys/epoll.h>
#include <unistd.h>

#define READY_WITHIN CLIENT_QUICK
#define END_WITHIN USEC_SEC /* from the end of its pipe to its exit */
#define TRIED_MAX 2048
#define TAKEN_LOOK (10 * USEC_MS)
#define READY_TEXT_MAX 65536 /* bytes of what the daemon says */

struct waiting {
	struct loop *loop;
	struct text *said;
	int result; /* 0: end of the pipe or "ok" */
};

static void on_timeout(void *ctx)
{
	struct waiting *w = ctx;
	w->result = -ETIMEDOUT;
	loop_quit(w->loop, 0);
}

/* Whether the last line is this one; warnings about a file may stand before it. */
static bool ends_in(const struct text *said, const char *line)
{
	size_t n = strlen(line);
	const char *at = said->len >= n ? said->buf + said->len - n : NULL;
	return at && strcmp(at, line) == 0 && (at == said->buf || at[-1] == '\n');
}

static void on_pipe(void *ctx, int fd, uint32_t events)
{
	struct waiting *w = ctx;
	(void)events;
	char buf[1024];
	ssize_t n = sys_read(fd, buf, sizeof(buf));
	if (n == -EAGAIN)
		return;
	if (n > 0)
		(void)text_addn(w->said, buf, (size_t)n);
	if (n <= 0 || ends_in(w->said, "ok\n"))
		loop_quit(w->loop, 0);
}

static int wait_ready(int fd, struct text *said)
{
	struct waiting w = { .said = said };
	struct loop_source *source = NULL;
	struct loop_timer *timer = NULL;
	int r = loop_new(&w.loop);
	if (r == 0)
		r = loop_timer_new(w.loop, on_timeout, &w, &timer);
	if (r == 0)
		r = loop_add(w.loop, fd, EPOLLIN, LOOP_NORMAL, on_pipe, &w, &source);
	if (r == 0) {
		loop_timer_at(timer, clock_mono() + READY_WITHIN);
		(void)loop_run(w.loop);
		r = w.result;
	}
	loop_remove(&source);
	loop_timer_free(&timer);
	loop_free(w.loop);
	return r;
}

/* In the child: only what is safe between fork and exec. */
static void become(const char *argv0, char *const *argv, char *const *env, int ready_fd)
{
	/* What a shell or a CI job has open is not the daemon's: who waits for its end would wait for ours. */
	(void)sys_close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
	(void)sys_fcntl(ready_fd, F_SETFD, 0);
	(void)execve("/proc/self/exe", argv, env);
	(void)execve(argv0, argv, env); /* no /proc here */
	static const char failed[] = "cannot run this program a second time\n";
	(void)sys_write(ready_fd, failed, sizeof(failed) - 1);
	_exit(127);
}

/* The exit code of a daemon that gave up: 2 when it found faults in the file. It has closed its pipe and is about to end. */
static int failed_code(pid_t pid)
{
	usec_t until = clock_mono() + END_WITHIN;
	siginfo_t info;
	int r;
	while ((r = sys_waitid(P_PID, (id_t)pid, &info, 0)) == 0 && clock_mono() < until)
		client_pause(10 * USEC_MS);
	bool faults = r == 1 && info.si_code == CLD_EXITED && info.si_status == EXIT_BAD_CONFIG;
	return faults ? EXIT_BAD_CONFIG : EXIT_NOT_DONE;
}

static int start_child(const struct cli *c, const char *file, const char *overlay, int ready_fd, pid_t *ret_pid)
{
	char number[16];
	(void)text_format(number, sizeof(number), "%d", ready_fd);
	const char *const args[] = { "pm1",  "daemon", "--ready-fd", number, overlay ? "--env" : file, overlay, file, NULL };
	struct strv argv = { 0 }, env = { 0 };
	int r = strv_from(&argv, (char *const *)args);
	if (r == 0)
		r = strv_from(&env, environ);
	if (r == 0 && c->socket)
		r = strv_env_set(&env, "PM1_SOCKET", c->socket);
	if (r == 0) {
		pid_t pid = sys_fork();
		if (pid == 0)
			become(c->argv0, argv.v, env.v, ready_fd);
		r = pid < 0 ? pid : 0;
		*ret_pid = pid;
	}
	strv_done(&argv);
	strv_done(&env);
	return r;
}

int spawn_daemon(const struct cli *c, const char *file, const char *overlay, bool *ret_taken)
{
	int ends[2];
	int r = sys_pipe2(ends, O_NONBLOCK);
	if (r < 0) {
		out_error("cannot start pm1: %s", err_text(r));
		return EXIT_NOT_DONE;
	}
	cleanup_fd int in = ends[0];
	cleanup_fd int out = ends[1];
	pid_t pid = 0;
	r = start_child(c, file, overlay, out, &pid);
	close_fd(&out);
	cleanup_free char *buf = malloc(READY_TEXT_MAX);
	if (r == 0 && !buf)
		r = -ENOMEM;
	struct text said;
	if (r == 0) {
		text_init(&said, buf, READY_TEXT_MAX);
		r = wait_ready(in, &said);
	}
	if (r == -ETIMEDOUT)
		out_error("pm1 (pid %d) was started but is not ready after 10 s", (int)pid);
	else if (r != 0)
		out_error("cannot start pm1: %s", err_text(r));
	if (r != 0)
		return EXIT_NOT_DONE;
	*ret_taken = ends_in(&said, "taken\n");
	if (*ret_taken || ends_in(&said, "ok\n"))
		return EXIT_DONE;
	/* What it says may be the faults of a file, a line each. */
	for (const char *line = said.buf; *line;) {
		size_t n = strcspn(line, "\n");
		cleanup_free char *one = strndup(line, n);
		out_safe(stderr, one ? one : "?");
		(void)fputc('\n', stderr);
		line += n + (line[n] == '\n');
	}
	if (said.len == 0)
		out_error("pm1 ended before it was ready");
	return failed_code(pid);
}

int spawn_connect(const struct cli *c, const char *file, const char *overlay, struct client *client, bool *ret_fresh)
{
	char buf[TRIED_MAX];
	struct text tried = TEXT_INIT(buf);
	bool taken = false;
	int code = spawn_daemon(c, file, overlay, &taken), r;
	if (code != EXIT_DONE)
		return code;
	/* Another's daemon holds the lock, and listens soon. */
	usec_t until = clock_mono() + (taken ? CLIENT_QUICK : 0);
	do {
		text_init(&tried, buf, sizeof(buf));
		r = client_open(client, c->socket, &tried);
		if (r == -ENOENT && taken)
			client_pause(TAKEN_LOOK);
	} while (r == -ENOENT && clock_mono() < until);
	if (r < 0) {
		out_error("pm1 was started, but:");
		ask_nobody(r, &tried);
		return EXIT_NOT_DONE;
	}
	*ret_fresh = !taken;
	return EXIT_DONE;
}
