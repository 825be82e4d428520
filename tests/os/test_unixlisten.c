#include "base/own.h"
#include "base/text.h"
#include "os/listener.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tests/os/loopback.h"
#include "tests/skip.h"

#include <criterion/criterion.h>
#include <sys/stat.h>
#include <sys/wait.h>

TestSuite(unixlisten, .init = folder_enter, .fini = folder_leave, .timeout = 60);

DEFINE_CLEANUP(struct listener *, listener_free)
#define cleanup_listener cleanup_with(listener_free)

static const struct listener_options plain = { .backlog = 5, .mode = -1, .uid = (uid_t)-1, .gid = (gid_t)-1 };

static struct listen_at unix_at(const char *name)
{
	struct listen_at at = { .kind = LISTEN_UNIX, .to.un.sun_family = AF_UNIX };

	if (*name == '@')
		cr_assert_eq(text_copy(at.to.un.sun_path + 1, sizeof(at.to.un.sun_path) - 1, name + 1), 0);
	else
		cr_assert_eq(text_format(at.to.un.sun_path, sizeof(at.to.un.sun_path), "%s/%s", folder, name), 0);
	at.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(at.to.un.sun_path + (*name == '@')) + 1);
	return at;
}

static struct listener *listener_there(const char *name, const struct listener_options *o)
{
	struct listen_at at = unix_at(name);
	struct listener *l = NULL;

	cr_assert_eq(listener_new(&at, o, &l), 0);
	return l;
}

static unsigned int join(struct listener *l)
{
	unsigned int seat = 999;

	cr_assert_eq(listener_join(l, &seat), 0);
	return seat;
}

static int connect_to(const char *name)
{
	struct listen_at at = unix_at(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (connect(fd, &at.to.any, at.len) == 0)
		return fd;
	int err = errno;
	(void)close(fd);
	errno = err;
	return -1;
}

static bool took(const struct listener *l, unsigned int seat)
{
	cleanup_fd int fd = accept(listener_fd(l, seat), NULL, NULL);

	return fd >= 0;
}

static bool reaches(const struct listener *l, unsigned int seat, const char *name)
{
	cleanup_fd int fd = connect_to(name);

	return fd >= 0 && took(l, seat);
}

/* A socket at the path as another program would make it. */
static int foreign(const char *name, int type, bool listening)
{
	struct listen_at at = unix_at(name);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, &at.to.any, at.len), 0);
	if (listening)
		cr_assert_eq(listen(fd, 0), 0);
	return fd;
}

Test(unixlisten, all_seats_are_one_socket_and_its_file_goes_with_it)
{
	struct listener *l = listener_there("x.sock", &plain);
	unsigned int a = join(l), b = join(l);
	struct stat st;

	cr_expect_eq(listener_fd(l, a), listener_fd(l, b));
	cr_assert_eq(fstat(listener_fd(l, b), &st), 0);
	cr_expect_eq(listener_inode(l, b), st.st_ino);
	cr_assert_eq(stat("x.sock", &st), 0);
	cr_expect_eq(listener_file(l), st.st_ino);
	cr_expect_not(listener_steers(l));
	cr_expect(reaches(l, b, "x.sock"));
	listener_leave(l, a);
	cr_expect(reaches(l, b, "x.sock"));
	listener_leave(l, b);
	cr_expect_lt(access("x.sock", F_OK), 0);
	cr_expect_eq(listener_file(l), 0);
	a = join(l);
	cr_expect(reaches(l, a, "x.sock"));
	listener_free(l);
	cr_expect_lt(access("x.sock", F_OK), 0);
}

Test(unixlisten, a_file_that_nobody_listens_at_any_more_is_taken_away)
{
	(void)close(foreign("x.sock", SOCK_STREAM, true));
	cr_assert_eq(access("x.sock", F_OK), 0);
	cleanup_listener struct listener *l = listener_there("x.sock", &plain);
	unsigned int seat = join(l);
	cr_expect(reaches(l, seat, "x.sock"));
}

Test(unixlisten, where_somebody_listens_the_address_is_taken)
{
	size_t before = sys_fake_open_fds();
	unsigned int seat = 999;

	for (int how = 0; how < 3; how++) {
		int theirs = foreign("x.sock", how == 2 ? SOCK_DGRAM : SOCK_STREAM, how < 2);
		int first = -1, second = -1;
		if (how == 1) { /* their queue of 0 takes one, and is full then */
			first = connect_to("x.sock");
			second = connect_to("x.sock");
			cr_assert_eq(second, -1);
			cr_assert_eq(errno, EAGAIN);
		}
		cleanup_listener struct listener *l = listener_there("x.sock", &plain);
		cr_expect_eq(listener_join(l, &seat), -EADDRINUSE, "%d", how);
		close_fd(&first);
		(void)close(theirs);
		cr_expect_eq(access("x.sock", F_OK), 0);
		cr_expect_eq(unlink("x.sock"), 0);
	}
	cr_expect_eq(seat, 999);
	cr_expect_eq(sys_fake_open_fds(), before);
}

Test(unixlisten, what_is_no_socket_is_left_alone)
{
	cleanup_listener struct listener *file = listener_there("file", &plain);
	cleanup_listener struct listener *link = listener_there("link", &plain);
	unsigned int seat;

	folder_put("file", "text");
	(void)close(foreign("stale", SOCK_STREAM, true));
	cr_assert_eq(symlink("stale", "link"), 0);
	cr_expect_eq(listener_join(file, &seat), -EEXIST);
	cr_expect_eq(listener_join(link, &seat), -EEXIST);
	cr_expect_str_eq(folder_get("file"), "text");
	cr_expect_eq(access("stale", F_OK), 0);
}

Test(unixlisten, a_folder_that_is_not_there_is_told)
{
	cleanup_listener struct listener *l = listener_there("none/x.sock", &plain);
	unsigned int seat;

	cr_expect_eq(listener_join(l, &seat), -ENOENT);
}

Test(unixlisten, the_file_of_another_is_not_unlinked)
{
	struct listener *l = listener_there("x.sock", &plain);

	(void)join(l);
	cr_assert_eq(unlink("x.sock"), 0);
	cleanup_fd int theirs = foreign("x.sock", SOCK_STREAM, true);
	listener_free(l);
	cr_expect_eq(access("x.sock", F_OK), 0);
}

Test(unixlisten, the_file_has_the_mode_and_the_owner_that_were_asked_for)
{
	struct listener_options o = plain;
	struct stat st;

	if (geteuid() != 0)
		skip_test("only root gives files away");
	for (int i = 0; i < 3; i++) {
		static const int modes[] = { -1, 0660, 0600 };
		mode_t mask = i == 1 ? 0 : 077, before = umask(mask);
		o.mode = modes[i];
		o.uid = i == 1 ? 1234 : (uid_t)-1;
		o.gid = i ? 2345 : (gid_t)-1;
		cleanup_listener struct listener *l = listener_there("x.sock", &o);
		(void)join(l);
		cr_assert_eq(lstat("x.sock", &st), 0);
		cr_expect_eq(st.st_mode & 07777, i ? (mode_t)modes[i] : 0666, "%o", st.st_mode);
		cr_expect_eq(st.st_uid, i == 1 ? 1234 : 0);
		cr_expect_eq(st.st_gid, i ? 2345 : 0);
		cr_expect_eq(umask(before), mask);
	}
}

Test(unixlisten, an_owner_that_cannot_be_had_leaves_no_file)
{
	struct listener_options o = plain;
	unsigned int seat;
	cleanup_listener struct listener *l = (o.uid = 1234, listener_there("x.sock", &o));

	sys_fake_fail("chown", 1, EPERM);
	cr_expect_eq(listener_join(l, &seat), -EPERM);
	cr_expect_lt(access("x.sock", F_OK), 0);
}

Test(unixlisten, an_abstract_name_has_no_file_and_is_taken_or_free)
{
	char name[64];

	(void)text_format(name, sizeof(name), "@pm1-test-%d", (int)getpid());
	cleanup_fd int theirs = foreign(name, SOCK_STREAM, true);
	cleanup_listener struct listener *l = listener_there(name, &plain);
	unsigned int seat;
	cr_expect_eq(listener_join(l, &seat), -EADDRINUSE);
	close_fd(&theirs);
	seat = join(l);
	cr_expect_eq(listener_file(l), 0);
	cr_expect(reaches(l, seat, name));
}

Test(unixlisten, what_waits_is_counted)
{
	cleanup_listener struct listener *l = listener_there("x.sock", &plain);
	unsigned int seat = join(l);
	int fds[3];

	cr_expect_eq(listener_waiting(l, seat), 0);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = connect_to("x.sock");
		cr_expect_eq(listener_waiting(l, seat), (ssize_t)i + 1);
	}
	/* Without unix_diag it is known whether there is one. */
	sys_fake_fail("sendmsg", 1, EPERM);
	cr_expect_eq(listener_waiting(l, seat), 1);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		cr_expect(took(l, seat));
		close_fd(&fds[i]);
	}
	cr_expect_eq(listener_waiting(l, seat), 0);
	sys_fake_fail("sendmsg", 1, EPERM);
	cr_expect_eq(listener_waiting(l, seat), 0);
}

Test(unixlisten, the_listening_that_a_program_ended_is_begun_again)
{
	cleanup_listener struct listener *l = listener_there("x.sock", &plain);
	unsigned int a = join(l), b = join(l);

	cr_expect_eq(listener_mend(l, a), 0);
	cr_assert_eq(shutdown(listener_fd(l, a), SHUT_RDWR), 0);
	cr_expect_eq(connect_to("x.sock"), -1);
	sys_fake_fail("bind", 1, EACCES);
	cr_expect_eq(listener_mend(l, a), -EACCES);
	cr_expect_eq(listener_fd(l, b), -1);
	cr_expect_eq(listener_mend(l, a), 1);
	cr_expect_eq(listener_mend(l, b), 0);
	cr_expect(reaches(l, b, "x.sock"));
}

/* Each call of a join fails in turn, with a stale file there and without. */
Test(unixlisten, a_step_that_fails_leaves_nothing_behind)
{
	static const char *const calls[] = { "lstat", "socket", "connect", "unlink", "bind", "open", "fstat", "listen" };
	size_t failed = 0;

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		for (unsigned int nth = 1; nth <= 3; nth++) {
			for (int stale = 0; stale < 2; stale++) {
				struct listener *l = listener_there("x.sock", &plain);
				unsigned int seat = 999;
				size_t before = sys_fake_open_fds();

				if (stale)
					(void)close(foreign("x.sock", SOCK_STREAM, true));
				sys_fake_reset();
				sys_fake_fail(calls[i], nth, EIO);
				if (listener_join(l, &seat) < 0) {
					failed++;
					cr_expect_eq(seat, 999);
					cr_expect_eq(sys_fake_open_fds(), before, "%s %u", calls[i], nth);
					sys_fake_reset();
					cr_expect_eq(listener_join(l, &seat), 0, "%s %u", calls[i], nth);
				}
				sys_fake_reset();
				cr_expect(reaches(l, seat, "x.sock"), "%s %u", calls[i], nth);
				listener_free(l);
				cr_expect_eq(sys_fake_open_fds(), before);
				cr_expect_lt(access("x.sock", F_OK), 0);
			}
		}
	}
	/* lstat 1+1, socket 1+2, connect 0+1, unlink 0+1, bind, open 1+1, fstat 2+2, listen 1+1 */
	cr_expect_eq(failed, 17, "%zu", failed);
}
