/* spawn - brings up the supervisor of this user when `start` finds none. */
#ifndef PM1_CLI_SPAWN_H
#define PM1_CLI_SPAWN_H

#include "tools/cli/client.h"
#include "tools/cli/command.h"

/* Runs this program as `daemon --ready-fd N [FILE]` and waits, at most 10 s, until its socket listens. `file` and its `overlay` may be NULL. Returns the
 * exit code; when it isn't EXIT_DONE the reason is on stderr. *ret_taken: another `start` at the same moment was faster, and its
 * daemon owns the socket, or is about to listen there. */
int spawn_daemon(const struct cli *c, const char *file, const char *overlay, bool *ret_taken);
/* The same, then connects to it. *ret_fresh: it was brought up by this very call. */
int spawn_connect(const struct cli *c, const char *file, const char *overlay, struct client *client, bool *ret_fresh);

#endif
