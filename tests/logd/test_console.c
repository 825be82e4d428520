#include "tools/logd/console.h"

#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

static struct loop *loop;
static struct console *console;
static int out[2];

static void begin(void)
{
	(void)signal(SIGPIPE, SIG_IGN); /* logd has it blocked */
	cr_assert_eq(loop_new(&loop), 0);
	cr_assert_eq(sys_pipe2(out, 0), 0);
}

static void done(void)
{
	sys_fake_reset();
	console_free(console);
	loop_free(loop);
	close_fd(&out[0]);
	close_fd(&out[1]);
}

TestSuite(console, .init = begin, .fini = done, .timeout = 60);

/* Gives the write end away, as logd gets pm1's stdout. */
static void open_console(void)
{
	cr_assert_eq(console_new(loop, take_fd(&out[1]), &console), 0);
}

/* A piece of a service's, as stream.c has it told with the name in front. */
static uint64_t add(const char *name, const char *piece, size_t n)
{
	char head[64];
	struct form form;

	cr_assert_eq(text_format(head, sizeof(head), "%s | ", name), 0);
	form_text(&form, head, true);
	return console_add(console, &form, false, piece, n);
}

/* Everything that is in the pipe now. */
static size_t said(char *buf, size_t size)
{
	size_t n = 0;

	cr_assert_eq(sys_fcntl(out[0], F_SETFL, O_NONBLOCK), 0);
	for (ssize_t got = 1; got > 0 && n < size - 1; n += got > 0 ? (size_t)got : 0)
		got = sys_read(out[0], buf + n, size - 1 - n);
	buf[n] = 0;
	return n;
}

static void lines_pass(void)
{
	char buf[256];

	cr_expect_eq(add("web", "one\ntwo", 7), 0);
	cr_expect_eq(add("db", "\n", 1), 0);
	(void)said(buf, sizeof(buf));
	cr_expect_str_eq(buf, "web | one\nweb | two\ndb | \n");
}

Test(console, each_line_has_the_name_in_front)
{
	open_console();
	lines_pass();
}

/* A description of our own can't be had everywhere (another user's terminal): then no write is made that could block. */
Test(console, a_shared_description_is_written_to_without_blocking)
{
	static char page[8192], got[256 * 1024];

	memset(page, 'x', sizeof(page));
	page[sizeof(page) - 1] = '\n';
	sys_fake_fail("open", 1, EACCES);
	open_console();
	lines_pass();
	for (int i = 0; i < 10; i++) /* more than a pipe holds */
		cr_expect_eq(add("web", page, sizeof(page)), 0);
	size_t n = said(got, sizeof(got));
	while (n < 10 * (sizeof(page) + strlen("web | "))) {
		cr_assert_eq(loop_once(loop), 0);
		n += said(got, sizeof(got));
	}
	cr_expect_eq(n, 10 * (sizeof(page) + strlen("web | ")));
}

Test(console, what_a_slow_reader_leaves_no_room_for_is_counted_and_told)
{
	static char page[8192], got[1024 * 1024];
	uint64_t dropped = 0;
	size_t n = 0;

	memset(page, 'x', sizeof(page));
	page[sizeof(page) - 1] = '\n';
	open_console();
	for (int i = 0; i < 100; i++)
		dropped += add("web", page, sizeof(page));
	cr_assert_gt(dropped, 0);
	cr_expect_eq(dropped % sizeof(page), 0, "whole lines");
	char note[96];
	(void)snprintf(note, sizeof(note), "pm1 | %llu bytes are missing here: the console was too slow\n", (unsigned long long)dropped);
	do {
		n += said(got + n, sizeof(got) - n);
		if (strstr(got, note))
			break;
		cr_assert_eq(loop_once(loop), 0);
	} while (true);
	cr_expect_str_eq(got + n - strlen(note), note);
	cr_expect_eq(n - strlen(note), (100 * sizeof(page) - dropped) / sizeof(page) * (sizeof(page) + strlen("web | ")));
}

Test(console, a_reader_that_is_gone_holds_nobody_up)
{
	for (int shared = 0; shared < 2; shared++) {
		if (shared)
			cr_assert_eq(sys_pipe2(out, 0), 0);
		sys_fake_fail("open", 1, shared ? EACCES : 0);
		open_console();
		close_fd(&out[0]);
		cr_expect_eq(add("web", "one\n", 4), 0);
		console_finish(console, 60 * USEC_SEC);
		console_free(console);
		console = NULL;
		sys_fake_reset();
	}
}

Test(console, at_the_end_it_waits_for_a_slow_reader_but_not_for_long)
{
	static char page[100 * 1024];

	memset(page, 'x', sizeof(page));
	page[sizeof(page) - 1] = '\n';
	open_console();
	cr_expect_eq(add("web", page, sizeof(page)), 0);
	console_finish(console, 20 * USEC_MS); /* nobody reads: this would be for ever */
}
