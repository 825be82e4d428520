#include "tools/peek/peek.h"

#include "base/own.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tests/skip.h"
#include "wire/peek.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

TestSuite(peek, .init = folder_enter, .fini = folder_leave, .timeout = 60);

static pid_t looker_uid; /* 0: as we are */

/* Another process looks, as in production; what is faked here holds there. */
static struct peek_report peek(pid_t tid, int fd, const void *address, size_t len)
{
	struct peek_report report;
	char text[4][24];
	char *argv[] = { (char *)"pm1", (char *)"peek", text[0], text[1], address ? text[2] : NULL, text[3], NULL };
	int p[2], status;

	snprintf(text[0], sizeof(text[0]), "%d", (int)tid);
	snprintf(text[1], sizeof(text[1]), "%d", fd);
	snprintf(text[2], sizeof(text[2]), "%llu", (unsigned long long)(uintptr_t)address);
	snprintf(text[3], sizeof(text[3]), "%zu", len);
	memset(&report, 0xff, sizeof(report));
	cr_assert_eq(pipe2(p, O_CLOEXEC), 0);
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		(void)dup2(p[1], 1);
		if (looker_uid && (setresgid(65534, 65534, 65534) < 0 || setresuid((uid_t)looker_uid, (uid_t)looker_uid, (uid_t)looker_uid) < 0))
			_exit(99);
		_exit(peek_main(address ? 6 : 4, argv));
	}
	close_fd(&p[1]);
	cr_expect_eq(read(p[0], &report, sizeof(report)), (ssize_t)sizeof(report));
	char more;
	cr_expect_eq(read(p[0], &more, 1), 0);
	close_fd(&p[0]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
	cr_expect_eq(report.version, PEEK_VERSION);
	return report;
}

static uint64_t inode_of(int fd)
{
	struct stat st;

	cr_assert_eq(fstat(fd, &st), 0);
	return st.st_ino;
}

static void set(int fd, int level, int name, int value)
{
	cr_assert_eq(setsockopt(fd, level, name, &value, sizeof(value)), 0);
}

static bool has_option(const struct peek_report *r, int level, int name, int value)
{
	const struct peek_option *o;

	for (size_t i = 0; (o = peek_option(i)) != NULL; i++)
		if (o->level == level && o->name == name)
			return (r->options_set >> i & 1) && r->options[i] == value;
	return false;
}

static const struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = 0x8813, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
static const struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = 0x8813 };

Test(peek, what_a_program_has_set_is_seen)
{
	cleanup_fd int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);

	set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 77);
	set(fd, SOL_SOCKET, SO_RCVBUF, 55555);
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	struct peek_report r = peek(getpid(), fd, &six, sizeof(six));
	cr_expect_eq(r.error, 0);
	cr_expect_eq(r.inode, inode_of(fd));
	cr_expect_eq(r.kind, PEEK_TCP);
	cr_expect_eq(r.v6only, PEEK_YES);
	cr_expect(r.nonblocking && !r.cloexec && !r.in_epoll && !r.duped);
	cr_expect_eq(r.address_len, sizeof(six));
	cr_expect_eq(memcmp(r.address, &six, sizeof(six)), 0);
	cr_expect(r.optioned);
	cr_expect(has_option(&r, IPPROTO_TCP, TCP_NODELAY, 1));
	cr_expect(has_option(&r, IPPROTO_TCP, TCP_KEEPIDLE, 77));
	cr_expect(has_option(&r, SOL_SOCKET, SO_RCVBUF, 55555), "what was set, not what is read");
	cr_expect_eq(__builtin_popcount(r.options_set), 3, "the others are as they were born");
}

Test(peek, the_kinds_are_told_apart)
{
	static const struct {
		int domain, type, protocol;
		enum peek_kind kind;
	} kinds[] = {
		{ AF_INET, SOCK_STREAM, 0, PEEK_TCP },	 { AF_INET6, SOCK_STREAM, 0, PEEK_TCP },  { AF_INET, SOCK_DGRAM, 0, PEEK_UDP },
		{ AF_INET6, SOCK_DGRAM, 0, PEEK_UDP },	 { AF_UNIX, SOCK_STREAM, 0, PEEK_UNIX },  { AF_UNIX, SOCK_DGRAM, 0, PEEK_OTHER },
		{ AF_NETLINK, SOCK_RAW, 0, PEEK_OTHER }, { AF_INET, SOCK_STREAM, 262, PEEK_TCP },
	};

	/* Once by a copy, once by the name alone, as in a container. */
	for (int copy = 1; copy >= 0; copy--) {
		if (!copy)
			sys_fake_fail_always("pidfd_getfd", EPERM);
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
			cleanup_fd int fd = socket(kinds[i].domain, kinds[i].type | SOCK_CLOEXEC, kinds[i].protocol);
			if (fd < 0 && kinds[i].protocol == 262)
				continue; /* no MPTCP in this kernel: no program has it either */
			struct peek_report r = peek(getpid(), fd, &four, sizeof(four));
			cr_expect_eq(r.error, 0);
			cr_expect_eq(r.inode, inode_of(fd));
			cr_expect_eq(r.kind, kinds[i].kind, "%zu: %d", i, r.kind);
			cr_expect_eq(r.cloexec, r.kind != PEEK_OTHER);
			cr_expect_eq(r.optioned, copy && r.kind != PEEK_OTHER);
			if (!copy)
				cr_expect_eq(r.v6only, PEEK_UNKNOWN);
		}
	}
}

Test(peek, a_socket_in_an_epoll_set_or_under_a_second_number_is_seen)
{
	cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cleanup_fd int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cleanup_fd int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = { .events = EPOLLIN };

	cr_assert_eq(epoll_ctl(ep, EPOLL_CTL_ADD, other, &ev), 0);
	struct peek_report r = peek(getpid(), fd, &four, sizeof(four));
	cr_expect(!r.in_epoll && !r.duped, "another's");
	cr_assert_eq(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	r = peek(getpid(), fd, &four, sizeof(four));
	cr_expect(r.in_epoll && !r.duped);
	cr_assert_eq(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), 0);
	cleanup_fd int copy = dup(fd);
	r = peek(getpid(), fd, &four, sizeof(four));
	cr_expect(!r.in_epoll && r.duped);
}

Test(peek, the_file_at_a_path_is_the_one_that_the_program_sees)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "here.sock" };
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cleanup_fd int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + sizeof("here.sock");
	struct stat st;

	cr_expect_eq(peek(getpid(), fd, &a, len).file, 0);
	folder_put("here.sock", "no socket");
	cr_expect_eq(peek(getpid(), fd, &a, len).file, 0);
	cr_assert_eq(unlink("here.sock"), 0);
	cr_assert_eq(bind(other, (struct sockaddr *)&a, len), 0);
	cr_assert_eq(stat("here.sock", &st), 0);
	cr_expect_eq(peek(getpid(), fd, &a, len).file, st.st_ino);
	cr_expect_eq(peek(getpid(), fd, &a, len - 1).file, st.st_ino, "a path without its NUL");
	char whole[108];
	snprintf(whole, sizeof(whole), "%s/here.sock", folder);
	struct peek_report absolute = peek(getpid(), fd, &a, len);
	cr_expect_eq(absolute.address_len, offsetof(struct sockaddr_un, sun_path) + strlen(whole));
	cr_expect_eq(memcmp(absolute.address + offsetof(struct sockaddr_un, sun_path), whole, strlen(whole)), 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/here.sock", folder);
	struct peek_report r = peek(getpid(), fd, &a, sizeof(a));
	cr_expect_eq(r.file, st.st_ino);
	cr_expect_eq(r.kind, PEEK_UNIX);
	a.sun_path[0] = 0;
	cr_expect_eq(peek(getpid(), fd, &a, sizeof(a)).file, 0, "an abstract name");
}

Test(peek, before_listen_the_socket_alone_is_asked_for)
{
	cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct peek_report r = peek(getpid(), fd, NULL, 0);

	cr_expect_eq(r.inode, inode_of(fd));
	cr_expect(r.error == 0 && r.kind == PEEK_OTHER && r.address_len == 0 && !r.optioned);
}

Test(peek, what_is_no_socket_or_no_address_is_the_kernels_to_refuse)
{
	cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cleanup_fd int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	cr_expect_eq(peek(getpid(), file, &four, sizeof(four)).inode, 0);
	cr_expect_eq(peek(getpid(), 9999, &four, sizeof(four)).error, ENOENT);
	static const size_t lens[] = { 0, 1, PEEK_ADDRESS_MAX + 1, UINT32_MAX };
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct peek_report r = peek(getpid(), fd, &four, lens[i]);
		cr_expect(r.error == 0 && r.inode == inode_of(fd) && r.address_len == 0);
	}
	cr_expect_eq(peek(getpid(), fd, (void *)8, 16).address_len, 0);
	cr_expect_eq(peek(getpid(), fd, (void *)UINTPTR_MAX, 16).address_len, 0);
}

static void *stand_still(void *ctx)
{
	int *report = ctx;
	char c;
	pid_t tid = gettid();

	(void)!write(report[1], &tid, sizeof(tid));
	(void)!read(report[2], &c, 1);
	return NULL;
}

Test(peek, a_thread_is_looked_at_by_its_own_number)
{
	int p[4];
	pid_t tid = 0;
	pthread_t t;
	cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(pipe2(p, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(p + 2, O_CLOEXEC), 0);
	cr_assert_eq(pthread_create(&t, NULL, stand_still, p), 0);
	cr_assert_eq(read(p[0], &tid, sizeof(tid)), (ssize_t)sizeof(tid));
	struct peek_report r = peek(tid, fd, &four, sizeof(four));
	cr_expect(r.error == 0 && r.kind == PEEK_TCP && r.optioned && r.address_len == sizeof(four));
	close_fd(&p[3]);
	cr_assert_eq(pthread_join(t, NULL), 0);
}

Test(peek, who_may_not_look_says_so)
{
	cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sys_fake_fail_always("open", EPERM);
	cr_expect_eq(peek(getpid(), fd, &four, sizeof(four)).error, EPERM);
	sys_fake_reset();
	int status;
	pid_t gone = fork();
	if (gone == 0)
		_exit(0);
	cr_assert_eq(waitpid(gone, &status, 0), gone);
	cr_expect_eq(peek(gone, fd, &four, sizeof(four)).error, ENOENT);
	if (geteuid() != 0)
		skip_test("not root: nobody else to be");
	looker_uid = 65534;
	cr_expect_eq(peek(getppid(), 1, &four, sizeof(four)).error, EACCES);
}

Test(peek, a_wrong_call_is_told)
{
	char *argv[] = { (char *)"pm1", (char *)"peek", (char *)"1", (char *)"x", NULL };

	cr_assert_eq(dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2), 2);
	cr_expect_eq(peek_main(4, argv), 2);
	cr_expect_eq(peek_main(3, argv), 2);
	cr_expect_eq(peek_main(2, argv), 2);
}
