/* What is due when the clock goes on, jumps, and goes back. */
#include "model/due.h"

#include "tests/model/walltime.h"

#include <criterion/criterion.h>

struct step {
	const char *now; /* what the clock shows, UTC */
	bool run;
	const char *next; /* local, with offset */
};

static void walk(const char *text, const char *zone, const char *begin, const struct step *steps)
{
	struct cron c;
	struct due d = { 0 };
	char fault[256] = "", got[64];
	struct zone *z = NULL;

	cr_assert_eq(cron_parse(text, &c, fault, sizeof(fault)), 0, "%s", fault);
	cr_assert_eq(zone_load(zone, &z), 0);
	due_begin(&d, &c, z, wall_of(begin));
	for (; steps->now; steps++) {
		cr_expect_eq(due_look(&d, &c, z, wall_of(steps->now)), steps->run, "'%s' at %s", text, steps->now);
		cr_expect_str_eq(wall_text(z, d.at, got, sizeof(got)), steps->next, "'%s' at %s: next %s", text, steps->now, got);
	}
	zone_free(z);
}

#define WALK(text, zone, begin, ...) walk(text, zone, begin, (const struct step[]){ __VA_ARGS__, { 0 } })

Test(due, it_runs_at_its_time_and_not_before)
{
	WALK("0 3 * * *", "UTC", "2026-11-24 12:00:00", { "2026-11-24 13:00:00", false, "2026-11-25 03:00:00 +0" },
	     { "2026-11-25 03:00:00", true, "2026-11-26 03:00:00 +0" }, { "2026-11-25 03:00:00", false, "2026-11-26 03:00:00 +0" });
}

Test(due, what_a_jump_forward_passes_runs_once)
{
	/* The machine slept from the 24th to the 28th: four nights. */
	WALK("0 3 * * *", "UTC", "2026-11-24 12:00:00", { "2026-11-28 08:00:00", true, "2026-11-29 03:00:00 +0" });
	WALK("* * * * *", "UTC", "2026-11-24 12:00:00", { "2026-11-24 12:30:10", true, "2026-11-24 12:31:00 +0" });
	WALK("@every 10s", "UTC", "2026-11-24 12:00:00", { "2026-11-24 12:30:01", true, "2026-11-24 12:30:10 +0" });
}

Test(due, a_small_step_back_repeats_nothing)
{
	WALK("0 3 * * *", "UTC", "2026-11-24 12:00:00", { "2026-11-25 03:00:00", true, "2026-11-26 03:00:00 +0" },
	     { "2026-11-25 02:59:58", false, "2026-11-26 03:00:00 +0" }, { "2026-11-25 00:10:00", false, "2026-11-26 03:00:00 +0" });
	WALK("* * * * *", "UTC", "2026-11-24 12:00:00", { "2026-11-24 12:01:00", true, "2026-11-24 12:02:00 +0" },
	     { "2026-11-24 12:00:59", false, "2026-11-24 12:02:00 +0" });
}

Test(due, a_step_back_does_not_silence_what_comes_each_minute)
{
	WALK("* * * * *", "UTC", "2026-11-24 12:00:00", { "2026-11-24 12:01:00", true, "2026-11-24 12:02:00 +0" },
	     { "2026-11-24 10:30:30", false, "2026-11-24 10:31:00 +0" }, { "2026-11-24 10:31:00", true, "2026-11-24 10:32:00 +0" });
}

Test(due, a_long_step_back_is_a_correction)
{
	WALK("0 3 * * *", "UTC", "2026-11-24 12:00:00", { "2026-11-25 03:00:00", true, "2026-11-26 03:00:00 +0" },
	     { "2026-11-20 12:00:00", false, "2026-11-21 03:00:00 +0" }, { "2026-11-21 03:00:00", true, "2026-11-22 03:00:00 +0" });
}

Test(due, a_step_over_part_of_the_way_only_counts_anew)
{
	WALK("0 3 * * *", "UTC", "2026-11-24 12:00:00", { "2026-11-23 12:00:00", false, "2026-11-24 03:00:00 +0" },
	     { "2026-11-24 02:59:59", false, "2026-11-24 03:00:00 +0" }, { "2026-11-24 03:00:00", true, "2026-11-25 03:00:00 +0" });
}

Test(due, a_clock_that_was_never_set_makes_nothing_due_when_it_is)
{
	WALK("0 3 * * *", "UTC", "1970-01-01 00:00:05", { "2026-11-24 12:00:00", false, "2026-11-25 03:00:00 +0" });
	/* While it isn't set, it goes by what it has. */
	WALK("* * * * *", "UTC", "1970-01-01 00:00:05", { "1970-01-01 00:01:00", true, "1970-01-01 00:02:00 +0" },
	     { "2026-11-24 12:00:30", false, "2026-11-24 12:01:00 +0" });
}

Test(due, what_the_zone_does_is_no_jump)
{
	WALK("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00:00", { "2026-10-25 00:30:00", true, "2026-10-26 02:30:00 +3600" },
	     { "2026-10-25 01:30:00", false, "2026-10-26 02:30:00 +3600" });
}

Test(due, what_never_comes_is_never_due)
{
	WALK("0 0 30 2 *", "UTC", "2026-10-24 12:00:00", { "2046-10-25 00:30:00", false, "never" });
}
