#include "tests/fakes/sys_fake.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#define POINTS_MAX 128

static struct point {
	const char *name;
	unsigned int calls;
	unsigned int fail_at; /* the value of `calls` that fails; 0: none */
	bool always;
	int err;
} points[POINTS_MAX];

static unsigned int calls_to_live; /* 0: for ever */

static struct point *find_point(const char *name)
{
	for (size_t i = 0; i < POINTS_MAX; i++) {
		if (!points[i].name)
			points[i].name = name;
		if (strcmp(points[i].name, name) == 0)
			return &points[i];
	}
	return &points[POINTS_MAX - 1];
}

static int hit(const char *name)
{
	struct point *p = find_point(name);

	if (calls_to_live && --calls_to_live == 0)
		(void)raise(SIGKILL);
	p->calls++;
	if (p->always || (p->fail_at && p->calls == p->fail_at))
		return p->err;
	return 0;
}

#define SYS_POINT(name)                                                                                                \
	do {                                                                                                           \
		int err_ = hit(name);                                                                                  \
		if (err_)                                                                                              \
			return -err_;                                                                                  \
	} while (0)

#include "../../init/base/sys.c"
#include "../../init/base/sys_disk.c"
#include "../../init/base/sys_net.c"
#include "../../init/base/sys_trace.c"

void sys_fake_fail(const char *name, unsigned int nth, int err)
{
	struct point *p = find_point(name);

	p->fail_at = p->calls + nth;
	p->err = err;
}

void sys_fake_fail_always(const char *name, int err)
{
	struct point *p = find_point(name);

	p->always = true;
	p->err = err;
}

void sys_fake_die(unsigned int nth)
{
	calls_to_live = nth;
}

void sys_fake_reset(void)
{
	calls_to_live = 0;
	memset(points, 0, sizeof(points));
}

unsigned int sys_fake_count(const char *name)
{
	return find_point(name)->calls;
}

size_t sys_fake_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n - 3; /* ".", ".." and the directory itself */
}
