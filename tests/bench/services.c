/* services - one round of one supervisor with N services: starts it, asks it, kills services, stops it.
 *
 *   services round N KILLS SIGNAL [STATUS...] -- SUPERVISOR...
 *       prints start, status, restart of an old and of a 50 ms old service, stop (ms; 0 where not measured), PSS and its
 *       anonymous part (kB)
 *   services idle N SECONDS SIGNAL -- SUPERVISOR...
 *       prints the context switches of the supervisor and its helpers in that time, and their CPU time (us)
 *
 * The services (service.c) report to the FIFO $BENCH_FIFO. SIGNAL is what asks the supervisor to stop all and end. Where a
 * supervisor restarts slowly, KILLS is cut short after 3 s. */
#include "measure.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { SERVICES_MAX = 2000, SETTLE_MS = 300, OLD_MS = 1200, YOUNG_MS = 50, WAIT_MS = 60000 };

static int fifo;
static pid_t supervisor;
static pid_t pids[SERVICES_MAX];

static void give_up(const char *why)
{
	fprintf(stderr, "%s\n", why);
	kill(supervisor, SIGTERM);
	tree_end(supervisor);
	exit(1);
}

static struct note hear(void)
{
	struct pollfd p = { .fd = fifo, .events = POLLIN };
	struct note note;

	if (poll(&p, 1, WAIT_MS) != 1)
		give_up("no service started in a minute");
	if (read(fifo, &note, sizeof(note)) != sizeof(note))
		give_up("cannot read the FIFO");
	return note;
}

/* From the start of the supervisor to the first instruction of the last service. */
static int64_t start(int n, char **cmd)
{
	int64_t begin = now_ns(), last = 0;

	supervisor = spawn(cmd);
	for (int i = 0; i < n; i++) {
		struct note note = hear();
		pids[i] = (pid_t)note.pid;
		if (note.at > last)
			last = note.at;
	}
	return last - begin;
}

static int64_t ask(char **status)
{
	int64_t v[7], end = now_ns() + INT64_C(1000000000);
	size_t n = 0;

	while (n < 7 && (n == 0 || now_ns() < end)) {
		int64_t begin = now_ns();
		int code;
		waitpid(spawn(status), &code, 0);
		v[n++] = now_ns() - begin;
		if (code)
			give_up("status failed");
	}
	return (int64_t)median(v, n);
}

static int64_t kill_one(int i)
{
	int64_t begin = now_ns();
	kill(pids[i], SIGKILL);
	struct note note = hear();
	pids[i] = (pid_t)note.pid;
	return note.at - begin;
}

static void restarts(int kills, int64_t *ret_old, int64_t *ret_young)
{
	static int64_t old[SERVICES_MAX], young[SERVICES_MAX];
	int64_t end = now_ns() + INT64_C(3000000000);
	int n = 0;

	for (; n < kills && now_ns() < end; n++) {
		old[n] = kill_one(n);
		nap_ms(YOUNG_MS);
		young[n] = kill_one(n);
		nap_ms(5);
	}
	*ret_old = (int64_t)median(old, (size_t)n);
	*ret_young = (int64_t)median(young, (size_t)n);
}

/* From the request to the end of the last service. */
static int64_t stop(int n, int sig)
{
	static int fds[SERVICES_MAX];

	for (int i = 0; i < n; i++) {
		fds[i] = (int)syscall(SYS_pidfd_open, pids[i], 0);
		if (fds[i] < 0)
			give_up("a service is not there any more");
	}
	int64_t begin = now_ns();
	kill(supervisor, sig);
	for (int i = 0; i < n; i++) {
		struct pollfd p = { .fd = fds[i], .events = POLLIN };
		if (poll(&p, 1, WAIT_MS) != 1)
			give_up("a service did not end in a minute");
		close(fds[i]);
	}
	int64_t took = now_ns() - begin;
	tree_end(supervisor);
	return took;
}

int main(int argc, char **argv)
{
	static struct tree tree;
	struct rlimit files = { 0, 0 };

	if (argc < 7)
		die("services round|idle N KILLS|SECONDS SIGNAL [STATUS...] -- SUPERVISOR...");
	char **cmd = command_after(argc, argv);
	int n = atoi(argv[2]), count = atoi(argv[3]), sig = atoi(argv[4]);
	if (n < 1 || n > SERVICES_MAX || (count > n && strcmp(argv[1], "idle") != 0))
		die("from 1 to %d services, and no more kills than services", SERVICES_MAX);

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fifo = open(getenv("BENCH_FIFO"), O_RDWR | O_CLOEXEC); /* RDWR: it never ends, nor does opening it wait */
	if (fifo < 0)
		die("BENCH_FIFO: %s", strerror(errno));

	int64_t t_start = start(n, cmd), t_status = 0, t_old = 0, t_young = 0;
	nap_ms(count ? OLD_MS : SETTLE_MS);
	tree_read(&tree, supervisor, "service");
	if (strcmp(argv[1], "idle") == 0) {
		nap_ms(5000); /* what they do after a start is not idling */
		int64_t switches = tree_switches(&tree), cpu = tree_cpu(&tree);
		nap_ms(count * 1000);
		switches = tree_switches(&tree) - switches;
		cpu = tree_cpu(&tree) - cpu;
		(void)stop(n, sig);
		printf("%lld %lld\n", (long long)switches, (long long)cpu / 1000);
		return 0;
	}
	int64_t pss = tree_memory_kb(&tree, "\nPss:"), anon = tree_memory_kb(&tree, "\nPss_Anon:");
	if (argv[5])
		t_status = ask(argv + 5);
	if (count)
		restarts(count, &t_old, &t_young);
	int64_t t_stop = stop(n, sig);
	printf("%.2f %.2f %.2f %.2f %.2f %lld %lld\n", (double)t_start / 1e6, (double)t_status / 1e6, (double)t_old / 1e6,
	       (double)t_young / 1e6, (double)t_stop / 1e6, (long long)pss, (long long)anon);
	return 0;
}
