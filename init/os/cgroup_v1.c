#include "os/cgroup_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

int cgroup_v1_open(struct cgroups *c)
{
	struct cgroup_mount m;
	char own[PATH_MAX], folder[PATH_MAX];

	int r = cgroup_find_mount("cgroup", "memory", &m);
	if (r < 0) {
		(void)text_copy(c->text, sizeof(c->text), "cgroup v1 has no memory controller mounted");
		return r;
	}
	if (m.read_only) {
		(void)text_format(c->text, sizeof(c->text), "cgroup v1 at %s is mounted read-only", m.at);
		return -EROFS;
	}
	r = cgroup_own_path("memory", own, sizeof(own));
	if (r == 0)
		r = cgroup_own_folder(&m, own, folder, sizeof(folder));
	if (r == 0)
		r = cgroup_make_base(c, folder);
	if (r < 0) {
		(void)text_format(c->text, sizeof(c->text), "cgroup v1 at %s: %s", m.at, err_text(r));
		return r;
	}
	c->has_memory = true;
	c->fd = sys_epoll_create();
	(void)text_format(c->text, sizeof(c->text), "cgroup v1 at %s", c->base);
	return 0;
}

static int begin(struct cgroup *g)
{
	(void)g;
	return 0;
}

static void drop(struct cgroup *g, int *fd)
{
	if (*fd < 0)
		return;
	(void)sys_epoll_ctl(g->all->fd, EPOLL_CTL_DEL, *fd, &(struct epoll_event){ 0 });
	close_fd(fd);
}

static void end(struct cgroup *g)
{
	drop(g, &g->oom_fd);
	drop(g, &g->notice_fd);
	close_fd(&g->oom_control_fd);
	close_fd(&g->usage_fd);
}

/* Registers an eventfd for a control file, with a threshold or without. */
static int register_event(struct cgroup *g, const char *file, uint64_t threshold, int *ret_event, int *ret_file_fd)
{
	cleanup_fd int event = sys_eventfd();
	cleanup_fd int file_fd = event < 0 ? -1 : sys_openat(g->dir_fd, file, O_RDONLY, 0);
	char line[64];

	if (event < 0 || file_fd < 0)
		return event < 0 ? event : file_fd;
	if (threshold)
		(void)text_format(line, sizeof(line), "%d %d %llu", event, file_fd, (unsigned long long)threshold);
	else
		(void)text_format(line, sizeof(line), "%d %d", event, file_fd);
	int r = cgroup_write(g, "cgroup.event_control", line);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = g };
	if (r == 0)
		r = sys_epoll_ctl(g->all->fd, EPOLL_CTL_ADD, event, &ev);
	if (r < 0)
		return r;
	*ret_event = take_fd(&event);
	*ret_file_fd = take_fd(&file_fd);
	return 0;
}

static int set_limit(struct cgroup *g, uint64_t max, const char **ret_file)
{
	char text[32] = "-1";

	if (max)
		(void)text_format(text, sizeof(text), "%llu", (unsigned long long)max);
	*ret_file = "memory.limit_in_bytes";
	if (!max && !g->limited)
		return 0; /* as it was made */
	/* memsw can't be below limit: going up it has to move first, going down last; without swap accounting it isn't there. */
	(void)cgroup_write(g, "memory.memsw.limit_in_bytes", text);
	int r = cgroup_write(g, "memory.limit_in_bytes", text);
	if (r == 0)
		(void)cgroup_write(g, "memory.memsw.limit_in_bytes", text);
	g->limited = true; /* also when half of it failed */
	return r;
}

static int limit_memory(struct cgroup *g, uint64_t max, uint64_t notice, const char **ret_file)
{
	int r = set_limit(g, max, ret_file);

	if (r < 0)
		return r;
	end(g);
	g->memory_notice = notice;
	if (max || notice || g->oom_alone) {
		*ret_file = "memory.oom_control";
		r = register_event(g, "memory.oom_control", 0, &g->oom_fd, &g->oom_control_fd);
	}
	if (r == 0 && notice) {
		*ret_file = "memory.usage_in_bytes";
		r = register_event(g, "memory.usage_in_bytes", notice, &g->notice_fd, &g->usage_fd);
	}
	return r;
}

static int memory(const struct cgroup *g, struct cgroup_memory *ret)
{
	char buf[8192];
	uint64_t cache = 0, shmem = 0;
	int r = cgroup_read_u64(g, "memory.usage_in_bytes", &ret->current);

	if (r < 0)
		return r;
	(void)cgroup_read_u64(g, "memory.max_usage_in_bytes", &ret->peak);
	(void)cgroup_read_u64(g, "memory.failcnt", &ret->max_hits);
	if (sys_slurp(g->dir_fd, "memory.stat", buf, sizeof(buf)) > 0) {
		(void)cgroup_field(buf, "cache", &cache);
		(void)cgroup_field(buf, "shmem", &shmem);
	}
	cache = cache > shmem ? cache - shmem : 0;
	ret->working = ret->current > cache ? ret->current - cache : 0;
	if (sys_slurp(g->dir_fd, "memory.oom_control", buf, sizeof(buf)) > 0)
		(void)cgroup_field(buf, "oom_kill", &ret->oom_kills); /* since Linux 4.13 */
	return 0;
}

static int cpu(const struct cgroup *g, uint64_t *ret_usec)
{
	(void)g;
	(void)ret_usec;
	return -ENOTSUP; /* cpuacct is another hierarchy; /proc has the numbers */
}

static int kill_all(struct cgroup *g)
{
	(void)g;
	return -ENOSYS;
}

static void collect(struct cgroups *c)
{
	struct epoll_event evs[32];
	int n;

	while (c->fd >= 0 && (n = sys_epoll_wait(c->fd, evs, ARRAY_LEN(evs), 0)) > 0) {
		for (int i = 0; i < n; i++) {
			struct cgroup *g = evs[i].data.ptr;
			uint64_t count;
			if (g->oom_fd >= 0)
				(void)sys_read(g->oom_fd, &count, sizeof(count));
			if (g->notice_fd >= 0)
				(void)sys_read(g->notice_fd, &count, sizeof(count));
			g->has_news = true;
		}
	}
}

const struct cgroup_ops cgroup_v1_ops = {
	.kind = CGROUP_V1,
	.begin = begin,
	.end = end,
	.limit_memory = limit_memory,
	.memory = memory,
	.cpu = cpu,
	.kill = kill_all,
	.collect = collect,
};
