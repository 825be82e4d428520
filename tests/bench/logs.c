/* logs - one round of one log writer.
 *
 *   logs FILE MIB -- COMMAND...     COMMAND runs feed (feed.c), whose lines are to arrive in FILE
 *
 * Prints MiB/s, from the first byte written until the last one is in the file, and CPU s per GiB and the sum of the highest
 * RSS (MiB) of all that COMMAND started but feed. Bytes count as feed wrote them, without the time stamps. */
#include "measure.h"

static bool complete(const char *file)
{
	char end[4];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	off_t size = lseek(fd, 0, SEEK_END);
	bool is = size >= 4 && pread(fd, end, 4, size - 4) == 4 && memcmp(end, "END\n", 4) == 0;
	close(fd);
	return is;
}

int main(int argc, char **argv)
{
	static struct tree tree;

	if (argc < 5)
		die("logs FILE MIB -- COMMAND...");
	char **cmd = command_after(argc, argv);
	double mib = atof(argv[2]);

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t pid = spawn(cmd);
	int fifo = open(getenv("BENCH_FIFO"), O_WRONLY | O_CLOEXEC); /* returns when feed opens it */
	nap_ms(300); /* until all is in place */
	tree_read(&tree, pid, "feed");
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
	printf("%.0f %.3f %.2f\n", mib / took, cpu_s / mib * 1024, (double)peak_kb / 1024);
	return 0;
}
