/* bare - the costs of a bare init, each run of this program one round of one init.
 *
 *   bare wall N -- CMD...          median wall time of N runs of CMD, in us
 *   bare signal N -- INIT...       INIT runs `bare handler` as PID 1 of a new namespace and is sent TERM N times:
 *                                  median from kill() to the first line of the handler, in us
 *   bare reap N -- INIT...         INIT runs `bare orphans N`, as above: its CPU time per orphan, in us
 * The last word of INIT is this program, and the words that it needs are added. */
#include "measure.h"

#include <sched.h>

static int report = -1; /* what handler and orphans write to: a pipe of ours */

static void on_term(int sig)
{
	(void)sig;
	int64_t t = now_ns();
	if (write(report, &t, sizeof(t)) != sizeof(t))
		_exit(1);
}

static int be_handler(void)
{
	struct sigaction sa = { .sa_handler = on_term };
	int64_t ready = 0;
	sigset_t none;

	sigaction(SIGTERM, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (write(report, &ready, sizeof(ready)) != sizeof(ready))
		return 1;
	for (;;)
		pause();
}

/* One after another, each ends after its parent did: the init is woken for each, and never for two at once. */
static int be_orphans(int n)
{
	int64_t word = 0;
	int go[2];

	if (write(report, &word, sizeof(word)) != sizeof(word) || read(STDIN_FILENO, &word, 1) != 1)
		return 1;
	for (int i = 0; i < n; i++) {
		if (pipe(go) < 0)
			return 1;
		pid_t parent = fork();
		if (parent == 0) {
			if (fork() == 0) {
				char c;
				close(go[1]);
				_exit(read(go[0], &c, 1) != 0); /* until nobody is left who could write */
			}
			_exit(0);
		}
		waitpid(parent, NULL, 0);
		close(go[0]);
		close(go[1]);
		nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL); /* until it is reaped */
	}
	nap_ms(50); /* the last is to be reaped */
	if (write(report, &word, sizeof(word)) != sizeof(word))
		return 1;
	for (;;)
		pause();
}

static double wall(int n, char **cmd)
{
	int64_t *v = calloc((size_t)n, sizeof(*v));
	for (int i = 0; v && i < n; i++) {
		int64_t begin = now_ns();
		pid_t pid = spawn(cmd);
		int status;
		waitpid(pid, &status, 0);
		v[i] = now_ns() - begin;
		if (status)
			die("%s ended with status %d", cmd[0], status);
	}
	return median(v, (size_t)n) / 1e3;
}

/* All on one CPU: where the scheduler puts them, and how deep an idle CPU sleeps, differs more than the inits do. */
static void pin(void)
{
	cpu_set_t may, one;
	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(may), &may) < 0)
		return;
	for (int i = CPU_SETSIZE - 1; i >= 0; i--) {
		if (CPU_ISSET(i, &may)) {
			CPU_SET(i, &one);
			break;
		}
	}
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		die("cannot stay on one CPU: %s", strerror(errno));
}

struct pid1 {
	pid_t pid;
	int from, to;
};

static int64_t hear(const struct pid1 *p)
{
	int64_t t;
	if (read(p->from, &t, sizeof(t)) != sizeof(t))
		die("the program under the init is silent");
	return t;
}

/* `cmd` as PID 1, its words continued by `more`; returns when the program under it is ready. */
static struct pid1 start(char **cmd, const char *more, const char *n)
{
	struct pid1 p;
	char *argv[64];
	int argc = 0, out[2], in[2];

	for (; cmd[argc] && argc < 60; argc++)
		argv[argc] = cmd[argc];
	argv[argc++] = (char *)more;
	argv[argc++] = (char *)n;
	argv[argc] = NULL;
	if (pipe(out) < 0 || pipe(in) < 0 || unshare(CLONE_NEWPID | (geteuid() ? CLONE_NEWUSER : 0)) < 0)
		die("no new PID namespace: %s", strerror(errno));
	p.pid = fork();
	if (p.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		for (int i = 0; i < 2; i++) {
			close(in[i]);
			close(out[i]);
		}
		execvp(argv[0], argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	p.from = out[0];
	p.to = in[1];
	(void)hear(&p);
	nap_ms(5); /* until the init waits */
	return p;
}

static void end(const struct pid1 *p)
{
	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
}

static double signal_latency(int n, char **cmd)
{
	struct pid1 p = start(cmd, "handler", "");
	int64_t *v = calloc((size_t)n, sizeof(*v));
	for (int i = 0; v && i < n; i++) {
		int64_t begin = now_ns();
		kill(p.pid, SIGTERM);
		v[i] = hear(&p) - begin;
		nap_ms(1); /* until both wait again */
	}
	end(&p);
	return median(v, (size_t)n) / 1e3;
}

static double reap_cost(int n, const char *count, char **cmd)
{
	static struct tree only;
	struct pid1 p = start(cmd, "orphans", count);

	only = (struct tree){ .pids = { p.pid }, .n = 1 };
	int64_t before = tree_cpu(&only);
	if (write(p.to, "", 1) != 1)
		die("the program under the init is gone");
	(void)hear(&p);
	double cost = (double)(tree_cpu(&only) - before) / 1e3 / n;
	end(&p);
	return cost;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 0;

	report = STDOUT_FILENO;
	if (strcmp(what, "handler") == 0)
		return be_handler();
	if (strcmp(what, "orphans") == 0)
		return be_orphans(n);
	if (n <= 0)
		die("bare wall|signal|reap N -- CMD...");
	char **cmd = command_after(argc, argv);
	if (strcmp(what, "wall") != 0)
		pin();
	if (strcmp(what, "wall") == 0)
		printf("%.1f\n", wall(n, cmd));
	else if (strcmp(what, "signal") == 0)
		printf("%.1f\n", signal_latency(n, cmd));
	else
		printf("%.2f\n", reap_cost(n, argv[2], cmd));
	return 0;
}
