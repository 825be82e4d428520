/* Held sockets where something else happens at the same time: another configuration, an end, a stop. */
#include "tests/live/call.h"
#include "tests/live/held.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEVER "[pm1]\nexit_when = never\n"

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
