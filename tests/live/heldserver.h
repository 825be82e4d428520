/* heldserver - a server on descriptors that it was given (LISTEN_FDS): for prog.c alone.
 *
 * Each connection gets a line "PID INSTANCE" and is closed, or, `hold`, stays until the client closes it; `once`: it ends with the first. It ends at the first signal. */
#ifndef PM1_TESTS_HELDSERVER_H
#define PM1_TESTS_HELDSERVER_H

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HELD_MAX 256

static void held_answer(int from, struct pollfd *fds, int *n, int hold)
{
	const char *instance = getenv("NODE_APP_INSTANCE");
	char line[64], word[64];
	struct sockaddr_storage who;
	socklen_t len = sizeof(who);
	int type = SOCK_STREAM;
	socklen_t size = sizeof(type);

	int k = snprintf(line, sizeof(line), "%d %s\n", (int)getpid(), instance ? instance : "-");
	(void)getsockopt(from, SOL_SOCKET, SO_TYPE, &type, &size);
	if (type == SOCK_DGRAM) {
		if (recvfrom(from, word, sizeof(word), 0, (struct sockaddr *)&who, &len) >= 0)
			(void)sendto(from, line, (size_t)k, 0, (struct sockaddr *)&who, len);
		return;
	}
	int fd = accept4(from, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	(void)send(fd, line, (size_t)k, MSG_NOSIGNAL);
	if (hold && *n < HELD_MAX)
		fds[(*n)++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	else
		(void)close(fd);
}

static int held_serve(int hold, int once)
{
	const char *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES"), *pid = getenv("LISTEN_PID");
	struct pollfd fds[HELD_MAX];
	int given = count ? atoi(count) : 0, n = 0;

	for (; n < given && n < 16; n++)
		fds[n] = (struct pollfd){ .fd = 3 + n, .events = POLLIN };
	printf("serving %d named %s for %s\n", given, names ? names : "-", pid && atoi(pid) == getpid() ? "me" : "another");
	fflush(stdout);
	while (poll(fds, (nfds_t)n, -1) >= 0) {
		for (int i = 0; i < n; i++) {
			char buf[64];
			if (!fds[i].revents)
				continue;
			if (i < given) {
				held_answer(fds[i].fd, fds, &n, hold);
				if (once)
					return 0;
			}
			else if (read(fds[i].fd, buf, sizeof(buf)) <= 0) {
				(void)close(fds[i].fd);
				fds[i] = fds[--n];
				i--;
			}
		}
	}
	return 1;
}

#endif
