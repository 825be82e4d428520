/* The bare init on a terminal: whose it is, and job control under a real shell. */
#include "tests/live/bare.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Test(bare_tty, the_terminal_is_the_childs)
{
	for (int pid1 = 0; pid1 < 2; pid1++) {
		struct bare_run r = { .line = "-- @PROG@ witness 2", .tty = true, .pid1 = pid1 };
		struct live l;
		bare_start(&l, &r);
		live_line(&l, "pgrp=own sid=parent's terminal=ours");
		live_line(&l, "ready");
		bare_type(&l, "\003");
		live_line(&l, "got 2\n");
		bare_type(&l, "\034");
		live_line(&l, "got 3\n"); /* and each once: a second 2 would have come before */
		cr_expect_eq(live_end(&l), 40);
	}
}

Test(bare_tty, a_child_of_an_init_within_an_init_has_it_too)
{
	char line[600];
	(void)snprintf(line, sizeof(line), "-- %s -s -- @PROG@ witness 1", live_env("PM1"));
	struct bare_run r = { .line = line, .tty = true, .pid1 = true };
	struct live l;

	bare_start(&l, &r);
	live_line(&l, "terminal=ours");
	live_line(&l, "ready");
	bare_type(&l, "\003");
	live_line(&l, "got 2\n");
	cr_expect_eq(live_end(&l), 40);
}

Test(bare_tty, a_hangup_reaches_the_child)
{
	struct bare_run r = { .line = "-- @PROG@ witness 1", .tty = true, .pid1 = true };
	struct live l;

	bare_start(&l, &r);
	live_line(&l, "ready");
	live_signal(&l, SIGHUP);
	live_line(&l, "got 1\n");
	cr_expect_eq(live_end(&l), 40);
}

Test(bare_tty, dumb_inits_child_has_it_in_a_session_of_its_own_and_the_letting_go_is_not_heard)
{
	for (int pid1 = 0; pid1 < 2; pid1++) {
		struct bare_run r = { .as = "dumb-init", .line = "@PROG@ witness 2", .tty = true, .pid1 = pid1 };
		struct live l;
		bare_start(&l, &r);
		live_line(&l, "pgrp=own sid=own terminal=ours");
		live_line(&l, "ready");
		bare_type(&l, "\003");
		live_line(&l, "got 2\n");
		live_signal(&l, SIGUSR1);
		live_line(&l, "got 10\n");
		cr_expect_null(strstr(l.text, "got 1\n"));
		cr_expect_null(strstr(l.text, "got 18\n"));
		cr_expect_eq(live_end(&l), 40);
	}
}

/* A shell of the terminal. Its prompt is the last code: what is typed before it can be thrown away by the shell. */
static void shell_start(struct live *l)
{
	struct bare_run r = { .program = "/bin/bash", .line = "--norc --noprofile --noediting -i", .tty = true, .env = "PS1=[$?]" };

	bare_start(l, &r);
}

static void shell_runs_reader(struct live *l, const char *flags, const char *end)
{
	char line[700];

	(void)snprintf(line, sizeof(line), "%s %s -- %s reader%s\n", live_env("PM1"), flags, live_env("PROG"), end);
	bare_type(l, line);
}

static void shell_answers(struct live *l, int n)
{
	char ask[64], answer[32];

	(void)snprintf(ask, sizeof(ask), "echo =$((%d+1))=\n", n);
	(void)snprintf(answer, sizeof(answer), "=%d=", n + 1);
	bare_type(l, ask);
	live_line(l, answer);
	live_line(l, "[0]");
}

static void shell_ends(struct live *l)
{
	bare_type(l, "exit 9\n");
	cr_expect_eq(live_end(l), 9);
}

static void stop_and_go_on(const char *flags)
{
	struct live l;
	shell_start(&l);
	shell_runs_reader(&l, flags, "");
	live_line(&l, "reading");
	bare_type(&l, "a\n");
	live_line(&l, "<a>");
	for (int i = 0; i < 20; i++) { /* often, for a CONT that comes late would undo a stop */
		bare_type(&l, "\032");
		live_line(&l, "Stopped");
		live_line(&l, "[147]");
		shell_answers(&l, i);
		bare_type(&l, "fg\n");
		live_line(&l, "reader");
		bare_type(&l, "b\n");
		live_line(&l, "<b>");
	}
	bare_type(&l, "\003");
	live_line(&l, "[130]");
	shell_ends(&l);
}

Test(bare_tty, ctrl_z_stops_it_for_the_shell_and_fg_goes_on)
{
	stop_and_go_on("-s");
	stop_and_go_on("-sg");
}

/* The child is stopped for reading in the background; the shell, whose terminal it is, must not notice more than that. */
static void stopped_in_the_background(struct live *l)
{
	for (int i = 100;; i++) {
		shell_answers(l, i);
		bare_type(l, "jobs\necho =jobs=\n");
		size_t from = l->seen;
		live_line(l, "=jobs=");
		live_line(l, "[0]");
		char *found = strstr(l->text + from, "Stopped");
		if (found && found < l->text + l->seen)
			return;
		cr_assert_lt(i, 10000, "no stop in the background:\n%s", l->text);
	}
}

Test(bare_tty, a_job_that_reads_in_the_background_is_stopped_and_the_shell_keeps_its_terminal)
{
	struct live l;
	shell_start(&l);
	shell_runs_reader(&l, "-s", "");
	live_line(&l, "reading");
	bare_type(&l, "\032");
	live_line(&l, "Stopped");
	live_line(&l, "[147]");
	bare_type(&l, "bg\n");
	stopped_in_the_background(&l);
	bare_type(&l, "fg\n");
	live_line(&l, "reader");
	bare_type(&l, "c\n");
	live_line(&l, "<c>");
	bare_type(&l, "\004");
	live_line(&l, "[0]");
	shell_answers(&l, 41);
	shell_ends(&l);
}

Test(bare_tty, started_in_the_background_it_leaves_the_shell_its_terminal)
{
	struct live l;
	shell_start(&l);
	shell_runs_reader(&l, "-s", " &");
	live_line(&l, "reading");
	stopped_in_the_background(&l);
	bare_type(&l, "fg\n");
	live_line(&l, "reader");
	bare_type(&l, "d\n");
	live_line(&l, "<d>");
	bare_type(&l, "\004");
	live_line(&l, "[0]");
	shell_answers(&l, 41);
	shell_ends(&l);
}

/* `fg` of a job that runs sends no signal: that the terminal is ours is known when the child is stopped for reading. */
Test(bare_tty, a_running_job_gets_the_terminal_by_fg_when_it_reads)
{
	struct live l;
	char fifo[300];
	shell_start(&l);
	(void)snprintf(fifo, sizeof(fifo), "mkfifo %s/go\n", l.dir);
	bare_type(&l, fifo);
	(void)snprintf(fifo, sizeof(fifo), "%s -s -- sh -c 'echo waiting; read x <%s/go; exec %s reader' & echo started\n",
		       live_env("PM1"), l.dir, live_env("PROG"));
	bare_type(&l, fifo);
	live_line(&l, "waiting");
	bare_type(&l, "fg\n");
	live_line(&l, "reader"); /* bash names what it brings to the front */
	FILE *f = fopen(live_path(&l, "go"), "we");
	cr_assert_not_null(f);
	(void)fputs("go\n", f);
	(void)fclose(f);
	live_line(&l, "reading");
	bare_type(&l, "e\n");
	live_line(&l, "<e>");
	bare_type(&l, "\004");
	live_line(&l, "[0]");
	shell_answers(&l, 41);
	shell_ends(&l);
}
