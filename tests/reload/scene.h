/* scene - one program as a service of pm1, in a network namespace of its own, under clients.
 *
 * The service is "web", on port 8080. @HERE@ in the INI is tests/reload, @BUILT@ the folder of what is built. */
#ifndef PM1_TESTS_SCENE_H
#define PM1_TESTS_SCENE_H

#include "tests/live/held.h"
#include "tests/live/live.h"
#include "tests/reload/traffic.h"

#define SCENE_INSTANCES_MAX 8

struct program {
	const char *ini; /* keys of the service, each line ended */
	int instances; /* 0: one */
	bool drains; /* at the stop signal it ends what it has begun, and tells its clients that it closes */
	const char *drain_timeout; /* NULL: short with clients that keep connections, which never end by themselves, else ample */
	bool nameless; /* its answers don't tell the process */
};

struct scene {
	struct live l;
	struct traffic load;
	const struct program *program;
	int clients;
	size_t n;
	struct run {
		json_int_t id, pid;
		bool up;
	} runs[SCENE_INSTANCES_MAX]; /* as they were at the last look */
};

/* Starts pm1, waits until all instances are up and every client has had an answer. */
void scene_start(struct scene *s, const struct program *p, int new, int keep);
/* `method` ("Reload", "Restart") on web: it must succeed, every process must be another one after, and the clients go on. */
void scene_renew(struct scene *s, const char *method);
/* SIGKILL to the main process of one instance after the other; waits for its successor and for the clients. */
void scene_kill(struct scene *s, int round);
json_t *scene_end(struct scene *s); /* ends both; what the load counted */

#endif
