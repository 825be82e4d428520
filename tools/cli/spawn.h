/* spawn - brings up the supervisor of this user when `start` finds none. */
#ifndef PM1_CLI_SPAWN_H
#define PM1_CLI_SPAWN_H

#include "tools/cli/command.h"

/* Runs this program as `daemon --ready-fd N [FILE]` and waits, at most 10 s, until its socket listens. `file` may be NULL. Returns the
 * exit code; when it isn't EXIT_DONE the reason is on stderr. *ret_taken: another `start` at the same moment was faster, and its
 * daemon owns the socket, or is about to listen there. */
int spawn_daemon(const struct cli *c, const char *file, bool *ret_taken);

#endif
