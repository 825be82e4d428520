/* Timers by a clock of the test's own: timers_run() says what time it is. */
#include "base/own.h"
#include "loop/timers.h"
#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

static struct timers *all;
static usec_t now;

static char order[256]; /* a letter for each call, in the order of the calls */
static size_t n_calls;

struct bell {
	struct loop_timer *timer;
	char letter;
	void (*then)(struct bell *b);
	struct bell *other;
};

static void on_due(void *ctx)
{
	struct bell *b = ctx;

	order[n_calls++] = b->letter;
	order[n_calls] = 0;
	if (b->then)
		b->then(b);
}

static void begin(void)
{
	now = 1000;
	cr_assert_eq(timers_new(&now, &all), 0);
}

static void done(void)
{
	timers_free(all);
}

TestSuite(timers, .init = begin, .fini = done);

static struct bell bell(char letter)
{
	return (struct bell){ .letter = letter };
}

static void hang(struct bell *b)
{
	cr_assert_eq(timers_add(all, on_due, b, &b->timer), 0);
}

static void run_at(usec_t at)
{
	now = at;
	timers_run(all, now);
}

static bool readable(void)
{
	struct pollfd p = { .fd = timers_fd(all), .events = POLLIN };
	return poll(&p, 1, 0) == 1;
}

Test(timers, a_new_one_is_off)
{
	struct bell a = bell('a');

	hang(&a);
	cr_expect_eq(loop_timer_due(a.timer), USEC_NEVER);
	run_at(USEC_NEVER - 1);
	cr_expect_str_eq(order, "");
	cr_expect_eq(sys_fake_count("timerfd_settime"), 0, "an idle loop arms nothing");
	loop_timer_free(&a.timer);
	cr_expect_null(a.timer);
	loop_timer_free(&a.timer);
}

Test(timers, what_is_due_is_called_once_in_the_order_of_the_moments)
{
	struct bell b[] = { bell('a'), bell('b'), bell('c'), bell('d') };

	for (size_t i = 0; i < 4; i++)
		hang(&b[i]);
	loop_timer_at(b[0].timer, 4000);
	loop_timer_at(b[1].timer, 2000);
	loop_timer_at(b[2].timer, 3000);
	loop_timer_in(b[3].timer, 1500); /* 2500 */
	cr_expect_eq(loop_timer_due(b[3].timer), 2500);
	run_at(1999);
	cr_expect_str_eq(order, "");
	run_at(3000);
	cr_expect_str_eq(order, "bdc");
	cr_expect_eq(loop_timer_due(b[1].timer), USEC_NEVER);
	run_at(3999);
	cr_expect_str_eq(order, "bdc");
	run_at(9000);
	cr_expect_str_eq(order, "bdca");
	run_at(10000);
	cr_expect_str_eq(order, "bdca");
	for (size_t i = 0; i < 4; i++)
		loop_timer_free(&b[i].timer);
}

Test(timers, one_that_is_set_anew_counts_from_there_and_one_off_not_at_all)
{
	struct bell a = bell('a'), b = bell('b');

	hang(&a);
	hang(&b);
	loop_timer_at(a.timer, 2000);
	loop_timer_at(b.timer, 2000);
	loop_timer_at(a.timer, 5000);
	loop_timer_off(b.timer);
	loop_timer_off(b.timer);
	run_at(4999);
	cr_expect_str_eq(order, "");
	loop_timer_at(a.timer, 4000); /* in the past by now */
	run_at(4999);
	cr_expect_str_eq(order, "a");
	loop_timer_free(&a.timer);
	loop_timer_free(&b.timer);
}

static void again_at_once(struct bell *b)
{
	loop_timer_at(b->timer, 0);
}

/* Collected before any is called: one that arms itself for now doesn't starve the rest. */
Test(timers, one_that_arms_itself_for_now_waits_for_the_next_round)
{
	struct bell a = bell('a'), b = bell('b');

	a.then = again_at_once;
	hang(&a);
	hang(&b);
	loop_timer_at(a.timer, 0);
	loop_timer_at(b.timer, 10);
	run_at(2000);
	cr_expect_str_eq(order, "ab");
	cr_expect(readable(), "a moment that has passed, and 0, ring at once");
	run_at(2000);
	cr_expect_str_eq(order, "aba");
	loop_timer_free(&a.timer);
	loop_timer_free(&b.timer);
}

static void free_self(struct bell *b)
{
	loop_timer_free(&b->timer);
}

static void free_other(struct bell *b)
{
	loop_timer_free(&b->other->timer);
}

static void stop_other(struct bell *b)
{
	loop_timer_off(b->other->timer);
}

static void delay_other(struct bell *b)
{
	loop_timer_at(b->other->timer, 9000);
}

Test(timers, one_may_free_itself_in_its_own_call)
{
	struct bell a = bell('a'), b = bell('b');

	a.then = free_self;
	hang(&a);
	hang(&b);
	loop_timer_at(a.timer, 1500);
	loop_timer_at(b.timer, 1500);
	run_at(2000);
	cr_expect_null(a.timer);
	cr_expect_eq(n_calls, 2);
	loop_timer_free(&b.timer);
}

/* Of three that are due at once, the first does something to the last. */
static const char *first_to_last(void (*what)(struct bell *))
{
	struct bell a = bell('a'), b = bell('b'), c = bell('c');

	n_calls = 0;
	a.then = what;
	a.other = &c;
	hang(&a);
	hang(&b);
	hang(&c);
	loop_timer_at(a.timer, 1100);
	loop_timer_at(b.timer, 1200);
	loop_timer_at(c.timer, 1300);
	run_at(2000);
	run_at(8000);
	if (c.timer)
		cr_expect_eq(loop_timer_due(c.timer), what == delay_other ? 9000 : USEC_NEVER);
	loop_timer_free(&a.timer);
	loop_timer_free(&b.timer);
	loop_timer_free(&c.timer);
	return order;
}

Test(timers, one_that_is_due_may_be_freed_or_stopped_or_delayed_by_another)
{
	cr_expect_str_eq(first_to_last(free_other), "ab");
	cr_expect_str_eq(first_to_last(stop_other), "ab");
	cr_expect_str_eq(first_to_last(delay_other), "ab");
	cr_expect_str_eq(first_to_last(NULL), "abc");
}

Test(timers, a_span_too_long_is_never)
{
	struct bell a = bell('a');

	hang(&a);
	loop_timer_in(a.timer, USEC_NEVER);
	cr_expect_eq(loop_timer_due(a.timer), USEC_NEVER);
	loop_timer_in(a.timer, USEC_NEVER - 1);
	cr_expect_eq(loop_timer_due(a.timer), USEC_NEVER, "and not a moment in the past");
	loop_timer_in(a.timer, USEC_NEVER - 1 - now);
	cr_expect_eq(loop_timer_due(a.timer), USEC_NEVER - 1);
	loop_timer_free(&a.timer);
}

/* The descriptor is set for the earliest alone, and only when that changes. */
Test(timers, the_kernel_is_told_of_the_earliest_alone)
{
	struct bell a = bell('a'), b = bell('b');
	usec_t far = clock_mono() + 3600 * USEC_SEC;

	hang(&a);
	hang(&b);
	loop_timer_at(a.timer, far);
	cr_expect_eq(sys_fake_count("timerfd_settime"), 1);
	loop_timer_at(b.timer, far + 1);
	loop_timer_at(b.timer, far + 2);
	cr_expect_eq(sys_fake_count("timerfd_settime"), 1, "a later one changes nothing");
	loop_timer_at(b.timer, far - 1);
	cr_expect_eq(sys_fake_count("timerfd_settime"), 2);
	loop_timer_off(b.timer);
	loop_timer_off(a.timer);
	cr_expect_eq(sys_fake_count("timerfd_settime"), 4);
	cr_expect(!readable());
	loop_timer_free(&a.timer);
	loop_timer_free(&b.timer);
}

Test(timers, a_descriptor_that_has_rung_is_silent_again)
{
	struct bell a = bell('a');

	hang(&a);
	loop_timer_at(a.timer, 1);
	cr_expect(readable());
	run_at(clock_mono());
	cr_expect_str_eq(order, "a");
	cr_expect(!readable());
	loop_timer_free(&a.timer);
}

/* Not set, it goes on being readable: the next round tries anew. */
Test(timers, a_timer_that_could_not_be_set_is_set_the_next_time)
{
	struct bell a = bell('a'), b = bell('b');
	usec_t far = clock_mono() + 3600 * USEC_SEC;

	hang(&a);
	hang(&b);
	loop_timer_at(a.timer, 1);
	loop_timer_at(b.timer, far);
	sys_fake_fail("timerfd_settime", 1, EINVAL);
	run_at(2000);
	cr_expect_str_eq(order, "a");
	cr_expect(readable());
	run_at(2000);
	cr_expect(!readable());
	cr_expect_str_eq(order, "a");
	loop_timer_free(&a.timer);
	loop_timer_free(&b.timer);
}

/* A thousand in no order, some moved and some taken out: what is called is what a sorted list would give. */
Test(timers, a_thousand_come_in_order)
{
	enum { N = 1000 };
	static struct bell b[N];
	static usec_t due[N];
	unsigned int seed = 42;

	for (size_t i = 0; i < N; i++) {
		b[i] = bell('x');
		hang(&b[i]);
		loop_timer_at(b[i].timer, due[i] = 2000 + (usec_t)(rand_r(&seed) % 500));
	}
	for (size_t i = 0; i < N; i += 3)
		loop_timer_at(b[i].timer, due[i] = 2000 + (usec_t)(rand_r(&seed) % 500));
	for (size_t i = 1; i < N; i += 3) {
		due[i] = USEC_NEVER;
		if (i % 2)
			loop_timer_off(b[i].timer);
		else
			loop_timer_free(&b[i].timer);
	}
	for (usec_t at = 1999; at <= 2500; at++) {
		n_calls = 0;
		run_at(at);
		size_t expected = 0;
		for (size_t i = 0; i < N; i++)
			expected += due[i] == at;
		cr_assert_eq(n_calls, expected, "at %llu", (unsigned long long)at);
	}
	for (size_t i = 0; i < N; i++)
		loop_timer_free(&b[i].timer);
}

Test(timers, without_a_descriptor_there_are_none)
{
	struct timers *t = NULL;

	sys_fake_fail("timerfd_create", 1, EMFILE);
	cr_expect_eq(timers_new(&now, &t), -EMFILE);
	cr_expect_null(t);
}

/* The wall clock. What the kernel says when somebody sets it is said here by the fake. */

static struct timers *walls;

static void hang_on_wall(struct bell *b)
{
	if (!walls)
		cr_assert_eq(timers_new_wall(&walls), 0);
	cr_assert_eq(timers_add(walls, on_due, b, &b->timer), 0);
}

static bool wall_readable(int ms)
{
	struct pollfd p = { .fd = timers_fd(walls), .events = POLLIN };
	return poll(&p, 1, ms) == 1;
}

Test(timers, those_of_the_wall_clock_are_called_at_their_time)
{
	struct bell a = bell('a'), b = bell('b');

	hang_on_wall(&a);
	hang_on_wall(&b);
	cr_expect_eq(sys_fake_count("timerfd_settime"), 0);
	loop_timer_at(b.timer, clock_wall() + 3600 * USEC_SEC);
	loop_timer_in(a.timer, 20 * USEC_MS);
	cr_assert(wall_readable(60000));
	timers_run_wall(walls);
	cr_expect_str_eq(order, "a");
	cr_expect_not(wall_readable(0), "nothing is due for an hour");
	loop_timer_free(&a.timer);
	loop_timer_free(&b.timer);
	timers_free(walls);
}

Test(timers, all_of_the_wall_clock_are_called_when_it_was_set)
{
	struct bell a = bell('a'), b = bell('b'), off = bell('c');
	usec_t later = clock_wall() + 3600 * USEC_SEC;

	hang_on_wall(&a);
	hang_on_wall(&b);
	hang_on_wall(&off);
	loop_timer_at(a.timer, later + 1);
	loop_timer_at(b.timer, later);
	sys_fake_fail("read", 1, ECANCELED);
	timers_run_wall(walls);
	cr_expect_str_eq(order, "ba");
	cr_expect_eq(loop_timer_due(a.timer), USEC_NEVER);
	/* Armed anew they wait again. */
	loop_timer_at(a.timer, later);
	cr_expect_not(wall_readable(0));
	timers_run_wall(walls);
	cr_expect_str_eq(order, "ba");
	loop_timer_free(&a.timer);
	loop_timer_free(&b.timer);
	loop_timer_free(&off.timer);
	timers_free(walls);
}

Test(timers, a_clock_set_between_a_look_at_it_and_the_arming_is_noticed)
{
	struct bell a = bell('a'), b = bell('b');

	hang_on_wall(&a);
	hang_on_wall(&b);
	loop_timer_at(a.timer, clock_wall() + 3600 * USEC_SEC);
	sys_fake_fail("timerfd_settime", 1, ECANCELED);
	loop_timer_at(b.timer, clock_wall() + 1800 * USEC_SEC);
	/* What is armed after that changes nothing: all are to be called. */
	loop_timer_at(b.timer, clock_wall() + 1700 * USEC_SEC);
	cr_assert(wall_readable(60000));
	timers_run_wall(walls);
	cr_expect_str_eq(order, "ba");
	cr_expect_not(wall_readable(0));
	loop_timer_free(&a.timer);
	loop_timer_free(&b.timer);
	timers_free(walls);
}
