/* follow_run() never returns: each test has it in a child, which tells the lines through a pipe and is killed at the end. */
#include "tools/cli/follow.h"

#include "base/rotated.h"
#include "tests/cli/ring.h"
#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 30000

static char dir[64], path[80], old_path[80];
static int lines_fd = -1; /* where the child tells, and we read */
static pid_t child;
static bool told_begun;

static void put(const char *to, const char *text, int flags)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	cr_assert_geq(fd, 0, "%s: %s", to, strerror(errno));
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static void append(const char *text)
{
	put(path, text, O_APPEND);
}

static void make_dir(void)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/pm1-follow-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/log", dir);
	(void)snprintf(old_path, sizeof(old_path), "%s/log.1", dir);
}

static void remove_dir(void)
{
	char command[100];

	if (child > 0) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(follow, .init = make_dir, .fini = remove_dir);

static void on_line(void *ctx, const char *line, size_t n)
{
	char buf[512];
	int len = snprintf(buf, sizeof(buf), "%s%.*s\n", (const char *)ctx, (int)n, line);
	(void)!write(lines_fd, buf, (size_t)len);
}

/* "begun" once the first batch is out: from then on only what comes is told. */
static void on_batch(void *ctx)
{
	(void)ctx;
	if (!told_begun)
		(void)!write(lines_fd, "begun\n", 6);
	told_begun = true;
}

static void next_is(const char *want)
{
	char buf[512];
	size_t n = 0;

	while (n < sizeof(buf) - 1) {
		struct pollfd p = { .fd = lines_fd, .events = POLLIN };
		buf[n] = 0;
		cr_assert_eq(poll(&p, 1, WAIT_MS), 1, "waited in vain for '%s'; there is '%s'", want, buf);
		cr_assert_eq(read(lines_fd, buf + n, 1), 1, "it ended before '%s'", want);
		if (buf[n] == '\n')
			break;
		n++;
	}
	buf[n] = 0;
	cr_assert_str_eq(buf, want);
}

/* The end of the file, from where it is followed; its last `lines` lines first. */
static struct follow_place last(const char *of, size_t lines)
{
	struct follow_place place = { .fd = open(of, O_RDONLY | O_CLOEXEC), .seen = clock_wall() };
	struct stat st;
	size_t have;

	if (place.fd >= 0) {
		cr_assert_eq(fstat(place.fd, &st), 0);
		cr_assert_eq(tail_start(place.fd, 0, st.st_size, lines, &place.at, &have), 0);
	}
	return place;
}

static void begin_at(struct follow_place place)
{
	int fds[2];

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		struct follow *f = NULL;
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		lines_fd = fds[1];
		if (follow_new(on_line, on_batch, NULL, &f) < 0 || follow_add(f, path, place, (void *)"") < 0)
			_exit(1);
		_exit(follow_run(f) < 0 ? 2 : 0);
	}
	(void)close(fds[1]);
	lines_fd = fds[0];
}

static void begin(size_t lines)
{
	begin_at(last(path, lines));
}

Test(follow, the_last_lines_come_first_and_then_what_is_appended)
{
	append("one\ntwo\nthree\n");
	begin(2);
	next_is("two");
	next_is("three");
	next_is("begun");
	append("four\n");
	next_is("four");
	append("fi");
	append("ve\nsix\n");
	next_is("five");
	next_is("six");
}

Test(follow, a_file_that_comes_later_is_told_from_its_beginning)
{
	begin(5);
	next_is("begun");
	append("one\n");
	next_is("one");
	append("two\n");
	next_is("two");
}

Test(follow, a_renamed_file_is_read_to_its_end_before_the_new_one)
{
	append("one\n");
	begin(5);
	next_is("one");
	next_is("begun");
	cr_assert_eq(rename(path, old_path), 0);
	put(old_path, "two\n", O_APPEND);
	append("three\n");
	next_is("two");
	next_is("three");
	put(path, "four\n", O_APPEND);
	next_is("four");
}

Test(follow, a_line_cut_by_a_rotation_is_told_in_its_two_parts)
{
	append("one\nha");
	begin(1);
	/* "ha" has begun and isn't told yet. */
	next_is("begun");
	cr_assert_eq(rename(path, old_path), 0);
	append("lf\n");
	next_is("ha");
	next_is("lf");
}

Test(follow, many_rotations_in_a_row_are_followed)
{
	append("0\n");
	begin(5);
	next_is("0");
	next_is("begun");
	for (int i = 1; i <= 50; i++) {
		char text[16], want[16];
		(void)snprintf(text, sizeof(text), "%d\n", i);
		(void)snprintf(want, sizeof(want), "%d", i);
		cr_assert_eq(rename(path, old_path), 0);
		append(text);
		next_is(want);
	}
}

Test(follow, a_file_that_was_emptied_goes_on_from_its_beginning)
{
	append("one\ntwo\n");
	begin(1);
	next_is("two");
	next_is("begun");
	cr_assert_eq(truncate(path, 0), 0);
	append("three\n");
	next_is("three");
}

Test(follow, a_deleted_file_that_is_made_anew_is_followed)
{
	append("one\n");
	begin(1);
	next_is("one");
	next_is("begun");
	cr_assert_eq(unlink(path), 0);
	append("two\n");
	next_is("two");
}

Test(follow, without_inotify_the_files_are_looked_at)
{
	append("one\n");
	sys_fake_fail_always("inotify_init", ENOSYS);
	begin(1);
	sys_fake_reset();
	next_is("one");
	next_is("begun");
	append("two\n");
	next_is("two");
	cr_assert_eq(rename(path, old_path), 0);
	append("three\n");
	next_is("three");
}

Test(follow, without_watches_left_the_files_are_looked_at)
{
	append("one\n");
	sys_fake_fail_always("inotify_add", ENOSPC);
	begin(1);
	sys_fake_reset();
	next_is("one");
	next_is("begun");
	append("two\n");
	next_is("two");
	cr_assert_eq(rename(path, old_path), 0);
	append("three\n");
	next_is("three");
}

Test(follow, what_was_rotated_since_it_was_read_is_not_missed)
{
	append("one\ntwo\n");
	struct follow_place place = last(path, 1);
	char rotated[120];
	place.seen = clock_wall();
	cr_assert_eq(rotated_name(path, clock_wall(), rotated, sizeof(rotated)), 0);
	append("three\n");
	cr_assert_eq(rename(path, rotated), 0);
	cr_assert_eq(rotated_name(path, clock_wall() + 5000, rotated, sizeof(rotated)), 0);
	put(rotated, "four\n", 0);
	append("five\n");
	begin_at(place);
	next_is("two");
	next_is("three");
	next_is("four");
	next_is("five");
	next_is("begun");
	append("six\n");
	next_is("six");
}

Test(follow, when_nothing_stood_at_the_path_what_was_rotated_since_comes_first)
{
	char read[120], later[120];

	cr_assert_eq(rotated_name(path, 1000 * USEC_SEC, read, sizeof(read)), 0);
	cr_assert_eq(rotated_name(path, 1001 * USEC_SEC, later, sizeof(later)), 0);
	put(read, "one\n", 0);
	put(later, "two\n", 0);
	append("three\n");
	begin_at((struct follow_place){ .fd = -1, .after = read });
	next_is("two");
	next_is("three");
	next_is("begun");
	append("four\n");
	next_is("four");
}

Test(follow, a_ring_in_memory_is_followed_by_looking_at_it)
{
	struct ring r;

	ring_open(&r);
	ring_fill(&r, 3);
	(void)snprintf(path, sizeof(path), "%s", r.path);
	begin(1);
	next_is("line 3");
	next_is("begun");
	ring_fill(&r, 4);
	next_is("line 4");
}

Test(follow, of_a_ring_that_was_too_fast_what_is_left_is_told_from_a_whole_line_on)
{
	struct ring r;

	ring_open(&r);
	ring_fill(&r, 3);
	cr_assert_eq(write(r.fd, "begun", 5), 5);
	struct follow_place place = last(r.path, 0);
	place.at -= 5;
	cr_assert_eq(write(r.fd, " and ended\n", 11), 11);
	ring_fill(&r, 3000);
	int first = ring_first(&r, ring_drop(&r, 2));
	(void)snprintf(path, sizeof(path), "%s", r.path);
	begin_at(place);
	for (int i = first; i <= 3000; i++) {
		char want[32];
		(void)snprintf(want, sizeof(want), "line %d", i);
		next_is(want);
	}
	next_is("begun");
	ring_fill(&r, 3001);
	next_is("line 3001");
}

static void ignore_line(void *ctx, const char *line, size_t n)
{
	(void)ctx;
	(void)line;
	(void)n;
}

static void ignore_batch(void *ctx)
{
	(void)ctx;
}

Test(follow, what_can_not_be_read_again_is_refused)
{
	static const struct follow_place nowhere = { .fd = -1 };
	struct follow *f;
	cr_assert_eq(follow_new(ignore_line, ignore_batch, NULL, &f), 0);
	cr_assert_eq(follow_add(f, "/dev/null", nowhere, NULL), -EINVAL);
	cr_assert_eq(follow_add(f, dir, nowhere, NULL), -EINVAL);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_assert_eq(follow_add(f, path, nowhere, NULL), -EINVAL);
	sys_fake_fail("open", 1, EACCES);
	cr_assert_eq(follow_add(f, path, nowhere, NULL), -EACCES);
	sys_fake_reset();
	cr_assert_eq(follow_add(f, "/tmp/pm1-no-such-file", nowhere, NULL), 0, "it may come yet");
	follow_free(f);
}

Test(follow, all_descriptors_are_given_back)
{
	size_t before = sys_fake_open_fds();
	append("one\ntwo");
	for (unsigned int nth = 0; nth < 6; nth++) {
		static const char *const names[] = { "inotify_init", "inotify_add", "open", "fstat", "pread", "epoll_create" };
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			struct follow *f = NULL;
			sys_fake_reset();
			struct follow_place place = last(path, 1);
			if (nth > 0)
				sys_fake_fail(names[i], nth, EMFILE);
			if (follow_new(ignore_line, ignore_batch, NULL, &f) == 0) {
				(void)follow_add(f, path, place, NULL);
				(void)follow_add(f, old_path, (struct follow_place){ .fd = -1 }, NULL);
				place.fd = -1;
				follow_free(f);
			}
			if (place.fd >= 0)
				(void)close(place.fd);
			cr_assert_eq(sys_fake_open_fds(), before, "the %u. %s fails", nth, names[i]);
		}
	}
	sys_fake_reset();
	follow_free(NULL);
}
