/* Services that are started by what comes to their sockets: what else may happen to one while it waits, and while it runs. */
#include "tests/live/call.h"
#include "tests/live/held.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NEVER "[pm1]\nexit_when = never\n"
#define ON_CONNECT "activation = on-connect\n"
#define WEB "[service:web]\ncommand = @PROG@ serve-fds\n" ON_CONNECT
#define REFUSED (-ECONNREFUSED)

/* What pm1 had to do at once has been done when this returns. */
static void settle(struct live *l)
{
	for (int i = 0; i < 2; i++)
		json_decref(live_call(l, "Ping", ""));
}

static void is_armed(struct live *l, const char *name)
{
	live_status(l, name, "waiting");
	cr_assert_str_eq(live_text(l, name, "pm1.waiting_for"), "a connection");
}

static int send_to(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	cr_assert_eq(send(fd, "x", 1, 0), 1);
	return fd;
}

static bool is_silent(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

/* Connects so often, and each time waits until it has gone idle. */
static void in_and_out(struct live *l, const char *name, int port, int times)
{
	for (int i = 0; i < times; i++) {
		cr_assert_gt(held_ask(port, NULL), 0);
		live_line(l, "no connection for idle_timeout");
		is_armed(l, name);
	}
}

Test(activation, a_datagram_starts_it_and_is_answered)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1, NEVER WEB "listen = udp:127.0.0.1:5001\nidle_timeout = 100ms\n");
	for (int i = 0; i < 3; i++) {
		is_armed(&l, "web");
		int fd = send_to(5001);
		cr_assert_gt(held_answer(fd, NULL), 0);
		cr_assert_eq(close(fd), 0);
		live_line(&l, "a connection came to udp:127.0.0.1:5001");
		live_line(&l, "no connection for idle_timeout 100ms");
	}
	is_armed(&l, "web");
	cr_assert_eq(live_stop(&l), 0);
}

Test(activation, a_quiet_unix_connection_keeps_it_up)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\ncommand = @PROG@ serve-fds hold\nlisten = unix:@DIR@/web.sock\nidle_timeout = 50ms\n" ON_CONNECT
			 "[service:other]\ncommand = @PROG@ serve-fds\nlisten = tcp:5000\nidle_timeout = 200ms\n" ON_CONNECT);
	is_armed(&l, "web");
	int fd = held_connect_unix(live_path(&l, "web.sock"));
	cr_assert_geq(fd, 0);
	pid_t pid = held_answer(fd, NULL);
	cr_assert_gt(pid, 0);
	/* While another with a longer time comes and goes. */
	for (int i = 0; i < 3; i++) {
		is_armed(&l, "other");
		cr_assert_gt(held_ask(5000, NULL), 0);
		live_line(&l, "no connection for idle_timeout 200ms");
	}
	cr_assert_eq(held_pid(&l, "web"), pid);
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "online");
	cr_assert_eq(close(fd), 0);
	live_line(&l, "no connection for idle_timeout 50ms");
	is_armed(&l, "web");
	cr_assert_eq(live_stop(&l), 0);
}

Test(activation, after_a_crash_it_runs_again_and_goes_idle_as_before)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1, NEVER WEB "listen = tcp:5000\nmin_uptime = 0\nidle_timeout = 1s\n");
	is_armed(&l, "web");
	pid_t pid = held_ask(5000, NULL);
	cr_assert_gt(pid, 0);
	cr_assert_eq(call(&l, "sendSignal", "KILL", "web").code, 0);
	live_number(&l, "web", "pm2_env.restart_time", 1);
	live_status(&l, "web", "online");
	cr_assert_neq(held_pid(&l, "web"), pid);
	live_line(&l, "no connection for idle_timeout");
	is_armed(&l, "web");
	cr_assert_gt(held_ask(5000, NULL), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(activation, one_that_is_given_up_is_started_by_hand_alone)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\nshell = yes\ncommand = test -e @DIR@/works && exec @PROG@ serve-fds; exit 3\nlisten = tcp:5000\n"
			 "max_restarts = 2\nrestart_delay = 1ms\n" ON_CONNECT);
	is_armed(&l, "web");
	int fd = held_connect(5000);
	cr_assert_geq(fd, 0);
	live_status(&l, "web", "errored");
	int second = held_connect(5000);
	cr_assert_geq(second, 0);
	settle(&l);
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "errored");
	cr_assert_eq(close(creat(live_path(&l, "works"), 0600)), 0);
	cr_assert_eq(call(&l, "start", "web").code, 0);
	cr_assert_gt(held_answer(fd, NULL), 0);
	cr_assert_gt(held_answer(second, NULL), 0);
	cr_assert_eq(close(fd) | close(second), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(activation, stopped_while_it_waits_it_stays_down_until_it_is_asked_for)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1, NEVER WEB "listen = tcp:5000 udp:127.0.0.1:5001\n");
	is_armed(&l, "web");
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	live_status(&l, "web", "stopped");
	int tcp = held_connect(5000), udp = send_to(5001);
	cr_assert_geq(tcp, 0, "its socket is held still");
	settle(&l);
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "stopped");
	cr_assert(is_silent(tcp) && is_silent(udp));
	cr_assert_eq(call(&l, "start", "web").code, 0);
	cr_assert_eq(held_answer(tcp, NULL), held_answer(udp, NULL));
	live_status(&l, "web", "online");
	/* And a restart of one that waits leaves it waiting. */
	cr_assert_eq(close(tcp) | close(udp), 0);
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	cr_assert_eq(call(&l, "start", "web").code, 0);
	is_armed(&l, "web");
	cr_assert_eq(call(&l, "restart", "web").code, 0);
	is_armed(&l, "web");
	cr_assert_eq(call(&l, "reload", "web").code, 0);
	is_armed(&l, "web");
	cr_assert_gt(held_ask(5000, NULL), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(activation, another_listen_in_the_file_is_waited_at_instead)
{
	static const char *const changes[] = {
		WEB "listen = tcp:5001 tcp:5002\n",
		WEB "listen = tcp:5002 udp:127.0.0.1:5003\nlisten_backlog = 7\n",
		WEB "listen = tcp:127.0.0.1:5002 udp:127.0.0.1:5003\ninstances = 2\n",
		WEB "listen = tcp:5002\n",
	};
	struct live l;
	char ini[512];

	held_network();
	live_start(&l, LIVE_PID1, NEVER WEB "listen = tcp:5000 tcp:5001\n");
	is_armed(&l, "web");
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		(void)snprintf(ini, sizeof(ini), NEVER "%sidle_timeout = 100ms\n", changes[i]);
		live_ini(&l, ini);
		cr_assert_eq(call(&l, "reload-config").code, 0);
		is_armed(&l, "web");
		cr_assert_eq(held_connect(5000), REFUSED);
		in_and_out(&l, "web", 5002, 2);
		if (i > 0)
			cr_assert_eq(held_connect(5001), REFUSED);
		if (i == 1 || i == 2) {
			int fd = send_to(5003);
			cr_assert_gt(held_answer(fd, NULL), 0);
			cr_assert_eq(close(fd), 0);
			is_armed(&l, "web");
		}
	}
	/* No more on-connect: it runs. */
	live_ini(&l, NEVER "[service:web]\ncommand = @PROG@ serve-fds\nlisten = tcp:5002\n");
	cr_assert_eq(call(&l, "reload-config").code, 0);
	live_status(&l, "web", "online");
	cr_assert_eq(held_ask(5002, NULL), held_pid(&l, "web"));
	cr_assert_eq(live_stop(&l), 0);
}

/* idle_timeout wants no new process: the one that runs has it from then on. */
Test(activation, another_idle_timeout_is_heeded_by_the_process_that_runs)
{
	static const char *const before[] = { "", "idle_timeout = 1h\n" };
	struct live l;
	struct called c;
	char ini[256];

	held_network();
	live_start(&l, LIVE_PID1, NEVER WEB "listen = tcp:5000\n");
	is_armed(&l, "web");
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(ini, sizeof(ini), NEVER WEB "listen = tcp:5000\n%s", before[i]);
		live_ini(&l, ini);
		c = call(&l, "reload-config");
		cr_assert_eq(c.code, 0, "%s%s", c.out, c.err);
		is_armed(&l, "web");
		pid_t pid = held_ask(5000, NULL);
		cr_assert_gt(pid, 0);
		live_status(&l, "web", "online");
		(void)snprintf(ini, sizeof(ini), NEVER WEB "listen = tcp:5000\nidle_timeout = 100ms\n");
		live_ini(&l, ini);
		c = call(&l, "reload-config");
		cr_assert_eq(c.code, 0, "%s%s", c.out, c.err);
		live_line(&l, "no connection for idle_timeout 100ms");
		is_armed(&l, "web");
		cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 0);
	}
	cr_assert_eq(live_stop(&l), 0);
}

/* What comes to it meanwhile waits for the one or the other. */
Test(activation, a_reload_of_one_that_goes_idle_meanwhile_ends_and_leaves_it_as_it_should_be)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\ncommand = @PROG@ serve-fds meanwhile\n" ON_CONNECT "listen = tcp:5000\nidle_timeout = 300ms\nexec_start_pre = @PROG@ wait-for @DIR@/go\nready_log = serving 1\n");
	is_armed(&l, "web");
	cr_assert_eq(close(creat(live_path(&l, "go"), 0600)), 0);
	cr_assert_gt(held_ask(5000, NULL), 0);
	live_status(&l, "web", "online");
	cr_assert_eq(unlink(live_path(&l, "go")), 0);
	struct calling reload = call_begin(&l, 0, (const char *const[]){ "reload", "web", NULL });
	live_line(&l, "web: online -> stopping (no connection for idle_timeout");
	cr_assert_eq(close(creat(live_path(&l, "go"), 0600)), 0);
	(void)call_wait(&reload);
	live_line(&l, "stopping -> stopped");
	pid_t pid = held_ask(5000, NULL);
	cr_assert_gt(pid, 0);
	live_count_is(&l, "serve-fds meanwhile", 1);
	is_armed(&l, "web");
	live_count_is(&l, "serve-fds meanwhile", 0);
	cr_assert_gt(held_ask(5000, NULL), 0);
	cr_assert_eq(live_stop(&l), 0);
}

/* These read the file anew too, and restart what runs: one that waits doesn't, and has to hear of its new address all the same. */
Test(activation, another_listen_is_waited_at_after_a_restart_from_the_file)
{
	static const char *const verbs[] = { "start-or-restart", "start-or-reload", "start" };
	struct live l;
	char ini[512];

	held_network();
	live_start(&l, LIVE_PID1, NEVER WEB "listen = tcp:5000\n");
	is_armed(&l, "web");
	for (int i = 0; i < 3; i++) {
		(void)snprintf(ini, sizeof(ini), NEVER WEB "listen = tcp:%d\nidle_timeout = 100ms\n", 5001 + i);
		live_ini(&l, ini);
		struct called c = call(&l, verbs[i], live_path(&l, "pm1.ini"));
		cr_assert_eq(c.code, 0, "%s: %s", verbs[i], c.err);
		is_armed(&l, "web");
		cr_assert_eq(held_connect(5000 + i), REFUSED, "%s", verbs[i]);
		in_and_out(&l, "web", 5001 + i, 1);
	}
	cr_assert_eq(live_stop(&l), 0);
}

Test(activation, who_needs_one_that_waits_has_what_it_needs)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER WEB "listen = tcp:5000\nidle_timeout = 100ms\n"
			     "[service:needs]\ncommand = @PROG@ wait\nrequires = web\nafter = web\n"
			     "[service:later]\ncommand = @PROG@ wait\nafter = web\n");
	is_armed(&l, "web");
	live_status(&l, "needs", "online");
	live_status(&l, "later", "online");
	pid_t needs = held_pid(&l, "needs"), later = held_pid(&l, "later");
	in_and_out(&l, "web", 5000, 3);
	/* That it comes and goes is nothing to them. */
	cr_assert_eq(held_pid(&l, "needs"), needs);
	cr_assert_eq(held_pid(&l, "later"), later);
	/* Who starts what needs it starts it too, and that is no more than to wait. */
	cr_assert_eq(call(&l, "stop", "web", "needs").code, 0);
	live_status(&l, "web", "stopped");
	live_status(&l, "needs", "stopped");
	cr_assert_eq(call(&l, "start", "needs").code, 0);
	live_status(&l, "needs", "online");
	is_armed(&l, "web");
	in_and_out(&l, "web", 5000, 1);
	cr_assert_eq(live_stop(&l), 0);
}

Test(activation, what_it_needs_itself_is_there_before_a_connection_starts_it)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER WEB "listen = tcp:5000\nrequires = db\nafter = db\nidle_timeout = 100ms\n"
			     "[service:db]\ncommand = @PROG@ wait\nexec_start_pre = @PROG@ wait-for @DIR@/go\n");
	live_status(&l, "db", "launching");
	int fd = held_connect(5000);
	cr_assert_geq(fd, 0);
	settle(&l);
	live_status(&l, "web", "waiting");
	cr_assert(strstr(live_text(&l, "web", "pm1.waiting_for"), "db"), "%s", live_text(&l, "web", "pm1.waiting_for"));
	cr_assert(is_silent(fd));
	cr_assert_eq(close(creat(live_path(&l, "go"), 0600)), 0);
	cr_assert_gt(held_answer(fd, NULL), 0);
	cr_assert_eq(close(fd), 0);
	is_armed(&l, "web");
	in_and_out(&l, "web", 5000, 1);
	cr_assert_eq(live_stop(&l), 0);
}

/* `run` ends when all have ended: one that waits has not. */
Test(activation, run_does_not_end_while_one_waits)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1, WEB "listen = tcp:5000\nidle_timeout = 100ms\n[service:job]\ntype = oneshot\ncommand = true\n"
				      "[service:fails]\ncommand = false\nautorestart = no\n");
	live_status(&l, "fails", "stopped");
	is_armed(&l, "web");
	in_and_out(&l, "web", 5000, 2);
	settle(&l);
	is_armed(&l, "web");
	/* Given up, it has ended, and with it the whole. */
	live_ini(&l, "[service:web]\ncommand = false\nmax_restarts = 1\nlisten = tcp:5000\n" ON_CONNECT
		     "[service:job]\ntype = oneshot\ncommand = true\n[service:fails]\ncommand = false\nautorestart = no\n");
	cr_assert_eq(call(&l, "reload-config").code, 0);
	is_armed(&l, "web");
	int fd = held_connect(5000);
	cr_assert_geq(fd, 0);
	live_line(&l, "all services ended (exit_when)");
	cr_assert_eq(live_end(&l), 1);
	cr_assert_eq(close(fd), 0);
}

Test(activation, pm1_ends_at_once_with_one_that_waits)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1, NEVER WEB "listen = tcp:5000 unix:@DIR@/web.sock\ninstances = 3\n");
	is_armed(&l, "web");
	int fd = held_connect(5000);
	cr_assert_geq(fd, 0);
	cr_assert_gt(held_answer(fd, NULL), 0);
	cr_assert_eq(close(fd), 0);
	cr_assert_eq(live_stop(&l), 0);
}

/* As inetd's programs do: one connection, one run. */
Test(activation, what_ends_by_itself_waits_for_the_next_connection)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\n[service:web]\ncommand = @PROG@ serve-fds once\nlisten = tcp:5000\nactivation = on-connect\n"
		   "autorestart = no\n");
	for (int i = 0; i < 3; i++) {
		live_status(&l, "web", "waiting");
		cr_assert_gt(held_ask(5000, NULL), 0);
		live_line(&l, "stopped -> waiting");
	}
	cr_assert_eq(live_stop(&l), 0);
}

Test(activation, what_ends_and_leaves_the_connection_is_given_up)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\n[service:web]\ncommand = @PROG@ exit 0\nlisten = tcp:5000\nactivation = on-connect\nmax_restarts = 3\n");
	live_status(&l, "web", "waiting");
	int fd = held_connect(5000);
	cr_assert_geq(fd, 0);
	live_status(&l, "web", "errored");
	cr_assert_eq(close(fd), 0);
	cr_assert_eq(live_stop(&l), 0);
}
