/* logd is killed while lines go to a sink, and a successor goes on: each line has arrived, or its bytes are counted as dropped. */
#include "tests/logd/streams.h"

#include "tests/logd/sinkpeer.h"

#include <sys/wait.h>

TestSuite(sink_succession, .init = streams_begin, .fini = streams_done, .timeout = 120);

static const char *const lines[] = { "one", "two", "the last without an end" };
static char word[128];
static char buf[1024 * 1024];

/* One life of logd, as a process of its own: it dies at its nth call, or ends when all is sent that can be. True: it ended. */
static bool live(unsigned int nth)
{
	pid_t pid = fork();
	int status;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		if (sys_pipe2(host.scratch, O_NONBLOCK) < 0 || loop_new(&loop) < 0)
			_exit(1);
		host.loop = loop;
		host.sinks = sinks_new(loop, slots);
		sys_fake_die(nth);
		struct logwire_packet p = streams_packet(0, "a.log", "", "");
		struct stream *s;
		struct stream_fds fds = { { pipes[0].pipe[0], pipes[0].staging[0], pipes[0].staging[1], -1 } };
		(void)text_copy(p.sink, sizeof(p.sink), word);
		if (stream_new(&host, &p, &fds, &s) < 0)
			_exit(1);
		stream_recover(s);
		stream_begin(s);
		stream_drain(s, true);
		sinks_finish(host.sinks, 60 * USEC_SEC);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGKILL);
	return WIFEXITED(status);
}

/* What came since the last time, in buf: at the socket, or by all connections to it. */
static void collect(int fd, bool stream)
{
	size_t n = 0;

	if (!stream)
		n = peer_read(fd, buf, sizeof(buf), SIZE_MAX, NULL);
	for (int c; stream && (c = accept(fd, NULL, NULL)) >= 0; close_fd(&c))
		n += peer_read(c, buf + n, sizeof(buf) - n, SIZE_MAX, NULL);
	for (size_t i = 0; i < n; i++)
		buf[i] = buf[i] ? buf[i] : '.'; /* the journal's lengths */
	buf[n] = 0;
}

static void killed_at_each_call(int fd, bool stream)
{
	unsigned int deaths = 0;
	bool ended = false;

	for (unsigned int first = 1; !ended; first++) {
		for (unsigned int second = 1;; second++) {
			memset(slots, 0, SLOTS * sizeof(*slots));
			streams_say(0, "one\ntwo\nthe last without an end");
			ended = live(first);
			bool second_ended = live(second);
			deaths += !ended;
			if (!second_ended)
				cr_assert(live(0));
			if (fd < 0) {
				(void)sink_recover(&slots[0]);
				cr_assert_eq(slots[0].sink_sent, 0);
				cr_assert_geq(slots[0].sink_dropped, 31, "killed at call %u and call %u", first, second);
			} else {
				collect(fd, stream);
				uint64_t missing = 0;
				for (size_t i = 0; i < ARRAY_LEN(lines); i++)
					if (!strstr(buf, lines[i]))
						missing += strlen(lines[i]) + (i < 2);
				cr_assert_leq(missing, slots[0].sink_dropped, "killed at call %u and call %u: %s", first, second, buf);
				cr_assert_eq(logslot_sink_waiting(&slots[0]), 0, "killed at call %u and call %u", first, second);
			}
			if (second_ended)
				break;
		}
		cr_assert_lt(first, 200);
	}
	cr_expect_gt(deaths, 10, "only %u", deaths);
}

Test(sink_succession, killed_at_each_call_each_line_comes_to_a_local_socket_or_is_counted)
{
	cleanup_fd int fd = peer_unix("socket");

	(void)text_format(word, sizeof(word), "journal:%s/socket", folder);
	killed_at_each_call(fd, false);
}

Test(sink_succession, killed_at_each_call_each_line_comes_by_tcp_or_is_counted)
{
	uint16_t port = 0;
	cleanup_fd int fd = peer_inet(SOCK_STREAM, &port);

	cr_assert_eq(listen(fd, 64), 0);
	(void)text_format(word, sizeof(word), "tcp:127.0.0.1:%u", port);
	killed_at_each_call(fd, true);
}

Test(sink_succession, killed_at_each_call_what_nobody_takes_is_counted)
{
	(void)text_format(word, sizeof(word), "journal:%s/nobody", folder);
	killed_at_each_call(-1, false);
}
