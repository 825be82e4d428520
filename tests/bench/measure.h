/* measure - what the programs of the benchmarks share: the clock, medians, and the cost of a tree of processes.
 *
 * Trouble ends the program with a word on stderr: a figure that could not be taken must not be printed. */
#ifndef PM1_TESTS_BENCH_MEASURE_H
#define PM1_TESTS_BENCH_MEASURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define die(...)                      \
	do {                          \
		fprintf(stderr, __VA_ARGS__); \
		fputc('\n', stderr);  \
		exit(1);              \
	} while (0)

/* What a service says of itself when it starts. */
struct note {
	int64_t at;
	int64_t pid;
};

static inline int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static inline void nap_ms(int64_t ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static inline int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static inline double median(int64_t *v, size_t n)
{
	if (!n)
		die("no value to take the median of");
	qsort(v, n, sizeof(*v), by_value);
	return n % 2 ? (double)v[n / 2] : (double)(v[n / 2 - 1] + v[n / 2]) / 2;
}

/* By vfork, so that the size of this program doesn't count. What it says goes to stderr: stdout is for figures. It is asked to
 * end should this program be killed. */
static inline pid_t spawn(char **argv)
{
	pid_t pid = vfork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		die("fork: %s", strerror(errno));
	return pid;
}

/* The word after "--" in argv, where a command begins; with the "--" made an end. */
static inline char **command_after(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			argv[i] = NULL;
			return argv + i + 1;
		}
	}
	die("no command after --");
}

/* A file of /proc as text; false when its process is gone. */
static inline bool proc_text(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[512];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	size_t len = 0;
	ssize_t n;
	while (len + 1 < size && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	buf[len] = 0;
	return len > 0;
}

static inline int64_t proc_number(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	return at ? atoll(at + strlen(key)) : 0;
}

#define TREE_MAX 4096

struct tree {
	pid_t pids[TREE_MAX];
	size_t n;
};

/* `root` and all that descends from it, but for programs whose name is `but`. */
static inline void tree_read(struct tree *t, pid_t root, const char *but)
{
	static struct {
		pid_t pid, parent;
		bool in, counts;
	} all[65536];
	size_t n = 0;
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d)) && n < sizeof(all) / sizeof(all[0])) {
		char buf[512], *open_paren, *close_paren;
		pid_t pid = atoi(e->d_name);
		if (pid <= 0 || !proc_text(pid, "stat", buf, sizeof(buf)))
			continue;
		open_paren = strchr(buf, '(');
		close_paren = strrchr(buf, ')');
		if (!open_paren || !close_paren)
			continue;
		*close_paren = 0;
		all[n].pid = pid;
		all[n].parent = atoi(close_paren + 4);
		all[n].in = pid == root;
		all[n].counts = strcmp(open_paren + 1, but) != 0;
		n++;
	}
	if (d)
		closedir(d);
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n && !all[i].in; j++)
				if (all[j].in && all[j].pid == all[i].parent)
					all[i].in = more = true;
	}
	t->n = 0;
	for (size_t i = 0; i < n && t->n < TREE_MAX; i++)
		if (all[i].in && all[i].counts)
			t->pids[t->n++] = all[i].pid;
}

/* CPU time in ns, of all threads; schedstat counts in ns, stat in ticks of 10 ms. */
static inline int64_t tree_cpu(const struct tree *t)
{
	int64_t sum = 0;
	for (size_t i = 0; i < t->n; i++) {
		char path[64], buf[256], task[300];
		snprintf(path, sizeof(path), "/proc/%d/task", (int)t->pids[i]);
		DIR *d = opendir(path);
		struct dirent *e;
		while (d && (e = readdir(d))) {
			snprintf(task, sizeof(task), "task/%s/schedstat", e->d_name);
			if (e->d_name[0] != '.' && proc_text(t->pids[i], task, buf, sizeof(buf)))
				sum += atoll(buf);
		}
		if (d)
			closedir(d);
	}
	return sum;
}

static inline int64_t tree_switches(const struct tree *t)
{
	int64_t sum = 0;
	for (size_t i = 0; i < t->n; i++) {
		char buf[8192];
		if (proc_text(t->pids[i], "status", buf, sizeof(buf)))
			sum += proc_number(buf, "\nvoluntary_ctxt_switches:") + proc_number(buf, "nonvoluntary_ctxt_switches:");
	}
	return sum;
}

/* `key` of smaps_rollup: "\nPss:", or "\nPss_Anon:" for what is no page of a file. */
static inline int64_t tree_memory_kb(const struct tree *t, const char *key)
{
	int64_t sum = 0;
	for (size_t i = 0; i < t->n; i++) {
		char buf[8192];
		if (proc_text(t->pids[i], "smaps_rollup", buf, sizeof(buf)))
			sum += proc_number(buf, key);
	}
	return sum;
}

/* Ends all that descends from us, who must be a subreaper: when there is no child any more, all are gone. `root` has been asked
 * to end and is given ten seconds to clean up after itself. */
static inline void tree_end(pid_t root)
{
	static struct tree t;
	for (int64_t end = now_ns() + INT64_C(10000000000); now_ns() < end && waitpid(root, NULL, WNOHANG) == 0;)
		nap_ms(1);
	tree_read(&t, getpid(), "");
	for (size_t i = 0; i < t.n; i++)
		if (t.pids[i] != getpid())
			kill(t.pids[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

#endif
