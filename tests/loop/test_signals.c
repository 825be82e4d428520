#include "loop/signals.h"

#include "base/sys.h"
#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

static struct loop *loop;
static struct signals *signals;
static int got[64], n_got;
static pid_t from;

static void on_signal(void *ctx, int sig, pid_t sender)
{
	cr_expect_eq(ctx, &loop);
	cr_assert_lt(n_got, 64);
	got[n_got++] = sig;
	from = sender;
}

static void begin(void)
{
	cr_assert_eq(signals_block(NULL), 0);
	cr_assert_eq(loop_new(&loop), 0);
	cr_assert_eq(signals_new(loop, on_signal, &loop, &signals), 0);
}

static void done(void)
{
	signals_free(signals);
	loop_free(loop);
}

TestSuite(signals, .init = begin, .fini = done, .timeout = 60);

static bool has_come(int sig)
{
	for (int i = 0; i < n_got; i++)
		if (got[i] == sig)
			return true;
	return false;
}

Test(signals, a_signal_comes_as_an_event_with_its_sender)
{
	cr_assert_eq(kill(getpid(), SIGHUP), 0);
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_eq(n_got, 1);
	cr_expect_eq(got[0], SIGHUP);
	cr_expect_eq(from, getpid());
}

Test(signals, many_of_one_kind_are_one)
{
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(kill(getpid(), SIGHUP), 0);
	cr_assert_eq(kill(getpid(), SIGTERM), 0);
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_eq(n_got, 2);
	cr_expect(has_come(SIGHUP));
	cr_expect(has_come(SIGTERM));
}

/* More at once than one read takes. */
Test(signals, every_kind_that_can_be_blocked_comes)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGKILL, SIGSTOP };
	int sent = 0;

	for (int sig = 1; sig <= SIGRTMAX; sig++) {
		bool skipped = sig > SIGSYS && sig < SIGRTMIN; /* libc's own */
		for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
			skipped = skipped || faults[i] == sig;
		/* A CONT takes the stops away, and a stop the CONT. */
		if (skipped || sig == SIGCONT)
			continue;
		cr_assert_eq(kill(getpid(), sig), 0);
		sent++;
	}
	while (n_got < sent)
		cr_assert_eq(loop_once(loop), 0);
	cr_expect_eq(n_got, sent);
	cr_expect(has_come(SIGRTMAX));
	cr_expect(has_come(SIGCHLD));
	cr_expect(has_come(SIGTSTP));
}

Test(signals, a_fault_of_our_own_is_not_blocked)
{
	sigset_t mask;

	cr_assert_eq(sys_sigmask(SIG_BLOCK, NULL, &mask), 0);
	cr_expect(!sigismember(&mask, SIGSEGV));
	cr_expect(!sigismember(&mask, SIGABRT));
	cr_expect(sigismember(&mask, SIGTERM));
	cr_expect(sigismember(&mask, SIGPIPE));
}

Test(signals, the_mask_that_was_is_handed_back)
{
	sigset_t mask, before;

	sigemptyset(&mask);
	sigaddset(&mask, SIGWINCH);
	cr_assert_eq(sys_sigmask(SIG_SETMASK, &mask, NULL), 0);
	cr_assert_eq(signals_block(&before), 0);
	cr_expect(sigismember(&before, SIGWINCH));
	cr_expect(!sigismember(&before, SIGTERM));
}

Test(signals, a_read_that_fails_loses_none)
{
	cr_assert_eq(kill(getpid(), SIGHUP), 0);
	sys_fake_fail("read", 1, EIO);
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_eq(n_got, 0);
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_eq(n_got, 1);
}

Test(signals, what_cannot_be_made_leaves_nothing_open)
{
	static const char *const calls[] = { "signalfd", "epoll_ctl" };

	for (size_t i = 0; i < 2; i++) {
		struct signals *s = NULL;
		size_t fds = sys_fake_open_fds();

		sys_fake_fail(calls[i], 1, ENOMEM);
		cr_expect_eq(signals_new(loop, on_signal, &loop, &s), -ENOMEM);
		cr_expect_null(s);
		cr_expect_eq(sys_fake_open_fds(), fds);
	}
	signals_free(NULL);
	sys_fake_fail("sigmask", 1, EINVAL);
	cr_expect_eq(signals_block(NULL), -EINVAL);
}
