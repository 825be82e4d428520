/* cli - `pm1 VERB`: asks the supervisor over its socket and prints what it says.
 *
 * Exit codes: 0 done, 1 not done (the reason is on stderr), 2 faults in a configuration. */
#ifndef PM1_CLI_CLI_H
#define PM1_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

/* Pages about the keys of an INI file. They are the model's, which no tool sees: main hands them over. */
struct cli_keys {
	void (*print)(FILE *f); /* all, for a terminal */
	void (*roff)(FILE *f); /* all, as sections of the man page */
	bool (*one)(FILE *f, const char *name); /* one key, by any of its names; false: there is none */
};

/* argv as the process got it: argv[0] is the program, argv[1] the verb or an option. Returns the exit code. */
int cli_main(int argc, char **argv, const struct cli_keys *keys);

#endif
