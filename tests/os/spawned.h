/* spawned - a job to vary, and what became of it. */
#ifndef PM1_TESTS_SPAWNED_H
#define PM1_TESTS_SPAWNED_H

#include "base/own.h"
#include "base/sys.h"
#include "os/spawn.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>

static char *spawned_env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", NULL };

static inline struct spawn_job spawned_job(char *const *argv)
{
	return (struct spawn_job){ .argv = argv, .env = spawned_env, .in_fd = -1, .out_fd = -1, .err_fd = -1,
				   .umask = -1, .oom_score_adj = INT_MIN };
}

/* Waits for the report, as spawn_report(). */
static inline int spawned_report(const struct spawned *s, enum spawn_stage *ret_stage, int *ret_errno)
{
	struct pollfd p = { .fd = s->status_fd, .events = POLLIN };

	cr_assert_eq(poll(&p, 1, 60000), 1);
	return spawn_report(s->status_fd, ret_stage, ret_errno);
}

/* Waits for the end: the exit code, or 128 and the signal; closes what the child left us. */
static inline int spawned_end(struct spawned *s)
{
	int status;

	cr_assert_eq(waitpid(s->pid, &status, 0), s->pid);
	close_fd(&s->pidfd);
	close_fd(&s->status_fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Starts a job that has to run, and waits for its end. */
static inline int spawned_run(const struct spawn_job *job)
{
	struct spawned s;
	enum spawn_stage stage = SPAWN_STAGE_MAX;
	int err = 0;

	cr_assert_eq(spawn_start(job, &s), 0);
	cr_assert_eq(spawned_report(&s, &stage, &err), 1, "%s: %s", spawn_stage_name(stage), strerror(err));
	return spawned_end(&s);
}

/* Starts a job that has to fail at this step. */
static inline void spawned_fails(const struct spawn_job *job, enum spawn_stage expected_stage, int expected_err, int expected_code)
{
	struct spawned s;
	enum spawn_stage stage = SPAWN_STAGE_MAX;
	int err = 0;

	cr_assert_eq(spawn_start(job, &s), 0);
	cr_expect_eq(spawned_report(&s, &stage, &err), 0);
	cr_expect_eq(stage, expected_stage, "%s", spawn_stage_name(stage));
	cr_expect_eq(err, expected_err, "%s", strerror(err));
	cr_expect_eq(spawned_end(&s), expected_code);
}

#endif
