/* log_sink, with real sockets at the other side: each line arrives as it was said, in order, or is counted; and no service waits. */
#include "tests/live/logd.h"
#include "tests/live/sinkserver.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD "[pm1]\nlog_console = no\nexit_when = never\n"
#define NO_FILES "out_file = none\nerror_file = none\n"

/* An INI with the port in the place of its %u. */
static char *with_port(const char *fmt, uint16_t port)
{
	char *ini, *mark = strstr(fmt, "%u");

	cr_assert_geq(asprintf(&ini, "%.*s%u%s", (int)(mark - fmt), fmt, port, mark + 2), 0);
	return ini;
}


/* The nth field of an RFC 5424 message, from 0. */
static char *field(const char *message, int n)
{
	const char *p = message;

	for (; n > 0; n--)
		p = strchr(p, ' ') + 1;
	return strndup(p, strcspn(p, " "));
}

Test(logs_sinks, the_local_syslog_gets_rfc_5424_with_stream_and_pid)
{
	struct live l;
	char host[256];

	(void)gethostname(host, sizeof(host));
	live_start(&l, LIVE_PID1, HEAD "[service:web]\ninstances = 2\nautostart = no\nlog_sink = syslog:unix:@DIR@/log\n" NO_FILES
				       "command = sh -c 'echo \"to out $$\"; echo to err >&2; exec sleep 1000'\n");
	(void)live_socket(&l);
	int fd = server_unix(live_path(&l, "log")), errs = 0, seconds = 0;
	json_decref(live_call(&l, "Start", "{\"targets\":[\"web\"]}"));
	for (int i = 0; i < 4; i++) {
		struct heard one = { .fd = fd };
		hear_text(&one, "to ");
		cr_expect_eq(one.datagrams, 1, "%s", one.text);
		bool err = strstr(one.text, "to err") != NULL, second = strstr(one.text, " web-1 ") != NULL;
		cr_expect_str_eq(field(one.text, 0), err ? "<27>1" : "<30>1");
		char *time = field(one.text, 1);
		cr_expect(strlen(time) == 27 && time[10] == 'T' && time[19] == '.' && time[26] == 'Z', "%s", time);
		cr_expect_str_eq(field(one.text, 2), host);
		cr_expect_str_eq(field(one.text, 3), second ? "web-1" : "web");
		char *text = strstr(one.text, " - - ");
		cr_assert_not_null(text, "%s", one.text);
		if (err)
			cr_expect_str_eq(text, " - - to err");
		else
			cr_expect_str_eq(field(one.text, 4), text + strlen(" - - to out "), "the pid that it says of itself: %s", one.text);
		errs += err;
		seconds += second;
	}
	cr_expect(errs == 2 && seconds == 2);
	cr_expect_eq(live_get(&l, "web", "pm1.log.sink_dropped"), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_sinks, the_journal_gets_any_bytes_in_its_own_protocol)
{
	struct live l;
	static const char message[] = "MESSAGE\n\x08\0\0\0\0\0\0\0a\0b\xff\xc3\x28\x01z\n";

	live_start(&l, LIVE_PID1, HEAD "[service:web]\nautostart = no\nlog_sink = journal:@DIR@/socket\n" NO_FILES
				       "command = sh -c 'printf \"a\\\\000b\\\\377\\\\303(\\\\001z\\\\n\" >&2; exec sleep 1000'\n");
	(void)live_socket(&l);
	struct heard h = { .fd = server_unix(live_path(&l, "socket")) };
	json_decref(live_call(&l, "Start", "{\"targets\":[\"web\"]}"));
	hear_text(&h, "MESSAGE\n");
	cr_expect_eq(h.datagrams, 1);
	cr_assert_not_null(memmem(h.text, h.len, message, sizeof(message) - 1), "%s", h.text);
	static const char *const lines[] = { "PRIORITY=3\n", "SYSLOG_FACILITY=3\n", "SYSLOG_IDENTIFIER=web\n", "PM1_SERVICE=web\n",
					     "PM1_INSTANCE=0\n", "PM1_STREAM=stderr\n", "SYSLOG_PID=" };
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		cr_expect_not_null(strstr(h.text, lines[i]), "%s", lines[i]);
	cr_assert_eq(live_stop(&l), 0);
}

/* Each line a JSON object; its message. */
static const char *message_of(const char *line, size_t n)
{
	json_error_t e;
	json_t *j = json_loadb(line, n, 0, &e);

	cr_assert_not_null(j, "%s: %.*s", e.text, (int)n, line);
	cr_assert_str_eq(json_string_value(json_object_get(j, "service")), "web");
	return json_string_value(json_object_get(j, "message"));
}

Test(logs_sinks, tcp_gets_json_lines_and_what_was_said_before_anybody_listened)
{
	struct live l;
	uint16_t port = 0;
	int listener = server_inet(SOCK_STREAM, &port);
	char expected[16];

	live_start(&l, LIVE_PID1, with_port(HEAD "[service:web]\nautorestart = no\nlog_sink = tcp:127.0.0.1:%u\n" NO_FILES
					    "command = @PROG@ lines 500 100 out\n", port));
	live_line(&l, "Connection refused; at most 1048576 bytes wait");
	live_number(&l, "web", "pm1.log.sink_waiting", 50000);
	cr_assert_eq(listen(listener, 1), 0);
	struct heard h = { .fd = server_accept(listener) };
	hear_text(&h, "000000000499 xxx");
	hear_text(&h, "x\"}\n");
	live_line(&l, "works again");
	const char *p = h.text;
	for (int i = 0; i < 500; i++) {
		const char *nl = memchr(p, '\n', h.len - (size_t)(p - h.text));
		cr_assert_not_null(nl);
		const char *message = message_of(p, (size_t)(nl - p));
		(void)snprintf(expected, sizeof(expected), "%012d ", i);
		cr_assert_eq(strncmp(message, expected, 13), 0, "%s, not %s", message, expected);
		cr_assert_eq(strlen(message), 99);
		p = nl + 1;
	}
	while (live_get(&l, "web", "pm1.log.sink_waiting") > 0)
		(void)poll(NULL, 0, 10);
	cr_expect_eq(live_get(&l, "web", "pm1.log.sink_dropped"), 0);
	cr_expect_not_null(strstr(call(&l, "describe", "web").out, "log sinks            tcp:127.0.0.1:"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_sinks, udp_gets_an_object_a_datagram_and_what_was_said_before_anybody_was_there)
{
	struct live l;
	uint16_t port = 0;
	int fd = server_inet(SOCK_DGRAM, &port);

	(void)close(fd);
	live_start(&l, LIVE_PID1, with_port(HEAD "[service:web]\nlog_sink = udp:127.0.0.1:%u\n" NO_FILES
					    "command = sh -c 'echo one; echo two; exec @PROG@ wait'\n", port));
	live_line(&l, "Connection refused; at most 1048576 bytes wait");
	live_number(&l, "web", "pm1.log.sink_waiting", 8);
	fd = server_inet(SOCK_DGRAM, &port);
	struct heard one = { .fd = fd }, two = { .fd = fd };
	hear_text(&one, "}");
	hear_text(&two, "}");
	cr_expect_str_eq(message_of(one.text, one.len), "one");
	cr_expect_str_eq(message_of(two.text, two.len), "two");
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_sinks, a_line_goes_to_the_file_the_console_and_each_sink)
{
	struct live l;
	uint16_t port = 0;
	int fd = server_inet(SOCK_DGRAM, &port);

	live_start(&l, LIVE_PID1, with_port("[service:web]\nautostart = no\nout_file = @DIR@/web.log\n"
					    "log_sink = udp:127.0.0.1:%u syslog:unix:@DIR@/log\n"
					    "command = sh -c 'echo once; exec @PROG@ wait'\n[service:x]\ncommand = @PROG@ wait\n", port));
	(void)live_socket(&l);
	struct heard udp = { .fd = fd }, local = { .fd = server_unix(live_path(&l, "log")) };
	json_decref(live_call(&l, "Start", "{\"targets\":[\"web\"]}"));
	hear_text(&udp, "\"message\":\"once\"");
	hear_text(&local, " - - once");
	live_line(&l, "web | once");
	live_file_has(live_path(&l, "web.log"), "once\n");
	cr_assert_eq(live_stop(&l), 0);
}

/* It never reads: the service writes all it has, what has no place is counted, and told where it is missing. */
Test(logs_sinks, a_reader_that_never_reads_stops_no_service_and_each_byte_is_counted)
{
	struct live l;
	uint16_t port = 0;
	int listener = server_inet(SOCK_STREAM, &port), small = 4096;

	cr_assert_eq(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	cr_assert_eq(listen(listener, 1), 0);
	live_start(&l, LIVE_PID1, with_port(HEAD "[service:web]\nautorestart = no\nlog_sink = tcp:127.0.0.1:%u\n" NO_FILES
					    "command = @PROG@ lines 60000 100 1 exit\n", port));
	live_status(&l, "web", "stopped");
	live_number(&l, "web", "pm1.log.written", 6000000);
	json_int_t dropped = live_get(&l, "web", "pm1.log.sink_dropped");
	cr_assert_gt(dropped, 0);
	cr_expect_eq(dropped % 100, 0);
	live_line(&l, "its queue is full; new lines are dropped and counted");
	cr_expect_not_null(strstr(call(&l, "describe", "web").out, "sinks dropped"));
	/* Read after all, it says so where they are missing. */
	char note[100];
	(void)snprintf(note, sizeof(note), "%lld bytes are missing here: they came faster than they were taken", (long long)dropped);
	struct heard h = { .fd = server_accept(listener) };
	hear_text(&h, note);
	cr_expect_eq(heard_count(&h, "\"service\":\"web\""), (size_t)(6000000 - dropped) / 100);
	while (live_get(&l, "web", "pm1.log.sink_waiting") > 0)
		(void)poll(NULL, 0, 10);
	cr_expect_eq(live_get(&l, "web", "pm1.log.sink_dropped"), dropped);
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_sinks, what_waited_in_a_logd_that_is_killed_is_counted_and_the_rest_comes)
{
	struct live l;

	live_start(&l, LIVE_PID1, HEAD "[service:web]\nlog_sink = journal:@DIR@/socket\n" NO_FILES
				       "command = sh -c 'trap \"echo after\" USR1; echo one; echo two >&2; while :; do sleep 1000 & wait $!; done'\n");
	live_number(&l, "web", "pm1.log.sink_waiting", 8);
	cr_assert_eq(kill(logd_pid(&l), SIGKILL), 0);
	live_line(&l, "bytes that waited for its sinks were lost with the logd that was killed");
	live_number(&l, "web", "pm1.log.sink_dropped", 8);
	cr_expect_eq(live_get(&l, "web", "pm1.log.sink_dropped"), 8);
	cr_expect_eq(live_get(&l, "web", "pm1.log.sink_waiting"), 0);
	struct heard h = { .fd = server_unix(live_path(&l, "socket")) };
	cr_assert_eq(call(&l, "send-signal", "USR1", "web", "-s").code, 0);
	hear_text(&h, "after\n");
	cr_expect_null(memmem(h.text, h.len, "one\n", 4));
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_sinks, a_long_line_comes_in_parts_with_a_mark)
{
	struct live l;

	live_start(&l, LIVE_PID1, HEAD "[service:web]\nautostart = no\nlog_sink = syslog:unix:@DIR@/log\n" NO_FILES
				       "command = @PROG@ lines 1 20001 out\n");
	(void)live_socket(&l);
	int fd = server_unix(live_path(&l, "log"));
	json_decref(live_call(&l, "Start", "{\"targets\":[\"web\"]}"));
	size_t sum = 0;
	for (int i = 0; i < 3; i++) {
		struct heard one = { .fd = fd };
		hear_text(&one, "web");
		const char *mark = i < 2 ? " partial - " : " - - ", *text = strstr(one.text, mark);
		cr_assert_not_null(text, "%d: %.80s", i, one.text);
		sum += strlen(text + strlen(mark));
	}
	cr_expect_eq(sum, 20000);
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_sinks, a_reload_moves_to_another_sink_and_the_old_one_gets_what_was_said_before)
{
	struct live l;
	static const char *const ini = HEAD "[service:web]\nshell = yes\nlog_sink = journal:@DIR@/%s\n" NO_FILES
					    "command = trap 'n=$((n+1)); echo said $n' USR1; echo up; while :; do sleep 1000 & wait $!; done\n";
	char text[1024];

	(void)snprintf(text, sizeof(text), ini, "first");
	live_start(&l, LIVE_PID1, text);
	live_number(&l, "web", "pm1.log.sink_waiting", 3);
	(void)snprintf(text, sizeof(text), ini, "second");
	live_ini(&l, text);
	struct heard second = { .fd = server_unix(live_path(&l, "second")) };
	live_signal(&l, SIGHUP);
	live_line(&l, "second (live)");
	/* Answered by logd, which has heard of the change by then; what is said before goes the old way. */
	json_decref(live_call(&l, "Flush", "{\"targets\":[\"web\"]}"));
	cr_assert_eq(call(&l, "send-signal", "USR1", "web", "-s").code, 0);
	hear_text(&second, "said 1\n");
	struct heard first = { .fd = server_unix(live_path(&l, "first")) };
	hear_text(&first, "up\n");
	while (live_get(&l, "web", "pm1.log.sink_waiting") > 0)
		(void)poll(NULL, 0, 10);
	cr_expect_eq(live_get(&l, "web", "pm1.log.sink_dropped"), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(logs_sinks, the_last_words_arrive)
{
	struct live l;
	uint16_t port = 0;
	int listener = server_inet(SOCK_STREAM, &port);

	cr_assert_eq(listen(listener, 1), 0);
	live_start(&l, LIVE_PID1, with_port(HEAD "[service:web]\nshell = yes\nlog_sink = tcp:127.0.0.1:%u\n" NO_FILES
					    "command = trap 'echo the last word; exit 0' TERM; echo up; while :; do sleep 1000 & wait $!; done\n",
					    port));
	struct heard h = { .fd = server_accept(listener) };
	hear_text(&h, "\"up\"");
	cr_assert_eq(live_stop(&l), 0);
	hear_text(&h, "\"the last word\"}\n");
}
