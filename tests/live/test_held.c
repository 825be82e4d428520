/* Sockets that pm1 holds, with programs that know of LISTEN_FDS: they outlive every process, and a reload loses no connection. */
#include "tests/live/call.h"
#include "tests/live/held.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEVER "[pm1]\nexit_when = never\n"

static void touch(struct live *l, const char *name)
{
	cr_assert_eq(close(creat(live_path(l, name), 0600)), 0);
}

Test(held, descriptors_come_from_3_on_with_their_names_and_variables)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\ncommand = @PROG@ serve-fds\nlisten = api=tcp:127.0.0.1:5000, unix:@DIR@/web.sock udp:127.0.0.1:5001\n"
			 "listen_env.API_FD = api\nlisten_env.UDP_FD = udp:127.0.0.1:5001\nlisten_mode = 0600\n"
			 "[service:show]\ncommand = @PROG@ env API_FD\nautorestart = no\nlisten = api=tcp:127.0.0.1:5002\nlisten_env.API_FD = api\n");
	live_line(&l, "web | serving 3 named api:web:web for me");
	live_status(&l, "web", "online");
	cr_assert_eq(held_ask(5000, NULL), held_pid(&l, "web"));
	char path[128];
	struct stat st;
	(void)snprintf(path, sizeof(path), "%s", live_path(&l, "web.sock"));
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600u);
	int fd = held_connect_unix(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(held_answer(fd, NULL), held_pid(&l, "web"));
	cr_assert_eq(close(fd), 0);
	cr_assert_eq(live_stop(&l), 0);
	cr_assert_neq(stat(path, &st), 0, "the socket's file goes with pm1");
}

Test(held, what_comes_while_nobody_runs_waits_for_the_next_process)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ serve-fds\nlisten = tcp:5000\nexec_start_pre = @PROG@ wait-for @DIR@/go\n");
	live_status(&l, "web", "launching");
	int fd = held_connect(5000);
	cr_assert_geq(fd, 0, "nothing listens before the program runs: %s", strerror(-fd));
	touch(&l, "go");
	cr_assert_gt(held_answer(fd, NULL), 0);
	cr_assert_eq(close(fd), 0);

	/* Stopped by hand its sockets are there all the same. */
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	fd = held_connect(5000);
	cr_assert_geq(fd, 0);
	cr_assert_eq(call(&l, "start", "web").code, 0);
	cr_assert_eq(held_answer(fd, NULL), held_pid(&l, "web"));
	cr_assert_eq(close(fd), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(held, a_killed_process_loses_only_what_it_had_accepted)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ serve-fds hold\nlisten = tcp:5000\nmin_uptime = 0\n");
	live_status(&l, "web", "online");
	for (int i = 0; i < 5; i++) {
		pid_t pid = held_pid(&l, "web");
		int had = held_connect(5000);
		cr_assert_eq(held_answer(had, NULL), pid);
		cr_assert_eq(call(&l, "sendSignal", "STOP", "web").code, 0); /* it accepts no more */
		int waits = held_connect(5000);
		cr_assert_geq(waits, 0);
		cr_assert_eq(call(&l, "sendSignal", "KILL", "web").code, 0);
		cr_assert_eq(held_answer(had, NULL), -1, "the dead one's connection lives");
		cr_assert_gt(held_answer(waits, NULL), 0);
		live_number(&l, "web", "pm2_env.restart_time", i + 1);
		cr_assert_neq(held_pid(&l, "web"), pid);
		cr_assert_eq(close(had), 0);
		cr_assert_eq(close(waits), 0);
	}
	cr_assert_eq(live_stop(&l), 0);
}

Test(held, a_reload_replaces_the_process_and_waits_for_its_connections)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ serve-fds hold reloaded\nlisten = tcp:5000\ndrain_timeout = 1h\n");
	live_status(&l, "web", "online");
	pid_t old = held_pid(&l, "web");
	int id = (int)live_get(&l, "web", "pm_id");
	int had = held_connect(5000);
	cr_assert_eq(held_answer(had, NULL), old);

	struct calling reload = call_begin(&l, 0, (const char *const[]){ "reload", "web", NULL });
	live_line(&l, "web: starting -> online");
	live_text_is(&l, "web", "pm1.others.0.what", "draining");
	pid_t new = held_pid(&l, "web");
	cr_assert_neq(new, old);
	cr_assert_eq(live_get(&l, "web", "pm_id"), id, "the new process has another number");
	for (int i = 0; i < 20; i++) /* each of which the old one would hold */
		cr_assert_eq(held_ask(5000, NULL), new);
	live_count_is(&l, "hold reloaded", 2);
	cr_assert_eq(close(had), 0); /* the last one it had */
	struct called c = call_wait(&reload);
	cr_assert_eq(c.code, 0, "%s", c.err);
	live_count_is(&l, "hold reloaded", 1);
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 1);
	cr_assert_eq(live_get(&l, "web", "pm1.connections_cut"), 0);
	cr_assert_eq(live_stop(&l), 0);
}

/* A reload that is asked for while the process of the one before drains used to be told as done when that one was. */
Test(held, a_reload_during_a_drain_comes_after_it_and_replaces_the_process_once_more)
{
	static const char again[] = "{\"method\":\"io.pm1.Reload\",\"parameters\":{\"targets\":[\"web\"]}}";
	char reply[8192];
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\ncommand = @PROG@ serve-fds hold again\nlisten = tcp:5000\ndrain_timeout = 1h\n"
			 "exec_start_pre = @PROG@ wait-for @DIR@/go\n");
	touch(&l, "go");
	live_status(&l, "web", "online");
	pid_t first = held_pid(&l, "web");
	int had = held_connect(5000);
	cr_assert_eq(held_answer(had, NULL), first);

	struct calling one = call_begin(&l, 0, (const char *const[]){ "reload", "web", NULL });
	live_text_is(&l, "web", "pm1.others.0.what", "draining");
	pid_t second = held_pid(&l, "web");
	cr_assert_eq(unlink(live_path(&l, "go")), 0);
	int two = live_socket(&l);
	cr_assert_eq(send(two, again, sizeof(again), MSG_NOSIGNAL), (ssize_t)sizeof(again));
	json_decref(live_call(&l, "Ping", "")); /* who came first was heard first */
	cr_assert_eq(close(had), 0);
	struct called c = call_wait(&one);
	cr_assert_eq(c.code, 0, "%s", c.err);
	live_text_is(&l, "web", "pm1.others.0.what", "starting");
	json_decref(live_call(&l, "Flush", "")); /* what an answer waits for */
	cr_assert_eq(recv(two, reply, sizeof(reply), MSG_DONTWAIT), -1, "the second was told to be done before it had begun");
	touch(&l, "go");
	ssize_t n = recv(two, reply, sizeof(reply) - 1, 0);
	cr_assert_gt(n, 0);
	reply[n] = 0;
	cr_assert_null(strstr(reply, "\"error\""), "%s", reply);
	cr_assert_eq(close(two), 0);
	cr_assert_neq(held_pid(&l, "web"), second);
	live_count_is(&l, "hold again", 1);
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 2);
	cr_assert_eq(live_stop(&l), 0);
}

Test(held, after_drain_timeout_connections_are_cut_and_counted)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ serve-fds hold\nlisten = tcp:5000\ndrain_timeout = 50ms\n");
	live_status(&l, "web", "online");
	pid_t old = held_pid(&l, "web");
	int had = held_connect(5000);
	cr_assert_eq(held_answer(had, NULL), old);
	cr_assert_eq(call(&l, "reload", "web").code, 0);
	cr_assert_eq(held_answer(had, NULL), -1);
	cr_assert_eq(live_get(&l, "web", "pm1.connections_cut"), 1);
	live_line(&l, "web: stopping -> stopped");
	cr_assert_neq(held_ask(5000, NULL), old);
	cr_assert_eq(close(had), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(held, one_that_does_not_get_ready_leaves_the_old_one_in_its_place)
{
	struct live l;

	held_network();
	/* The second start fails. */
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\nshell = yes\ncommand = if test -e @DIR@/once; then exit 7; fi; touch @DIR@/once; exec @PROG@ serve-fds\n"
			 "listen = tcp:5000\nready_log = serving 1\ninstances = 1\n");
	live_status(&l, "web", "online");
	pid_t old = held_pid(&l, "web");
	struct called c = call(&l, "reload", "web");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "web: online: the new process did not get ready"), "%s", c.err);
	cr_assert(strstr(c.err, "7"), "%s", c.err);
	cr_assert_eq(held_pid(&l, "web"), old);
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 0);
	for (int i = 0; i < 20; i++)
		cr_assert_eq(held_ask(5000, NULL), old);
	live_no_zombies(&l);
	cr_assert_eq(live_stop(&l), 0);
}

Test(held, instances_are_replaced_one_after_another_and_all_of_them_serve)
{
	struct live l;
	bool seen[3] = { false };

	held_network();
	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ serve-fds each\nlisten = tcp:5000\ninstances = 3\n");
	for (int i = 0; i < 3; i++)
		live_line(&l, "starting -> online");
	for (int i = 0; i < 400 && !(seen[0] && seen[1] && seen[2]); i++) {
		int instance = -1;
		cr_assert_gt(held_ask(5000, &instance), 0);
		cr_assert(instance >= 0 && instance < 3);
		seen[instance] = true;
	}
	cr_assert(seen[0] && seen[1] && seen[2]);
	cr_assert_eq(call(&l, "reload", "web").code, 0);
	for (int i = 0; i < 3; i++)
		live_line(&l, "starting -> online");
	live_count_is(&l, "serve-fds each", 3);
	for (int i = 0; i < 60; i++)
		cr_assert_gt(held_ask(5000, NULL), 0);

	/* One that goes takes no connection with it. */
	cr_assert_eq(call(&l, "scale", "web", "1").code, 0);
	for (int i = 0; i < 30; i++)
		cr_assert_eq(held_ask(5000, NULL), held_pid(&l, "web"));
	cr_assert_eq(call(&l, "scale", "web", "4").code, 0);
	for (int i = 0; i < 30; i++)
		cr_assert_gt(held_ask(5000, NULL), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(held, a_stop_during_a_reload_ends_both_processes)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\ncommand = @PROG@ serve-fds hold stopped\nlisten = tcp:5000\ndrain_timeout = 1h\nready_log = serving 1\n");
	live_status(&l, "web", "online");
	int had = held_connect(5000);
	cr_assert_gt(held_answer(had, NULL), 0);
	struct calling reload = call_begin(&l, 0, (const char *const[]){ "reload", "web", NULL });
	live_text_is(&l, "web", "pm1.others.0.what", "draining");
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	(void)call_wait(&reload);
	live_count_is(&l, "hold stopped", 0);
	cr_assert_eq(close(had), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(held, it_starts_when_somebody_connects_and_ends_when_nobody_does)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\ncommand = @PROG@ serve-fds hold\nlisten = tcp:5000\nactivation = on-connect\nidle_timeout = 100ms\n"
			 "[service:needs]\ncommand = @PROG@ wait\nrequires = web\n");
	live_status(&l, "web", "waiting");
	cr_assert_str_eq(live_text(&l, "web", "pm1.waiting_for"), "a connection");
	live_status(&l, "needs", "online");
	for (int i = 0; i < 3; i++) {
		int fd = held_connect(5000);
		cr_assert_geq(fd, 0);
		cr_assert_gt(held_answer(fd, NULL), 0);
		cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "online");
		cr_assert_eq(close(fd), 0);
		live_line(&l, "no connection for idle_timeout 100ms");
		live_status(&l, "web", "waiting");
	}
	cr_assert_eq(call(&l, "stop", "web").code, 0);
	live_status(&l, "web", "stopped");
	cr_assert_eq(live_stop(&l), 0);
}

Test(held, an_address_that_is_taken_is_named_with_its_key)
{
	struct live l;
	struct called c;

	held_network();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(listen(fd, 1), 0); /* any port */
	struct sockaddr_storage at;
	socklen_t n = sizeof(at);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	char ini[512];
	(void)snprintf(ini, sizeof(ini),
		       NEVER "[service:web]\ncommand = @PROG@ serve-fds\nlisten = tcp:%d\nmax_restarts = 1\n",
		       (((const unsigned char *)&at)[2] << 8) + ((const unsigned char *)&at)[3]);
	live_start(&l, LIVE_PID1, ini);
	live_status(&l, "web", "errored");
	cr_assert(strstr(live_text(&l, "web", "pm1.failure"), "Address already in use"), "%s", live_text(&l, "web", "pm1.failure"));
	cr_assert(strstr(live_text(&l, "web", "pm1.failure"), "[service:web] listen"));
	cr_assert_eq(close(fd), 0);
	c = call(&l, "start", "web");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_eq(live_stop(&l), 0);
}

Test(held, another_address_in_the_file_takes_the_place_of_the_old_one)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ serve-fds\nlisten = tcp:5000 tcp:5001\n");
	live_status(&l, "web", "online");
	live_ini(&l, NEVER "[service:web]\ncommand = @PROG@ serve-fds\nlisten = tcp:5001 tcp:5002\n");
	cr_assert_eq(call(&l, "reload-config").code, 0);
	live_line(&l, "serving 2");
	cr_assert_eq(held_ask(5000, NULL), -111, "the old address is still there");
	cr_assert_gt(held_ask(5001, NULL), 0);
	cr_assert_gt(held_ask(5002, NULL), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(held, a_program_that_binds_by_itself_gets_what_is_held_for_it)
{
	struct live l;
	pid_t old;

	held_network();
	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ serve plain 127.0.0.1 5000\nlisten = tcp:127.0.0.1:5000\nlisten_adopt = yes\n");
	live_status(&l, "web", "online");
	cr_assert_str_eq(live_text(&l, "web", "pm1.cause"), "it listens");
	old = held_pid(&l, "web");
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(call(&l, "reload", "web").code, 0);
		cr_assert_neq(held_pid(&l, "web"), old, "nothing was replaced");
		old = held_pid(&l, "web");
		int fd = held_connect(5000);
		cr_assert_geq(fd, 0, "%s", strerror(-fd));
		cr_assert_eq(close(fd), 0);
	}
	live_no_zombies(&l);
	cr_assert_eq(live_stop(&l), 0);
}

Test(held, what_can_not_be_adopted_binds_by_itself_and_is_restarted_by_a_reload)
{
	struct live l;

	held_network();
	/* [::] is held, which the program does not ask for. */
	live_start(&l, LIVE_PID1, NEVER "[service:web]\ncommand = @PROG@ serve plain 0.0.0.0 5000\nlisten = tcp:5000\nlisten_adopt = yes\n");
	live_status(&l, "web", "online");
	cr_assert(strstr(live_text(&l, "web", "pm1.not_adopted"), "0.0.0.0:5000"), "%s", live_text(&l, "web", "pm1.not_adopted"));
	live_line(&l, "web | listen 0");
	int fd = held_connect(5000);
	cr_assert_geq(fd, 0, "%s", strerror(-fd));
	cr_assert_eq(close(fd), 0);
	pid_t old = held_pid(&l, "web");
	cr_assert_eq(call(&l, "reload", "web").code, 0);
	live_status(&l, "web", "online");
	cr_assert_neq(held_pid(&l, "web"), old);
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 1);
	cr_assert_eq(live_stop(&l), 0);
}

/* One that says nothing of being ready used to be taken for ready when it ran, and the old one was gone when it failed. */
Test(held, one_that_fails_soon_after_its_start_leaves_the_old_one_in_its_place)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\nshell = yes\nlisten = tcp:5000\nmin_uptime = 1h\n"
			 "command = if test -e @DIR@/once; then @PROG@ wait-for @DIR@/go; exit 7; fi; touch @DIR@/once; exec @PROG@ serve-fds\n");
	live_status(&l, "web", "online");
	pid_t old = held_pid(&l, "web");
	struct calling reload = call_begin(&l, 0, (const char *const[]){ "reload", "web", NULL });
	live_text_is(&l, "web", "pm1.others.0.what", "starting");
	touch(&l, "go");
	struct called c = call_wait(&reload);
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "the new process did not get ready"), "%s", c.err);
	cr_assert_eq(held_pid(&l, "web"), old);
	cr_assert_eq(held_ask(5000, NULL), old);
	cr_assert_eq(live_stop(&l), 0);
}

/* What the old process listens on was closed for a new one that could not be given it. */
Test(held, a_new_process_that_can_not_be_adopted_leaves_the_old_one_its_socket)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\nshell = yes\nlisten = tcp:5000\nlisten_adopt = yes\n"
			 "command = if test -e @DIR@/once; then exec @PROG@ serve plain 0.0.0.0 5000; fi; touch @DIR@/once; exec @PROG@ serve plain :: 5000\n");
	live_status(&l, "web", "online");
	pid_t old = held_pid(&l, "web");
	struct called c = call(&l, "reload", "web");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "not adopted: it binds tcp:0.0.0.0:5000"), "%s", c.err);
	cr_assert_eq(held_pid(&l, "web"), old);
	cr_assert_str_eq(live_text(&l, "web", "pm1.not_adopted"), "");
	int fd = held_connect(5000);
	cr_assert_geq(fd, 0, "%s", strerror(-fd));
	cr_assert_eq(close(fd), 0);
	live_no_zombies(&l);
	cr_assert_eq(live_stop(&l), 0);
}

/* Each by a gate in front of its program, so that all that are begun are there to be counted. */
static void replaces_at_a_time(int batch)
{
	struct live l;
	char ini[512], gate[128];

	held_network();
	(void)snprintf(ini, sizeof(ini),
		       NEVER "[service:web]\ncommand = @PROG@ serve-fds\nlisten = tcp:5000\ninstances = 3\nmin_uptime = 1ms\nreload_batch = %d\n"
			     "exec_start_pre = @PROG@ wait-for @DIR@/go\n", batch);
	live_start(&l, LIVE_PID1, ini);
	(void)snprintf(gate, sizeof(gate), "wait-for %s", live_path(&l, "go"));
	live_count_is(&l, gate, 3);
	touch(&l, "go");
	for (int i = 0; i < 3; i++)
		live_line(&l, "starting -> online");
	cr_assert_eq(unlink(live_path(&l, "go")), 0);
	struct calling reload = call_begin(&l, 0, (const char *const[]){ "reload", "web", NULL });
	for (int i = 0; i < batch; i++)
		live_line(&l, "beside process");
	json_decref(live_call(&l, "Ping", "")); /* what was to begin with them has begun */
	live_count_is(&l, gate, batch);
	touch(&l, "go");
	struct called c = call_wait(&reload);
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_eq(live_stop(&l), 0);
}

Test(held, one_instance_is_replaced_at_a_time)
{
	replaces_at_a_time(1);
}

Test(held, reload_batch_instances_are_replaced_at_a_time)
{
	replaces_at_a_time(2);
}

Test(held, where_one_instance_is_not_replaced_the_others_are_not_tried)
{
	struct live l;

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\nshell = yes\ncommand = if test -e @DIR@/broken; then exit 7; fi; exec @PROG@ serve-fds\n"
			 "listen = tcp:5000\nready_log = serving 1\ninstances = 2\n");
	for (int i = 0; i < 2; i++)
		live_line(&l, "starting -> online");
	touch(&l, "broken");
	struct called c = call(&l, "reload", "web");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "web-0: online: the new process did not get ready"), "%s", c.err);
	cr_assert(strstr(c.err, "web-1: online: not replaced, since web-0 was not"), "%s", c.err);
	for (int i = 0; i < 20; i++)
		cr_assert_gt(held_ask(5000, NULL), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(held, a_killed_program_that_binds_by_itself_loses_nothing_that_waits)
{
	struct live l;
	char hello[8] = "";

	held_network();
	live_start(&l, LIVE_PID1,
		   NEVER "[service:web]\ncommand = @PROG@ serve plain 127.0.0.1 5000\nlisten = tcp:127.0.0.1:5000\nlisten_adopt = yes\nmin_uptime = 1ms\n");
	live_status(&l, "web", "online");
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(call(&l, "sendSignal", "STOP", "web").code, 0);
		int waits = held_connect(5000);
		cr_assert_geq(waits, 0, "%s", strerror(-waits));
		cr_assert_eq(call(&l, "sendSignal", "KILL", "web").code, 0);
		cr_assert_eq(recv(waits, hello, 6, MSG_WAITALL), 6);
		cr_assert_str_eq(hello, "hello\n");
		cr_assert_eq(close(waits), 0);
		live_number(&l, "web", "pm2_env.restart_time", i + 1);
		live_status(&l, "web", "online");
	}
	cr_assert_eq(live_stop(&l), 0);
}
