/* The bare init for real, as PID 1 and as an ordinary process: one child, its code, its signals, its place. */
#include "tests/live/bare.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOTH(run) \
	for (int pid1_ = 0; pid1_ < 2; pid1_++) \
		for (bool once_ = true; once_ && ((run).pid1 = pid1_, true); once_ = false)

static int code(const char *line)
{
	struct bare_run r = { .line = line };
	int codes[2];

	BOTH(r) {
		codes[pid1_] = bare_code(&r, NULL);
	}
	cr_assert_eq(codes[0], codes[1], "'%s': %d, but %d as PID 1", line, codes[0], codes[1]);
	return codes[0];
}

Test(bare, the_code_of_the_child_is_its_own)
{
	char line[64];
	static const int codes[] = { 0, 1, 2, 42, 126, 127, 128, 254, 255 };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		(void)snprintf(line, sizeof(line), "-- @PROG@ exit %d", codes[i]);
		cr_expect_eq(code(line), codes[i], "%s", line);
	}
}

Test(bare, a_child_killed_by_a_signal_gives_128_and_the_signal)
{
	char line[64];
	static const int sigs[] = { SIGHUP, SIGKILL, SIGSEGV, SIGABRT, SIGTERM, SIGSYS, 34, 64 };

	for (size_t i = 0; i < sizeof(sigs) / sizeof(*sigs); i++) {
		(void)snprintf(line, sizeof(line), "-- @PROG@ kill-self %d", sigs[i]);
		cr_expect_eq(code(line), 128 + sigs[i], "%s", line);
	}
}

static char *said(const char *line, int expected)
{
	struct bare_run r = { .line = line };
	char *text;

	cr_expect_eq(bare_code(&r, &text), expected, "%s", line);
	return text;
}

Test(bare, a_command_that_is_not_there_gives_127_and_one_that_cannot_run_126)
{
	cr_expect_eq(code("-- /no/such/program"), 127);
	cr_expect_eq(code("-- no-such-program-in-the-path"), 127);
	cr_expect_eq(code("-- /tmp"), 126);
	cr_expect_eq(code("-- /etc/passwd"), 126);
	cr_expect_eq(code("-- /etc/passwd/x"), 126);
	char *text = said("-- /no/such/program", 127);
	cr_expect_str_eq(text, "pm1: exec '/no/such/program': No such file or directory\n");
	free(text);
	text = said("-- /tmp", 126);
	cr_expect_str_eq(text, "pm1: exec '/tmp': Permission denied\n");
	free(text);
}

Test(bare, a_wrong_call_gives_1_and_says_what_is_wrong)
{
	static const char *const lines[][2] = {
		{ "-s", "pm1: no command was given\n" },
		{ "-x -- true", "pm1: unknown flag: -x\n" },
		{ "-r 1 -- true", "pm1: -r takes FROM:TO" },
		{ "-e 300 -- true", "pm1: -e takes an exit code from 0 to 255, not: 300\n" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char *text = said(lines[i][0], 1);
		cr_expect(strncmp(text, lines[i][1], strlen(lines[i][1])) == 0, "%s", text);
		cr_expect(strstr(text, "usage: pm1 [OPTIONS] -- COMMAND"), "%s", text);
		free(text);
	}
}

Test(bare, expected_codes_become_0_and_no_others)
{
	cr_expect_eq(code("-e 42 -- @PROG@ exit 42"), 0);
	cr_expect_eq(code("-e 41 -e 43 -- @PROG@ exit 42"), 42);
	cr_expect_eq(code("-e 41 -e 42 -e 43 -- @PROG@ exit 42"), 0);
	cr_expect_eq(code("-e 143 -- @PROG@ kill-self 15"), 0);
	cr_expect_eq(code("-e 15 -- @PROG@ kill-self 15"), 143);
}

static void all_signals(struct bare_run *r, const int *sigs)
{
	struct live l;
	char line[128];
	int n = 0;

	while (sigs[n])
		n++;
	(void)snprintf(line, sizeof(line), "%s @PROG@ witness %d", r->line, n);
	struct bare_run all = *r;
	all.line = line;
	bare_start(&l, &all);
	live_line(&l, "ready");
	bare_each(&l, sigs, NULL);
	cr_expect_eq(live_end(&l), 40);
}

Test(bare, every_signal_but_those_of_its_own_faults_is_passed_on)
{
	struct bare_run r = { .line = "--" };

	BOTH(r) all_signals(&r, bare_signals(false));
}

Test(bare, every_signal_is_passed_on_to_a_group_too)
{
	struct bare_run r = { .line = "-g --" };

	BOTH(r) all_signals(&r, bare_signals(false));
}

Test(bare, rewritten_signals_arrive_as_others_and_dropped_ones_never)
{
	struct bare_run r = { .line = "-r TERM:QUIT -r HUP:0 -r 10:34 -r RTMIN+1:1 -- @PROG@ witness 4" };
	static const int sent[] = { SIGTERM, SIGUSR1, 35, SIGUSR2, 0 }, got[] = { SIGQUIT, 34, SIGHUP, SIGUSR2, 0 };

	BOTH(r) {
		struct live l;
		bare_start(&l, &r);
		live_line(&l, "ready");
		live_signal(&l, SIGHUP); /* were it passed on, it would be among the four */
		bare_each(&l, sent, got);
		cr_expect_eq(live_end(&l), 40);
	}
}

Test(bare, one_process_hears_of_a_signal_or_with_g_its_group)
{
	static const char *const lines[] = { "-- @PROG@ pair", "-g -- @PROG@ pair" };
	static const char *const seconds[] = { "second got 64\n", "second got 10\n" };

	for (size_t i = 0; i < 2; i++) {
		struct bare_run r = { .line = lines[i] };
		BOTH(r) {
			struct live l;
			bare_start(&l, &r);
			live_line(&l, "first ready");
			live_signal(&l, SIGUSR1);
			live_line(&l, "got "); /* in either order */
			live_line(&l, "got ");
			live_line(&l, "\n");
			cr_expect(strstr(l.text, "first got 10\n") && strstr(l.text, seconds[i]), "%s: %s", lines[i], l.text);
			cr_expect_eq(live_end(&l), 41);
		}
	}
}

Test(bare, the_death_of_the_parent_is_told_by_the_signal_that_was_asked_for)
{
	struct bare_run r = { .line = "-p USR2 -- @PROG@ witness 1", .orphan = true };
	struct live l;

	bare_start(&l, &r);
	live_line(&l, "ready");
	bare_orphan();
	live_line(&l, "got 12\n");
	cr_expect_eq(live_end(&l), 40);
}

Test(bare, orphans_are_reaped_as_pid_1_and_as_a_subreaper)
{
	struct bare_run runs[] = {
		{ .line = "-- @PROG@ leave-orphans 100", .pid1 = true },
		{ .line = "-s -- @PROG@ leave-orphans 100" },
		{ .line = "-- @PROG@ leave-orphans 100", .env = "TINI_SUBREAPER=" },
	};

	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		char *text;
		cr_expect_eq(bare_code(&runs[i], &text), 0);
		cr_expect_str_eq(text, "reaped\n");
		free(text);
	}
}

static void with_a_zombie(void)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	(void)waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
}

/* `exec pm1 -- CMD` at the end of a script. What ended before we listened is told by no CHLD. */
Test(bare, a_zombie_that_was_left_to_us_is_reaped_at_once)
{
	struct bare_run r = { .line = "-w -- @PROG@ wait", .before = with_a_zombie };
	struct live l;

	BOTH(r) {
		bare_start(&l, &r);
		live_line(&l, "reaped zombie process");
		cr_expect_eq(live_stop(&l), 128 + SIGTERM);
	}
}

Test(bare, w_tells_of_each_that_was_reaped)
{
	struct bare_run r = { .line = "-w -- @PROG@ leave-orphans 3", .pid1 = true };
	char *text, *p;
	int n = 0;

	cr_expect_eq(bare_code(&r, &text), 0);
	for (p = text; (p = strstr(p, "pm1: reaped zombie process with pid=")); p++)
		n++;
	cr_expect_eq(n, 3, "%s", text);
	free(text);
}

Test(bare, v_says_more_each_time_and_nothing_without)
{
	char *text = said("-- @PROG@ exit 3", 3);
	cr_expect_str_eq(text, "");
	free(text);
	text = said("-v -- @PROG@ exit 3", 3);
	cr_expect(strstr(text, "pm1: not PID 1 and no subreaper"), "%s", text);
	cr_expect_null(strstr(text, "spawned"));
	free(text);
	text = said("-s -vv -- @PROG@ exit 3", 3);
	cr_expect_null(strstr(text, "no subreaper"));
	cr_expect(strstr(text, "pm1: spawned child '"), "%s", text);
	cr_expect(strstr(text, "ended with code 3\n"), "%s", text);
	free(text);
	struct bare_run r = { .line = "-vvv -- @PROG@ witness 1", .pid1 = true };
	struct live l;
	bare_start(&l, &r);
	live_line(&l, "ready");
	live_signal(&l, SIGTERM);
	live_line(&l, "pm1: passed SIGTERM on as SIGTERM\n");
	cr_expect_eq(live_end(&l), 40);
}

static void ignore_and_block(void)
{
	static const char dfl[64];
	sigset_t set;

	/* Whoever starts the tests may ignore what libc keeps for itself, and only the kernel can undo that. */
	(void)syscall(SYS_rt_sigaction, 32, dfl, NULL, 8);
	(void)syscall(SYS_rt_sigaction, 33, dfl, NULL, 8);

	(void)signal(SIGHUP, SIG_IGN); /* as nohup does */
	(void)signal(SIGTTIN, SIG_IGN);
	(void)signal(SIGCHLD, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGTTOU);
	(void)sigaddset(&set, SIGRTMAX);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
}

Test(bare, the_child_has_the_mask_and_the_ignored_signals_that_we_were_given)
{
	struct bare_run r = { .line = "-- @PROG@ witness 0", .before = ignore_and_block };

	BOTH(r) {
		char *text;
		cr_expect_eq(bare_code(&r, &text), 40);
		cr_expect(strstr(text, "SigBlk:\t8000000000200200\n"), "%s", text);
		cr_expect(strstr(text, "SigIgn:\t0000000000110001\n"), "%s", text);
		free(text);
	}
}

/* The kernel reaps the children of who ignores CHLD by itself, and tells of none: the init would wait for ever. */
Test(bare, an_ignored_chld_does_not_lose_the_end_of_the_child)
{
	struct bare_run r = { .line = "-- @PROG@ exit 6", .before = ignore_and_block };

	BOTH(r) cr_expect_eq(bare_code(&r, NULL), 6);
}

Test(bare, an_ignored_signal_is_passed_on_all_the_same)
{
	struct bare_run r = { .line = "-- @PROG@ witness 2", .before = ignore_and_block };
	static const int sigs[] = { SIGHUP, SIGUSR1, 0 };

	BOTH(r) {
		struct live l;
		bare_start(&l, &r);
		live_line(&l, "ready");
		bare_each(&l, sigs, NULL);
		cr_expect_eq(live_end(&l), 40);
	}
}

Test(bare, the_child_leads_a_group_of_its_own_in_our_session_and_gets_no_descriptor_more)
{
	struct bare_run r = { .line = "-- @PROG@ witness 0" };

	BOTH(r) {
		char *text;
		cr_expect_eq(bare_code(&r, &text), 40);
		cr_expect(strstr(text, pid1_ ? "parent=1 pgrp=own sid=parent's terminal=none\n"
					     : "parent=other pgrp=own sid=parent's terminal=none\n"), "%s", text);
		cr_expect(strstr(text, "fd 0\nfd 1\nfd 2\nready\n"), "%s", text);
		free(text);
	}
}

static void close_all(void)
{
	(void)close(0);
	(void)close(2);
}

Test(bare, closed_standard_descriptors_do_no_harm)
{
	struct bare_run r = { .line = "-vvv -- @PROG@ witness 0", .before = close_all };
	char *text;

	cr_expect_eq(bare_code(&r, &text), 40);
	cr_expect(strstr(text, "fd 1\nready\n"), "%s", text);
	cr_expect_null(strstr(text, "fd 0"));
	free(text);
}

static void on_an_old_kernel(struct bare_run r)
{
	static const int sigs[] = { SIGHUP, SIGTERM, 34, 0 };

	r.deny = "clone3 pidfd_open pidfd_send_signal=EPERM close_range signalfd signalfd4 timerfd_create epoll_create1=EPERM";
	BOTH(r) {
		struct live l;
		r.line = "-g -- @PROG@ witness 3";
		bare_start(&l, &r);
		live_line(&l, "ready");
		bare_each(&l, sigs, NULL);
		cr_expect_eq(live_end(&l), 40);
		r.line = "-- /no/such/program";
		cr_expect_eq(bare_code(&r, NULL), r.as && strcmp(r.as, "dumb-init") == 0 ? 2 : 127);
	}
}

Test(bare, needs_nothing_that_old_kernels_and_strict_profiles_refuse)
{
	on_an_old_kernel((struct bare_run){ .as = NULL });
}

Test(bare, nor_does_it_when_called_tini)
{
	on_an_old_kernel((struct bare_run){ .as = "tini" });
}

Test(bare, a_refused_prctl_is_told_and_survived)
{
	struct bare_run r = { .line = "-v -s -p TERM -- @PROG@ exit 5", .deny = "prctl=EPERM" };
	char *text;

	cr_expect_eq(bare_code(&r, &text), 5);
	cr_expect(strstr(text, "pm1: cannot become a subreaper"), "%s", text);
	cr_expect(strstr(text, "pm1: cannot ask for a signal at the parent's death"), "%s", text);
	free(text);
}

Test(bare, a_refused_fork_is_told)
{
	struct bare_run r = { .line = "-- @PROG@ exit 5", .deny = "vfork=EPERM" };
	char *text;

	cr_expect_eq(bare_code(&r, &text), 1);
	cr_expect_str_eq(text, "pm1: cannot fork: Operation not permitted\n");
	free(text);
}
