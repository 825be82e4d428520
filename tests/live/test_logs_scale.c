/* Much at once: a line as long as a disk, services by the hundred. */
#include "tests/live/logd.h"
#include "tests/live/pattern.h"
#include "tests/skip.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define GIANT (1UL << 30)
#define SERVICES 200

/* Bytes of the highest memory that logd had so far. */
static unsigned long peak_of_logd(const struct live *l)
{
	char path[64], line[256];
	unsigned long kb = 0;
	pid_t pid;

	for (int i = 0; !(pid = logd_pid(l)); i++) { /* a service may be up before logd has its name */
		cr_assert_lt(i, LIVE_WAIT * 100, "no logd");
		(void)poll(NULL, 0, 10);
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %lu kB", &kb) == 1)
			break;
	if (f)
		(void)fclose(f);
	cr_assert_gt(kb, 0, "no %s", path);
	return kb * 1024;
}

/* The file is `head` bytes of a stamp, then the line, and nothing else; read as a stream. */
static void is_giant(struct live *l, const char *name, size_t head)
{
	static char expected[PATTERN_BLOCK], got[PATTERN_BLOCK];
	unsigned long blocks = GIANT / PATTERN_BLOCK;
	FILE *f = fopen(live_path(l, name), "re");

	cr_assert(f && fread(got, 1, head, f) == head);
	cr_assert_null(memchr(got, 'b', head), "a stamp of another length: %.30s", got);
	for (unsigned long i = 0; i < blocks; i++) {
		pattern_block(expected, i, blocks);
		cr_assert_eq(fread(got, 1, sizeof(got), f), sizeof(got), "%s ends in block %lu of %lu", name, i, blocks);
		cr_assert(memcmp(got, expected, sizeof(got)) == 0, "%s differs in block %lu", name, i);
	}
	cr_assert_eq(fgetc(f), EOF, "%s goes on after its end", name);
	(void)fclose(f);
}

static void one_giant_line(const char *keys, size_t head)
{
	struct live l;
	struct statvfs vfs;
	char *ini;

	cr_assert_eq(statvfs("/tmp", &vfs), 0);
	if ((uint64_t)vfs.f_bavail * vfs.f_frsize < 2 * GIANT)
		skip_test("less than 2 GiB are free in /tmp");
	cr_assert_geq(asprintf(&ini, QUIET "%s\n[service:a]\nautorestart = no\nautostart = no\nout_file = @DIR@/a.log\n"
				     "command = @PROG@ giant %lu\n[service:x]\ncommand = @PROG@ wait\n", keys, GIANT / PATTERN_BLOCK), 0);
	live_start(&l, LIVE_PID1, ini);
	live_status(&l, "x", "online");
	unsigned long before = peak_of_logd(&l);
	json_decref(live_call(&l, "Start", "{\"targets\":[\"a\"]}"));
	live_status(&l, "a", "stopped");
	json_decref(live_call(&l, "Flush", "{\"targets\":[\"x\"]}")); /* answered when all that was written is in the files */
	unsigned long after = peak_of_logd(&l);
	cr_expect_leq(after - before, 4UL << 20, "logd grew from %lu to %lu bytes", before, after);
#ifndef __SANITIZE_ADDRESS__ /* it has its own memory beside ours */
	cr_expect_leq(after, 16UL << 20);
#endif
	is_giant(&l, "a.log", head);
	cr_assert_eq(live_get(&l, "a", "pm1.log.dropped"), 0);
	cr_assert_eq(live_stop(&l), 0);
	free(ini);
}

Test(logs_scale, a_line_of_one_gib_is_there_to_the_byte_and_logd_stays_small)
{
	one_giant_line("", 0);
}

Test(logs_scale, so_is_it_with_a_stamp_in_front)
{
	one_giant_line("log_date_format = YYYY-MM-DD HH:mm:ss", strlen("2026-01-01 00:00:00: "));
}

Test(logs_scale, two_hundred_services_speak_at_once_and_a_killed_logd_loses_no_line_of_any)
{
	static char ini[64 * 1024];
	struct live l;
	int n = snprintf(ini, sizeof(ini), "%s", QUIET);

	for (int i = 0; i < SERVICES; i++)
		n += snprintf(ini + n, sizeof(ini) - (size_t)n,
			      "[service:s%d]\ncommand = @PROG@ pattern s%d @DIR@/s%d.count\nout_file = @DIR@/s%d.log\n", i, i, i, i);
	live_start(&l, LIVE_PID1, ini);
	for (int i = 0; i < SERVICES; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "s%d.log", i);
		live_file_has(live_path(&l, name), "\n"); /* all of them are at it */
	}
	logd_storm(&l, "s0.log", 1);
	logd_storm(&l, "s199.log", 1);
	logd_storm(&l, "s100.log", 1); /* and the last successor is at work too */
	logd_end(&l);
	for (int i = 0; i < SERVICES; i++) {
		char name[32], log[32], count[32];
		(void)snprintf(name, sizeof(name), "s%d", i);
		(void)snprintf(log, sizeof(log), "s%d.log", i);
		(void)snprintf(count, sizeof(count), "s%d.count", i);
		unsigned long lines = logd_count(&l, count);
		logd_lines(&l, log, false, (const char *const[]){ name, NULL }, &lines);
	}
	cr_assert_eq(live_end(&l), 0);
}
