/* Lines as the other side of a sink reads them: byte by byte. */
#include "tools/logd/sinkformat.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static char buf[SINKFORMAT_MAX(8192)];

/* 2026-11-24 10:11:12.000345 UTC */
#define WHEN ((usec_t)1795515072000345)

static struct line line_of(const char *text)
{
	return (struct line){ .service = "web", .pid = 12, .time = WHEN, .text = text, .n = strlen(text) };
}

static void is(enum sink_kind kind, const struct line *l, const char *host, const char *expected, size_t n)
{
	size_t got = sinkformat(kind, l, host, buf, sizeof(buf));

	cr_assert_eq(got, n, "%zu bytes, not %zu: %.*s", got, n, (int)got, buf);
	cr_assert_arr_eq(buf, expected, n, "%.*s", (int)got, buf);
}

static void is_text(enum sink_kind kind, const struct line *l, const char *host, const char *expected)
{
	is(kind, l, host, expected, strlen(expected));
}

Test(sinkformat, syslog_is_rfc_5424)
{
	struct line l = line_of("hello world");

	is_text(SINK_SYSLOG, &l, "box", "<30>1 2026-11-24T10:11:12.000345Z box web 12 - - hello world");
	l.err = true;
	l.instance = 2;
	l.partial = true;
	is_text(SINK_SYSLOG, &l, "box", "<27>1 2026-11-24T10:11:12.000345Z box web-2 12 partial - hello world");
}

Test(sinkformat, syslog_says_a_dash_for_what_is_not_known)
{
	struct line l = line_of("");

	l.pid = 0;
	is_text(SINK_SYSLOG, &l, "", "<30>1 2026-11-24T10:11:12.000345Z - web - - - ");
}

Test(sinkformat, syslog_header_fields_are_printable_and_of_their_length)
{
	struct line l = line_of("x");
	char host[300], expected[400];

	l.service = "0123456789012345678901234567890123456789a b\x7f\xc3\xa4""67890";
	memset(host, 'h', sizeof(host) - 1);
	host[sizeof(host) - 1] = 0;
	host[0] = ' ';
	(void)snprintf(expected, sizeof(expected),
		       "<30>1 2026-11-24T10:11:12.000345Z _%.254s 0123456789012345678901234567890123456789a_b___67 12 - - x", host + 1);
	is_text(SINK_SYSLOG, &l, host, expected);
}

Test(sinkformat, any_bytes_of_a_text_arrive_as_they_are)
{
	struct line l = line_of("");

	l.text = "a\0b\xff\x1b[m";
	l.n = 7;
	is(SINK_SYSLOG, &l, "box", "<30>1 2026-11-24T10:11:12.000345Z box web 12 - - a\0b\xff\x1b[m", 49 + 7);
	static const char journal[] = "PRIORITY=6\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=web\nSYSLOG_PID=12\nPM1_SERVICE=web\n"
				      "PM1_INSTANCE=0\nPM1_STREAM=stdout\nMESSAGE\n\x07\0\0\0\0\0\0\0a\0b\xff\x1b[m\n";
	is(SINK_JOURNAL, &l, "", journal, sizeof(journal) - 1);
}

Test(sinkformat, the_journal_gets_its_own_protocol)
{
	struct line l = line_of("hello");
	static const char expected[] = "PRIORITY=3\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=web-3\nPM1_SERVICE=web\nPM1_INSTANCE=3\n"
				       "PM1_STREAM=stderr\nPM1_PARTIAL=1\nMESSAGE\n\x05\0\0\0\0\0\0\0hello\n";

	l.err = true;
	l.instance = 3;
	l.pid = 0;
	l.partial = true;
	is(SINK_JOURNAL, &l, "box", expected, sizeof(expected) - 1);
}

Test(sinkformat, tcp_gets_a_json_object_a_line_and_udp_one_a_datagram)
{
	struct line l = line_of("say \"hi\"");
	static const char json[] = "{\"time\":\"2026-11-24T10:11:12.000345Z\",\"service\":\"web\",\"instance\":0,\"stream\":\"stdout\","
				   "\"pid\":12,\"message\":\"say \\\"hi\\\"\"}\n";

	is_text(SINK_TCP, &l, "", json);
	is(SINK_UDP, &l, "", json, sizeof(json) - 2);
}

Test(sinkformat, a_buffer_of_the_size_that_is_promised_holds_the_worst_and_a_smaller_one_nothing_by_halves)
{
	static char text[8192];
	static const char fills[] = { 'x', 1, '\xff', '"' };

	for (size_t f = 0; f < sizeof(fills); f++) {
		struct line l = line_of("");
		memset(text, fills[f], sizeof(text));
		l.text = text;
		l.n = sizeof(text);
		l.partial = true;
		for (enum sink_kind k = SINK_SYSLOG; k <= SINK_UDP; k++) {
			size_t n = sinkformat(k, &l, "box", buf, SINKFORMAT_MAX(sizeof(text)));
			cr_assert_gt(n, sizeof(text), "kind %d fill %d", (int)k, fills[f]);
			for (size_t size = 1; size < 300; size += 7)
				cr_assert_eq(sinkformat(k, &l, "box", buf, size), 0);
			cr_assert_eq(sinkformat(k, &l, "box", buf, sizeof(text)), 0);
		}
	}
}
