#include "os/cgroup.h"

#include "base/clock.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/sys.h"
#include "base/text.h"
#include "os/cgroup_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

/* A file of /proc that lists mounts: a host with hundreds of containers has long ones. */
#define MOUNTINFO_MAX (1024 * 1024)
#define PROCS_MAX (256 * 1024) /* bytes of cgroup.procs that are read: some 30,000 pids */
#define STALE_NAMES_MAX 16 /* suffixes tried when a folder of the name is in use */
#define BASE_PREFIX "pm1-"
#define KILL_ROUNDS 8 /* of a kill process by process: a fork bomb can win such a race, and the caller asks again */

int cgroup_find_mount(const char *type, const char *controller, struct cgroup_mount *ret)
{
	cleanup_free char *buf = malloc(MOUNTINFO_MAX);
	char *line_end;

	if (!buf)
		return -ENOMEM;
	ssize_t n = sys_slurp(AT_FDCWD, "/proc/self/mountinfo", buf, MOUNTINFO_MAX);
	if (n < 0)
		return n == -EFBIG ? -EFBIG : -ENOENT;
	for (char *line = buf; *line; line = line_end + 1) {
		char root[PATH_MAX], at[PATH_MAX], options[256], fstype[32], super[1024];
		line_end = strchr(line, '\n');
		if (!line_end)
			break;
		*line_end = 0;
		/* 36 35 98:0 /root /at rw,nosuid ... - type source super-options; the widths are those of the arrays less one */
		const char *dash = strstr(line, " - ");
		if (!dash || sscanf(line, "%*d %*d %*s %4095s %4095s %255s", root, at, options) != 3 ||
		    sscanf(dash, " - %31s %*s %1023s", fstype, super) != 2 || strcmp(fstype, type) != 0)
			continue;
		if (controller) {
			char list[1032], word[40];
			(void)text_format(list, sizeof(list), ",%s,", super);
			(void)text_format(word, sizeof(word), ",%s,", controller);
			if (!strstr(list, word))
				continue;
		}
		(void)text_copy(ret->root, sizeof(ret->root), root);
		(void)text_copy(ret->at, sizeof(ret->at), at);
		ret->read_only = strncmp(options, "ro", 2) == 0 && (options[2] == ',' || !options[2]);
		return 0;
	}
	return -ENOENT;
}

int cgroup_own_path(const char *controller, char *buf, size_t size)
{
	char text[16384];
	ssize_t n = sys_slurp(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));
	char *next;

	if (n < 0)
		return (int)n;
	for (char *line = text; *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		else
			next = line + strlen(line);
		char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
		if (!path)
			continue;
		*path = 0;
		char list[256], word[64];
		(void)text_format(list, sizeof(list), ",%s,", names + 1);
		(void)text_format(word, sizeof(word), ",%s,", controller);
		if (controller[0] ? strstr(list, word) != NULL : names[1] == 0)
			return text_copy(buf, size, path + 1);
	}
	return -ENOENT;
}

int cgroup_own_folder(const struct cgroup_mount *m, const char *own, char *buf, size_t size)
{
	size_t n = strlen(m->root);

	/* Inside a cgroup namespace both are "/"; in a v1 container the mount's root is the container's own path. */
	if (strcmp(m->root, "/") == 0)
		n = 0;
	else if (strncmp(own, m->root, n) != 0 || (own[n] && own[n] != '/'))
		return -ENOENT;
	own += n;
	return text_format(buf, size, "%s%s", m->at, strcmp(own, "/") == 0 ? "" : own);
}

int cgroup_write(const struct cgroup *g, const char *file, const char *value)
{
	return sys_spit(g->dir_fd, file, value);
}

int cgroup_read_u64(const struct cgroup *g, const char *file, uint64_t *ret)
{
	char buf[64];
	ssize_t n = sys_slurp(g->dir_fd, file, buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	buf[strcspn(buf, "\n")] = 0;
	if (strcmp(buf, "max") == 0) {
		*ret = UINT64_MAX;
		return 0;
	}
	return parse_uint(buf, UINT64_MAX, ret);
}

int cgroup_field(const char *text, const char *name, uint64_t *ret)
{
	size_t n = strlen(name);

	for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		if (strncmp(p, name, n) != 0 || p[n] != ' ')
			continue;
		*ret = strtoull(p + n + 1, NULL, 10);
		return 0;
	}
	return -ENOENT;
}

/* A base folder whose lock nobody holds is of a pm1 that is no more: its empty folders go, and with them itself. */
static void clear_stale(const char *parent, const char *name)
{
	char path[PATH_MAX], sub[2 * PATH_MAX];
	struct dirent *e;

	if (text_format(path, sizeof(path), "%s/%s", parent, name) < 0)
		return;
	cleanup_fd int fd = sys_open(path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0 || sys_flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	DIR *dir = opendir(path);
	while (dir && (e = readdir(dir)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.' &&
		    text_format(sub, sizeof(sub), "%s/%s", path, e->d_name) == 0)
			(void)sys_rmdir(sub);
	if (dir)
		(void)closedir(dir);
	(void)sys_rmdir(path);
}

static void clear_all_stale(const char *parent)
{
	DIR *dir = opendir(parent);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_type == DT_DIR && strncmp(e->d_name, BASE_PREFIX, strlen(BASE_PREFIX)) == 0)
			clear_stale(parent, e->d_name);
	if (dir)
		(void)closedir(dir);
}

int cgroup_make_base(struct cgroups *c, const char *parent)
{
	clear_all_stale(parent);
	for (int i = 0; i < STALE_NAMES_MAX; i++) {
		/* The pid alone says too little: in namespaces of their own many a pm1 is 1. */
		unsigned int unique = (unsigned int)clock_mono() * 2654435761U + (unsigned int)i;
		struct stat held, there;
		int r = text_format(c->base, sizeof(c->base), "%s/" BASE_PREFIX "%d-%08x", parent, (int)getpid(), unique);
		if (r < 0)
			return -ENAMETOOLONG;
		r = sys_mkdir(c->base, 0755);
		if (r == -EEXIST)
			continue;
		if (r < 0)
			return r;
		r = c->base_fd = sys_open(c->base, O_RDONLY | O_DIRECTORY, 0);
		if (r < 0 && r != -ENOENT) {
			(void)sys_rmdir(c->base);
			return r;
		}
		/* Another that starts at this moment may have taken it for stale before it was locked. */
		if (c->base_fd >= 0 && sys_flock(c->base_fd, LOCK_EX | LOCK_NB) == 0 && sys_fstat(c->base_fd, &held) == 0 &&
		    sys_stat(c->base, &there) == 0 && held.st_ino == there.st_ino)
			return 0;
		close_fd(&c->base_fd);
	}
	return -EBUSY;
}

/* Back out of a hierarchy: pm1 where it was, what it made there removed as far as it is empty. */
static void leave(struct cgroups *c)
{
	close_fd(&c->fd);
	if (c->home_procs[0])
		(void)sys_spit(AT_FDCWD, c->home_procs, "0");
	if (c->leaf[0])
		(void)sys_rmdir(c->leaf);
	if (c->base_fd >= 0)
		(void)sys_rmdir(c->base);
	close_fd(&c->base_fd);
}

int cgroups_open(struct cgroups **ret)
{
	struct cgroups *c = calloc(1, sizeof(*c));
	char why[CGROUP_TEXT_MAX];

	if (!c)
		return -ENOMEM;
	c->fd = c->base_fd = -1;
	/* The hierarchy that has the memory controller is the one that is of use. */
	int r = cgroup_v2_open(c);
	if (r == 0 && c->has_memory) {
		c->ops = &cgroup_v2_ops;
	} else {
		if (r == 0)
			(void)text_copy(why, sizeof(why), "cgroup v2 has no memory controller here");
		else
			(void)text_copy(why, sizeof(why), c->text);
		struct cgroups v1 = { .fd = -1, .base_fd = -1 };
		int r1 = cgroup_v1_open(&v1);
		if (r1 == 0) {
			leave(c); /* entered in vain */
			*c = v1;
			c->ops = &cgroup_v1_ops;
		} else if (r == 0) {
			c->ops = &cgroup_v2_ops; /* no caps, but kill and membership */
		} else {
			(void)text_format(c->text, sizeof(c->text), "none: %s; %s", why, v1.text);
		}
	}
	*ret = c;
	return 0;
}

void cgroups_close(struct cgroups *c)
{
	if (!c)
		return;
	leave(c);
	free(c);
}

enum cgroup_kind cgroups_kind(const struct cgroups *c)
{
	return c->ops ? c->ops->kind : CGROUP_NONE;
}

bool cgroups_has_memory(const struct cgroups *c)
{
	return c->has_memory;
}

const char *cgroups_text(const struct cgroups *c)
{
	return c->text;
}

int cgroups_fd(const struct cgroups *c)
{
	return c->fd;
}

struct cgroup *cgroups_next(struct cgroups *c)
{
	if (c->ops)
		c->ops->collect(c);
	for (struct cgroup *g = c->first; g; g = g->next) {
		if (!g->has_news)
			continue;
		g->has_news = false;
		return g;
	}
	return NULL;
}

/* A folder of that name for us alone: new, or left over and empty, or with a suffix. */
static int make_folder(struct cgroup *g, const char *name)
{
	char path[PATH_MAX];

	for (int i = 0; i < STALE_NAMES_MAX; i++) {
		int r = i ? text_format(path, sizeof(path), "%s/%s~%d", g->all->base, name, i) :
			    text_format(path, sizeof(path), "%s/%s", g->all->base, name);
		if (r < 0)
			return -ENAMETOOLONG;
		r = sys_mkdir(path, 0755);
		if (r == -EEXIST) {
			/* A leftover of a crash: gone if it is empty, in which case its old limits go with it. */
			if (sys_rmdir(path) < 0)
				continue;
			r = sys_mkdir(path, 0755);
		}
		if (r < 0)
			return r;
		g->path = strdup(path);
		return g->path ? 0 : -ENOMEM;
	}
	return -EBUSY;
}

/* What a child writes "0" to. A whole process is moved under a lock whose writer waits for an RCU grace period, 8 to 13 ms when no
 * other move was just made; a thread that moves itself needs no such lock since Linux 5.5, and a child that was just forked is but
 * one thread. Only v1 lets a process be moved by its thread. */
static int open_join(const struct cgroup *g)
{
	int fd = g->all->ops->kind == CGROUP_V1 ? sys_openat(g->dir_fd, "tasks", O_WRONLY, 0) : -ENOENT;

	return fd < 0 ? sys_openat(g->dir_fd, "cgroup.procs", O_WRONLY, 0) : fd;
}

int cgroup_new(struct cgroups *c, const char *name, void *owner, struct cgroup **ret)
{
	struct cgroup *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	*g = (struct cgroup){ .all = c, .owner = owner, .dir_fd = -1, .join_fd = -1, .watch = -1, .oom_fd = -1,
			      .notice_fd = -1, .oom_control_fd = -1, .usage_fd = -1 };
	g->next = c->first;
	c->first = g;
	int r = c->ops ? make_folder(g, name) : -ENOTSUP;
	if (r == 0 && (g->dir_fd = sys_open(g->path, O_RDONLY | O_DIRECTORY, 0)) < 0)
		r = g->dir_fd;
	if (r == 0 && (g->join_fd = open_join(g)) < 0)
		r = g->join_fd;
	if (r == 0 && (sys_fd_is_scarce(g->dir_fd) || sys_fd_is_scarce(g->join_fd)))
		r = -EMFILE;
	if (r == 0)
		r = c->ops->begin(g);
	if (r < 0) {
		cgroup_free(g);
		return r;
	}
	*ret = g;
	return 0;
}

void cgroup_free(struct cgroup *g)
{
	if (!g)
		return;
	if (g->all->ops)
		g->all->ops->end(g);
	for (struct cgroup **p = &g->all->first; *p; p = &(*p)->next) {
		if (*p == g) {
			*p = g->next;
			break;
		}
	}
	if (g->dir_fd >= 0)
		close_fd(&g->dir_fd);
	if (g->join_fd >= 0)
		close_fd(&g->join_fd);
	if (g->path)
		(void)sys_rmdir(g->path);
	free(g->path);
	free(g);
}

void *cgroup_owner(const struct cgroup *g)
{
	return g->owner;
}

void cgroup_oom_alone(struct cgroup *g, bool alone)
{
	g->oom_alone = alone;
}

int cgroup_limit_memory(struct cgroup *g, uint64_t memory_max, uint64_t memory_notice, const char **ret_file)
{
	if (!g->all->has_memory)
		return -ENOTSUP;
	return g->all->ops->limit_memory(g, memory_max, memory_notice, ret_file);
}

int cgroup_memory(const struct cgroup *g, struct cgroup_memory *ret)
{
	*ret = (struct cgroup_memory){ 0 };
	return g->all->has_memory ? g->all->ops->memory(g, ret) : -ENOTSUP;
}

int cgroup_cpu(const struct cgroup *g, uint64_t *ret_usec)
{
	return g->all->ops->cpu(g, ret_usec);
}

int cgroup_dirfd(const struct cgroup *g)
{
	return cgroups_kind(g->all) == CGROUP_V2 ? g->dir_fd : -1;
}

size_t cgroup_join_fds(const struct cgroup *g, int *fds, size_t max)
{
	if (max == 0 || g->join_fd < 0)
		return 0;
	fds[0] = g->join_fd;
	return 1;
}

/* Zombies stay in cgroup.procs of v1 until they are reaped; they don't count. */
static bool is_zombie(pid_t pid)
{
	char path[64], buf[1024];

	(void)text_format(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (sys_slurp(AT_FDCWD, path, buf, sizeof(buf)) < 0)
		return false; /* gone, or no /proc: then it counts, and the next look tells */
	const char *p = strrchr(buf, ')');
	return p && p[1] == ' ' && (p[2] == 'Z' || p[2] == 'X');
}

static ssize_t read_procs(const struct cgroup *g, pid_t *pids, size_t max)
{
	cleanup_free char *buf = malloc(PROCS_MAX);
	size_t n = 0;

	if (!buf)
		return -ENOMEM;
	ssize_t len = sys_slurp(g->dir_fd, "cgroup.procs", buf, PROCS_MAX);
	if (len < 0)
		return len;
	for (char *p = buf, *end; *p; p = end + 1) {
		pid_t pid = (pid_t)strtol(p, &end, 10);
		if (end == p)
			break;
		if (pid > 0) { /* 0: a process of an outer PID namespace */
			if (n < max)
				pids[n] = pid;
			n++;
		}
		if (!*end)
			break;
	}
	return (ssize_t)n;
}

ssize_t cgroup_pids(const struct cgroup *g, pid_t *pids, size_t max)
{
	ssize_t n = read_procs(g, pids, max);
	size_t kept = 0;

	if (n < 0 || (size_t)n > max)
		return n;
	for (ssize_t i = 0; i < n; i++)
		if (!is_zombie(pids[i]))
			pids[kept++] = pids[i];
	return (ssize_t)kept;
}

int cgroup_empty(const struct cgroup *g)
{
	char buf[256];
	uint64_t populated;
	pid_t pids[64];

	if (cgroups_kind(g->all) == CGROUP_V2 && sys_slurp(g->dir_fd, "cgroup.events", buf, sizeof(buf)) > 0 &&
	    cgroup_field(buf, "populated", &populated) == 0)
		return populated == 0;
	ssize_t n = cgroup_pids(g, pids, ARRAY_LEN(pids));
	return n < 0 ? (int)n : n == 0;
}

int cgroup_kill(struct cgroup *g)
{
	int r = g->all->ops->kill(g);

	if (r != -ENOSYS && r != -ENOENT)
		return r;
	for (int round = 0; round < KILL_ROUNDS; round++) {
		pid_t pids[1024];
		ssize_t n = cgroup_pids(g, pids, ARRAY_LEN(pids));
		if (n <= 0)
			return (int)n;
		for (ssize_t i = 0; i < n && (size_t)i < ARRAY_LEN(pids); i++)
			(void)sys_kill(pids[i], SIGKILL);
	}
	return 0; /* killed, and not yet gone: their reaping tells */
}
