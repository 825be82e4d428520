/* The same table of cases through the real tini and dumb-init, and through pm1 in their place: same codes, same children. */
#include "tests/live/bare.h"
#include "tests/skip.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct twin {
	const char *line;
	const char *env;
	int sent[6], got[6]; /* got 0: the same; a negative one is sent and not waited for */
	void (*before)(void);
	bool tty;
};

/* Where the real one is missing there is nothing to compare; in CI it has to be there. */
static const char *real(const char *path)
{
	if (access(path, X_OK) == 0)
		return path;
	cr_assert_null(getenv("CI"), "%s is missing (make deps installs it)", path);
	skip_test("%s is missing (make deps installs it)", path);
	return NULL;
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Two processes write: the order of their lines says nothing. What tini says of itself ("[INFO ...") is left out. */
static char *sorted(char *text)
{
	char *lines[64], *save = NULL, *out = calloc(1, strlen(text) + 2);
	size_t n = 0;

	for (char *l = strtok_r(text, "\n", &save); l && n < 64; l = strtok_r(NULL, "\n", &save))
		if (l[0] != '[')
			lines[n++] = l;
	qsort(lines, n, sizeof(*lines), by_line);
	for (size_t i = 0; i < n; i++) {
		strcat(out, lines[i]);
		strcat(out, "\n");
	}
	return out;
}

/* The end of one: "code N" and all that its children said. */
static char *outcome(const struct twin *t, const char *program, const char *as, bool pid1)
{
	struct bare_run r = { .program = program, .as = as, .line = t->line, .env = t->env, .before = t->before, .tty = t->tty,
			      .pid1 = pid1, .quiet = true };
	struct live l;
	char *text, *all;
	int code;

	if (!t->sent[0]) {
		code = bare_code(&r, &text);
	} else {
		bare_start(&l, &r);
		live_line(&l, strstr(t->line, "pair") ? "first ready" : "ready");
		for (size_t i = 0; t->sent[i]; i++) {
			char got[32];
			live_signal(&l, abs(t->sent[i]));
			(void)snprintf(got, sizeof(got), "got %d\n", t->got[i] ? t->got[i] : t->sent[i]);
			if (t->sent[i] > 0)
				live_line(&l, got);
		}
		/* What else was said is read until the last writer is gone. */
		size_t cap = 1 << 16, n = l.len;
		ssize_t more;
		text = calloc(1, cap);
		memcpy(text, l.text, l.len);
		while ((more = read(l.out, text + n, cap - 1 - n)) > 0)
			n += (size_t)more;
		code = live_end(&l);
	}
	char *lines = sorted(text);
	cr_assert_geq(asprintf(&all, "code %d\n%s", code, lines), 0);
	free(lines);
	free(text);
	return all;
}

static void same(const struct twin *t, const char *program, const char *as)
{
	for (int pid1 = 0; pid1 < 2; pid1++) {
		char *theirs = outcome(t, program, NULL, pid1), *ours = outcome(t, NULL, as, pid1);
		cr_expect_str_eq(ours, theirs, "%s %s %s%s\n--- %s:\n%s--- pm1:\n%s", t->env ? t->env : "", as, t->line,
				 pid1 ? ", as PID 1" : "", as, theirs, ours);
		free(theirs);
		free(ours);
	}
}

static void as_nohup(void)
{
	sigset_t set;

	(void)signal(SIGHUP, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR2);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
}

static const struct twin tinis[] = {
	{ .line = "@PROG@ exit 0" },
	{ .line = "-- @PROG@ exit 1" },
	{ .line = "-v -- @PROG@ exit 42" },
	{ .line = "-vvv -- @PROG@ exit 255" },
	{ .line = "-s -- @PROG@ exit 128" },
	{ .line = "-- @PROG@ kill-self 15" },
	{ .line = "-- @PROG@ kill-self 9" },
	{ .line = "-- @PROG@ kill-self 6" },
	{ .line = "-- @PROG@ kill-self 64" },
	{ .line = "-- /no/such/program" },
	{ .line = "-- no-such-program" },
	{ .line = "-- /tmp" },
	{ .line = "-- /etc/passwd" },
	{ .line = "" },
	{ .line = "-s" },
	{ .line = "--" },
	{ .line = "-x -- @PROG@ exit 3" },
	{ .line = "-e 42 -- @PROG@ exit 42" },
	{ .line = "-e 42 -e 43 -- @PROG@ exit 41" },
	{ .line = "-e 143 -- @PROG@ kill-self 15" },
	{ .line = "-e 256 -- @PROG@ exit 0" },
	{ .line = "-e x -- @PROG@ exit 0" },
	{ .line = "-p SIGNONE -- @PROG@ exit 0" },
	{ .line = "-p SIGTERM -- @PROG@ exit 4" },
	{ .line = "@PROG@ exit 5", .env = "TINI_VERBOSITY=3" },
	{ .line = "@PROG@ exit 5", .env = "TINI_VERBOSITY=x" },
	{ .line = "-s -- @PROG@ leave-orphans 20" },
	{ .line = "-- @PROG@ leave-orphans 20", .env = "TINI_SUBREAPER=" },
	{ .line = "-- @PROG@ witness 0" },
	{ .line = "-- @PROG@ witness 0", .before = as_nohup },
	{ .line = "-- @PROG@ witness 1", .sent = { SIGHUP }, .before = as_nohup },
	{ .line = "-- @PROG@ witness 2", .sent = { SIGINT, SIGINT }, .tty = true },
	{ .line = "-- @PROG@ witness 5", .sent = { SIGTERM, SIGQUIT, SIGUSR1, SIGWINCH, SIGPIPE } },
	{ .line = "-- @PROG@ witness 5", .sent = { SIGTSTP, SIGCONT, SIGALRM, 34, 64 } },
	{ .line = "-- @PROG@ pair", .sent = { SIGTERM } },
	{ .line = "-g -- @PROG@ pair", .sent = { SIGTERM } },
	{ .line = "-- @PROG@ pair", .sent = { SIGUSR1 }, .env = "TINI_KILL_PROCESS_GROUP=1" },
};

Test(bare_twins, tini_and_we_in_its_place_do_the_same)
{
	const char *tini = real("/usr/bin/tini");

	for (size_t i = 0; i < sizeof(tinis) / sizeof(*tinis); i++)
		same(&tinis[i], tini, "tini");
}

Test(bare_twins, called_docker_init_we_are_tini)
{
	const char *tini = real("/usr/bin/tini");

	for (size_t i = 0; i < sizeof(tinis) / sizeof(*tinis); i += 5)
		same(&tinis[i], tini, "docker-init");
}

/* In single-child mode the real one leaves the child in its own process group; ours has a group of its own, to which the terminal is
 * given. The lines that say so are not compared: so no witness there. */
static const struct twin dumb_inits[] = {
	{ .line = "@PROG@ exit 0" },
	{ .line = "-- @PROG@ exit 1" },
	{ .line = "-v @PROG@ exit 42" },
	{ .line = "-c @PROG@ exit 255" },
	{ .line = "@PROG@ exit 7", .env = "DUMB_INIT_SETSID=0" },
	{ .line = "@PROG@ exit 7", .env = "DUMB_INIT_DEBUG=1" },
	{ .line = "@PROG@ kill-self 15" },
	{ .line = "@PROG@ kill-self 9" },
	{ .line = "-c @PROG@ kill-self 6" },
	{ .line = "/no/such/program" },
	{ .line = "no-such-program" },
	{ .line = "/tmp" },
	{ .line = "-c /etc/passwd" },
	{ .line = "" },
	{ .line = "-c" },
	{ .line = "-x @PROG@ exit 3" },
	{ .line = "-r 15 @PROG@ exit 3" },
	{ .line = "-r 0:1 @PROG@ exit 3" },
	{ .line = "--rewrite=x:y @PROG@ exit 3" },
	{ .line = "--single-child --verbose --rewrite 1:2 -- @PROG@ exit 3" },
	{ .line = "@PROG@ witness 0" },
	{ .line = "@PROG@ witness 0", .tty = true },
	{ .line = "@PROG@ witness 1", .sent = { SIGINT }, .tty = true },
	{ .line = "@PROG@ witness 5", .sent = { SIGHUP, SIGTERM, SIGQUIT, SIGUSR1, SIGWINCH } },
	{ .line = "@PROG@ witness 5", .sent = { SIGABRT, SIGSEGV, SIGSYS, 34, 64 } },
	{ .line = "-r 15:3 --rewrite=10:12 @PROG@ witness 2", .sent = { SIGTERM, SIGUSR1 }, .got = { SIGQUIT, SIGUSR2 } },
	{ .line = "-r 1:0 @PROG@ witness 1", .sent = { -SIGHUP, SIGTERM } },
	{ .line = "-r 15:2 -r 15:3 @PROG@ witness 1", .sent = { SIGTERM }, .got = { SIGQUIT } },
	{ .line = "@PROG@ pair", .sent = { SIGTERM } },
	{ .line = "-c @PROG@ pair", .sent = { SIGTERM } },
	{ .line = "@PROG@ pair", .sent = { SIGUSR1 }, .env = "DUMB_INIT_SETSID=0" },
	{ .line = "@PROG@ pair", .sent = { SIGUSR1 }, .env = "DUMB_INIT_SETSID=1" },
};

Test(bare_twins, dumb_init_and_we_in_its_place_do_the_same)
{
	const char *dumb = real("/usr/bin/dumb-init");

	for (size_t i = 0; i < sizeof(dumb_inits) / sizeof(*dumb_inits); i++)
		same(&dumb_inits[i], dumb, "dumb-init");
}

/* Each signal, by itself: the children of both have to hear the same. */
static void every_signal(const char *program, const char *as, const int *sigs, int but1, int but2, int but3)
{
	for (; *sigs; sigs++) {
		struct twin t = { .line = "@PROG@ witness 1", .sent = { *sigs } };
		if (*sigs != but1 && *sigs != but2 && *sigs != but3)
			same(&t, program, as);
	}
}

/* TTIN and TTOU, which tini keeps to itself, ours passes on. */
Test(bare_twins, tini_and_we_pass_the_same_signals_on)
{
	every_signal(real("/usr/bin/tini"), "tini", bare_signals(false), SIGTTIN, SIGTTOU, 0);
}

/* What stops is another test's. */
Test(bare_twins, dumb_init_and_we_pass_the_same_signals_on)
{
	every_signal(real("/usr/bin/dumb-init"), "dumb-init", bare_signals(true), SIGTSTP, SIGTTIN, SIGTTOU);
}

static void stops(const char *program, const char *as)
{
	static const int sigs[] = { SIGTSTP, SIGTTIN, SIGTTOU };

	for (size_t i = 0; i < 3; i++) {
		struct bare_run r = { .program = program, .as = as, .line = "@PROG@ witness 2", .quiet = true };
		struct live l;
		bare_start(&l, &r);
		live_line(&l, "ready");
		live_signal(&l, sigs[i]);
		bare_stopped(&l);
		live_signal(&l, SIGCONT);
		live_line(&l, "got 18\n");
		live_signal(&l, SIGTERM);
		live_line(&l, "got 15\n");
		cr_expect_eq(live_end(&l), 40);
	}
}

Test(bare_twins, dumb_init_stops_with_its_child_and_goes_on_with_it)
{
	stops(real("/usr/bin/dumb-init"), NULL);
}

Test(bare_twins, and_we_do_in_its_place)
{
	stops(NULL, "dumb-init");
}

static void group_hears(const char *program, const char *as, const char *line, const char *last)
{
	struct bare_run r = { .program = program, .as = as, .line = line, .quiet = true };
	struct live l;

	bare_start(&l, &r);
	live_line(&l, "second ready");
	live_line(&l, last);
	cr_expect_eq(live_end(&l), 6);
}

Test(bare_twins, when_the_child_ends_dumb_init_tells_its_group)
{
	const char *dumb = real("/usr/bin/dumb-init");

	group_hears(dumb, NULL, "@PROG@ pair 6", "second got 15\n");
	group_hears(NULL, "dumb-init", "@PROG@ pair 6", "second got 15\n");
	group_hears(dumb, NULL, "-r 15:10 @PROG@ pair 6", "second got 10\n");
	group_hears(NULL, "dumb-init", "-r 15:10 @PROG@ pair 6", "second got 10\n");
}
