#include "tools/logd/rate.h"

#include <criterion/criterion.h>

static struct rate r;

static void full(uint64_t per_second)
{
	r = (struct rate){ 0 };
	rate_set(&r, per_second, 0);
}

Test(rate, it_begins_full_and_is_never_fuller)
{
	full(1000);
	cr_expect_eq(rate_left(&r, 0), 1000);
	cr_expect_eq(rate_left(&r, 60 * USEC_SEC), 1000);
	rate_take(&r, 400);
	cr_expect_eq(rate_left(&r, 60 * USEC_SEC), 600);
	cr_expect_eq(rate_left(&r, 60 * USEC_SEC + 100 * USEC_MS), 700);
	cr_expect_eq(rate_left(&r, 61 * USEC_SEC), 1000);
}

Test(rate, what_was_taken_too_much_is_a_debt_that_is_paid_off)
{
	full(1000);
	rate_take(&r, 5000);
	cr_expect_eq(rate_left(&r, 0), -4000);
	cr_expect_eq(rate_left(&r, USEC_SEC), -3000);
	cr_expect_eq(rate_left(&r, 4 * USEC_SEC), 0);
	cr_expect_eq(rate_left(&r, 5 * USEC_SEC), 1000);
}

/* However often it is looked, in whatever steps: in a time come so many bytes as are its due, not one more or less. */
Test(rate, many_small_looks_lose_nothing_and_win_nothing)
{
	static const uint64_t rates[] = { 1, 3, 7, 999, 1000, 1001, 1500, 65536, 1048576, 1000000007 };
	static const usec_t steps[] = { 1, 7, 999, 1000, 1001, 1999, 333333, 1700000 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		for (size_t k = 0; k < sizeof(steps) / sizeof(*steps); k++) {
			usec_t now = 0, end = steps[k] < 1000 ? 3 * USEC_SEC : 20 * USEC_SEC;
			full(rates[i]);
			rate_take(&r, (size_t)rates[i] * 100); /* so that it isn't full in between */
			while (now < end) {
				now += steps[k];
				(void)rate_left(&r, now);
			}
			/* Thousandths of a second are counted. */
			int64_t due = (int64_t)(now / USEC_MS * rates[i] / 1000) - 99 * (int64_t)rates[i];
			cr_expect_eq(rate_left(&r, now), due, "%llu a second, by steps of %llu: %lld, not %lld", (unsigned long long)rates[i],
				     (unsigned long long)steps[k], (long long)rate_left(&r, now), (long long)due);
		}
	}
}

Test(rate, a_clock_that_stands_still_or_goes_back_brings_nothing)
{
	full(1000);
	r.at = 10 * USEC_SEC;
	rate_take(&r, 1000);
	for (int i = 0; i < 1000; i++)
		cr_expect_eq(rate_left(&r, 10 * USEC_SEC), 0);
	cr_expect_eq(rate_left(&r, 0), 0);
	cr_expect_eq(rate_left(&r, 11 * USEC_SEC), 1000);
}

Test(rate, the_wait_ends_when_a_tenth_of_a_second_is_there)
{
	static const uint64_t rates[] = { 1, 9, 10, 1000, 4096, 1048576, 1000000007 };
	static const size_t taken[] = { 0, 1, 1000, 100000 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		for (size_t k = 0; k < sizeof(taken) / sizeof(*taken); k++) {
			full(rates[i]);
			rate_take(&r, (size_t)rates[i] + taken[k]);
			(void)rate_left(&r, 0);
			usec_t wait = rate_wait(&r);
			cr_expect_gt(wait, 0);
			cr_expect_gt(rate_left(&r, wait), (int64_t)(rates[i] / 10), "%llu a second, %zu taken", (unsigned long long)rates[i], taken[k]);
			full(rates[i]);
			rate_take(&r, (size_t)rates[i] + taken[k]);
			cr_expect_leq(rate_left(&r, wait - 2 * USEC_MS), (int64_t)(rates[i] / 10) + 1, "no longer than that");
		}
	}
}

Test(rate, another_rate_begins_full_and_the_same_goes_on)
{
	full(1000);
	rate_take(&r, 5000);
	rate_set(&r, 1000, 0);
	cr_expect_eq(rate_left(&r, 0), -4000);
	rate_set(&r, 2000, 0);
	cr_expect_eq(rate_left(&r, 0), 2000);
	rate_set(&r, 0, 0);
	cr_expect_eq(r.per_second, 0);
}

Test(rate, huge_values_do_not_run_over)
{
	static const uint64_t rates[] = { (uint64_t)1 << 40, UINT64_MAX / 2, UINT64_MAX };

	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		full(rates[i]);
		int64_t most = (int64_t)r.per_second;
		cr_expect_gt(most, 0);
		for (int k = 0; k < 1000; k++)
			rate_take(&r, 128 * 1024);
		cr_expect_eq(rate_left(&r, USEC_MS - 1), most - 1000 * 128 * 1024);
		cr_expect_eq(rate_left(&r, UINT64_MAX / 2), most);
		rate_take(&r, SIZE_MAX >> 2);
		cr_expect_lt(rate_left(&r, UINT64_MAX / 2), 0);
		cr_expect_gt(rate_wait(&r), 0);
		(void)rate_left(&r, UINT64_MAX);
	}
}
