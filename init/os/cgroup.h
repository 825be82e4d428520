/* cgroup - containment by the kernel, behind one interface.
 *
 * Three back ends: v2, v1 (memory, and pids or freezer where writable), none. Chosen at start by what
 * can really be written (statfs magic first: /sys/fs/cgroup of a v1 container is a
 * writable tmpfs and proves nothing). When pm1 sits in the root of its cgroup namespace
 * it first moves itself into a leaf: subtree_control answers EBUSY until then. */
#ifndef PM1_OS_CGROUP_H
#define PM1_OS_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroups; /* the back end and its base folder */
struct cgroup; /* one service instance's */

enum cgroup_kind { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };

/* Always succeeds but for -ENOMEM: without a writable cgroup the kind is CGROUP_NONE. */
int cgroups_open(struct cgroups **ret);
void cgroups_close(struct cgroups *c); /* removes the base folder when empty; moves pm1 back where it was */
enum cgroup_kind cgroups_kind(const struct cgroups *c);
bool cgroups_has_memory(const struct cgroups *c); /* memory limits can be set */
/* "cgroup v2 at /sys/fs/cgroup/pm1-7 (memory pids)", "none: cgroup v2 is mounted read-only". Borrowed. */
const char *cgroups_text(const struct cgroups *c);

/* One fd to watch for EPOLLIN (inotify, or an epoll of eventfds), or -1; then cgroups_next() until NULL
 * names each cgroup that may have news. */
int cgroups_fd(const struct cgroups *c);
struct cgroup *cgroups_next(struct cgroups *c);

/* `name` becomes the folder's name (already of safe bytes); a stale folder is emptied and reused, or a suffix added.
 * `owner` is the caller's and returned by cgroup_owner(). */
int cgroup_new(struct cgroups *c, const char *name, void *owner, struct cgroup **ret);
void cgroup_free(struct cgroup *g); /* rmdir; a busy folder is left for the next start to reuse. NULL is fine */
void *cgroup_owner(const struct cgroup *g);

/* memory_max: the kernel's cap, 0 none. memory_notice: news when the service's own memory (page cache
 * apart) passes this, 0 none: v2 memory.high, lifted again at the event so that the service isn't throttled; v1 a
 * usage threshold. Also switches on the OOM news. 0 or the first -errno, *ret_file naming the control file it was. */
int cgroup_limit_memory(struct cgroup *g, uint64_t memory_max, uint64_t memory_notice, const char **ret_file);

/* From the next cgroup_limit_memory() on: the kernel kills one process for want of memory, not all (where it can, on v2). Its news
 * come then without a limit, too. */
void cgroup_oom_alone(struct cgroup *g, bool alone);

struct cgroup_memory {
	uint64_t current; /* bytes charged */
	uint64_t working; /* without page cache that can be dropped */
	uint64_t peak; /* highest ever, 0 unknown */
	uint64_t oom_kills; /* rises at an OOM kill; counts more than processes */
	uint64_t max_hits; /* how often the cap was hit */
};
int cgroup_memory(const struct cgroup *g, struct cgroup_memory *ret);

/* CPU time used in microseconds, or -errno. */
int cgroup_cpu(const struct cgroup *g, uint64_t *ret_usec);

int cgroup_dirfd(const struct cgroup *g); /* v2: for CLONE_INTO_CGROUP; else -1 */
/* Up to `max` fds that the child writes "0" to, to join by itself (after fork, so opened beforehand). The count. Owned by the cgroup. */
size_t cgroup_join_fds(const struct cgroup *g, int *fds, size_t max);

int cgroup_empty(const struct cgroup *g); /* 1, 0, -errno. Zombies that pm1 has not reaped yet don't count */
/* The processes in it: stores up to max pids, returns how many there are, or -errno. */
ssize_t cgroup_pids(const struct cgroup *g, pid_t *pids, size_t max);
/* SIGKILL to everything in it: cgroup.kill, or freeze-free repeated kills for a fork race; bounded rounds. 0 or -errno. */
int cgroup_kill(struct cgroup *g);

#endif
