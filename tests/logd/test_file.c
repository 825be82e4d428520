#include "tools/logd/file.h"

#include "base/own.h"
#include "base/sys.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct files *all;
static int troubles[32]; /* what was told, in order; 0: works again */
static size_t n_troubles;

static void on_trouble(void *ctx, const struct file *f, int error)
{
	cr_expect_eq(ctx, troubles);
	cr_expect_not_null(file_path(f));
	cr_assert_lt(n_troubles, ARRAY_LEN(troubles));
	troubles[n_troubles++] = error;
}

static void begin(void)
{
	folder_enter();
	all = files_new(on_trouble, troubles);
	cr_assert_not_null(all);
}

static void done(void)
{
	files_free(all);
	folder_leave();
}

TestSuite(file, .init = begin, .fini = done, .timeout = 30);

/* Adds a text as logd does. */
static int add(struct file *f, const char *text)
{
	uint64_t end;
	int r = file_end(f, &end);
	return r < 0 ? r : file_write(f, end, text, strlen(text));
}

Test(file, one_path_is_one_file_however_many_share_it)
{
	struct file *a = file_get(all, "a.log"), *b = file_get(all, "b.log");

	cr_assert(a && b && a != b);
	cr_expect(!file_is_shared(a));
	cr_expect_eq(file_get(all, "a.log"), a);
	cr_expect(file_is_shared(a));
	file_put(a);
	cr_expect(!file_is_shared(a));
	cr_expect_null(file_get(all, ""));
	file_put(NULL);
	cr_expect_eq(access("a.log", F_OK), -1, "it is opened when there is something to write");
	file_put(a);
	cr_expect_eq(file_get(all, "b.log"), b);
	file_put(b);
}

Test(file, it_is_made_with_its_folders_for_nobody_else_to_read)
{
	struct file *f = file_get(all, "x/y/a.log");
	struct stat st;

	(void)umask(0);
	cr_assert_eq(add(f, "one\n"), 0);
	cr_expect_str_eq(folder_get("x/y/a.log"), "one\n");
	cr_assert_eq(stat("x/y/a.log", &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0640);
	cr_expect_eq(n_troubles, 0);
}

Test(file, what_is_there_already_is_kept)
{
	struct file *f = file_get(all, "a.log");

	folder_put("a.log", "old\n");
	cr_assert_eq(add(f, "new\n"), 0);
	cr_expect_str_eq(folder_get("a.log"), "old\nnew\n");
}

/* copytruncate: a hole of NUL bytes would be left by one who remembers his offset. */
Test(file, one_that_somebody_emptied_goes_on_at_its_beginning)
{
	struct file *f = file_get(all, "a.log");

	cr_assert_eq(add(f, "one\n"), 0);
	cr_assert_eq(truncate("a.log", 0), 0);
	cr_assert_eq(add(f, "two\n"), 0);
	cr_expect_str_eq(folder_get("a.log"), "two\n");
	cr_assert_eq(file_cut(f, 0), 0);
	cr_assert_eq(add(f, "three\n"), 0);
	cr_expect_str_eq(folder_get("a.log"), "three\n");
}

Test(file, one_that_was_moved_away_is_made_anew_when_asked)
{
	struct file *f = file_get(all, "a.log"), *closed = file_get(all, "never.log");

	cr_assert_eq(add(f, "one\n"), 0);
	cr_assert_eq(rename("a.log", "a.log.1"), 0);
	cr_assert_eq(add(f, "two\n"), 0);
	files_reopen(all);
	cr_expect_eq(access("a.log", F_OK), 0, "at once");
	cr_assert_eq(add(f, "three\n"), 0);
	cr_expect_str_eq(folder_get("a.log.1"), "one\ntwo\n");
	cr_expect_str_eq(folder_get("a.log"), "three\n");
	cr_expect_eq(access("never.log", F_OK), -1, "%s wasn't open", file_path(closed));
}

Test(file, one_that_was_removed_is_made_anew_with_its_folders)
{
	struct file *f = file_get(all, "x/y/a.log");
	struct stat st;

	cr_assert_eq(add(f, "one\n"), 0);
	cr_assert_eq(unlink("x/y/a.log"), 0);
	cr_assert_eq(add(f, "two\n"), 0);
	cr_expect_str_eq(folder_get("x/y/a.log"), "two\n");
	cr_assert_eq(unlink("x/y/a.log") | unlink("x/y/.a.log.times") | rmdir("x/y") | rmdir("x"), 0);
	cr_assert_eq(add(f, "three\n"), 0);
	cr_expect_str_eq(folder_get("x/y/a.log"), "three\n");
	cr_expect_eq(n_troubles, 0);

	/* Where it can't be made anew that is told; when it can again the file is there. */
	cr_assert_eq(unlink("x/y/a.log") | unlink("x/y/.a.log.times") | rmdir("x/y") | rmdir("x"), 0);
	folder_put("x", "in its way");
	cr_expect_eq(add(f, "four\n"), -ENOTDIR);
	cr_assert_eq(unlink("x"), 0);
	cr_assert_eq(add(f, "five\n"), 0);
	cr_expect_str_eq(folder_get("x/y/a.log"), "five\n");
	cr_assert_eq(stat("x/y/a.log", &st), 0);
	cr_assert_eq(n_troubles, 2);
	cr_expect_eq(troubles[0], ENOTDIR);
	cr_expect_eq(troubles[1], 0, "what was written is the proof");
}

Test(file, what_is_no_plain_file_is_refused)
{
	static const struct {
		const char *path;
		int error;
	} cases[] = { { "link.log", ELOOP }, { "fifo.log", ENXIO }, { "/dev/null", ENXIO }, { "dir", EISDIR }, { "plain/a.log", ENOTDIR } };

	folder_put("secret", "untouched");
	folder_put("plain", "");
	cr_assert_eq(symlink("secret", "link.log"), 0);
	cr_assert_eq(mkfifo("fifo.log", 0666), 0);
	cr_assert_eq(mkdir("dir", 0755), 0);
	size_t fds = sys_fake_open_fds();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct file *f = file_get(all, cases[i].path);
		n_troubles = 0;
		cr_expect_eq(add(f, "x\n"), -cases[i].error, "%s", cases[i].path);
		cr_expect_eq(add(f, "x\n"), -cases[i].error, "%s", cases[i].path);
		cr_expect_eq(n_troubles, 1, "told once");
		cr_expect_eq(troubles[0], cases[i].error);
	}
	cr_expect_eq(sys_fake_open_fds(), fds);
	cr_expect_str_eq(folder_get("secret"), "untouched");
}

Test(file, a_fifo_with_a_reader_is_refused_too)
{
	cr_assert_eq(mkfifo("fifo.log", 0666), 0);
	int reader = open("fifo.log", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	size_t fds = sys_fake_open_fds();

	cr_expect_eq(add(file_get(all, "fifo.log"), "x\n"), -ENXIO);
	cr_expect_eq(sys_fake_open_fds(), fds);
	close_fd(&reader);
}

Test(file, a_full_disk_leaves_no_half_piece_and_is_told_once)
{
	struct file *f = file_get(all, "a.log");

	cr_assert_eq(add(f, "one\n"), 0);
	sys_fake_fail_always("pwrite", ENOSPC);
	cr_expect_eq(add(f, "two\n"), -ENOSPC);
	file_dropped(f, 4);
	cr_expect_eq(add(f, "three\n"), -ENOSPC);
	file_dropped(f, 6);
	file_works(f); /* the try to say so fails as well */
	cr_expect_eq(n_troubles, 1);
	cr_expect_eq(troubles[0], ENOSPC);
	cr_expect_str_eq(folder_get("a.log"), "one\n");
	sys_fake_reset();
	file_works(f);
	cr_assert_eq(n_troubles, 2);
	cr_expect_eq(troubles[1], 0);
	cr_assert_eq(add(f, "four\n"), 0);
	cr_expect_str_eq(folder_get("a.log"), "one\npm1: 10 bytes were dropped here: No space left on device\nfour\n");
	file_works(f);
	cr_expect_eq(n_troubles, 2, "it is told once");
}

/* A write that takes a part and then nothing, as at the end of a disk: here by the limit of a file's size. */
Test(file, a_piece_that_was_begun_is_cut_off_again)
{
	struct file *f = file_get(all, "a.log");
	struct rlimit limit = { 16, RLIM_INFINITY };

	cr_assert_eq(add(f, "0123456789\n"), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(sys_setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_expect_eq(add(f, "abcdefghij\n"), -EFBIG);
	cr_expect_str_eq(folder_get("a.log"), "0123456789\n");
	cr_expect_eq(add(f, "abc\n"), 0, "a shorter one fits");
	cr_expect_str_eq(folder_get("a.log"), "0123456789\nabc\n");
}

Test(file, another_error_is_told_anew)
{
	struct file *f = file_get(all, "a.log");

	cr_assert_eq(add(f, "one\n"), 0);
	sys_fake_fail_always("pwrite", ENOSPC);
	cr_expect_eq(add(f, "x"), -ENOSPC);
	sys_fake_fail_always("pwrite", EIO);
	cr_expect_eq(add(f, "x"), -EIO);
	cr_expect_eq(add(f, "x"), -EIO);
	cr_expect_eq(n_troubles, 2);
	cr_expect_eq(troubles[1], EIO);
}

Test(file, one_that_cannot_be_reopened_is_trouble_until_it_can)
{
	struct file *f = file_get(all, "d/a.log");

	cr_assert_eq(add(f, "one\n"), 0);
	sys_fake_fail_always("open", EMFILE);
	files_reopen(all);
	cr_expect_eq(n_troubles, 1);
	cr_expect_eq(troubles[0], EMFILE);
	cr_expect_eq(add(f, "lost\n"), -EMFILE);
	file_dropped(f, 5);
	sys_fake_reset();
	file_works(f);
	cr_assert_eq(add(f, "two\n"), 0);
	cr_expect_str_eq(folder_get("d/a.log"), "one\npm1: 5 bytes were dropped here: Too many open files\ntwo\n");
	cr_expect_eq(troubles[n_troubles - 1], 0);
}

/* Nothing was dropped yet: the next write is the first to know whether it works. */
Test(file, without_a_try_it_is_not_said_to_work)
{
	struct file *f = file_get(all, "a.log");

	cr_assert_eq(add(f, "one\n"), 0);
	sys_fake_fail_always("open", EACCES);
	files_reopen(all);
	file_works(f);
	cr_expect_eq(n_troubles, 1, "it can't be opened still");
	sys_fake_reset();
	file_works(f);
	cr_expect_eq(n_troubles, 1, "that it can be opened says nothing of a full disk");
	cr_assert_eq(add(f, "two\n"), 0);
	cr_assert_eq(n_troubles, 2);
	cr_expect_eq(troubles[1], 0);
	cr_expect_str_eq(folder_get("a.log"), "one\ntwo\n", "nothing to tell in the file");
}

Test(file, whatever_call_fails_nothing_stays_open_and_the_next_works)
{
	static const char *const calls[] = { "open", "fstat", "pwrite", "mkdir" };

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		size_t fds = sys_fake_open_fds();
		unsigned int failed = 0;

		for (unsigned int nth = 1; nth < 5; nth++) {
			char path[64];
			snprintf(path, sizeof(path), "%s-%u/a.log", calls[i], nth);
			struct file *f = file_get(all, path);

			sys_fake_reset();
			sys_fake_fail(calls[i], nth, EIO);
			failed += add(f, "one\n") < 0;
			sys_fake_reset();
			file_works(f);
			cr_expect_eq(add(f, "two\n"), 0, "%s %u", calls[i], nth);
			file_put(f);
			cr_expect_eq(sys_fake_open_fds(), fds, "%s %u", calls[i], nth);
			const char *text = folder_get(path);
			cr_expect(strcmp(text, "two\n") == 0 || strcmp(text, "one\ntwo\n") == 0, "%s", text);
		}
		cr_expect_geq(failed, 1, "%s", calls[i]);
	}
}

Test(file, its_place_can_be_sought)
{
	struct file *f = file_get(all, "a.log");

	cr_expect_lt(file_seek(f, 0), 0, "not open");
	cr_assert_eq(add(f, "one\n"), 0);
	int fd = file_seek(f, 2);
	cr_assert_geq(fd, 0);
	cr_expect_eq(lseek(fd, 0, SEEK_CUR), 2);
	sys_fake_fail("lseek", 1, EIO);
	cr_expect_eq(file_seek(f, 2), -EIO);
}
