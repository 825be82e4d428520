#include "os/conns.h"

#include "base/own.h"
#include "os/procfds.h"
#include "os/proctcp.h"
#include "os/sockdiag.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tests/os/loopback.h"
#include "tests/skip.h"

#include <criterion/criterion.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void enter(void)
{
	folder_enter();
	loopback_enter();
}

TestSuite(conns, .init = enter, .fini = folder_leave, .timeout = 60);

#define PAIRS 3

struct pair {
	int client; /* -1: closed */
	int server; /* -1: not accepted */
};

static int listen_there(const struct listen_at *at)
{
	int no = 0, yes = 1, fd = socket(at->to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (at->to.any.sa_family == AF_INET6)
		cr_assert_eq(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)), 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), 0);
	cr_assert_eq(bind(fd, &at->to.any, at->len), 0);
	cr_assert_eq(listen(fd, 100), 0);
	return fd;
}

static struct pair pair_of(int listener, const char *address, uint16_t port)
{
	struct pair p = { .client = loopback_connect(LISTEN_TCP, address, port) };

	cr_assert_geq(p.client, 0);
	p.server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(p.server, 0);
	return p;
}

static struct conns listed(const struct listen_at *at)
{
	struct conns c = { 0 };

	cr_assert_eq(conns_list(&at, 1, &c), 0);
	return c;
}

static size_t count(const struct listen_at *at)
{
	struct conns c = listed(at);
	size_t n = c.n;

	conns_done(&c);
	return n;
}

static size_t held(const struct conns *c, pid_t pid, bool *ret_hidden)
{
	return conns_held(c, &pid, 1, ret_hidden);
}

/* A packet may be under way yet; the suite's time bounds it. */
static void await_count(const struct listen_at *at, size_t n)
{
	while (count(at) != n)
		(void)sched_yield();
}

static void with_and_without_diag(void (*test)(void))
{
	test();
	sys_fake_fail_always("sendmsg", ENOENT);
	test();
	cr_expect_gt(sys_fake_count("sendmsg"), 0);
	sys_fake_reset();
}

static void connections_of_each_kind_of_address(void)
{
	static const char *const listens[] = { "127.0.0.1", "0.0.0.0", "::1", "::", "::", NULL, NULL, "::ffff:127.0.0.1" };
	static const char *const connects[] = { "127.0.0.1", "127.0.0.1", "::1", "::1", "127.0.0.1", "::1", "127.0.0.1", "127.0.0.1" };

	for (size_t i = 0; i < ARRAY_LEN(listens); i++) {
		struct listen_at at = loopback_at(LISTEN_TCP, listens[i], loopback_port(LISTEN_TCP));
		struct listen_at other = loopback_at(LISTEN_TCP, strchr(connects[i], ':') ? "::2" : "127.0.0.2", listen_port(&at));
		cleanup_fd int fd = listen_there(&at);
		struct pair p[PAIRS];

		cr_expect_eq(count(&at), 0);
		for (size_t k = 0; k < PAIRS; k++)
			p[k] = pair_of(fd, connects[i], listen_port(&at));
		struct conns c = listed(&at);
		cr_expect_eq(c.n, PAIRS, "%zu: %zu", i, c.n);
		for (size_t k = 0; k < c.n; k++)
			cr_expect(c.v[k].inode != 0 && !c.v[k].half);
		conns_done(&c);
		cr_expect_eq(count(&other), 0, "%zu", i);
		/* What we closed isn't counted, however long the client keeps it. */
		for (size_t k = 0; k < PAIRS; k++)
			close_fd(&p[k].server);
		cr_expect_eq(count(&at), 0, "%zu", i);
		for (size_t k = 0; k < PAIRS; k++)
			close_fd(&p[k].client);
	}
}

Test(conns, those_at_an_address_are_found_whatever_its_family)
{
	with_and_without_diag(connections_of_each_kind_of_address);
}

static void accepted_and_waiting(void)
{
	struct listen_at at = loopback_at(LISTEN_TCP, "127.0.0.1", loopback_port(LISTEN_TCP));
	cleanup_fd int fd = listen_there(&at);
	struct pair p = pair_of(fd, "127.0.0.1", listen_port(&at));
	cleanup_fd int waits = loopback_connect(LISTEN_TCP, "127.0.0.1", listen_port(&at));
	cleanup_fd int said_all = loopback_connect(LISTEN_TCP, "127.0.0.1", listen_port(&at));
	size_t waiting = 0;
	bool hidden = true;

	await_count(&at, 3);
	/* Whose client has nothing more to say waits all the same. */
	cr_assert_eq(shutdown(said_all, SHUT_WR), 0);
	struct conns c = listed(&at);
	cr_expect_eq(c.n, 3);
	for (size_t i = 0; i < c.n; i++)
		waiting += c.v[i].inode == 0;
	cr_expect_eq(waiting, 2);
	cr_expect_eq(held(&c, getpid(), &hidden), 1);
	cr_expect_not(hidden);
	conns_done(&c);
	close_fd(&p.server);
	close_fd(&p.client);
}

Test(conns, what_waits_to_be_accepted_is_told_from_what_is_held)
{
	with_and_without_diag(accepted_and_waiting);
}

static void unfinished_handshakes(void)
{
	struct listen_at at = loopback_at(LISTEN_TCP, "127.0.0.1", loopback_port(LISTEN_TCP));
	struct listen_at both = loopback_at(LISTEN_TCP, NULL, loopback_port(LISTEN_TCP));
	struct listen_at *all[] = { &at, &both };
	int seconds = 30;

	/* The kernel lets the handshake wait until there are data. */
	for (size_t i = 0; i < 2; i++) {
		cleanup_fd int fd = listen_there(all[i]);
		cr_assert_eq(setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds)), 0);
		cleanup_fd int client = loopback_connect(LISTEN_TCP, "127.0.0.1", listen_port(all[i]));
		await_count(all[i], 1);
		struct conns c = listed(all[i]);
		cr_expect(c.v[0].half);
		cr_expect_eq(c.v[0].inode, 0);
		cr_assert_eq(write(client, "x", 1), 1);
		cleanup_fd int server = accept(fd, NULL, NULL);
		struct conns now = listed(all[i]);
		cr_assert_eq(now.n, 1);
		cr_expect_not(now.v[0].half);
		cr_expect_neq(now.v[0].inode, 0);
		/* It is the same one still. */
		cr_expect_eq(conns_left(&c, &now), 1);
		conns_done(&c);
		conns_done(&now);
	}
}

Test(conns, a_handshake_that_is_not_over_is_half_a_connection)
{
	with_and_without_diag(unfinished_handshakes);
}

static void those_of_before(void)
{
	struct listen_at at = loopback_at(LISTEN_TCP, "::", loopback_port(LISTEN_TCP));
	cleanup_fd int fd = listen_there(&at);
	struct pair p[PAIRS], later;

	for (size_t i = 0; i < PAIRS; i++)
		p[i] = pair_of(fd, i ? "::1" : "127.0.0.1", listen_port(&at));
	struct conns before = listed(&at);
	for (size_t gone = 0; gone <= PAIRS; gone++) {
		struct conns now = listed(&at);
		cr_expect_eq(conns_left(&before, &now), PAIRS - gone);
		cr_expect_eq(now.n, PAIRS);
		conns_done(&now);
		if (gone == PAIRS)
			break;
		close_fd(&p[gone].client);
		close_fd(&p[gone].server);
		later = pair_of(fd, "::1", listen_port(&at));
		await_count(&at, PAIRS);
		p[gone] = later;
	}
	struct conns none = { 0 };
	cr_expect_eq(conns_left(&before, &none), 0);
	cr_expect_eq(conns_left(&none, &before), 0);
	conns_done(&before);
	for (size_t i = 0; i < PAIRS; i++) {
		close_fd(&p[i].client);
		close_fd(&p[i].server);
	}
}

Test(conns, those_that_were_there_before_are_told_from_later_ones)
{
	with_and_without_diag(those_of_before);
}

Test(conns, several_addresses_are_one_list)
{
	struct listen_at a = loopback_at(LISTEN_TCP, "127.0.0.1", loopback_port(LISTEN_TCP));
	cleanup_fd int fa = listen_there(&a);
	struct listen_at b = loopback_at(LISTEN_TCP, "::1", loopback_port(LISTEN_TCP));
	cleanup_fd int fb = listen_there(&b);
	struct listen_at u = loopback_at(LISTEN_UDP, "127.0.0.1", listen_port(&a));
	struct pair pa = pair_of(fa, "127.0.0.1", listen_port(&a)), pb = pair_of(fb, "::1", listen_port(&b));
	const struct listen_at *all[] = { &a, &u, &b };
	struct conns c = { 0 };

	cr_assert_eq(conns_list(all, 3, &c), 0);
	cr_expect_eq(c.n, 2);
	conns_done(&c);
	cr_assert_eq(conns_list(all + 1, 1, &c), 0);
	cr_expect_eq(c.n, 0);
	conns_done(&c);
	cr_assert_eq(conns_list(NULL, 0, &c), 0);
	cr_expect_eq(c.n, 0);
	conns_done(&c);
	for (int i = 0; i < 2; i++) {
		close_fd(i ? &pa.client : &pb.client);
		close_fd(i ? &pa.server : &pb.server);
	}
}

/* "@name" or a path; a folder of the test's own and a network of its own keep others away. */
static struct listen_at unix_at(const char *name)
{
	struct listen_at at = { .kind = LISTEN_UNIX, .to.un.sun_family = AF_UNIX };
	size_t n;

	if (name[0] == '@')
		n = (size_t)snprintf(at.to.un.sun_path + 1, sizeof(at.to.un.sun_path) - 1, "%s%s", name + 1, folder) + 1;
	else
		n = (size_t)snprintf(at.to.un.sun_path, sizeof(at.to.un.sun_path), "%s/%s", folder, name) + 1;
	at.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	return at;
}

static int unix_socket(const struct listen_at *at, bool client)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (client) {
		cr_assert_eq(connect(fd, &at->to.any, at->len), 0, "%s", strerror(errno));
	} else {
		cr_assert_eq(bind(fd, &at->to.any, at->len), 0, "%s", strerror(errno));
		cr_assert_eq(listen(fd, 10), 0);
	}
	return fd;
}

static void connections_of_unix_sockets(void)
{
	static const char *const names[] = { "web", "@web", "a path with blanks" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char longer[64];
		(void)snprintf(longer, sizeof(longer), "%s2", names[i]);
		struct listen_at at = unix_at(names[i]), other = unix_at(longer);
		cleanup_fd int fd = unix_socket(&at, false);
		cleanup_fd int beside = unix_socket(&other, false);
		bool hidden = true;

		cr_expect_eq(count(&at), 0, "who listens is no connection");
		cleanup_fd int client = unix_socket(&at, true);
		cr_expect_eq(count(&at), 0, "nobody has accepted it");
		cleanup_fd int server = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		struct conns c = listed(&at);
		cr_assert_eq(c.n, 1);
		cr_expect_eq(held(&c, getpid(), &hidden), 1);
		cr_expect_not(hidden);
		cr_expect_eq(count(&other), 0);
		/* Those of before, and a new one. */
		cleanup_fd int second = unix_socket(&at, true);
		cleanup_fd int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		struct conns now = listed(&at);
		cr_expect_eq(now.n, 2);
		cr_expect_eq(conns_left(&c, &now), 1);
		cr_expect_eq(held(&now, getpid(), NULL), 2);
		conns_done(&now);
		close_fd(&server);
		now = listed(&at);
		cr_expect_eq(conns_left(&c, &now), 0);
		conns_done(&now);
		conns_done(&c);
		if (names[i][0] != '@') {
			cr_assert_eq(unlink(at.to.un.sun_path), 0);
			cr_assert_eq(unlink(other.to.un.sun_path), 0);
		}
	}
}

Test(conns, those_of_a_unix_socket_are_found_by_its_path_or_name)
{
	with_and_without_diag(connections_of_unix_sockets);
}

/* Its client has gone and the program has not looked: it is held still, as a TCP connection is. */
static void a_client_that_has_gone(void)
{
	struct listen_at at = unix_at("web");
	cleanup_fd int fd = unix_socket(&at, false);
	cleanup_fd int client = unix_socket(&at, true);
	cleanup_fd int server = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	cr_assert_geq(server, 0);
	close_fd(&client);
	struct conns c = listed(&at);
	cr_expect_eq(held(&c, getpid(), NULL), 1);
	conns_done(&c);
	cr_assert_eq(unlink(at.to.un.sun_path), 0);
}

Test(conns, one_whose_client_has_gone_is_held_until_the_program_closes_it)
{
	with_and_without_diag(a_client_that_has_gone);
}

/* The same name on a socket of another type, and one that a client has given itself, are not the service's. */
static void names_of_others(void)
{
	struct listen_at at = unix_at("web"), own = unix_at("client");
	int pair[2];
	cleanup_fd int fd = unix_socket(&at, false);
	cleanup_fd int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(client, &own.to.any, own.len), 0);
	cr_assert_eq(connect(client, &at.to.any, at.len), 0);
	cleanup_fd int server = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(server, 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	cr_expect_eq(count(&at), 1);
	cr_assert_eq(unlink(at.to.un.sun_path), 0);
	cleanup_fd int packets = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(packets, &at.to.any, at.len), 0);
	cr_assert_eq(listen(packets, 1), 0);
	cleanup_fd int to = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	cr_assert_eq(connect(to, &at.to.any, at.len), 0);
	cleanup_fd int from = accept4(packets, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(from, 0);
	cr_expect_eq(count(&at), 1);
	cr_assert_eq(unlink(at.to.un.sun_path), 0);
	cr_assert_eq(unlink(own.to.un.sun_path), 0);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

Test(conns, other_sockets_of_that_name_are_not_taken_for_it)
{
	with_and_without_diag(names_of_others);
}

static void both_kinds(void)
{
	struct listen_at tcp = loopback_at(LISTEN_TCP, "127.0.0.1", loopback_port(LISTEN_TCP)), un = unix_at("web");
	const struct listen_at *all[] = { &tcp, &un };
	cleanup_fd int a = listen_there(&tcp);
	cleanup_fd int b = unix_socket(&un, false);
	struct pair p = pair_of(a, "127.0.0.1", listen_port(&tcp));
	cleanup_fd int client = unix_socket(&un, true);
	cleanup_fd int server = accept4(b, NULL, NULL, SOCK_CLOEXEC);
	struct conns c = { 0 };

	cr_assert_geq(server, 0);
	cr_assert_eq(conns_list(all, 2, &c), 0);
	cr_expect_eq(c.n, 2);
	cr_expect_eq(held(&c, getpid(), NULL), 2);
	conns_done(&c);
	close_fd(&p.client);
	close_fd(&p.server);
	cr_assert_eq(unlink(un.to.un.sun_path), 0);
}

Test(conns, those_of_tcp_and_of_unix_sockets_are_one_list)
{
	with_and_without_diag(both_kinds);
}

/* More than fit into one answer of the kernel. */
Test(conns, thousands_are_counted)
{
	struct rlimit limit = { .rlim_cur = 8192, .rlim_max = 8192 };
	struct listen_at at = loopback_at(LISTEN_TCP, "127.0.0.1", loopback_port(LISTEN_TCP));
	cleanup_fd int fd = listen_there(&at);
	static struct pair p[2000];

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		skip_test("no 8192 descriptors here");
	for (size_t i = 0; i < ARRAY_LEN(p); i++)
		p[i] = pair_of(fd, "127.0.0.1", listen_port(&at));
	struct conns c = listed(&at);
	cr_expect_eq(c.n, ARRAY_LEN(p));
	cr_expect_eq(held(&c, getpid(), NULL), ARRAY_LEN(p));
	conns_done(&c);
}

/* A process of that user that holds the connection, and tells when it does; it ends when `go` is closed. */
static pid_t holder(uid_t uid, bool dumpable, int ret_go[2])
{
	int ready[2];
	char c;

	cr_assert_eq(pipe(ready), 0);
	cr_assert_eq(pipe(ret_go), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(ret_go[1]);
		if (uid && (setgid(uid) < 0 || setuid(uid) < 0))
			_exit(1);
		if (dumpable)
			(void)prctl(PR_SET_DUMPABLE, 1);
		(void)!write(ready[1], "x", 1);
		(void)!read(ret_go[0], &c, 1);
		_exit(0);
	}
	(void)close(ready[1]);
	cr_assert_eq(read(ready[0], &c, 1), 1);
	(void)close(ready[0]);
	(void)close(ret_go[0]);
	return pid;
}

static void drop(void)
{
	static const cap_value_t gone[] = { CAP_SYS_PTRACE, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH };
	cap_t caps = cap_get_proc();

	cr_assert_eq(cap_set_flag(caps, CAP_EFFECTIVE, ARRAY_LEN(gone), gone, CAP_CLEAR), 0);
	cr_assert_eq(cap_set_flag(caps, CAP_PERMITTED, ARRAY_LEN(gone), gone, CAP_CLEAR), 0);
	cr_assert_eq(cap_set_proc(caps), 0);
	(void)cap_free(caps);
}

Test(conns, one_that_two_processes_hold_is_counted_once)
{
	struct listen_at at = loopback_at(LISTEN_TCP, "127.0.0.1", loopback_port(LISTEN_TCP));
	cleanup_fd int fd = listen_there(&at);
	struct pair p = pair_of(fd, "127.0.0.1", listen_port(&at));
	bool hidden = true;
	int go[2];
	pid_t other = holder(0, false, go);
	struct conns c = listed(&at);
	const pid_t both[] = { other, getpid() };

	cr_expect_eq(conns_held(&c, both, 2, &hidden), 1);
	cr_expect_not(hidden);
	close_fd(&p.server);
	cr_expect_eq(held(&c, getpid(), &hidden), 0);
	cr_expect_eq(held(&c, other, &hidden), 1);
	(void)close(go[1]);
	cr_assert_eq(waitpid(other, NULL, 0), other);
	cr_expect_eq(held(&c, other, &hidden), 0);
	cr_expect_not(hidden); /* who is gone hides nothing */
	conns_done(&c);
	close_fd(&p.client);
}

/* As in a container: root, but not allowed to look at another user's process. */
Test(conns, another_users_process_is_looked_at_with_its_ids)
{
	struct listen_at at = loopback_at(LISTEN_TCP, "127.0.0.1", loopback_port(LISTEN_TCP));
	cleanup_fd int fd = listen_there(&at);
	struct pair p = pair_of(fd, "127.0.0.1", listen_port(&at));
	bool hidden = true;
	int go[2];

	if (geteuid() != 0)
		skip_test("only root starts another user's process");
	pid_t other = holder(1234, true, go);
	close_fd(&p.server);
	struct conns c = listed(&at);
	drop();
	/* Otherwise it isn't seen: the test is one. */
	sys_fake_fail("setfsids", 1, EPERM);
	cr_expect_eq(held(&c, other, &hidden), 0);
	cr_expect(hidden);
	hidden = true;
	cr_expect_eq(prctl(PR_SET_PDEATHSIG, SIGTERM), 0);
	cr_expect_eq(held(&c, other, &hidden), 1);
	cr_expect_not(hidden);
	int death = 0;
	cr_expect_eq(prctl(PR_GET_PDEATHSIG, &death), 0);
	cr_expect_eq(death, SIGTERM);
	cr_expect_eq(prctl(PR_GET_DUMPABLE), 1);
	cr_expect_eq(setfsuid((uid_t)-1), 0);
	cr_expect_eq(setfsgid((gid_t)-1), 0);
	(void)close(go[1]);
	cr_assert_eq(waitpid(other, NULL, 0), other);
	conns_done(&c);
	close_fd(&p.client);
}

Test(conns, a_process_that_nobody_may_look_at_is_said_to_be_hidden)
{
	struct listen_at at = loopback_at(LISTEN_TCP, "127.0.0.1", loopback_port(LISTEN_TCP));
	cleanup_fd int fd = listen_there(&at);
	struct pair p = pair_of(fd, "127.0.0.1", listen_port(&at));
	bool hidden = false;
	int go[2];

	if (geteuid() != 0)
		skip_test("only root starts another user's process");
	pid_t other = holder(1234, false, go);
	struct conns c = listed(&at);
	drop();
	const pid_t both[] = { other, getpid() };
	cr_expect_eq(conns_held(&c, both, 2, &hidden), 1);
	cr_expect(hidden);
	(void)close(go[1]);
	cr_assert_eq(waitpid(other, NULL, 0), other);
	conns_done(&c);
	close_fd(&p.server);
	close_fd(&p.client);
}

/* Each call fails in turn, as it may pass and as it may stay: the whole list or an error, and nothing stays open. */
Test(conns, a_step_that_fails_leaves_nothing_behind)
{
	static const char *const calls[] = { "socket", "sendmsg", "recvmsg", "open", "access" };
	static const int errors[] = { EPERM, ENOMEM, ENOBUFS, EAGAIN };
	struct listen_at at = loopback_at(LISTEN_TCP, "127.0.0.1", loopback_port(LISTEN_TCP));
	struct listen_at un = unix_at("web");
	const struct listen_at *both[] = { &at, &un };
	cleanup_fd int fd = listen_there(&at);
	cleanup_fd int unix_fd = unix_socket(&un, false);
	cleanup_fd int client = unix_socket(&un, true);
	cleanup_fd int server = accept4(unix_fd, NULL, NULL, SOCK_CLOEXEC);
	struct pair p = pair_of(fd, "127.0.0.1", listen_port(&at));
	size_t before = sys_fake_open_fds(), failed = 0;

	for (int diag = 0; diag < 2; diag++) {
		for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
			for (size_t e = 0; e < ARRAY_LEN(errors); e++) {
				for (unsigned int nth = 1; nth <= 5; nth++) {
					struct conns c = { 0 };
					sys_fake_reset();
					if (!diag)
						sys_fake_fail_always("socket", EPERM);
					sys_fake_fail(calls[i], nth, errors[e]);
					int r = conns_list(both, 2, &c);
					failed += r < 0;
					cr_expect_eq(c.n, r == 0 ? 2 : 0, "%s %d", calls[i], errors[e]);
					conns_done(&c);
					sys_fake_reset();
					cr_expect_eq(sys_fake_open_fds(), before, "%s", calls[i]);
				}
			}
		}
	}
	cr_expect_gt(failed, 4);
	close_fd(&p.server);
	close_fd(&p.client);
}

static int on_answer(void *ctx, const struct nlmsghdr *h)
{
	(void)ctx;
	(void)h;
	return 0;
}

/* As where the kernel has no tcp_diag: taken for an empty list it would end drains with connections left. */
Test(conns, a_protocol_that_nobody_knows_is_no_empty_list)
{
	struct inet_diag_req_v2 req = { .sdiag_family = AF_INET, .sdiag_protocol = 253 /* for experiments: RFC 3692 */, .idiag_states = ~0u };

	cr_expect_eq(sockdiag_ask(NLM_F_DUMP, &req, sizeof(req), on_answer, NULL), -ENOENT);
	req.sdiag_protocol = IPPROTO_TCP;
	cr_expect_eq(sockdiag_ask(NLM_F_DUMP, &req, sizeof(req), on_answer, NULL), 0);
}

/* The kernel's own messages are no input from outside, but a length that is wrong must not lead out of the buffer. */
Test(conns, an_attribute_that_is_not_whole_is_none)
{
	struct {
		struct nlmsghdr h;
		char body[8];
		struct nlattr a;
		char value[8];
	} m = { .h = { .nlmsg_len = sizeof(m) }, .a = { .nla_len = NLA_HDRLEN + 8, .nla_type = 3 } };

	cr_expect_eq((const void *)sockdiag_attr(&m.h, 8, 3, 8), (const void *)&m.a);
	cr_expect_null(sockdiag_attr(&m.h, 8, 4, 8));
	cr_expect_null(sockdiag_attr(&m.h, 8, 3, 9));
	m.a.nla_len = NLA_HDRLEN + 9;
	cr_expect_null(sockdiag_attr(&m.h, 8, 3, 8));
	m.a.nla_len = 0;
	cr_expect_null(sockdiag_attr(&m.h, 8, 3, 0));
}

Test(conns, a_line_of_proc_is_read_whole_or_not_at_all)
{
	static const char *const line =
		"   3: 0100007F:1F90 0200007F:D2A8 01 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0000000000000000 20 4 30 10 -1";
	struct proctcp t;
	char cut[256];

	cr_assert(proctcp_parse(line, false, &t));
	cr_expect_eq(t.local_port, 8080);
	cr_expect_eq(t.remote_port, 53928);
	cr_expect_eq(t.state, TCP_ESTABLISHED);
	cr_expect_eq(t.inode, 4242);
	cr_expect_arr_eq(t.local, ((uint8_t[]){ 127, 0, 0, 1 }), 4);
	cr_expect_arr_eq(t.remote, ((uint8_t[]){ 127, 0, 0, 2 }), 4);
	cr_expect_not(proctcp_parse(line, true, &t));
	cr_expect_not(proctcp_parse("  sl  local_address rem_address   st tx_queue rx_queue", false, &t));
	for (size_t n = 0; n < 90; n++) {
		(void)snprintf(cut, sizeof(cut), "%.*s", (int)n, line);
		cr_expect_not(proctcp_parse(cut, false, &t), "%zu", n);
	}
}
