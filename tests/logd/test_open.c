#include "tools/logd/open.h"

#include "base/log.h"
#include "base/own.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tests/skip.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STRANGER 4242
#define FRIEND 4243

static struct logwire_rules rules;
static int said[2]; /* what is logged */
static mode_t umask_before;

static void begin(void)
{
	folder_enter();
	umask_before = umask(022);
	cr_assert_eq(pipe2(said, O_CLOEXEC | O_NONBLOCK), 0);
	log_setup(said[1], LOG_WARNING, false);
	rules = (struct logwire_rules){ .uid = LOGWIRE_NOBODY, .gid = LOGWIRE_NOBODY, .friend_uid = LOGWIRE_NOBODY, .mode = LOGWIRE_NOBODY };
}

static void done(void)
{
	sys_fake_reset();
	(void)umask(umask_before);
	close_fd(&said[0]);
	close_fd(&said[1]);
	folder_leave();
}

TestSuite(open, .init = begin, .fini = done, .timeout = 60);

static const char *warnings(void)
{
	static char buf[4096];
	ssize_t n = read(said[0], buf, sizeof(buf) - 1);

	buf[n > 0 ? n : 0] = 0;
	return buf;
}

static struct stat opened(const char *path)
{
	cleanup_fd int fd = open_log(path, &rules);
	struct stat st;

	cr_assert_geq(fd, 0, "%s: %s", path, strerror(-fd));
	cr_assert_eq(fstat(fd, &st), 0);
	return st;
}

static void refused(const char *path, int error)
{
	size_t fds = sys_fake_open_fds();
	int fd = open_log(path, &rules);

	cr_expect_eq(fd, error, "%s: %s", path, fd < 0 ? strerror(-fd) : "taken");
	cr_expect_eq(sys_fake_open_fds(), fds);
}

static void need_root(void)
{
	if (geteuid() != 0)
		skip_test("files of others are made by root alone");
}

static void belong_to(const char *path, uid_t uid)
{
	folder_put(path, "text");
	cr_assert_eq(chmod(path, 0600), 0);
	cr_assert_eq(chown(path, uid, (gid_t)-1), 0);
}

Test(open, a_new_file_has_0640_or_the_mode_of_the_rules_whatever_the_umask)
{
	cr_expect_eq(opened("a.log").st_mode & 07777, 0640);
	rules.mode = 0666;
	cr_expect_eq(opened("b.log").st_mode & 07777, 0666);
	(void)umask(0777);
	rules.mode = 0604;
	cr_expect_eq(opened("c.log").st_mode & 07777, 0604);
	cr_expect_str_eq(warnings(), "");
}

Test(open, the_mode_of_a_file_that_is_there_changes_by_the_rules_alone)
{
	folder_put("a.log", "text");
	cr_assert_eq(chmod("a.log", 0604), 0);
	cr_expect_eq(opened("a.log").st_mode & 07777, 0604);
	rules.mode = 0660;
	cr_expect_eq(opened("a.log").st_mode & 07777, 0660);
	cr_expect_str_eq(folder_get("a.log"), "text");
}

Test(open, it_is_read_and_written_without_append_and_closed_at_exec)
{
	cleanup_fd int fd = open_log("a.log", &rules);
	char byte;

	cr_assert_geq(fd, 0);
	cr_expect_eq(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDWR, "splice refuses O_APPEND");
	cr_expect_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	cr_expect_eq(pwrite(fd, "x", 1, 0), 1);
	cr_expect_eq(pread(fd, &byte, 1, 0), 1);
}

Test(open, one_that_may_not_be_read_is_written)
{
	sys_fake_fail("open", 1, EACCES);
	cleanup_fd int fd = open_log("a.log", &rules);
	cr_assert_geq(fd, 0);
	cr_expect_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
}

Test(open, the_folders_are_made)
{
	cr_expect_eq(opened("a/b/c/d.log").st_mode & 07777, 0640);
	struct stat st;
	cr_assert_eq(stat("a/b/c", &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0755);
	folder_put("file", "text");
	refused("file/a.log", -ENOTDIR);
}

Test(open, a_file_is_given_to_its_owner_and_group)
{
	need_root();
	rules.uid = FRIEND;
	rules.gid = 4244;
	struct stat st = opened("a.log");
	cr_expect_eq(st.st_uid, FRIEND);
	cr_expect_eq(st.st_gid, 4244);
	cr_expect_eq(st.st_mode & 07777, 0640);
	rules.gid = LOGWIRE_NOBODY;
	st = opened("b.log");
	cr_expect_eq(st.st_uid, FRIEND);
	cr_expect_eq(st.st_gid, getegid());
	cr_expect_str_eq(warnings(), "");
}

/* Neither is worth a log that isn't written. */
Test(open, an_owner_or_a_mode_that_cannot_be_given_is_a_warning)
{
	rules.uid = geteuid() + 1;
	rules.mode = 0600;
	sys_fake_fail_always("fchown", EPERM);
	sys_fake_fail_always("fchmod", EROFS);
	cr_expect_eq(opened("a.log").st_uid, geteuid());
	const char *text = warnings();
	cr_expect_not_null(strstr(text, "a.log: cannot be given to its log_owner: Operation not permitted; it stays as it is"), "%s", text);
	cr_expect_null(strstr(text, "log_mode"), "it was made with that: %s", text);
	rules.uid = LOGWIRE_NOBODY;
	rules.mode = 0644;
	(void)opened("a.log");
	text = warnings();
	cr_expect_not_null(strstr(text, "a.log: cannot be given its log_mode: Read-only file system; it stays as it is"), "%s", text);
}

Test(open, what_is_so_already_is_left_alone)
{
	rules.uid = geteuid();
	rules.gid = getegid();
	rules.mode = 0640;
	(void)opened("a.log");
	(void)opened("a.log");
	cr_expect_eq(sys_fake_count("fchown"), 0);
	cr_expect_eq(sys_fake_count("fchmod"), 0);
}

Test(open, a_strangers_file_is_refused_and_left_alone)
{
	need_root();
	belong_to("a.log", STRANGER);
	rules.mode = 0666;
	refused("a.log", -EBADFD);
	rules.friend_uid = FRIEND;
	refused("a.log", -EBADFD);
	rules.uid = FRIEND;
	refused("a.log", -EBADFD);
	struct stat st;
	cr_assert_eq(stat("a.log", &st), 0);
	cr_expect_eq(st.st_uid, STRANGER, "it is not given to log_owner first");
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_expect_str_eq(folder_get("a.log"), "text");
}

Test(open, a_file_of_the_services_user_or_of_log_owner_is_taken)
{
	need_root();
	belong_to("a.log", FRIEND);
	rules.friend_uid = FRIEND;
	cr_expect_eq(opened("a.log").st_uid, FRIEND, "and stays theirs");
	rules.friend_uid = LOGWIRE_NOBODY;
	rules.uid = FRIEND;
	cr_expect_eq(opened("a.log").st_uid, FRIEND);
	/* The service's user had it before; now log_owner shall. */
	belong_to("b.log", FRIEND);
	rules.friend_uid = FRIEND;
	rules.uid = STRANGER;
	cr_expect_eq(opened("b.log").st_uid, STRANGER);
}

/* 4294967295 is nobody's number, and not that of a file which says so. */
Test(open, nobody_is_no_friend)
{
	need_root();
	folder_put("a.log", "text");
	cr_assert_eq(chown("a.log", UINT32_MAX - 1, (gid_t)-1), 0);
	refused("a.log", -EBADFD);
}

Test(open, a_link_is_not_followed)
{
	folder_put("victim", "untouched");
	cr_assert_eq(symlink("victim", "a.log"), 0);
	cr_assert_eq(symlink("nothing", "b.log"), 0);
	rules.mode = 0666;
	refused("a.log", -ELOOP);
	refused("b.log", -ELOOP);
	cr_expect_eq(access("nothing", F_OK), -1);
	cr_expect_str_eq(folder_get("victim"), "untouched");
}

Test(open, what_is_no_regular_file_is_refused_at_once)
{
	cr_assert_eq(mkfifo("fifo", 0600), 0);
	refused("fifo", -ENXIO);
	cr_assert_eq(mkdir("folder", 0755), 0);
	refused("folder", -EISDIR);
	refused("/dev/null", -ENXIO);
}

/* Each call at each of its places fails once: there is a descriptor or an error, and nothing stays open. */
Test(open, whatever_call_fails_nothing_is_left_open)
{
	static const char *const calls[] = { "open", "fstat", "fchown", "fchmod", "mkdir", "mkdirat" };

	rules.uid = geteuid() + 1;
	rules.mode = 0600;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		for (unsigned int nth = 1; nth < 5; nth++) {
			size_t fds = sys_fake_open_fds();
			(void)unlink("a/b.log");
			(void)rmdir("a");
			sys_fake_fail(calls[i], nth, EIO);
			int fd = open_log("a/b.log", &rules);
			cr_expect_eq(sys_fake_open_fds(), fds + (fd >= 0), "%s %u", calls[i], nth);
			cr_expect(fd >= 0 || fd == -EIO, "%s %u: %d", calls[i], nth, fd);
			close_fd(&fd);
			sys_fake_reset();
		}
	}
}
