/* logs_on_disk - logs with their times, as logd leaves them. */
#ifndef PM1_TESTS_LOGS_ON_DISK_H
#define PM1_TESTS_LOGS_ON_DISK_H

#include "base/text.h"
#include "base/times.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tools/cli/history.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

#define NAME(n) ".20261124T21300" #n ".000Z"
#define T(n) ((usec_t)1795555800 * USEC_SEC + (usec_t)(n)*USEC_SEC) /* 21:30:00 and n seconds */

/* The file of that name was last changed at T(n). */
static inline void changed(const char *name, int n)
{
	struct timespec t[2] = { { .tv_sec = (time_t)(T(n) / USEC_SEC) }, { .tv_sec = (time_t)(T(n) / USEC_SEC) } };

	cr_assert_eq(utimensat(AT_FDCWD, name, t, 0), 0);
}

/* A log of lines "text", the nth of which came at T(times[n]); no times file when times is NULL. .gz: compressed. */
static inline void put_log(const char *name, const char *const *lines, const int *times)
{
	char buf[1024], path[256];
	struct text text = TEXT_INIT(buf);
	struct times_record r[32];
	size_t n = 0;

	for (; lines[n]; n++) {
		if (times)
			r[n] = (struct times_record){ text.len, T(times[n]) };
		cr_assert_eq(text_addf(&text, "%s\n", lines[n]), 0);
	}
	size_t len = strlen(name);
	if (len > 3 && strcmp(name + len - 3, ".gz") == 0) {
		gzFile gz = gzopen(name, "wb");
		cr_assert_eq(gzputs(gz, buf), (int)text.len);
		cr_assert_eq(gzclose(gz), Z_OK);
	} else {
		folder_put(name, buf);
	}
	if (!times)
		return;
	changed(name, times[n - 1]);
	cr_assert_eq(times_name(name, path, sizeof(path)), 0);
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	cr_assert_eq(write(fd, r, n * sizeof(*r)), (ssize_t)(n * sizeof(*r)));
	(void)close(fd);
}
#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define TIMES(...) ((const int[]){ __VA_ARGS__ })

static char got[65536];
static struct text got_text;

static inline void got_begin(void)
{
	text_init(&got_text, got, sizeof(got));
}

#endif
