/* What happened, and what happens. */
#include "tests/live/call.h"

#include <signal.h>
#include <string.h>

static const char two[] = "[pm1]\nexit_when = never\n[service:web]\ncommand = @PROG@ wait\n[service:db]\ncommand = @PROG@ wait\n";

static void begin(struct live *l)
{
	live_start(l, LIVE_PID1, two);
	live_status(l, "web", "online");
	live_status(l, "db", "online");
}

Test(cli_events, the_history_of_all_comes_in_the_order_of_time_with_who_asked)
{
	struct live l;
	begin(&l);
	cr_assert_eq(call(&l, "restart", "db").code, 0);
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	struct called c = call(&l, "events", "--json");
	cr_assert_eq(c.code, 0, "%s", c.err);
	json_int_t last = 0;
	size_t n = 0;
	json_t *e = NULL;
	for (char *save = NULL, *line = strtok_r(c.out, "\n", &save); line; line = strtok_r(NULL, "\n", &save), n++) {
		e = json_loads(line, 0, NULL);
		cr_assert_not_null(e, "%s", line);
		cr_assert_geq(json_integer_value(call_at(e, "time")), last);
		last = json_integer_value(call_at(e, "time"));
	}
	/* Of the last one, the stop of web, who asked is known until it is down. */
	cr_assert_geq(n, 8, "%zu", n);
	cr_assert_str_eq(call_text(e, "name"), "web");
	cr_assert_str_eq(call_text(e, "to"), "stopped");
	c = call(&l, "events", "web");
	cr_assert_null(strstr(c.out, "db (id"));
	cr_assert(strstr(c.out, "web (id 0)  online -> stopping  pid ") && strstr(c.out, "  (stop by uid 0 (pid "), "%s", c.out);
	cr_assert_eq(call(&l, "events", "nope").code, 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_events, who_follows_gets_each_change_as_it_happens_until_pm1_ends)
{
	struct live l;
	begin(&l);
	struct calling all = call_begin(&l, 0, (const char *const[]){ "events", "--follow", "--json", NULL });
	struct calling web = call_begin(&l, 0, (const char *const[]){ "events", "-f", "web", NULL });
	call_line(&all, "\"to\":\"online\"");
	call_line(&web, "starting -> online");
	cr_assert_eq(call(&l, "stop", "db").code, 0);
	call_line(&all, "\"name\":\"db\",\"pm_id\":1,\"instance\":0,\"from\":\"online\",\"to\":\"stopping\",\"cause\":\"stop by uid 0 (pid ");
	call_line(&all, "\"by\":{\"uid\":0,\"pid\":");
	call_line(&all, "\"to\":\"stopped\"");
	live_signal(&l, SIGHUP);
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	call_line(&web, "stopping -> stopped");
	cr_assert_eq(live_stop(&l), 0);
	struct called c = call_wait(&all);
	cr_assert_eq(c.code, 0, "%s", c.err);
	c = call_wait(&web);
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_null(strstr(c.out, "db (id"), "%s", c.out);
}

Test(cli_events, who_follows_a_word_or_a_pattern_sees_its_services_to_their_end)
{
	struct live l;
	begin(&l);
	struct calling db = call_begin(&l, 0, (const char *const[]){ "events", "-f", "1", "/^d/", NULL });
	struct calling web = call_begin(&l, 0, (const char *const[]){ "events", "-f", "web", NULL });
	call_line(&db, "starting -> online");
	call_line(&web, "starting -> online");
	cr_assert_eq(call(&l, "stop", "all").code, 0);
	cr_assert_eq(call(&l, "start", "web").code, 0);
	cr_assert_eq(call(&l, "delete", "web").code, 0);
	call_line(&web, "(delete by uid 0 ");
	call_line(&web, "stopping -> stopped");
	cr_assert_eq(live_stop(&l), 0);
	cr_assert_eq(call_wait(&web).code, 0);
	struct called c = call_wait(&db);
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert(strstr(c.out, "stopping -> stopped"), "%s", c.out);
	cr_assert_null(strstr(c.out, "web (id"), "%s", c.out);
}

Test(cli_events, a_service_that_is_not_there_cannot_be_followed)
{
	struct live l;
	begin(&l);
	struct called c = call(&l, "events", "--follow", "wbe");
	cr_assert_eq(c.code, 1);
	cr_assert_str_eq(c.err, "pm1: no service 'wbe' (did you mean 'web'?)\n");
	cr_assert_eq(live_stop(&l), 0);
}

Test(cli_events, who_goes_away_is_forgotten_and_many_are_refused_politely)
{
	struct live l;
	begin(&l);
	struct calling f[16];
	for (int i = 0; i < 16; i++) {
		f[i] = call_begin(&l, 0, (const char *const[]){ "events", "--follow", NULL });
		call_line(&f[i], "starting -> online");
	}
	struct called c = call(&l, "events", "--follow");
	cr_assert_eq(c.code, 1);
	cr_assert_str_eq(c.err, "pm1: events: so many follow the events that no more can\n");
	/* Others are answered all the while. */
	cr_assert_eq(call(&l, "ping").code, 0);
	for (int i = 0; i < 16; i++) {
		cr_assert_eq(kill(f[i].pid, SIGKILL), 0);
		(void)call_wait(&f[i]);
	}
	for (int i = 0; i < 3; i++)
		cr_assert_eq(call(&l, "restart", "all").code, 0);
	struct calling again = call_begin(&l, 0, (const char *const[]){ "events", "--follow", NULL });
	call_line(&again, "restart by uid 0");
	cr_assert_eq(live_stop(&l), 0);
	cr_assert_eq(call_wait(&again).code, 0);
}
