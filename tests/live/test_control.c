/* The control socket: whatever a client sends, or doesn't, the next one is answered. */
#include "tests/live/live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static const char two[] = "[pm1]\nexit_when = never\n[service:web]\ncommand = @PROG@ wait\n[service:db]\ncommand = @PROG@ wait\n";

#define PING "{\"method\":\"io.pm1.Ping\"}"
#define LIST "{\"method\":\"io.pm1.List\"}"

/* Sends as much as the other side takes. */
static void feed(int fd, const void *data, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t w = send(fd, (const char *)data + done, n - done, MSG_NOSIGNAL);
		if (w <= 0)
			return;
		done += (size_t)w;
	}
}

/* The next message, NUL-ended and the caller's; NULL: the connection was closed. */
static char *message(int fd)
{
	size_t n = 0;
	char *buf = NULL;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		buf = realloc(buf, n + 1);
		cr_assert_eq(poll(&p, 1, LIVE_WAIT * 1000), 1, "neither a reply nor an end");
		if (recv(fd, buf + n, 1, 0) <= 0) {
			free(buf);
			return NULL;
		}
		if (!buf[n++])
			return buf;
	}
}

static void pings(struct live *l)
{
	json_t *r = live_call(l, "Ping", "");
	cr_assert(json_is_integer(json_object_get(json_object_get(r, "parameters"), "pid")));
	json_decref(r);
}

/* All of `data` gets an error reply or the end, never a result; then another client is answered. */
static void refused(struct live *l, const char *what, const void *data, size_t n, bool hang_up)
{
	int fd = live_socket(l);
	feed(fd, data, n);
	if (hang_up)
		(void)shutdown(fd, SHUT_WR);
	char *m = message(fd);
	if (m) {
		json_t *j = json_loads(m, 0, NULL);
		cr_assert(json_is_string(json_object_get(j, "error")), "%s: %s", what, m);
		json_decref(j);
	}
	free(m);
	(void)close(fd);
	pings(l);
}

Test(control, garbage_gets_an_error_or_the_end)
{
	static const char *const texts[] = {
		"", "x", "{", "{}", "[]", "null", "5", "\"io.pm1.Ping\"", "{\"method\":5}", "{\"method\":\"\"}",
		"{\"method\":\"io.pm1.Nothing\"}", "{\"method\":\"Ping\"}", "{\"method\":\"io.pm1.Ping\",\"parameters\":[]}",
		"{\"method\":\"io.pm1.Ping\"}}", "{\"method\":\"io.pm1.Ping\",\"parameters\":{\"a\":1e999999}}",
		"{\"method\":\"io.pm1.Ping\\u0000\"}", "{\"method\":\"io.pm1.Stop\"}",
		"{\"method\":\"io.pm1.Stop\",\"parameters\":{\"targets\":\"web\"}}",
		"{\"method\":\"io.pm1.Stop\",\"parameters\":{\"targets\":[5]}}",
		"{\"method\":\"io.pm1.Stop\",\"parameters\":{\"targets\":[\"/(/\"]}}",
		"{\"method\":\"io.pm1.Stop\",\"parameters\":{\"targets\":[\"/a{1,30000}/\"]}}",
		"{\"method\":\"io.pm1.Signal\",\"parameters\":{\"targets\":[\"web\"]}}",
		"{\"method\":\"io.pm1.Signal\",\"parameters\":{\"signal\":\"NONE\",\"targets\":[\"web\"]}}",
		"{\"method\":\"io.pm1.Signal\",\"parameters\":{\"signal\":\"-9\",\"targets\":[\"web\"]}}",
		"{\"method\":\"io.pm1.Start\",\"parameters\":{\"file\":\"relative.ini\"}}",
		"{\"method\":\"io.pm1.Start\",\"parameters\":{\"file\":\"/no/such/file.ini\"}}",
		"{\"method\":\"io.pm1.Start\",\"parameters\":{\"file\":\"/\"}}",
		"{\"method\":\"io.pm1.Start\",\"parameters\":{\"file\":\"/dev/zero\"}}",
		"{\"method\":\"io.pm1.Start\",\"parameters\":{\"command\":{}}}",
		"{\"method\":\"io.pm1.Start\",\"parameters\":{\"command\":{\"argv\":[],\"cwd\":\"/\",\"env\":[],\"options\":[]}}}",
		"{\"method\":\"io.pm1.Start\",\"parameters\":{\"command\":{\"argv\":[5],\"cwd\":\"/\",\"env\":[],\"options\":[]}}}",
		"{\"method\":\"io.pm1.Start\",\"parameters\":{\"command\":{\"argv\":[\"/bin/true\"],\"cwd\":\"x\",\"env\":[],\"options\":[]}}}",
		"{\"method\":\"io.pm1.Start\",\"parameters\":{\"command\":{\"name\":\"../x\",\"argv\":[\"/bin/true\"],\"cwd\":\"/\","
		"\"env\":[],\"options\":[]}}}",
		"{\"method\":\"io.pm1.Start\",\"parameters\":{\"command\":{\"name\":\"x\",\"argv\":[\"/bin/true\"],\"cwd\":\"/\","
		"\"env\":[],\"options\":[\"bogus=1\"]}}}",
		"{\"method\":\"io.pm1.Start\",\"parameters\":{\"command\":{\"name\":\"x\",\"argv\":[\"/bin/true\"],\"cwd\":\"/\","
		"\"env\":[],\"options\":[\"no equals\"]}}}",
		"{\"method\":\"io.pm1.Power\",\"parameters\":{\"action\":\"reboot\"}}",
		"\xff\xfe\xfd", "{\"method\":\"io.pm1.Ping\xff\"}", "GET / HTTP/1.1\r\n\r\n",
	};
	struct live l;
	live_start(&l, LIVE_PID1, two);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		refused(&l, texts[i], texts[i], strlen(texts[i]) + 1, false);
	live_status(&l, "web", "online");
	cr_assert_eq(live_get(&l, "web", "pm2_env.restart_time"), 0);
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, half_a_request_and_a_hangup_is_forgotten)
{
	struct live l;
	live_start(&l, LIVE_PID1, two);
	for (size_t n = 0; n < sizeof(LIST) - 1; n++)
		refused(&l, "half", LIST, n, true);
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, a_giant_request_is_refused)
{
	struct live l;
	size_t n = 4 << 20;
	char *big = malloc(n);
	live_start(&l, LIVE_PID1, two);
	memset(big, 'x', n);
	refused(&l, "no NUL", big, n, false);
	memset(big, '[', n);
	big[1000000] = 0;
	refused(&l, "a million brackets", big, 1000001, false);
	(void)memcpy(big, "{\"method\":\"", 11);
	memset(big + 11, 'y', n - 11);
	memcpy(big + 1000000, "\"}", 3);
	refused(&l, "a long method", big, 1000003, false);
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, random_bytes_do_no_harm)
{
	struct live l;
	unsigned int seed = 42;
	live_start(&l, LIVE_PID1, two);
	for (int i = 0; i < 300; i++) {
		char data[512];
		size_t n = 1 + (size_t)rand_r(&seed) % sizeof(data);
		for (size_t k = 0; k < n; k++)
			data[k] = (char)rand_r(&seed);
		data[n - 1] = 0;
		refused(&l, "random", data, n, true);
	}
	live_status(&l, "web", "online");
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, a_slow_client_is_served_while_others_are_answered_between_its_bytes)
{
	struct live l;
	live_start(&l, LIVE_PID1, two);
	int fd = live_socket(&l);
	for (size_t i = 0; i < sizeof(PING); i++) {
		feed(fd, PING + i, 1);
		pings(&l);
	}
	char *m = message(fd);
	cr_assert(m && strstr(m, "version"), "%s", m ? m : "closed");
	(void)close(fd);
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, requests_sent_in_one_go_are_answered_in_their_order)
{
	struct live l;
	live_start(&l, LIVE_PID1, two);
	int fd = live_socket(&l);
	for (int i = 0; i < 100; i++)
		feed(fd, i % 2 ? LIST : PING, sizeof(PING));
	for (int i = 0; i < 100; i++) {
		char *m = message(fd);
		cr_assert(m && strstr(m, i % 2 ? "services" : "version"), "%d: %s", i, m ? m : "closed");
		free(m);
	}
	(void)close(fd);
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, a_client_that_half_closes_still_gets_its_reply)
{
	static const char restart[] = "{\"method\":\"io.pm1.Restart\",\"parameters\":{\"targets\":[\"all\"]}}";
	struct live l;
	live_start(&l, LIVE_PID1, two);
	live_status(&l, "db", "online");
	int fd = live_socket(&l);
	feed(fd, restart, sizeof(restart));
	(void)shutdown(fd, SHUT_WR);
	char *m = message(fd);
	cr_assert(m && strstr(m, "services"), "%s", m ? m : "closed");
	(void)close(fd);
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, a_oneway_call_is_done_and_not_answered)
{
	static const char stop[] = "{\"method\":\"io.pm1.Stop\",\"parameters\":{\"targets\":[\"web\"]},\"oneway\":true}";
	struct live l;
	live_start(&l, LIVE_PID1, two);
	live_status(&l, "web", "online");
	int fd = live_socket(&l);
	feed(fd, stop, sizeof(stop));
	feed(fd, PING, sizeof(PING));
	char *m = message(fd);
	cr_assert(m && strstr(m, "version") && !strstr(m, "services"), "%s", m ? m : "closed");
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "stopped");
	(void)close(fd);
	cr_assert_eq(live_stop(&l), 0);
}

/* The hang-up came in the same wake-up as the call, and won. */
Test(control, a_call_is_done_also_when_its_client_has_gone_before_it_was_read)
{
	static const char stop[] = "{\"method\":\"io.pm1.Stop\",\"parameters\":{\"targets\":[\"web\"]},\"oneway\":true}";
	struct live l;
	live_start(&l, LIVE_PID1, two);
	live_status(&l, "web", "online");
	live_signal(&l, SIGSTOP);
	int fd = live_socket(&l);
	feed(fd, stop, sizeof(stop));
	(void)close(fd);
	live_signal(&l, SIGCONT);
	live_status(&l, "web", "stopped");
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, what_was_asked_for_is_done_also_when_the_client_has_gone)
{
	static const char stop[] = "{\"method\":\"io.pm1.Stop\",\"parameters\":{\"targets\":[\"web\"]}}";
	struct live l;
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\n[service:web]\ncommand = @PROG@ ignore 15\nkill_timeout = 300ms\n");
	live_line(&l, "ignoring");
	int fd = live_socket(&l);
	feed(fd, stop, sizeof(stop));
	live_status(&l, "web", "stopping");
	(void)close(fd);
	live_status(&l, "web", "stopped");
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, a_client_that_never_reads_is_dropped_and_nobody_waits_for_it)
{
	struct live l;
	live_start(&l, LIVE_PID1, two);
	int fd = live_socket(&l);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	/* Until the other side takes no more: its replies fill our side. */
	for (int i = 0; i < 100000 && send(fd, LIST, sizeof(LIST), MSG_NOSIGNAL) > 0; i++)
		;
	for (int i = 0; i < 100; i++)
		pings(&l);
	struct pollfd p = { .fd = fd, .events = 0 };
	cr_assert_eq(poll(&p, 1, LIVE_WAIT * 1000), 1, "it is still connected");
	(void)close(fd);
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, clients_that_say_nothing_do_not_keep_others_out)
{
	struct live l;
	int fds[200];
	live_start(&l, LIVE_PID1, two);
	for (int i = 0; i < 200; i++) {
		fds[i] = live_socket(&l);
		if (i % 2)
			feed(fds[i], LIST, 10);
		if (i % 20 == 0)
			pings(&l);
	}
	pings(&l);
	for (int i = 0; i < 200; i++)
		(void)close(fds[i]);
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, clients_that_wait_for_an_answer_are_kept_and_one_too_many_is_told_so)
{
	static const char stop[] = "{\"method\":\"io.pm1.Stop\",\"parameters\":{\"targets\":[\"web\"]}}";
	struct live l;
	int fds[64];
	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\n[service:web]\ncommand = @PROG@ ignore 15\nkill_timeout = 10m\n");
	live_line(&l, "ignoring");
	for (int i = 0; i < 64; i++) {
		fds[i] = live_socket(&l);
		feed(fds[i], stop, sizeof(stop));
	}
	int more = live_socket(&l);
	char *m = message(more);
	cr_assert(m && strstr(m, "io.pm1.Busy"), "%s", m ? m : "closed without a word");
	(void)close(more);
	/* Services are looked after all the same. */
	live_signal(&l, SIGTERM);
	live_line(&l, "shutting down");
	live_signal(&l, SIGTERM); /* hurry */
	for (int i = 0; i < 64; i++) {
		m = message(fds[i]);
		cr_assert(m && strstr(m, "services"), "client %d: %s", i, m ? m : "closed");
		free(m);
		(void)close(fds[i]);
	}
	cr_assert_eq(live_end(&l), 0);
}

Test(control, a_flood_of_clients_does_not_keep_services_from_being_restarted)
{
	struct live l;
	live_start(&l, LIVE_PID1,
		   "[pm1]\nexit_when = never\n"
		   "[service:web]\ncommand = @PROG@ exit 0\nrestart_delay = 1ms\nmin_uptime = 0\nmax_restarts = 1000000\n");
	pid_t flood = fork();
	cr_assert_geq(flood, 0);
	if (flood == 0) {
		/* Many at once, each asks and leaves without reading, for as long as the test lasts. */
		for (int fds[100];;) {
			for (int i = 0; i < 100; i++) {
				fds[i] = live_socket(&l);
				(void)send(fds[i], LIST LIST, sizeof(LIST LIST), MSG_NOSIGNAL | MSG_DONTWAIT);
			}
			for (int i = 0; i < 100; i++)
				(void)close(fds[i]);
		}
	}
	live_number(&l, "web", "pm2_env.restart_time", 20);
	(void)kill(flood, SIGKILL);
	pings(&l);
	cr_assert_eq(live_stop(&l), 0);
}

/* The highest descriptor that pm1 has, and how many they are. */
static int descriptors(struct live *l, int *ret_highest)
{
	char path[64];
	int n = 0;
	struct dirent *e;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)l->pid);
	DIR *dir = opendir(path);
	cr_assert_not_null(dir);
	*ret_highest = 0;
	while ((e = readdir(dir))) {
		int fd = (int)strtol(e->d_name, NULL, 10);
		n += e->d_name[0] != '.';
		*ret_highest = fd > *ret_highest ? fd : *ret_highest;
	}
	(void)closedir(dir);
	return n;
}

Test(control, without_a_descriptor_left_clients_are_refused_and_later_ones_answered)
{
	struct live l;
	struct rlimit old, few;
	int fds[30], highest;
	live_start(&l, LIVE_PID1, two);
	live_status(&l, "web", "online");
	live_status(&l, "db", "online");
	cr_assert_eq(prlimit(l.pid, RLIMIT_NOFILE, NULL, &old), 0);
	(void)descriptors(&l, &highest);
	few = (struct rlimit){ .rlim_cur = (rlim_t)highest + 4, .rlim_max = old.rlim_max };
	cr_assert_eq(prlimit(l.pid, RLIMIT_NOFILE, &few, NULL), 0);
	for (int i = 0; i < 30; i++)
		fds[i] = live_socket(&l);
	live_line(&l, "no file descriptors left");
	for (int i = 0; i < 30; i++)
		(void)close(fds[i]);
	/* Places are given back as pm1 sees the ends; none is kept. */
	int fd;
	char *m;
	do {
		fd = live_socket(&l);
		feed(fd, PING, sizeof(PING));
		m = message(fd);
		(void)close(fd);
	} while (!m);
	cr_assert_eq(prlimit(l.pid, RLIMIT_NOFILE, &old, NULL), 0);
	pings(&l);
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, a_thousand_clients_leave_no_descriptor_behind)
{
	struct live l;
	int highest;
	live_start(&l, LIVE_PID1, two);
	live_status(&l, "web", "online");
	live_status(&l, "db", "online");
	pings(&l);
	int before = descriptors(&l, &highest);
	for (int i = 0; i < 1000; i++) {
		int fd = live_socket(&l);
		feed(fd, i % 3 ? LIST : "{\"half", i % 3 ? sizeof(LIST) : 5);
		(void)close(fd);
	}
	pings(&l);
	pings(&l); /* the first one's own end may not have been seen */
	while (descriptors(&l, &highest) > before)
		(void)poll(NULL, 0, 10); /* a leak never gets there: the test's time ends */
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, it_tells_its_varlink_interface)
{
	struct live l;
	live_start(&l, LIVE_PID1, two);
	json_t *r = live_call(&l, "org.varlink.service.GetInfo", "");
	json_t *p = json_object_get(r, "parameters");
	cr_assert_str_eq(json_string_value(json_object_get(p, "product")), "pm1");
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(p, "interfaces"), 1)), "io.pm1");
	r = live_call(&l, "org.varlink.service.GetInterfaceDescription", "{\"interface\":\"io.pm1\"}");
	const char *text = json_string_value(json_object_get(json_object_get(r, "parameters"), "description"));
	cr_assert(text && strstr(text, "interface io.pm1\n") && strstr(text, "method Stop("), "%s", text ? text : "(none)");
	r = live_call(&l, "org.varlink.service.GetInterfaceDescription", "{\"interface\":\"io.other\"}");
	cr_assert_str_eq(json_string_value(json_object_get(r, "error")), "org.varlink.service.InterfaceNotFound");
	r = live_call(&l, "io.pm1.Nothing", "");
	cr_assert_str_eq(json_string_value(json_object_get(r, "error")), "org.varlink.service.MethodNotFound");
	cr_assert_eq(live_stop(&l), 0);
}

Test(control, a_brief_list_says_in_short_what_the_full_one_says)
{
	static const char *const kept[] = { "status", "restart_time", "pm_uptime", "exec_mode", "namespace", "username" };
	struct live l;
	live_start(&l, LIVE_PID1, two);
	live_status(&l, "web", "online");
	live_status(&l, "db", "online");
	json_t *full = live_call(&l, "List", "{\"targets\":[\"web\"]}");
	json_t *brief = live_call(&l, "List", "{\"targets\":[\"web\"],\"brief\":true}");
	const json_t *a = json_array_get(json_object_get(json_object_get(full, "parameters"), "services"), 0);
	const json_t *b = json_array_get(json_object_get(json_object_get(brief, "parameters"), "services"), 0);
	const json_t *env = json_object_get(b, "pm2_env"), *own = json_object_get(b, "pm1");

	cr_expect(json_equal(json_object_get(a, "pid"), json_object_get(b, "pid")));
	cr_expect(json_equal(json_object_get(a, "name"), json_object_get(b, "name")));
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		cr_expect(json_equal(json_object_get(env, kept[i]), json_object_get(json_object_get(a, "pm2_env"), kept[i])), "%s",
			  kept[i]);
	cr_expect_eq(json_object_size(env), sizeof(kept) / sizeof(kept[0]));
	cr_expect(json_is_string(json_object_get(json_object_get(own, "cap"), "by")));
	cr_expect_null(json_object_get(own, "history"));
	json_decref(full);
	json_decref(brief);
	cr_assert_eq(live_stop(&l), 0);
}
