/* What results come to, by a clock that the test turns. */
#include "model/checkup.h"

#include <criterion/criterion.h>

#define S(x) ((usec_t)(x) * USEC_SEC)

static struct spec rules(unsigned int retries, usec_t interval, usec_t start_period)
{
	return (struct spec){ .health_retries = retries, .health_interval = interval, .health_start_period = start_period };
}

Test(checkup, nothing_is_known_until_it_is_asked_and_one_success_makes_it_healthy)
{
	struct spec s = rules(3, S(30), 0);
	struct checkup c = { 0 };

	cr_expect_eq(c.health, HEALTH_UNKNOWN);
	cr_expect(checkup_result(&s, &c, true, S(1)));
	cr_expect_eq(c.health, HEALTH_GOOD);
	cr_expect_not(checkup_result(&s, &c, true, S(31)), "no news");
}

Test(checkup, only_failures_in_a_row_make_it_unhealthy)
{
	struct spec s = rules(3, S(10), 0);
	struct checkup c = { 0 };
	usec_t now = 0;

	(void)checkup_result(&s, &c, true, now += S(10));
	for (int i = 0; i < 5; i++) {
		cr_expect_not(checkup_result(&s, &c, false, now += S(10)));
		cr_expect_not(checkup_result(&s, &c, false, now += S(10)));
		cr_expect_eq(c.failures, 2);
		cr_expect_not(checkup_result(&s, &c, true, now += S(10)));
		cr_expect_eq(c.failures, 0);
	}
	cr_expect_not(checkup_result(&s, &c, false, now += S(10)));
	cr_expect_not(checkup_result(&s, &c, false, now += S(10)));
	cr_expect(checkup_result(&s, &c, false, now += S(10)));
	cr_expect_eq(c.health, HEALTH_BAD);
	cr_expect(checkup_result(&s, &c, false, now += S(10)), "still bad: told again");
	cr_expect_eq(c.failures, 3, "no more than it takes");
	cr_expect(checkup_result(&s, &c, true, now += S(10)));
	cr_expect_eq(c.health, HEALTH_GOOD);
}

Test(checkup, one_failure_is_enough_where_that_is_asked_for)
{
	struct spec s = rules(1, S(10), 0);
	struct checkup c = { 0 };

	cr_expect(checkup_result(&s, &c, false, 0));
	cr_expect_eq(c.health, HEALTH_BAD);
}

Test(checkup, failures_within_the_start_period_count_only_once_it_has_been_good)
{
	struct spec s = rules(1, S(1), S(60));
	struct checkup c = { 0 };

	for (usec_t now = 0; now < S(60); now += S(1))
		cr_expect_not(checkup_result(&s, &c, false, now));
	cr_expect_eq(c.health, HEALTH_UNKNOWN);
	cr_expect_eq(c.failures, 0);
	cr_expect(checkup_result(&s, &c, false, S(60)));
	cr_expect_eq(c.health, HEALTH_BAD);

	c = (struct checkup){ 0 };
	cr_expect(checkup_result(&s, &c, true, S(2)));
	cr_expect(checkup_result(&s, &c, false, S(3)), "it has been up; now it isn't");
}

Test(checkup, while_it_comes_up_many_failures_within_an_interval_are_one)
{
	struct spec s = rules(3, S(30), 0);
	struct checkup c = { 0 };
	usec_t now = S(1);

	for (; now <= S(60); now += S(1))
		cr_expect_not(checkup_result(&s, &c, false, now), "at %llu", (unsigned long long)now);
	cr_expect_eq(c.failures, 2);
	cr_expect(checkup_result(&s, &c, false, S(61)));
	cr_expect_eq(c.health, HEALTH_BAD);
}

Test(checkup, it_is_asked_each_second_until_it_has_been_good_and_then_each_interval)
{
	struct spec slow = rules(3, S(30), 0), quick = rules(3, 200 * USEC_MS, 0);
	struct checkup c = { 0 };

	cr_expect_eq(checkup_pause(&slow, &c, false, 0), S(1));
	cr_expect_eq(checkup_pause(&quick, &c, false, 0), 200 * USEC_MS);
	(void)checkup_result(&slow, &c, true, 0);
	cr_expect_eq(checkup_pause(&slow, &c, false, 0), S(30));
	cr_expect_eq(checkup_pause(&quick, &c, false, 0), 200 * USEC_MS);
	(void)checkup_result(&slow, &c, false, 0);
	cr_expect_eq(checkup_pause(&slow, &c, false, 0), S(30), "failing later is no new start");
}

Test(checkup, first_checks_are_spread_over_the_pause)
{
	struct spec slow = rules(3, S(30), 0), quick = rules(3, 200 * USEC_MS, 0);
	struct checkup c = { 0 };

	cr_expect_eq(checkup_pause(&slow, &c, true, 0), 0);
	cr_expect_eq(checkup_pause(&slow, &c, true, UINT32_MAX / 2 + 1), S(1) / 2);
	cr_expect_lt(checkup_pause(&slow, &c, true, UINT32_MAX), S(1));
	cr_expect_gt(checkup_pause(&slow, &c, true, UINT32_MAX), S(1) - 10);
	cr_expect_eq(checkup_pause(&quick, &c, true, UINT32_MAX / 4 + 1), 50 * USEC_MS);
}

Test(checkup, each_health_has_its_word)
{
	cr_expect_str_eq(health_name(HEALTH_UNKNOWN), "unknown");
	cr_expect_str_eq(health_name(HEALTH_GOOD), "healthy");
	cr_expect_str_eq(health_name(HEALTH_BAD), "unhealthy");
}
