/* PID 1's end of the logs, with the real logd, with programs that are none, and with none at all. */
#include "core/logpipe.h"

#include "tests/core/host.h"

#include <sys/stat.h>

TestSuite(logpipe, .init = host_begin, .fini = host_done, .timeout = 60);

static int synced = -1; /* 1: all is in the files, 0: it was not in time */
static void on_synced(void *ctx, bool ok)
{
	(void)ctx;
	synced = ok;
}

static struct logstream *open_stream(struct logpipe *lp, const char *name, const char *path)
{
	struct logstream_config c = { .name = name, .path = path, .service = name, .combined = "", .format = "", .sink = "" };
	struct logstream *s = NULL;

	cr_assert_eq(logpipe_open(lp, &c, &s), 0);
	return s;
}

static void say(struct logstream *s, const char *text)
{
	cr_assert_eq(write(logstream_write_fd(s), text, strlen(text)), (ssize_t)strlen(text));
}

static void sync_all(struct logpipe *lp)
{
	synced = -1;
	cr_assert_eq(logpipe_sync(lp, 30 * USEC_SEC, on_synced, NULL), 0);
	HOST_UNTIL(synced >= 0);
	cr_assert_eq(synced, 1);
}

static const char *in_folder(const char *name)
{
	static char paths[4][128];
	static unsigned int i;
	char *path = paths[i++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

/* Another logpipe, with another program for logd. */
static struct logpipe *by_program(const char *text)
{
	struct logpipe_config cfg = { .loop = loop, .reaper = host.reaper, .console_fd = -1, .exe = "./program", .trouble = host_on_trouble };
	struct logpipe *lp = NULL;

	if (text) {
		folder_put("program", text);
		cr_assert_eq(chmod("program", 0755), 0);
	}
	cr_assert_eq(logpipe_new(&cfg, &lp), 0);
	return lp;
}

static void end(struct logpipe *lp)
{
	if (logpipe_pid(lp) > 0)
		(void)kill(logpipe_pid(lp), SIGKILL);
	logpipe_free(lp);
}

Test(logpipe, what_a_service_says_is_in_its_file)
{
	struct logstream *s = open_stream(host.logs, "web", in_folder("a.log"));

	say(s, "one\n");
	sync_all(host.logs);
	cr_expect_str_eq(folder_get("a.log"), "one\n");
	cr_expect_eq(logstream_slot(s)->written, 4);
	cr_expect_str_eq(logstream_path(s), in_folder("a.log"));
	cr_expect_str_eq(logstream_trouble(s), "");
	logstream_flush(s);
	sync_all(host.logs);
	cr_expect_str_eq(folder_get("a.log"), "");
}

Test(logpipe, a_killed_logd_has_a_successor_that_goes_on)
{
	struct logstream *s = open_stream(host.logs, "web", in_folder("a.log"));

	for (int i = 0; i < 5; i++) {
		pid_t old = logpipe_pid(host.logs);
		say(s, "one\n");
		cr_assert_eq(kill(old, SIGKILL), 0);
		say(s, "two\n");
		HOST_UNTIL(logpipe_pid(host.logs) > 0 && logpipe_pid(host.logs) != old);
		sync_all(host.logs);
	}
	cr_expect_str_eq(folder_get("a.log"), "one\ntwo\none\ntwo\none\ntwo\none\ntwo\none\ntwo\n");
}

Test(logpipe, a_closed_stream_is_drained_and_gives_its_descriptors_back)
{
	sync_all(host.logs); /* logd is there */
	size_t fds = sys_fake_open_fds();
	struct logstream *s = open_stream(host.logs, "web", in_folder("a.log"));

	cr_expect_eq(sys_fake_open_fds(), fds + 4);
	say(s, "last words");
	logstream_close(s);
	HOST_UNTIL(sys_fake_open_fds() == fds);
	cr_expect_str_eq(folder_get("a.log"), "last words");
	logstream_close(NULL);
}

Test(logpipe, a_stream_closed_while_logd_is_dead_is_drained_by_the_next)
{
	struct logstream *s = open_stream(host.logs, "web", in_folder("a.log"));

	sync_all(host.logs);
	cr_assert_eq(kill(logpipe_pid(host.logs), SIGKILL), 0);
	HOST_UNTIL(logpipe_pid(host.logs) == 0);
	say(s, "last words");
	logstream_close(s);
	HOST_UNTIL(logpipe_pid(host.logs) > 0);
	sync_all(host.logs);
	cr_expect_str_eq(folder_get("a.log"), "last words");
}

Test(logpipe, trouble_with_a_file_is_told_and_its_end_too)
{
	char expected[256];
	struct logstream *s = open_stream(host.logs, "web", in_folder("d/a.log"));

	folder_put("d", "in the way");
	say(s, "lost\n");
	HOST_UNTIL(host_trouble[0]);
	snprintf(expected, sizeof(expected), "web %s: Not a directory", in_folder("d/a.log"));
	cr_expect_str_eq(host_trouble, expected);
	cr_expect_str_eq(logstream_trouble(s), expected + 4);
	cr_assert_eq(unlink("d"), 0);
	host_trouble[0] = 0;
	say(s, "here\n");
	HOST_UNTIL(host_trouble[0]);
	snprintf(expected, sizeof(expected), "web %s: works", in_folder("d/a.log"));
	cr_expect_str_eq(host_trouble, expected);
	cr_expect_str_eq(logstream_trouble(s), "");
	sync_all(host.logs);
	cr_expect_str_eq(folder_get("d/a.log"), "pm1: 5 bytes were dropped here: Not a directory\nhere\n");
	cr_expect_eq(logstream_slot(s)->dropped, 5);
}

static struct logstream_config to_files(const char *path, const char *combined)
{
	return (struct logstream_config){ .name = "web", .path = path, .combined = combined, .format = "", .sink = "", .service = "web" };
}

/* Nothing is written there any more, so nobody would ever say that it works. */
Test(logpipe, trouble_with_a_file_that_is_left_is_forgotten)
{
	struct logstream *s = open_stream(host.logs, "web", in_folder("d/a.log"));
	struct logstream_config both = to_files(in_folder("b.log"), in_folder("d/a.log")), b = to_files(in_folder("b.log"), "");

	folder_put("d", "in the way");
	say(s, "lost\n");
	HOST_UNTIL(host_trouble[0]);
	cr_assert_eq(logstream_change(s, &both), 0);
	cr_expect(strstr(logstream_trouble(s), "/d/a.log: Not a directory"), "still its file: '%s'", logstream_trouble(s));
	cr_assert_eq(logstream_change(s, &b), 0);
	cr_expect_str_eq(logstream_trouble(s), "");
	sync_all(host.logs); /* logd has heard of it */
	say(s, "one\n");
	sync_all(host.logs);
	cr_expect_str_eq(logstream_trouble(s), "");
	cr_expect_str_eq(folder_get("b.log"), "one\n");
}

/* What logd says crosses what it is told. */
Test(logpipe, trouble_that_is_told_of_a_file_that_was_left_is_nobodys)
{
	struct logstream *s = open_stream(host.logs, "web", in_folder("d/a.log"));
	struct logstream_config b = to_files(in_folder("b.log"), "");

	folder_put("d", "in the way");
	sync_all(host.logs);
	cr_assert_eq(kill(logpipe_pid(host.logs), SIGSTOP), 0);
	say(s, "lost\n");
	cr_assert_eq(logstream_change(s, &b), 0);
	cr_assert_eq(kill(logpipe_pid(host.logs), SIGCONT), 0);
	sync_all(host.logs);
	cr_expect_eq(logstream_slot(s)->dropped, 5, "the file as it was told of first has failed");
	cr_expect_str_eq(host_trouble, "");
	cr_expect_str_eq(logstream_trouble(s), "");
}

/* One of them works again: the other doesn't for that. */
Test(logpipe, trouble_with_one_file_is_not_ended_by_the_other)
{
	struct logstream_config c = to_files(in_folder("d/a.log"), in_folder("e/both.log"));
	struct logstream *s = NULL;
	const char *a = in_folder("d/a.log"), *both = in_folder("e/both.log");

	cr_assert_eq(logpipe_open(host.logs, &c, &s), 0);
	folder_put("d", "in the way");
	folder_put("e", "in the way");
	say(s, "lost\n");
	HOST_UNTIL(strstr(logstream_trouble(s), both));
	cr_assert_eq(unlink("d"), 0);
	host_trouble[0] = 0;
	say(s, "one\n");
	HOST_UNTIL(host_trouble[0]);
	cr_expect(strstr(host_trouble, a) && strstr(host_trouble, "works"), "%s", host_trouble);
	cr_expect(strstr(logstream_trouble(s), both), "'%s'", logstream_trouble(s));
	cr_assert_eq(unlink("e"), 0);
	say(s, "two\n");
	HOST_UNTIL(!logstream_trouble(s)[0]);
	sync_all(host.logs);
	cr_expect_str_eq(folder_get("d/a.log"), "pm1: 5 bytes were dropped here: Not a directory\none\ntwo\n");
}

Test(logpipe, another_path_holds_from_there_on)
{
	struct logstream *s = open_stream(host.logs, "web", in_folder("a.log"));
	struct logstream_config c = { .name = "web", .path = in_folder("b.log"), .combined = in_folder("both.log"), .format = "", .sink = "", .service = "web" };

	say(s, "one\n");
	cr_assert_eq(logstream_change(s, &c), 0);
	cr_assert_eq(logstream_change(s, &c), 0);
	sync_all(host.logs);
	say(s, "two\n");
	sync_all(host.logs);
	cr_expect_str_eq(folder_get("a.log"), "one\n");
	cr_expect_str_eq(folder_get("b.log"), "two\n");
	cr_expect_str_eq(folder_get("both.log"), "two\n");
}

Test(logpipe, whatever_fails_in_opening_a_stream_leaves_nothing_open)
{
	static const char *const calls[] = { "pipe2", "fcntl" };
	unsigned int failed = 0;

	sync_all(host.logs);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		for (unsigned int nth = 1; nth < 3; nth++) {
			struct logstream_config c = { .name = "web", .path = "", .combined = "", .format = "", .sink = "", .service = "web" };
			struct logstream *s = NULL;
			size_t fds = sys_fake_open_fds();

			sys_fake_reset();
			sys_fake_fail(calls[i], nth, EMFILE);
			int r = logpipe_open(host.logs, &c, &s);
			if (r < 0) {
				failed++;
				cr_expect_eq(r, -EMFILE);
				cr_expect_null(s);
				cr_expect_eq(sys_fake_open_fds(), fds, "%s %u", calls[i], nth);
			}
		}
	}
	cr_expect_eq(failed, 3, "both pipes and the nonblocking end");
	sync_all(host.logs);
}

Test(logpipe, whatever_fails_in_making_it_leaves_nothing_open)
{
	static const char *const calls[] = { "memfd_create", "ftruncate" };

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		struct logpipe_config cfg = { .loop = loop, .reaper = host.reaper, .console_fd = -1, .exe = "/bin/true" };
		struct logpipe *lp = NULL;
		size_t fds = sys_fake_open_fds();

		sys_fake_fail(calls[i], 1, ENOMEM);
		cr_expect_eq(logpipe_new(&cfg, &lp), -ENOMEM, "%s", calls[i]);
		cr_expect_null(lp);
		cr_expect_eq(sys_fake_open_fds(), fds, "%s", calls[i]);
	}
	logpipe_free(NULL);
}

/* The pipes are PID 1's: a service writes into them whether there is a logd or not. */
Test(logpipe, a_logd_that_cannot_be_started_is_tried_again)
{
	static const char *const calls[] = { "socketpair", "clone3", "epoll_ctl", "pipe2" };

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		char name[32];
		size_t fds;

		snprintf(name, sizeof(name), "%s.log", calls[i]);
		struct logstream *s = open_stream(host.logs, "web", in_folder(name));
		sync_all(host.logs);
		fds = sys_fake_open_fds();
		cr_assert_eq(kill(logpipe_pid(host.logs), SIGKILL), 0);
		HOST_UNTIL(logpipe_pid(host.logs) == 0);
		unsigned int before = sys_fake_count("socketpair");
		sys_fake_fail(calls[i], 1, ENOMEM);
		say(s, "one\n");
		HOST_UNTIL(logpipe_pid(host.logs) > 0);
		cr_expect_eq(sys_fake_count("socketpair"), before + 2, "%s: two tries", calls[i]);
		sync_all(host.logs);
		cr_expect_str_eq(folder_get(name), "one\n", "%s", calls[i]);
		cr_expect_eq(sys_fake_open_fds(), fds, "%s", calls[i]);
	}
}

Test(logpipe, a_program_that_is_no_logd_is_not_started_over_and_over)
{
	struct logpipe *lp = by_program("#!/bin/sh\necho x >> starts\n");

	/* 50 ms, 100, 200: the delay doubles. */
	HOST_UNTIL(strcmp(folder_get("starts"), "x\nx\nx\n") == 0);
	unsigned int clones = sys_fake_count("clone3");
	HOST_UNTIL(strcmp(folder_get("starts"), "x\nx\nx\nx\n") == 0);
	cr_expect_leq(sys_fake_count("clone3"), clones + 2);
	end(lp);
}

Test(logpipe, a_program_that_is_not_there_is_tried_again_too)
{
	struct logpipe *lp = by_program(NULL);
	struct logstream *s = open_stream(lp, "web", in_folder("a.log"));

	say(s, "one\n");
	HOST_UNTIL(logpipe_pid(lp) == 0);
	char command[256];
	snprintf(command, sizeof(command), "#!/bin/sh\nexec '%s' logd\n", getenv("PM1"));
	folder_put("program.new", command);
	cr_assert_eq(chmod("program.new", 0755), 0);
	cr_assert_eq(rename("program.new", "program"), 0);
	sync_all(lp);
	cr_expect_str_eq(folder_get("a.log"), "one\n");
	end(lp);
}

static void on_tick(void *ctx)
{
	*(bool *)ctx = true;
}

/* Its end is told by the socket and by SIGCHLD. Between the two pm1 must not spin. */
Test(logpipe, a_logd_that_has_hung_up_but_lives_does_not_keep_us_busy)
{
	struct logpipe *lp = by_program("#!/bin/sh\nexec 3>&-\n: > closed\nexec sleep 1000\n");
	struct loop_timer *timer;
	bool over = false;

	cr_assert_eq(loop_timer_new(loop, on_tick, &over, &timer), 0);
	while (access("closed", F_OK) < 0) { /* no event tells of it */
		loop_timer_in(timer, USEC_MS);
		cr_assert_eq(loop_once(loop), 0);
	}
	over = false;
	unsigned int before = sys_fake_count("epoll_wait");
	loop_timer_in(timer, 100 * USEC_MS);
	HOST_UNTIL(over);
	cr_expect_lt(sys_fake_count("epoll_wait") - before, 20, "%u wakeups", sys_fake_count("epoll_wait") - before);
	loop_timer_free(&timer);
	end(lp);
}

Test(logpipe, a_sync_that_nobody_answers_ends_in_time)
{
	struct logpipe *lp = by_program("#!/bin/sh\nexec sleep 1000\n");
	struct logstream *s = open_stream(lp, "web", in_folder("a.log"));

	say(s, "one\n");
	synced = -1;
	cr_assert_eq(logpipe_sync(lp, 20 * USEC_MS, on_synced, NULL), 0);
	HOST_UNTIL(synced >= 0);
	cr_expect_eq(synced, 0);
	cr_assert_eq(logpipe_sync(lp, 20 * USEC_MS, on_synced, &synced), 0);
	logpipe_sync_cancel(lp, &synced);
	synced = -1;
	cr_assert_eq(logpipe_quit(lp, 20 * USEC_MS, on_synced, NULL), 0);
	HOST_UNTIL(synced >= 0);
	cr_expect_eq(synced, 0);
	end(lp);
}

Test(logpipe, asked_to_end_it_drains_and_ends)
{
	struct logstream *s = open_stream(host.logs, "web", in_folder("a.log"));

	say(s, "last words");
	synced = -1;
	cr_assert_eq(logpipe_quit(host.logs, 30 * USEC_SEC, on_synced, NULL), 0);
	HOST_UNTIL(synced >= 0);
	cr_expect_eq(synced, 1);
	cr_expect_eq(logpipe_pid(host.logs), 0);
	cr_expect_str_eq(folder_get("a.log"), "last words");
}
