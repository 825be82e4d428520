/* Lines go to real sockets: each once and in order, or counted. */
#include "tools/logd/sink.h"

#include "base/log.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tests/logd/sinkpeer.h"
#include "tools/logd/sinkqueue.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>

#define SLOTS 4
#define FOR_EVER SIZE_MAX

static struct loop *loop;
static struct sinks *sinks;
static struct logslot slots[SLOTS];
static int told; /* what logd says of it */
static char buf[4 * 1024 * 1024];
static char word[128];

static void begin(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	folder_enter();
	told = sys_memfd_create("told", 0);
	log_setup(told, LOG_NOTICE, false);
	cr_assert_eq(loop_new(&loop), 0);
	sinks = sinks_new(loop, slots);
}

static void done(void)
{
	sys_fake_reset();
	sinks_free(sinks);
	loop_free(loop);
	close_fd(&told);
	folder_leave();
}

TestSuite(sink, .init = begin, .fini = done, .timeout = 60);

static struct sink *sink_at(const char *kind, const char *path)
{
	(void)text_format(word, sizeof(word), "%s:%s/%s", kind, folder, path);
	struct sink *s = sink_get(sinks, word);
	cr_assert_not_null(s);
	return s;
}

static struct sink *sink_on(const char *kind, uint16_t port)
{
	(void)text_format(word, sizeof(word), "%s:127.0.0.1:%u", kind, port);
	struct sink *s = sink_get(sinks, word);
	cr_assert_not_null(s);
	return s;
}

static void say_bytes(struct sink *s, uint32_t slot, const char *text, size_t n)
{
	struct line l = { .service = "web", .pid = 12, .time = 1795515072000345, .text = text, .n = n };
	sink_add(s, slot, &l);
}

static void say(struct sink *s, const char *text)
{
	say_bytes(s, 0, text, strlen(text));
	sink_flush(s);
}

/* Everything that comes until it ends with this; in buf. */
static size_t read_until(int fd, const char *end)
{
	size_t n = 0, len = strlen(end);

	for (;;) {
		n += peer_read(fd, buf + n, sizeof(buf) - n, FOR_EVER, NULL);
		for (size_t i = 0; i < n; i++) /* the journal's lengths */
			buf[i] = buf[i] ? buf[i] : '.';
		if (n >= len && memcmp(buf + n - len, end, len) == 0)
			return n;
		cr_assert_eq(loop_once(loop), 0);
	}
}

static size_t count_of(const char *part)
{
	size_t n = 0;

	for (const char *p = buf; (p = strstr(p, part)); p += strlen(part))
		n++;
	return n;
}

static const char *said(void)
{
	static char text[8192];
	ssize_t n = pread(told, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = 0;
	return text;
}

static void is_settled(uint32_t slot)
{
	while (logslot_sink_waiting(&slots[slot]) > 0)
		cr_assert_eq(loop_once(loop), 0);
}

static void accounts(uint32_t slot, uint64_t taken)
{
	cr_expect_eq(slots[slot].sink_taken, taken);
	cr_expect_eq(slots[slot].sink_sent + slots[slot].sink_dropped + logslot_sink_waiting(&slots[slot]), taken);
}

Test(sink, a_line_is_a_datagram_of_the_local_syslog)
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

/* A reader that doesn't read: the memory is bounded, and what has no room is counted, told in its place, and nothing else is lost. */
static void slow_reader(struct sink *s, int *fd, int listener)
{
	static char text[1000];
	size_t lines = 4000;

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < lines; i++) {
		say_bytes(s, i % 2, text, sizeof(text));
		if (i % 100 == 0)
			sink_flush(s);
	}
	sink_flush(s);
	if (listener >= 0)
		cr_assert_geq(*fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), 0);
	uint64_t dropped = slots[0].sink_dropped + slots[1].sink_dropped;
	cr_expect_gt(dropped, 0);
	cr_expect_eq(dropped % 1001, 0, "whole lines");
	accounts(0, lines / 2 * 1001);
	accounts(1, lines / 2 * 1001);
	cr_expect_not_null(strstr(said(), "its queue is full; new lines are dropped and counted"), "%s", said());
	/* Now it reads. */
	char note[128];
	(void)text_format(note, sizeof(note), "%llu bytes are missing here: they came faster than they were taken",
			  (unsigned long long)dropped);
	size_t n = 0;
	while (!strstr(n > 4096 ? buf + n - 4096 : buf, note)) {
		size_t got = peer_read(*fd, buf + n, sizeof(buf) - n, 50, NULL);
		n += got;
		if (!got)
			cr_assert_eq(loop_once(loop), 0);
	}
	cr_expect_eq(count_of("xxxxxxxxxx") / 100, lines - dropped / 1001);
	is_settled(0);
	is_settled(1);
	cr_expect_eq(slots[0].sink_dropped + slots[1].sink_dropped, dropped);
	/* And it goes on. */
	say(s, "after");
	n = 0;
	while (!strstr(buf, "after")) {
		n = peer_read(*fd, buf, sizeof(buf), FOR_EVER, NULL);
		if (!n)
			cr_assert_eq(loop_once(loop), 0);
	}
}

Test(sink, what_a_slow_local_reader_leaves_no_room_for_is_counted_and_told)
{
	cleanup_fd int fd = peer_unix("log");
	slow_reader(sink_at("syslog:unix", "log"), &fd, -1);
}

Test(sink, what_a_slow_reader_of_tcp_leaves_no_room_for_is_counted_and_told)
{
	uint16_t port = 0;
	cleanup_fd int listener = peer_inet(SOCK_STREAM, &port);
	cleanup_fd int fd = -1;
	int small = 4096;

	cr_assert_eq(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	cr_assert_eq(listen(listener, 1), 0);
	slow_reader(sink_on("tcp", port), &fd, listener);
}

#define JSON(text)                                                                                                                 \
	"{\"time\":\"2026-11-24T10:11:12.000345Z\",\"service\":\"web\",\"instance\":0,\"stream\":\"stdout\",\"pid\":12,"              \
	"\"message\":\"" text "\"}"

/* The next one that connects. */
static int accepted(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0)
		cr_assert_eq(loop_once(loop), 0);
	return fd;
}

Test(sink, tcp_gets_json_lines_and_what_waited_first)
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

Test(sink, tcp_sends_again_what_was_not_confirmed_and_whole_lines)
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

Test(sink, tcp_goes_on_with_a_peer_that_has_closed_its_writing_half)
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

Test(sink, a_peer_that_went_while_nothing_was_said_costs_no_line)
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

Test(sink, udp_gets_an_object_a_datagram_and_waits_for_who_is_not_there)
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

Test(sink, a_long_line_comes_in_marked_parts_that_end_between_characters)
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

Test(sink, a_datagram_that_is_too_long_is_split_until_it_goes)
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
