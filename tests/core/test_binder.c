#include "core/binder.h"

#include "tests/core/host.h"
#include "tests/os/adopted.h"
#include "tests/skip.h"

#include <sys/epoll.h>

static struct binder *binder;
static struct adopted_child child;
static struct listen_at ats[4];
static struct binder_target held[4];
static size_t n_held;
static unsigned int n_bound[4], n_listens[4], n_refused;
static char refusal[512], log_file[128];
static const char *exe;
static bool ended;
static int exit_code;
static size_t fds_before;

static void begin(void)
{
	host_begin();
	exe = getenv("PM1");
}

static void done(void)
{
	binder_free(binder);
	host_done();
}

TestSuite(binder, .init = begin, .fini = done, .timeout = 60);

static size_t on_targets(void *ctx, struct binder_target *ret)
{
	cr_expect_eq(ctx, held);
	memcpy(ret, held, n_held * sizeof(held[0]));
	return n_held;
}

static void on_bound(void *ctx, size_t i)
{
	cr_expect_eq(ctx, held);
	cr_assert_lt(i, n_held);
	cr_expect_eq(n_listens[i], 0);
	n_bound[i]++;
}

static void on_listens(void *ctx, size_t i)
{
	cr_expect_eq(ctx, held);
	cr_assert_lt(i, n_held);
	n_listens[i]++;
}

static void on_refused(void *ctx, const char *why)
{
	cr_expect_eq(ctx, held);
	cr_expect_eq(n_refused++, 0);
	snprintf(refusal, sizeof(refusal), "%s", why);
	for (size_t i = 0; i < n_held; i++)
		close_fd(&held[i].fd);
	n_held = 0;
}

/* Holds a socket; its port, 0 for a unix socket. */
static uint16_t hold(int family, int type, const char *address, bool v6only)
{
	struct binder_target *t = &held[n_held];
	struct listen_at *at = &ats[n_held++];
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} a = { .any = { .sa_family = (sa_family_t)family } };
	socklen_t n = family == AF_INET ? sizeof(a.in) : sizeof(a.in6);
	struct stat st;

	*at = (struct listen_at){ .kind = family == AF_UNIX ? LISTEN_UNIX : type == SOCK_DGRAM ? LISTEN_UDP : LISTEN_TCP };
	snprintf(at->text, sizeof(at->text), "%s", address);
	if (family == AF_UNIX) {
		snprintf(a.un.sun_path, sizeof(a.un.sun_path), "%s", address);
		n = (socklen_t)(sizeof(sa_family_t) + strlen(address) + (*address != '@'));
		if (*address == '@')
			a.un.sun_path[0] = 0;
	} else {
		(void)inet_pton(family, address, family == AF_INET ? (void *)&a.in.sin_addr : (void *)&a.in6.sin6_addr);
	}
	t->at = at;
	t->fd = socket(family, type | SOCK_CLOEXEC, 0);
	if (v6only)
		cr_assert_eq(setsockopt(t->fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, sizeof(int)), 0);
	cr_assert_eq(bind(t->fd, &a.any, n), 0);
	cr_assert(type == SOCK_DGRAM || listen(t->fd, 64) == 0);
	cr_assert_eq(fstat(t->fd, &st), 0);
	t->inode = st.st_ino;
	if (family == AF_UNIX)
		t->file = *address != '@' && stat(address, &st) == 0 ? st.st_ino : 0;
	n = sizeof(a);
	cr_assert_eq(getsockname(t->fd, &a.any, &n), 0);
	return family == AF_UNIX ? 0 : ntohs(a.in.sin_port);
}

static void on_end(void *ctx, const struct reaped *r)
{
	(void)ctx;
	ended = true;
	exit_code = r->exited ? r->code : 128 + r->code;
}

static void start_as(char *const *steps, const struct ids *ids)
{
	struct binder_config cfg = { .loop = loop, .reaper = host.reaper, .exe = exe, .label = "web", .ctx = held, .targets = on_targets,
				     .bound = on_bound, .listens = on_listens, .refused = on_refused };

	fds_before = sys_fake_open_fds();
	adopted_start(&child, steps, ids);
	cr_assert_eq(reaper_watch(host.reaper, child.s.pid, on_end, NULL), 0);
	cr_assert_eq(binder_new(&cfg, take_fd(&child.s.adopt_fd), &binder), 0);
}

#define STEPS(...) ((char *[]){ __VA_ARGS__, NULL })
#define START(...) start_as(STEPS(__VA_ARGS__), NULL)

/* "bind:127.0.0.1:PORT" */
static char *bind_step(const char *host_name, uint16_t port)
{
	static char steps[8][96];
	static size_t n;
	char *step = steps[n++ % ARRAY_LEN(steps)];

	snprintf(step, sizeof(steps[0]), "bind:%s:%u", host_name, port);
	return step;
}

/* To its end, and what it has said. */
static const char *said(void)
{
	HOST_UNTIL(ended);
	cr_expect_eq(exit_code, 0);
	return adopted_said(&child);
}

static void warnings_to_file(void)
{
	snprintf(log_file, sizeof(log_file), "%s/log", folder);
	int fd = open(log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	log_setup(fd, LOG_WARNING, false);
}

/* Connects to what is held, which needs nobody to accept it yet. */
static int client(int family, uint16_t port)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(family == AF_INET ? connect(fd, (struct sockaddr *)&four, sizeof(four)) : connect(fd, (struct sockaddr *)&six, sizeof(six)), 0);
	return fd;
}

static void expect_hello(int fd)
{
	char buf[16] = "";

	cr_expect_eq(read(fd, buf, sizeof(buf) - 1), 6);
	cr_expect_str_eq(buf, "hello\n");
}

Test(binder, a_program_that_binds_gets_the_held_socket_and_what_waits_in_it)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);
	cleanup_fd int c = client(AF_INET, port); /* before anybody is there */

	START("tcp4", "reuse", bind_step("127.0.0.1", port), "listen:3", "listen:5", "look", "accept");
	const char *text = said();
	cr_expect_eq(strstr(text, "bind 0\nlisten 0\nlisten 0\nlook domain=2 listening"), text, "%s", text);
	expect_hello(c);
	cr_expect_eq(n_bound[0], 1);
	cr_expect_eq(n_listens[0], 1);
	cr_expect_eq(n_refused, 0);
	int fd = held[0].fd, on = 0;
	cr_expect_eq(sys_sockopt_get(fd, SOL_SOCKET, SO_ACCEPTCONN, &on), 0);
	cr_expect(on, "it outlives the program");
	adopted_drop(&child);
	close_fd(&child.s.status_fd);
	close_fd(&child.s.pidfd);
	while (sys_fake_open_fds() > fds_before + 1) /* the client's came after */
		cr_assert_eq(loop_once(loop), 0);
}

/* As one does whose call was interrupted by a signal when it was answered. */
Test(binder, a_program_that_binds_again_has_it_already)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);

	START("tcp4", bind_step("127.0.0.1", port), bind_step("127.0.0.1", port), "listen:1", "tcp4", bind_step("127.0.0.1", port), "listen:1");
	cr_expect_str_eq(said(), "bind 0\nbind 0\nlisten 0\nbind 0\nlisten 0\n");
	cr_expect(n_bound[0] == 1 && n_listens[0] == 1 && n_refused == 0);
	cr_expect_eq(sys_fake_count("notif_addfd"), 2, "one for each socket of its own");
}

/* As node's server.listen(PORT) does. */
Test(binder, a_program_of_both_families_takes_what_is_held_of_one)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "0.0.0.0", false);
	cleanup_fd int c = client(AF_INET, port);

	START("tcp6", bind_step("::", port), "listen:511", "look", "accept");
	cr_expect_not_null(strstr(said(), "look domain=2 listening"));
	expect_hello(c);
	cr_expect_eq(n_listens[0], 1);
}

Test(binder, of_two_held_the_one_of_the_programs_family_is_given)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "0.0.0.0", false);
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	(void)hold(AF_INET6, SOCK_STREAM, "::1", false); /* for its place in the tables; bound anew below */
	close_fd(&held[1].fd);
	held[1].fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(setsockopt(held[1].fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, sizeof(int)), 0);
	cr_assert_eq(bind(held[1].fd, (struct sockaddr *)&six, sizeof(six)), 0);
	cr_assert_eq(listen(held[1].fd, 8), 0);
	struct stat st;
	cr_assert_eq(fstat(held[1].fd, &st), 0);
	held[1].inode = st.st_ino;
	START("tcp6", "v6only", bind_step("::", port), "listen:1", "tcp4", bind_step("0.0.0.0", port), "listen:1");
	cr_expect_str_eq(said(), "bind 0\nlisten 0\nbind 0\nlisten 0\n");
	cr_expect(n_bound[0] == 1 && n_listens[0] == 1 && n_bound[1] == 1 && n_listens[1] == 1);
}

Test(binder, all_else_goes_on_untouched)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);
	char other[96];

	snprintf(other, sizeof(other), "bind:%s/other.sock", folder);
	START("netlink", "bind:netlink", "tcp6", "bind:::1:0", "listen:1", "tcp4", "bind:127.0.0.1:0", "listen:1", "look", "udp4",
	      bind_step("127.0.0.1", port), "unix", other, "listen:1", "tcp4", "bind:192.0.2.77:1");
	const char *text = said();
	cr_expect_eq(strstr(text, "bind 0\nbind 0\nlisten 0\nbind 0\nlisten 0\nlook domain=2 listening"), text, "%s", text);
	cr_expect_not_null(strstr(text, "\nbind 0\nbind 0\nlisten 0\nbind EADDRNOTAVAIL\n"), "%s", text);
	cr_expect(n_bound[0] == 0 && n_listens[0] == 0 && n_refused == 0);
}

Test(binder, what_the_program_had_set_is_set)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);

	START("tcp4+", "nodelay", "keepalive", "rcvbuf:54321", bind_step("127.0.0.1", port), "listen:1", "look");
	const char *text = said();
	cr_expect_not_null(strstr(text, "look domain=2 nonblocking cloexec listening nodelay=1 keepalive=1 rcvbuf=108642"), "%s", text);
}

Test(binder, a_blocking_socket_stays_one)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);

	cr_assert_geq(fcntl(held[0].fd, F_SETFL, O_NONBLOCK), 0);
	START("tcp4", bind_step("127.0.0.1", port), "look");
	cr_expect_not_null(strstr(said(), "look domain=2 listening nodelay=0"));
	cr_expect_eq(n_bound[0], 1);
	cr_expect_eq(n_listens[0], 0, "it hasn't called that");
}

Test(binder, threads_and_children_are_served)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);

	START("thread", "tcp4", bind_step("127.0.0.1", port), "fork", "listen:1", "look");
	const char *text = said();
	cr_expect_not_null(strstr(text, "bind 0\nlisten 0\nlook domain=2 listening"), "%s", text);
	cr_expect_eq(n_listens[0], 1);
}

Test(binder, many_at_once_take_turns)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);

	START("crowd:40", "tcp4", bind_step("127.0.0.1", port), "listen:1");
	const char *text = said();
	size_t n = 0;
	for (const char *p = text; (p = strstr(p, "listen 0\n")) != NULL; p++)
		n++;
	cr_expect_eq(n, 40, "%s", text);
	cr_expect_null(strstr(text, "EADDRINUSE"));
	cr_expect(n_bound[0] == 1 && n_listens[0] == 1, "told once");
}

Test(binder, a_udp_socket_listens_when_it_is_bound)
{
	uint16_t port = hold(AF_INET, SOCK_DGRAM, "127.0.0.1", false);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	cleanup_fd int c = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char buf[8];

	cr_assert_eq(sendto(c, "ping", 4, 0, (struct sockaddr *)&a, sizeof(a)), 4);
	START("udp4", bind_step("127.0.0.1", port), "datagram");
	cr_expect_str_eq(said(), "bind 0\ndatagram 0\n");
	cr_expect_eq(recv(c, buf, sizeof(buf), 0), 4);
	cr_expect(n_bound[0] == 1 && n_listens[0] == 1);
}

/* After a refusal the program is on its own, and finds the address free. */
static void expect_refused(const char *words)
{
	cr_expect_eq(n_refused, 1);
	cr_expect_not_null(strstr(refusal, words), "%s", refusal);
	cr_expect(n_bound[0] == 0 && n_listens[0] == 0);
}

Test(binder, a_socket_in_an_epoll_set_is_not_replaced)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);

	START("tcp4", "epoll", bind_step("127.0.0.1", port), "listen:1", "tcp4", "bind:127.0.0.1:0");
	cr_expect_str_eq(said(), "bind 0\nlisten 0\nbind 0\n");
	expect_refused("it puts the socket into an epoll set before it binds tcp:127.0.0.1:");
}

Test(binder, a_socket_with_a_second_number_is_not_replaced)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);

	START("tcp4", "dup", bind_step("127.0.0.1", port), "listen:1");
	cr_expect_str_eq(said(), "bind 0\nlisten 0\n");
	expect_refused("it has a second descriptor of the socket");
}

Test(binder, a_program_of_ipv4_is_not_given_a_socket_of_both)
{
	uint16_t port = hold(AF_INET6, SOCK_STREAM, "::", false);
	char words[128];

	START("tcp4", bind_step("0.0.0.0", port), "listen:1");
	cr_expect_str_eq(said(), "bind 0\nlisten 0\n");
	snprintf(words, sizeof(words), "it binds tcp:0.0.0.0:%u, held is tcp:[::]:%u: write listen = tcp:0.0.0.0:%u", port, port, port);
	expect_refused(words);
}

Test(binder, an_address_that_the_held_one_covers_is_warned_of_once)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "0.0.0.0", false);
	char words[192];

	warnings_to_file();
	START("tcp4", bind_step("127.0.0.1", port), bind_step("127.0.0.1", port));
	cr_expect_str_eq(said(), "bind EADDRINUSE\nbind EADDRINUSE\n");
	snprintf(words, sizeof(words), "pm1: warning: web: it binds tcp:127.0.0.1:%u, which will fail as tcp:0.0.0.0:%u is held for it: write listen = "
		 "tcp:127.0.0.1:%u\n", port, port, port);
	cr_expect_str_eq(folder_get(log_file), words);
	cr_expect_eq(n_refused, 0);
}

Test(binder, an_abstract_name_is_given)
{
	char name[80], step[96];

	snprintf(name, sizeof(name), "@%s", folder);
	snprintf(step, sizeof(step), "bind:%s", name);
	(void)hold(AF_UNIX, SOCK_STREAM, name, false);
	START("unix", step, "listen:1", "look");
	const char *text = said();
	cr_expect_not_null(strstr(text, "bind 0\nlisten 0\nlook domain=1 listening"), "%s", text);
	cr_expect(n_bound[0] == 1 && n_listens[0] == 1);
}

Test(binder, a_path_is_given_as_long_as_its_file_is_the_held_sockets)
{
	(void)hold(AF_UNIX, SOCK_STREAM, "x.sock", false);
	START("unix", "bind:./x.sock", "listen:1", "look");
	cr_expect_not_null(strstr(said(), "bind 0\nlisten 0\nlook domain=1 listening"));
	cr_expect(n_bound[0] == 1 && n_listens[0] == 1);
}

Test(binder, a_path_that_the_program_has_cleared_is_its_own)
{
	char path[96], bind_path[112], unlink_path[112];

	snprintf(path, sizeof(path), "%s/x.sock", folder);
	snprintf(bind_path, sizeof(bind_path), "bind:%s", path);
	snprintf(unlink_path, sizeof(unlink_path), "unlink:%s", path);
	(void)hold(AF_UNIX, SOCK_STREAM, path, false);
	START("unix", unlink_path, bind_path, "listen:1");
	cr_expect_str_eq(said(), "bind 0\nlisten 0\n");
	expect_refused("it has removed the file of unix:/");
	cr_expect_eq(access(path, F_OK), 0, "and it is there");
}

Test(binder, a_program_that_dies_while_it_waits_is_forgotten)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);

	START("tcp4", bind_step("127.0.0.1", port), "wait");
	siginfo_t info;
	HOST_UNTIL(sys_fake_count("notif_recv") == 1);
	cr_assert_eq(kill(child.s.pid, SIGKILL), 0);
	cr_assert_eq(waitid(P_PID, (id_t)child.s.pid, &info, WEXITED | WNOWAIT), 0); /* a killed one waits on until it runs */
	adopted_drop(&child);
	close_fd(&child.s.status_fd);
	close_fd(&child.s.pidfd);
	HOST_UNTIL(ended && sys_fake_open_fds() == fds_before);
	cr_expect(n_bound[0] == 0 && n_refused == 0);
}

/* Between the report and what is done with it. */
Test(binder, a_program_that_dies_when_all_is_known_is_forgotten)
{
	static const char *const calls[] = { "notif_valid", "notif_addfd", "notif_send", "stat" };

	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		ended = false;
		START("tcp4", bind_step("127.0.0.1", port), "wait");
		sys_fake_fail(calls[i], 1, ENOENT);
		if (strcmp(calls[i], "stat") == 0)
			sys_fake_fail("notif_valid", 1, ENOENT);
		HOST_UNTIL(sys_fake_count(calls[i]) > 0);
		cr_assert_eq(kill(child.s.pid, SIGKILL), 0);
		HOST_UNTIL(ended);
		(void)adopted_said(&child);
		adopted_drop(&child);
		close_fd(&child.s.status_fd);
		close_fd(&child.s.pidfd);
		binder_free(binder);
		binder = NULL;
		sys_fake_reset();
	}
	cr_expect_eq(n_refused, 0);
}

Test(binder, without_a_look_the_program_binds_for_itself)
{
	static const char *const looks[] = { "/bin/false", "/there/is/no/such/pm1", "./dumb" };

	folder_put("dumb", "#!/bin/sh\necho hello\n");
	cr_assert_eq(chmod("dumb", 0755), 0);
	for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
		uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);
		exe = looks[i];
		ended = false;
		n_refused = 0;
		START("tcp4", bind_step("127.0.0.1", port), "listen:1");
		cr_expect_str_eq(said(), "bind 0\nlisten 0\n");
		expect_refused("a process can't be looked at when it calls bind: ");
		binder_free(binder);
		binder = NULL;
	}
}

Test(binder, a_look_that_takes_too_long_is_ended)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);

	folder_put("slow", "#!/bin/sh\nexec sleep 1000\n");
	cr_assert_eq(chmod("slow", 0755), 0);
	exe = "./slow";
	START("tcp4", bind_step("127.0.0.1", port), "listen:1");
	cr_expect_str_eq(said(), "bind 0\nlisten 0\n");
	expect_refused("bind: Connection timed out");
	adopted_drop(&child);
	close_fd(&child.s.status_fd);
	close_fd(&child.s.pidfd);
}

/* In a container another user's memory may not be read by root: his own processes may. */
Test(binder, the_look_is_made_as_the_user_of_the_program)
{
	static struct ids ids = { .set_user = true, .set_group = true, .uid = 65534, .gid = 65534, .groups = { 65534 }, .n_groups = 1 };
	char line[700];

	if (geteuid() != 0)
		skip_test("not root: there is no other user to be");
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);
	snprintf(line, sizeof(line), "#!/bin/sh\nid -u >>%s/uids\nexec %s/pm1 \"$@\"\n", folder, folder);
	folder_put("look", line);
	snprintf(line, sizeof(line), "cp '%s' %s/pm1 && cp '%s' %s/prog && chmod 755 look pm1 prog && chmod 777 .", getenv("PM1"), folder,
		 adopted_prog(child.prog, sizeof(child.prog)), folder);
	cr_assert_eq(system(line), 0);
	snprintf(line, sizeof(line), "%s/pm1", folder);
	setenv("PM1", line, 1); /* where 65534 can run it, and prog beside it */
	exe = "./look";
	start_as(STEPS("tcp4", bind_step("127.0.0.1", port), "listen:1"), &ids);
	cr_expect_str_eq(said(), "bind 0\nlisten 0\n");
	cr_expect_str_eq(folder_get("uids"), "65534\n65534\n");
	cr_expect(n_bound[0] == 1 && n_listens[0] == 1);
}

/* A program that has given up its rights may not be dumped, and so not be read by its user. Root, where it has all rights, looks instead. */
Test(binder, what_the_user_may_not_see_is_looked_at_as_root)
{
	if (geteuid() != 0)
		skip_test("not root: there is nobody else to be");
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);

	START("setuid:65534", "tcp4", bind_step("127.0.0.1", port), "listen:1");
	cr_expect_str_eq(said(), "setuid 0\nbind 0\nlisten 0\n");
	cr_expect(n_bound[0] == 1 && n_listens[0] == 1);
}

Test(binder, where_no_filter_can_be_had_the_program_binds_for_itself)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);

	sys_fake_fail_always("seccomp", EBUSY);
	START("tcp4", bind_step("127.0.0.1", port), "listen:1");
	cr_expect_str_eq(said(), "bind 0\nlisten 0\n");
	expect_refused("its calls can't be watched: another program, that pm1 runs under, watches them");
}

Test(binder, what_can_not_be_done_is_left_to_the_program)
{
	static const struct {
		const char *call;
		unsigned int nth;
		int err;
	} faults[] = { { "notif_addfd", 1, EPERM }, { "pipe2", 2, EMFILE }, { "pipe2", 3, EMFILE }, { "fork", 1, EAGAIN } };

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);
		ended = false;
		n_refused = 0;
		if (strcmp(faults[i].call, "pipe2") != 0 && strcmp(faults[i].call, "fork") != 0)
			sys_fake_fail(faults[i].call, faults[i].nth, faults[i].err);
		START("tcp4", bind_step("127.0.0.1", port), "listen:1");
		if (strcmp(faults[i].call, "pipe2") == 0)
			sys_fake_fail("pipe2", faults[i].nth - 1, faults[i].err);
		if (strcmp(faults[i].call, "fork") == 0) {
			sys_fake_fail("fork", 1, EAGAIN);
			sys_fake_fail_always("clone3", ENOSYS);
		}
		cr_expect_str_eq(said(), "bind 0\nlisten 0\n");
		cr_expect_eq(n_refused, 1, "%s", faults[i].call);
		sys_fake_reset();
		adopted_drop(&child);
		close_fd(&child.s.status_fd);
		close_fd(&child.s.pidfd);
		HOST_UNTIL(sys_fake_open_fds() == fds_before - 1); /* the held one is closed too */
		binder_free(binder);
		binder = NULL;
	}
}

Test(binder, when_it_is_freed_what_waits_fails_and_nothing_stays_open)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);

	START("tcp4", bind_step("127.0.0.1", port));
	HOST_UNTIL(sys_fake_count("notif_recv") == 1);
	binder_free(binder);
	binder = NULL;
	cr_expect_str_eq(said(), "bind ENOSYS\n");
	adopted_drop(&child);
	close_fd(&child.s.status_fd);
	close_fd(&child.s.pidfd);
	cr_expect_eq(sys_fake_open_fds(), fds_before);
	cr_expect(n_bound[0] == 0 && n_refused == 0);
	binder_free(NULL);
}

Test(binder, a_child_that_ends_without_a_word_is_no_refusal)
{
	struct binder_config cfg = { .loop = loop, .reaper = host.reaper, .label = "web", .refused = on_refused };
	int p[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, p), 0);
	size_t fds = sys_fake_open_fds();
	cr_assert_eq(binder_new(&cfg, p[0], &binder), 0);
	close_fd(&p[1]);
	HOST_UNTIL(sys_fake_open_fds() == fds - 2);
	cr_expect_eq(n_refused, 0);
}

/* The listener has come, and can't be watched: it is closed, as nobody would ever answer. */
Test(binder, a_listener_that_can_not_be_watched_is_a_refusal)
{
	uint16_t port = hold(AF_INET, SOCK_STREAM, "127.0.0.1", false);

	START("tcp4", bind_step("127.0.0.1", port));
	sys_fake_fail("epoll_ctl", 1, ENOSPC);
	cr_expect_str_eq(said(), "bind ENOSYS\n");
	expect_refused("its calls can't be watched: No space left on device");
}

Test(binder, a_binder_that_can_not_be_made_closes_the_channel)
{
	struct binder_config cfg = { .loop = loop, .reaper = host.reaper, .label = "web" };
	int p[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p), 0);
	sys_fake_fail("epoll_ctl", 1, ENOMEM);
	cr_expect_eq(binder_new(&cfg, p[0], &binder), -ENOMEM);
	cr_expect_eq(fcntl(p[0], F_GETFD), -1);
	close_fd(&p[1]);
}
