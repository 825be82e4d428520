/* cron_restart, schedule, timezone, max_uptime: what is taken, what is refused, and what follows from them. */
#include "tests/model/load.h"

#define HEAD "[service:web]\ncommand = true\n"

static const struct spec *spec_of(const struct loaded *l, size_t i)
{
	return l->c.specs[i];
}

Test(schedule_keys, values_are_kept_as_they_are_written)
{
	struct loaded l = load_good(HEAD "cron_restart = 0 3 * * *\ncron_tz = Europe/Berlin\nmax_uptime = 1h\n"
				    "[service:job]\ncommand = true\nschedule = @daily\n[service:none]\ncommand = true\n");

	cr_expect_str_eq(spec_of(&l, 0)->cron_restart, "0 3 * * *");
	cr_expect_str_eq(spec_of(&l, 0)->timezone, "Europe/Berlin");
	cr_expect_eq(spec_of(&l, 0)->max_uptime, 3600 * USEC_SEC);
	cr_expect_str_eq(spec_of(&l, 1)->schedule, "@daily");
	cr_expect_null(spec_of(&l, 2)->cron_restart);
	cr_expect_null(spec_of(&l, 2)->schedule);
	cr_expect_null(spec_of(&l, 2)->timezone);
	cr_expect_eq(spec_of(&l, 2)->max_uptime, 0);
	unload(&l);
}

Test(schedule_keys, pm2s_names_work)
{
	struct loaded l = load_good(HEAD "cron = */5 * * * *\n[service:camel]\ncommand = true\ncronRestart = @hourly\n");

	cr_expect_str_eq(spec_of(&l, 0)->cron_restart, "*/5 * * * *");
	cr_expect_str_eq(spec_of(&l, 1)->cron_restart, "@hourly");
	unload(&l);
}

Test(schedule_keys, a_service_undoes_what_defaults_say)
{
	static const char *const off[] = { "0", "none", "no", "" };

	for (size_t i = 0; i < 4; i++) {
		char text[256];

		(void)snprintf(text, sizeof(text), "[defaults]\ncron_restart = @daily\n" HEAD "cron_restart = %s\n", off[i]);
		struct loaded l = load_good(text);
		cr_expect_null(spec_of(&l, 0)->cron_restart, "'%s'", off[i]);
		unload(&l);
	}
}

Test(schedule_keys, with_a_schedule_it_is_neither_started_with_pm1_nor_again_unless_its_own_section_says_so)
{
	struct loaded l = load_good("[defaults]\nautorestart = yes\nautostart = yes\n" HEAD "schedule = @daily\n"
				    "[service:own]\ncommand = true\nschedule = @daily\nautorestart = yes\nautostart = yes\n"
				    "[service:plain]\ncommand = true\n");

	cr_expect_not(spec_of(&l, 0)->autostart);
	cr_expect_not(spec_of(&l, 0)->autorestart);
	cr_expect(spec_of(&l, 1)->autostart);
	cr_expect(spec_of(&l, 1)->autorestart);
	cr_expect(spec_of(&l, 2)->autostart);
	unload(&l);
}

Test(schedule_keys, other_times_are_another_spec)
{
	static const char *const texts[] = { HEAD, HEAD "schedule = @daily\n", HEAD "schedule = @weekly\n",
					     HEAD "cron_restart = @daily\n", HEAD "cron_restart = @daily\ntimezone = UTC\n",
					     HEAD "max_uptime = 1s\n" };

	for (size_t i = 0; i < 6; i++) {
		for (size_t k = 0; k < 6; k++) {
			struct loaded a = load_good(texts[i]), b = load_good(texts[k]);

			cr_expect_eq(spec_equal(spec_of(&a, 0), spec_of(&b, 0)), i == k, "%zu and %zu", i, k);
			unload(&a);
			unload(&b);
		}
	}
}

static void expect_fault(const char *lines, const char *message)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), HEAD "%s\n", lines);
	struct loaded l = load(text);
	cr_expect_eq(l.r, -EINVAL, "%s", lines);
	cr_expect(says(&l, message), "%s: %s", lines, diag_count(l.diag) ? diag_text(l.diag, 0) : "nothing said");
	unload(&l);
}

Test(schedule_keys, what_is_wrong_is_told_with_file_and_line)
{
	char longest[600];

	expect_fault("schedule = 61 * * * *", "pm1.ini:3: [service:web] schedule = 61 * * * *: minute: '61' is out of range");
	expect_fault("cron_restart = yes", "cron_restart = yes: 1 field (allowed: 5 fields");
	expect_fault("cron = * * * * 9", "cron = * * * * 9: day of week: '9' is out of range");
	expect_fault("schedule = 0 0 30 2 *", "there is no such day in any year");
	expect_fault("schedule = @every 5ms", "@every: whole seconds, 1s to 366d");
	expect_fault("timezone = Europe/Berln", "there is no such time zone in /usr/share/zoneinfo (allowed: UTC, a name of");
	expect_fault("timezone = ../../etc/passwd", "no name of a time zone");
	expect_fault("max_uptime = soon", "max_uptime = soon: not a time");
	expect_fault("schedule = @daily\ncron_restart = @weekly", "cron_restart is given too");
	(void)snprintf(longest, sizeof(longest), "schedule = %0300d * * * *", 1);
	expect_fault(longest, "longer than 255 bytes");
}

Test(schedule_keys, one_that_is_critical_is_warned_of)
{
	struct loaded l = load_good(HEAD "schedule = @daily\ncritical = yes\n");

	cr_expect(says(&l, "the first run's end is the end of pm1"));
	unload(&l);
}
