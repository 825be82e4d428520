/* floor - the least that a supervisor costs: fork, exec, wait, and nothing else. What pm1 and its peers are measured against.
 *
 *   floor init CMD ARGS...     one child; reaps what comes, ends with its end
 *   floor keep N CMD ARGS...   N children, each started again when it ends; TERM stops them all
 *   floor lines N              writes N lines, as a status would
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t ending;

static void on_term(int sig)
{
	(void)sig;
	ending = 1;
}

static pid_t start(char **argv)
{
	pid_t pid = vfork();
	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static int be_init(char **argv)
{
	pid_t child = start(argv);
	int status;
	for (;;) {
		pid_t pid = wait(&status);
		if (pid == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (pid < 0)
			return 1;
	}
}

static int keep(int n, char **argv)
{
	struct sigaction term = { .sa_handler = on_term }; /* no SA_RESTART: it is to wake wait() */
	pid_t *pids = calloc((size_t)n, sizeof(*pids));

	sigaction(SIGTERM, &term, NULL);
	for (int i = 0; pids && i < n; i++)
		pids[i] = start(argv);
	while (!ending) {
		pid_t pid = wait(NULL);
		for (int i = 0; i < n && !ending; i++)
			if (pid > 0 && pids[i] == pid)
				pids[i] = start(argv);
	}
	for (int i = 0; i < n; i++)
		kill(pids[i], SIGTERM);
	while (wait(NULL) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "init") == 0)
		return be_init(argv + 2);
	if (argc > 3 && strcmp(argv[1], "keep") == 0)
		return keep(atoi(argv[2]), argv + 3);
	if (argc > 2 && strcmp(argv[1], "lines") == 0) {
		for (int i = 0; i < atoi(argv[2]); i++)
			printf("service-%d online pid %d, up 12 s, 0 restarts\n", i, i + 1000);
		return 0;
	}
	return 2;
}
