/* Health checks: of a web server, and of services whose health is a file. */
#include "tests/live/live.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EVERY "health_interval = 50ms\n"

static void make(struct live *l, const char *name)
{
	FILE *f = fopen(live_path(l, name), "we");

	cr_assert_not_null(f);
	(void)fclose(f);
}

static void health_is(struct live *l, const char *name, const char *health)
{
	live_text_is(l, name, "pm1.health.state", health);
}

/* Whether the history has an entry with this in its cause. */
static bool told(struct live *l, const char *name, const char *part)
{
	json_t *h = json_object_get(json_object_get(live_service(l, name), "pm1"), "history"), *e;
	size_t i;

	json_array_foreach(h, i, e)
		if (strstr(json_string_value(json_object_get(e, "cause")), part))
			return true;
	return false;
}

/* A web server whose answer is in DIR/status. */
#define SERVER                                                                                                         \
	"command = node -e 'const fs=require(\"fs\");require(\"http\").createServer((q,s)=>{"                          \
	"s.statusCode=+fs.readFileSync(\"@DIR@/status\");s.end(q.url)}).listen(process.env.PORT,\"127.0.0.1\")'\n"

static void answers(struct live *l, const char *status)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s", live_path(l, "status.new"));
	FILE *f = fopen(path, "we");
	cr_assert_not_null(f);
	(void)fputs(status, f);
	(void)fclose(f);
	cr_assert_eq(rename(path, live_path(l, "status")), 0);
}

Test(health, a_server_is_healthy_and_restarted_with_the_cause_when_it_answers_wrongly)
{
	struct live l;
	char ini[1024];
	int port = 20000 + (int)getpid() % 10000;

	(void)snprintf(ini, sizeof(ini), "[service:web]\nexec_start_pre = sh -c 'echo 200 > @DIR@/status'\n" SERVER
		       "env.PORT = %d\nhealth = http://127.0.0.1:%d/health\nmin_uptime = 1ms\nhealth_start_period = 1m\n" EVERY, port, port);
	live_start(&l, LIVE_PID1, ini);
	health_is(&l, "web", "healthy");
	cr_assert_str_eq(live_text(&l, "web", "pm1.health.last"), "status 200");
	cr_assert(told(&l, "web", "healthy: http://127.0.0.1:"));
	cr_assert_str_eq(live_text(&l, "web", "pm1.cause"), "program started");
	answers(&l, "503");
	live_number(&l, "web", "pm2_env.restart_time", 1);
	health_is(&l, "web", "healthy");
	cr_assert(told(&l, "web", "/health: status 503 (3 in a row)"), "%s", l.text);
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(health, a_failed_readiness_check_is_shown_and_restarts_nothing)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\nreadiness = exec:sh -c 'echo one; echo looking; test -e @DIR@/good'\n" EVERY);
	health_is(&l, "web", "unhealthy");
	cr_assert_str_eq(live_text(&l, "web", "pm1.health.last"), "looking");
	cr_assert_eq(live_get(&l, "web", "pm1.health.failures"), 3);
	cr_assert(told(&l, "web", "unhealthy: readiness exec:sh -c 'echo one;"));
	make(&l, "good");
	health_is(&l, "web", "healthy");
	cr_assert_eq(live_get(&l, "web", "pm1.health.failures"), 0);
	(void)unlink(live_path(&l, "good"));
	health_is(&l, "web", "unhealthy");
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 0);
	cr_assert_null(strstr(l.text, "looking\n"), "what a check says is not the service's");
	cr_assert_eq(live_stop(&l), 0);
}

Test(health, a_hung_check_is_killed_with_its_children_at_its_timeout_and_holds_up_nothing)
{
	struct live l;
	char dir[80];
	live_start(&l, LIVE_PID1,
		   "[service:web]\ncommand = @PROG@ wait\nhealth_timeout = 300ms\nhealth_retries = 2\n"
		   "readiness = exec:sh -c '@PROG@ wait @DIR@ & trap \"\" TERM; @PROG@ ignore 15 @DIR@; :'\n" EVERY);
	(void)snprintf(dir, sizeof(dir), " %s", l.dir);
	live_status(&l, "web", "online"); /* an answer while a check hangs: the whole time, but for some ms */
	health_is(&l, "web", "unhealthy");
	cr_assert_eq(strncmp(live_text(&l, "web", "pm1.health.last"), "timed out after 300ms", 21), 0, "%s",
		     live_text(&l, "web", "pm1.health.last"));
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	live_count_is(&l, dir, 0);
	live_no_zombies(&l);
	live_signal(&l, SIGTERM);
	cr_assert_eq(live_end(&l), 0);
}

Test(health, what_a_check_leaves_behind_goes_with_it)
{
	struct live l;
	char dir[80];
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\nhealth_interval = 1h\nreadiness = exec:sh -c '@PROG@ wait @DIR@ & :'\n");
	(void)snprintf(dir, sizeof(dir), " %s", l.dir);
	health_is(&l, "web", "healthy");
	live_count_is(&l, dir, 0);
	live_no_zombies(&l);
	cr_assert_eq(live_stop(&l), 0);
}

Test(health, failures_in_the_start_period_count_for_nothing)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:slow]\ncommand = @PROG@ wait\nliveness = exec:test -e @DIR@/good\nhealth_retries = 1\nhealth_start_period = 1h\n" EVERY
		   "[service:twin]\ncommand = @PROG@ wait\nliveness = exec:test -e @DIR@/good\nhealth_retries = 1\nmin_uptime = 1ms\n" EVERY);
	live_number(&l, "slow", "pm1.health.runs", 10);
	live_number(&l, "twin", "pm2_env.restart_time", 2);
	cr_assert_eq(live_get(&l, "slow", "pm2_env.restart_time"), 0);
	cr_assert_str_eq(live_text(&l, "slow", "pm1.health.state"), "unknown");
	cr_assert_str_eq(live_text(&l, "slow", "pm1.health.last"), "exit code 1");
	make(&l, "good");
	health_is(&l, "slow", "healthy");
	(void)unlink(live_path(&l, "good"));
	live_number(&l, "slow", "pm2_env.restart_time", 1); /* it had been good: from then on they count */
	cr_assert_eq(live_stop(&l), 0);
}

Test(health, those_that_require_it_healthy_wait)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:db]\ncommand = @PROG@ wait\nreadiness = exec:test -e @DIR@/good\n" EVERY
		   "[service:web]\ncommand = @PROG@ wait\nrequires = db:healthy\n");
	health_is(&l, "db", "unhealthy");
	live_status(&l, "web", "waiting");
	cr_assert_eq(strncmp(live_text(&l, "web", "pm1.waiting_for"), "db:healthy (", 12), 0);
	make(&l, "good");
	live_status(&l, "web", "online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(health, liveness_that_goes_on_failing_is_a_crash_loop)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:web]\ncommand = @PROG@ wait\nliveness = exec:false\nhealth_retries = 1\nmax_restarts = 3\nmin_uptime = 1m\n" EVERY
		   "[service:x]\ncommand = @PROG@ wait\n");
	live_status(&l, "web", "errored");
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 2);
	cr_assert_str_eq(live_text(&l, "web", "pm1.failure"), "liveness exec:false: exit code 1");
	cr_assert_eq(live_stop(&l), 0);
}

Test(health, a_check_runs_as_the_service_does)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:web]\ncommand = @PROG@ wait\nuser = 65534\ncwd = /tmp\nenv.WHO = me\nhealth_interval = 1h\n"
		   "readiness = exec:sh -c 'echo $(id -u) $(pwd) $WHO $PM1_SERVICE; test -d /proc/$MAINPID'\nshell = no\n");
	health_is(&l, "web", "healthy");
	cr_assert_str_eq(live_text(&l, "web", "pm1.health.last"), "65534 /tmp me web");
	cr_assert_eq(live_stop(&l), 0);
}

Test(health, pm1s_own_probe_needs_no_rights_of_pm1s)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[service:web]\ncommand = @PROG@ wait\nuser = 65534\nhealth_interval = 1h\nreadiness = unix:@DIR@/none.sock\n"
		   "[service:no]\ncommand = @PROG@ wait\nreadiness = exec:/no/such/program\n" EVERY);
	live_number(&l, "web", "pm1.health.runs", 1);
	cr_assert_str_eq(live_text(&l, "web", "pm1.health.last"), "connect: No such file or directory");
	health_is(&l, "no", "unhealthy");
	cr_assert_str_eq(live_text(&l, "no", "pm1.health.last"), "cannot run: exec: No such file or directory");
	cr_assert_eq(live_stop(&l), 0);
}

Test(health, a_check_that_never_stops_talking_is_cut_off)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\nreadiness = exec:sh -c 'yes loud; echo $?'\nhealth_timeout = 1m\n" EVERY);
	live_number(&l, "web", "pm1.health.runs", 2);
	cr_assert_str_neq(live_text(&l, "web", "pm1.health.state"), "healthy");
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	live_count_is(&l, "yes loud", 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(health, no_check_goes_on_when_its_service_has_stopped)
{
	struct live l;
	char dir[96];
	live_start(&l, LIVE_PID1 | LIVE_NO_CGROUP,
		   "[service:web]\ncommand = @PROG@ wait\nhealth_timeout = 1h\nreadiness = exec:@PROG@ ignore 15 @DIR@\n" EVERY
		   "[service:x]\ncommand = @PROG@ wait\n");
	(void)snprintf(dir, sizeof(dir), "ignore 15 %s", l.dir);
	live_count_is(&l, dir, 1);
	json_decref(live_call(&l, "Stop", "{\"targets\":[\"web\"]}"));
	cr_assert_eq(live_count(&l, dir), 0);
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "stopped");
	cr_assert_str_eq(live_text(&l, "web", "pm1.health.state"), "unknown");
	cr_assert_eq(live_stop(&l), 0);
}
