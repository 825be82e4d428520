/* Lines over TCP: JSON, one a line, sent again until the peer's kernel has confirmed them. */
#include "tests/logd/sinks.h"

TestSuite(sink_tcp, .init = sinks_begin, .fini = sinks_done, .timeout = 60);

Test(sink_tcp, what_a_slow_reader_of_tcp_leaves_no_room_for_is_counted_and_told)
{
	uint16_t port = 0;
	cleanup_fd int listener = peer_inet(SOCK_STREAM, &port);
	cleanup_fd int fd = -1;
	int small = 4096;

	cr_assert_eq(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	cr_assert_eq(listen(listener, 1), 0);
	slow_reader(sink_on("tcp", port), &fd, listener);
}

Test(sink_tcp, tcp_gets_json_lines_and_what_waited_first)
{
	uint16_t port = 0;
	cleanup_fd int listener = peer_inet(SOCK_STREAM, &port);
	struct sink *s = sink_on("tcp", port);

	say(s, "one");
	say(s, "two");
	while (!strstr(said(), "Connection refused"))
		cr_assert_eq(loop_once(loop), 0);
	cr_assert_eq(listen(listener, 1), 0);
	cleanup_fd int fd = accepted(listener);
	say(s, "three");
	(void)read_until(fd, JSON("three") "\n");
	cr_expect_str_eq(buf, JSON("one") "\n" JSON("two") "\n" JSON("three") "\n");
	is_settled(0);
	cr_expect_eq(slots[0].sink_sent, 14);
	cr_expect_not_null(strstr(said(), "works again"));
}

Test(sink_tcp, tcp_sends_again_what_was_not_confirmed_and_whole_lines)
{
	static char text[SINK_TEXT_MAX + 1];
	uint16_t port = 0;
	cleanup_fd int listener = peer_inet(SOCK_STREAM, &port);
	struct sink *s = sink_on("tcp", port);
	int small = 2048, lines = 100;
	struct linger reset = { .l_onoff = 1 };

	memset(text, 'y', sizeof(text) - 1);
	cr_assert_eq(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	cr_assert_eq(listen(listener, 1), 0);
	for (int i = 0; i < lines; i++)
		say(s, text);
	cleanup_fd int fd = accepted(listener);
	cr_assert_gt(logslot_sink_waiting(&slots[0]), 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close_fd(&fd); /* in the midst of a line */
	uint64_t confirmed = 0;
	fd = accepted(listener);
	confirmed = slots[0].sink_sent;
	say(s, "end");
	(void)read_until(fd, JSON("end") "\n");
	cr_expect_eq(strncmp(buf, "{\"time\"", 7), 0, "it begins in the midst of a line");
	cr_expect_eq(count_of("\n") + confirmed / sizeof(text), (size_t)lines + 1, "%llu bytes confirmed",
		     (unsigned long long)confirmed);
	is_settled(0);
	cr_expect_eq(slots[0].sink_dropped, 0);
}

Test(sink_tcp, tcp_goes_on_with_a_peer_that_has_closed_its_writing_half)
{
	uint16_t port = 0;
	cleanup_fd int listener = peer_inet(SOCK_STREAM, &port);
	struct sink *s = sink_on("tcp", port);

	cr_assert_eq(listen(listener, 1), 0);
	say(s, "one");
	cleanup_fd int fd = accepted(listener);
	(void)read_until(fd, JSON("one") "\n");
	cr_assert_eq(write(fd, "what a peer says is of no matter", 32), 32);
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	say(s, "two");
	(void)read_until(fd, JSON("two") "\n");
	say(s, "three");
	(void)read_until(fd, JSON("three") "\n");
	is_settled(0);
	cr_expect_str_empty(said());
}

Test(sink_tcp, a_peer_that_went_while_nothing_was_said_costs_no_line)
{
	uint16_t port = 0;
	cleanup_fd int listener = peer_inet(SOCK_STREAM, &port);
	struct sink *s = sink_on("tcp", port);

	cr_assert_eq(listen(listener, 1), 0);
	for (int i = 0; i < 3; i++) {
		say(s, "one");
		cleanup_fd int fd = accepted(listener);
		(void)read_until(fd, JSON("one") "\n");
		is_settled(0);
	}
	accounts(0, 12);
	cr_expect_eq(slots[0].sink_sent, 12);
}
