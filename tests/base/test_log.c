#include "base/log.h"

#include "base/own.h"
#include "base/sys.h"
#include "tests/fakes/sys_fake.h"
#include "tests/skip.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <sys/wait.h>

static int p[2]; /* what is logged can be read from p[0] */

static void begin(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(sys_pipe2(p, 0), 0);
	cr_assert_eq(sys_fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
	log_setup(p[1], LOG_NOTICE, false);
}

static void done(void)
{
	log_setup(2, LOG_NOTICE, false);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

TestSuite(log, .init = begin, .fini = done, .timeout = 60);

static const char *logged(void)
{
	static char buf[1 << 17];
	ssize_t n = read(p[0], buf, sizeof(buf) - 1);

	buf[n > 0 ? n : 0] = 0;
	return buf;
}

Test(log, a_message_is_one_line_with_its_weight)
{
	log_error("%s", "broken");
	log_warning("odd");
	log_notice("so it is");
	cr_expect_str_eq(logged(), "pm1: error: broken\npm1: warning: odd\npm1: so it is\n");
}

Test(log, what_is_below_the_level_is_not_said)
{
	log_info("detail");
	log_debug("more of it");
	cr_expect_str_eq(logged(), "");
	log_setup(p[1], LOG_DEBUG, false);
	cr_expect_eq(log_level(), LOG_DEBUG);
	log_debug("more of it");
	cr_expect_str_eq(logged(), "pm1: more of it\n");
	log_setup(p[1], LOG_ERROR, false);
	log_warning("odd");
	cr_expect_str_eq(logged(), "");
	log_setup(-1, LOG_DEBUG, false);
	log_error("to nobody");
}

Test(log, a_stamp_is_the_local_time)
{
	regex_t re;

	cr_assert_eq(regcomp(&re, "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}: pm1: x\n$", REG_EXTENDED | REG_NOSUB), 0);
	log_setup(p[1], LOG_NOTICE, true);
	log_notice("x");
	const char *line = logged();
	cr_expect_eq(regexec(&re, line, 0, NULL, 0), 0, "%s", line);
	regfree(&re);
}

Test(log, foreign_text_makes_no_second_line)
{
	log_notice("name is '%s'", "a\npm1: error: \033[2J");
	cr_expect_str_eq(logged(), "pm1: name is 'a\\x0apm1: error: \\x1b[2J'\n");
}

/* More than a pipe takes as a whole would be mixed with another's lines. */
Test(log, a_long_message_is_cut_and_says_so)
{
	static char text[10000];

	memset(text, 'x', sizeof(text) - 1);
	log_notice("%s", text);
	const char *line = logged();
	size_t n = strlen(line);
	cr_expect_leq(n, PIPE_BUF);
	cr_expect_gt(n, 1000);
	cr_expect_str_eq(line + n - 5, "x...\n");
	memset(text, '\n', sizeof(text) - 1); /* grows fourfold in the escaping */
	log_notice("%s", text);
	line = logged();
	n = strlen(line);
	cr_expect_leq(n, PIPE_BUF);
	cr_expect_str_eq(line + n - 4, "...\n");
	cr_expect_eq(strchr(line, '\n'), line + n - 1);
}

/* A reader that never reads: nothing blocks, and what was lost is told when it reads again. */
Test(log, a_full_pipe_loses_lines_and_the_next_that_gets_through_says_how_many)
{
	int size = sys_fcntl(p[1], F_GETPIPE_SZ, 0);
	int fitting = 0;
	char expected[128];

	cr_assert_gt(size, 0);
	static char text[1001];
	memset(text, 'x', 1000);
	for (int i = 0; i < size / 1000 + 10; i++)
		log_notice("%s", text);
	for (const char *s = logged(); (s = strchr(s, '\n')); s++)
		fitting++;
	cr_expect_gt(fitting, 10);
	log_error("after");
	snprintf(expected, sizeof(expected), "pm1: warning: %d lines were lost here: nobody took them\npm1: error: after\n",
		 size / 1000 + 10 - fitting);
	cr_expect_str_eq(logged(), expected);
	log_error("after");
	cr_expect_str_eq(logged(), "pm1: error: after\n", "it is told once");
}

Test(log, without_a_reader_or_with_a_failing_write_we_go_on)
{
	sys_fake_fail_always("pwritev2", EOPNOTSUPP); /* as before Linux 6.4 */
	sys_fake_fail("write", 1, EIO);
	log_error("lost");
	sys_fake_fail("write", 1, EIO);
	log_error("lost too, with the word of the first");
	log_error("here");
	cr_expect_str_eq(logged(), "pm1: warning: 2 lines were lost here: nobody took them\npm1: error: here\n");
	close_fd(&p[0]);
	log_error("to nobody");
	sys_fake_reset();
	log_error("to nobody by the new call");
	close_fd(&p[1]);
	log_error("to a closed one");
}

/* PID 1 and logd write into one console: the room that PID 1 had asked for was gone when it wrote, and it stood still until somebody read. */
Test(log, another_writer_that_takes_the_room_meanwhile_does_not_stop_us)
{
	static char page[4096];
#ifdef __SANITIZE_ADDRESS__
	const int times = 300; /* its fork is slow */
#else
	const int times = 2000;
#endif

	if (sys_write_nowait(p[1], "x", 1) == -EOPNOTSUPP)
		skip_test("this kernel has no such write for pipes; there a description of our own serves (test_prepare.c)");
	for (int i = 0; i < times; i++) {
		done();
		begin();
		pid_t filler = fork();
		if (filler == 0) {
			int fd = p[1];
			char path[32];
			(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", p[1]);
			fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
			while (write(fd, page, sizeof(page)) > 0)
				;
			_exit(0);
		}
		while (waitpid(filler, NULL, WNOHANG) == 0)
			log_error("here");
	}
}

Test(log, an_error_is_given_as_words)
{
	cr_expect_str_eq(err_text(-ENOENT), "No such file or directory");
	cr_expect_str_eq(err_text(ENOENT), "No such file or directory");
	cr_expect_str_eq(err_text(-99999), "unknown error");
}
