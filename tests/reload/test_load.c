/* The load itself: what it makes of servers of many habits. */
#include "tests/live/held.h"
#include "tests/live/live.h"
#include "tests/reload/traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER(headers, body) "HTTP/1.1 200 OK\r\n" headers "\r\n" body
#define WHOLE ANSWER("Content-Length: 6\r\n", "1 one\n")
#define TO "127.0.0.1", "8080"

enum end { END_STAY, END_CLOSE, END_RESET };

/* What the server does with the requests of a connection, one after the other; the last one is for all that follow. */
struct habit {
	const char *text; /* "" or NULL: nothing is sent */
	enum end end;
};

static int bound(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(8080), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void serve(int fd, const struct habit *habit)
{
	char request[4096];

	while (recv(fd, request, sizeof(request), 0) > 0) {
		/* MSG_MORE: the end comes in the segment of the last byte, so that no client can be in between. */
		if (habit->text)
			(void)send(fd, habit->text, strlen(habit->text), MSG_NOSIGNAL | (habit->end == END_CLOSE ? MSG_MORE : 0));
		if (habit->end == END_RESET)
			(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
		if (habit->end != END_STAY)
			break;
		if (habit[1].text || habit[1].end)
			habit++;
	}
	(void)close(fd);
}

/* One connection after the other, in a process that ends with the test. */
static void server(const struct habit *habits)
{
	held_network();
	int fd = bound();

	cr_assert_eq(listen(fd, 16), 0);
	if (fork() == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			serve(accept(fd, NULL, NULL), habits);
	}
}

/* Six requests of one client against these habits: all but `good` of them, which are ok, are `outcome`. */
static void six(const char *client, const struct habit *habits, json_int_t good, const char *outcome)
{
	static struct traffic t;
	bool keep = strcmp(client, "--keep") == 0;

	server(habits);
	traffic_start(&t, TO, client, "1", "--requests", "6", "--timeout", "200");
	json_t *j = traffic_ended(&t);
	cr_assert_eq(traffic_count(j, keep ? "keep" : "new", "ok"), good, "%s", traffic_text(j));
	if (good < 6)
		cr_assert_eq(traffic_count(j, keep ? "keep" : "new", outcome), 6 - good, "%s: %s", outcome, traffic_text(j));
	cr_assert_eq(traffic_count(j, keep ? "new" : "keep", "ok", "failed", "stale"), 0);
}

#define habits(...) (const struct habit[]){ __VA_ARGS__, { NULL, END_STAY } }

Test(load, good_answers_are_ok_for_both_kinds)
{
	six("--new", habits({ WHOLE, END_STAY }), 6, "");
}

Test(load, a_kept_connection_serves_many_requests)
{
	six("--keep", habits({ WHOLE, END_STAY }), 6, "");
}

Test(load, nobody_there_is_refused)
{
	static struct traffic t;
	held_network();
	traffic_start(&t, TO, "--new", "1", "--keep", "1", "--requests", "6");
	json_t *j = traffic_ended(&t);
	cr_assert_eq(traffic_count(j, "new", "refused") + traffic_count(j, "keep", "refused"), 6, "%s", traffic_text(j));
	cr_assert_eq(traffic_count(j, "new", "failed") + traffic_count(j, "keep", "failed"), 6, "%s", traffic_text(j));
}

Test(load, a_full_queue_is_a_timeout_of_connecting)
{
	static struct traffic t;
	struct sockaddr_in to;
	socklen_t len = sizeof(to);
	held_network();
	int fd = bound();
	cr_assert_eq(listen(fd, 0), 0);
	(void)getsockname(fd, (struct sockaddr *)&to, &len);
	cr_assert_eq(connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof(to)), 0);
	traffic_start(&t, TO, "--new", "1", "--requests", "2", "--timeout", "200");
	json_t *j = traffic_ended(&t);
	cr_assert_eq(traffic_count(j, "new", "timeout_connect"), 2, "%s", traffic_text(j));
}

Test(load, silence_is_a_timeout_of_the_answer)
{
	six("--new", habits({ NULL, END_STAY }), 0, "timeout_answer");
}

Test(load, half_an_answer_is_a_timeout_too)
{
	six("--new", habits({ "HTTP/1.1 200 OK\r\nContent-Le", END_STAY }), 0, "timeout_answer");
}

Test(load, a_reset_before_the_answer)
{
	six("--new", habits({ NULL, END_RESET }), 0, "reset_before");
}

Test(load, a_reset_in_mid_answer)
{
	six("--new", habits({ "HTTP/1.1 200 OK\r\nContent-Le", END_RESET }), 0, "reset_mid");
}

Test(load, a_close_before_the_answer)
{
	six("--new", habits({ NULL, END_CLOSE }), 0, "closed_before");
}

Test(load, a_close_in_mid_answer)
{
	six("--keep", habits({ ANSWER("Content-Length: 60\r\n", "1 on"), END_CLOSE }), 0, "closed_mid");
}

Test(load, a_reset_of_a_connection_that_has_served_is_stale)
{
	six("--keep", habits({ WHOLE, END_STAY }, { NULL, END_RESET }), 3, "stale");
}

Test(load, so_is_a_close)
{
	six("--keep", habits({ WHOLE, END_STAY }, { NULL, END_CLOSE }), 3, "stale");
}

Test(load, a_cut_in_the_second_answer_is_not_stale)
{
	six("--keep", habits({ WHOLE, END_STAY }, { "HTTP/1.1 2", END_RESET }), 3, "reset_mid");
}

Test(load, a_close_between_two_requests_is_no_failure)
{
	six("--keep", habits({ WHOLE, END_CLOSE }), 6, "");
}

Test(load, nor_is_one_that_was_told)
{
	six("--keep", habits({ ANSWER("Connection: close\r\nContent-Length: 2\r\n", "1\n"), END_CLOSE }), 6, "");
}

Test(load, another_status_is_a_bad_answer)
{
	six("--new", habits({ "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", END_CLOSE }), 0, "bad");
}

Test(load, a_body_that_is_too_long_is_a_bad_answer)
{
	six("--keep", habits({ ANSWER("Content-Length: 1\r\n", "12"), END_STAY }), 0, "bad");
}

Test(load, bodies_are_told_apart)
{
	static struct traffic t;
	server(habits({ WHOLE, END_STAY }, { ANSWER("Content-Length: 5\r\n", "2 two"), END_STAY }));
	traffic_start(&t, TO, "--keep", "1", "--requests", "6");
	json_t *j = traffic_ended(&t);
	cr_assert_eq(traffic_count(j, "bodies", "1 one"), 1, "%s", traffic_text(j));
	cr_assert_eq(traffic_count(j, "bodies", "2 two"), 5, "%s", traffic_text(j));
	cr_assert_eq(traffic_bodies(j), 2);
}

Test(load, windows_add_up_and_rounds_are_told)
{
	static struct traffic t;
	server(habits({ WHOLE, END_STAY }));
	traffic_start(&t, TO, "--keep", "1", "--requests", "1000000");
	traffic_going(&t);
	json_int_t first = traffic_count(traffic_window(&t), "keep", "ok");
	traffic_round(&t);
	json_int_t second = traffic_count(traffic_window(&t), "keep", "ok");
	cr_assert_geq(first, 1);
	cr_assert_geq(second, 1);
	json_t *j = traffic_end(&t);
	cr_assert_eq(traffic_count(j, "keep", "failed", "stale"), 0, "%s", traffic_text(j));
}

/* What hangs when the end is asked for is waited for, and told as what it is. */
Test(load, a_hanging_request_outlives_the_end)
{
	static struct traffic t;
	server(habits({ WHOLE, END_STAY }, { "", END_STAY }));
	traffic_start(&t, TO, "--keep", "1", "--timeout", "300");
	traffic_going(&t);
	json_t *j = traffic_end(&t);
	json_int_t ok = traffic_count(j, "keep", "ok"), hung = traffic_count(j, "keep", "timeout_answer");
	cr_assert_geq(hung, 1, "%s", traffic_text(j));
	/* On each connection one after the other. */
	cr_assert(ok == hung || ok == hung + 1, "%s", traffic_text(j));
}
