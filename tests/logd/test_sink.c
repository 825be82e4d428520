/* Lines go to real sockets: each once and in order, or counted. A sink's life, its trouble and its accounts. */
#include "tests/logd/sinks.h"

TestSuite(sink, .init = sinks_begin, .fini = sinks_done, .timeout = 60);

Test(sink, two_words_for_one_place_are_one_sink_and_a_bad_word_is_none)
{
	struct sink *s = sink_get(sinks, "syslog:unix"), *t = sink_get(sinks, "syslog:unix:/dev/log");

	cr_expect_eq(s, t);
	cr_expect_null(sink_get(sinks, "tcp:localhost:80"));
	cr_expect_not_null(strstr(said(), "logd: sink tcp:localhost:80: not a numeric address"));
	sink_put(t);
	sink_put(s);
}

Test(sink, where_nobody_is_lines_wait_and_come_in_order)
{
	struct sink *s = sink_at("journal", "socket");

	say(s, "one");
	say(s, "two");
	cr_expect_eq(logslot_sink_waiting(&slots[0]), 8);
	cr_expect_not_null(strstr(said(), "No such file or directory; at most 1048576 bytes wait"), "%s", said());
	cleanup_fd int fd = peer_unix("socket");
	say(s, "three");
	(void)read_until(fd, "three\n");
	cr_expect_eq(count_of("MESSAGE\n"), 3);
	cr_expect(strstr(buf, "one\n") < strstr(buf, "two\n"));
	is_settled(0);
	cr_expect_not_null(strstr(said(), "works again"));

	/* It goes, and comes again. */
	close_fd(&fd);
	say(s, "four");
	cr_expect_not_null(strstr(said(), "Connection refused"), "%s", said());
	fd = peer_unix("socket");
	(void)read_until(fd, "four\n");
	cr_expect_eq(slots[0].sink_sent, 19);
	accounts(0, 19);
}

Test(sink, trouble_is_told_once)
{
	struct sink *s = sink_at("journal", "socket");

	for (int i = 0; i < 3; i++) {
		unsigned int tries = sys_fake_count("connect");
		say(s, "one");
		while (sys_fake_count("connect") == tries)
			cr_assert_eq(loop_once(loop), 0);
	}
	char *first = strstr(said(), "warning");
	cr_assert_not_null(first);
	cr_expect_null(strstr(first + 1, "warning"), "%s", said());
}

Test(sink, an_idle_sink_has_neither_connection_nor_timer)
{
	struct sink *s = sink_at("journal", "socket");

	sink_flush(s);
	cr_expect_eq(sys_fake_count("socket"), 0);
	cr_expect_eq(sys_fake_count("timerfd_settime"), 0);
}

/* Each call that can fail does so once, at each of its turns: the line comes all the same. */
Test(sink, no_call_that_fails_costs_a_line)
{
	static const char *const calls[] = { "socket", "connect", "sendmsg", "epoll_ctl", "sock_error", "unacked", "sockopt", "hostname" };
	static const int errors[] = { EMFILE, ENOBUFS, EPERM };
	uint16_t port = 0;
	cleanup_fd int listener = peer_inet(SOCK_STREAM, &port);
	cleanup_fd int local = peer_unix("log");

	cr_assert_eq(listen(listener, 64), 0);
	for (size_t c = 0; c < ARRAY_LEN(calls); c++) {
		for (unsigned int nth = 1; nth <= 2; nth++) {
			int error = errors[c % 3];
			struct sink *s = sink_on("tcp", port), *t = sink_at("syslog:unix", "log");
			sys_fake_fail(calls[c], nth, error);
			say(s, "end");
			say(t, "end");
			is_settled(0);
			sys_fake_reset();
			cleanup_fd int fd = accepted(listener);
			while (poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, 0) == 1) { /* the last one counts */
				close_fd(&fd);
				fd = accepted(listener);
			}
			(void)read_until(fd, JSON("end") "\n");
			(void)read_until(local, "end");
			sink_put(s);
			sink_put(t);
			cr_expect_eq(slots[0].sink_dropped, 0);
		}
	}
}

Test(sink, a_successor_counts_what_a_killed_one_had)
{
	struct sink *s = sink_at("syslog:unix", "nobody");

	say(s, "one");
	say(s, "two");
	/* Killed after it had noted that it takes a line, and before it had it. */
	slots[0].sink_taken += 10;
	cr_expect_eq(sink_recover(&slots[0]), 18);
	cr_expect_eq(slots[0].sink_dropped, 18);
	cr_expect_eq(logslot_sink_waiting(&slots[0]), 0);
	cr_expect_eq(sink_recover(&slots[0]), 0);
	cr_expect_eq(slots[0].sink_dropped, 18);
}

Test(sink, lines_of_a_stream_that_is_gone_come_and_count_for_nobody)
{
	struct sink *s = sink_at("journal", "socket");

	say(s, "one");
	sinks_forget(sinks, 0);
	slots[0] = (struct logslot){ 0 }; /* another stream's now */
	cleanup_fd int fd = peer_unix("socket");
	say(s, "two");
	(void)read_until(fd, "two\n");
	cr_expect_eq(count_of("one\n"), 1);
	accounts(0, 4);
	cr_expect_eq(slots[0].sink_sent, 4);
}

Test(sink, without_references_it_stays_until_its_lines_are_sent)
{
	struct sink *s = sink_at("journal", "socket");

	say(s, "one");
	sink_put(s);
	cleanup_fd int fd = peer_unix("socket");
	(void)read_until(fd, "one\n");
	cr_expect_eq(slots[0].sink_sent, 4);
	/* Named again in time, it is the same one. */
	close_fd(&fd);
	s = sink_at("journal", "other");
	say(s, "two");
	sink_put(s);
	cr_expect_eq(sink_at("journal", "other"), s);
	sink_put(s);
}

Test(sink, at_the_end_it_sends_what_goes_and_tells_what_does_not)
{
	uint16_t port = 0;
	cleanup_fd int listener = peer_inet(SOCK_STREAM, &port);
	struct sink *tcp = sink_on("tcp", port), *s = sink_at("journal", "nobody");

	say(tcp, "one");
	say(s, "two");
	while (!strstr(said(), "Connection refused"))
		cr_assert_eq(loop_once(loop), 0);
	cr_assert_eq(listen(listener, 1), 0);
	sinks_finish(sinks, 60 * USEC_SEC); /* nobody is waited for who isn't there */
	cleanup_fd int fd = accepted(listener);
	cr_assert_gt(peer_read(fd, buf, sizeof(buf), FOR_EVER, NULL), 0);
	cr_expect_str_eq(buf, JSON("one") "\n");
	cr_expect_not_null(strstr(said(), "nobody: 4 bytes were not sent"), "%s", said());
	cr_expect_eq(slots[0].sink_sent, 4);
}

Test(sink, at_the_end_a_reader_that_does_not_read_is_not_waited_for)
{
	static char text[SINK_TEXT_MAX];
	uint16_t port = 0;
	cleanup_fd int listener = peer_inet(SOCK_STREAM, &port);
	cleanup_fd int local = peer_unix("log");
	struct sink *tcp = sink_on("tcp", port), *s = sink_at("syslog:unix", "log");

	memset(text, 'x', sizeof(text));
	cr_assert_eq(listen(listener, 1), 0);
	for (int i = 0; i < 1000; i++) {
		say_bytes(tcp, 0, text, sizeof(text));
		say_bytes(s, 1, text, sizeof(text));
	}
	sinks_finish(sinks, 20 * USEC_MS); /* this would be for ever */
	cr_expect_gt(logslot_sink_waiting(&slots[0]), 0);
	cr_expect_gt(logslot_sink_waiting(&slots[1]), 0);
}
