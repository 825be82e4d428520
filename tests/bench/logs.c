/* logs - one round of one log writer.
 *
 *   logs FILE MIB LINE -- COMMAND...     COMMAND runs feed (feed.c), whose lines of LINE bytes are to arrive in FILE
 *
 * Prints four words: MiB/s, CPU s per GiB, the sum of the highest RSS (MiB), and "exact" or where the file differs. The time is from
 * the moment feed is told to begin, when all has long been started and nobody uses the CPU any more, until feed's last line
 * is in the file; neither start nor end of the writer is in it. CPU and RSS are of all that COMMAND started but feed. Bytes count as
 * feed wrote them, without time stamps and the like; the file is exact when it has every line once and in order, whatever stands
 * in the same line before and after it. */
#include "feed.h"

static bool complete(const char *file)
{
	char end[512];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	off_t size = lseek(fd, 0, SEEK_END), at = size > (off_t)sizeof(end) ? size - (off_t)sizeof(end) : 0;
	ssize_t n = pread(fd, end, sizeof(end), at);
	close(fd);
	return n > 4 && end[n - 1] == '\n' && memmem(end, (size_t)n, "END", 3);
}

/* Until nobody uses the CPU: a manager that was just started may do more than start its service. */
static void settle(struct tree *tree)
{
	int64_t cpu = -1, end = now_ns() + INT64_C(15000000000);

	for (;;) {
		nap_ms(300);
		tree_read(tree, getpid(), "feed");
		for (size_t i = 0; i < tree->n; i++)
			if (tree->pids[i] == getpid())
				tree->pids[i] = tree->pids[--tree->n];
		int64_t now = tree_cpu(tree);
		if (now_ns() > end || (cpu >= 0 && now - cpu < 3000000))
			return;
		cpu = now;
	}
}

static void compare(const char *file, long mib, size_t line)
{
	static char chunk[FEED_CHUNK];
	FILE *f = fopen(file, "re");
	char *got = NULL;
	size_t cap = 0, n = 0, per = FEED_CHUNK / line, all = (size_t)mib * 1048576 / line;
	ssize_t len;

	if (!f)
		die("%s: %s", file, strerror(errno));
	feed_lines(chunk, line);
	for (; (len = getline(&got, &cap, f)) > 0; n++) {
		const char *want = chunk + n % per * line;
		size_t size = line - 1;
		if (n % per == 0)
			feed_number(chunk, (long)(n / per));
		if (n == all) {
			want = "END";
			size = 3;
		}
		if (n > all || !memmem(got, (size_t)len, want, size)) {
			printf(" line-%zu-of-%zu", n + 1, all + 1);
			return;
		}
	}
	printf(n == all + 1 ? " exact" : " line-%zu-of-%zu", n + 1, all + 1);
	free(got);
	fclose(f);
}

int main(int argc, char **argv)
{
	static struct tree tree;

	if (argc < 6)
		die("logs FILE MIB LINE -- COMMAND...");
	char **cmd = command_after(argc, argv);
	double mib = atof(argv[2]);

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t pid = spawn(cmd);
	int fifo = open(getenv("BENCH_FIFO"), O_WRONLY | O_CLOEXEC); /* returns when feed opens it */
	settle(&tree);
	int64_t cpu = tree_cpu(&tree), begin = now_ns();
	if (write(fifo, "", 1) != 1)
		die("cannot say go: %s", strerror(errno));
	while (!complete(argv[1])) {
		if (now_ns() - begin > INT64_C(60000000000)) {
			kill(pid, SIGTERM);
			tree_end(pid);
			die("the last line did not arrive within a minute");
		}
		nanosleep(&(struct timespec){ .tv_nsec = 300000 }, NULL);
	}
	double took = (double)(now_ns() - begin) / 1e9;
	nap_ms(5); /* the CPU time of who still runs is counted at its next switch */
	double cpu_s = (double)(tree_cpu(&tree) - cpu) / 1e9;
	int64_t peak_kb = 0;
	for (size_t i = 0; i < tree.n; i++) {
		char status[8192];
		if (proc_text(tree.pids[i], "status", status, sizeof(status)))
			peak_kb += proc_number(status, "\nVmHWM:");
	}
	kill(pid, SIGTERM);
	/* What only ends with its input, as cat does, needs feed to end. */
	tree_read(&tree, getpid(), "");
	for (size_t i = 0; i < tree.n; i++) {
		char name[32];
		if (proc_text(tree.pids[i], "comm", name, sizeof(name)) && strcmp(name, "feed\n") == 0)
			kill(tree.pids[i], SIGTERM);
	}
	tree_end(pid);
	printf("%.0f %.3f %.2f", mib / took, cpu_s / mib * 1024, (double)peak_kb / 1024);
	compare(argv[1], atol(argv[2]), strtoul(argv[3], NULL, 10));
	puts("");
	return 0;
}
