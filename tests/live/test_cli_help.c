/* Help and the man page: made from the tables, they name all that there is. */
#include "tests/live/call.h"

#include <string.h>

Test(cli_help, help_lists_every_verb_and_knows_each)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[service:web]\ncommand = @PROG@ wait\n");
	struct called all = call(&l, "help");
	cr_assert_eq(all.code, 0);
	static const char *const verbs[] = { "run", "check", "start", "stop", "restart", "delete", "send-signal", "reset", "status",
					     "describe", "jlist", "prettylist", "pid", "id", "logs", "flush", "reload-logs", "ping",
					     "kill", "reload-config", "poweroff", "reboot", "halt", "help", "version" };
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		cr_assert(strstr(all.out, verbs[i]), "help has no %s", verbs[i]);
		struct called c = call(&l, "help", verbs[i]);
		cr_assert(c.code == 0 && strstr(c.out, verbs[i]), "help %s: %d %s", verbs[i], c.code, c.err);
		c = call(&l, verbs[i], "--help");
		cr_assert(c.code == 0 && strstr(c.out, verbs[i]), "%s --help: %d %s", verbs[i], c.code, c.err);
	}
	/* What only asked for help did nothing. */
	live_status(&l, "web", "online");
	cr_assert(strstr(call(&l, "help", "keys").out, "memory_max"));
	cr_assert(strncmp(call(&l, "help", "--man").out, ".TH PM1", 7) == 0);
	cr_assert_eq(live_stop(&l), 0);
}

/* Without a pm1: help asks nobody. */
static struct called in_an_empty_folder(const char *const *args)
{
	struct live l;
	call_home(&l, NULL);
	struct called c = call_how(&l, 0, args);
	call_end(&l);
	return c;
}

#define help(...) in_an_empty_folder((const char *const[]){ "help", __VA_ARGS__, NULL })

Test(cli_help, a_key_is_found_by_each_of_its_names)
{
	static const char *const names[] = { "max_memory_restart", "maxMemoryRestart", "stop_signal", "kill_signal", "env.PORT", "exit_when" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct called c = help(names[i]);
		cr_assert(c.code == 0 && c.out[0] == '[', "help %s: %d %s%s", names[i], c.code, c.out, c.err);
	}
	cr_assert(strstr(help("kill_signal").out, "  stop_signal\n"));
	cr_assert(strstr(help("exit_when").out, "[pm1]\n  exit_when\n"));
	cr_assert_eq(help("no_such_key").code, 1);
}

Test(cli_help, the_bare_init_has_a_page_with_its_flags)
{
	struct called c = help("--");
	cr_assert_eq(c.code, 0, "%s", c.err);
	for (const char *flag = "sgvwper"; *flag; flag++) {
		char text[] = { ' ', '-', *flag, ' ', 0 };
		cr_assert(strstr(c.out, text), "no -%c in %s", *flag, c.out);
	}
}

Test(cli_help, no_line_is_wider_than_a_terminal)
{
	static const char *const pages[] = { "keys", "run", "--", "start", "logs", "status", "describe", "help" };
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		struct called c = help(pages[i]);
		for (const char *line = c.out; *line;) {
			size_t n = strcspn(line, "\n");
			cr_expect_lt(n, 80, "help %s: %.*s", pages[i], (int)n, line);
			line += n + (line[n] == '\n');
		}
	}
}

Test(cli_help, the_man_page_has_its_sections_and_every_verb_and_key)
{
	static const char *const parts[] = { ".SH NAME\n", ".SH SYNOPSIS\n", ".SH DESCRIPTION\n", ".SH MODES\n", ".SH VERBS\n",
					     ".SH OPTIONS\n", ".SH KEYS OF [service:NAME] AND [defaults]\n", ".SH KEYS OF [pm1]\n",
					     ".SH FILES\n", ".SH ENVIRONMENT\n", ".SH SIGNALS\n", ".SH EXIT STATUS\n",
					     ".SH EXAMPLES\n", "\n.BR run ", "\n.BR describe ", "\n.B max_memory_restart\n",
					     "\n.B shutdown_timeout\n", "\n.B env.\\fINAME" };
	struct called c = help("--man");
	const char *at = c.out;
	cr_assert(c.code == 0 && strncmp(c.out, ".TH PM1 1 ", 10) == 0, "%s%s", c.out, c.err);
	/* The sections stand in this order. */
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const char *here = strstr(parts[i][0] == '.' ? at : c.out, parts[i]);
		cr_assert(here, "no '%s' (in its place)", parts[i]);
		if (parts[i][0] == '.')
			at = here;
	}
}

