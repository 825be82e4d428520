/* Times, with pm1 whole: oneshots that come again, restarts, what a stop means, and when pm1 ends. */
#include "tests/live/call.h"

#include <string.h>
#include <time.h>

#define JOB "[service:job]\ncommand = echo ran\nschedule = * * * * * *\n"
/* Restarts each second: what others do meanwhile is seen by its count, without a clock of ours. */
#define TICK "[service:tick]\ncommand = @PROG@ wait\ncron_restart = * * * * * *\n"
#define NEVER "[pm1]\nexit_when = never\n"

static void tick(struct live *l, int n)
{
	live_number(l, "tick", "pm2_env.restart_time", live_get(l, "tick", "pm2_env.restart_time") + n);
}

/* How many of the history's causes hold `part`. */
static unsigned int causes(struct live *l, const char *name, const char *part)
{
	json_t *s = live_service(l, name), *e;
	unsigned int found = 0;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(s, "pm1"), "history"), i, e)
		found += strstr(json_string_value(json_object_get(e, "cause")), part) != NULL;
	return found;
}

static int act(struct live *l, const char *verb, const char *name)
{
	return call(l, verb, name).code;
}

Test(schedule, a_oneshot_runs_each_second_and_its_history_says_why)
{
	struct live l;
	live_start(&l, LIVE_PID1, JOB);
	live_line(&l, "ran");
	live_line(&l, "ran");
	live_line(&l, "ran");
	cr_assert_geq(causes(&l, "job", "schedule '* * * * * *'"), 2);
	cr_assert_geq(causes(&l, "job", "exited with code 0"), 2);
	cr_assert_eq(live_get(&l, "job", "pm2_env.restart_time"), 0);
	cr_assert_str_eq(live_text(&l, "job", "pm1.schedule"), "* * * * * *");
	cr_assert_eq(live_stop(&l), 0);
}

/* `pm1 run` ends when all have ended: one that is at rest until its next time has not. */
Test(schedule, pm1_does_not_end_while_a_time_is_to_come)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = all-ended\n" JOB "[service:once]\ncommand = true\nautorestart = no\n");
	live_status(&l, "once", "stopped");
	live_line(&l, "ran");
	live_line(&l, "ran");
	/* Stopped by hand it doesn't come any more; what ends by itself then ends all. */
	cr_assert_eq(act(&l, "stop", "job"), 0);
	live_status(&l, "job", "stopped");
	(void)call(&l, "start", "once");
	cr_assert_eq(live_end(&l), 0);
}

Test(schedule, pm1_does_not_end_for_one_that_waits_in_vain_while_a_time_is_to_come)
{
	struct live l;
	live_start(&l, LIVE_PID1, JOB "[service:db]\ncommand = /nowhere/at/all\n"
				  "[service:web]\ncommand = @PROG@ wait\nrequires = db\n");
	live_status(&l, "db", "errored");
	live_line(&l, "ran");
	live_line(&l, "ran");
	cr_assert_str_eq(live_text(&l, "web", "pm1.state"), "waiting");
	cr_assert_eq(live_stop(&l), 0);
}

Test(schedule, a_job_is_not_started_with_pm1_and_tells_its_next_run)
{
	struct live l;
	live_start(&l, LIVE_PID1, NEVER "[service:night]\ncommand = true\nschedule = 0 3 1 1 *\ntimezone = Europe/Berlin\n"
					 "[service:both]\ncommand = @PROG@ wait\nschedule = 0 3 1 1 *\nautostart = yes\n");
	live_status(&l, "both", "online");
	cr_assert_str_eq(live_text(&l, "night", "pm2_env.status"), "stopped");
	cr_assert_eq(causes(&l, "night", ""), 0);
	json_int_t next = live_get(&l, "night", "pm1.next_run");
	cr_assert_gt(next, (json_int_t)time(NULL) * 1000);
	struct called c = call(&l, "describe", "night");
	cr_assert_not_null(strstr(c.out, "next run"), "%s", c.out);
	cr_assert_not_null(strstr(c.out, " (in "), "%s", c.out);
	cr_assert_not_null(strstr(c.out, "Europe/Berlin"), "%s", c.out);
	cr_assert_eq(live_stop(&l), 0);
}

Test(schedule, a_stop_pauses_a_schedule_until_a_start)
{
	struct live l;
	live_start(&l, LIVE_PID1, NEVER TICK JOB);
	live_line(&l, "ran");
	cr_assert_eq(act(&l, "stop", "job"), 0);
	live_status(&l, "job", "stopped");
	unsigned int before = causes(&l, "job", "schedule");
	tick(&l, 3);
	cr_assert_eq(causes(&l, "job", "schedule"), before);
	struct called c = call(&l, "describe", "job");
	cr_assert_not_null(strstr(c.out, "none until it is started"), "%s", c.out);
	cr_assert_eq(act(&l, "start", "job"), 0);
	cr_assert_eq(causes(&l, "job", "start by"), 1, "it runs at once");
	live_line(&l, "schedule '* * * * * *'");
	cr_assert_eq(live_stop(&l), 0);
}

Test(schedule, a_run_that_goes_on_is_left_alone)
{
	struct live l;
	live_start(&l, LIVE_PID1, NEVER "[service:slow]\ncommand = @PROG@ wait\nschedule = * * * * * *\n");
	live_number(&l, "slow", "pm1.skipped", 1);
	json_int_t pid = live_get(&l, "slow", "pid");
	cr_assert_gt(pid, 0);
	live_number(&l, "slow", "pm1.skipped", 3);
	cr_assert_eq(live_get(&l, "slow", "pid"), pid);
	cr_assert_leq(causes(&l, "slow", "skipped"), 2);
	live_line(&l, "skipped, the run before still goes on");
	cr_assert_eq(live_stop(&l), 0);
}

Test(schedule, cron_restart_restarts_and_counts_it)
{
	struct live l;
	live_start(&l, LIVE_PID1, TICK);
	live_number(&l, "tick", "pm2_env.restart_time", 2);
	live_line(&l, "online -> stopping (cron_restart '* * * * * *')");
	cr_assert_str_eq(live_text(&l, "tick", "pm2_env.cron_restart"), "* * * * * *");
	cr_assert_eq(live_stop(&l), 0);
}

Test(schedule, cron_restart_leaves_alone_what_was_stopped_and_starts_what_ended)
{
	struct live l;
	live_start(&l, LIVE_PID1, TICK "[service:halted]\ncommand = @PROG@ wait\ncron_restart = * * * * * *\n"
				       "[service:ended]\ncommand = true\nautorestart = no\ncron_restart = * * * * * *\n"
				       "[service:idle]\ncommand = @PROG@ wait\nautostart = no\ncron_restart = * * * * * *\n");
	live_number(&l, "ended", "pm2_env.restart_time", 2);
	cr_assert_eq(act(&l, "stop", "halted"), 0);
	live_status(&l, "halted", "stopped");
	json_int_t restarts = live_get(&l, "halted", "pm2_env.restart_time");
	tick(&l, 3);
	cr_assert_str_eq(live_text(&l, "halted", "pm2_env.status"), "stopped");
	cr_assert_eq(live_get(&l, "halted", "pm2_env.restart_time"), restarts);
	cr_assert_str_eq(live_text(&l, "idle", "pm2_env.status"), "stopped", "it was never started");
	cr_assert_eq(act(&l, "start", "halted"), 0);
	live_number(&l, "halted", "pm2_env.restart_time", restarts + 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(schedule, max_uptime_restarts)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:old]\ncommand = @PROG@ wait\nmax_uptime = 1s\n");
	live_number(&l, "old", "pm2_env.restart_time", 2);
	live_line(&l, "online -> stopping (max_uptime 1s)");
	cr_assert_eq(live_get(&l, "old", "pm2_env.unstable_restarts"), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(schedule, other_times_are_taken_without_a_restart)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\ncron_restart = @yearly\n");
	live_status(&l, "web", "online");
	json_int_t pid = live_get(&l, "web", "pid"), next = live_get(&l, "web", "pm1.next_run");
	live_ini(&l, "[service:web]\ncommand = @PROG@ wait\ncron_restart = @hourly\nmax_uptime = 30d\n");
	cr_assert_eq(call(&l, "reload-config").code, 0);
	cr_assert_eq(live_get(&l, "web", "pid"), pid);
	cr_assert_str_eq(live_text(&l, "web", "pm1.cron_restart"), "@hourly");
	cr_assert_leq(live_get(&l, "web", "pm1.next_run"), next);
	live_ini(&l, "[service:web]\ncommand = @PROG@ wait\ncron_restart = 0 25 * * *\n");
	struct called c = call(&l, "reload-config");
	cr_assert_neq(c.code, 0);
	cr_assert_not_null(strstr(c.err, "hour: '25' is out of range"), "%s", c.err);
	cr_assert_str_eq(live_text(&l, "web", "pm1.cron_restart"), "@hourly");
	cr_assert_eq(live_stop(&l), 0);
}

Test(schedule, pm2s_command_line_has_it_too)
{
	struct live l;
	live_start(&l, LIVE_PID1, NEVER "[service:first]\ncommand = @PROG@ wait\n");
	live_status(&l, "first", "online");
	cr_assert_eq(call(&l, "start", live_env("PROG"), "-n", "web", "-c", "0 3 * * *", "--timezone", "UTC", "--", "wait").code, 0);
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.cron_restart"), "0 3 * * *");
	cr_assert_str_eq(live_text(&l, "web", "pm1.timezone"), "UTC");
	struct called c = call(&l, "start", live_env("PROG"), "-n", "bad", "--schedule", "0 3 * *", "--", "wait");
	cr_assert_neq(c.code, 0);
	cr_assert_not_null(strstr(c.err, "4 fields"), "%s", c.err);
	cr_assert_eq(live_stop(&l), 0);
}
