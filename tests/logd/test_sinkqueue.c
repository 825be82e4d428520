#include "tools/logd/sinkqueue.h"

#include "base/text.h"

#include <criterion/criterion.h>

static struct sinkqueue q;

static void done(void)
{
	sinkqueue_done(&q);
}

TestSuite(sinkqueue, .fini = done);

static bool add(uint32_t slot, const char *text, size_t n)
{
	struct line l = { .service = "web", .instance = 3, .pid = 7, .time = 99, .text = text, .n = n, .err = true, .partial = true };
	return sinkqueue_add(&q, slot, &l, (uint32_t)n);
}

static bool add_number(unsigned int i)
{
	char text[16];

	(void)text_format(text, sizeof(text), "%u", i);
	return add(i % 3, text, strlen(text));
}

static void first_is(unsigned int i)
{
	struct sinkentry *e = sinkqueue_first(&q);
	char text[16];

	(void)text_format(text, sizeof(text), "%u", i);
	cr_assert_not_null(e);
	struct line l = sinkentry_line(e);
	cr_assert_eq(l.n, strlen(text));
	cr_assert_arr_eq(l.text, text, l.n, "%.*s, not %s", (int)l.n, l.text, text);
}

Test(sinkqueue, a_line_comes_out_as_it_went_in)
{
	cr_assert(sinkqueue_is_empty(&q));
	cr_assert_null(sinkqueue_next(&q));
	cr_assert(add(5, "a\0b", 3));
	struct sinkentry *e = sinkqueue_first(&q);
	struct line l = sinkentry_line(e);
	cr_expect_eq(e->slot, 5);
	cr_expect_str_eq(l.service, "web");
	cr_expect(l.instance == 3 && l.pid == 7 && l.time == 99 && l.err && l.partial && l.n == 3);
	cr_expect_arr_eq(l.text, "a\0b", 3);
	cr_expect_eq(q.waiting, 3);
	sinkqueue_pop(&q);
	cr_expect(sinkqueue_is_empty(&q));
	cr_expect_eq(q.waiting, 0);
	cr_expect_eq(q.chunks, 0, "nothing is held by an empty one");
}

Test(sinkqueue, lines_come_in_their_order_over_many_chunks)
{
	unsigned int in = 0, out = 0;

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 2000; i++)
			cr_assert(add_number(in++));
		for (int i = 0; i < 1500; i++) {
			first_is(out++);
			sinkqueue_pop(&q);
		}
		if (round % 4 == 3) {
			while (out < in) {
				first_is(out++);
				sinkqueue_pop(&q);
			}
		}
	}
	cr_expect(sinkqueue_is_empty(&q));
}

Test(sinkqueue, it_takes_no_more_than_its_bound_and_then_goes_on)
{
	static char text[1000];
	size_t n = 0;

	while (add(0, text, sizeof(text)))
		cr_assert_lt(n++, 2000);
	cr_expect_gt(n * sizeof(text), SINK_QUEUE_MAX * 85 / 100, "%zu lines", n);
	cr_expect_lt(n * sizeof(text), SINK_QUEUE_MAX);
	cr_expect_not(sinkqueue_has_room(&q));
	for (size_t i = 0; i < n / 2 + 70; i++)
		sinkqueue_pop(&q);
	cr_expect(sinkqueue_has_room(&q));
	cr_expect(add(0, text, sizeof(text)));
}

Test(sinkqueue, what_is_sent_stays_until_it_is_done_with)
{
	for (unsigned int i = 0; i < 5000; i++)
		cr_assert(add_number(i));
	unsigned int steps = 0;
	for (; sinkqueue_next(&q); steps++)
		sinkqueue_step(&q);
	cr_expect_eq(steps, 5000);
	first_is(0);
	cr_assert(add_number(5000)); /* goes to the end */
	struct line l = sinkentry_line(sinkqueue_next(&q));
	cr_expect_arr_eq(l.text, "5000", 4);
	for (unsigned int i = 0; i < 3000; i++)
		sinkqueue_pop(&q);
	l = sinkentry_line(sinkqueue_next(&q));
	cr_expect_arr_eq(l.text, "5000", 4);
	sinkqueue_rewind(&q);
	cr_expect_eq(sinkqueue_next(&q), sinkqueue_first(&q));
	first_is(3000);
	/* Popped without being sent, the next one goes on with it. */
	for (unsigned int i = 3000; i <= 5000; i++) {
		cr_assert_eq(sinkqueue_next(&q), sinkqueue_first(&q));
		first_is(i);
		sinkqueue_pop(&q);
	}
	cr_expect_null(sinkqueue_next(&q));
	cr_expect(sinkqueue_is_empty(&q));
}

Test(sinkqueue, a_slot_that_is_gone_is_nobodys)
{
	for (unsigned int i = 0; i < 5000; i++)
		cr_assert(add_number(i));
	sinkqueue_pop(&q);
	sinkqueue_forget(&q, 1);
	for (unsigned int i = 1; i < 5000; i++) {
		cr_assert_eq(sinkqueue_first(&q)->slot, i % 3 == 1 ? SINK_NO_SLOT : i % 3);
		first_is(i);
		sinkqueue_pop(&q);
	}
}
