/* Held sockets where something else happens at the same time: another configuration, an end, a stop. */
#include "tests/live/call.h"
#include "tests/live/held.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define NEVER "[pm1]\nexit_when = never\n"

static void touch(struct live *l, const char *name)
{
	cr_assert_eq(close(creat(live_path(l, name), 0600)), 0);
}

static bool is_unanswered(struct live *l, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	/* What pm1 has to do at once it has done before a later call is answered. */
	for (int i = 0; i < 2; i++)
		json_decref(live_call(l, "Ping", ""));
	return poll(&p, 1, 0) == 0;
}

/* A call that may wait; pm1 has taken it when this returns. */
static int ask_in_background(struct live *l, const char *method, const char *params)
{
	char text[128];
	int fd = live_socket(l);

	int n = snprintf(text, sizeof(text), "{\"method\":\"io.pm1.%s\",\"parameters\":{%s}}", method, params) + 1;
	cr_assert_eq(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
	cr_assert(is_unanswered(l, fd));
	return fd;
}

/* Closes it. */
static const char *answer_of(int fd)
{
	static char text[65536];
	struct timeval patience = { .tv_sec = LIVE_WAIT };
	size_t n = 0;

	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	while (n == 0 || (text[n - 1] && n < sizeof(text))) {
		ssize_t r = recv(fd, text + n, sizeof(text) - n, 0);
		cr_assert_gt(r, 0);
		n += (size_t)r;
	}
	text[sizeof(text) - 1] = 0;
	cr_assert_eq(close(fd), 0);
	return text;
}

/* How many descriptors pm1's epoll watches that pm1 has closed: nobody can take them out again, and what they call is freed. */
static int lost_watches(pid_t pm1)
{
	char path[128], line[256];
	int lost = 0, watched = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pm1);
	DIR *d = opendir(path);
	cr_assert(d);
	for (struct dirent *e; (e = readdir(d));) {
		(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.16s", (int)pm1, e->d_name);
		FILE *f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f)) {
			int fd;
			unsigned long long inode;
			struct stat st;
			const char *ino = strstr(line, " ino:");
			if (sscanf(line, "tfd: %d", &fd) != 1 || !ino || sscanf(ino, " ino:%llx", &inode) != 1)
				continue;
			watched++;
			(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pm1, fd);
			lost += stat(path, &st) < 0 || st.st_ino != inode;
		}
		if (f)
			(void)fclose(f);
	}
	(void)closedir(d);
	cr_assert_gt(watched, 0);
	return lost;
}

Test(held_edges, other_options_of_a_shared_socket_leave_no_watch_of_a_closed_descriptor)
{
	struct live l;
	static const char ini[] = NEVER "[service:web]\ncommand = @PROG@ ignore 15\ninstances = 3\nlisten = tcp:5000 udp:127.0.0.1:5001\n"
					"reuse_port = no\nactivation = on-connect\nidle_timeout = 1h\nkill_timeout = 1h\nlisten_backlog = %d\n";
	char text[512];

	held_network();
	(void)snprintf(text, sizeof(text), ini, 100);
	live_start(&l, LIVE_PID1, text);
	live_status(&l, "web", "waiting");
	int fd = held_connect(5000);
	cr_assert_geq(fd, 0);
	for (int i = 0; i < 3; i++)
		live_line(&l, "starting -> online");
	(void)snprintf(text, sizeof(text), ini, 101);
	live_ini(&l, text);
	cr_assert_eq(call(&l, "reload-config").code, 0);
	for (int i = 0; i < 3; i++) /* they hold the old sockets still */
		live_line(&l, "online -> stopping");
	cr_assert_eq(lost_watches(l.pid), 0);
	cr_assert_eq(close(fd), 0);
	live_signal(&l, SIGTERM);
	live_signal(&l, SIGTERM);
	(void)live_end(&l);
}

/* Whatever follows is to be without the reload's help: pm1 ends by itself. */
Test(held_edges, all_have_ended_when_a_service_ends_with_an_old_process_beside_it)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = all-ended\n[service:web]\nshell = yes\nautorestart = no\nlisten = tcp:5000\ndrain_timeout = 1h\n"
		   "command = if test -e @DIR@/once; then exec @PROG@ wait-for @DIR@/go; fi; touch @DIR@/once; exec @PROG@ serve-fds hold\n");
	live_line(&l, "serving 1");
	int fd = held_connect(5000);
	cr_assert_gt(held_answer(fd, NULL), 0);
	struct calling reload = call_begin(&l, 0, (const char *const[]){ "reload", "web", NULL });
	live_text_is(&l, "web", "pm1.others.0.what", "draining");
	touch(&l, "go");
	cr_assert_eq(live_end(&l), 0);
	(void)call_wait(&reload);
	cr_assert_eq(close(fd), 0);
}

Test(held_edges, all_have_ended_when_a_service_ends_with_a_new_process_beside_it)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = all-ended\n[service:web]\nshell = yes\nautorestart = no\nlisten = tcp:5000\nready = file:@DIR@/ready\n"
		   "command = if test -e @DIR@/once; then exec @PROG@ wait; fi; touch @DIR@/once @DIR@/ready; exec @PROG@ wait-for @DIR@/go\n");
	live_status(&l, "web", "online");
	struct calling reload = call_begin(&l, 0, (const char *const[]){ "reload", "web", NULL });
	live_text_is(&l, "web", "pm1.others.0.what", "starting");
	touch(&l, "go");
	cr_assert_eq(live_end(&l), 0);
	(void)call_wait(&reload);
}

Test(held_edges, a_stop_that_waits_for_others_is_not_lost_to_a_reload)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\nshell = yes\nlisten = tcp:5000\nready_log = serving\n"
			 "command = if test -e @DIR@/again; then @PROG@ wait-for @DIR@/go; fi; exec @PROG@ serve-fds due\n"
			 "[service:needs]\ncommand = @PROG@ ignore 15\nrequires = web\nkill_timeout = 1h\n");
	live_line(&l, "ignoring");
	touch(&l, "again");
	struct calling reload = call_begin(&l, 0, (const char *const[]){ "reload", "web", NULL });
	live_text_is(&l, "web", "pm1.others.0.what", "starting");
	struct calling stop = call_begin(&l, 0, (const char *const[]){ "stop", "all", NULL });
	live_line(&l, "needs: online -> stopping");
	struct called c = call_wait(&reload);
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "stopped meanwhile"), "%s", c.err);
	touch(&l, "go");
	cr_assert_eq(call(&l, "send-signal", "KILL", "needs").code, 0);
	c = call_wait(&stop);
	cr_assert_eq(c.code, 0, "%s", c.err);
	live_status(&l, "web", "stopped");
	live_count_is(&l, "serve-fds due", 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(held_edges, a_stop_is_done_when_the_replaced_process_is_gone_too)
{
	struct live l;

	held_network();
	live_start(&l, 0,
		   NEVER "[service:web]\nshell = yes\nlisten = tcp:5000\ndrain_timeout = 0\nkill_timeout = 1h\n"
			 "command = if test -e @DIR@/once; then exec @PROG@ wait; fi; touch @DIR@/once; exec @PROG@ ignore 15\n");
	live_line(&l, "ignoring");
	struct calling reload = call_begin(&l, 0, (const char *const[]){ "reload", "web", NULL });
	live_text_is(&l, "web", "pm1.others.0.what", "stopping");
	pid_t old = (pid_t)live_get(&l, "web", "pm1.others.0.pid");
	cr_assert_gt(old, 0);
	int stop = ask_in_background(&l, "Stop", "\"targets\":[\"web\"]");
	live_status(&l, "web", "stopped");
	cr_assert(is_unanswered(&l, stop), "it was answered with the old process still there");
	cr_assert_eq(kill(old, SIGKILL), 0);
	cr_assert(!strstr(answer_of(stop), "\"error\""));
	(void)call_wait(&reload);
	cr_assert_eq(live_stop(&l), 0);
}

/* Its stop waits for those that need it; taken back, nobody would ever end it. */
Test(held_edges, a_reload_takes_back_no_delete_that_waits_for_others)
{
	struct live l;

	held_network();
	live_start(&l, 0,
		   NEVER "[service:web]\ncommand = @PROG@ serve-fds\nlisten = tcp:5000\n"
			 "[service:needs]\ncommand = @PROG@ ignore 15\nrequires = web\nkill_timeout = 1h\n");
	live_line(&l, "ignoring");
	pid_t needs = (pid_t)live_get(&l, "needs", "pid");
	int gone = ask_in_background(&l, "Delete", "\"targets\":[\"all\"]");
	live_line(&l, "needs: online -> stopping");
	int reload = ask_in_background(&l, "Reload", "\"targets\":[\"all\"]"), restart = ask_in_background(&l, "Restart", "\"targets\":[\"all\"]");
	cr_assert_eq(kill(needs, SIGKILL), 0);
	cr_assert(!strstr(answer_of(gone), "\"error\""));
	cr_assert(strstr(answer_of(reload), "deleted meanwhile"));
	cr_assert(strstr(answer_of(restart), "deleted meanwhile"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(held_edges, a_restart_is_not_of_an_instance_too_many_that_drains)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\ncommand = @PROG@ serve-fds hold\nlisten = tcp:5000\ninstances = 2\ndrain_timeout = 1h\n");
	for (int i = 0; i < 2; i++)
		live_line(&l, "starting -> online");
	int had, instance = 0;
	do {
		had = held_connect(5000);
		cr_assert_gt(held_answer(had, &instance), 0);
	} while (instance == 0 && close(had) == 0);
	int scale = ask_in_background(&l, "Scale", "\"target\":\"web\",\"to\":\"1\"");
	struct called c = call(&l, "restart", "web");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_eq(close(had), 0);
	cr_assert(!strstr(answer_of(scale), "\"error\""));
	cr_assert_eq(live_stop(&l), 0);
}

Test(held_edges, a_process_that_takes_anothers_place_gets_what_that_one_has_stored)
{
	struct live l;

	live_start(&l, LIVE_PID1,
		   NEVER "[service:db]\ncommand = @PROG@ script given store:one store:two barrier say:stored wait\nfdstore_max = 2\n"
			 "exec_mode = cluster\nready_log = stored\nkill_timeout = 100ms\n");
	live_line(&l, "db | given none - -");
	live_status(&l, "db", "online");
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(call(&l, "reload", "db").code, 0);
		live_line(&l, "db | given 2 one:two own one");
		cr_assert_eq(live_get(&l, "db", "pm1.stored_fds"), 2);
	}
	cr_assert_eq(live_stop(&l), 0);
}

/* One that could not be given its socket used to close those of all the others, who listened on them. */
Test(held_edges, one_instance_that_can_not_be_adopted_leaves_the_others_their_sockets)
{
	struct live l;
	char hello[8] = "";

	held_network();
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\n[service:web]\nshell = yes\nlisten = tcp:5000\nlisten_adopt = yes\ninstances = 2\nmax_restarts = 2\n"
		   "command = if test -e @DIR@/odd; then exec @PROG@ serve plain 0.0.0.0 5000; fi; exec @PROG@ serve plain :: 5000\n");
	for (int i = 0; i < 2; i++)
		live_line(&l, "starting -> online");
	cr_assert_eq(close(creat(live_path(&l, "odd"), 0600)), 0);
	cr_assert_eq(call(&l, "sendSignal", "KILL", "1").code, 0);
	live_line(&l, "-> errored");
	cr_assert_str_eq(live_text(&l, "web", "pm1.not_adopted"), "");
	for (int i = 0; i < 20; i++) {
		int fd = held_connect(5000);
		cr_assert_geq(fd, 0, "%s", strerror(-fd));
		cr_assert_eq(recv(fd, hello, 6, MSG_WAITALL), 6);
		cr_assert_eq(close(fd), 0);
	}
	cr_assert_eq(live_stop(&l), 0);
}

/* Nobody sees the connections of one that binds by itself: it used to be ended as idle, again and again. */
Test(held_edges, one_that_binds_by_itself_is_never_idle)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\n[defaults]\nactivation = on-connect\n"
		   "[service:own]\ncommand = @PROG@ serve plain 0.0.0.0 5000\nlisten = tcp:5000\nlisten_adopt = yes\nidle_timeout = 20ms\n"
		   "[service:clock]\ncommand = @PROG@ serve-fds\nlisten = tcp:5001\nidle_timeout = 300ms\n");
	live_status(&l, "own", "waiting");
	live_status(&l, "clock", "waiting");
	int fd = held_connect(5000);
	cr_assert_geq(fd, 0);
	live_status(&l, "own", "online");
	pid_t pid = held_pid(&l, "own");
	cr_assert_gt(held_ask(5001, NULL), 0);
	live_line(&l, "no connection for idle_timeout 300ms");
	cr_assert_eq(held_pid(&l, "own"), pid);
	cr_assert_eq(close(fd), 0);
	cr_assert_eq(live_stop(&l), 0);
}
