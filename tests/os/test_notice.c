#include "os/notice.h"

#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tests/os/adopted.h"
#include "tests/skip.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

TestSuite(notice, .init = folder_enter, .fini = folder_leave, .timeout = 60);

static struct adopted_child child;

/* Starts prog's steps under the filter and takes the listener. */
static int start(char *const *steps)
{
	int listener = -1;

	adopted_start(&child, steps, NULL);
	adopted_await(child.s.adopt_fd);
	cr_assert_eq(notice_receive(child.s.adopt_fd, &listener), 0);
	close_fd(&child.s.adopt_fd);
	return listener;
}

static struct notice next(int listener)
{
	struct notice n = { 0 };

	adopted_await(listener);
	cr_assert_eq(notice_take(listener, &n), 0);
	return n;
}

#define STEPS(...) ((char *[]){ __VA_ARGS__, NULL })

Test(notice, bind_and_listen_are_told_of_and_wait)
{
	cleanup_fd int listener = start(STEPS("tcp4", "bind:127.0.0.1:0", "listen:7", "say:done"));

	cr_assert_geq(listener, 0, "%s", strerror(-listener));
	cr_expect(fcntl(listener, F_GETFD) & FD_CLOEXEC);
	struct notice n = next(listener);
	cr_expect_eq(n.call, NOTICE_BIND);
	cr_expect_eq(n.tid, child.s.pid);
	cr_expect_eq(n.len, sizeof(struct sockaddr_in));
	cr_expect_neq(n.address, 0);
	cr_expect(notice_is_waiting(listener, n.id));
	cr_expect(!notice_is_waiting(listener, n.id + 1000));
	cr_assert_eq(notice_go_on(listener, n.id), 0);
	cr_expect_lt(notice_go_on(listener, n.id), 0, "answered once"); /* in progress, or gone */
	int fd = n.fd;
	n = next(listener);
	cr_expect_eq(n.call, NOTICE_LISTEN);
	cr_expect_eq(n.fd, fd);
	cr_assert_eq(notice_go_on(listener, n.id), 0);
	cr_expect_str_eq(adopted_said(&child), "bind 0\nlisten 0\ndone\n");
	cr_expect_eq(adopted_end(&child), 0);
}

Test(notice, an_answer_takes_the_place_of_the_call)
{
	cleanup_fd int listener = start(STEPS("tcp4", "bind:192.0.2.1:1", "listen:7", "look"));

	cr_assert_eq(notice_answer(listener, next(listener).id), 0);
	cr_assert_eq(notice_answer(listener, next(listener).id), 0);
	const char *said = adopted_said(&child);
	cr_expect_eq(strstr(said, "bind 0\nlisten 0\nlook"), said, "%s", said);
	cr_expect_null(strstr(said, "listening"), "nobody has called the kernel: %s", said);
	cr_expect_eq(adopted_end(&child), 0);
}

Test(notice, a_descriptor_given_takes_the_place_of_the_programs_own)
{
	cleanup_fd int held = adopted_hold(AF_UNIX, NULL, NULL);
	cleanup_fd int listener = start(STEPS("tcp4", "bind:127.0.0.1:0", "look"));
	struct notice n = next(listener);

	cr_assert_eq(notice_give(listener, n.id, held, n.fd, true), 0);
	cr_assert_eq(notice_answer(listener, n.id), 0);
	const char *said = adopted_said(&child);
	cr_expect_eq(strstr(said, "bind 0\nlook domain=1 cloexec listening"), said, "%s", said);
	cr_expect_eq(adopted_end(&child), 0);
	cr_expect_eq(notice_give(listener, n.id, held, n.fd, true), -ENOENT, "nobody waits");
}

Test(notice, all_that_a_program_starts_is_under_the_filter)
{
	cleanup_fd int listener = start(STEPS("tcp4", "thread", "bind:127.0.0.1:0", "fork", "listen:1"));
	struct notice n = next(listener);

	cr_expect_neq(n.tid, child.s.pid, "a thread is told of by its own number");
	cr_assert_eq(notice_go_on(listener, n.id), 0);
	n = next(listener);
	cr_expect_neq(n.tid, child.s.pid);
	cr_assert_eq(notice_go_on(listener, n.id), 0);
	cr_expect_str_eq(adopted_said(&child), "bind 0\nlisten 0\n");
	cr_expect_eq(adopted_end(&child), 0);
}

Test(notice, when_the_last_process_has_gone_the_listener_says_so)
{
	cleanup_fd int listener = start(STEPS("tcp4", "bind:127.0.0.1:0"));
	struct notice n = next(listener);

	cr_assert_eq(kill(child.s.pid, SIGKILL), 0);
	cr_expect_eq(adopted_end(&child), 128 + SIGKILL);
	struct pollfd p = { .fd = listener, .events = POLLIN };
	cr_assert_eq(poll(&p, 1, 60000), 1);
	cr_expect_eq(p.revents, POLLHUP);
	cr_expect(!notice_is_waiting(listener, n.id));
	cr_expect_eq(notice_answer(listener, n.id), -ENOENT);
}

/* What poll has seen and what is gone when it is asked for must not block: PID 1 asks. */
Test(notice, a_caller_that_dies_before_it_is_taken_blocks_nobody)
{
	cleanup_fd int listener = start(STEPS("tcp4", "bind:127.0.0.1:0"));
	struct notice n;

	adopted_await(listener);
	cr_assert_eq(kill(child.s.pid, SIGKILL), 0);
	cr_expect_eq(adopted_end(&child), 128 + SIGKILL);
	cr_expect_eq(notice_take(listener, &n), -ENOENT);
}

Test(notice, without_the_listener_the_calls_fail)
{
	int listener = start(STEPS("tcp4", "bind:127.0.0.1:0"));

	(void)next(listener);
	close_fd(&listener);
	cr_expect_str_eq(adopted_said(&child), "bind ENOSYS\n");
	cr_expect_eq(adopted_end(&child), 0);
}

static bool no_new_privs(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	return strstr(folder_get(path), "NoNewPrivs:\t1") != NULL;
}

Test(notice, the_mighty_keep_their_privileges_and_others_take_no_new_ones)
{
	if (geteuid() != 0)
		skip_test("not root");
	cleanup_fd int listener = start(STEPS("tcp4", "bind:127.0.0.1:0"));
	struct notice n = next(listener);

	cr_expect(!no_new_privs(n.tid));
	cr_assert_eq(notice_go_on(listener, n.id), 0);
	cr_expect_str_eq(adopted_said(&child), "bind 0\n");
	cr_expect_eq(adopted_end(&child), 0);
	close_fd(&listener);

	sys_fake_fail("seccomp", 1, EACCES);
	listener = start(STEPS("tcp4", "bind:127.0.0.1:0"));
	cr_assert_geq(listener, 0);
	n = next(listener);
	cr_expect(no_new_privs(n.tid));
	cr_assert_eq(notice_go_on(listener, n.id), 0);
	cr_expect_str_eq(adopted_said(&child), "bind 0\n");
	cr_expect_eq(adopted_end(&child), 0);
}

Test(notice, an_older_kernel_without_the_newest_flag_does_as_well)
{
	sys_fake_fail("seccomp", 1, EINVAL);
	cleanup_fd int listener = start(STEPS("tcp4", "bind:127.0.0.1:0"));

	cr_assert_geq(listener, 0);
	cr_assert_eq(notice_go_on(listener, next(listener).id), 0);
	cr_expect_str_eq(adopted_said(&child), "bind 0\n");
	cr_expect_eq(adopted_end(&child), 0);
}

Test(notice, a_kernel_that_can_not_let_a_call_go_on_is_not_asked)
{
	cr_expect(notice_kernel_does("5.9"));
	cr_expect(notice_kernel_does("5.10.0-28-amd64"));
	cr_expect(notice_kernel_does("6.1.0-56-cloud-amd64"));
	cr_expect(notice_kernel_does("10.0"));
	cr_expect(!notice_kernel_does("5.8.18"));
	cr_expect(!notice_kernel_does("4.18.0-553.el8.x86_64"));
	cr_expect(!notice_kernel_does("5"));
	cr_expect(!notice_kernel_does(""));
}

/* The program runs all the same, but not before the parent has heard of it and let go of what the program will ask for itself. */
Test(notice, where_no_filter_can_be_had_the_reason_comes_and_the_program_runs)
{
	static const int errors[] = { EBUSY, ENOSYS, EACCES };

	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		int listener = 0;
		enum spawn_stage stage;
		int err;
		sys_fake_fail_always("seccomp", errors[i]);
		adopted_start(&child, STEPS("tcp4", "bind:127.0.0.1:0"), NULL);
		adopted_await(child.s.adopt_fd);
		cr_assert_eq(notice_receive(child.s.adopt_fd, &listener), 0);
		cr_expect_eq(listener, -errors[i]);
		cr_expect_eq(spawn_report(child.s.status_fd, &stage, &err), -EAGAIN, "it waits for us");
		close_fd(&child.s.adopt_fd);
		cr_expect_str_eq(adopted_said(&child), "bind 0\n");
		cr_expect_eq(adopted_end(&child), 0);
		sys_fake_reset();
	}
}

/* One listener a process: a container manager, or a pm1 around this one, may have put its own there. */
Test(notice, a_listener_around_us_is_the_kernels_ebusy)
{
	int listener = 0, outer = notice_install(true);

	cr_assert_geq(outer, 0, "%s", strerror(-outer));
	adopted_start(&child, STEPS("say:runs"), NULL);
	adopted_await(child.s.adopt_fd);
	cr_assert_eq(notice_receive(child.s.adopt_fd, &listener), 0);
	cr_expect_eq(listener, -EBUSY);
	close_fd(&child.s.adopt_fd);
	cr_expect_str_eq(adopted_said(&child), "runs\n");
	cr_expect_eq(adopted_end(&child), 0);
	close_fd(&outer);
}

Test(notice, a_child_that_ends_before_is_told_from_one_that_has_not_spoken)
{
	struct adopted_child c;
	struct ids ids = { .set_group = true };
	int listener;

	sys_fake_fail("close_range", 1, ENOSYS); /* nothing else hangs on it */
	adopted_prepare(&c, STEPS("say:never"));
	c.job.cwd = "/";
	c.job.fds = &(struct spawn_fd){ .from = 9999, .to = 3 };
	c.job.n_fds = 1;
	c.job.ids = &ids;
	adopted_go(&c);
	struct pollfd p = { .fd = c.s.adopt_fd, .events = POLLIN };
	cr_assert_eq(poll(&p, 1, 60000), 1);
	cr_expect_eq(notice_receive(c.s.adopt_fd, &listener), -ENODATA);
	cr_expect_eq(adopted_end(&c), 126);
}

Test(notice, nothing_is_left_open_when_a_start_fails)
{
	static const char *const calls[] = { "socketpair", "fcntl", "pipe2" };
	size_t fds = sys_fake_open_fds();

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		for (unsigned int nth = 1; nth < 4; nth++) {
			struct adopted_child c;
			adopted_prepare(&c, STEPS("say:runs"));
			size_t before = sys_fake_open_fds();
			sys_fake_fail(calls[i], nth, EMFILE);
			int r = spawn_start(&c.job, &c.s);
			sys_fake_reset();
			if (r == 0) { /* it needs fewer */
				adopted_started(&c);
				close_fd(&c.s.adopt_fd);
				(void)kill(c.s.pid, SIGKILL);
				(void)adopted_end(&c);
				break;
			}
			cr_expect_eq(r, -EMFILE);
			cr_expect_eq(sys_fake_open_fds(), before, "%s %u", calls[i], nth);
			adopted_drop(&c);
		}
	}
	cr_expect_eq(sys_fake_open_fds(), fds);
}
