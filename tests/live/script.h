/* script - prog's mode `script`: a program that does one thing after the other, as its arguments say.
 *
 *   NAME=VALUE   sent to NOTIFY_SOCKET, | is a newline, ^ an escape  big        a datagram of 5000 bytes is
 *   store:NAME   FDSTORE=1 with a file that holds NAME             given      prints LISTEN_FDS, its names, whose it is, and what is in 3
 *   barrier      BARRIER=1, and waits until it is taken            pet:MS     WATCHDOG=1 every MS, for ever
 *   tcp:PORT, unix:PATH   listens        touch:PATH   makes a file        fd:N a newline there      close:N
 *   say:TEXT, part:TEXT, err:TEXT   a line, a part of one, a line of stderr   await:PATH   waits until it is there
 *   child        the rest is another process's; this one waits
 *   heir         the rest is a child's, which says MAINPID; this one ends when it has been told   exit:N, wait */
#ifndef PM1_TESTS_SCRIPT_H
#define PM1_TESTS_SCRIPT_H

#include <libgen.h>
#include <sys/inotify.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void script_send(const char *text, size_t n, int fd)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { (char *)text, n };
	struct msghdr h = { .msg_name = &a, .msg_iov = &iov, .msg_iovlen = 1 };

	if (!path) {
		(void)!write(1, "no NOTIFY_SOCKET\n", 17);
		return;
	}
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	h.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + (*path != '@'));
	if (*path == '@')
		a.sun_path[0] = 0;
	if (fd >= 0) {
		h.msg_control = control;
		h.msg_controllen = sizeof(control);
		struct cmsghdr *c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sendmsg(s, &h, MSG_NOSIGNAL) < 0) {
		char line[128];
		int len = snprintf(line, sizeof(line), "not sent: %s\n", strerror(errno));
		(void)!write(1, line, (size_t)len);
	}
	(void)close(s);
}

static void script_notify(const char *text)
{
	char buf[1024];

	(void)snprintf(buf, sizeof(buf), "%s", text);
	for (char *p = buf; *p; p++)
		*p = *p == '|' ? '\n' : *p == '^' ? 0x1b : *p;
	script_send(buf, strlen(buf), -1);
}

static void script_store(const char *name)
{
	char text[300];
	int fd = memfd_create(name, 0);

	(void)!write(fd, name, strlen(name));
	(void)snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", name);
	script_send(text, strlen(text), fd);
	(void)close(fd);
}

static void script_given(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	char in[64] = "";

	if (fds)
		(void)!pread(3, in, sizeof(in) - 1, 0);
	printf("given %s %s %s %s\n", fds ? fds : "none", names ? names : "-", !pid ? "-" : atoi(pid) == getpid() ? "own" : "other", in);
	fflush(stdout);
}

static void script_barrier(void)
{
	int p[2];
	char c;

	if (pipe2(p, O_CLOEXEC) < 0)
		_exit(94);
	script_send("BARRIER=1", 9, p[1]);
	(void)close(p[1]);
	(void)!read(p[0], &c, 1);
	(void)close(p[0]);
}

static void script_listen_tcp(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	(void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s, 8) < 0)
		_exit(93);
}

static void script_listen_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	(void)unlink(path);
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s, 8) < 0)
		_exit(93);
}

static void script_heir(void)
{
	char text[64];
	int p[2];
	char c;

	if (pipe2(p, O_CLOEXEC) < 0)
		_exit(94);
	if (fork() > 0) {
		(void)close(p[1]);
		(void)!read(p[0], &c, 1);
		_exit(0);
	}
	(void)close(p[0]);
	(void)snprintf(text, sizeof(text), "MAINPID=%d", (int)getpid());
	script_notify(text);
	script_barrier();
	(void)close(p[1]);
}

/* Until somebody makes that file. */
static int wait_for_file(const char *path)
{
	char buf[4096], *copy = strdup(path);
	int fd = inotify_init1(IN_CLOEXEC);

	if (!copy || fd < 0 || inotify_add_watch(fd, dirname(copy), IN_CREATE | IN_MOVED_TO) < 0)
		return 1;
	while (access(path, F_OK) != 0)
		(void)!read(fd, buf, sizeof(buf));
	return 0;
}

static void script_run(int n, char **v)
{
	for (int i = 0; i < n; i++) {
		const char *colon = strchr(v[i], ':'), *arg = colon ? colon + 1 : "";
		char text[1024];
		int fd;
#define IS(word) (strncmp(v[i], word, strlen(word)) == 0)
		if (IS("say:") || IS("err:") || IS("part:")) {
			int len = snprintf(text, sizeof(text), IS("part:") ? "%s" : "%s\n", arg);
			(void)!write(IS("err:") ? 2 : 1, text, (size_t)len);
		} else if (IS("await:")) {
			if (wait_for_file(arg) != 0)
				_exit(98);
		} else if (IS("tcp:")) {
			script_listen_tcp(atoi(arg));
		} else if (IS("unix:")) {
			script_listen_unix(arg);
		} else if (IS("touch:")) {
			if ((fd = open(arg, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) >= 0)
				(void)close(fd);
		} else if (IS("fd:")) {
			(void)!write(atoi(arg), "\n", 1);
		} else if (IS("close:")) {
			(void)close(atoi(arg));
		} else if (IS("store:")) {
			script_store(arg);
		} else if (IS("pet:")) {
			for (;;) {
				script_notify("WATCHDOG=1");
				(void)usleep((useconds_t)atoi(arg) * 1000);
			}
		} else if (IS("exit:")) {
			_exit(atoi(arg));
		} else if (strcmp(v[i], "given") == 0) {
			script_given();
		} else if (strcmp(v[i], "barrier") == 0) {
			script_barrier();
		} else if (strcmp(v[i], "heir") == 0) {
			script_heir();
		} else if (strcmp(v[i], "child") == 0) {
			if (fork() > 0) {
				(void)wait(NULL);
				for (;;)
					pause();
			}
		} else if (strcmp(v[i], "big") == 0) {
			static char big[5000];
			memset(big, 'x', sizeof(big));
			memcpy(big, "READY=1\n", 8);
			script_send(big, sizeof(big), -1);
		} else if (strcmp(v[i], "wait") == 0) {
			for (;;)
				pause();
		} else {
			script_notify(v[i]);
		}
#undef IS
	}
}

#endif
