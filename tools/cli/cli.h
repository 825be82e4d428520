/* cli - `pm1 VERB`: asks the supervisor over its socket and prints what it says.
 *
 * Exit codes: 0 done, 1 not done (the reason is on stderr), 2 faults in a configuration. */
#ifndef PM1_CLI_CLI_H
#define PM1_CLI_CLI_H

/* argv as the process got it: argv[0] is the program, argv[1] the verb or an option. Returns the exit code. */
int cli_main(int argc, char **argv);

#endif
