/* Who waits for whom: starts forwards, stops backwards. */
#include "tests/live/call.h"
#include "tests/live/live.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEVER "[pm1]\nexit_when = never\n"

/* Where `part` stands in what pm1 has said, which must hold it. */
static const char *said(const struct live *l, const char *part)
{
	const char *at = strstr(l->text, part);

	cr_assert_not_null(at, "'%s' was not said:\n%s", part, l->text);
	return at;
}

static void comes_before(const struct live *l, const char *first, const char *then)
{
	cr_assert_lt(said(l, first), said(l, then), "'%s' came before '%s':\n%s", then, first, l->text);
}

Test(order, a_requirement_is_started_too_and_first_and_stopped_last)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ wait\nrequires = db\n"
					"[service:db]\ncommand = @PROG@ wait\nautostart = no\nexec_start_pre = @PROG@ wait-for @DIR@/go\n");
	live_status(&l, "db", "launching");
	live_status(&l, "web", "waiting");
	cr_assert_str_eq(live_text(&l, "web", "pm1.waiting_for"), "db (starting)");
	cr_assert_eq(close(creat(live_path(&l, "go"), 0600)), 0);
	live_status(&l, "web", "online");
	live_status(&l, "db", "online");
	live_signal(&l, SIGTERM);
	live_line(&l, "all services are down");
	comes_before(&l, "db: starting -> online", "web: waiting -> starting");
	comes_before(&l, "web: stopping -> stopped", "db: online -> stopping");
	cr_assert_eq(live_end(&l), 0);
}

Test(order, a_failed_requirement_is_waited_for_and_shown_and_comes_back)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ wait\nrequires = db\n"
					"[service:db]\nshell = yes\ncommand = test -e @DIR@/there && exec @PROG@ wait\nmin_uptime = 1h\n"
					"max_restarts = 3\nexec_start_pre = test -e @DIR@/there\n");
	live_status(&l, "db", "errored");
	live_line(&l, "db: exited -> errored");
	struct called c = call(&l, "start", "web");
	cr_assert_eq(c.code, 1);
	cr_assert_not_null(strstr(c.err, "web: waiting: db (errored)"), "%s", c.err);
	cr_assert_str_eq(live_text(&l, "web", "pm1.waiting_for"), "db (errored)");
	cr_assert_eq(close(creat(live_path(&l, "there"), 0600)), 0);
	cr_assert_eq(call(&l, "start", "db").code, 0);
	live_status(&l, "web", "online");
	/* One that runs is left alone when what it requires ends. */
	json_int_t pid = live_get(&l, "web", "pid");
	cr_assert_eq(call(&l, "stop", "db").code, 0);
	cr_assert_eq(live_get(&l, "web", "pid"), pid);
	cr_assert_eq(live_stop(&l), 0);
}

Test(order, a_oneshot_is_required_as_completed_and_is_not_run_again)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ wait\nrequires = migrate\n"
					"[service:migrate]\ntype = oneshot\ncommand = @PROG@ wait-for @DIR@/go\n");
	live_status(&l, "migrate", "online");
	live_status(&l, "web", "waiting");
	cr_assert_str_eq(live_text(&l, "web", "pm1.waiting_for"), "migrate (online)");
	cr_assert_eq(close(creat(live_path(&l, "go"), 0600)), 0);
	live_status(&l, "web", "online");
	live_status(&l, "migrate", "completed");
	cr_assert_eq(call(&l, "restart", "web").code, 0);
	live_status(&l, "web", "online");
	cr_assert_eq(live_get(&l, "migrate", "pm2_env.restart_time"), 0);
	cr_assert_str_eq(live_text(&l, "migrate", "pm2_env.status"), "completed");
	cr_assert_eq(live_stop(&l), 0);
}

Test(order, what_is_only_wanted_may_fail)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ wait\nwants = mail\n"
					"[service:mail]\ntype = oneshot\ncommand = @PROG@ exit 3\nautostart = no\n");
	live_status(&l, "web", "online");
	live_status(&l, "mail", "errored");
	live_line(&l, "web: starting -> online"); /* reads what has been said */
	comes_before(&l, "mail: stopped -> starting", "web: waiting -> starting");
	cr_assert_eq(live_stop(&l), 0);
}

Test(order, after_and_before_wait_only_for_what_is_started_as_well)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:late]\ncommand = @PROG@ wait\nafter = mid absent\n"
					"[service:mid]\ncommand = @PROG@ wait\n"
					"[service:absent]\ncommand = @PROG@ wait\nautostart = no\n"
					"[service:early]\ntype = oneshot\ncommand = @PROG@ exit 0\nbefore = mid\n");
	live_status(&l, "late", "online");
	cr_assert_str_eq(live_text(&l, "absent", "pm2_env.status"), "stopped");
	live_signal(&l, SIGTERM);
	live_line(&l, "all services are down");
	comes_before(&l, "early: exited -> completed", "mid: waiting -> starting");
	comes_before(&l, "mid: starting -> online", "late: waiting -> starting");
	comes_before(&l, "late: stopping -> stopped", "mid: online -> stopping");
	cr_assert_eq(live_end(&l), 0);
}

Test(order, what_conflicts_is_down_before_the_other_starts)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:blue]\ncommand = @PROG@ wait\n"
					"[service:green]\ncommand = @PROG@ wait\nautostart = no\nconflicts = blue\n");
	live_status(&l, "blue", "online");
	cr_assert_eq(call(&l, "start", "green").code, 0);
	cr_assert_str_eq(live_text(&l, "blue", "pm2_env.status"), "stopped");
	cr_assert_eq(call(&l, "start", "blue").code, 0);
	live_status(&l, "green", "stopped");
	live_line(&l, "blue: online -> stopping (it conflicts with green)");
	live_line(&l, "green: online -> stopping (it conflicts with blue)");
	cr_assert_eq(live_stop(&l), 0);
}

Test(order, stop_all_goes_backwards_and_stop_of_one_takes_nobody_along)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:db]\ncommand = @PROG@ wait\n[service:web]\ncommand = @PROG@ wait\nrequires = db\n");
	live_status(&l, "web", "online");
	cr_assert_eq(call(&l, "stop", "db").code, 0);
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "online");
	cr_assert_eq(call(&l, "start", "db").code, 0);
	live_line(&l, "db: stopped -> starting (start by");
	live_line(&l, "db: starting -> online");
	cr_assert_eq(call(&l, "stop", "all").code, 0);
	live_line(&l, "web: stopping -> stopped");
	live_line(&l, "db: online -> stopping");
	live_line(&l, "db: stopping -> stopped");
	cr_assert_eq(live_stop(&l), 0);
}

/* Whichever of two says it, and whatever goes down beside them. */
Test(order, stop_all_goes_backwards_whoever_speaks_of_whom)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:first]\ncommand = @PROG@ wait\nbefore = second\n[service:second]\ncommand = @PROG@ wait\n"
				  "[service:third]\ncommand = @PROG@ wait\nafter = second\n[service:x]\ncommand = @PROG@ wait\n");
	live_status(&l, "first", "online");
	live_status(&l, "third", "online");
	live_status(&l, "x", "online");
	cr_assert_eq(call(&l, "stop", "all").code, 0);
	live_line(&l, "third: stopping -> stopped");
	live_line(&l, "second: online -> stopping");
	live_line(&l, "second: stopping -> stopped");
	live_line(&l, "first: online -> stopping");
	cr_assert_eq(live_stop(&l), 0);
}

/* With exit_when = all-ended nothing is left that could bring it about. */
Test(order, when_all_that_is_left_waits_in_vain_run_ends_and_says_why)
{
	struct live l;

	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\nrequires = db\n[service:db]\ntype = oneshot\ncommand = @PROG@ exit 7\n");
	live_line(&l, "nothing runs any more, and web waits for db (errored) (exit_when)");
	cr_assert_eq(live_end(&l), 7);
}

Test(order, the_deadline_of_the_whole_is_kept_also_by_a_row_of_stubborn_ones)
{
	struct live l;

	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\nshutdown_timeout = 300ms\n[defaults]\nkill_timeout = 250ms\n"
				  "[service:a]\ncommand = @PROG@ ignore 15\n[service:b]\ncommand = @PROG@ ignore 15\nrequires = a\n"
				  "[service:c]\ncommand = @PROG@ ignore 15\nrequires = b\n");
	live_line(&l, "c | ignoring");
	live_signal(&l, SIGTERM);
	live_line(&l, "shutdown_timeout is over");
	cr_assert_eq(live_end(&l), 0);
}
