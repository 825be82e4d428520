/* kin - which processes belong to a service when there is no cgroup.
 *
 * A process is kin when it is the main process, when its session is the main's, when
 * its environment bears the service's mark (PM1_ID=..., set at spawn and inherited
 * through any double fork and setsid), or when its parent is kin. Works in an
 * unprivileged container; a process that leaves the session AND rewrites its
 * environment after its parent died is the one that is missed. */
#ifndef PM1_OS_KIN_H
#define PM1_OS_KIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define KIN_MAX 4096 /* processes of one service that are looked at in one walk */

/* Whether pm1 has any living child that is not in `known` (sorted pids of the mains and helpers): when it has none, no ended main
 * left anything behind that could be reparented. Cheap: /proc/self/task/TID/children. 1, 0, -errno (no /proc, or no children file). */
int kin_strangers(const pid_t *known, size_t n);

/* The living (not zombie) kin of a main that may already have ended; main_pid itself included when it lives. `mark` is the whole
 * entry "PM1_ID=x.y". Stores up to max, returns how many or -errno (-ENOENT without /proc). */
ssize_t kin_find(pid_t main_pid, const char *mark, pid_t *pids, size_t max);

/* Whether that one is among them: from it up through its parents, however many others there are. Deeper than KIN_DEPTH_MAX is none. */
#define KIN_DEPTH_MAX 256
bool kin_is(pid_t pid, pid_t main_pid, const char *mark);

struct kin_usage {
	uint64_t memory; /* bytes: PSS where readable, else RSS */
	bool pss;
	uint64_t cpu_usec; /* user and system time of the living ones */
};
/* Sums over the kin. A process that vanishes meanwhile is passed over. Without `memory` that stays 0: for PSS the kernel walks all
 * pages, half of the cost. */
int kin_usage(const pid_t *pids, size_t n, bool memory, struct kin_usage *ret);

bool kin_has_ended(pid_t pid); /* it is no more, or a zombie */
int kin_parent(pid_t pid, pid_t *ret); /* 0 or -errno */
int kin_group(pid_t pid, pid_t *ret); /* its process group: likewise */
/* Start time of a pid in clock ticks since boot, to tell a reused pid. */
int kin_start_time(pid_t pid, uint64_t *ret);

#endif
