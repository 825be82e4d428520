#include "core/fdstore.h"

#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static struct fdstore store;
static size_t fds_before;

static void begin(void)
{
	fds_before = sys_fake_open_fds();
}

static void done(void)
{
	sys_fake_reset();
	fdstore_clear(&store);
	cr_expect_eq(sys_fake_open_fds(), fds_before);
}

TestSuite(fdstore, .init = begin, .fini = done);

static int some_fd(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

Test(fdstore, as_many_are_kept_as_there_may_be)
{
	cr_expect_eq(fdstore_add(&store, 2, some_fd(), "a"), 0);
	cr_expect_eq(fdstore_add(&store, 2, some_fd(), "b"), 0);
	cr_expect_eq(fdstore_add(&store, 2, some_fd(), "c"), -ENOSPC);
	cr_expect_eq(fdstore_add(&store, 0, some_fd(), "d"), -ENOSPC);
	cr_expect_eq(store.n, 2);
	cr_expect_eq(sys_fake_open_fds(), fds_before + 2);
}

Test(fdstore, a_name_takes_all_of_its_own_with_it)
{
	cr_expect_eq(fdstore_add(&store, 9, some_fd(), "a"), 0);
	cr_expect_eq(fdstore_add(&store, 9, some_fd(), "b"), 0);
	cr_expect_eq(fdstore_add(&store, 9, some_fd(), "a"), 0);
	cr_expect_eq(fdstore_remove(&store, "x"), 0);
	cr_expect_eq(fdstore_remove(&store, "a"), 2);
	cr_expect_eq(store.n, 1);
	cr_expect_str_eq(store.v[0].name, "b");
}

/* Two of one file are two when each was opened for itself; a copy is the same. With the kernel's word, and without. */
static void same_is_kept_once(void)
{
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	cr_expect_eq(fdstore_add(&store, 9, fcntl(pair[0], F_DUPFD_CLOEXEC, 3), "a"), 0);
	cr_expect_eq(fdstore_add(&store, 9, pair[0], "b"), -EALREADY);
	cr_expect_eq(fdstore_add(&store, 9, pair[1], "c"), 0);
	cr_expect_eq(fdstore_add(&store, 9, some_fd(), "d"), 0);
	cr_expect_eq(fdstore_add(&store, 9, some_fd(), "d"), 0);
	cr_expect_eq(fdstore_add(&store, 9, open("/proc/self/stat", O_RDONLY | O_CLOEXEC), "e"), 0);
	cr_expect_eq(fdstore_add(&store, 9, open("/proc/self/stat", O_RDONLY | O_CLOEXEC), "e"), 0);
	cr_expect_eq(store.n, 6);
}

Test(fdstore, the_same_is_kept_once)
{
	same_is_kept_once();
}

Test(fdstore, the_same_is_kept_once_where_kcmp_is_refused)
{
	sys_fake_fail_always("kcmp", EPERM);
	same_is_kept_once();
}
