/* What a log may take of the disk. */
#include "tests/live/live.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_MS 60000

static off_t bytes_of(struct live *l, const char *pattern)
{
	glob_t g;
	off_t sum = 0;

	if (glob(live_path(l, pattern), 0, NULL, &g) != 0)
		return 0;
	for (size_t i = 0; i < g.gl_pathc; i++) {
		struct stat st;
		if (stat(g.gl_pathv[i], &st) == 0)
			sum += st.st_size;
	}
	globfree(&g);
	return sum;
}

/* Looks again with each file that goes. */
static void is_at_most(struct live *l, const char *pattern, off_t most)
{
	struct pollfd p = { .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .events = POLLIN };
	char buf[4096];

	cr_assert_geq(inotify_add_watch(p.fd, live_path(l, "logs"), IN_DELETE), 0);
	while (bytes_of(l, pattern) > most) {
		cr_assert_eq(poll(&p, 1, WAIT_MS), 1, "%ld bytes stay", (long)bytes_of(l, pattern));
		(void)!read(p.fd, buf, sizeof(buf));
	}
	(void)close(p.fd);
}

Test(logs_bounds, a_log_and_its_renamed_files_together_take_no_more_than_they_may)
{
	struct live l;

	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\nlog_console = none\n[service:a]\nshell = yes\nautorestart = no\n"
				  "out_file = @DIR@/logs/a.log\nlog_total_max = 64K\nlog_keep = 0\n"
				  "command = i=0; while [ $i -lt 20000 ]; do echo line $i of what comes to more than it may; i=$((i+1)); done; echo the end\n");
	live_file_has(live_path(&l, "logs/a.log"), "the end\n");
	is_at_most(&l, "logs/a.log*", 65536);
	cr_assert_gt(bytes_of(&l, "logs/a.log*"), 65536 / 4, "more than the total asks for was removed");
	cr_assert_eq(live_stop(&l), 0);
}

/* It ran by other rules before: the old files go with the first line, not at some later rotation. */
Test(logs_bounds, what_is_too_much_already_goes_at_the_start)
{
	struct live l;

	live_start(&l, LIVE_PID1, "[pm1]\nexit_when = never\nlog_console = none\n[service:a]\nshell = yes\nautostart = no\n"
				  "out_file = @DIR@/logs/a.log\nlog_total_max = 1M\nlog_keep = 0\n"
				  "command = echo here; exec sleep 1000\n");
	cr_assert_eq(mkdir(live_path(&l, "logs"), 0755), 0);
	FILE *f = fopen(live_path(&l, "logs/a.log.20200101T000000.000Z"), "we");
	cr_assert(f && ftruncate(fileno(f), 2 << 20) == 0 && fclose(f) == 0);
	json_decref(live_call(&l, "Start", "{\"targets\":[\"a\"]}"));
	live_file_has(live_path(&l, "logs/a.log"), "here\n");
	is_at_most(&l, "logs/a.log*", 1 << 20);
	cr_assert_eq(live_stop(&l), 0);
}
