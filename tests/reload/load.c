/* load ADDRESS PORT --new N --keep M - clients of an HTTP server, all at once, and what becomes of each of their requests.
 *
 * N clients make a connection for each request, M keep theirs as HTTP clients do: they go on with it until the server closes it or says
 * that it will, and that between two requests is no failure. Each client asks again as soon as it has its answer (--pause: so many
 * microseconds after), or a millisecond after a failure. One thread, epoll.
 *
 * Prints lines of JSON:
 *   {"going":N}                                    each client has had an answer: at the beginning, and to each SIGUSR2, when that is so
 *                                                  of requests that began after the signal
 *   {"seconds":S,"new":{...},"keep":{...},"bodies":{...}}   to SIGUSR1, the time since the last such line; and at the end
 * SIGTERM, SIGINT, --max-seconds or --requests end it: nothing new is asked then, and what is still in the air is waited for, so that a
 * request that hangs is told as one that hangs. */
#include "tests/reload/answer.h"
#include "tests/reload/tally.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 1024
#define AFTER_FAILURE_US 1000

enum kind { KIND_NEW, KIND_KEEP, KIND_MAX };
/* AT_REST: until due_us, perhaps with a connection. DONE: the load ends, and this client asks no more. */
enum at { AT_CONNECT, AT_ANSWER, AT_REST, AT_DONE };

struct client {
	enum kind kind;
	enum at at;
	int fd; /* -1: none */
	bool reused; /* an answer has come over this connection before */
	int64_t began_us; /* the request: connecting included */
	int64_t due_us; /* when it has lasted too long, or the rest is over */
	uint64_t round; /* of the request it is at */
	bool gone_round; /* had an answer to a request of the current one */
	struct answer answer;
};

static struct {
	struct sockaddr_in to;
	int64_t timeout_us, pause_us, end_us;
	uint64_t requests; /* 0: any number */
} arg = { .timeout_us = 5000000 };

static struct {
	int epoll;
	struct client *v;
	size_t n, n_done;
	uint64_t round;
	size_t n_round; /* clients that have gone the current round */
	bool round_said, ending;
	uint64_t total;
	int64_t window_us; /* when it began */
	struct tally tally[KIND_MAX];
	struct bodies bodies;
} all;

static int64_t now_us(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void hang_up(struct client *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
	c->reused = false;
}

static void done(struct client *c)
{
	hang_up(c);
	c->at = AT_DONE;
	all.n_done++;
}

static void rest(struct client *c, int64_t us)
{
	if (all.ending) {
		done(c);
		return;
	}
	c->at = AT_REST;
	c->due_us = now_us() + us;
}

static void count(enum outcome o, struct client *c)
{
	if (o == OUTCOME_OK)
		tally_ok(&all.tally[c->kind], (uint64_t)(now_us() - c->began_us));
	else
		all.tally[c->kind].of[o]++;
	if (++all.total == arg.requests)
		all.ending = true;
}

static void fail(struct client *c, enum outcome o)
{
	count(o, c);
	hang_up(c);
	/* A stale connection is no sign that the server is in trouble: a client asks again at once. */
	rest(c, o == OUTCOME_STALE ? 0 : AFTER_FAILURE_US);
}

/* errno says why. Whatever tells that the peer has gone is a reset. */
static void fail_by_errno(struct client *c)
{
	if (errno == EADDRNOTAVAIL || errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		fail(c, OUTCOME_LOCAL);
	else if (c->at == AT_CONNECT)
		fail(c, errno == ECONNREFUSED ? OUTCOME_REFUSED : OUTCOME_RESET_CONNECT);
	else if (c->answer.n > 0)
		fail(c, OUTCOME_RESET_MID);
	else
		fail(c, c->reused ? OUTCOME_STALE : OUTCOME_RESET_BEFORE);
}

static void ask(struct client *c)
{
	static const char *const text[] = { [KIND_NEW] = "GET / HTTP/1.1\r\nHost: load\r\nConnection: close\r\n\r\n",
					    [KIND_KEEP] = "GET / HTTP/1.1\r\nHost: load\r\n\r\n" };
	size_t n = strlen(text[c->kind]);

	c->at = AT_ANSWER;
	answer_begin(&c->answer);
	if (send(c->fd, text[c->kind], n, MSG_NOSIGNAL) != (ssize_t)n)
		fail_by_errno(c);
}

static void begin(struct client *c)
{
	c->began_us = now_us();
	c->due_us = c->began_us + arg.timeout_us;
	c->round = all.round;
	if (c->fd >= 0) {
		ask(c);
		return;
	}
	c->at = AT_CONNECT;
	answer_begin(&c->answer);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c };
	if (c->fd < 0 || (connect(c->fd, (struct sockaddr *)&arg.to, sizeof(arg.to)) < 0 && errno != EINPROGRESS))
		fail_by_errno(c);
	else if (epoll_ctl(all.epoll, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		die("epoll_ctl");
}

static void answered(struct client *c)
{
	count(OUTCOME_OK, c);
	bodies_add(&all.bodies, c->answer.body);
	if (c->round == all.round && !c->gone_round) {
		c->gone_round = true;
		all.n_round++;
	}
	if (c->kind == KIND_NEW || c->answer.last)
		hang_up(c);
	else
		c->reused = true;
	rest(c, arg.pause_us);
}

/* Reads all there is. The connection of a client at rest may end, that is between two requests. */
static void hear(struct client *c)
{
	for (;;) {
		char spare[256];
		size_t size = sizeof(spare);
		char *to = c->at == AT_REST ? spare : answer_room(&c->answer, &size);
		ssize_t n = recv(c->fd, to, size, 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno == EINTR)
			continue;
		if (c->at == AT_REST) {
			/* A byte that nobody asked for is as good as an end. */
			hang_up(c);
			return;
		}
		if (n < 0) {
			fail_by_errno(c);
			return;
		}
		if (n == 0) {
			fail(c, c->answer.n ? OUTCOME_CLOSED_MID : c->reused ? OUTCOME_STALE : OUTCOME_CLOSED_BEFORE);
			return;
		}
		enum answer_is is = answer_took(&c->answer, (size_t)n);
		if (is == ANSWER_BAD) {
			fail(c, OUTCOME_BAD);
			return;
		}
		if (is == ANSWER_WHOLE)
			answered(c);
		if (c->fd < 0)
			return;
	}
}

static void on_client(struct client *c)
{
	if (c->fd < 0)
		return;
	if (c->at == AT_CONNECT) {
		int e = 0;
		socklen_t len = sizeof(e);
		struct sockaddr_in peer;
		(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &len);
		errno = e;
		if (e) {
			fail_by_errno(c);
			return;
		}
		len = sizeof(peer);
		if (getpeername(c->fd, (struct sockaddr *)&peer, &len) < 0)
			return; /* not yet */
		ask(c);
	}
	if (c->at == AT_ANSWER || (c->at == AT_REST && c->fd >= 0))
		hear(c);
	if (c->at == AT_REST && now_us() >= c->due_us)
		begin(c);
}

/* Who has waited, or rested, long enough. */
static bool look_at_clocks(void)
{
	int64_t now = now_us();
	bool resting = false;

	for (struct client *c = all.v; c < all.v + all.n; c++) {
		if (c->at == AT_REST && all.ending)
			done(c);
		else if (c->at == AT_REST && now >= c->due_us)
			begin(c);
		else if (c->at != AT_REST && c->at != AT_DONE && now >= c->due_us)
			fail(c, c->at == AT_CONNECT ? OUTCOME_TIMEOUT_CONNECT : OUTCOME_TIMEOUT_ANSWER);
		resting = resting || c->at == AT_REST;
	}
	return resting;
}

static void print_window(void)
{
	int64_t now = now_us();

	printf("{\"seconds\":%.3f,\"new\":", (double)(now - all.window_us) / 1e6);
	tally_print(&all.tally[KIND_NEW], stdout);
	printf(",\"keep\":");
	tally_print(&all.tally[KIND_KEEP], stdout);
	printf(",\"bodies\":");
	bodies_print(&all.bodies, stdout);
	printf("}\n");
	(void)fflush(stdout);
	all.window_us = now;
	memset(all.tally, 0, sizeof(all.tally));
	memset(&all.bodies, 0, sizeof(all.bodies));
}

static void say_round(void)
{
	if (all.round_said || all.n_round < all.n)
		return;
	all.round_said = true;
	printf("{\"going\":%" PRIu64 "}\n", all.round);
	(void)fflush(stdout);
}

static void on_signal(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR1) {
		print_window();
	} else if (info.ssi_signo == SIGUSR2) {
		all.round++;
		all.n_round = 0;
		all.round_said = false;
		for (struct client *c = all.v; c < all.v + all.n; c++)
			c->gone_round = false;
	} else {
		all.ending = true;
	}
}

static void parse(int argc, char **argv)
{
	unsigned long n[KIND_MAX] = { 0 }, max_seconds = 60;

	if (argc < 3 || inet_pton(AF_INET, argv[1], &arg.to.sin_addr) != 1)
		goto usage;
	arg.to.sin_family = AF_INET;
	arg.to.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	for (int i = 3; i < argc; i += 2) {
		unsigned long value = i + 1 < argc ? strtoul(argv[i + 1], NULL, 10) : 0;
		if (i + 1 == argc)
			goto usage;
		if (strcmp(argv[i], "--new") == 0)
			n[KIND_NEW] = value;
		else if (strcmp(argv[i], "--keep") == 0)
			n[KIND_KEEP] = value;
		else if (strcmp(argv[i], "--max-seconds") == 0)
			max_seconds = value;
		else if (strcmp(argv[i], "--requests") == 0)
			arg.requests = value;
		else if (strcmp(argv[i], "--pause") == 0)
			arg.pause_us = (int64_t)value;
		else if (strcmp(argv[i], "--timeout") == 0)
			arg.timeout_us = (int64_t)value * 1000;
		else
			goto usage;
	}
	all.n = n[KIND_NEW] + n[KIND_KEEP];
	if (all.n == 0 || n[KIND_NEW] > CLIENTS_MAX || all.n > CLIENTS_MAX)
		goto usage;
	arg.end_us = now_us() + (int64_t)max_seconds * 1000000;
	all.v = calloc(all.n, sizeof(*all.v));
	if (!all.v)
		die("calloc");
	for (size_t i = 0; i < all.n; i++) {
		all.v[i].fd = -1;
		all.v[i].kind = i < n[KIND_NEW] ? KIND_NEW : KIND_KEEP;
	}
	return;
usage:
	fprintf(stderr, "usage: load ADDRESS PORT [--new N] [--keep M] [--max-seconds S] [--requests N] [--pause US] [--timeout MS]\n"
			"       (N and M: at most %d clients together, at least one)\n", CLIENTS_MAX);
	exit(2);
}

int main(int argc, char **argv)
{
	sigset_t mask;

	parse(argc, argv);
	(void)sigemptyset(&mask);
	for (size_t i = 0; i < 4; i++)
		(void)sigaddset(&mask, (int[]){ SIGTERM, SIGINT, SIGUSR1, SIGUSR2 }[i]);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	int signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	all.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (signals < 0 || all.epoll < 0 || epoll_ctl(all.epoll, EPOLL_CTL_ADD, signals, &(struct epoll_event){ .events = EPOLLIN }) < 0)
		die("epoll");
	all.window_us = now_us();
	for (struct client *c = all.v; c < all.v + all.n; c++)
		begin(c);
	while (all.n_done < all.n) {
		struct epoll_event ev[256];
		bool resting = look_at_clocks();
		int n = epoll_wait(all.epoll, ev, sizeof(ev) / sizeof(*ev), resting ? 1 : 50);
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr)
				on_client(ev[i].data.ptr);
			else
				on_signal(signals);
		}
		say_round();
		if (now_us() >= arg.end_us)
			all.ending = true;
	}
	print_window();
	return 0;
}
