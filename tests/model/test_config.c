#include "model/keys.h"
#include "tests/model/load.h"

static struct spec *only(struct loaded *l)
{
	cr_assert_eq(l->c.n, 1);
	return l->c.specs[0];
}

Test(config, a_first_file_of_a_pm2_user)
{
	struct loaded l = load_good("[service:asset-backend]\n"
				    "script = node server.js --port 5000\n"
				    "maxMemoryRestart = 500M\n"
				    "restart_delay = 4000\n"
				    "max_restarts = 10\n"
				    "min_uptime = 10s\n"
				    "env.NODE_ENV = development\n"
				    "watch = backend/\n"
				    "out_file = logs/backend-out-0.log\n"
				    "err_log = ./logs//backend-error-0.log\n"
				    "log = logs/backend-combined-0.log\n");
	struct spec *s = only(&l);

	cr_expect_str_eq(s->name, "asset-backend");
	cr_expect_eq(s->argv.n, 4);
	cr_expect_str_eq(s->argv.v[3], "5000");
	cr_expect_str_eq(s->command, "node server.js --port 5000");
	cr_expect_eq(s->max_memory_restart, 500u << 20);
	cr_expect_eq(s->restart_delay, 4 * USEC_SEC);
	cr_expect_eq(s->max_restarts, 10);
	cr_expect_eq(s->min_uptime, 10 * USEC_SEC);
	cr_expect_str_eq(strv_env_get(&s->env, "NODE_ENV"), "development");
	cr_expect(s->watch);
	cr_expect_str_eq(s->watch_paths.v[0], "/srv/app/backend/");
	cr_expect_str_eq(s->cwd, "/srv/app");
	cr_expect_str_eq(s->file, "/srv/app/pm1.ini");
	cr_expect_eq(s->line, 1);
	cr_expect_str_eq(s->out_file, "/srv/app/logs/backend-out-0.log");
	cr_expect_str_eq(s->error_file, "/srv/app/logs//backend-error-0.log");
	cr_expect_str_eq(s->log_file, "/srv/app/logs/backend-combined-0.log");
	cr_expect_not(l.c.has_pm1);
	cr_expect_str_eq(l.c.path, "/srv/app/pm1.ini");
	unload(&l);
}

Test(config, what_is_not_given_has_its_default)
{
	struct loaded l = load_good("[service:a]\ncommand=x\n");
	struct spec *s = only(&l);

	cr_expect_str_eq(s->ns, "default");
	cr_expect_str_eq(s->instance_var, "NODE_APP_INSTANCE");
	cr_expect_eq(s->instances, 1);
	cr_expect(s->autostart && s->autorestart && !s->critical && !s->shell && !s->watch && !s->merge_logs);
	cr_expect_eq(s->min_uptime, USEC_SEC);
	cr_expect_eq(s->max_restarts, 16);
	cr_expect_eq(s->stop_signal, 15);
	cr_expect_eq(s->kill_timeout, 5 * USEC_SEC);
	cr_expect_eq(s->kill_mode, KILL_MODE_PROCESS);
	cr_expect_eq(s->umask, -1);
	cr_expect_null(s->user);
	cr_expect_null(s->out_file);
	cr_expect_str_eq(s->log_date_format, "");
	cr_expect_eq(l.c.pm1.shutdown_timeout, 8 * USEC_SEC);
	cr_expect_eq(l.c.pm1.exit_when, EXIT_WHEN_NEVER);
	cr_expect_not(l.c.pm1.exit_when_given);
	unload(&l);
}

Test(config, pm1s_own_keys)
{
	struct loaded l = load_good("[pm1]\nexit_when = any-failed\ncontrol = run/pm1.sock\nlog_dir = /var/log/x\n"
				    "shutdown_timeout = 20s\nforward_signals = USR2, SIGWINCH 34\nlog_console = yes\n"
				    "hostname = box\npid_file = pm1.pid\ncontrol_group = wheel\n");

	cr_expect(l.c.has_pm1);
	cr_expect_eq(l.c.pm1.exit_when, EXIT_WHEN_ANY_FAILED);
	cr_expect(l.c.pm1.exit_when_given);
	cr_expect_str_eq(l.c.pm1.control, "/srv/app/run/pm1.sock");
	cr_expect_eq(l.c.pm1.forward_signals, UINT64_C(1) << 12 | UINT64_C(1) << 28 | UINT64_C(1) << 34);
	cr_expect(l.c.pm1.log_console == LOG_CONSOLE_PREFIX && l.c.pm1.log_console_given);
	cr_expect_str_eq(l.c.pm1.pid_file, "/srv/app/pm1.pid");
	unload(&l);
}

Test(config, defaults_hold_for_the_services_below)
{
	struct loaded l = load_good("[service:above]\ncommand=x\n"
				    "[defaults]\nrestart_delay=4s\nenv.A=1\nenv.B=1\nuser=www\n"
				    "[service:below]\ncommand=x\nenv.B=2\nuser=\n"
				    "[service:other]\ncommand=x\nrestart_delay=1s\n");

	cr_assert_eq(l.c.n, 3);
	cr_expect_eq(l.c.specs[0]->restart_delay, 0);
	cr_expect_eq(l.c.specs[0]->env.n, 0);
	cr_expect_eq(l.c.specs[1]->restart_delay, 4 * USEC_SEC);
	cr_expect_eq(l.c.specs[1]->env.n, 2);
	cr_expect_str_eq(l.c.specs[1]->env.v[0], "A=1");
	cr_expect_str_eq(l.c.specs[1]->env.v[1], "B=2");
	cr_expect_null(l.c.specs[1]->user, "an empty value is the default again");
	cr_expect_eq(l.c.specs[2]->restart_delay, USEC_SEC);
	cr_expect_str_eq(l.c.specs[2]->user, "www");
	unload(&l);
}

Test(config, a_fault_of_defaults_is_said_once_at_its_own_line)
{
	struct loaded l = load("[defaults]\nmemory_max = 12Q\n[service:a]\ncommand=x\n[service:b]\ncommand=x\n");

	cr_expect_eq(l.r, -EINVAL);
	cr_expect_eq(diag_count(l.diag), 1);
	cr_expect_str_eq(diag_text(l.diag, 0), "/srv/app/pm1.ini:2: [defaults] memory_max = 12Q: "
					       "unknown unit 'Q' (use K, M, G or T)");
	unload(&l);
}

Test(config, all_faults_of_a_file_are_told_and_nothing_is_kept)
{
	struct loaded l = load("[service:a]\nkill_timeout = soon\nrestart_dealy = 4s\n[serivce:b]\n"
			       "[service:c]\ncommand = x\ninstances = many\nno equals sign\n");

	cr_expect_eq(l.r, -EINVAL);
	cr_expect_eq(l.c.n, 0);
	cr_expect(says(&l, "pm1.ini:2: [service:a] kill_timeout = soon: not a time (allowed: a time such as 4s"));
	cr_expect(says(&l, "pm1.ini:3: [service:a] restart_dealy = 4s: unknown key (did you mean restart_delay?)"));
	cr_expect(says(&l, "pm1.ini:1: [service:a] command: missing"));
	cr_expect(says(&l, "pm1.ini:4: [serivce:b]: unknown section (did you mean [service:b]?)"));
	cr_expect(says(&l, "pm1.ini:7: [service:c] instances = many: not a whole number"));
	cr_expect(says(&l, "pm1.ini:8: [service:c]: no '=' in the line"));
	cr_expect_eq(diag_errors(l.diag), 6);
	unload(&l);
}

Test(config, wrong_values_are_refused_with_what_is_allowed)
{
	static const struct {
		const char *line;
		const char *says;
	} cases[] = {
		{ "memory_max=-5M", "less than nothing" },
		{ "memory_max=", "the value is missing" },
		{ "memory_max=99999999999T", "out of range" },
		{ "memory_max=5.M.", "not a size" },
		{ "kill_timeout=1000000h", "out of range" },
		{ "kill_timeout=-1", "less than nothing" },
		{ "restart_delay=5 parsecs", "unknown unit" },
		{ "max_restarts=-1", "not a whole number (allowed: a whole number from 0 to 1000000)" },
		{ "max_restarts=1000001", "out of range" },
		{ "instances=1025", "out of range" },
		{ "instances=1.5", "not a whole number" },
		{ "stop_signal=BLA", "no such signal (allowed: a signal such as TERM" },
		{ "stop_exit_codes=1,256", "'256' is no exit code (allowed: exit codes 0 to 255" },
		{ "umask=8", "not an octal number" },
		{ "umask=7777", "out of range" },
		{ "kill_mode=all", "unknown (allowed: process or group)" },
		{ "autostart=maybe", "neither yes nor no (allowed: yes or no)" },
		{ "env.1A=x", "doesn't begin with a digit" },
		{ "env.=x", "a variable's name" },
		{ "env.A B=x", "a variable's name" },
		{ "instance_var=A-B", "a variable's name" },
		{ "log_date_format=%Q", "not a format of time" },
		{ "out_file=", "the path is empty" },
		{ "out_file=logs/", "a folder, not a file" },
		{ "cwd=~/x", "write ${HOME}" },
		{ "user=a:b", "not a name or a number" },
		{ "user=-1", "doesn't begin with -" },
		{ "namespace=a b", "a name is made of" },
		{ "watch=", "the value is missing" },
		{ "ignore_watch='a", "quote is not closed" },
		{ "env.A=\"abc", "quote is not closed" },
		{ "exit_when=never", "the key belongs into [pm1]" },
		{ "args=1 2", "write the arguments in command" },
		{ "env.A=1\nenv.A=2", "given twice (first in line 3)" },
		{ "out_file=a\noutput=b", "given twice (in line 3 it is called out_file)" },
		{ "env_file=/nonexistent/pm1", "/nonexistent/pm1: No such file" },
		{ "wholly_unheard_of=1", "unknown key (`pm1 help keys` lists them)" },
		{ "env.A=${", "${ without its }" },
		{ "env.A=# x", "'#' begins a comment here" },
		{ "env.A=${PM1_TEST_UNSET}", "the variable PM1_TEST_UNSET is not set" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[200];

		snprintf(text, sizeof(text), "[service:a]\ncommand=x\n%s\n", cases[i].line);
		refuses(text, cases[i].says);
	}
}

Test(config, wrong_values_of_pm1_are_refused)
{
	refuses("[pm1]\nforward_signals=KILL\n", "KILL can't be forwarded");
	refuses("[pm1]\nforward_signals=USR2,HUP\n", "HUP can't be forwarded");
	refuses("[pm1]\nforward_signals=64\n", "64 can't be forwarded");
	refuses("[pm1]\nhostname=a_b\n", "a host's name");
	refuses("[pm1]\ncontrol=@\n", "is empty");
	refuses("[pm1]\nexit_when=sometimes\n", "unknown (allowed: never, all-ended or any-failed)");
	refuses("[pm1]\ncommand=x\n", "the key belongs into [service:NAME] or [defaults]");
	refuses("[pm1]\n[pm1]\n", "given twice");
	refuses("[defaults]\n[defaults]\n", "given twice (first in line 1)");
	refuses("command=x\n", "a key before any section");
	refuses("[pm1]\ncontrol=/23456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
		"89012345678901234567890\n",
		"at most 107 bytes");
}

Test(config, wrong_sections_are_refused)
{
	refuses("[service:a b]\ncommand=x\n", "a name is made of");
	refuses("[service:]\ncommand=x\n", "the name is empty");
	refuses("[service:../x]\ncommand=x\n", "a name begins with");
	refuses("[service:all]\ncommand=x\n", "stands for all services");
	refuses("[service:7]\ncommand=x\n", "is an id");
	refuses("[service:a]\ncommand=x\n[service:a]\ncommand=y\n", "pm1.ini:3: [service:a]: given twice (first in "
								    "/srv/app/pm1.ini:1)");
	refuses("[web]\n", "unknown section (did you mean [service:web]?)");
	refuses("[program:web]\ncommand=x\n", "unknown section (did you mean [service:web]?)");
	refuses("[pm2]\n", "unknown section (did you mean [pm1]?)");
	refuses("[service:a\ncommand=x\n", ":1: the section's ] is missing");
	refuses("[service:a] x\ncommand=x\n", "text behind the section's ]");
	refuses("[]\n", "the section has no name");
}

Test(config, a_service_needs_a_command)
{
	refuses("[service:a]\n", "[service:a] command: missing");
	refuses("[service:a]\ncommand=\n", "the command is empty");
	refuses("[service:a]\ncommand=''\n", "the command is empty");
	refuses("[service:a]\ncommand=a 'b\n", "a quote is not closed");
	refuses("[service:a]\ncommand=${X}\n", "the variable X is not set");
}

Test(config, what_begins_with_x_is_left_alone)
{
	struct loaded l = load_good("[x-notes]\nwhatever\n= ; [\n[service:a]\ncommand=x\nx-owner=me\nx-owner=you\n");

	(void)only(&l);
	cr_expect_eq(diag_count(l.diag), 0);
	unload(&l);
}

Test(config, a_command_is_split_as_a_shell_splits_it)
{
	struct loaded l = load_good("[service:a]\ncommand = a 'b c' \"d \\\" e\" f\\ g '' \"x ; y\" h;i # comment\n");
	struct spec *s = only(&l);
	static const char *const argv[] = { "a", "b c", "d \" e", "f g", "", "x ; y", "h;i" };

	cr_assert_eq(s->argv.n, sizeof(argv) / sizeof(*argv));
	for (size_t i = 0; i < s->argv.n; i++)
		cr_expect_str_eq(s->argv.v[i], argv[i]);
	unload(&l);
}

Test(config, a_variable_in_a_command_splits_as_in_a_shell)
{
	char *const env[] = { (char *)"D=/my dir", (char *)"Q=it's \"x\"", (char *)"E=", NULL };
	struct loaded l = load_env("[service:a]\ncommand = \"${D}/run\" ${D} '${D}' ${Q} \"${Q}\" ${E} \"${E}\" $$D $D\n", env);
	struct spec *s = only(&l);
	static const char *const argv[] = { "/my dir/run", "/my", "dir", "${D}", "it's", "\"x\"", "it's \"x\"", "", "$D", "$D" };

	cr_assert_eq(s->argv.n, sizeof(argv) / sizeof(*argv));
	for (size_t i = 0; i < s->argv.n; i++)
		cr_expect_str_eq(s->argv.v[i], argv[i]);
	unload(&l);
}

Test(config, a_shell_gets_its_line_untouched)
{
	struct loaded l = load_good("[service:a]\ncommand = echo \"${HOME:-x}\" $$ 'it' | cat\nshell = yes\n");
	struct spec *s = only(&l);

	cr_assert_eq(s->argv.n, 3);
	cr_expect_str_eq(s->argv.v[0], "/bin/sh");
	cr_expect_str_eq(s->argv.v[1], "-c");
	cr_expect_str_eq(s->argv.v[2], "echo \"${HOME:-x}\" $$ 'it' | cat");
	unload(&l);
}

Test(config, a_comment_that_cuts_a_command_is_warned_of)
{
	struct loaded l = load_good("[service:a]\ncommand = cd x ; ./run\nshell = yes\n");

	cr_expect_eq(diag_count(l.diag), 1);
	cr_expect(says(&l, "pm1.ini:2: warning: [service:a] command = cd x"));
	unload(&l);
}

Test(config, a_command_written_for_a_shell_is_warned_of)
{
	static const struct {
		const char *command;
		const char *says; /* NULL: nothing */
	} cases[] = {
		{ "a | b", "without a shell '|' is an argument" },
		{ "cd x && y", "'&&'" },
		{ "a > /tmp/x", "'>'" },
		{ "a 2>&1", "'2>&1'" },
		{ "$HOME/x", "without a shell '$HOME' stays as it is (write ${HOME}, or $$HOME" },
		{ "a \"$HOME\"", "'$HOME'" },
		{ "a '|' \"|\" '$HOME' $$HOME http://x?a&b=$1 $", NULL },
		{ "a '|' \\| \\$x", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[200];

		snprintf(text, sizeof(text), "[service:a]\ncommand=%s\n", cases[i].command);
		struct loaded l = load(text);

		if (cases[i].says)
			cr_expect(says(&l, cases[i].says), "%s", cases[i].command);
		else
			cr_expect_eq(diag_count(l.diag), diag_errors(l.diag), "%s", cases[i].command);
		unload(&l);
		snprintf(text, sizeof(text), "[service:a]\nshell=yes\ncommand=%s\n", cases[i].command);
		l = load_good(text);
		cr_expect_eq(diag_count(l.diag), 0, "%s", cases[i].command);
		unload(&l);
	}
}

Test(config, values_are_unquoted_once)
{
	struct loaded l = load_good("[service:a]\ncommand=x\nenv.A = \" a ; b \" ; comment\nenv.B = 'it\"s'\nenv.C = it's # x\n"
				    "env.D = a;b#c\nenv.E = \"a\" \"b\"\nenv.F =\nenv.G = \"\"\nenv.H: colon\n");
	struct spec *s = only(&l);
	static const char *const env[] = { "A= a ; b ", "B=it\"s", "C=it's", "D=a;b#c", "E=\"a\" \"b\"", "F=", "G=", "H=colon" };

	cr_assert_eq(s->env.n, sizeof(env) / sizeof(*env));
	for (size_t i = 0; i < s->env.n; i++)
		cr_expect_str_eq(s->env.v[i], env[i]);
	unload(&l);
}

Test(config, caps_and_times_that_make_little_sense_are_warned_of)
{
	struct loaded l = load_good("[service:a]\ncommand=x\nmemory_max=100M\nmax_memory_restart=100M\nkill_timeout=9s\n");

	cr_expect_eq(diag_count(l.diag), 2);
	cr_expect(says(&l, ":3: warning: [service:a] memory_max = 100M: memory_max is not above"));
	cr_expect(says(&l, ":5: warning: [service:a] kill_timeout = 9s: longer than [pm1] shutdown_timeout"));
	unload(&l);
	l = load_good("[defaults]\nkill_timeout=9s\n[service:a]\ncommand=x\n[service:b]\ncommand=x\n");
	cr_expect_eq(diag_count(l.diag), 1);
	cr_expect(says(&l, ":2: warning: [defaults] kill_timeout"));
	unload(&l);
	l = load_good("[service:a]\ncommand=x\nkill_timeout=9s\n[pm1]\nshutdown_timeout=10s\n");
	cr_expect_eq(diag_count(l.diag), 0);
	unload(&l);
}

Test(config, instances_follow_the_cpus)
{
	struct loaded l = load_good("[service:a]\ncommand=x\ninstances=max\n[service:b]\ncommand=x\ninstances=0\n"
				    "[service:c]\ncommand=x\ninstances=-1000\n");

	cr_expect_geq(l.c.specs[0]->instances, 1);
	cr_expect_eq(l.c.specs[0]->instances, l.c.specs[1]->instances);
	cr_expect_eq(l.c.specs[2]->instances, 1);
	unload(&l);
}

Test(config, instances_are_limited_in_all)
{
	static char text[64 * 100];
	size_t n = 0;

	for (int i = 0; i < 10; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "[service:s%d]\ncommand=x\ninstances=1024\n", i);
	refuses(text, "[service:s9]: more than 10000 instances in all");
}

Test(config, key_lines_are_kept)
{
	struct loaded l = load_good("[service:a]\ncommand=x\n\n\nmin_uptime=2s\n");
	size_t i;

	cr_assert_not_null(keys_find("min_uptime", KEY_IN_SERVICE, &i));
	cr_expect_eq(only(&l)->key_line[i], 5);
	cr_assert_not_null(keys_find("user", KEY_IN_SERVICE, &i));
	cr_expect_eq(only(&l)->key_line[i], 0);
	unload(&l);
}

/* Thousands of services load in time that grows with their number alone: a quadratic search would not
 * end within the test's time. */
Test(config, ten_thousand_services_load, .timeout = 30)
{
	struct loaded l = { .diag = diag_new() };
	size_t size = 10000 * 80;
	char *text = malloc(size);
	size_t n = 0;

	for (int i = 0; i < 10000; i++)
		n += (size_t)snprintf(text + n, size - n, "[service:s%d]\ncommand=run %d\nenv.N=%d\nkill_timeout=9s\n", i, i, i);
	l.r = config_parse("/srv/app/pm1.ini", text, n, NULL, l.diag, &l.c);
	cr_expect_eq(l.r, 0);
	cr_expect_eq(l.c.n, 10000);
	cr_expect_str_eq(l.c.specs[9999]->env.v[0], "N=9999");
	free(text);
	unload(&l);
}

Test(config, an_adhoc_service_has_its_options_and_the_callers_environment)
{
	char *const argv[] = { (char *)"/usr/bin/node", (char *)"a b.js", NULL };
	char *const env[] = { (char *)"PATH=/bin", NULL };
	char *const options[] = { (char *)"max_memory_restart=50M", (char *)"out=o.log", (char *)"env.X=\"${Y}\"", NULL };
	struct diag *d = diag_new();
	struct spec *s = NULL;

	cr_assert_eq(config_adhoc(NULL, argv, "/home/me", env, options, d, &s), 0);
	cr_expect_str_eq(s->name, "node");
	cr_expect_null(s->file);
	cr_expect_str_eq(s->cwd, "/home/me");
	cr_expect_str_eq(s->argv.v[1], "a b.js");
	cr_expect_str_eq(s->command, "/usr/bin/node 'a b.js'");
	cr_expect_eq(s->max_memory_restart, 50u << 20);
	cr_expect_str_eq(s->out_file, "/home/me/o.log");
	cr_expect_str_eq(s->env.v[0], "X=\"${Y}\"", "a shell has been there already");
	cr_expect_str_eq(s->env_base.v[0], "PATH=/bin");
	spec_unref(s);
	diag_free(d);
}

Test(config, an_adhoc_line_goes_to_a_shell_when_asked)
{
	char *const argv[] = { (char *)"sleep 1 | cat", NULL };
	char *const options[] = { (char *)"shell=yes", NULL };
	struct diag *d = diag_new();
	struct spec *s = NULL;

	cr_assert_eq(config_adhoc("line", argv, "/", NULL, options, d, &s), 0);
	cr_expect_eq(s->argv.n, 3);
	cr_expect_str_eq(s->argv.v[2], "sleep 1 | cat");
	spec_unref(s);
	diag_free(d);
}

Test(config, adhoc_faults_are_told_without_a_file)
{
	char *const argv[] = { (char *)"./run.sh", NULL };
	char *const empty[] = { NULL };
	char *const options[] = { (char *)"memroy_max=1", (char *)"what", NULL };
	struct diag *d = diag_new();
	struct spec *s = NULL;

	cr_expect_eq(config_adhoc("a b", argv, "/", NULL, NULL, d, &s), -EINVAL);
	cr_expect_eq(config_adhoc("a", empty, "/", NULL, NULL, d, &s), -EINVAL);
	cr_expect_eq(config_adhoc(NULL, argv, "/", NULL, options, d, &s), -EINVAL);
	cr_expect_null(s);
	cr_expect_eq(diag_errors(d), 4);
	cr_expect(strstr(diag_text(d, 3), "did you mean memory_max?") || strstr(diag_text(d, 2), "did you mean memory_max?"));
	diag_free(d);
}
