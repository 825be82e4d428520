/* call - one run of `pm1 VERB`: its exit code and what it said.
 *
 * It runs in the folder of a struct live, with PM1_HOME there, so that it finds the pm1 of the test. call_home() makes
 * a folder without a pm1, for `pm1 start`: what that leaves behind lives in namespaces that end with the test. */
#ifndef PM1_TESTS_CALL_H
#define PM1_TESTS_CALL_H

#include "tests/live/live.h"

enum {
	CALL_TERMINAL = 1, /* standard output is a terminal of 200 columns */
	CALL_NO_COLOR = 2, /* NO_COLOR=1 */
};

struct called {
	int code; /* exit code, or 128 + signal */
	char *out, *err; /* NUL-ended; never freed: a test is a process */
};

#define call(l, ...) call_how(l, 0, (const char *const[]){ __VA_ARGS__, NULL })
struct called call_how(struct live *l, int how, const char *const *args);
/* The same, without waiting for its end: call_wait() does. */
struct calling {
	pid_t pid;
	int out, err; /* -1: closed */
	struct called so_far;
};
struct calling call_begin(struct live *l, int how, const char *const *args);
void call_look(struct calling *c); /* takes what it has said so far */
void call_line(struct calling *c, const char *part); /* waits until its standard output holds it */
struct called call_wait(struct calling *c);

/* A call that must succeed, with --json added; what it printed, parsed. */
#define call_json(l, ...) call_parsed(l, (const char *const[]){ __VA_ARGS__, "--json", NULL })
json_t *call_parsed(struct live *l, const char *const *args);
json_t *call_at(json_t *j, const char *where); /* "services.0.pm2_env.status", or NULL */
const char *call_text(json_t *j, const char *where); /* "" when it isn't there */

void call_home(struct live *l, const char *ini); /* `ini` may be NULL */
int call_left(void); /* how many processes there are in the home's namespaces */
void call_left_is(int n); /* waits */
void call_end(struct live *l); /* ends the namespaces, removes the folder */

#endif
