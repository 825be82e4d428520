/* bare - starts an init with one child, ours or another, for the tests of it.
 *
 * What is started fills a struct live, so that its waiters and its end serve here too. */
#ifndef PM1_TESTS_BARE_H
#define PM1_TESTS_BARE_H

#include "tests/live/live.h"

struct bare_run {
	const char *as; /* argv[0]'s last part: a link of that name to pm1; NULL: pm1 itself */
	const char *program; /* this in place of pm1, by its path */
	const char *line; /* the words after argv[0], with spaces between; @PROG@ is replaced */
	const char *env; /* one NAME=VALUE, or NULL */
	const char *deny; /* the words of `deny` before its "--", or NULL */
	void (*before)(void); /* in the child, before exec */
	bool pid1; /* in a PID namespace of its own */
	bool tty; /* leads a session on a terminal; what is written to l->out is typed */
	bool quiet; /* its stderr is not kept: what the child says is compared */
	bool orphan; /* its parent ends when told so by bare_orphan() */
};

void bare_start(struct live *l, const struct bare_run *r);
/* Starts it, waits for its end; its code. Its output is in *ret_text (the caller's), if asked for. */
int bare_code(const struct bare_run *r, char **ret_text);
void bare_orphan(void); /* ends the parent of the last that was started as `orphan`, and becomes the parent itself */
void bare_type(struct live *l, const char *text);
void bare_stopped(struct live *l); /* waits until the init itself is stopped */
/* Sends each signal but waits until the child has named it (see prog's witness). Ends with 0. */
void bare_each(struct live *l, const int *sigs, const int *as);
/* The signals an init can pass on, 0-ended: all but KILL, STOP, CHLD, and those of the C library. Without `faults`, also without
 * SEGV and the like, which pm1 leaves as they are for its own sake. */
const int *bare_signals(bool faults);

#endif
