#include "bare/options.h"

#include "base/banned.h"

#include <criterion/criterion.h>
#include <signal.h>

static const char *const *environment; /* name, value, ..., NULL */
static struct bare_options o;
static char wrong[256];

static const char *env(const char *name)
{
	for (const char *const *e = environment; e && *e; e += 2)
		if (strcmp(*e, name) == 0)
			return e[1];
	return NULL;
}

/* The words of a command line, the name first. */
static enum bare_parsed parse(const char *line)
{
	static char copy[512];
	static char *argv[32];
	int argc = 0;
	char *save = NULL;

	cr_assert_lt(snprintf(copy, sizeof(copy), "%s", line), (int)sizeof(copy));
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	memset(&o, 0xff, sizeof(o)); /* what was there before must not matter */
	wrong[0] = '\0';
	return bare_parse(argc, argv, env, &o, wrong, sizeof(wrong));
}

static void goes(const char *line)
{
	cr_assert_eq(parse(line), BARE_GO, "%s: %s", line, wrong);
}

static int rewritten(void)
{
	int n = 0;

	for (int i = 0; i < BARE_SIGNALS; i++)
		n += o.rewrite[i] >= 0;
	return n;
}

static int expected(void)
{
	int n = 0;

	for (int i = 0; i < 256; i++)
		n += o.expected[i];
	return n;
}

Test(bare_options, the_name_of_the_file_decides_whose_place_it_takes)
{
	static const struct {
		const char *argv0;
		enum bare_as as;
	} names[] = {
		{ "pm1", BARE_PM1 },
		{ "/usr/bin/pm1", BARE_PM1 },
		{ "", BARE_PM1 },
		{ "/", BARE_PM1 },
		{ "tini", BARE_TINI },
		{ "/sbin/tini", BARE_TINI },
		{ "/usr/bin/tini-static", BARE_TINI },
		{ "/sbin/docker-init", BARE_TINI },
		{ "dumb-init", BARE_DUMB_INIT },
		{ "./dumb-init", BARE_DUMB_INIT },
		{ "/tini/sh", BARE_PM1 },
		{ "dumb-init/", BARE_PM1 },
		{ "tinier", BARE_PM1 },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		cr_expect_eq(bare_persona(names[i].argv0), names[i].as, "'%s'", names[i].argv0);
}

Test(bare_options, without_flags_nothing_is_on)
{
	goes("/usr/bin/pm1 -- sleep 1");
	cr_expect_eq(o.as, BARE_PM1);
	cr_expect_str_eq(o.name, "pm1");
	cr_expect(!o.subreaper && !o.group && !o.setsid && !o.warn_reaped);
	cr_expect_eq(o.verbosity, 0);
	cr_expect_eq(o.death_signal, 0);
	cr_expect_eq(rewritten(), 0);
	cr_expect_eq(expected(), 0);
	cr_expect_str_eq(o.command[0], "sleep");
	cr_expect_str_eq(o.command[1], "1");
	cr_expect_null(o.command[2]);
}

static void flags_of_tini(const char *name)
{
	char line[128];

	snprintf(line, sizeof(line), "%s -s -g -w -v -v -p SIGUSR1 -e 143 -e 0 -e 255 -- cmd -g", name);
	goes(line);
	cr_expect(o.subreaper && o.group && o.warn_reaped && !o.setsid);
	cr_expect_eq(o.verbosity, o.as == BARE_PM1 ? 2 : 3);
	cr_expect_eq(o.death_signal, SIGUSR1);
	cr_expect(o.expected[143] && o.expected[0] && o.expected[255]);
	cr_expect_eq(expected(), 3);
	cr_expect_str_eq(o.command[0], "cmd");
	cr_expect_str_eq(o.command[1], "-g");

	/* One word, with the value at its end or after it; the command needs no "--". */
	snprintf(line, sizeof(line), "%s -sgwvvpTERM -e7 cmd -s", name);
	goes(line);
	cr_expect(o.subreaper && o.group && o.warn_reaped);
	cr_expect_eq(o.death_signal, SIGTERM);
	cr_expect(o.expected[7]);
	cr_expect_str_eq(o.command[0], "cmd");
	snprintf(line, sizeof(line), "%s -gp 9 cmd", name);
	goes(line);
	cr_expect(o.group && !o.subreaper);
	cr_expect_eq(o.death_signal, 9);
}

Test(bare_options, pm1_tini_and_docker_init_have_the_same_flags)
{
	flags_of_tini("pm1");
	flags_of_tini("tini");
	flags_of_tini("/sbin/docker-init");
}

Test(bare_options, pm1_alone_rewrites_signals_with_tinis_flags)
{
	goes("pm1 -r TERM:INT -r SIGHUP:0 -r10:12 -r RTMIN+1:usr1 -g cmd");
	cr_expect_eq(o.rewrite[SIGTERM], SIGINT);
	cr_expect_eq(o.rewrite[SIGHUP], 0);
	cr_expect_eq(o.rewrite[10], 12);
	cr_expect_eq(o.rewrite[SIGRTMIN + 1], SIGUSR1);
	cr_expect_eq(rewritten(), 4);
	cr_expect(o.group);
	cr_expect_eq(parse("tini -r 15:2 cmd"), BARE_WRONG);
	cr_expect_str_eq(wrong, "unknown flag: -r");
}

Test(bare_options, the_last_rewrite_of_a_signal_holds)
{
	goes("pm1 -r 15:2 -r 15:3 cmd");
	cr_expect_eq(o.rewrite[15], 3);
	cr_expect_eq(rewritten(), 1);
}

Test(bare_options, dumb_init_has_a_session_and_its_group_by_default)
{
	goes("/usr/bin/dumb-init cmd -c");
	cr_expect_eq(o.as, BARE_DUMB_INIT);
	cr_expect_str_eq(o.name, "dumb-init");
	cr_expect(o.setsid && o.group && !o.subreaper);
	cr_expect_eq(o.verbosity, 0);
	cr_expect_str_eq(o.command[1], "-c");
	/* A group without a parent in its session can't be stopped by TSTP and the like. */
	cr_expect_eq(o.rewrite[SIGTSTP], SIGSTOP);
	cr_expect_eq(o.rewrite[SIGTTIN], SIGSTOP);
	cr_expect_eq(o.rewrite[SIGTTOU], SIGSTOP);
	cr_expect_eq(rewritten(), 3);
}

Test(bare_options, a_rewrite_of_a_stop_is_not_undone_by_dumb_inits_own)
{
	goes("dumb-init -r 20:15 -r 21:0 cmd");
	cr_expect_eq(o.rewrite[SIGTSTP], SIGTERM);
	cr_expect_eq(o.rewrite[SIGTTIN], 0);
	cr_expect_eq(o.rewrite[SIGTTOU], SIGSTOP);
}

Test(bare_options, dumb_inits_single_child_keeps_session_and_signals)
{
	static const char *const lines[] = { "dumb-init -c cmd", "dumb-init --single-child -- cmd", "dumb-init -vc cmd" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		goes(lines[i]);
		cr_expect(!o.setsid && !o.group, "%s", lines[i]);
		cr_expect_eq(rewritten(), 0, "%s", lines[i]);
	}
	cr_expect_eq(o.verbosity, 3);
}

Test(bare_options, dumb_inits_long_flags_take_values_in_both_ways)
{
	goes("dumb-init --verbose --rewrite 15:3 --rewrite=1:0 cmd");
	cr_expect_eq(o.verbosity, 3);
	cr_expect_eq(o.rewrite[15], 3);
	cr_expect_eq(o.rewrite[1], 0);
}

Test(bare_options, tini_reads_its_three_variables)
{
	environment = (const char *[]){ "TINI_SUBREAPER", "", "TINI_KILL_PROCESS_GROUP", "0", "TINI_VERBOSITY", "3", NULL };
	static const char *const names[] = { "pm1 -- cmd", "tini cmd", "docker-init cmd" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		goes(names[i]);
		/* As in tini, to be there is enough. */
		cr_expect(o.subreaper && o.group, "%s", names[i]);
		cr_expect_eq(o.verbosity, 3, "%s", names[i]);
	}
	goes("dumb-init cmd");
	cr_expect(!o.subreaper);
	cr_expect_eq(o.verbosity, 0);
}

Test(bare_options, tini_warns_by_default_and_a_senseless_verbosity_changes_nothing)
{
	goes("tini cmd");
	cr_expect_eq(o.verbosity, 1);
	environment = (const char *[]){ "TINI_VERBOSITY", "0", NULL };
	goes("tini cmd");
	cr_expect_eq(o.verbosity, 0);
	environment = (const char *[]){ "TINI_VERBOSITY", "loud", NULL };
	goes("tini cmd");
	cr_expect_eq(o.verbosity, 1);
	goes("pm1 -- cmd");
	cr_expect_eq(o.verbosity, 0);
}

Test(bare_options, dumb_init_reads_its_two_variables)
{
	environment = (const char *[]){ "DUMB_INIT_SETSID", "0", "DUMB_INIT_DEBUG", "1", NULL };
	goes("dumb-init cmd");
	cr_expect(!o.setsid && !o.group);
	cr_expect_eq(o.verbosity, 3);
	cr_expect_eq(rewritten(), 0);
	goes("tini cmd");
	cr_expect_eq(o.verbosity, 1);
	environment = (const char *[]){ "DUMB_INIT_SETSID", "1", "DUMB_INIT_DEBUG", "0", NULL };
	goes("dumb-init cmd");
	cr_expect(o.setsid && o.group);
	cr_expect_eq(o.verbosity, 0);
}

Test(bare_options, help_and_version_win_over_what_comes_after)
{
	static const struct {
		const char *line;
		enum bare_parsed parsed;
	} lines[] = {
		{ "pm1 -s -h", BARE_HELP },		{ "pm1 -s --help", BARE_HELP },	     { "tini -h --nonsense", BARE_HELP },
		{ "tini --version", BARE_VERSION },	{ "tini -l", BARE_VERSION },	     { "dumb-init -h", BARE_HELP },
		{ "dumb-init --help", BARE_HELP },	{ "dumb-init -V", BARE_VERSION },    { "dumb-init --version", BARE_VERSION },
		{ "docker-init --version", BARE_VERSION }, { "tini -gh cmd", BARE_HELP }, { "tini -- -h", BARE_GO },
		{ "tini cmd --version", BARE_GO },	{ "dumb-init cmd -V", BARE_GO },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		cr_expect_eq(parse(lines[i].line), lines[i].parsed, "%s", lines[i].line);
}

Test(bare_options, a_fault_names_the_flag_and_what_was_given)
{
	static const char *const faults[][2] = {
		{ "pm1 -s", "no command was given" },
		{ "pm1 -s --", "no command was given" },
		{ "tini", "no command was given" },
		{ "dumb-init -c", "no command was given" },
		{ "tini -x cmd", "unknown flag: -x" },
		{ "tini -gx cmd", "unknown flag: -x" },
		{ "tini --single-child cmd", "unknown flag: --single-child" },
		{ "pm1 --verbose cmd", "unknown flag: --verbose" },
		{ "dumb-init -g cmd", "unknown flag: -g" },
		{ "dumb-init --rewrites 1:2 cmd", "unknown flag: --rewrites" },
		{ "tini -p SIGNONE cmd", "-p takes a signal such as SIGTERM, not: SIGNONE" },
		{ "tini -p 0 cmd", "-p takes a signal such as SIGTERM, not: 0" },
		{ "tini -p", "-p takes a signal such as SIGTERM, not: nothing" },
		{ "tini -e 256 cmd", "-e takes an exit code from 0 to 255, not: 256" },
		{ "tini -e -1 cmd", "-e takes an exit code from 0 to 255, not: -1" },
		{ "tini -e 1x cmd", "-e takes an exit code from 0 to 255, not: 1x" },
		{ "tini -e", "-e takes an exit code from 0 to 255, not: nothing" },
		{ "pm1 -r 15 cmd", "-r takes FROM:TO, two signals (TO may be 0), not: 15" },
		{ "pm1 -r 0:1 cmd", "-r takes FROM:TO, two signals (TO may be 0), not: 0:1" },
		{ "pm1 -r 65:1 cmd", "-r takes FROM:TO, two signals (TO may be 0), not: 65:1" },
		{ "pm1 -r 1:65 cmd", "-r takes FROM:TO, two signals (TO may be 0), not: 1:65" },
		{ "pm1 -r 1: cmd", "-r takes FROM:TO, two signals (TO may be 0), not: 1:" },
		{ "pm1 -r :1 cmd", "-r takes FROM:TO, two signals (TO may be 0), not: :1" },
		{ "pm1 -r 1:2:3 cmd", "-r takes FROM:TO, two signals (TO may be 0), not: 1:2:3" },
		{ "pm1 -r 1111111111111111111111111111111111111111:1 cmd",
		  "-r takes FROM:TO, two signals (TO may be 0), not: 1111111111111111111111111111111111111111:1" },
		{ "dumb-init --rewrite", "-r takes FROM:TO, two signals (TO may be 0), not: nothing" },
		{ "dumb-init --rewrite= cmd", "-r takes FROM:TO, two signals (TO may be 0), not: " },
		{ "dumb-init --verbose=3 cmd", "--verbose takes no value, not: 3" },
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		cr_expect_eq(parse(faults[i][0]), BARE_WRONG, "%s", faults[i][0]);
		cr_expect_str_eq(wrong, faults[i][1], "%s: '%s'", faults[i][0], wrong);
	}
}

Test(bare_options, foreign_text_in_a_fault_is_escaped_and_cut)
{
	char word[512];
	char *argv[] = { (char *)"tini", (char *)"-p", word, (char *)"cmd", NULL };

	memset(word, 'x', sizeof(word) - 1);
	memcpy(word, "\033[2J\n", 5);
	word[sizeof(word) - 1] = '\0';
	cr_expect_eq(bare_parse(4, argv, env, &o, wrong, sizeof(wrong)), BARE_WRONG);
	cr_expect_null(strchr(wrong, '\033'));
	cr_expect_null(strchr(wrong, '\n'));
	cr_expect_lt(strlen(wrong), sizeof(wrong));
}

Test(bare_options, a_lone_dash_is_a_command)
{
	goes("tini -g - x");
	cr_expect_str_eq(o.command[0], "-");
	cr_expect_str_eq(o.command[1], "x");
}

Test(bare_options, each_flag_is_in_the_help_of_who_knows_it)
{
	static const char *const tini[] = { "-s ", "-g ", "-v ", "-w ", "-p SIGNAL", "-e CODE", "-h", "--version" };
	static const char *const dumb[] = { "-c, --single-child", "-r, --rewrite", "-v, --verbose", "-h, --help", "-V, --version" };

	for (size_t i = 0; i < sizeof(tini) / sizeof(*tini); i++) {
		cr_expect(strstr(bare_usage(BARE_TINI), tini[i]), "%s", tini[i]);
		cr_expect(strstr(bare_usage(BARE_PM1), tini[i]), "%s", tini[i]);
	}
	for (size_t i = 0; i < sizeof(dumb) / sizeof(*dumb); i++)
		cr_expect(strstr(bare_usage(BARE_DUMB_INIT), dumb[i]), "%s", dumb[i]);
	cr_expect(strstr(bare_usage(BARE_PM1), "-r FROM:TO"));
	cr_expect_null(strstr(bare_usage(BARE_TINI), "-r FROM:TO"), "tini has no -r");
	cr_expect(strstr(bare_usage(BARE_TINI), "tini [OPTIONS]"));
	cr_expect(strstr(bare_usage(BARE_PM1), "pm1 [OPTIONS]"));
}
