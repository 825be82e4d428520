/* Who may listen where, across files and command lines: nothing is started, and nothing changes, when two services want one place. */
#include "tests/live/call.h"

#include <stdio.h>
#include <string.h>

static void put(struct live *l, const char *name, const char *text)
{
	FILE *f = fopen(live_path(l, name), "we");

	cr_assert(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
}

static void ended(struct live *l)
{
	(void)call(l, "kill");
	call_left_is(0);
	call_end(l);
}

Test(cli_sockets, a_second_file_may_not_listen_where_the_first_one_does)
{
	struct live l;
	char expected[512];
	call_home(&l, NULL);
	put(&l, "a.ini", "[service:a]\ncommand = sleep 1000\nlisten = unix:x.sock\n");
	put(&l, "b.ini", "[service:b]\ncommand = sleep 1000\n\nlisten = unix:y.sock web=unix:x.sock\n");
	cr_assert_eq(call(&l, "start", "a.ini").code, 0);
	struct called c = call(&l, "start", "b.ini");
	cr_assert_neq(c.code, 0);
	(void)snprintf(expected, sizeof(expected), "%s/b.ini:4: [service:b] listen = unix:%s/x.sock: service a listens there too (%s/a.ini:3)",
		       l.dir, l.dir, l.dir);
	cr_assert(strstr(c.err, expected), "%s", c.err);
	cr_assert_null(live_service(&l, "b"));
	/* Its own file may say it as often as it likes. */
	cr_assert_eq(call(&l, "start", "a.ini").code, 0);
	ended(&l);
}

Test(cli_sockets, a_command_line_is_held_to_it_and_holds_others_to_it)
{
	struct live l;
	call_home(&l, NULL);
	put(&l, "a.ini", "[service:a]\ncommand = sleep 1000\nlisten = unix:a.sock\n");
	put(&l, "b.ini", "[service:b]\ncommand = sleep 1000\nlisten = unix:c.sock\n");
	cr_assert_eq(call(&l, "start", "a.ini").code, 0);
	struct called c = call(&l, "start", "-n", "c", "--set", "listen=unix:a.sock", "--", "sleep", "1000");
	cr_assert_neq(c.code, 0);
	cr_assert(strstr(c.err, "service a listens there too"), "%s", c.err);
	cr_assert_null(live_service(&l, "c"));
	cr_assert_eq(call(&l, "start", "-n", "c", "--set", "listen=unix:c.sock", "--", "sleep", "1000").code, 0);
	c = call(&l, "start", "b.ini");
	cr_assert_neq(c.code, 0);
	cr_assert(strstr(c.err, "service c listens there too (from a command line)"), "%s", c.err);
	ended(&l);
}

Test(cli_sockets, a_reload_may_move_an_address_from_one_file_to_another_but_not_double_it)
{
	struct live l;
	call_home(&l, NULL);
	put(&l, "a.ini", "[service:a]\ncommand = sleep 1000\nlisten = unix:x.sock\n");
	put(&l, "b.ini", "[service:b]\ncommand = sleep 1000\n");
	cr_assert_eq(call(&l, "start", "a.ini").code, 0);
	cr_assert_eq(call(&l, "start", "b.ini").code, 0);
	long long a = live_get(&l, "a", "pid"), b = live_get(&l, "b", "pid");
	put(&l, "b.ini", "[service:b]\ncommand = sleep 1000\nlisten = unix:x.sock\n");
	struct called c = call(&l, "reload-config");
	cr_assert_neq(c.code, 0);
	cr_assert(strstr(c.err, "b.ini:3: [service:b] listen = unix:"), "%s", c.err);
	cr_assert_eq(live_get(&l, "a", "pid"), a);
	cr_assert_eq(live_get(&l, "b", "pid"), b);
	put(&l, "a.ini", "[service:a]\ncommand = sleep 1000\n");
	c = call(&l, "reload-config", "--dry-run");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert(strstr(c.out, "x.sock -> none (restart)"), "%s", c.out);
	ended(&l);
}
