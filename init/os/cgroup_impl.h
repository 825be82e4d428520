/* cgroup_impl - what a cgroup back end has to do. Included by cgroup.c and the back ends alone. */
#ifndef PM1_OS_CGROUP_IMPL_H
#define PM1_OS_CGROUP_IMPL_H

#include "os/cgroup.h"

#include <limits.h>

#define CGROUP_TEXT_MAX 512

struct cgroup {
	struct cgroups *all; /* borrowed */
	void *owner;
	struct cgroup *next; /* in the list of all */
	bool has_news;
	int dir_fd; /* owned: of the folder, -1 */
	int join_fd; /* owned: cgroup.procs, or tasks of v1, open for writing, -1 */
	char *path; /* owned: absolute, of the folder */
	uint64_t memory_notice; /* what the limit is set to, 0: none */
	bool notice_armed;
	bool oom_alone;
	/* v2 */
	int watch; /* inotify's number for memory.events, -1 */
	/* v1 */
	bool limited; /* a limit was written: lifting it takes writes too */
	int oom_fd, notice_fd; /* owned eventfds, -1 */
	int oom_control_fd, usage_fd; /* owned: the files they are registered for */
};

struct cgroup_ops {
	enum cgroup_kind kind;
	int (*begin)(struct cgroup *g); /* the folder is there and open */
	void (*end)(struct cgroup *g);
	int (*limit_memory)(struct cgroup *g, uint64_t max, uint64_t notice, const char **ret_file);
	int (*memory)(const struct cgroup *g, struct cgroup_memory *ret);
	int (*cpu)(const struct cgroup *g, uint64_t *ret_usec);
	int (*kill)(struct cgroup *g); /* -ENOSYS: not by one file; then process by process */
	void (*collect)(struct cgroups *c); /* the fd is readable: sets has_news */
};

struct cgroups {
	const struct cgroup_ops *ops; /* NULL: none */
	char base[PATH_MAX]; /* absolute: the folder that holds the services' */
	char home_procs[PATH_MAX + 16]; /* cgroup.procs of where pm1 was, "" when it was not moved */
	char leaf[PATH_MAX + 16]; /* where pm1 moved itself, "" */
	int base_fd; /* owned, -1: the folder base was made by us, goes with us, and is locked as long as we live */
	bool has_memory, has_cpu;
	int fd; /* owned: to watch, -1 */
	struct cgroup *first;
	char text[CGROUP_TEXT_MAX];
};

extern const struct cgroup_ops cgroup_v1_ops, cgroup_v2_ops;

/* Finds and makes the base folder. 0, or -errno with the reason in c->text. */
int cgroup_v2_open(struct cgroups *c);
int cgroup_v1_open(struct cgroups *c);

/* One mount of a cgroup file system, from /proc/self/mountinfo. */
struct cgroup_mount {
	char root[PATH_MAX]; /* the part of the hierarchy that is mounted */
	char at[PATH_MAX];
	bool read_only;
};
/* type is "cgroup2", or "cgroup" with the controller that must be among its options. 0, -ENOENT. */
int cgroup_find_mount(const char *type, const char *controller, struct cgroup_mount *ret);
/* pm1's own path in a hierarchy ("" for cgroup2, "memory" ...), from /proc/self/cgroup. 0, -ENOENT. */
int cgroup_own_path(const char *controller, char *buf, size_t size);
/* Where pm1's own cgroup stands in the file system: mount point, and the own path less the mount's root. 0, -ENOENT, -ENOSPC. */
int cgroup_own_folder(const struct cgroup_mount *m, const char *own, char *buf, size_t size);

/* Makes base a new folder of `parent`, and clears away what crashed pm1s left there. 0 or -errno. */
int cgroup_make_base(struct cgroups *c, const char *parent);

int cgroup_read_u64(const struct cgroup *g, const char *file, uint64_t *ret); /* "max" is UINT64_MAX */
/* The number behind "NAME " at a line's beginning. 0 or -ENOENT. */
int cgroup_field(const char *text, const char *name, uint64_t *ret);
int cgroup_write(const struct cgroup *g, const char *file, const char *value);

#endif
