#include "os/kin.h"

#include "base/own.h"
#include "base/parse.h"
#include "base/sys.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define STAT_MAX 1024 /* bytes of /proc/PID/stat: 52 numbers and a name of at most 64 bytes */
#define ENVIRON_PIECE 4096
/* An environment this long is read no further: the mark is near its end only if the service put megabytes before it. */
#define ENVIRON_MAX (4 * 1024 * 1024)
#define EXEC_TRIES 20 /* of a millisecond each */
#define UP_TRIES 8 /* of a walk up through parents that end meanwhile */
#define CHILDREN_MAX (256 * 1024) /* bytes of the children file: some 30,000 pids */

struct process {
	pid_t pid, ppid, sid;
	char state;
	bool kin;
};

struct stat_fields {
	pid_t ppid, sid, group;
	char state;
	uint64_t utime, stime, start; /* clock ticks */
	uint64_t rss; /* pages */
	uint64_t env_start, env_end; /* addresses; 0: none yet, or no more */
};

static int read_stat(pid_t pid, struct stat_fields *ret)
{
	char path[64], buf[STAT_MAX];
	unsigned long long utime, stime, start, env_start = 0, env_end = 0;
	long rss;
	int ppid, pgrp, sid;

	(void)text_format(path, sizeof(path), "/proc/%d/stat", (int)pid);
	ssize_t n = sys_slurp(AT_FDCWD, path, buf, sizeof(buf));
	if (n < 0)
		return (int)n;
	/* The name in (...) may hold anything, also ") R 1": the last ) ends it. */
	const char *p = strrchr(buf, ')');
	if (!p || sscanf(p + 1,
			 " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d %llu %*u %ld"
			 " %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %*d %*u %*u %*u %*u %*d %*u %*u %*u %*u %*u %llu %llu",
			 &ret->state, &ppid, &pgrp, &sid, &utime, &stime, &start, &rss, &env_start, &env_end) < 8)
		return -EBADMSG;
	ret->env_start = env_start;
	ret->env_end = env_end;
	ret->ppid = ppid;
	ret->group = pgrp;
	ret->sid = sid;
	ret->utime = utime;
	ret->stime = stime;
	ret->start = start;
	ret->rss = rss > 0 ? (uint64_t)rss : 0;
	return 0;
}

int kin_start_time(pid_t pid, uint64_t *ret)
{
	struct stat_fields f;
	int r = read_stat(pid, &f);

	if (r == 0)
		*ret = f.start;
	return r;
}

bool kin_has_ended(pid_t pid)
{
	struct stat_fields f;
	int r = read_stat(pid, &f);

	return r == 0 ? f.state == 'Z' || f.state == 'X' : r == -ENOENT || r == -ESRCH;
}

int kin_parent(pid_t pid, pid_t *ret)
{
	struct stat_fields f;
	int r = read_stat(pid, &f);

	if (r == 0)
		*ret = f.ppid;
	return r;
}

int kin_group(pid_t pid, pid_t *ret)
{
	struct stat_fields f;
	int r = read_stat(pid, &f);

	if (r == 0)
		*ret = f.group;
	return r;
}

int kin_strangers(const pid_t *known, size_t n)
{
	char path[64];
	cleanup_free char *buf = malloc(CHILDREN_MAX);

	if (!buf)
		return -ENOMEM;
	(void)text_format(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	ssize_t len = sys_slurp(AT_FDCWD, path, buf, CHILDREN_MAX);
	if (len < 0)
		return (int)len;
	for (char *p = buf, *end; *p; p = end) {
		pid_t pid = (pid_t)strtol(p, &end, 10);
		if (end == p)
			break;
		size_t low = 0, high = n;
		while (low < high) {
			size_t mid = low + (high - low) / 2;
			if (known[mid] < pid)
				low = mid + 1;
			else
				high = mid;
		}
		if (low == n || known[low] != pid)
			return 1;
		end += strspn(end, " \n");
	}
	return 0;
}

/* Whether the environment that a process was started with has the entry `mark`: 1, 0; -EAGAIN: nothing is there to be read. */
static int find_mark(pid_t pid, const char *mark)
{
	char path[64], buf[2 * ENVIRON_PIECE];
	size_t len = strlen(mark) + 1, have = 0, total = 0; /* the NUL that ends an entry counts */
	bool at_start = true; /* buf begins at the beginning of an entry */

	(void)text_format(path, sizeof(path), "/proc/%d/environ", (int)pid);
	cleanup_fd int fd = sys_open(path, O_RDONLY, 0);
	if (fd < 0)
		return 0;
	for (;;) {
		ssize_t n = sys_read(fd, buf + have, ENVIRON_PIECE);
		if (n == 0 && total == 0)
			return -EAGAIN;
		if (n <= 0)
			return at_start && have >= len - 1 && have < len + 1 && memcmp(buf, mark, len - 1) == 0;
		have += (size_t)n;
		char *p = buf, *end = buf + have, *nul;
		while ((nul = memchr(p, 0, (size_t)(end - p)))) {
			if (at_start && (size_t)(nul - p) + 1 == len && memcmp(p, mark, len) == 0)
				return 1;
			p = nul + 1;
			at_start = true;
		}
		have = (size_t)(end - p);
		if (have > ENVIRON_PIECE) { /* an entry longer than any mark: its rest is passed over */
			have = 0;
			at_start = false;
		}
		memmove(buf, p, have);
		total += (size_t)n;
		if (total > ENVIRON_MAX)
			return 0;
	}
}

/* In the midst of an exec a process has no environment for some microseconds: taken for a stranger it would be left behind. */
static bool has_mark(pid_t pid, const char *mark)
{
	struct stat_fields f;
	int r;

	for (int i = 0; (r = find_mark(pid, mark)) == -EAGAIN && i < EXEC_TRIES; i++) {
		if (read_stat(pid, &f) < 0 || f.state == 'Z' || f.state == 'X')
			break;
		if (f.env_end && f.env_start == f.env_end) /* what it was given is empty */
			break;
		if (!f.env_end)
			(void)poll(NULL, 0, 1);
	}
	return r == 1;
}

static int grow(struct process **v, size_t *cap)
{
	size_t more = *cap ? *cap * 2 : 256;
	struct process *bigger = reallocarray(*v, more, sizeof(**v));

	if (!bigger)
		return -ENOMEM;
	*v = bigger;
	*cap = more;
	return 0;
}

/* All processes there are, in one walk. The count, or -errno; *ret is the caller's. */
static ssize_t all_processes(struct process **ret)
{
	DIR *dir;
	cleanup_free struct process *v = NULL;
	size_t n = 0, cap = 0;
	struct dirent *e;
	int r = sys_opendir("/proc", &dir);

	if (r < 0)
		return r;
	while (r >= 0 && (e = readdir(dir))) {
		uint64_t pid;
		struct stat_fields f;
		if (parse_uint(e->d_name, INT32_MAX, &pid) < 0)
			continue;
		r = read_stat((pid_t)pid, &f);
		/* Ended meanwhile, or hidden from us (hidepid). Without a descriptor or memory for a moment we know nothing. */
		if (r < 0 && r != -EMFILE && r != -ENFILE && r != -ENOMEM) {
			r = 0;
			continue;
		}
		if (r == 0 && n == cap)
			r = grow(&v, &cap);
		if (r == 0)
			v[n++] = (struct process){ .pid = (pid_t)pid, .ppid = f.ppid, .sid = f.sid, .state = f.state };
	}
	(void)closedir(dir);
	if (r < 0)
		return r;
	if (n == 0)
		return -ENOENT; /* we ourselves would be there: the folder of an unmounted /proc */
	*ret = take_ptr(&v);
	return (ssize_t)n;
}

static const struct process *find(const struct process *v, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].pid == pid)
			return &v[i];
	return NULL;
}

ssize_t kin_find(pid_t main_pid, const char *mark, pid_t *pids, size_t max)
{
	cleanup_free struct process *v = NULL;
	ssize_t all = all_processes(&v);
	pid_t self = getpid();
	size_t n = 0;
	bool more = true;

	if (all < 0)
		return all;
	for (ssize_t i = 0; i < all; i++) {
		struct process *p = &v[i];
		if (p->pid == self || p->pid == 1)
			continue;
		p->kin = main_pid > 0 && (p->pid == main_pid || p->sid == main_pid);
		/* Only those that pm1 has adopted need the costly look into their environment; the rest have a parent to ask. */
		if (!p->kin && p->ppid == self)
			p->kin = has_mark(p->pid, mark);
	}
	/* Children of kin, until no more are found: as many rounds as the tree is deep. */
	while (more) {
		more = false;
		for (ssize_t i = 0; i < all; i++) {
			struct process *p = &v[i];
			if (p->kin || p->pid == self || p->ppid == self || p->ppid == 0)
				continue;
			const struct process *parent = find(v, (size_t)all, p->ppid);
			if (parent && parent->kin)
				p->kin = more = true;
		}
	}
	for (ssize_t i = 0; i < all; i++) {
		if (!v[i].kin || v[i].state == 'Z' || v[i].state == 'X')
			continue;
		if (n < max)
			pids[n] = v[i].pid;
		n++;
	}
	return (ssize_t)n;
}

/* 1, 0; -EAGAIN: one of its parents has ended meanwhile, so it has another now. */
static int look_up(pid_t pid, pid_t main_pid, const char *mark)
{
	pid_t self = getpid();
	struct stat_fields f;

	for (int depth = 0; depth < KIN_DEPTH_MAX && pid > 1 && pid != self; depth++, pid = f.ppid) {
		if (read_stat(pid, &f) < 0)
			return depth > 0 ? -EAGAIN : 0;
		if (depth == 0 && (f.state == 'Z' || f.state == 'X'))
			return 0;
		if (main_pid > 0 && (pid == main_pid || f.sid == main_pid))
			return 1;
		if (f.ppid == self) /* adopted: its parent says no more of it */
			return has_mark(pid, mark);
	}
	return 0;
}

bool kin_is(pid_t pid, pid_t main_pid, const char *mark)
{
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < UP_TRIES; i++)
		r = look_up(pid, main_pid, mark);
	return r == 1;
}

/* Bytes of "Pss:  12 kB" in smaps_rollup. */
static bool read_pss(pid_t pid, uint64_t *ret)
{
	char path[64], buf[2048];
	unsigned long long kb;

	(void)text_format(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	if (sys_slurp(AT_FDCWD, path, buf, sizeof(buf)) < 0)
		return false;
	const char *p = strstr(buf, "\nPss:");
	if (!p || sscanf(p + 5, "%llu", &kb) != 1)
		return false;
	*ret = kb * 1024;
	return true;
}

int kin_usage(const pid_t *pids, size_t n, bool memory, struct kin_usage *ret)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), tick = (uint64_t)sysconf(_SC_CLK_TCK);

	*ret = (struct kin_usage){ .pss = true };
	for (size_t i = 0; i < n; i++) {
		struct stat_fields f;
		uint64_t pss;
		if (read_stat(pids[i], &f) < 0)
			continue;
		ret->cpu_usec += (f.utime + f.stime) * (1000000 / tick);
		if (!memory)
			continue;
		if (read_pss(pids[i], &pss)) {
			ret->memory += pss;
		} else {
			ret->memory += f.rss * page;
			ret->pss = false;
		}
	}
	return 0;
}
