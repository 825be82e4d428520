/* Lines as datagrams, of the local syslog and over UDP: one each, or in parts where they are long. */
#include "tests/logd/sinks.h"

TestSuite(sink_datagram, .init = sinks_begin, .fini = sinks_done, .timeout = 60);

Test(sink_datagram, a_line_is_a_datagram_of_the_local_syslog)
{
	cleanup_fd int fd = peer_unix("log");
	struct sink *s = sink_at("syslog:unix", "log");
	char host[256], expected[512];
	size_t reads;

	(void)gethostname(host, sizeof(host));
	say(s, "one");
	say(s, "two");
	(void)peer_read(fd, buf, sizeof(buf), FOR_EVER, &reads);
	cr_expect_eq(reads, 2);
	(void)text_format(expected, sizeof(expected), "<30>1 2026-11-24T10:11:12.000345Z %s web 12 - - one"
			  "<30>1 2026-11-24T10:11:12.000345Z %s web 12 - - two", host, host);
	cr_expect_str_eq(buf, expected);
	cr_expect_eq(slots[0].sink_sent, 8);
	accounts(0, 8);
	cr_expect_str_empty(said());
	sink_put(s);
}

Test(sink_datagram, what_a_slow_local_reader_leaves_no_room_for_is_counted_and_told)
{
	cleanup_fd int fd = peer_unix("log");
	slow_reader(sink_at("syslog:unix", "log"), &fd, -1);
}

Test(sink_datagram, udp_gets_an_object_a_datagram_and_waits_for_who_is_not_there)
{
	uint16_t port = 0;
	cleanup_fd int fd = peer_inet(SOCK_DGRAM, &port);
	struct sink *s = sink_on("udp", port);
	size_t reads;

	close_fd(&fd);
	say(s, "one");
	say(s, "two");
	cr_expect_eq(logslot_sink_waiting(&slots[0]), 8);
	cr_expect_not_null(strstr(said(), "Connection refused"), "%s", said());
	fd = peer_inet(SOCK_DGRAM, &port);
	is_settled(0);
	(void)peer_read(fd, buf, sizeof(buf), FOR_EVER, &reads);
	cr_expect_str_eq(buf, JSON("one") JSON("two"));
	cr_expect_eq(reads, 2);
}

Test(sink_datagram, a_long_line_comes_in_marked_parts_that_end_between_characters)
{
	static char text[2 * SINK_TEXT_MAX + 10];
	cleanup_fd int fd = peer_unix("log");
	struct sink *s = sink_at("syslog:unix", "log");
	size_t reads;

	memset(text, 'z', sizeof(text));
	memcpy(text + SINK_TEXT_MAX - 1, "\xe2\x82\xac", 3); /* the part would end within the euro sign */
	say_bytes(s, 0, text, sizeof(text));
	sink_flush(s);
	for (size_t i = 0; i < 3; i++) {
		(void)peer_read(fd, buf, sizeof(buf), 1, &reads);
		cr_assert_eq(reads, 1);
		cr_expect_eq(strstr(buf, " 12 partial - ") != NULL, i < 2);
		char *msg = strstr(buf, " - ") + 3 + (i == 2 ? 2 : 0);
		cr_expect_eq(strlen(msg), i == 0 ? SINK_TEXT_MAX - 1 : i == 1 ? SINK_TEXT_MAX : 11);
		if (i == 1)
			cr_expect_eq(strncmp(msg, "\xe2\x82\xac", 3), 0);
	}
	cr_expect_eq(slots[0].sink_sent, sizeof(text) + 1);
}

Test(sink_datagram, a_datagram_that_is_too_long_is_split_until_it_goes)
{
	cleanup_fd int fd = peer_unix("log");
	struct sink *s = sink_at("syslog:unix", "log");
	char text[513];

	memset(text, 'a', 256);
	memset(text + 256, 'b', 256);
	text[512] = 0;
	sys_fake_fail("sendmsg", 1, EMSGSIZE);
	say(s, text);
	cr_assert_gt(peer_read(fd, buf, sizeof(buf), 1, NULL), 0);
	cr_expect_not_null(strstr(buf, " partial - aaa"));
	cr_expect_null(strchr(strstr(buf, " - "), 'b'));
	cr_assert_gt(peer_read(fd, buf, sizeof(buf), 1, NULL), 0);
	cr_expect_not_null(strstr(buf, " - - bbb"));
	cr_expect_eq(slots[0].sink_sent, 513);
	/* None is small enough: it is counted, and the next ones go. */
	sys_fake_fail_always("sendmsg", EMSGSIZE);
	say(s, text);
	sys_fake_reset();
	say(s, "next");
	(void)read_until(fd, "next");
	cr_expect_not_null(strstr(buf, "513 bytes are missing here"), "%s", buf);
	cr_expect_eq(slots[0].sink_dropped, 513);
	accounts(0, 2 * 513 + 5);
}
