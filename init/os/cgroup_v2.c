#include "os/cgroup_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Memory that is charged in batches (the kernel's MEMCG_CHARGE_BATCH is 64 pages a CPU) makes a service that sits at its limit
 * look a little below it. */
#define NOTICE_SLACK (1024 * 1024)

/* Moves every process of a folder that is ours to empty into `leaf`. At the root of a namespace that is pm1, and whatever its
 * starter left there. */
static int move_all(const char *from, const char *leaf_procs)
{
	char path[PATH_MAX + 16], buf[4096];
	int r = 0;

	(void)text_format(path, sizeof(path), "%s/cgroup.procs", from);
	ssize_t n = sys_slurp(AT_FDCWD, path, buf, sizeof(buf));
	if (n < 0)
		return (int)n;
	for (char *p = buf, *end; *p && r == 0; p = end + 1) {
		char pid[16];
		long v = strtol(p, &end, 10);
		if (end == p)
			break;
		(void)text_format(pid, sizeof(pid), "%ld", v);
		r = sys_spit(AT_FDCWD, leaf_procs, pid);
		if (r == -ESRCH)
			r = 0;
		if (!*end)
			break;
	}
	return r;
}

/* True when pm1 is the only process of the folder. */
static bool alone_in(const char *folder)
{
	char path[PATH_MAX + 16], buf[64], own[24];

	(void)text_format(path, sizeof(path), "%s/cgroup.procs", folder);
	(void)text_format(own, sizeof(own), "%d\n", (int)getpid());
	return sys_slurp(AT_FDCWD, path, buf, sizeof(buf)) > 0 && strcmp(buf, own) == 0;
}

/* The root of the whole hierarchy has no cgroup.events, keeps its processes, and hands controllers down all the same; the root of a
 * cgroup namespace is an ordinary cgroup that only looks like it. */
static bool is_true_root(const char *folder)
{
	char path[PATH_MAX + 32];
	struct stat st;

	(void)text_format(path, sizeof(path), "%s/cgroup.events", folder);
	return sys_stat(path, &st) == -ENOENT;
}

/* Hands the controllers that there are down to the services' folders. */
static void enable(struct cgroups *c, const char *folder)
{
	static const char *const wanted[] = { "memory", "pids", "cpu" };
	char path[PATH_MAX + 32], have[256], list[264];
	struct text t = TEXT_INIT(list);

	(void)text_format(path, sizeof(path), "%s/cgroup.controllers", folder);
	if (sys_slurp(AT_FDCWD, path, have, sizeof(have)) < 0)
		return;
	(void)text_add(&t, " ");
	(void)text_add(&t, have);
	list[strcspn(list, "\n")] = ' ';
	(void)text_format(path, sizeof(path), "%s/cgroup.subtree_control", folder);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		char word[16], on[16];
		(void)text_format(word, sizeof(word), " %s ", wanted[i]);
		(void)text_format(on, sizeof(on), "+%s", wanted[i]);
		/* One by one: a controller that can't be had must not take the others with it. */
		if (!strstr(list, word) || sys_spit(AT_FDCWD, path, on) < 0)
			continue;
		if (i == 0)
			c->has_memory = true;
		if (i == 2)
			c->has_cpu = true;
	}
}

static int use_own_folder(struct cgroups *c, const char *own)
{
	char procs[PATH_MAX + 32];

	(void)text_format(c->leaf, sizeof(c->leaf), "%s/pm1-init", own);
	int r = sys_mkdir(c->leaf, 0755);
	if (r < 0 && r != -EEXIST) {
		c->leaf[0] = 0;
		return r;
	}
	(void)text_format(procs, sizeof(procs), "%s/cgroup.procs", c->leaf);
	r = move_all(own, procs);
	if (r < 0) {
		(void)sys_rmdir(c->leaf);
		c->leaf[0] = 0;
		return r;
	}
	(void)text_format(c->home_procs, sizeof(c->home_procs), "%s/cgroup.procs", own);
	(void)text_copy(c->base, sizeof(c->base), own);
	enable(c, own);
	return 0;
}

/* Others live in pm1's own cgroup (a login session): a folder at the top is the place, for those who may make one. */
static int use_top(struct cgroups *c, const char *top)
{
	enable(c, top);
	int r = cgroup_make_base(c, top);
	if (r < 0)
		return r;
	c->has_memory = c->has_cpu = false; /* what the top hands down counts only as far as our folder hands it on */
	enable(c, c->base);
	return 0;
}

int cgroup_v2_open(struct cgroups *c)
{
	struct cgroup_mount m;
	char own[PATH_MAX], folder[PATH_MAX];

	int r = cgroup_find_mount("cgroup2", NULL, &m);
	if (r < 0) {
		(void)text_copy(c->text, sizeof(c->text), "cgroup v2 is not mounted");
		return r;
	}
	if (m.read_only) {
		(void)text_format(c->text, sizeof(c->text), "cgroup v2 at %s is mounted read-only", m.at);
		return -EROFS;
	}
	r = cgroup_own_path("", own, sizeof(own));
	if (r == 0)
		r = cgroup_own_folder(&m, own, folder, sizeof(folder));
	if (r == 0) {
		bool root_of_namespace = getpid() == 1 && strcmp(own, "/") == 0;
		bool ours = !is_true_root(folder) && (root_of_namespace || alone_in(folder));
		r = ours ? use_own_folder(c, folder) : geteuid() == 0 ? use_top(c, m.at) : -EBUSY;
	}
	if (r < 0) {
		(void)text_format(c->text, sizeof(c->text), "cgroup v2 at %s: %s", m.at,
				  r == -EBUSY ? "pm1's own cgroup is shared with other processes, and only root may make another" :
						err_text(r));
		return r;
	}
	c->fd = sys_inotify_init();
	(void)text_format(c->text, sizeof(c->text), "cgroup v2 at %s%s", c->base,
			  c->has_memory ? "" : " (no memory controller)");
	return 0;
}

static int begin(struct cgroup *g)
{
	(void)g;
	return 0;
}

static void end(struct cgroup *g)
{
	if (g->watch >= 0)
		(void)sys_inotify_rm(g->all->fd, g->watch);
}

static int limit_one(struct cgroup *g, const char *file, uint64_t value, const char **ret_file)
{
	char text[32] = "max";

	if (value)
		(void)text_format(text, sizeof(text), "%llu", (unsigned long long)value);
	int r = cgroup_write(g, file, text);
	if (r < 0)
		*ret_file = file;
	return r;
}

static int limit_memory(struct cgroup *g, uint64_t max, uint64_t notice, const char **ret_file)
{
	int r = limit_one(g, "memory.max", max, ret_file);

	if (r == 0)
		r = limit_one(g, "memory.high", notice, ret_file);
	if (r < 0)
		return r;
	/* Swap would let it grow past its cap. Kernels without swap have no such file. */
	(void)cgroup_write(g, "memory.swap.max", max ? "0" : "max");
	/* A service is killed whole, also when it is the machine that has no memory left: half of one is what nobody wants to find. */
	(void)cgroup_write(g, "memory.oom.group", g->oom_alone ? "0" : "1");
	g->memory_notice = notice;
	g->notice_armed = notice != 0;
	if ((max || notice || g->oom_alone) && g->watch < 0 && g->all->fd >= 0) {
		char path[PATH_MAX + 32];
		(void)text_format(path, sizeof(path), "%s/memory.events", g->path);
		g->watch = sys_inotify_add(g->all->fd, path, IN_MODIFY);
		if (g->watch < 0) {
			*ret_file = "memory.events";
			return g->watch;
		}
	}
	return 0;
}

static int memory(const struct cgroup *g, struct cgroup_memory *ret)
{
	char buf[8192];
	uint64_t file = 0, shmem = 0;
	int r = cgroup_read_u64(g, "memory.current", &ret->current);

	if (r < 0)
		return r;
	(void)cgroup_read_u64(g, "memory.peak", &ret->peak); /* since Linux 5.19 */
	if (sys_slurp(g->dir_fd, "memory.stat", buf, sizeof(buf)) > 0) {
		(void)cgroup_field(buf, "file", &file);
		(void)cgroup_field(buf, "shmem", &shmem);
	}
	/* tmpfs counts as file, but can't be dropped. */
	uint64_t cache = file > shmem ? file - shmem : 0;
	ret->working = ret->current > cache ? ret->current - cache : 0;
	if (sys_slurp(g->dir_fd, "memory.events", buf, sizeof(buf)) > 0) {
		(void)cgroup_field(buf, "oom_kill", &ret->oom_kills);
		(void)cgroup_field(buf, "max", &ret->max_hits);
	}
	return 0;
}

static int cpu(const struct cgroup *g, uint64_t *ret_usec)
{
	char buf[1024];
	ssize_t n = sys_slurp(g->dir_fd, "cpu.stat", buf, sizeof(buf));

	return n < 0 ? (int)n : cgroup_field(buf, "usage_usec", ret_usec);
}

static int kill_all(struct cgroup *g)
{
	return cgroup_write(g, "cgroup.kill", "1"); /* since Linux 5.14; -ENOENT before */
}

static void news(struct cgroup *g)
{
	struct cgroup_memory m;

	g->has_news = true;
	if (!g->notice_armed || memory(g, &m) < 0)
		return;
	/* At its limit by its own memory: it is going to be restarted, and must not be throttled on its way out. Page cache alone is
	 * the kernel's to drop; the limit stays, and so does the news to come. */
	if (m.working + NOTICE_SLACK < g->memory_notice)
		return;
	g->notice_armed = false;
	(void)cgroup_write(g, "memory.high", "max");
}

static void collect(struct cgroups *c)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while (c->fd >= 0 && (n = sys_read(c->fd, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const struct inotify_event *)(buf + at);
			for (struct cgroup *g = c->first; g; g = g->next)
				if (g->watch == e->wd || (e->mask & IN_Q_OVERFLOW))
					news(g);
			at += (ssize_t)(sizeof(*e) + e->len);
		}
	}
}

const struct cgroup_ops cgroup_v2_ops = {
	.kind = CGROUP_V2,
	.begin = begin,
	.end = end,
	.limit_memory = limit_memory,
	.memory = memory,
	.cpu = cpu,
	.kill = kill_all,
	.collect = collect,
};
