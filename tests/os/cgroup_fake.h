/* cgroup_fake - a cgroup whose control files are plain files of the test's folder. */
#ifndef PM1_TESTS_CGROUP_FAKE_H
#define PM1_TESTS_CGROUP_FAKE_H

#include "base/own.h"
#include "base/sys.h"
#include "os/cgroup_impl.h"
#include "tests/fakes/folder.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>

static inline struct cgroups cgroup_fake_all(const struct cgroup_ops *ops)
{
	struct cgroups c = { .ops = ops, .base_fd = -1, .has_memory = true,
			     .fd = ops->kind == CGROUP_V2 ? sys_inotify_init() : sys_epoll_create() };

	cr_assert_geq(c.fd, 0);
	snprintf(c.base, sizeof(c.base), "%s", folder);
	return c;
}

/* The test's own folder is the cgroup's. Freed by cgroup_free(), which can't remove the folder. */
static inline struct cgroup *cgroup_fake_new(struct cgroups *c)
{
	struct cgroup *g = calloc(1, sizeof(*g));

	cr_assert_not_null(g);
	*g = (struct cgroup){ .all = c, .path = strdup(folder), .join_fd = -1, .watch = -1, .oom_fd = -1, .notice_fd = -1,
			      .oom_control_fd = -1, .usage_fd = -1 };
	g->dir_fd = sys_open(folder, O_RDONLY | O_DIRECTORY, 0);
	cr_assert_geq(g->dir_fd, 0);
	c->first = g;
	return g;
}

/* Writes don't truncate, as the kernel's control files have no length: empties what is to be written next. */
static inline void cgroup_fake_blank(const char *const *files, size_t n)
{
	for (size_t i = 0; i < n; i++)
		folder_put(files[i], "");
}

#endif
