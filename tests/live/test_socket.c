/* The control socket as a file: whose it is, who may use it, and what a second pm1 does with it. */
#include "tests/live/call.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char one[] = "[pm1]\nexit_when = never\n[service:web]\ncommand = @PROG@ wait\n";

/* A call by another user: the reply, or "" when the connection wasn't made or gave nothing. */
static const char *call_as(struct live *l, uid_t uid, gid_t gid, const char *text)
{
	static char reply[65536];
	int fds[2];
	size_t n = 0;
	ssize_t r;

	cr_assert_eq(pipe(fds), 0);
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		struct sockaddr_un a = { .sun_family = AF_UNIX };
		char buf[65536];
		(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/pm1.sock", l->dir);
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (setgroups(0, NULL) < 0 || setgid(gid) < 0 || setuid(uid) < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
			_exit(0);
		(void)send(fd, text, strlen(text) + 1, MSG_NOSIGNAL);
		while ((r = recv(fd, buf, sizeof(buf), 0)) > 0)
			if (write(fds[1], buf, (size_t)r) != r || !buf[r - 1])
				break;
		_exit(0);
	}
	(void)close(fds[1]);
	while ((r = read(fds[0], reply + n, sizeof(reply) - 1 - n)) > 0)
		n += (size_t)r;
	reply[n] = 0;
	(void)close(fds[0]);
	(void)waitpid(pid, NULL, 0);
	return reply;
}

static mode_t mode_of(struct live *l, const char *name)
{
	struct stat st;
	cr_assert_eq(lstat(live_path(l, name), &st), 0, "%s: %s", name, strerror(errno));
	return st.st_mode;
}

Test(socket, is_open_to_its_owner_alone)
{
	struct live l;
	live_start(&l, LIVE_PID1, one);
	live_status(&l, "web", "online");
	cr_assert_eq(mode_of(&l, "pm1.sock"), S_IFSOCK | 0600);
	cr_assert_eq(mode_of(&l, "pm1.sock.lock"), S_IFREG | 0600);
	cr_assert_str_empty(call_as(&l, 65534, 65534, "{\"method\":\"io.pm1.Ping\"}"));
	cr_assert_eq(live_stop(&l), 0);
}

Test(socket, another_user_who_reaches_it_is_denied_every_method)
{
	static const char *const methods[] = { "List",	 "Start", "Stop",  "Restart",	   "Delete",	 "Reset",
					       "Flush", "Signal", "Kill", "ReloadConfig", "ReopenLogs", "Power" };
	struct live l;
	live_start(&l, LIVE_PID1, one);
	live_status(&l, "web", "online");
	cr_assert_eq(chmod(live_path(&l, "pm1.sock"), 0666), 0);
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		char text[256];
		(void)snprintf(text, sizeof(text),
			       "{\"method\":\"io.pm1.%s\",\"parameters\":{\"targets\":[\"all\"],\"signal\":\"KILL\",\"action\":\"halt\"}}", methods[i]);
		const char *reply = call_as(&l, 65534, 65534, text);
		cr_assert(strstr(reply, "io.pm1.Denied") && strstr(reply, methods[i]), "%s: '%s'", methods[i], reply);
	}
	live_line(&l, "uid 65534 may not call io.pm1.Stop");
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "online");
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(socket, the_control_group_may_do_what_the_owner_may)
{
	struct live l;
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\ncontrol_group = 65533\n[service:web]\ncommand = @PROG@ wait\n");
	live_status(&l, "web", "online");
	cr_assert_eq(mode_of(&l, "pm1.sock"), S_IFSOCK | 0660);
	const char *reply = call_as(&l, 65534, 65533, "{\"method\":\"io.pm1.Stop\",\"parameters\":{\"targets\":[\"web\"]}}");
	cr_assert(strstr(reply, "\"stopped\""), "'%s'", reply);
	cr_assert_str_empty(call_as(&l, 65534, 65534, "{\"method\":\"io.pm1.Ping\"}"));
	cr_assert_eq(live_stop(&l), 0);
}

/* A second pm1 in the folder of the first one: its exit code, and what it said. */
static struct called second(struct live *l, const char *verb)
{
	return call_how(l, 0, (const char *const[]){ verb, live_path(l, "pm1.ini"), NULL });
}

Test(socket, a_second_pm1_of_the_same_place_is_refused_and_the_first_lives_on)
{
	static const char *const verbs[] = { "run", "daemon" };
	struct live l;
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\npid_file = @DIR@/pm1.pid\n[service:web]\ncommand = @PROG@ wait\n");
	live_status(&l, "web", "online");
	for (int i = 0; i < 2; i++) {
		struct called c = second(&l, verbs[i]);
		cr_assert_eq(c.code, 1, "%s: %d", verbs[i], c.code);
		cr_assert(strstr(c.err, "another pm1 owns the control socket") && strstr(c.err, live_path(&l, "pm1.sock")), "%s: %s",
			  verbs[i], c.err);
		cr_assert_eq(mode_of(&l, "pm1.sock"), S_IFSOCK | 0600);
		live_file_has(live_path(&l, "pm1.pid"), "1\n");
		json_decref(live_call(&l, "Ping", ""));
	}
	cr_assert_eq(live_stop(&l), 0);
}

Test(socket, a_live_one_is_not_taken_also_when_its_lock_file_was_cleaned_away)
{
	struct live l;
	live_start(&l, LIVE_PID1, one);
	live_status(&l, "web", "online");
	cr_assert_eq(unlink(live_path(&l, "pm1.sock.lock")), 0);
	struct called c = second(&l, "run");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "another pm1 owns"), "%s", c.err);
	live_status(&l, "web", "online");
	cr_assert_eq(live_stop(&l), 0);
}

/* Starts pm1 in a folder where `make` has put something at the socket's path. */
static void begin_over(struct live *l, void (*make)(const char *path))
{
	live_exec(l, 0, one, (const char *const[]){ "check", "@DIR@/pm1.ini", NULL });
	live_line(l, "no faults"); /* a folder; a pm1 that is gone */
	make(live_path(l, "pm1.sock"));
}

static void stale(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	(void)close(fd);
}

Test(socket, a_stale_one_is_taken_over)
{
	struct live l;
	begin_over(&l, stale);
	struct calling c = call_begin(&l, 0, (const char *const[]){ "run", "pm1.ini", NULL });
	call_line(&c, "web | up");
	cr_assert_eq(call(&l, "ping").code, 0);
	cr_assert_eq(call(&l, "kill").code, 0);
	cr_assert_eq(call_wait(&c).code, 0);
	cr_assert_eq(live_end(&l), 0);
}

static char victim[256];

static void link_to_victim(const char *path)
{
	(void)snprintf(victim, sizeof(victim), "%s.victim", path);
	int fd = open(victim, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	cr_assert_eq(write(fd, "precious", 8), 8);
	(void)close(fd);
	cr_assert_eq(symlink(victim, path), 0);
}

static void precious_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	cr_assert_eq(write(fd, "precious", 8), 8);
	(void)close(fd);
	(void)snprintf(victim, sizeof(victim), "%s", path);
}

static void folder(const char *path)
{
	cr_assert_eq(mkdir(path, 0700), 0);
}

/* In the foreground the services run without a socket, and it is said; a daemon that nobody could ask refuses to start. */
static void left_alone(void (*make)(const char *path), mode_t type)
{
	struct live l;
	begin_over(&l, make);
	struct calling c = call_begin(&l, 0, (const char *const[]){ "run", "pm1.ini", NULL });
	call_line(&c, "web | up");
	cr_assert_eq(mode_of(&l, "pm1.sock") & S_IFMT, type);
	cr_assert_eq(kill(c.pid, SIGTERM), 0);
	struct called done = call_wait(&c);
	cr_assert_eq(done.code, 0);
	cr_assert(strstr(done.err, "no control socket") && strstr(done.err, "pm1.sock: something that is no socket"), "%s", done.err);
	done = call(&l, "daemon");
	cr_assert_eq(done.code, 1);
	cr_assert(strstr(done.err, "no control socket"), "%s", done.err);
	cr_assert_eq(mode_of(&l, "pm1.sock") & S_IFMT, type);
	if (*victim)
		live_file_has(victim, "precious");
	cr_assert_eq(live_end(&l), 0);
}

Test(socket, a_symlink_at_its_path_is_left_alone)
{
	left_alone(link_to_victim, S_IFLNK);
}

Test(socket, a_file_at_its_path_is_left_alone)
{
	left_alone(precious_file, S_IFREG);
}

Test(socket, a_folder_at_its_path_is_left_alone)
{
	left_alone(folder, S_IFDIR);
}

Test(socket, a_symlink_at_the_lock_files_path_is_not_followed)
{
	struct live l;
	begin_over(&l, stale);
	char *lock = strdup(live_path(&l, "pm1.sock.lock")), *target = strdup(live_path(&l, "target"));
	cr_assert_eq(symlink(target, lock), 0);
	struct called c = call(&l, "daemon");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "no control socket"), "%s", c.err);
	cr_assert_neq(access(target, F_OK), 0);
	cr_assert_eq(live_end(&l), 0);
}

Test(socket, is_gone_after_the_end)
{
	struct live l;
	begin_over(&l, stale);
	struct calling c = call_begin(&l, 0, (const char *const[]){ "run", "pm1.ini", NULL });
	call_line(&c, "web | up");
	cr_assert_eq(kill(c.pid, SIGTERM), 0);
	cr_assert_eq(call_wait(&c).code, 0);
	cr_assert_neq(access(live_path(&l, "pm1.sock"), F_OK), 0);
	cr_assert_eq(live_end(&l), 0);
}
