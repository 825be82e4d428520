/* [service:NAME:OVERLAY]: keys on top of a service, when they are asked for. */
#include "tests/model/load.h"

static struct loaded load_over(const char *text, const char *overlay)
{
	struct loaded l = { .diag = diag_new() };

	l.r = config_parse_overlay("/srv/app/pm1.ini", overlay, text, strlen(text), NULL, l.diag, &l.c);
	return l;
}

/* What is said of it, which must be all that is said. */
static void says_only(const char *text, const char *overlay, const char *what)
{
	struct loaded l = load_over(text, overlay);

	cr_expect_eq(l.r, -EINVAL, "accepted: %s", text);
	cr_expect_eq(diag_count(l.diag), 1);
	cr_expect_str_eq(diag_count(l.diag) ? diag_text(l.diag, 0) : "", what);
	unload(&l);
}

#define WEB                                                                                                                                \
	"[defaults]\nkill_timeout = 3s\n[service:web:production]\nenv.PORT = 80\nkill_timeout = 7s\n"                                      \
	"[service:web]\ncommand = a\nenv.PORT = 3000\nenv.HOST = x\nenv_production.LEVEL = warn\nenv_staging.PORT = 81\n[service:db]\ncommand = b\n"

Test(overlay, its_keys_hold_over_those_of_the_service_wherever_it_stands)
{
	struct loaded l = load_over(WEB, "production");
	const struct spec *s;

	cr_assert_eq(l.r, 0, "%s", diag_count(l.diag) ? diag_text(l.diag, 0) : "");
	cr_assert_eq(l.c.n, 2);
	s = l.c.specs[0];
	cr_expect_str_eq(s->name, "web");
	cr_expect_str_eq(s->overlay, "production");
	cr_expect_eq(s->line, 6, "%u", s->line);
	cr_expect_eq(s->kill_timeout, 7 * USEC_SEC);
	cr_expect_str_eq(strv_env_get(&s->env, "PORT"), "80");
	cr_expect_str_eq(strv_env_get(&s->env, "HOST"), "x");
	cr_expect_str_eq(strv_env_get(&s->env, "LEVEL"), "warn");
	cr_expect_str_eq(l.c.overlay, "production");
	/* One without such a section is as it is. */
	cr_expect_null(l.c.specs[1]->overlay);
	cr_expect_eq(l.c.specs[1]->kill_timeout, 3 * USEC_SEC);
	unload(&l);
}

Test(overlay, variables_in_pm2s_way_are_an_overlay_of_their_own)
{
	struct loaded l = load_over(WEB, "staging");

	cr_assert_eq(l.r, 0);
	cr_expect_str_eq(strv_env_get(&l.c.specs[0]->env, "PORT"), "81");
	cr_expect_null(strv_env_get(&l.c.specs[0]->env, "LEVEL"));
	cr_expect_eq(l.c.specs[0]->kill_timeout, 3 * USEC_SEC);
	unload(&l);
}

Test(overlay, without_being_asked_for_it_changes_nothing)
{
	struct loaded l = load_good(WEB);

	cr_expect_str_eq(strv_env_get(&l.c.specs[0]->env, "PORT"), "3000");
	cr_expect_null(strv_env_get(&l.c.specs[0]->env, "LEVEL"));
	cr_expect_null(l.c.specs[0]->overlay);
	unload(&l);
}

Test(overlay, a_command_may_stand_in_it_alone)
{
	struct loaded l = load_over("[service:a]\n[service:a:x]\ncommand = b ${V:-c}\n", "x");

	cr_assert_eq(l.r, 0);
	cr_expect_str_eq(l.c.specs[0]->argv.v[1], "c");
	unload(&l);
}

Test(overlay, one_that_no_section_has_is_a_fault_that_names_those_there_are)
{
	says_only(WEB, "prod", "/srv/app/pm1.ini: no overlay 'prod' (there are: production, staging)");
	says_only("[service:a]\ncommand = b\n", "prod",
		  "/srv/app/pm1.ini: no overlay 'prod': no section is called [service:NAME:prod]");
}

Test(overlay, without_its_service_it_is_a_fault)
{
	says_only("[service:a]\ncommand = b\n[service:b:x]\numask = 022\n", NULL,
		  "/srv/app/pm1.ini:3: [service:b:x]: there is no [service:b] in this file that it could lie on");
}

Test(overlay, its_name_is_checked_as_a_name_is)
{
	says_only("[service:a]\ncommand = b\n[service:a:x y]\n", NULL,
		  "/srv/app/pm1.ini:3: [service:a:x y]: as an overlay: a name is made of A-Z a-z 0-9 _ . @ -");
	says_only("[service:a]\ncommand = b\n[service:a:]\n", NULL, "/srv/app/pm1.ini:3: [service:a:]: as an overlay: the name is empty");
}

Test(overlay, one_that_is_not_asked_for_is_checked_all_the_same)
{
	says_only("[service:a]\ncommand = b\n[service:a:x]\nkill_timeuot = 5s\n", NULL,
		  "/srv/app/pm1.ini:4: [service:a:x] kill_timeuot = 5s: unknown key (did you mean kill_timeout?)");
	says_only("[service:a]\ncommand = b\n[service:a:x]\nkill_timeout = soon\n", NULL,
		  "/srv/app/pm1.ini:4: [service:a:x] kill_timeout = soon: not a time (allowed: a time such as 4s, 250ms or 10m; a bare number is milliseconds)");
}

Test(overlay, given_twice_is_a_fault_and_so_is_a_key_in_both_ways)
{
	says_only("[service:a]\ncommand = b\n[service:a:x]\numask = 022\n[service:a:x]\numask = 022\n", NULL,
		  "/srv/app/pm1.ini:5: [service:a:x]: given twice (first in line 3)");
	says_only("[service:a]\ncommand = b\nenv_x.A = 1\n[service:a:x]\nenv.A = 2\n", "x",
		  "/srv/app/pm1.ini:5: [service:a:x] env.A = 2: given twice (first in line 3)");
}

Test(overlay, a_file_with_many_of_both_is_read_in_no_time)
{
	static char text[4 << 20];
	size_t n = 0;

	for (int i = 0; i < 9000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "[service:s%d]\ncommand=a\n[service:s%d:x]\numask=022\n", i, i);
	struct loaded l = load_over(text, "x");
	cr_assert_eq(l.r, 0);
	cr_expect_eq(l.c.n, 9000);
	cr_expect_eq(l.c.specs[8999]->umask, 022);
	unload(&l);
}
