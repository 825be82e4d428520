/* spawn_child - the child's way from fork to exec.
 *
 * Everything it needs was prepared before the fork; it makes async-signal-safe calls alone, allocates nothing, and
 * ends in exec or in a report and _exit. */
#ifndef PM1_OS_SPAWN_CHILD_H
#define PM1_OS_SPAWN_CHILD_H

#include "os/spawn.h"

#define SPAWN_JOIN_MAX 8 /* cgroup files that a child writes itself into */

struct spawn_plan {
	const struct spawn_job *job;
	char *const *candidates; /* paths to try, NULL-ended */
	int null_fd; /* /dev/null or a stand-in, for streams that go nowhere */
	int status_fd; /* the report's write end, at or over `above` */
	int join_fds[SPAWN_JOIN_MAX];
	size_t n_join; /* 0 when the kernel has put the child into its cgroup */
	int adopt_fd, adopt_parent_fd; /* -1, or the two ends of the channel of notice.h; the child's is at or over `above` */
	const char *oom_score; /* text to write, NULL: leave */
	int above; /* the lowest number that the child fills with nothing */
	char *const *own_pid; /* where the child writes its pid into its environment, NULL-ended; room for SPAWN_OWN_PID each */
};

struct spawn_note {
	int stage;
	int err;
};

_Noreturn void spawn_child(const struct spawn_plan *plan);

#endif
