/* traffic - a running build/load (load.c says what it counts), for a test.
 *
 * What it prints is waited for, LIVE_WAIT seconds at most. Reports are borrowed and never freed: a test is a process. */
#ifndef PM1_TESTS_TRAFFIC_H
#define PM1_TESTS_TRAFFIC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct traffic {
	pid_t pid;
	int out;
	size_t n;
	char text[65536]; /* what was printed and not taken yet */
};

#define traffic_start(t, ...) traffic_begin(t, (const char *const[]){ __VA_ARGS__, NULL })
void traffic_begin(struct traffic *t, const char *const *args); /* after "load" */
void traffic_going(struct traffic *t); /* waits until each client has had an answer */
void traffic_round(struct traffic *t); /* waits until each has had one to a request that begins after now */
json_t *traffic_window(struct traffic *t); /* since the last one */
json_t *traffic_end(struct traffic *t); /* asks it to end: what is left to tell */
json_t *traffic_ended(struct traffic *t); /* waits for its end by itself */

/* traffic_count(report, "new", "refused", "bad"): the sum. */
#define traffic_count(report, kind, ...) traffic_sum(report, kind, (const char *const[]){ __VA_ARGS__, NULL })
json_int_t traffic_sum(json_t *report, const char *kind, const char *const *outcomes);
const char *traffic_text(json_t *report);
size_t traffic_bodies(json_t *report); /* how many different ones came */

const char *traffic_built(const char *name); /* the path of build/NAME */

#endif
