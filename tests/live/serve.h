/* serve - prog's mode `serve`: a server that knows nothing of LISTEN_FDS, step by step. Says what each call came to: "bind 0", "bind EADDRINUSE".
 *
 *   tcp4, tcp6, udp4, udp6, unix, netlink   a new socket; with + behind: nonblocking and close-on-exec
 *   reuse, nodelay, v6only, keepalive, rcvbuf:N   an option of it
 *   bind:HOST:PORT, bind:/PATH, bind:@NAME, bind:./PATH   bind:netlink
 *   listen:N, accept (and says hello), datagram (one, sent back), epoll (adds the socket to a set), dup, look (says what the socket is)
 *   unlink:PATH   thread (the rest is done by another thread), fork (by a child), crowd:N (by each of N), setuid:N   wait, say:TEXT
 *   plain HOST PORT as the only words: tcp4, bind, listen:3, then hello to all who come */
#ifndef PM1_TESTS_SERVE_H
#define PM1_TESTS_SERVE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct serve {
	int fd, family;
	char **steps; /* NULL-ended */
};

static void serve_run(struct serve *s);

static void serve_say(const char *what, int r)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%s %s\n", what, r < 0 ? strerrorname_np(errno) : "0");
	(void)!write(1, line, (size_t)n);
}

static void serve_socket(struct serve *s, const char *kind)
{
	int flags = kind[strlen(kind) - 1] == '+' ? SOCK_NONBLOCK | SOCK_CLOEXEC : 0;
	int type = strncmp(kind, "udp", 3) == 0 ? SOCK_DGRAM : strncmp(kind, "netlink", 7) == 0 ? SOCK_RAW : SOCK_STREAM;

	s->family = strncmp(kind, "unix", 4) == 0 ? AF_UNIX : strncmp(kind, "netlink", 7) == 0 ? AF_NETLINK : kind[3] == '4' ? AF_INET : AF_INET6;
	s->fd = socket(s->family, type | flags, 0);
}

static void serve_option(const struct serve *s, int level, int name, int value)
{
	if (setsockopt(s->fd, level, name, &value, sizeof(value)) < 0)
		serve_say("option", -1);
}

static int serve_get(const struct serve *s, int level, int name)
{
	int value = -1;
	socklen_t n = sizeof(value);

	return getsockopt(s->fd, level, name, &value, &n) < 0 ? -1 : value;
}

static void serve_bind(const struct serve *s, const char *to)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct sockaddr_nl nl;
	} a = { .any = { .sa_family = (sa_family_t)s->family } };
	char host[64];
	const char *colon = strrchr(to, ':');
	socklen_t n = sizeof(a.in6);

	if (s->family == AF_NETLINK) {
		n = sizeof(a.nl);
	} else if (s->family == AF_UNIX) {
		(void)snprintf(a.un.sun_path, sizeof(a.un.sun_path), "%s", to);
		n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(to) + (*to != '@'));
		if (*to == '@')
			a.un.sun_path[0] = 0;
	} else {
		(void)snprintf(host, sizeof(host), "%.*s", (int)(colon - to), to);
		if (s->family == AF_INET) {
			a.in.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
			(void)inet_pton(AF_INET, host, &a.in.sin_addr);
			n = sizeof(a.in);
		} else {
			a.in6.sin6_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
			(void)inet_pton(AF_INET6, host, &a.in6.sin6_addr);
		}
	}
	serve_say("bind", bind(s->fd, &a.any, n));
}

static void serve_accept(const struct serve *s)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC), c;

	(void)epoll_ctl(ep, EPOLL_CTL_ADD, s->fd, &ev);
	while (epoll_wait(ep, &ev, 1, -1) < 1)
		;
	c = accept(s->fd, NULL, NULL);
	serve_say("accept", c);
	(void)!write(c, "hello\n", 6);
	(void)close(c);
	(void)close(ep);
}

static void serve_datagram(const struct serve *s)
{
	struct sockaddr_storage from;
	socklen_t n = sizeof(from);
	char buf[64];
	ssize_t got = recvfrom(s->fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &n);

	serve_say("datagram", got < 0 ? -1 : (int)sendto(s->fd, buf, (size_t)got, 0, (struct sockaddr *)&from, n));
}

static void serve_look(const struct serve *s)
{
	int status = fcntl(s->fd, F_GETFL), fd = fcntl(s->fd, F_GETFD);

	printf("look domain=%d%s%s%s nodelay=%d keepalive=%d rcvbuf=%d\n", serve_get(s, SOL_SOCKET, SO_DOMAIN), status & O_NONBLOCK ? " nonblocking" : "",
	       fd & FD_CLOEXEC ? " cloexec" : "", serve_get(s, SOL_SOCKET, SO_ACCEPTCONN) ? " listening" : "",
	       serve_get(s, IPPROTO_TCP, TCP_NODELAY), serve_get(s, SOL_SOCKET, SO_KEEPALIVE), serve_get(s, SOL_SOCKET, SO_RCVBUF));
	(void)fflush(stdout);
}

static void *serve_thread(void *ctx)
{
	serve_run(ctx);
	exit(0);
}

static void serve_crowd(int n)
{
	for (int i = 0; i < n; i++)
		if (fork() == 0)
			return;
	while (wait(NULL) > 0)
		;
	_exit(0);
}

static void serve_elsewhere(struct serve *s, int thread)
{
	pthread_t t;

	if (thread) {
		if (pthread_create(&t, NULL, serve_thread, s) == 0)
			(void)pthread_join(t, NULL);
		_exit(94);
	}
	if (fork() == 0)
		return;
	(void)wait(NULL);
	_exit(0);
}

static void serve_epoll(const struct serve *s)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	if (epoll_ctl(ep, EPOLL_CTL_ADD, s->fd, &ev) < 0)
		serve_say("epoll", -1);
}

static void serve_step(struct serve *s, const char *step)
{
	static const char *const kinds[] = { "tcp4", "tcp6", "udp4", "udp6", "unix", "netlink" };
	const char *colon = strchr(step, ':'), *arg = colon ? colon + 1 : "";
	size_t n = colon ? (size_t)(colon - step) : strlen(step);
#define IS(word) (n == sizeof(word) - 1 && strncmp(step, word, n) == 0)

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(step, kinds[i], strlen(kinds[i])) == 0)
			serve_socket(s, step);
	if (IS("reuse"))
		serve_option(s, SOL_SOCKET, SO_REUSEADDR, 1);
	else if (IS("nodelay"))
		serve_option(s, IPPROTO_TCP, TCP_NODELAY, 1);
	else if (IS("v6only"))
		serve_option(s, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	else if (IS("keepalive"))
		serve_option(s, SOL_SOCKET, SO_KEEPALIVE, 1);
	else if (IS("rcvbuf"))
		serve_option(s, SOL_SOCKET, SO_RCVBUF, (int)strtol(arg, NULL, 10));
	else if (IS("bind"))
		serve_bind(s, arg);
	else if (IS("listen"))
		serve_say("listen", listen(s->fd, (int)strtol(arg, NULL, 10)));
	else if (IS("accept"))
		serve_accept(s);
	else if (IS("datagram"))
		serve_datagram(s);
	else if (IS("epoll"))
		serve_epoll(s);
	else if (IS("dup"))
		(void)dup(s->fd);
	else if (IS("look"))
		serve_look(s);
	else if (IS("unlink"))
		(void)unlink(arg);
	else if (IS("setuid"))
		serve_say("setuid", setresuid((uid_t)strtoul(arg, NULL, 10), (uid_t)strtoul(arg, NULL, 10), (uid_t)strtoul(arg, NULL, 10)));
	else if (IS("thread") || IS("fork"))
		serve_elsewhere(s, step[0] == 't');
	else if (IS("crowd"))
		serve_crowd((int)strtol(arg, NULL, 10));
	else if (IS("say"))
		printf("%s\n", arg), (void)fflush(stdout);
	while (IS("wait"))
		(void)pause();
#undef IS
}

static void serve_run(struct serve *s)
{
	while (*s->steps)
		serve_step(s, *s->steps++);
}

static _Noreturn void serve_plain(char *host, const char *port)
{
	struct serve s = { .fd = -1 };
	char to[96];

	(void)snprintf(to, sizeof(to), "%s:%s", host, port);
	serve_socket(&s, strchr(host, ':') ? "tcp6" : "tcp4");
	serve_option(&s, SOL_SOCKET, SO_REUSEADDR, 1);
	serve_bind(&s, to);
	serve_say("listen", listen(s.fd, 3));
	for (;;)
		serve_accept(&s);
}

static void serve(char **steps)
{
	struct serve s = { .fd = -1, .steps = steps };

	if (steps[0] && strcmp(steps[0], "plain") == 0 && steps[1] && steps[2])
		serve_plain(steps[1], steps[2]);
	serve_run(&s);
}

#endif
