/* The times of one service, with a real clock: what is long is not waited for, but looked at. */
#include "tests/core/host.h"

#include "core/schedule.h"

TestSuite(schedule, .init = host_begin, .fini = host_done, .timeout = 60);

static const struct service_event *event_at(unsigned int i)
{
	return &service->history[i % SERVICE_HISTORY];
}

static unsigned int events_with(const char *part)
{
	unsigned int found = 0, n = service->history_n < SERVICE_HISTORY ? service->history_n : SERVICE_HISTORY;

	for (unsigned int i = service->history_n - n; i < service->history_n; i++)
		found += strstr(event_at(i)->cause, part) != NULL;
	return found;
}

Test(schedule, a_service_without_times_costs_nothing)
{
	host_service("[service:web]\ncommand = sleep 1000\n");
	cr_expect_null(service->schedule);
	cr_expect_eq(schedule_next(service), USEC_NEVER);
	cr_expect_not(schedule_is_paused(service));
	cr_expect_eq(schedule_skipped(service), 0);
	cr_expect_eq(sys_fake_count("timerfd_create"), 0, "one on the wall clock");
}

Test(schedule, it_runs_at_each_time_and_says_why)
{
	host_service("[service:job]\ncommand = true\nschedule = * * * * * *\n");
	cr_expect_eq(service->state, STATE_STOPPED);
	cr_expect_neq(schedule_next(service), USEC_NEVER, "it counts without a start");
	HOST_UNTIL(service->runs >= 2 && service_at_rest(service));
	cr_expect_str_eq(event_at(0)->cause, "schedule '* * * * * *'");
	cr_expect_eq(event_at(0)->from, STATE_STOPPED);
	cr_expect_lt(event_at(0)->wall / USEC_SEC, event_at(4)->wall / USEC_SEC, "one a second");
	cr_expect_eq(service->restarts, 0, "a run is no restart");
	cr_expect_eq(sys_fake_count("timerfd_create"), 1, "one for all");
}

Test(schedule, a_stop_pauses_it_and_a_start_runs_it_now_and_resumes_it)
{
	host_service("[service:job]\ncommand = true\nschedule = 0 3 * * *\n");
	usec_t next = schedule_next(service);
	cr_expect_gt(next, clock_wall());
	cr_expect_leq(next, clock_wall() + 25 * 3600 * USEC_SEC);
	service_stop(service, "stop by uid 0");
	cr_expect_eq(schedule_next(service), USEC_NEVER);
	cr_expect(schedule_is_paused(service));
	service_start(service, "start by uid 0");
	cr_expect_not(schedule_is_paused(service));
	cr_expect_neq(schedule_next(service), USEC_NEVER);
	HOST_UNTIL(service->runs == 1 && service_at_rest(service));
	cr_expect_neq(schedule_next(service), USEC_NEVER, "it goes on after a run by hand");
}

Test(schedule, a_time_at_which_the_run_before_still_goes_on_is_skipped_and_noted)
{
	host_service("[service:job]\ncommand = sleep 1000\nschedule = * * * * * *\n");
	HOST_UNTIL(service->state == STATE_ONLINE);
	unsigned int slow = schedule_skipped(service); /* 0, but where an exec takes a second */
	HOST_UNTIL(schedule_skipped(service) == slow + 1);
	cr_expect_eq(events_with("schedule: skipped, the run before still goes on"), 1 + (slow > 0));
	HOST_UNTIL(schedule_skipped(service) == slow + 3);
	cr_expect_eq(service->runs, 1);
	cr_expect_eq(events_with("skipped 3 times"), 1);
	cr_expect_eq(events_with("skipped"), 1 + (slow > 0), "one note for all of them");
}

Test(schedule, cron_restart_restarts_what_runs)
{
	host_service("[service:web]\ncommand = sleep 1000\ncron_restart = * * * * * *\n");
	cr_expect_eq(schedule_next(service), USEC_NEVER, "nobody has started it yet");
	service_start(service, "start");
	HOST_UNTIL(service->restarts == 2 && service->state == STATE_ONLINE);
	cr_expect_geq(events_with("cron_restart '* * * * * *'"), 2);
	cr_expect_eq(n_ended, 0);
}

Test(schedule, cron_restart_starts_again_what_has_ended_by_itself)
{
	host_service("[service:job]\ncommand = false\nautorestart = no\ncron_restart = * * * * * *\n");
	service_start(service, "start");
	HOST_UNTIL(service->runs >= 3);
	cr_expect_geq(service->restarts, 2);
}

Test(schedule, cron_restart_leaves_alone_what_was_stopped)
{
	host_service("[service:web]\ncommand = sleep 1000\ncron_restart = * * * * * *\n");
	service_start(service, "start");
	HOST_UNTIL(service->restarts == 1 && service->state == STATE_ONLINE);
	service_stop(service, "stop by uid 0");
	HOST_UNTIL(service_at_rest(service));
	cr_expect_eq(schedule_next(service), USEC_NEVER);
	cr_expect(schedule_is_paused(service));
	service_restart(service, "restart by uid 0");
	cr_expect_neq(schedule_next(service), USEC_NEVER);
}

/* A stop that isn't through yet, then a restart: that is a wish for up. */
Test(schedule, a_restart_while_it_stops_resumes_its_times)
{
	host_service("[service:web]\ncommand = sleep 1000\ncron_restart = @yearly\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	service_stop(service, "stop by uid 0");
	cr_expect_eq(schedule_next(service), USEC_NEVER);
	service_restart(service, "restart by uid 0");
	cr_expect_neq(schedule_next(service), USEC_NEVER);
}

Test(schedule, max_uptime_restarts_gracefully)
{
	host_service("[service:web]\ncommand = sleep 1000\nmax_uptime = 300ms\nmin_uptime = 1ms\n");
	service_start(service, "start");
	HOST_UNTIL(service->restarts == 2 && service->state == STATE_ONLINE);
	cr_expect_geq(events_with("max_uptime 300ms"), 2);
	cr_expect_eq(sys_fake_count("timerfd_create"), 0, "the wall clock is not asked");
}

Test(schedule, a_max_uptime_below_min_uptime_is_given_up_like_a_crash_loop)
{
	host_service("[service:web]\ncommand = sleep 1000\nmax_uptime = 1ms\nmax_restarts = 3\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ERRORED);
}

Test(schedule, max_uptime_ends_a_run_of_a_schedule_and_the_next_time_counts)
{
	host_service("[service:job]\ncommand = sleep 1000\nschedule = * * * * * *\nmax_uptime = 200ms\n");
	HOST_UNTIL(service->runs == 2 && service_at_rest(service));
	cr_expect_geq(events_with("max_uptime 200ms"), 2);
	cr_expect_neq(schedule_next(service), USEC_NEVER);
	cr_expect_eq(service->restarts, 0);
}

/* Another text for the same service, taken as a reload takes it. */
static void take(const char *text)
{
	struct loaded other = { .diag = diag_new() };
	char path[80];

	snprintf(path, sizeof(path), "%s/pm1.ini", folder);
	cr_assert_eq(config_parse(path, text, strlen(text), NULL, other.diag, &other.c), 0);
	service_set_spec(service, other.c.specs[0], &(struct outputs_place){ .log_dir = folder });
	unload(&other);
}

Test(schedule, a_new_spec_brings_changes_and_takes_the_times)
{
	host_service("[service:web]\ncommand = sleep 1000\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	take("[service:web]\ncommand = sleep 1000\ncron_restart = @yearly\n");
	usec_t yearly = schedule_next(service);
	cr_expect_neq(yearly, USEC_NEVER, "it runs: so it counts");
	take("[service:web]\ncommand = sleep 1000\ncron_restart = @hourly\n");
	cr_expect_leq(schedule_next(service), clock_wall() + 3600 * USEC_SEC);
	take("[service:web]\ncommand = sleep 1000\nmax_uptime = 10ms\nmin_uptime = 0\n");
	cr_expect_eq(schedule_next(service), USEC_NEVER);
	HOST_UNTIL(service->restarts >= 1 && service->state == STATE_ONLINE);
	take("[service:web]\ncommand = sleep 1000\n");
	cr_expect_null(service->schedule);
}

Test(schedule, its_time_zone_is_its_own)
{
	host_service("[service:job]\ncommand = true\nschedule = 0 0 1 1 *\ntimezone = Asia/Tokyo\n");
	usec_t tokyo = schedule_next(service);
	take("[service:job]\ncommand = true\nschedule = 0 0 1 1 *\ntimezone = UTC\n");
	cr_expect_eq(schedule_next(service) - tokyo, 9 * 3600 * USEC_SEC);
}

Test(schedule, without_a_timer_the_service_goes_on_without_its_times)
{
	sys_fake_fail("timerfd_create", 1, EMFILE);
	log_setup(-1, LOG_ERROR, false);
	host_service("[service:web]\ncommand = sleep 1000\ncron_restart = * * * * * *\n");
	cr_expect_null(service->schedule);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	/* The next spec has another try. */
	take("[service:web]\ncommand = sleep 1000\ncron_restart = * * * * * *\n");
	HOST_UNTIL(service->restarts >= 1);
}

/* The kernel says that the clock was set: what was due is computed anew, and nothing is lost. */
Test(schedule, after_a_step_of_the_clock_the_next_time_is_there_again)
{
	host_service("[service:job]\ncommand = true\nschedule = 0 3 1 1 *\n");
	usec_t before = schedule_next(service);
	sys_fake_fail("timerfd_settime", 1, ECANCELED);
	service_stop(service, "stop");
	service_start(service, "start");
	HOST_UNTIL(service->runs == 1 && service_at_rest(service));
	cr_expect_eq(schedule_next(service), before);
	cr_expect_eq(service->runs, 1, "it wasn't due");
}
