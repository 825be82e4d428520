#include "wire/frame.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int a, b; /* the two ends */

static void open_pair(void)
{
	int fd[2];
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
	a = fd[0];
	b = fd[1];
}

static void close_pair(void)
{
	close(a);
	close(b);
}

TestSuite(frame, .init = open_pair, .fini = close_pair);

static void give(const char *bytes, size_t n)
{
	cr_assert_eq(write(a, bytes, n), (ssize_t)n);
}

Test(frame, one_read_may_hold_several_messages)
{
	struct frame_in f;
	size_t n;
	frame_in_init(&f, 100);
	give("one\0two\0thr", 11);
	cr_assert_eq(frame_in_read(&f, b), 11);
	cr_assert_str_eq(frame_next(&f, &n), "one");
	cr_assert_eq(n, 3);
	cr_assert_str_eq(frame_next(&f, &n), "two");
	cr_assert_null(frame_next(&f, &n));
	give("ee\0", 3);
	cr_assert_eq(frame_in_read(&f, b), 3);
	cr_assert_str_eq(frame_next(&f, &n), "three");
	cr_assert_eq(n, 5);
	cr_assert_null(frame_next(&f, &n));
	frame_in_done(&f);
}

Test(frame, a_message_may_come_byte_by_byte)
{
	struct frame_in f;
	size_t n;
	frame_in_init(&f, 100);
	for (const char *p = "hello"; *p; p++) {
		give(p, 1);
		cr_assert_eq(frame_in_read(&f, b), 1);
		cr_assert_null(frame_next(&f, &n));
	}
	give("", 1);
	cr_assert_eq(frame_in_read(&f, b), 1);
	cr_assert_str_eq(frame_next(&f, &n), "hello");
	frame_in_done(&f);
}

Test(frame, an_empty_message_is_a_message)
{
	struct frame_in f;
	size_t n = 9;
	frame_in_init(&f, 100);
	give("\0", 1);
	cr_assert_eq(frame_in_read(&f, b), 1);
	cr_assert_str_eq(frame_next(&f, &n), "");
	cr_assert_eq(n, 0);
	frame_in_done(&f);
}

Test(frame, a_message_of_exactly_the_limit_passes)
{
	struct frame_in f;
	size_t n;
	frame_in_init(&f, 5);
	give("12345\0", 6);
	cr_assert_eq(frame_in_read(&f, b), 6);
	cr_assert_str_eq(frame_next(&f, &n), "12345");
	frame_in_done(&f);
}

Test(frame, a_message_over_the_limit_is_refused)
{
	struct frame_in f;
	frame_in_init(&f, 5);
	give("123456\0", 7);
	cr_assert_eq(frame_in_read(&f, b), -EMSGSIZE);
	cr_assert_eq(frame_in_read(&f, b), -EMSGSIZE, "and stays refused");
	frame_in_done(&f);
}

Test(frame, a_buffer_full_of_whole_messages_says_busy)
{
	struct frame_in f;
	size_t n;
	frame_in_init(&f, 5);
	give("1\0002\0003\0004\0", 8);
	cr_assert_eq(frame_in_read(&f, b), 6);
	cr_assert_eq(frame_in_read(&f, b), -EBUSY);
	cr_assert_str_eq(frame_next(&f, &n), "1");
	cr_assert_gt(frame_in_read(&f, b), 0);
	cr_assert_str_eq(frame_next(&f, &n), "2");
	cr_assert_str_eq(frame_next(&f, &n), "3");
	cr_assert_str_eq(frame_next(&f, &n), "4");
	cr_assert_null(frame_next(&f, &n));
	frame_in_done(&f);
}

Test(frame, nothing_to_read_is_eagain_and_the_end_is_zero)
{
	struct frame_in f;
	frame_in_init(&f, 100);
	cr_assert_eq(frame_in_read(&f, b), -EAGAIN);
	shutdown(a, SHUT_WR);
	cr_assert_eq(frame_in_read(&f, b), 0);
	frame_in_done(&f);
}

Test(frame, a_big_message_crosses_in_pieces_and_its_memory_is_given_back)
{
	size_t big = 1000 * 1000;
	char *text = malloc(big + 1);
	memset(text, 'x', big);
	text[big] = '\0';
	struct frame_out out;
	struct frame_in in;
	frame_out_init(&out, FRAME_OUT_MAX);
	frame_in_init(&in, FRAME_IN_MAX);
	cr_assert_eq(frame_out_add(&out, text), 0);
	size_t n = 0;
	const char *got = NULL;
	while (!got) {
		int r = frame_out_flush(&out, a);
		cr_assert(r == 0 || r == 1);
		r = frame_in_read(&in, b);
		cr_assert(r > 0);
		got = frame_next(&in, &n);
	}
	cr_assert_eq(n, big);
	cr_assert_eq(memcmp(got, text, big), 0);
	cr_assert(frame_out_empty(&out));
	cr_assert_null(out.buf);
	cr_assert_eq(frame_in_read(&in, b), -EAGAIN);
	cr_assert_leq(in.cap, 65536);
	frame_in_done(&in);
	frame_out_done(&out);
	free(text);
}

Test(frame, a_peer_that_does_not_read_fills_the_bound_and_no_more)
{
	struct frame_out out;
	char text[1000];
	memset(text, 'y', sizeof(text));
	text[999] = '\0';
	frame_out_init(&out, 10 * sizeof(text));
	for (int i = 0; i < 10; i++)
		cr_assert_eq(frame_out_add(&out, text), 0);
	cr_assert_eq(frame_out_add(&out, ""), -EMSGSIZE);
	cr_assert_leq(out.cap, 10 * sizeof(text));
	cr_assert_eq(frame_out_flush(&out, a), 0);
	cr_assert_eq(frame_out_add(&out, ""), 0, "room again once it is out");
	frame_out_done(&out);
}

Test(frame, a_full_socket_says_more_waits)
{
	struct frame_out out;
	char text[1000];
	memset(text, 'y', sizeof(text));
	text[999] = '\0';
	frame_out_init(&out, FRAME_OUT_MAX);
	int r = 0;
	for (int i = 0; i < 10000 && r == 0; i++) {
		cr_assert_eq(frame_out_add(&out, text), 0);
		r = frame_out_flush(&out, a);
	}
	cr_assert_eq(r, 1);
	cr_assert(!frame_out_empty(&out));
	frame_out_done(&out);
}

Test(frame, a_gone_peer_is_an_error_and_no_signal)
{
	struct frame_out out;
	frame_out_init(&out, 100);
	close(b);
	b = -1;
	cr_assert_eq(frame_out_add(&out, "x"), 0);
	cr_assert_eq(frame_out_flush(&out, a), -EPIPE);
	frame_out_done(&out);
}
