#include "core/reaper.h"

#include "tests/fakes/sys_fake.h"
#include "tests/os/spawned.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static struct reaper *reaper;
static struct reaped got[8];
static size_t n_got, n_orphans, n_told;

static void on_reaped(void *ctx, const struct reaped *r)
{
	cr_expect_eq(ctx, &reaper);
	cr_assert_lt(n_got, ARRAY_LEN(got));
	got[n_got++] = *r;
}

static void on_orphans(void *ctx, size_t n)
{
	cr_expect_eq(ctx, got);
	n_orphans += n;
	n_told++;
}

static void begin(void)
{
	cr_assert_eq(reaper_new(on_orphans, got, &reaper), 0);
}

static void done(void)
{
	reaper_free(reaper);
}

TestSuite(reaper, .init = begin, .fini = done, .timeout = 60);

/* A child that has ended and waits to be reaped. */
static pid_t ended(char *line)
{
	char *argv[] = { "/bin/sh", "-c", line, NULL };
	struct spawn_job job = spawned_job(argv);
	struct spawned s;
	siginfo_t info;

	cr_assert_eq(spawn_start(&job, &s), 0);
	cr_assert_eq(waitid(P_PID, (id_t)s.pid, &info, WEXITED | WNOWAIT), 0);
	close_fd(&s.pidfd);
	close_fd(&s.status_fd);
	return s.pid;
}

static void watch(pid_t pid)
{
	cr_assert_eq(reaper_watch(reaper, pid, on_reaped, &reaper), 0);
}

Test(reaper, an_end_is_told_to_who_watches_it)
{
	pid_t a = ended("exit 3"), b = ended("kill -USR1 $$");

	watch(a);
	watch(b);
	reaper_drain(reaper);
	cr_assert_eq(n_got, 2);
	const struct reaped *first = &got[got[0].pid == a ? 0 : 1], *second = &got[got[0].pid == a ? 1 : 0];
	cr_expect_eq(first->pid, a);
	cr_expect(first->exited);
	cr_expect_eq(first->code, 3);
	cr_expect_eq(second->pid, b);
	cr_expect(!second->exited);
	cr_expect_eq(second->code, SIGUSR1);
	cr_expect(!second->core);
	cr_expect_eq(n_told, 0);
	reaper_drain(reaper);
	cr_expect_eq(n_got, 2, "no child is no news");
}

/* SIGCHLD comes once for many. */
Test(reaper, one_drain_takes_all_that_there_are)
{
	for (int i = 0; i < 40; i++)
		(void)ended("exit 0");
	reaper_drain(reaper);
	cr_expect_eq(n_orphans, 40);
	cr_expect_eq(n_told, 1, "told once for all");
	cr_expect_eq(reaper_orphans(reaper), 40);
	(void)ended("exit 0");
	reaper_drain(reaper);
	cr_expect_eq(reaper_orphans(reaper), 41);
}

Test(reaper, what_was_forgotten_is_an_orphan)
{
	pid_t a = ended("exit 0");

	watch(a);
	reaper_forget(reaper, a);
	reaper_forget(reaper, a);
	reaper_forget(reaper, 1);
	reaper_drain(reaper);
	cr_expect_eq(n_got, 0);
	cr_expect_eq(n_orphans, 1);
}

Test(reaper, without_a_listener_orphans_are_reaped_all_the_same)
{
	struct reaper *deaf;

	cr_assert_eq(reaper_new(NULL, NULL, &deaf), 0);
	(void)ended("exit 0");
	reaper_drain(deaf);
	cr_expect_eq(reaper_orphans(deaf), 1);
	cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1, "nothing is left to wait for");
	reaper_free(deaf);
	reaper_free(NULL);
}

Test(reaper, a_child_that_only_stops_has_not_ended)
{
	char *argv[] = { "/bin/sleep", "1000", NULL };
	struct spawn_job job = spawned_job(argv);
	struct spawned s;
	siginfo_t info;

	cr_assert_eq(spawn_start(&job, &s), 0);
	watch(s.pid);
	cr_assert_eq(kill(s.pid, SIGSTOP), 0);
	cr_assert_eq(waitid(P_PID, (id_t)s.pid, &info, WSTOPPED | WNOWAIT), 0);
	reaper_drain(reaper);
	cr_expect_eq(n_got, 0);
	cr_assert_eq(kill(s.pid, SIGKILL), 0);
	cr_assert_eq(waitid(P_PID, (id_t)s.pid, &info, WEXITED | WNOWAIT), 0);
	reaper_drain(reaper);
	cr_assert_eq(n_got, 1);
	cr_expect_eq(got[0].code, SIGKILL);
	close_fd(&s.pidfd);
	close_fd(&s.status_fd);
}

static void start_another(void *ctx, const struct reaped *r)
{
	(void)ctx;
	(void)r;
	watch(ended("exit 5"));
	reaper_drain(reaper); /* from within: no recursion, the drain under way takes it */
}

Test(reaper, a_callback_may_start_another_and_ask_again)
{
	pid_t a = ended("exit 0");

	cr_assert_eq(reaper_watch(reaper, a, start_another, NULL), 0);
	reaper_drain(reaper);
	cr_assert_eq(n_got, 1);
	cr_expect_eq(got[0].code, 5);
}

Test(reaper, a_wait_that_fails_is_tried_at_the_next_event)
{
	watch(ended("exit 0"));
	sys_fake_fail("waitid", 1, EINVAL);
	reaper_drain(reaper);
	cr_expect_eq(n_got, 0);
	reaper_drain(reaper);
	cr_expect_eq(n_got, 1);
}

Test(reaper, the_watched_are_known_in_order)
{
	static const pid_t pids[] = { 500, 3, 77, 4000, 12, 13, 11, 600, 601, 2, 999, 1000, 1001, 5, 6, 7, 8, 9 };
	const pid_t *known;
	size_t n = 77;

	(void)reaper_known(reaper, &n);
	cr_expect_eq(n, 0);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		watch(pids[i]);
	reaper_forget(reaper, 600);
	reaper_forget(reaper, 2);
	reaper_forget(reaper, 4000);
	known = reaper_known(reaper, &n);
	cr_assert_eq(n, ARRAY_LEN(pids) - 3);
	for (size_t i = 1; i < n; i++)
		cr_expect_lt(known[i - 1], known[i]);
	cr_expect_eq(known[0], 3);
	cr_expect_eq(known[n - 1], 1001);
}
