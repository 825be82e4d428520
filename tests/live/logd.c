#include "tests/live/logd.h"

#include "tests/live/pattern.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static time_t seconds(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

pid_t logd_pid(const struct live *l)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	pid_t found = 0;

	while (!found && (e = readdir(dir))) {
		char path[300], line[512] = "", *paren;
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		FILE *f = pid > 0 ? fopen(path, "re") : NULL;
		if (!f)
			continue;
		if (fgets(line, sizeof(line), f) && strstr(line, "(pm1-logd)") && (paren = strrchr(line, ')')) && paren[2] != 'Z' &&
		    strtol(paren + 4, NULL, 10) == l->pid)
			found = pid;
		(void)fclose(f);
	}
	(void)closedir(dir);
	return found;
}

static off_t size_of(struct live *l, const char *name)
{
	struct stat st;
	return stat(live_path(l, name), &st) == 0 ? st.st_size : 0;
}

void logd_storm(struct live *l, const char *file, int kills)
{
	for (int i = 0; i < kills; i++) {
		time_t end = seconds() + LIVE_WAIT;
		off_t size = size_of(l, file);
		pid_t logd;
		while (!(logd = logd_pid(l)) || size_of(l, file) == size) {
			cr_assert_lt(seconds(), end, "%s does not change", file);
			(void)poll(NULL, 0, 1);
		}
		for (volatile int spin = i * 300000; spin > 0; spin--) /* at another moment each time */
			;
		(void)kill(logd, SIGKILL);
	}
}

void logd_kill(struct live *l)
{
	pid_t old = logd_pid(l), successor;
	time_t end = seconds() + LIVE_WAIT;

	cr_assert_gt(old, 0);
	cr_assert_eq(kill(old, SIGKILL), 0);
	live_line(l, "a successor goes on where it was");
	/* It may be started later, and nothing is said of that. */
	while ((successor = logd_pid(l)) == 0 || successor == old) {
		cr_assert_lt(seconds(), end, "logd has no successor");
		(void)poll(NULL, 0, 1);
	}
}

void logd_end(struct live *l)
{
	struct pollfd p = { .fd = l->pidfd, .events = POLLIN };

	live_signal(l, SIGTERM);
	cr_assert_eq(poll(&p, 1, LIVE_WAIT * 1000), 1, "pm1 did not end");
}

unsigned long logd_count(struct live *l, const char *name)
{
	size_t n;
	char *text = live_file(live_path(l, name), &n);
	unsigned long count = strtoul(text, NULL, 10);

	cr_assert_gt(count, 0, "%s: '%s': the service was killed before it could tell", name, text);
	free(text);
	return count;
}

void logd_bytes(struct live *l, const char *file, const char *count, uint32_t state)
{
	size_t n, expected = logd_count(l, count);
	char *bytes = live_file(live_path(l, file), &n);

	for (size_t i = 0; i < n && i < expected; i++) {
		unsigned char b = pattern_byte(&state);
		cr_assert_eq((unsigned char)bytes[i], b, "%s: byte %zu of %zu is %02x, not %02x", file, i, expected,
			     (unsigned char)bytes[i], b);
	}
	cr_assert_eq(n, expected, "%s has %zu bytes of %zu", file, n, expected);
	free(bytes);
}

void logd_lines(struct live *l, const char *file, bool stamped, const char *const *names, const unsigned long *counts)
{
	unsigned long next[8] = { 0 };
	size_t n;
	char *text = live_file(live_path(l, file), &n), *p = text;

	while (p < text + n) {
		char *nl = memchr(p, '\n', (size_t)(text + n - p)), line[PATTERN_LINE_MAX];
		size_t len = nl ? (size_t)(nl - p) + 1 : 0, i = 0, expected;
		cr_assert(nl, "%s ends in the midst of a line: %s", file, p);
		if (stamped) {
			struct tm tm;
			char *end = strptime(p, "%Y-%m-%d %H:%M:%S", &tm);
			cr_assert(end && strncmp(end, ": ", 2) == 0, "%s: no stamp: %.*s", file, (int)len, p);
			len -= (size_t)(end + 2 - p);
			p = end + 2;
		}
		while (names[i] && !(strncmp(p, names[i], strlen(names[i])) == 0 && p[strlen(names[i])] == ' '))
			i++;
		cr_assert(names[i], "%s: whose line is this: %.*s", file, (int)len, p);
		expected = pattern_line(line, names[i], next[i]++);
		cr_assert(len == expected && memcmp(p, line, len) == 0, "%s: wanted %.*sgot %.*s", file, (int)expected, line,
			  (int)len, p);
		p = nl + 1;
	}
	for (size_t i = 0; names[i]; i++)
		cr_assert_eq(next[i], counts[i], "%s: %lu lines of %s, not %lu", file, next[i], names[i], counts[i]);
	free(text);
}
