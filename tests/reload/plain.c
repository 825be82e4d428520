/* plain PORT | --listen-fds, [--drain], [--address A] - an HTTP server as simple as one can be: one thread, and it dies of TERM.
 *
 * Each answer is its pid and the word in GENERATION. Connections are kept until the client closes them or asks for that.
 * --listen-fds: it is given its socket, as systemd does it. --drain: at TERM it takes what waits in the queue and no more, says
 * Connection: close in each answer from there on, closes what was idle for a second, and ends when no connection is left. It doesn't close
 * idle ones at once: the next request may be on its way, and would find nobody. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNS_MAX 4096 /* by descriptor */
#define REQUEST_MAX 2048
#define IDLE_MS 1000

static struct conn {
	bool used;
	size_t n;
	char request[REQUEST_MAX + 1];
} conns[CONNS_MAX];

static int loop, listener = -1, open_conns;
static bool draining;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "plain: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void watch(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl");
}

static void hang_up(int fd)
{
	conns[fd].used = false;
	open_conns--;
	(void)close(fd);
}

/* Takes all that wait in the queue. */
static void on_listener(void)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0 && errno == EAGAIN)
			return;
		if (fd < 0 || fd >= CONNS_MAX)
			die("accept");
		conns[fd] = (struct conn){ .used = true };
		open_conns++;
		watch(fd);
	}
}

static void answer(int fd)
{
	const char *generation = getenv("GENERATION");
	struct conn *c = &conns[fd];
	bool close_it = draining || strstr(c->request, "Connection: close");
	char body[96], text[256];
	int size = snprintf(body, sizeof(body), "%d %s\n", (int)getpid(), generation ? generation : "-");
	int n = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n%s", size,
			 close_it ? "close" : "keep-alive", body);

	c->n = 0;
	if (send(fd, text, (size_t)n, MSG_NOSIGNAL) != n || close_it)
		hang_up(fd);
}

static void on_conn(int fd)
{
	struct conn *c = &conns[fd];
	ssize_t n = recv(fd, c->request + c->n, REQUEST_MAX - c->n, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(fd);
		return;
	}
	c->n += (size_t)n;
	c->request[c->n] = 0;
	if (strstr(c->request, "\r\n\r\n"))
		answer(fd);
	else if (c->n == REQUEST_MAX)
		hang_up(fd);
}

static void listen_at(const char *address, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		die(address);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(listener, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("bind");
	if (listen(listener, 128) < 0)
		die("listen");
}

static void take_given(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	if (!pid || !fds || strtol(pid, NULL, 10) != getpid() || strtol(fds, NULL, 10) != 1) {
		fprintf(stderr, "plain: LISTEN_PID=%s, LISTEN_FDS=%s: not one socket for %d\n", pid ? pid : "", fds ? fds : "", (int)getpid());
		exit(1);
	}
	listener = 3;
	(void)fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK);
}

int main(int argc, char **argv)
{
	const char *address = "127.0.0.1", *port = NULL;
	bool given = false, drain = false;
	int signals = -1;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--listen-fds") == 0)
			given = true;
		else if (strcmp(argv[i], "--drain") == 0)
			drain = true;
		else if (strcmp(argv[i], "--address") == 0 && i + 1 < argc)
			address = argv[++i];
		else
			port = argv[i];
	}
	if (!given && !port) {
		fprintf(stderr, "usage: plain PORT | --listen-fds, [--drain], [--address A]\n");
		return 2;
	}
	if (drain) {
		sigset_t mask;
		(void)sigemptyset(&mask);
		(void)sigaddset(&mask, SIGTERM);
		(void)sigprocmask(SIG_BLOCK, &mask, NULL);
		signals = signalfd(-1, &mask, SFD_CLOEXEC);
	}
	if (given)
		take_given();
	else
		listen_at(address, port);
	loop = epoll_create1(EPOLL_CLOEXEC);
	watch(listener);
	if (signals >= 0)
		watch(signals);
	while (!draining || open_conns > 0) {
		struct epoll_event ev[64];
		int n = epoll_wait(loop, ev, 64, draining ? IDLE_MS : -1);
		if (n == 0) /* nobody has asked anything for so long */
			break;
		for (int i = 0; i < n; i++) {
			if (ev[i].data.fd == signals) {
				on_listener();
				draining = true;
				(void)epoll_ctl(loop, EPOLL_CTL_DEL, listener, NULL);
				(void)epoll_ctl(loop, EPOLL_CTL_DEL, signals, NULL);
			} else if (ev[i].data.fd == listener) {
				on_listener();
			} else if (conns[ev[i].data.fd].used) {
				on_conn(ev[i].data.fd);
			}
		}
	}
	return 0;
}
