/* The keys of health checks, as a file gives them. */
#include "tests/model/load.h"

static const struct spec *only(const struct loaded *l)
{
	cr_assert_eq(l->c.n, 1);
	return l->c.specs[0];
}

static bool runs(const struct strv *argv, const char *a, const char *b, const char *c)
{
	return argv->n == 3 && strcmp(argv->v[0], a) == 0 && strcmp(argv->v[1], b) == 0 && strcmp(argv->v[2], c) == 0;
}

Test(checks, health_alone_is_one_check_for_both)
{
	struct loaded l = load_good("[service:web]\ncommand = x\nhealthcheck = http://127.0.0.1:5000/health\n");
	const struct spec *s = only(&l);

	cr_expect(spec_check_is_one(s));
	cr_expect_str_eq(spec_check(s, CHECK_LIVENESS), "http://127.0.0.1:5000/health");
	cr_expect(runs(&s->check_argv[CHECK_LIVENESS], "pm1", "health-probe", "http://127.0.0.1:5000/health"));
	cr_expect_eq(s->check_argv[CHECK_READINESS].n, 0);
	cr_expect_eq(s->health_interval, 30 * USEC_SEC);
	cr_expect_eq(s->health_timeout, 5 * USEC_SEC);
	cr_expect_eq(s->health_retries, 3);
	cr_expect_eq(s->health_start_period, 0);
	unload(&l);
}

Test(checks, each_may_have_its_own_and_none_takes_one_away)
{
	struct loaded l = load_good("[defaults]\nhealth = tcp:127.0.0.1:1\n[service:web]\ncommand = x\nliveness = none\n"
				    "readiness = exec:test -e 'a b'\nhealth_interval = 2s\nhealth_retries = 1\n");
	const struct spec *s = only(&l);

	cr_expect_not(spec_check_is_one(s));
	cr_expect_null(spec_check(s, CHECK_LIVENESS));
	cr_expect_eq(s->check_argv[CHECK_LIVENESS].n, 0);
	cr_expect(runs(&s->check_argv[CHECK_READINESS], "test", "-e", "a b"));
	cr_expect_eq(s->health_interval, 2 * USEC_SEC);
	unload(&l);
	l = load_good("[defaults]\nhealth = tcp:127.0.0.1:1\n[service:web]\ncommand = x\nhealth = none\n");
	cr_expect_null(spec_check(only(&l), CHECK_READINESS));
	unload(&l);
}

Test(checks, a_shell_gets_the_command_when_the_service_has_one_and_variables_are_filled_in)
{
	char *env[] = { (char *)"PORT=5001", (char *)"F=a b", NULL };
	struct loaded l = load_env("[service:web]\ncommand = x\nshell = yes\nliveness = exec:curl -f x || exit ${N:-1}\n"
				   "readiness = http://127.0.0.1:${PORT}/r\n", env);
	cr_assert_eq(l.r, 0);
	const struct spec *s = only(&l);
	cr_expect(runs(&s->check_argv[CHECK_LIVENESS], "/bin/sh", "-c", "curl -f x || exit ${N:-1}"));
	cr_expect(runs(&s->check_argv[CHECK_READINESS], "pm1", "health-probe", "http://127.0.0.1:5001/r"));
	unload(&l);
	l = load_env("[service:web]\ncommand = x\nliveness = exec:test -e \"${F}\"\n", env);
	cr_assert_eq(l.r, 0);
	cr_expect(runs(&only(&l)->check_argv[CHECK_LIVENESS], "test", "-e", "a b"));
	unload(&l);
}

Test(checks, what_is_wrong_is_said_with_its_line)
{
	refuses("[service:web]\ncommand = x\nhealth = http://web:5000/\n",
		"/srv/app/pm1.ini:3: [service:web] health = http://web:5000/: neither a numeric address nor localhost");
	refuses("[service:web]\ncommand = x\n\nliveness = curl -f x\n", "pm1.ini:4: [service:web] liveness = curl -f x: unknown kind of check "
		"(allowed: exec:COMMAND, http://ADDRESS:PORT/PATH, tcp:ADDRESS:PORT, unix:/PATH or none)");
	refuses("[service:web]\ncommand = x\nreadiness = exec:test 'a\n", "pm1.ini:3: [service:web] readiness = exec:test 'a");
	refuses("[service:web]\ncommand = x\nhealth_retries = 0\n", "pm1.ini:3: [service:web] health_retries = 0: out of range");
	refuses("[service:web]\ncommand = x\nhealth_interval = 0\n", "pm1.ini:3: [service:web] health_interval = 0: out of range");
	refuses("[service:web]\ncommand = x\nhealth_timeout = 2h\n", "out of range");
}
