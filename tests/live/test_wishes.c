/* What is wished while another wish is still on its way: the later word holds, and nobody waits for ever. */
#include "tests/live/call.h"
#include "tests/live/live.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEVER "[pm1]\nexit_when = never\n"
/* Stops once DIR/go is there. */
#define GATED "exec_stop = @PROG@ wait-for @DIR@/go\nkill_timeout = 1h\n"

/* A call that nobody waits for. */
static void wish(struct live *l, const char *method, const char *target)
{
	char text[256];
	int fd = live_socket(l);
	int n = snprintf(text, sizeof(text), "{\"method\":\"io.pm1.%s\",\"oneway\":true,\"parameters\":{\"targets\":[\"%s\"]}}", method, target);

	cr_assert_eq(send(fd, text, (size_t)n + 1, 0), n + 1);
	cr_assert_eq(close(fd), 0);
}

static void go(struct live *l)
{
	cr_assert_eq(close(creat(live_path(l, "go"), 0600)), 0);
}

Test(wishes, a_stop_that_is_overtaken_by_a_start_ends_and_says_so)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ wait\n" GATED);
	live_status(&l, "web", "online");
	struct calling stop = call_begin(&l, 0, (const char *const[]){ "stop", "web", NULL });
	live_status(&l, "web", "stopping");
	wish(&l, "Start", "web");
	struct called c = call_wait(&stop);
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "web: stopping: was started again meanwhile"), "%s", c.err);
	go(&l);
	live_line(&l, "web: stopped -> starting");
	live_status(&l, "web", "online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(wishes, what_is_being_deleted_can_not_be_started_and_goes)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ wait\n" GATED);
	live_status(&l, "web", "online");
	struct calling del = call_begin(&l, 0, (const char *const[]){ "delete", "web", NULL });
	live_status(&l, "web", "stopping");
	cr_assert_neq(call(&l, "start", "web").code, 0, "its name is free");
	struct calling start = call_begin(&l, 0, (const char *const[]){ "restart", "0", NULL });
	go(&l);
	cr_assert_eq(call_wait(&del).code, 0);
	cr_assert_neq(call_wait(&start).code, 0);
	cr_assert_null(live_service(&l, "web"));
	live_count_is(&l, "prog wait", 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(wishes, a_restart_of_one_whose_stop_waits_for_others_is_not_lost)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:db]\ncommand = @PROG@ wait\n[service:web]\ncommand = @PROG@ wait\nrequires = db\n" GATED);
	live_status(&l, "web", "online");
	struct calling stop = call_begin(&l, 0, (const char *const[]){ "stop", "all", NULL });
	live_status(&l, "web", "stopping");
	wish(&l, "Restart", "db");
	live_number(&l, "db", "pm2_env.restart_time", 1);
	live_status(&l, "db", "online");
	go(&l);
	struct called c = call_wait(&stop);
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "db: "), "%s", c.err);
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "stopped");
	cr_assert_str_eq(live_text(&l, "db", "pm2_env.status"), "online");
	cr_assert_eq(live_stop(&l), 0);
}

/* Its last process holds the port still, not its main alone. */
Test(wishes, what_conflicts_is_gone_with_all_its_processes_before_the_other_starts)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:blue]\nshell = yes\ncommand = @PROG@ ignore 15 & exec @PROG@ wait\nkill_timeout = 100ms\n"
					"[service:green]\ncommand = @PROG@ wait\nautostart = no\nconflicts = blue\n");
	live_status(&l, "blue", "online");
	live_line(&l, "blue | ignoring");
	cr_assert_eq(call(&l, "start", "green").code, 0);
	live_line(&l, "blue: stopping -> stopped");
	live_line(&l, "green: waiting -> starting");
	cr_assert_eq(live_stop(&l), 0);
}

Test(wishes, a_restart_starts_what_it_requires_like_a_start)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:db]\ncommand = @PROG@ wait\n[service:web]\ncommand = @PROG@ wait\nrequires = db\n");
	live_status(&l, "web", "online");
	cr_assert_eq(call(&l, "stop", "db").code, 0);
	struct called c = call(&l, "restart", "web");
	cr_assert_eq(c.code, 0, "%s", c.err);
	live_status(&l, "db", "online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(wishes, a_file_that_is_started_again_starts_what_is_new_for_those_that_were_stopped)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ wait\n");
	live_status(&l, "web", "online");
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	live_ini(&l, NEVER "[service:web]\ncommand = @PROG@ wait\nrequires = db\n[service:db]\ncommand = @PROG@ wait\nautostart = no\n");
	struct called c = call(&l, "start", live_path(&l, "pm1.ini"));
	cr_assert_eq(c.code, 0, "%s", c.err);
	live_status(&l, "web", "online");
	live_status(&l, "db", "online");
	cr_assert_eq(live_stop(&l), 0);
}

/* That it took the signal well doesn't mean that its work is done. */
Test(wishes, a_oneshot_that_was_stopped_has_not_completed)
{
	struct live l;

	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ wait\nrequires = migrate\n"
					"[service:migrate]\ntype = oneshot\nshell = yes\ncommand = trap 'exit 0' TERM; echo begun; while :; do @PROG@ wait-for @DIR@/never & wait; done\n");
	live_line(&l, "migrate | begun");
	cr_assert_eq(call(&l, "stop", "migrate").code, 0);
	do
		cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "waiting");
	while (strcmp(live_text(&l, "web", "pm1.waiting_for"), "migrate (stopped)") != 0);
	cr_assert_eq(live_stop(&l), 0);
}

/* A change of its files may bring the one back that others wait for. */
Test(wishes, pm1_run_goes_on_while_what_is_waited_for_is_watched)
{
	struct live l;

	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\nrequires = db\n"
				  "[service:db]\nshell = yes\ncommand = test -e @DIR@/there && exec @PROG@ wait; exit 3\nwatch = @DIR@/src\n"
				  "max_restarts = 2\nexec_start_pre = test -e @DIR@/there\n");
	live_line(&l, "db: exited -> errored");
	live_status(&l, "web", "waiting");
	cr_assert_eq(close(creat(live_path(&l, "there"), 0600)), 0);
	cr_assert_eq(mkdir(live_path(&l, "src"), 0700), 0);
	live_status(&l, "web", "online");
	cr_assert_eq(live_stop(&l), 0);
}
