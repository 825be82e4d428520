#include "tests/reload/traffic.h"
#include "tests/live/live.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const char *traffic_built(const char *name)
{
	char *path = NULL;

	cr_assert_geq(asprintf(&path, "%s/%s", live_env("BUILT"), name), 0);
	return path;
}

void traffic_begin(struct traffic *t, const char *const *args)
{
	const char *argv[32] = { traffic_built("load") };
	int out[2], n = 1;

	for (; *args; args++)
		argv[n++] = *args;
	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	t->n = 0;
	t->pid = fork();
	cr_assert_geq(t->pid, 0);
	if (t->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(out[1], 1);
		(void)execv(argv[0], (char **)argv);
		_exit(95);
	}
	(void)close(out[1]);
	t->out = out[0];
}

/* It has not said what was waited for: what it has counted by now says why. */
static _Noreturn void in_vain(struct traffic *t)
{
	struct pollfd p = { .fd = t->out, .events = POLLIN };
	ssize_t n = 0;

	(void)kill(t->pid, SIGUSR1);
	if (poll(&p, 1, 1000) > 0)
		n = read(t->out, t->text, sizeof(t->text));
	cr_assert_fail("load did not say what was waited for, but: %.*s", n > 0 ? (int)n : 0, t->text);
	abort();
}

/* The next line, parsed. */
static json_t *line(struct traffic *t)
{
	time_t end = time(NULL) + LIVE_WAIT;
	char *newline;

	while (!(newline = memchr(t->text, '\n', t->n))) {
		struct pollfd p = { .fd = t->out, .events = POLLIN };
		if (time(NULL) >= end)
			in_vain(t);
		if (poll(&p, 1, 200) <= 0)
			continue;
		ssize_t n = read(t->out, t->text + t->n, sizeof(t->text) - t->n);
		cr_assert_gt(n, 0, "load ended before it said what was waited for");
		t->n += (size_t)n;
	}
	json_t *j = json_loadb(t->text, (size_t)(newline - t->text), 0, NULL);
	cr_assert_not_null(j, "not JSON: %.*s", (int)(newline - t->text), t->text);
	t->n -= (size_t)(newline + 1 - t->text);
	memmove(t->text, newline + 1, t->n);
	return j;
}

static json_t *next(struct traffic *t, const char *with)
{
	json_t *j;

	do
		j = line(t);
	while (!json_object_get(j, with));
	return j;
}

void traffic_going(struct traffic *t)
{
	(void)next(t, "going");
}

void traffic_round(struct traffic *t)
{
	cr_assert_eq(kill(t->pid, SIGUSR2), 0);
	traffic_going(t);
}

json_t *traffic_window(struct traffic *t)
{
	cr_assert_eq(kill(t->pid, SIGUSR1), 0);
	return next(t, "seconds");
}

json_t *traffic_ended(struct traffic *t)
{
	json_t *j = next(t, "seconds");
	int status;

	cr_assert_eq(waitpid(t->pid, &status, 0), t->pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "load ended with status %x", (unsigned int)status);
	(void)close(t->out);
	return j;
}

json_t *traffic_end(struct traffic *t)
{
	cr_assert_eq(kill(t->pid, SIGTERM), 0);
	return traffic_ended(t);
}

json_int_t traffic_sum(json_t *report, const char *kind, const char *const *outcomes)
{
	json_int_t n = 0;

	for (; *outcomes; outcomes++) {
		json_t *v = json_object_get(json_object_get(report, kind), *outcomes);
		cr_assert(json_is_integer(v), "no %s.%s in %s", kind, *outcomes, traffic_text(report));
		n += json_integer_value(v);
	}
	return n;
}

const char *traffic_text(json_t *report)
{
	return json_dumps(report, JSON_COMPACT | JSON_PRESERVE_ORDER);
}

size_t traffic_bodies(json_t *report)
{
	return json_object_size(json_object_get(report, "bodies"));
}
