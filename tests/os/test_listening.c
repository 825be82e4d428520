#include "os/listening.h"

#include "base/own.h"
#include "tests/fakes/folder.h"
#include "tests/skip.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

TestSuite(listening, .init = folder_enter, .fini = folder_leave, .timeout = 60);

/* A socket at a port that the kernel chose. */
static int tcp_socket(int family, const char *address, uint16_t *ret_port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr *a = family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six;
	socklen_t n = family == AF_INET ? sizeof(four) : sizeof(six);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)inet_pton(family, address, family == AF_INET ? (void *)&four.sin_addr : (void *)&six.sin6_addr);
	if (fd < 0 || bind(fd, a, n) < 0)
		skip_test("no %s here", address);
	cr_assert_eq(getsockname(fd, a, &n), 0);
	*ret_port = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
	return fd;
}

static ssize_t found(uint16_t port, int family, const char *address)
{
	struct listening_at at = { .family = family, .port = port };
	uint64_t inodes[LISTENING_MAX];

	if (family)
		(void)inet_pton(family, address, at.address);
	return listening_find(0, &at, inodes);
}

Test(listening, a_bound_socket_counts_from_listen_on)
{
	uint16_t port;
	cleanup_fd int fd = tcp_socket(AF_INET, "127.0.0.1", &port);

	cr_expect_eq(found(port, 0, NULL), 0);
	cr_assert_eq(listen(fd, 1), 0);
	cr_expect_eq(found(port, 0, NULL), 1);
	cr_expect_eq(found(port, AF_INET, "127.0.0.1"), 1);
	cr_expect_eq(found(port, AF_INET, "127.0.0.2"), 0);
	cr_expect_eq(found(port, AF_INET6, "::1"), 0);
}

Test(listening, one_of_every_address_listens_on_each)
{
	uint16_t port;
	cleanup_fd int fd = tcp_socket(AF_INET6, "::", &port);

	cr_assert_eq(listen(fd, 1), 0);
	cr_expect_eq(found(port, 0, NULL), 1);
	cr_expect_eq(found(port, AF_INET6, "::1"), 1);
	cr_expect_eq(found(port, AF_INET, "127.0.0.1"), 1);
}

Test(listening, an_ipv6_address_is_told_from_another)
{
	uint16_t port;
	cleanup_fd int fd = tcp_socket(AF_INET6, "::1", &port);

	cr_assert_eq(listen(fd, 1), 0);
	cr_expect_eq(found(port, AF_INET6, "::1"), 1);
	cr_expect_eq(found(port, AF_INET6, "::2"), 0);
	cr_expect_eq(found(port, AF_INET, "127.0.0.1"), 0);
}

/* By its whole path, by one that was bound from within the folder, and by a name. */
Test(listening, unix_sockets_are_known_by_their_path)
{
	static const char *const relative = "x.sock";

	for (size_t i = 0; i < 3; i++) {
		struct sockaddr_un a = { .sun_family = AF_UNIX };
		char path[128];
		uint64_t inodes[LISTENING_MAX];
		cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (i == 2)
			(void)snprintf(path, sizeof(path), "@pm1-test-%d", (int)getpid());
		else
			(void)snprintf(path, sizeof(path), "%s/x.sock", folder);
		(void)snprintf(a.sun_path, sizeof(a.sun_path), "%.100s", i == 0 ? relative : path);
		if (i == 2)
			a.sun_path[0] = 0;
		(void)unlink("x.sock");
		socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (i == 2 ? strlen(path) : strlen(a.sun_path) + 1));
		cr_assert_eq(bind(fd, (struct sockaddr *)&a, n), 0);
		struct listening_at at = { .path = path };
		cr_expect_eq(listening_find(0, &at, inodes), 0);
		cr_assert_eq(listen(fd, 1), 0);
		cr_expect_eq(listening_find(0, &at, inodes), 1, "%s", path);
		cr_expect_eq(listening_held(getpid(), inodes, 1), 1);
		at.path = "/elsewhere/y.sock";
		cr_expect_eq(listening_find(0, &at, inodes), 0);
	}
}

Test(listening, who_holds_it_is_told_from_who_does_not)
{
	uint16_t port;
	cleanup_fd int fd = tcp_socket(AF_INET, "127.0.0.1", &port);
	uint64_t inodes[LISTENING_MAX];
	int go[2];
	char c;

	cr_assert_eq(listen(fd, 1), 0);
	struct listening_at at = { .port = port };
	cr_assert_eq(listening_find(0, &at, inodes), 1);
	cr_assert_eq(pipe(go), 0);
	pid_t holds = fork();
	if (holds == 0) {
		(void)close(go[1]);
		(void)!read(go[0], &c, 1);
		_exit(0);
	}
	cr_expect_eq(listening_held(holds, inodes, 1), 1);
	close_fd(&fd);
	cr_expect_eq(listening_held(getpid(), inodes, 1), 0);
	cr_expect_eq(listening_held(holds, inodes, 1), 1);
	close_fd(&go[1]);
	close_fd(&go[0]);
	cr_assert_eq(waitpid(holds, NULL, 0), holds);
	cr_expect_lt(listening_held(holds, inodes, 1), 0);
}
