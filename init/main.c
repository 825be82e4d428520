/* pm1 - argv decides what this process is; README.md and `pm1 help` tell of the calls. */
#include "bare/bare.h"
#include "bare/options.h"
#include "base/own.h"
#include "check.h"
#include "keyhelp.h"
#include "loop/signals.h"
#include "os/machine.h"
#include "supervisor.h"
#include "tools/cli/cli.h"
#include "tools/logd/logd.h"
#include "tools/logd/rotate.h"
#include "tools/peek/peek.h"
#include "tools/probe/probe.h"

#include <unistd.h>

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* As /sbin/init the kernel's words are no verbs of ours. */
static bool is_init_of_machine(int argc, char **argv)
{
	if (getpid() != 1)
		return false;
	const char *name = base_name(argv[0]);
	return (argc < 2 || strcmp(name, "init") == 0 || strcmp(name, "linuxrc") == 0) && machine_is_ours();
}

/* `pm1 -s -- CMD`; but help and version are the whole program's. */
static bool is_bare_flag(const char *word)
{
	static const char *const own[] = { "-h", "--help", "-V", "--version" };

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (strcmp(word, own[i]) == 0)
			return false;
	return word[0] == '-';
}

static bool wants_help(int argc, char **argv)
{
	return argc == 3 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0);
}

int main(int argc, char **argv)
{
	static const struct cli_keys keys = { keyhelp_print, keyhelp_roff, keyhelp_one };
	sigset_t mask;

	/* First of all: a signal that reaches PID 1 before it is blocked or handled is lost. */
	(void)signals_block(&mask);
	if (argc < 1)
		return 1;
	if (is_init_of_machine(argc, argv))
		return supervisor_main(SUPERVISOR_MACHINE, argc, argv);

	const char *verb = argc > 1 ? argv[1] : "";
	if (bare_persona(argv[0]) != BARE_PM1 || is_bare_flag(verb))
		return bare_main(argc, argv, &mask);
	/* `pm1 run --help` goes on to the CLI, whose table has the roles too. */
	bool help = wants_help(argc, argv);
	if (!help && strcmp(verb, "run") == 0)
		return supervisor_main(SUPERVISOR_RUN, argc, argv);
	if (!help && strcmp(verb, "daemon") == 0)
		return supervisor_main(SUPERVISOR_DAEMON, argc, argv);
	if (!help && strcmp(verb, "logd") == 0)
		return logd_main(argc, argv);
	if (strcmp(verb, "logd-tidy") == 0)
		return tidy_main(argc, argv);
	if (strcmp(verb, "peek") == 0)
		return peek_main(argc, argv);

	/* What is left talks to a person: signals end it as they end any program. */
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	if (!help && strcmp(verb, "check") == 0)
		return check_main(argc - 1, argv + 1);
	if (!help && strcmp(verb, "health-probe") == 0)
		return probe_main(argc, argv);
	if (strcmp(verb, "--version") == 0 || strcmp(verb, "-V") == 0)
		argv[1] = (char *)"version";
	else if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0)
		argv[1] = (char *)"help";
	return cli_main(argc, argv, &keys);
}
