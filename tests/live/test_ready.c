/* When a service is ready, and what waits for it: each way with real programs. */
#include "tests/live/live.h"
#include "tests/live/logd.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void touch(struct live *l, const char *name)
{
	FILE *f = fopen(live_path(l, name), "we");
	cr_assert_not_null(f);
	(void)fclose(f);
}

/* Every port is free in there, whoever else runs tests on this machine. */
static void in_a_network_of_its_own(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		_exit(94);
}

/* A service is launching, and one that requires it waits, until a file named `go` lets it say that it is ready. */
static void comes_when_said(int how, const char *keys, const char *before, const char *said, const char *cause)
{
	struct live l;
	char ini[2048];

	(void)snprintf(ini, sizeof(ini),
		       "[service:db]\ncommand = @PROG@ script %s say:up await:@DIR@/go %s wait\n%s\nkill_timeout = 100ms\n"
		       "[service:web]\ncommand = @PROG@ wait\nrequires = db\n",
		       before, said, keys);
	live_before = in_a_network_of_its_own;
	live_start(&l, how, ini);
	live_line(&l, "db | up");
	live_status(&l, "db", "launching");
	cr_expect_str_eq(live_text(&l, "web", "pm1.state"), "waiting");
	touch(&l, "go");
	live_status(&l, "db", "online");
	cr_expect(strstr(live_text(&l, "db", "pm1.cause"), cause), "%s", live_text(&l, "db", "pm1.cause"));
	live_status(&l, "web", "online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(ready, by_notify)
{
	comes_when_said(LIVE_PID1, "type = notify", "", "READY=1", "it said READY=1");
}

Test(ready, by_notify_without_a_cgroup)
{
	comes_when_said(LIVE_PID1 | LIVE_NO_CGROUP, "ready = notify", "", "READY=1|STATUS=fine", "it said READY=1");
}

Test(ready, by_notify_of_a_child_that_ends_at_once)
{
	comes_when_said(LIVE_PID1, "ready = notify\nshell = yes", "", "READY=1 exit:0; sleep 1000; :", "it said READY=1");
}

Test(ready, by_a_notification_descriptor)
{
	comes_when_said(LIVE_PID1, "ready = fd:5", "", "fd:5", "notification descriptor");
}

Test(ready, by_a_port)
{
	comes_when_said(LIVE_PID1, "ready = tcp:47113", "", "tcp:47113", "it listens on port 47113");
}

Test(ready, by_a_port_of_an_address_without_a_cgroup)
{
	comes_when_said(LIVE_PID1 | LIVE_NO_CGROUP, "ready = tcp:127.0.0.1:47114", "", "tcp:47114", "it listens on port 47114");
}

Test(ready, by_a_unix_socket)
{
	comes_when_said(LIVE_PID1, "ready = unix:db.sock", "", "unix:@DIR@/db.sock", "it listens on /");
}

Test(ready, by_a_file)
{
	comes_when_said(LIVE_PID1, "ready = file:db.pid", "", "touch:@DIR@/db.pid", "db.pid is there");
}

Test(ready, by_a_line_of_stdout)
{
	comes_when_said(LIVE_PID1, "ready = log:listening on [0-9]+$", "'say:listening on 80 soon'", "part:listen 'say:ing on 80'",
			"it wrote the line of ready_log");
}

Test(ready, by_a_line_of_stderr_into_no_file)
{
	comes_when_said(LIVE_PID1, "ready_log = ^listening\nerror_file = none\nout_file = none", "'err:not listening'", "err:listening",
			"it wrote the line of ready_log");
}

/* Who listens there is another one: the port alone is no sign. */
Test(ready, a_port_of_another_process_does_not_count)
{
	struct live l;
	live_before = in_a_network_of_its_own;
	live_start(&l, LIVE_PID1,
		   "[service:other]\ncommand = @PROG@ script tcp:47115 say:listening wait\n"
		   "[service:web]\ncommand = @PROG@ wait\nready = tcp:47115\nlisten_timeout = 300ms\nmax_restarts = 2\nautostart = no\n");
	live_line(&l, "other | listening");
	json_decref(live_call(&l, "Start", "{\"targets\":[\"web\"]}"));
	live_line(&l, "web: port 47115 is listened on already");
	live_status(&l, "web", "errored");
	cr_expect(strstr(live_text(&l, "web", "pm1.failure"), "it doesn't listen on port 47115 (another process"), "%s",
		  live_text(&l, "web", "pm1.failure"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(ready, one_that_never_is_ends_errored_with_the_cause)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\n[service:db]\ncommand = @PROG@ wait\nready = notify\nlisten_timeout = 50ms\nmax_restarts = 3\n"
		   "[service:web]\ncommand = @PROG@ wait\nrequires = db\n");
	live_status(&l, "db", "errored");
	cr_expect_str_eq(live_text(&l, "db", "pm1.failure"), "not ready after listen_timeout 50ms: no READY=1");
	cr_expect_str_eq(live_text(&l, "web", "pm1.state"), "waiting");
	cr_expect_eq(live_get(&l, "db", "pm2_env.restart_time"), 2);
	cr_assert_eq(live_stop(&l), 0);
}

Test(ready, a_start_is_answered_when_it_is_ready)
{
	struct live l;
	live_before = in_a_network_of_its_own;
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\n[service:db]\ncommand = @PROG@ script tcp:47116 wait\nready = tcp:47116\nautostart = no\n");
	json_decref(live_call(&l, "Start", "{\"targets\":[\"db\"]}"));
	cr_expect_str_eq(live_text(&l, "db", "pm2_env.status"), "online");
	cr_assert_eq(live_stop(&l), 0);
}

/* Each run says it anew; what the run before wrote is no sign of the next. */
Test(ready, a_line_counts_for_its_own_run_alone)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:db]\ncommand = @PROG@ script say:up await:@DIR@/go say:ready wait\nready_log = ready\nkill_timeout = 100ms\n");
	live_line(&l, "db | up");
	touch(&l, "go");
	live_status(&l, "db", "online");
	cr_assert_eq(unlink(live_path(&l, "go")), 0);
	json_decref(live_call(&l, "Signal", "{\"signal\":\"KILL\",\"targets\":[\"db\"]}"));
	live_line(&l, "db | up");
	live_status(&l, "db", "launching");
	touch(&l, "go");
	live_status(&l, "db", "online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(ready, a_killed_logd_does_not_miss_the_line)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:db]\ncommand = @PROG@ script say:up await:@DIR@/go say:ready wait\nready_log = ^ready$\nkill_timeout = 100ms\n");
	live_line(&l, "db | up");
	pid_t logd = logd_pid(&l);
	cr_assert_gt(logd, 1);
	cr_assert_eq(kill(logd, SIGKILL), 0);
	touch(&l, "go");
	live_status(&l, "db", "online");
	cr_assert_eq(live_stop(&l), 0);
}
