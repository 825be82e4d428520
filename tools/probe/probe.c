#include "tools/probe/probe.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/probeaddr.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>

#define DEFAULT_TIMEOUT (30 * USEC_SEC)
#define HEAD_MAX 64 /* bytes of an answer that the status is looked for in */
/* An answer is read on after its first line, so that the server sees no connection break: so much, so long. */
#define DRAIN_MAX (64 * 1024)
#define DRAIN_FOR (250 * USEC_MS)

struct probe {
	struct probeaddr addr;
	usec_t until;
	char reason[128];
};

/* 0, or -ETIMEDOUT. */
static int wait_for(int fd, short events, usec_t until)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		usec_t now = clock_mono();
		if (now >= until)
			return -ETIMEDOUT;
		/* Interrupted or not: the clock says when it is over. */
		if (poll(&p, 1, (int)((until - now + USEC_MS - 1) / USEC_MS)) > 0)
			return 0;
	}
}

static int connect_to(struct probe *p, size_t i)
{
	const struct sockaddr *a = &p->addr.to[i].a.any;
	cleanup_fd int fd = sys_socket(a->sa_family, SOCK_STREAM);

	if (fd < 0)
		return fd;
	int r = sys_connect(fd, a, p->addr.to[i].len);
	if (r == -EINPROGRESS) {
		r = wait_for(fd, POLLOUT, p->until);
		if (r == 0)
			r = sys_sock_error(fd);
	}
	if (r == 0 && a->sa_family != AF_UNIX && sys_is_own_peer(fd))
		r = -ECONNREFUSED; /* nobody listens: both ends are ours */
	return r < 0 ? r : take_fd(&fd);
}

static int connect_any(struct probe *p)
{
	int r = -ENOENT;

	for (size_t i = 0; i < p->addr.n && r < 0 && r != -ETIMEDOUT; i++)
		r = connect_to(p, i);
	return r;
}

static int send_request(struct probe *p, int fd)
{
	char request[4096];
	struct text t = TEXT_INIT(request);
	const char *path = p->addr.rest[0] ? p->addr.rest : "/";

	if (text_addf(&t, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: pm1-health-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n", path,
		      p->addr.host) < 0)
		return -E2BIG;
	for (size_t done = 0; done < t.len;) {
		struct iovec part = { request + done, t.len - done };
		struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
		ssize_t n = sys_sendmsg(fd, &m, 0);
		if (n == -EAGAIN)
			n = wait_for(fd, POLLOUT, p->until);
		if (n < 0)
			return (int)n;
		done += (size_t)n;
	}
	return 0;
}

/* Reads until a line end, the end, or `size` - 1 bytes. 0 or -errno. */
static int read_head(struct probe *p, int fd, char *head, size_t size)
{
	size_t n = 0;

	while (n < size - 1 && !memchr(head, '\n', n)) {
		ssize_t got = sys_read(fd, head + n, size - 1 - n);
		if (got == 0)
			break;
		if (got == -EAGAIN)
			got = wait_for(fd, POLLIN, p->until);
		if (got < 0)
			return (int)got;
		n += (size_t)got;
	}
	head[n] = 0;
	return 0;
}

static void drain(struct probe *p, int fd)
{
	usec_t until = clock_mono() + DRAIN_FOR;
	char buf[4096];

	if (until > p->until)
		until = p->until;
	for (size_t n = 0; n < DRAIN_MAX;) {
		ssize_t got = sys_read(fd, buf, sizeof(buf));
		if (got == -EAGAIN && wait_for(fd, POLLIN, until) == 0)
			continue;
		if (got <= 0)
			return;
		n += (size_t)got;
	}
}

/* The three digits of "HTTP/1.1 200 OK", or 0. */
static unsigned int status_of(char *head)
{
	uint64_t status = 0;

	if (strncmp(head, "HTTP/1.", 7) != 0 || strlen(head) < 12 || head[8] != ' ')
		return 0;
	if (head[12] && !strchr(" \r\n", head[12]))
		return 0;
	head[12] = 0;
	return parse_uint(head + 9, 999, &status) == 0 ? (unsigned int)status : 0;
}

static bool ask_http(struct probe *p, int fd)
{
	char head[HEAD_MAX] = "";
	int r = send_request(p, fd);

	if (r == 0 || r == -EPIPE || r == -ECONNRESET) /* it may have answered without listening to the end */
		r = read_head(p, fd, head, sizeof(head));
	if (r < 0) {
		(void)text_format(p->reason, sizeof(p->reason), "%s", r == -ETIMEDOUT ? "connected, but no answer" : err_text(r));
		return false;
	}
	unsigned int status = status_of(head);
	if (status)
		(void)text_format(p->reason, sizeof(p->reason), "status %u", status);
	else
		(void)text_format(p->reason, sizeof(p->reason), "%s", head[0] ? "the answer is not HTTP" : "closed without an answer");
	if (status)
		drain(p, fd);
	return status >= 200 && status < 400;
}

static bool look(struct probe *p)
{
	cleanup_fd int fd = connect_any(p);

	if (fd < 0) {
		(void)text_format(p->reason, sizeof(p->reason), "connect: %s", err_text(fd));
		return false;
	}
	if (p->addr.kind == PROBE_HTTP)
		return ask_http(p, fd);
	(void)text_copy(p->reason, sizeof(p->reason), "connected");
	return true;
}

int probe_main(int argc, char **argv)
{
	struct probe p = { .until = clock_mono() };
	usec_t within = DEFAULT_TIMEOUT;
	const char *fault = argc < 3 || argc > 4 ? "usage: pm1 health-probe " PROBEADDR_ALLOWED " [TIME]" : probeaddr_parse(argv[2], &p.addr);

	if (!fault && argc == 4 && (parse_duration(argv[3], &within) < 0 || within == 0))
		fault = "the time is one such as 5s or 500ms";
	if (!fault && p.addr.n == 0)
		fault = "only http://, tcp: and unix: are asked here";
	if (fault) {
		(void)fprintf(stderr, "pm1: health-probe: %s\n", fault);
		return 2;
	}
	p.until += within;
	bool good = look(&p);
	(void)printf("%s\n", p.reason);
	return fflush(stdout) == 0 && good ? 0 : 1;
}
