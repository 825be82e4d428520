/* What has given up, and is tried again slowly. */
#include "tests/live/live.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

Test(errored, without_errored_retry_it_is_for_good)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:bad]\ncommand = @PROG@ exit 1\nmax_restarts = 2\n[service:x]\ncommand = @PROG@ wait\n");
	live_status(&l, "bad", "errored");
	cr_assert(json_is_null(json_object_get(json_object_get(live_service(&l, "bad"), "pm1"), "restart_in_ms")));
	cr_assert_eq(live_get(&l, "bad", "pm2_env.unstable_restarts"), 2);
	cr_assert_eq(live_stop(&l), 0);
}

Test(errored, errored_retry_gives_it_one_try_at_a_time)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:bad]\ncommand = @PROG@ exit 1\nmax_restarts = 2\nmin_uptime = 1m\nerrored_retry = 100ms\n"
		   "[service:far]\ncommand = @PROG@ exit 1\nmax_restarts = 1\nerrored_retry = 5m\n");
	live_status(&l, "far", "errored");
	cr_assert_gt(live_get(&l, "far", "pm1.restart_in_ms"), 60000);
	live_line(&l, "bad: starting -> online"); /* two at once */
	live_line(&l, "bad: starting -> online");
	for (int i = 3; i < 6; i++) {
		live_line(&l, "-> errored (gave up after");
		live_line(&l, "bad: errored -> starting (tried again (errored_retry))");
	}
	live_number(&l, "bad", "pm2_env.restart_time", 4);
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"all\"]}"));
	live_status(&l, "bad", "stopped");
	cr_assert_eq(live_stop(&l), 0);
}

Test(errored, a_program_that_comes_later_is_found_and_pm1_run_waits_for_it)
{
	struct live l;
	char script[128];
	live_start(&l, LIVE_PID1, "[service:late]\ncommand = @DIR@/late wait\nerrored_retry = 50ms\n");
	live_line(&l, "late: exited -> errored (cannot start: exec");
	(void)snprintf(script, sizeof(script), "%s", live_path(&l, "late.new"));
	cr_assert_eq(symlink(live_env("PROG"), script), 0);
	cr_assert_eq(rename(script, live_path(&l, "late")), 0);
	live_status(&l, "late", "online");
	cr_assert_eq(live_stop(&l), 0);
}
