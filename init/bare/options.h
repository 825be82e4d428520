/* options - how a bare init is called: as pm1, or in the place of tini, docker-init or dumb-init.
 *
 * argv[0] decides whose flags and environment variables are read and whose defaults hold, so that a link of that
 * name replaces the program in place. Pure: the environment comes as a function. */
#ifndef PM1_BARE_OPTIONS_H
#define PM1_BARE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum bare_as { BARE_PM1, BARE_TINI, BARE_DUMB_INIT };

#define BARE_SIGNALS 65 /* 1..64, by number */

struct bare_options {
	enum bare_as as;
	const char *name; /* what to call ourselves: the basename of argv[0] */
	bool subreaper; /* -s, TINI_SUBREAPER */
	bool group; /* -g, TINI_KILL_PROCESS_GROUP: signals go to the child's process group */
	bool setsid; /* dumb-init's default: a session of its own, and signals to all of its group */
	bool warn_reaped; /* -w */
	int verbosity; /* 0 errors, 1 warnings, 2 info, 3 debug */
	int death_signal; /* -p, 0: none */
	bool expected[256]; /* -e: these exit codes become 0 */
	signed char rewrite[BARE_SIGNALS]; /* -r: what a signal is passed on as; 0 drops it; -1 as it is */
	char *const *command; /* borrowed from argv, NULL-ended */
};

enum bare_parsed { BARE_GO, BARE_HELP, BARE_VERSION, BARE_WRONG };

enum bare_as bare_persona(const char *argv0);
/* Fills *ret. BARE_WRONG: `wrong` has one line, without a newline. */
enum bare_parsed bare_parse(int argc, char *const *argv, const char *(*env)(const char *name), struct bare_options *ret,
			    char *wrong, size_t size);
const char *bare_usage(enum bare_as as);

#endif
