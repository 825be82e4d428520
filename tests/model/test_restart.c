#include "model/restart.h"

#include <criterion/criterion.h>

static const struct spec plain = { .autorestart = true, .min_uptime = USEC_SEC, .max_restarts = 16 };
static const struct restart_end crash = { .exited = true, .code = 1, .uptime = 0 };

Test(restart, a_service_that_fails_at_once_is_given_up_within_two_seconds)
{
	struct restart_track t = { 0 };
	usec_t sum = 0;
	unsigned int runs = 1;
	usec_t delay;

	while (restart_decide(&plain, &t, &crash, &delay) == RESTART_AGAIN) {
		sum += delay;
		cr_assert(++runs < 100);
	}
	cr_expect_eq(runs, 16);
	cr_expect_gt(sum, 500 * USEC_MS);
	cr_expect_lt(sum, 2 * USEC_SEC);
}

Test(restart, the_first_crash_starts_again_at_once)
{
	struct restart_track t = { 0 };
	usec_t delay = 1;

	cr_expect_eq(restart_decide(&plain, &t, &crash, &delay), RESTART_AGAIN);
	cr_expect_eq(delay, 0);
}

Test(restart, a_loop_without_a_limit_slows_down)
{
	struct spec s = plain;
	struct restart_track t = { 0 };
	usec_t delay = 0;

	s.max_restarts = 0;
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(restart_decide(&s, &t, &crash, &delay), RESTART_AGAIN);
	cr_expect_eq(t.last_delay, 5 * USEC_SEC);
	cr_expect(delay >= 4500 * USEC_MS && delay <= 5500 * USEC_MS, "services that crash together don't come back together");
}

Test(restart, unstable_runs_count_however_long_the_delays)
{
	struct spec s = plain;
	struct restart_track t = { 0 };
	usec_t delay = 0;

	s.restart_delay = 60 * USEC_SEC;
	s.max_restarts = 3;
	cr_expect_eq(restart_decide(&s, &t, &crash, &delay), RESTART_AGAIN);
	cr_expect_eq(delay, 60 * USEC_SEC);
	cr_expect_eq(restart_decide(&s, &t, &crash, &delay), RESTART_AGAIN);
	cr_expect_eq(delay, 60 * USEC_SEC);
	cr_expect_eq(restart_decide(&s, &t, &crash, &delay), RESTART_GIVE_UP);
}

Test(restart, a_stable_run_clears_the_count)
{
	struct restart_end stable = crash;
	struct restart_track t = { 0 };
	usec_t delay = 1;

	stable.uptime = USEC_SEC;
	for (int i = 0; i < 100; i++) {
		for (int k = 0; k < 15; k++)
			cr_assert_eq(restart_decide(&plain, &t, &crash, &delay), RESTART_AGAIN);
		cr_assert_eq(restart_decide(&plain, &t, &stable, &delay), RESTART_AGAIN);
		cr_expect_eq(delay, 0);
		cr_expect_eq(t.unstable, 0);
	}
}

Test(restart, a_start_that_failed_is_never_stable)
{
	struct spec s = plain;
	struct restart_end end = { .start_failed = true, .uptime = 10 * USEC_SEC };
	struct restart_track t = { 0 };
	usec_t delay;

	s.min_uptime = 0;
	(void)restart_decide(&s, &t, &end, &delay);
	cr_expect_eq(t.unstable, 1);
}

Test(restart, code_zero_starts_again_and_stop_exit_codes_do_not)
{
	struct spec s = plain;
	struct restart_end ok = { .exited = true, .code = 0, .uptime = 9 * USEC_SEC };
	struct restart_end killed = { .exited = false, .code = 3, .uptime = 9 * USEC_SEC };
	struct restart_track t = { 0 };
	usec_t delay;

	s.stop_exit_codes[3] = 1;
	cr_expect_eq(restart_decide(&s, &t, &ok, &delay), RESTART_AGAIN);
	cr_expect_eq(restart_decide(&s, &t, &killed, &delay), RESTART_AGAIN, "signal 3 is not exit code 3");
	ok.code = 3;
	cr_expect_eq(restart_decide(&s, &t, &ok, &delay), RESTART_FINAL);
	s.autorestart = false;
	ok.code = 0;
	cr_expect_eq(restart_decide(&s, &t, &ok, &delay), RESTART_FINAL);
}

Test(restart, the_exponential_back_off_is_pm2s_and_beats_the_fixed_delay)
{
	/* PM2's are 100, 150, 225, 337, 505 ms and so on to 15 s: it cuts the fractions. */
	static const usec_t us[] = { 100000, 150000, 225000, 337500, 506250 };
	struct spec s = plain;
	struct restart_end end = crash;
	struct restart_track t = { 0 };
	usec_t delay = 0;

	s.max_restarts = 0;
	s.restart_delay = USEC_SEC;
	s.exp_backoff_restart_delay = 100 * USEC_MS;
	end.chance = UINT32_MAX / 2; /* the middle of the jitter */
	for (size_t i = 0; i < sizeof(us) / sizeof(*us); i++) {
		(void)restart_decide(&s, &t, &end, &delay);
		cr_expect(delay + 1 >= us[i] && delay <= us[i] + 1, "%llu", (unsigned long long)delay);
	}
	for (int i = 0; i < 100; i++)
		(void)restart_decide(&s, &t, &end, &delay);
	cr_expect_eq(t.last_delay, RESTART_BACKOFF_MAX);
}

Test(restart, jitter_stays_within_a_tenth)
{
	struct spec s = plain;
	usec_t delay = 0;

	s.exp_backoff_restart_delay = 10 * USEC_SEC;
	for (uint32_t chance = 0;; chance += UINT32_MAX / 64) {
		struct restart_end end = crash;
		struct restart_track t = { 0 };

		end.chance = chance;
		(void)restart_decide(&s, &t, &end, &delay);
		cr_expect_geq(delay, 9 * USEC_SEC);
		cr_expect_leq(delay, 11 * USEC_SEC);
		if (chance > UINT32_MAX - UINT32_MAX / 64)
			break;
	}
}

Test(restart, a_first_delay_above_the_ceiling_stays_what_it_is)
{
	struct spec s = plain;
	struct restart_end end = crash;
	struct restart_track t = { 0 };
	usec_t delay;

	s.exp_backoff_restart_delay = 60 * USEC_SEC;
	for (int i = 0; i < 3; i++)
		(void)restart_decide(&s, &t, &end, &delay);
	cr_expect_eq(t.last_delay, 60 * USEC_SEC);
}
