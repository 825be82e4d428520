/* prog - services of many habits, for the live tests. Static and small: it runs in any namespace. */
#include "heldserver.h"
#include "pattern.h"
#include "script.h"
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *text)
{
	(void)!write(1, text, strlen(text));
}

static _Noreturn void wait_for_ever(void)
{
	for (;;)
		pause();
}

static const char *trap_text;
static void on_trap(int sig)
{
	char buf[64];
	int n = snprintf(buf, sizeof(buf), "%s %d\n", trap_text, sig);
	(void)!write(1, buf, (size_t)n);
	if (sig == SIGTERM || sig == SIGINT)
		_exit(0);
}

static void daemonize_away(void)
{
	if (fork() > 0)
		return;
	(void)setsid();
	if (fork() > 0)
		_exit(0);
	(void)signal(SIGTERM, SIG_IGN);
	say("away\n");
	wait_for_ever();
}

static void print_signals(void)
{
	sigset_t mask;
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");

	(void)sigprocmask(SIG_BLOCK, NULL, &mask);
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0)
			say(line);
	if (f)
		(void)fclose(f);
}

/* Grows to MB megabytes, touching each page, then stays. */
static void hog(const char *mb, const char *then)
{
	size_t n = (size_t)strtoul(mb, NULL, 10) << 20;

	for (size_t done = 0; done < n; done += 1 << 20) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p != MAP_FAILED)
			memset(p, 1, 1 << 20);
	}
	say("fed\n");
	if (strcmp(then, "exit") != 0)
		wait_for_ever();
}

static const char *own_or_not(pid_t got, pid_t own, pid_t parents)
{
	return got == own ? "own" : got == parents ? "parent's" : "other";
}

/* Takes `n` signals one by one and names them. */
static void name_signals(const char *who, int n)
{
	sigset_t all;
	char line[64];

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)snprintf(line, sizeof(line), "%sready\n", who);
	say(line);
	for (int i = 0; i < n;) {
		int sig = sigwaitinfo(&all, NULL);
		if (sig <= 0)
			continue;
		(void)snprintf(line, sizeof(line), "%sgot %d\n", who, sig);
		say(line);
		i++;
	}
}

/* What a child of an init was given: signals, descriptors, its place; then N signals, each named; then code 40. */
static int witness(int n)
{
	pid_t parent = getppid(), front = tcgetpgrp(0);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	print_signals();
	printf("parent=%s pgrp=%s sid=%s terminal=%s\n", parent == 1 ? "1" : "other",
	       own_or_not(getpgrp(), getpid(), getpgid(parent)), own_or_not(getsid(0), getpid(), getsid(parent)),
	       front < 0 ? "none" : front == getpgrp() ? "ours" : "another's");
	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("fd %d\n", fd);
	fflush(stdout);
	name_signals("", n);
	return 40;
}

/* Two of one process group, told apart. The first, when it got its signal, sends the second RTMAX, so that it has one in any case; or
 * with CODE it ends at once and the second outlives it. */
static int pair(const char *code)
{
	int ready[2];
	char c;

	if (pipe(ready) < 0)
		return 98;
	pid_t second = fork();
	if (second == 0) {
		(void)alarm(120);
		(void)close(ready[0]);
		sigset_t all;
		(void)sigfillset(&all);
		(void)sigdelset(&all, SIGALRM);
		(void)sigprocmask(SIG_SETMASK, &all, NULL);
		(void)close(ready[1]);
		name_signals("second ", 1);
		_exit(0);
	}
	(void)close(ready[1]);
	(void)!read(ready[0], &c, 1);
	if (*code)
		return atoi(code);
	name_signals("first ", 1);
	(void)kill(second, SIGRTMAX);
	(void)wait(NULL);
	return 41;
}

/* Leaves N orphans, who end at once, and waits until none of them is a zombie: 0; or their init doesn't reap them: killed by ALRM. */
static int leave_orphans(int n)
{
	int pipes[2];

	(void)alarm(60);
	if (pipe(pipes) < 0)
		return 98;
	for (int i = 0; i < n; i++) {
		pid_t middle = fork(), orphan;
		if (middle == 0) {
			orphan = fork();
			if (orphan == 0)
				_exit(0);
			(void)!write(pipes[1], &orphan, sizeof(orphan));
			_exit(0);
		}
		(void)waitpid(middle, NULL, 0);
		if (read(pipes[0], &orphan, sizeof(orphan)) != sizeof(orphan))
			return 98;
		while (kill(orphan, 0) == 0)
			(void)usleep(1000); /* an init tells nobody that it reaped */
	}
	say("reaped\n");
	return 0;
}

/* Says each line of the terminal back. */
static int reader(void)
{
	char line[256], out[300];

	say("reading\n");
	for (;;) {
		ssize_t n = read(0, line, sizeof(line) - 1);
		if (n <= 0)
			return n < 0 ? 97 : 0;
		line[n] = 0;
		line[strcspn(line, "\n")] = 0;
		int len = snprintf(out, sizeof(out), "<%s>\n", line);
		(void)!write(1, out, (size_t)len);
	}
}

static volatile sig_atomic_t told;
static void on_told(int sig)
{
	(void)sig;
	told = 1;
}

/* All of it, or what got out before TERM when that may cut it. */
static size_t write_out(int fd, const char *p, size_t n, int may_cut)
{
	size_t done = 0;

	while (done < n && !(told && may_cut)) {
		ssize_t w = write(fd, p + done, n - done);
		if (w < 0 && errno != EINTR)
			_exit(96);
		if (w > 0)
			done += (size_t)w;
	}
	return done;
}

/* Writes the pattern of NAME (lines) or of a number (bytes) until TERM, then how much it was into a file. A millisecond's pause for each
 * 64 KiB: enough to keep logd at work all the time, not so much as to fill a disk. */
static int write_pattern(const char *name, const char *count_file, int fd)
{
	struct sigaction act = { .sa_handler = on_told };
	uint32_t state = (uint32_t)strtoul(name, NULL, 10), sizes = 1;
	unsigned long count = 0;
	size_t since = 0;
	static char buf[8192];

	(void)sigaction(SIGTERM, &act, NULL);
	while (!told) {
		size_t n, done;
		if (state) {
			n = (size_t)(pattern_byte(&sizes) % 32 + 1) * 256 - pattern_byte(&sizes) % 200;
			for (size_t i = 0; i < n; i++)
				buf[i] = (char)pattern_byte(&state);
			done = write_out(fd, buf, n, 1);
			count += done;
		} else {
			n = pattern_line(buf, name, count);
			done = write_out(fd, buf, n, 0);
			count++;
		}
		since += done;
		if (since >= 65536) {
			since = 0;
			(void)usleep(1000);
		}
	}
	FILE *f = fopen(count_file, "we");
	if (!f)
		return 95;
	fprintf(f, "%lu\n", count);
	return fclose(f) == 0 ? 0 : 95;
}

/* One line of so many blocks. */
static int write_giant(unsigned long blocks)
{
	static char buf[PATTERN_BLOCK];

	for (unsigned long i = 0; i < blocks; i++) {
		pattern_block(buf, i, blocks);
		(void)write_out(1, buf, sizeof(buf), 0);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "", *a = argc > 2 ? argv[2] : "", *b = argc > 3 ? argv[3] : "";

	if (strcmp(mode, "exit") == 0)
		return atoi(a);
	if (strcmp(mode, "script") == 0) {
		script_run(argc - 2, argv + 2);
		return 0;
	}
	if (strcmp(mode, "serve") == 0) {
		serve(argv + 2);
		return 0;
	}
	if (strcmp(mode, "witness") == 0)
		return witness(atoi(a));
	if (strcmp(mode, "pair") == 0)
		return pair(a);
	if (strcmp(mode, "leave-orphans") == 0)
		return leave_orphans(atoi(a));
	if (strcmp(mode, "pattern") == 0)
		return write_pattern(a, b, argc > 4 ? atoi(argv[4]) : 1);
	if (strcmp(mode, "giant") == 0)
		return write_giant(strtoul(a, NULL, 10));
	if (strcmp(mode, "reader") == 0)
		return reader();
	if (strcmp(mode, "wait") == 0) {
		say("up\n");
		wait_for_ever();
	}
	if (strcmp(mode, "wait-for") == 0)
		return wait_for_file(a);
	if (strcmp(mode, "serve-fds") == 0)
		return held_serve(strcmp(a, "hold") == 0, strcmp(a, "once") == 0);
	if (strcmp(mode, "kill-self") == 0) {
		(void)kill(getpid(), atoi(a));
		wait_for_ever();
	}
	if (strcmp(mode, "ignore") == 0) {
		(void)signal(atoi(a), SIG_IGN);
		say("ignoring\n");
		wait_for_ever();
	}
	if (strcmp(mode, "trap") == 0) {
		trap_text = a;
		for (int sig = 1; sig < 32; sig++)
			if (sig != SIGCHLD)
				(void)signal(sig, on_trap);
		say("trapping\n");
		wait_for_ever();
	}
	if (strcmp(mode, "orphans") == 0) {
		for (int i = 0; i < atoi(a); i++) {
			if (fork() == 0) {
				if (fork() == 0)
					_exit(0);
				_exit(0);
			}
		}
		while (wait(NULL) > 0)
			;
		say("orphaned\n");
		wait_for_ever();
	}
	if (strcmp(mode, "setsid-daemon") == 0) {
		daemonize_away();
		say("up\n");
		if (strcmp(a, "exit") == 0)
			return 0;
		wait_for_ever();
	}
	if (strcmp(mode, "stop-self") == 0) {
		say("stopping\n");
		(void)raise(SIGSTOP);
		wait_for_ever();
	}
	if (strcmp(mode, "child-hog") == 0) {
		if (fork() == 0)
			hog(a, "stay");
		wait_for_ever();
	}
	if (strcmp(mode, "hog") == 0) {
		hog(a, b);
		return 0;
	}
	if (strcmp(mode, "env") == 0) {
		const char *v = getenv(a);
		printf("%s=%s\n", a, v ? v : "(unset)");
		fflush(stdout);
		wait_for_ever();
	}
	if (strcmp(mode, "ids") == 0) {
		char cwd[4096];
		mode_t m = umask(0);
		printf("uid=%d gid=%d groups=%d umask=%03o cwd=%s sid=%s\n", (int)getuid(), (int)getgid(),
		       getgroups(0, NULL), (unsigned int)m, getcwd(cwd, sizeof(cwd)), getsid(0) == getpid() ? "own" : "other");
		fflush(stdout);
		wait_for_ever();
	}
	if (strcmp(mode, "signals") == 0) {
		print_signals();
		wait_for_ever();
	}
	if (strcmp(mode, "fds") == 0) {
		for (int fd = 0; fd < 1024; fd++)
			if (fcntl(fd, F_GETFD) >= 0)
				printf("fd %d\n", fd);
		printf("end\n");
		fflush(stdout);
		wait_for_ever();
	}
	if (strcmp(mode, "lines") == 0) { /* COUNT lines of SIZE bytes each, numbered */
		unsigned long count = strtoul(a, NULL, 10), size = strtoul(b, NULL, 10);
		char *line = malloc(size + 1);
		for (unsigned long i = 0; i < count; i++) {
			int n = snprintf(line, size + 1, "%012lu ", i);
			memset(line + n, 'x', size - (size_t)n);
			line[size - 1] = '\n';
			for (size_t done = 0; done < size;) {
				ssize_t w = write(argc > 4 ? 2 : 1, line + done, size - done);
				if (w < 0)
					return 1;
				done += (size_t)w;
			}
		}
		if (argc > 5)
			return 0;
		wait_for_ever();
	}
	fprintf(stderr, "prog: unknown mode '%s'\n", mode);
	return 99;
}
