/* splice() and tee() refused, as by some seccomp profiles: logs are copied then, to the byte all the same. */
#include "tests/live/logd.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const *words; /* of `deny` */

static void refuse(void)
{
	const char *argv[16] = { getenv("DENY") };
	char ini[256];
	int n = 1;

	for (; words[n - 1]; n++)
		argv[n] = words[n - 1];
	(void)snprintf(ini, sizeof(ini), "%s/pm1.ini", getenv("PM1_HOME"));
	argv[n++] = "--";
	argv[n++] = getenv("PM1");
	argv[n++] = "run";
	argv[n] = ini;
	(void)execv(argv[0], (char **)argv);
}

static void logs_are_exact(const char *const *refused)
{
	static const char *const names[] = { "one", "two", NULL };
	struct live l;
	words = refused;
	live_before = refuse;
	live_start(&l, LIVE_PID1, QUIET "[service:raw]\ncommand = @PROG@ pattern 7 @DIR@/raw.count\nout_file = @DIR@/raw.log\n"
					"[service:one]\ncommand = @PROG@ pattern one @DIR@/one.count\nout_file = @DIR@/both.log\n"
					"log_date_format = YYYY-MM-DD HH:mm:ss\n"
					"[service:two]\ncommand = @PROG@ pattern two @DIR@/two.count 2\nerror_file = @DIR@/both.log\n"
					"log_date_format = YYYY-MM-DD HH:mm:ss\nlog_file = @DIR@/two.log\n");
	live_number(&l, "raw", "pm1.log.written", 1 << 20);
	live_number(&l, "one", "pm1.log.written", 1 << 20);
	live_number(&l, "two", "pm1.log.written", 1 << 20);
	cr_assert_eq(live_get(&l, "raw", "pm1.log.dropped"), 0);
	logd_end(&l);
	unsigned long counts[] = { logd_count(&l, "one.count"), logd_count(&l, "two.count") };
	logd_bytes(&l, "raw.log", "raw.count", 7);
	logd_lines(&l, "both.log", true, names, counts);
	logd_lines(&l, "two.log", true, names + 1, counts + 1);
	cr_assert_eq(live_end(&l), 0);
}

Test(logs_refused, without_splice_and_tee_each_byte_and_each_line_is_there_once)
{
	logs_are_exact((const char *const[]){ "splice=EPERM", "tee=EPERM", NULL });
}

Test(logs_refused, also_without_splice_alone)
{
	logs_are_exact((const char *const[]){ "splice", NULL });
}

Test(logs_refused, also_without_tee_alone)
{
	logs_are_exact((const char *const[]){ "tee=EINVAL", NULL });
}
