/* bare - an init with one child and nothing else, as tini and dumb-init are.
 *
 * Passes signals on, reaps what is left behind, hands the terminal over, and ends with the child's code or 128 plus its signal. */
#ifndef PM1_BARE_BARE_H
#define PM1_BARE_BARE_H

#include <signal.h>

/* `inherited` is the mask pm1 was started with; all signals are blocked by now. Returns the exit code: 127 for a command that isn't there, 126 for one
 * that can't be run (dumb-init: 2 for both), 1 for wrong usage. */
int bare_main(int argc, char **argv, const sigset_t *inherited);

#endif
