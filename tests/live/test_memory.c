/* Caps on memory, by this machine's cgroups and by sampling. cgroup v2 is tested in the boot suite. */
#include "tests/live/live.h"

#include <string.h>

Test(memory, a_hog_is_killed_by_the_kernel_at_memory_max_and_that_is_told)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:hog]\ncommand = @PROG@ hog 200\nmemory_max = 30M\nrestart_delay = 10m\n");
	live_status(&l, "hog", "waiting restart");
	live_number(&l, "hog", "pm1.cap.oom_kills", 1);
	cr_assert(strncmp(live_text(&l, "hog", "pm1.cap.by"), "cgroup", 6) == 0, "%s", live_text(&l, "hog", "pm1.cap.by"));
	cr_assert(strstr(live_text(&l, "hog", "pm1.cap.last_kill"), "memory_max"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(memory, a_service_is_killed_whole_when_the_kernel_has_killed_a_part_of_it)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:hog]\ncommand = @PROG@ child-hog 200\nmemory_max = 30M\nrestart_delay = 10m\n");
	live_status(&l, "hog", "waiting restart");
	cr_assert_eq(live_get(&l, "hog", "pm1.cap.oom_kills"), 1);
	cr_assert_str_eq(live_text(&l, "hog", "pm1.signal"), "SIGKILL");
	live_line(&l, "exited (killed by the kernel's OOM killer at memory_max");
	cr_assert_eq(live_stop(&l), 0);
}

Test(memory, oom_policy_stop_keeps_it_down_and_says_why)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[defaults]\noom_policy = stop\nmemory_max = 30M\n[service:hog]\ncommand = @PROG@ hog 200\nerrored_retry = 1ms\n"
		   "[service:parent]\ncommand = @PROG@ child-hog 200\n[service:crash]\ncommand = @PROG@ exit 1\nrestart_delay = 10m\n");
	live_status(&l, "hog", "errored");
	live_status(&l, "parent", "errored");
	live_status(&l, "crash", "waiting restart");
	cr_assert_eq(live_get(&l, "hog", "pm2_env.restart_time"), 0);
	cr_assert(strstr(live_text(&l, "hog", "pm1.cause"), "oom_policy = stop"), "%s", live_text(&l, "hog", "pm1.cause"));
	cr_assert(strstr(live_text(&l, "parent", "pm1.failure"), "OOM killer at memory_max"));
	json_decref(live_call(&l, "Start", "{\"targets\":[\"hog\"]}")); /* a person's word counts more */
	live_number(&l, "hog", "pm1.cap.oom_kills", 2);
	live_status(&l, "hog", "errored");
	cr_assert_eq(live_stop(&l), 0);
}

Test(memory, oom_policy_continue_counts_the_kill_and_lets_the_rest_live)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:hog]\ncommand = @PROG@ child-hog 200\nmemory_max = 30M\noom_policy = continue\n");
	live_number(&l, "hog", "pm1.cap.oom_kills", 1);
	live_status(&l, "hog", "online");
	cr_assert_eq(live_get(&l, "hog", "pm2_env.restart_time"), 0);
	cr_assert_eq(live_get(&l, "hog", "pm2_env.unstable_restarts"), 0);
	cr_assert_str_eq(live_text(&l, "hog", "pm1.cause"), "program started");
	cr_assert_eq(live_stop(&l), 0);
}

Test(memory, oom_policy_stop_holds_for_the_cap_by_sampling_too)
{
	struct live l;
	live_start(&l, LIVE_PID1 | LIVE_NO_CGROUP,
		   "[service:hog]\ncommand = @PROG@ hog 100\nmemory_max = 30M\noom_policy = stop\n[service:x]\ncommand = @PROG@ wait\n");
	live_status(&l, "hog", "errored");
	cr_assert(strstr(live_text(&l, "hog", "pm1.cause"), "oom_policy = stop"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(memory, a_child_counts_too)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:hog]\ncommand = @PROG@ child-hog 200\nmax_memory_restart = 30M\nmin_uptime = 1ms\n");
	live_number(&l, "hog", "pm1.cap.cap_hits", 1);
	live_number(&l, "hog", "pm2_env.restart_time", 1);
	cr_assert(strstr(live_text(&l, "hog", "pm1.cap.last_kill"), "max_memory_restart"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(memory, max_memory_restart_is_by_sampling_where_no_cgroup_can_be_written)
{
	struct live l;
	live_start(&l, LIVE_PID1 | LIVE_NO_CGROUP,
		   "[service:hog]\ncommand = @PROG@ child-hog 100\nmax_memory_restart = 30M\nmin_uptime = 1ms\n");
	live_number(&l, "hog", "pm2_env.restart_time", 1);
	cr_assert_str_eq(live_text(&l, "hog", "pm1.cap.by"), "sampling");
	cr_assert_eq(live_stop(&l), 0);
}

Test(memory, memory_max_is_by_sampling_where_no_cgroup_can_be_written)
{
	struct live l;
	live_start(&l, LIVE_PID1 | LIVE_NO_CGROUP,
		   "[service:hog]\ncommand = @PROG@ hog 100\nmemory_max = 30M\nrestart_delay = 10m\n");
	live_status(&l, "hog", "waiting restart");
	cr_assert_str_eq(live_text(&l, "hog", "pm1.cap.by"), "sampling");
	cr_assert_str_eq(live_text(&l, "hog", "pm1.signal"), "SIGKILL");
	cr_assert_eq(live_stop(&l), 0);
}

Test(memory, one_below_its_cap_is_left_alone)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:fed]\ncommand = @PROG@ hog 10\nmemory_max = 100M\nmax_memory_restart = 60M\n");
	live_line(&l, "fed | fed");
	live_number(&l, "fed", "monit.memory", 10 << 20);
	cr_assert_eq(live_get(&l, "fed", "pm2_env.restart_time"), 0);
	cr_assert_eq(live_get(&l, "fed", "pm1.cap.oom_kills"), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(memory, a_program_that_passes_its_cap_as_soon_as_it_runs_is_a_crash_loop)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:hog]\ncommand = @PROG@ hog 100\nmax_memory_restart = 30M\nmax_restarts = 4\n[service:web]\ncommand = @PROG@ wait\n");
	live_status(&l, "hog", "errored");
	cr_assert_eq(live_get(&l, "hog", "pm2_env.restart_time"), 3);
	cr_assert_eq(live_get(&l, "hog", "pm1.cap.cap_hits"), 4);
	cr_assert_eq(live_stop(&l), 0);
}
