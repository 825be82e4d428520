#include "tests/live/sinkserver.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define DATAGRAM_MAX 65536

int server_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	(void)unlink(path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0, "%s", path);
	return fd;
}

int server_inet(int type, uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(*port) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

int server_accept(int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	cr_assert_eq(poll(&p, 1, LIVE_WAIT * 1000), 1, "nobody connects");
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(fd, 0);
	return fd;
}

void hear(struct heard *h, const char *part, size_t part_n)
{
	struct pollfd p = { .fd = h->fd, .events = POLLIN };
	time_t end = time(NULL) + LIVE_WAIT;

	while (!h->text || !memmem(h->text, h->len, part, part_n)) {
		cr_assert(time(NULL) < end && poll(&p, 1, LIVE_WAIT * 1000) == 1, "'%s' does not come; there is: %.2000s", part,
			  h->text ? h->text : "");
		h->text = realloc(h->text, h->len + DATAGRAM_MAX + 1);
		cr_assert_not_null(h->text);
		ssize_t n = recv(h->fd, h->text + h->len, DATAGRAM_MAX, 0);
		cr_assert_gt(n, 0, "the connection ended, without '%s'", part);
		h->len += (size_t)n;
		h->text[h->len] = 0;
		h->datagrams++;
	}
}

void hear_text(struct heard *h, const char *part)
{
	hear(h, part, strlen(part));
}

size_t heard_count(const struct heard *h, const char *part)
{
	size_t count = 0, n = strlen(part);

	for (const char *p = h->text; (p = memmem(p, h->len - (size_t)(p - h->text), part, n)); p += n)
		count++;
	return count;
}
