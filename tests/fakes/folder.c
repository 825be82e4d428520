#include "tests/fakes/folder.h"
#include "tests/skip.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

char folder[64];

void folder_enter(void)
{
	snprintf(folder, sizeof(folder), "/tmp/pm1-test-XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
}

void folder_leave(void)
{
	char command[128];

	cr_assert_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf -- '%s'", folder);
	cr_assert_eq(system(command), 0);
}

void folder_put(const char *name, const char *text)
{
	FILE *f = fopen(name, "we");

	cr_assert_not_null(f, "%s", name);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
}

const char *folder_get(const char *name)
{
	static char buf[65536];
	FILE *f = fopen(name, "re");
	size_t n = f ? fread(buf, 1, sizeof(buf) - 1, f) : 0;

	if (f)
		(void)fclose(f);
	buf[n] = 0;
	return buf;
}

void folder_cover(const char *path, const char *text)
{
	static bool alone;
	static int n;
	char name[32];

	if (!alone && (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)) {
		cr_assert_null(getenv("CI"), "CI needs a mount namespace of its own");
		skip_test("no mount namespace of its own can be had here");
	}
	alone = true;
	snprintf(name, sizeof(name), "cover-%d", n++);
	folder_put(name, text);
	cr_assert_eq(mount(name, path, NULL, MS_BIND, NULL), 0, "%s", path);
}
