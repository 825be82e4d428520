#include "prepare.h"

#include "base/own.h"
#include "base/sys.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tests/skip.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>

TestSuite(prepare, .init = folder_enter, .fini = folder_leave, .timeout = 60);

/* Closes standard input and output, prepares, and checks what stands in their place. */
static void stdio_is_made(void)
{
	int kept[] = { fcntl(0, F_DUPFD_CLOEXEC, 3), fcntl(1, F_DUPFD_CLOEXEC, 3) };
	size_t fds = sys_fake_open_fds();
	char byte;

	(void)close(0);
	(void)close(1);
	prepare_stdio();
	sys_fake_reset();
	struct pollfd p = { .fd = 0, .events = POLLIN };
	int ready = poll(&p, 1, 0), in_flags = fcntl(0, F_GETFD), out_flags = fcntl(1, F_GETFD);
	ssize_t n = ready == 1 ? read(0, &byte, 1) : -1;
	size_t after = sys_fake_open_fds();
	(void)dup2(kept[0], 0);
	(void)dup2(kept[1], 1);
	close_fd(&kept[0]);
	close_fd(&kept[1]);
	cr_expect_eq(n, 0, "who reads standard input is told its end at once");
	cr_expect_eq(in_flags, 0, "programs inherit it");
	cr_expect_eq(out_flags, 0);
	cr_expect_eq(after, fds, "nothing else is left open");
}

Test(prepare, closed_standard_descriptors_become_dev_null)
{
	stdio_is_made();
}

Test(prepare, without_dev_null_they_are_pipes_that_nobody_writes_to)
{
	sys_fake_fail_always("open", ENOENT);
	stdio_is_made();
}

Test(prepare, a_limit_that_cannot_be_raised_or_read_is_survived)
{
	struct rlimit before, old;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	sys_fake_fail("setrlimit", 1, EPERM);
	cr_expect(prepare_nofile(&old));
	cr_expect_eq(old.rlim_cur, before.rlim_cur);
	sys_fake_fail("getrlimit", 1, ENOSYS);
	cr_expect_not(prepare_nofile(&old));
	cr_expect(prepare_nofile(&old));
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	cr_expect_eq(before.rlim_cur, before.rlim_max);
}

/* The children are given back only what was really changed. */
Test(prepare, an_oom_score_that_cannot_be_read_or_written_is_left)
{
	sys_fake_fail("open", 1, ENOENT);
	cr_expect_eq(prepare_oom_score(), INT_MIN);
	sys_fake_fail("open", 2, EACCES);
	cr_expect_eq(prepare_oom_score(), INT_MIN);
	sys_fake_fail("write", 1, EACCES);
	cr_expect_eq(prepare_oom_score(), INT_MIN);
}

Test(prepare, a_log_folder_is_made_with_its_parents_and_each_failure_comes_back)
{
	static const char *const calls[] = { "mkdir", "lstat", "access" };
	char path[128];

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		(void)snprintf(path, sizeof(path), "%s/a%zu/b/logs", folder, i);
		sys_fake_fail_always(calls[i], EROFS);
		cr_expect_eq(prepare_log_dir(path, false), -EROFS, "%s", calls[i]);
		sys_fake_reset();
		cr_expect_eq(prepare_log_dir(path, false), 0);
		cr_expect_eq(access(path, W_OK), 0);
	}
}

Test(prepare, a_log_folder_in_a_folder_of_another_user_is_refused)
{
	char path[128];

	if (geteuid() != 0)
		skip_test("only root can give a folder away");
	(void)snprintf(path, sizeof(path), "%s/theirs", folder);
	cr_assert_eq(mkdir(path, 0777), 0);
	cr_assert_eq(chown(path, 4242, 4242), 0);
	(void)snprintf(path, sizeof(path), "%s/theirs/logs", folder);
	cr_expect_eq(prepare_log_dir(path, false), -EPERM);
}

/* PID 1 must not wait for who reads its console; who shares that with it may. */
Test(prepare, the_console_is_written_to_by_a_description_of_our_own)
{
	int p[2], file = open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_eq(sys_pipe2(p, 0), 0);
	int own = prepare_console(p[1]);
	cr_expect_neq(own, p[1]);
	cr_expect(fcntl(own, F_GETFL) & O_NONBLOCK);
	cr_expect_not(fcntl(p[1], F_GETFL) & O_NONBLOCK, "theirs is as it was");
	cr_expect_eq(prepare_console(file), file, "a second offset in a file would overwrite what others say");
	sys_fake_fail("open", 1, ENOENT);
	cr_expect_eq(prepare_console(p[1]), p[1], "without /proc");
	cr_expect_eq(prepare_console(-1), -1);
	close_fd(&own);
	close_fd(&p[0]);
	close_fd(&p[1]);
	close_fd(&file);
}
