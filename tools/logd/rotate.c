#include "tools/logd/rotate.h"

#include "base/own.h"
#include "base/rotated.h"
#include "base/sys.h"
#include "base/text.h"
#include "tools/logd/times.h"

#include <errno.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

#define NAMES_TRIED 1000 /* milliseconds that a name may be late */

usec_t rotate_next(enum logwire_every every, usec_t wall)
{
	time_t seconds = (time_t)(wall / USEC_SEC);
	struct tm tm;

	if (every == LOGWIRE_NEVER || !localtime_r(&seconds, &tm))
		return USEC_NEVER;
	tm.tm_min = tm.tm_sec = 0;
	if (every == LOGWIRE_HOURLY) {
		/* Not by mktime(): an hour that is told twice in autumn is two. */
		return ((usec_t)seconds / 3600 + 1) * 3600 * USEC_SEC;
	}
	tm.tm_hour = 0;
	tm.tm_mday += every == LOGWIRE_DAILY ? 1 : 7 - (tm.tm_wday + 6) % 7;
	tm.tm_isdst = -1;
	time_t next = mktime(&tm);
	return next > seconds ? (usec_t)next * USEC_SEC : USEC_NEVER;
}

static bool is_free(const char *path)
{
	struct stat st;

	return sys_lstat(path, &st) == -ENOENT;
}

int rotate_away(const char *path, usec_t wall)
{
	char name[PATH_MAX], gz[PATH_MAX];

	for (int i = 0; i < NAMES_TRIED; i++, wall += USEC_MS) {
		int r = rotated_name(path, wall, name, sizeof(name));
		if (r == 0)
			r = text_format(gz, sizeof(gz), "%s" ROTATED_GZ, name);
		if (r < 0)
			return r;
		if (is_free(name) && is_free(gz)) {
			r = sys_rename(path, name);
			if (r == 0) /* after it: killed in between we leave times that a new log, being empty, begins anew */
				times_rename(path, name);
			return r;
		}
	}
	return -EEXIST;
}

uint64_t rotate_size(const struct logwire_limits *limits)
{
	uint64_t most = limits->max_total / 2;

	if (!limits->max_total)
		return limits->max_size;
	if (!limits->max_size)
		return most / 2 + 1;
	return limits->max_size < most ? limits->max_size : most + 1;
}

int rotate_tidy(const char *path, const struct logwire_limits *limits)
{
	char keep[16], age[32], total[32];
	char *argv[] = { (char *)"pm1", (char *)"logd-tidy", (char *)path, keep, age, (char *)(limits->compress ? "1" : "0"), total, NULL };
	/* Room for what is to be written until the next rotation. */
	uint64_t size = rotate_size(limits), rest = limits->max_total > size ? limits->max_total - size : limits->max_total > 0;

	if (!limits->keep && !limits->max_age && !limits->compress && !limits->max_total)
		return 0;
	(void)text_format(total, sizeof(total), "%llu", (unsigned long long)rest);
	(void)text_format(keep, sizeof(keep), "%u", (unsigned int)limits->keep);
	(void)text_format(age, sizeof(age), "%llu", (unsigned long long)limits->max_age);
	return sys_posix_spawn("/proc/self/exe", argv, environ);
}
