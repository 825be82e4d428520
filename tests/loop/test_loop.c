#include "loop/loop.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

static struct loop *loop;
static char order[256];
static size_t n_calls;

/* A pipe with something in it, watched. */
struct watched {
	struct loop_source *source;
	int p[2];
	char letter;
	uint32_t events;
	void (*then)(struct watched *w);
	struct watched *other;
};

static void note(char letter)
{
	cr_assert_lt(n_calls, sizeof(order) - 1);
	order[n_calls++] = letter;
	order[n_calls] = 0;
}

static void on_readable(void *ctx, int fd, uint32_t events)
{
	struct watched *w = ctx;

	cr_expect_eq(fd, w->p[0]);
	w->events = events;
	note(w->letter);
	if (w->then)
		w->then(w);
}

static void on_timer(void *ctx)
{
	(void)ctx;
	note('t');
}

static void begin(void)
{
	cr_assert_eq(loop_new(&loop), 0);
}

static void done(void)
{
	loop_free(loop);
}

TestSuite(loop, .init = begin, .fini = done, .timeout = 60);

static void watch(struct watched *w, char letter, enum loop_priority prio)
{
	*w = (struct watched){ .letter = letter };
	cr_assert_eq(sys_pipe2(w->p, O_NONBLOCK), 0);
	cr_assert_eq(write(w->p[1], "x", 1), 1);
	cr_assert_eq(loop_add(loop, w->p[0], EPOLLIN, prio, on_readable, w, &w->source), 0);
}

static void drain(struct watched *w)
{
	char c;
	cr_assert_eq(read(w->p[0], &c, 1), 1);
}

static void leave(struct watched *w)
{
	loop_remove(&w->source);
	cr_expect_null(w->source);
	close_fd(&w->p[0]);
	close_fd(&w->p[1]);
}

Test(loop, sources_are_called_in_the_order_of_their_priority_with_timers_between)
{
	struct watched control, normal, spawn, child_exit;
	struct loop_timer *timer;

	watch(&control, 'c', LOOP_CONTROL);
	watch(&normal, 'n', LOOP_NORMAL);
	watch(&child_exit, 'e', LOOP_EXIT);
	watch(&spawn, 's', LOOP_SPAWN);
	cr_assert_eq(loop_timer_new(loop, on_timer, NULL, &timer), 0);
	loop_timer_in(timer, 0);
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(order, "setnc");
	cr_expect_eq(control.events, EPOLLIN);
	loop_timer_free(&timer);
	leave(&control);
	leave(&normal);
	leave(&spawn);
	leave(&child_exit);
}

static void remove_self(struct watched *w)
{
	leave(w);
}

static void remove_other(struct watched *w)
{
	if (w->other->source)
		leave(w->other);
}

Test(loop, a_source_may_remove_itself_and_others_in_its_call)
{
	struct watched a, b, c;

	watch(&a, 'a', LOOP_SPAWN);
	watch(&b, 'b', LOOP_EXIT);
	watch(&c, 'c', LOOP_NORMAL);
	a.then = remove_other;
	a.other = &b; /* ready in this very batch: it must not be called any more */
	c.then = remove_self;
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(order, "ac");
	a.then = NULL;
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(order, "aca");
	leave(&a);
	loop_remove(&b.source); /* NULL is fine */
}

static struct watched newcomer;

static void replace(struct watched *w)
{
	int number = w->other->p[0];

	leave(w->other);
	watch(&newcomer, 'N', LOOP_CONTROL);
	cr_expect_eq(newcomer.p[0], number, "the test is about a number that is used again");
	w->then = NULL;
}

/* The event in hand is the old one's, though the number is the new one's. */
Test(loop, a_descriptor_whose_number_is_used_again_gets_no_event_of_the_old_one)
{
	struct watched a, b;

	watch(&b, 'b', LOOP_CONTROL); /* first, so that its number is the lowest free one */
	watch(&a, 'a', LOOP_SPAWN);
	a.then = replace;
	a.other = &b;
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(order, "a");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(order, "aaN");
	leave(&a);
	leave(&newcomer);
}

Test(loop, what_is_watched_for_can_be_changed)
{
	struct watched a, b;

	watch(&a, 'a', LOOP_NORMAL);
	watch(&b, 'b', LOOP_CONTROL);
	cr_assert_eq(loop_change(a.source, 0), 0);
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(order, "b");
	cr_assert_eq(loop_change(a.source, EPOLLIN), 0);
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(order, "bab");
	close_fd(&a.p[1]);
	drain(&a);
	cr_assert_eq(loop_once(loop), 0);
	cr_expect(a.events & EPOLLHUP, "the end is told in any case");
	leave(&a);
	leave(&b);
}

Test(loop, what_cannot_be_watched_is_refused)
{
	struct loop_source *s = (void *)&s, *before = s;
	struct watched a;
	int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	cr_expect_eq(loop_add(loop, file, EPOLLIN, LOOP_NORMAL, on_readable, NULL, &s), -EPERM, "a plain file");
	cr_expect_eq(loop_add(loop, -1, EPOLLIN, LOOP_NORMAL, on_readable, NULL, &s), -EBADF);
	watch(&a, 'a', LOOP_NORMAL);
	cr_expect_eq(loop_add(loop, a.p[0], EPOLLIN, LOOP_NORMAL, on_readable, NULL, &s), -EEXIST);
	cr_expect_eq(s, before, "the result is untouched");
	leave(&a);
	close_fd(&file);
}

/* More are ready than one batch takes: none is left out for ever. */
Test(loop, more_than_a_batch_of_sources_are_all_called)
{
	enum { N = 150 };
	static struct watched w[N];
	static bool called[N];
	size_t missing = N;

	for (size_t i = 0; i < N; i++)
		watch(&w[i], 'x', LOOP_NORMAL);
	for (int round = 0; missing > 0; round++) {
		cr_assert_lt(round, 100);
		n_calls = 0;
		cr_assert_eq(loop_once(loop), 0);
		cr_assert_leq(n_calls, 64);
		for (size_t i = 0; i < N; i++) {
			if (!called[i] && w[i].events) {
				called[i] = true;
				missing--;
			}
		}
	}
	for (size_t i = 0; i < N; i++)
		leave(&w[i]);
}

static void quit_now(void *ctx)
{
	loop_quit(ctx, 42);
}

Test(loop, it_runs_until_it_is_told_to_quit)
{
	struct loop_timer *timer;

	cr_assert_eq(loop_timer_new(loop, quit_now, loop, &timer), 0);
	loop_timer_in(timer, USEC_MS);
	cr_expect_eq(loop_run(loop), 42);
	loop_timer_free(&timer);
}

Test(loop, an_interrupted_wait_is_no_error_and_another_error_is_handed_on)
{
	sys_fake_fail("epoll_wait", 1, EINTR);
	cr_expect_eq(loop_once(loop), 0);
	sys_fake_fail("epoll_wait", 1, EBADF);
	cr_expect_eq(loop_once(loop), -EBADF);
}

/* PID 1 doesn't end: it tries again, and says so once a second and not a million times. */
Test(loop, a_wait_that_fails_is_tried_again)
{
	struct loop_timer *timer;
	int p[2], saved = fcntl(2, F_DUPFD_CLOEXEC, 10);
	char text[4096] = "";

	cr_assert_eq(sys_pipe2(p, O_NONBLOCK), 0);
	cr_assert_eq(loop_timer_new(loop, quit_now, loop, &timer), 0);
	loop_timer_in(timer, 0);
	sys_fake_fail("epoll_wait", 1, ENOMEM);
	cr_assert_eq(dup2(p[1], 2), 2);
	int code = loop_run(loop);
	cr_assert_eq(dup2(saved, 2), 2);
	cr_expect_eq(code, 42);
	cr_expect_eq(sys_fake_count("epoll_wait"), 2);
	cr_assert_gt(read(p[0], text, sizeof(text) - 1), 0);
	cr_expect_not_null(strstr(text, "epoll_wait: Cannot allocate memory; trying again"), "%s", text);
	loop_timer_free(&timer);
}

Test(loop, the_time_is_taken_once_a_wakeup)
{
	struct watched a;
	usec_t before = loop_now(loop);

	watch(&a, 'a', LOOP_NORMAL);
	while (clock_mono() == before)
		continue;
	cr_expect_eq(loop_now(loop), before);
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_gt(loop_now(loop), before);
	leave(&a);
}

Test(loop, one_that_cannot_be_made_leaves_nothing_open)
{
	static const char *const calls[] = { "epoll_create", "timerfd_create", "epoll_ctl" };

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		struct loop *l = NULL;
		size_t fds = sys_fake_open_fds();

		sys_fake_reset();
		sys_fake_fail(calls[i], 1, EMFILE);
		cr_expect_eq(loop_new(&l), -EMFILE, "%s", calls[i]);
		cr_expect_null(l);
		cr_expect_eq(sys_fake_open_fds(), fds, "%s", calls[i]);
	}
	loop_free(NULL);
}

Test(loop, its_end_frees_the_sources_and_closes_none_of_their_descriptors)
{
	struct loop *l;
	struct loop_source *s;
	int p[2];

	cr_assert_eq(sys_pipe2(p, 0), 0);
	size_t fds = sys_fake_open_fds();
	cr_assert_eq(loop_new(&l), 0);
	cr_assert_eq(loop_add(l, p[0], EPOLLIN, LOOP_NORMAL, on_readable, NULL, &s), 0);
	loop_free(l);
	cr_expect_eq(sys_fake_open_fds(), fds);
	close_fd(&p[0]);
	close_fd(&p[1]);
}
