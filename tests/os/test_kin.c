#include "os/kin.h"

#include "tests/fakes/sys_fake.h"
#include "tests/os/spawned.h"
#include "tests/skip.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MARK "PM1_ID=kin.1"

static bool among(pid_t pid, const pid_t *pids, ssize_t n)
{
	for (ssize_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* A child that waits to be killed; its environment is what exec gave it, its session its own. */
static pid_t start(char *const *env)
{
	char *argv[] = { "/bin/sleep", "1000", NULL };
	struct spawn_job job = spawned_job(argv);
	struct spawned s;
	enum spawn_stage stage;
	int err;

	job.env = env;
	cr_assert_eq(spawn_start(&job, &s), 0);
	cr_assert_eq(spawned_report(&s, &stage, &err), 1);
	close_fd(&s.pidfd);
	close_fd(&s.status_fd);
	return s.pid;
}

static void end(pid_t pid)
{
	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

/* A family: a main that forks `inner` into a session of its own, and tells its pid. Both wait to be killed. */
static pid_t start_family(pid_t *ret_inner)
{
	int p[2];

	cr_assert_eq(sys_pipe2(p, 0), 0);
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		(void)setsid();
		pid_t inner = fork();
		if (inner == 0) {
			(void)setsid();
			inner = getpid();
			(void)!write(p[1], &inner, sizeof(inner));
		}
		for (;;)
			pause();
	}
	cr_assert_eq(read(p[0], ret_inner, sizeof(*ret_inner)), sizeof(*ret_inner));
	close_fd(&p[0]);
	close_fd(&p[1]);
	return pid;
}

Test(kin, the_main_and_its_descendants_are_kin_whatever_their_session)
{
	pid_t pids[16], inner, main_pid = start_family(&inner);
	ssize_t n = kin_find(main_pid, MARK, pids, ARRAY_LEN(pids));

	cr_expect_eq(n, 2);
	cr_expect(among(main_pid, pids, n));
	cr_expect(among(inner, pids, n));
	cr_expect(kin_is(main_pid, main_pid, MARK));
	cr_expect(kin_is(inner, main_pid, MARK));
	cr_expect_not(kin_is(inner, 0, MARK), "of no main, and without the mark");
	cr_expect_not(kin_is(inner, inner + 1, MARK));
	cr_expect_eq(kin_find(main_pid, MARK, pids, 1), 2, "all are counted, also those there is no room for");
	(void)kill(inner, SIGKILL);
	end(main_pid);
}

/* Double-forked and in a session of its own, it is ours by nothing but its environment. */
Test(kin, an_orphan_is_known_by_its_mark)
{
	char *env[] = { "A=1", MARK, NULL }, *other[] = { "PM1_ID=kin.10", NULL };
	pid_t pids[16], marked = start(env), foreign = start(other);
	ssize_t n = kin_find(0, MARK, pids, ARRAY_LEN(pids));

	cr_expect_eq(n, 1);
	cr_expect(among(marked, pids, n));
	cr_expect(!among(foreign, pids, n));
	cr_expect(kin_is(marked, 0, MARK));
	cr_expect_not(kin_is(foreign, 0, MARK));
	end(marked);
	end(foreign);
}

/* One exec after the other: in the midst of it there is no environment to be read. */
Test(kin, an_orphan_that_execs_at_that_very_moment_is_known_by_its_mark)
{
	/* Also when this test is killed it doesn't run for ever; and its mark is its own: other tests run beside it. */
	static char again[] = "ulimit -t 60; exec /bin/sh -c \"$0\" \"$0\"";
	char mark[64];
	char *argv[] = { "/bin/sh", "-c", again, again, NULL }, *env[] = { mark, NULL };
	struct spawn_job job = spawned_job(argv);
	struct spawned s;
	enum spawn_stage stage;
	pid_t pids[4];
	int err, missed = 0;

	(void)snprintf(mark, sizeof(mark), "PM1_ID=kin.exec.%d", (int)getpid());
	job.env = env;
	cr_assert_eq(spawn_start(&job, &s), 0);
	cr_assert_eq(spawned_report(&s, &stage, &err), 1);
	close_fd(&s.pidfd);
	close_fd(&s.status_fd);
	for (int i = 0; i < 3000; i++)
		missed += kin_find(0, mark, pids, ARRAY_LEN(pids)) != 1;
	end(s.pid);
	cr_assert_eq(missed, 0, "missed in %d of 3000 looks", missed);
}

Test(kin, when_the_main_has_gone_its_session_and_its_marked_children_remain)
{
	pid_t pids[16], inner;

	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	setenv("PM1_ID", "kin.1", 1);
	pid_t main_pid = start_family(&inner);
	end(main_pid);
	/* Forked from us, whose environment was read before setenv, it bears no mark, and its session isn't main's: it is missed. */
	cr_expect_eq(kin_find(main_pid, MARK, pids, ARRAY_LEN(pids)), 0);
	end(inner);

	char *argv[] = { "/bin/sh", "-c", "sleep 1000 & echo $!", NULL }, *env[] = { "PATH=/bin", MARK, NULL };
	struct spawn_job job = spawned_job(argv);
	char text[32] = "";
	int p[2];

	cr_assert_eq(sys_pipe2(p, 0), 0);
	job.env = env;
	job.out_fd = p[1];
	cr_expect_eq(spawned_run(&job), 0);
	cr_assert_gt(read(p[0], text, sizeof(text) - 1), 0);
	inner = (pid_t)strtol(text, NULL, 10);
	cr_expect_eq(kin_find(0, MARK, pids, ARRAY_LEN(pids)), 1, "by its mark");
	cr_expect_eq(pids[0], inner);
	cr_expect_eq(kin_find(getsid(inner), "PM1_ID=other", pids, ARRAY_LEN(pids)), 1, "by its session");
	end(inner);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

Test(kin, the_dead_do_not_count)
{
	pid_t pids[4], pid = start(spawned_env);
	siginfo_t info;

	cr_expect_eq(kin_find(pid, MARK, pids, ARRAY_LEN(pids)), 1);
	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_assert_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	cr_expect_eq(kin_find(pid, MARK, pids, ARRAY_LEN(pids)), 0, "a zombie");
	cr_expect_not(kin_is(pid, pid, MARK));
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_expect_eq(kin_find(pid, MARK, pids, ARRAY_LEN(pids)), 0);
	cr_expect_not(kin_is(pid, pid, MARK));
}

Test(kin, we_are_nobodys_kin)
{
	char mark[64] = "PATH=";
	pid_t pids[1024];
	const char *path = getenv("PATH");

	if (path && strlen(path) < sizeof(mark) - 6)
		snprintf(mark, sizeof(mark), "PATH=%s", path);
	ssize_t n = kin_find(getsid(0), mark, pids, ARRAY_LEN(pids));

	cr_assert_geq(n, 0);
	cr_expect(!among(getpid(), pids, n));
	cr_expect(!among(1, pids, n));
	cr_expect_not(kin_is(getpid(), getsid(0), mark));
	cr_expect_not(kin_is(1, getsid(0), mark));
	cr_expect_not(kin_is(getppid(), 0, mark));
}

/* Who floods a service's socket must not make us walk all of /proc for each word. */
Test(kin, one_process_is_told_without_a_look_at_all_others)
{
	pid_t inner, main_pid = start_family(&inner);

	sys_fake_reset();
	cr_expect(kin_is(inner, main_pid, MARK));
	cr_expect_leq(sys_fake_count("open"), 2, "its own and its parent's: %u", sys_fake_count("open"));
	cr_expect_eq(sys_fake_count("opendir"), 0);
	(void)kill(inner, SIGKILL);
	end(main_pid);
}

/* Where an entry lies across two pieces of what is read, at the end, behind one longer than the buffer, in another's middle. */
Test(kin, a_mark_is_found_wherever_it_stands_and_only_whole)
{
	static const struct {
		size_t before; /* bytes of the entry in front of it */
		const char *text;
		bool found;
	} cases[] = {
		{ 0, MARK, true },	   { 10, MARK, true },	    { 4080, MARK, true },	  { 4084, MARK, true },
		{ 4090, MARK, true },	   { 4095, MARK, true },    { 4096, MARK, true },	  { 8185, MARK, true },
		{ 8190, MARK, true },	   { 8192, MARK, true },    { 20000, MARK, true },	  { 100000, MARK, true },
		{ 10, MARK "1", false },   { 10, "X" MARK, false }, { 4090, "PM1_ID=kin.", false }, { 9000, "X" MARK, false },
		{ 8180, "X" MARK, false }, { 0, "", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *filler = malloc(cases[i].before + 1), *env[] = { filler, (char *)cases[i].text, NULL };
		char *first[] = { (char *)cases[i].text, NULL };
		pid_t pids[4];

		cr_assert_not_null(filler);
		memset(filler, 'f', cases[i].before);
		filler[cases[i].before] = 0;
		pid_t pid = start(cases[i].before ? env : first);
		cr_expect_eq(kin_find(0, MARK, pids, ARRAY_LEN(pids)), cases[i].found ? 1 : 0, "%zu bytes, then %s",
			     cases[i].before, cases[i].text);
		end(pid);
		free(filler);
	}
}

/* A mark at the end of a long entry isn't one: it has to begin one. */
Test(kin, the_end_of_a_long_entry_is_no_mark)
{
	for (size_t before = 4060; before < 4110; before++) {
		char filler[8192], *env[] = { filler, NULL };
		pid_t pids[4];

		memset(filler, 'f', before);
		memcpy(filler + before, MARK, sizeof(MARK));
		pid_t pid = start(env);
		cr_expect_eq(kin_find(0, MARK, pids, ARRAY_LEN(pids)), 0, "%zu", before);
		end(pid);
	}
}

/* The name stands in brackets in the middle of the line, and the kernel escapes nothing in it. */
Test(kin, a_name_that_looks_like_other_fields_misleads_nobody)
{
	int p[2];
	char c;
	pid_t pids[4];
	uint64_t at;

	cr_assert_eq(sys_pipe2(p, 0), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_NAME, "x) Z 1 1 1 (", 0, 0, 0);
		(void)!write(p[1], "", 1);
		for (;;)
			pause();
	}
	cr_assert_eq(read(p[0], &c, 1), 1);
	cr_expect_eq(kin_find(pid, MARK, pids, ARRAY_LEN(pids)), 1);
	cr_expect_eq(pids[0], pid);
	cr_expect_eq(kin_start_time(pid, &at), 0);
	end(pid);
}

static int by_number(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

Test(kin, a_child_that_is_not_known_is_a_stranger)
{
	pid_t known[3] = { start(spawned_env), start(spawned_env), start(spawned_env) };
	int r = kin_strangers(known, 3);

	if (r == -ENOENT) {
		for (size_t i = 0; i < 3; i++)
			end(known[i]);
		skip_test("this kernel has no children file");
	}
	qsort(known, 3, sizeof(*known), by_number);
	cr_expect_eq(r, 0);
	cr_expect_eq(kin_strangers(known, 2), 1, "the last");
	cr_expect_eq(kin_strangers(known + 1, 2), 1, "the first");
	cr_expect_eq(kin_strangers(NULL, 0), 1);
	for (size_t i = 0; i < 3; i++)
		end(known[i]);
	cr_expect_eq(kin_strangers(NULL, 0), 0, "no child at all");
}

Test(kin, without_proc_it_is_an_error_and_not_an_empty_answer)
{
	pid_t self = getpid(), pids[4];
	uint64_t at = 77;

	sys_fake_fail_always("open", ENOENT);
	cr_expect_eq(kin_strangers(NULL, 0), -ENOENT);
	cr_expect_eq(kin_start_time(self, &at), -ENOENT);
	cr_expect_eq(at, 77, "the result is untouched");
	cr_expect_eq(kin_find(self, MARK, pids, ARRAY_LEN(pids)), -ENOENT, "an unmounted /proc is an empty folder");
	sys_fake_fail_always("open", EMFILE);
	cr_expect_eq(kin_strangers(NULL, 0), -EMFILE);
	cr_expect_eq(kin_find(self, MARK, pids, ARRAY_LEN(pids)), -EMFILE);
	sys_fake_reset();
	sys_fake_fail("read", 1, EIO);
	size_t fds = sys_fake_open_fds();
	cr_expect_eq(kin_strangers(NULL, 0), -EIO);
	cr_expect_eq(sys_fake_open_fds(), fds);
}

Test(kin, a_start_time_tells_a_pid_from_its_next_owner)
{
	pid_t a = start(spawned_env);
	uint64_t first, again;

	cr_assert_eq(kin_start_time(a, &first), 0);
	cr_assert_eq(kin_start_time(a, &again), 0);
	cr_expect_eq(first, again);
	cr_expect_gt(first, 0);
	end(a);
	cr_expect_eq(kin_start_time(a, &again), -ENOENT);
}

Test(kin, usage_is_the_sum_of_the_living)
{
	struct kin_usage one, two;
	pid_t self = getpid(), dead = start(spawned_env), both[] = { self, dead, self };

	end(dead);
	cr_assert_eq(kin_usage(&self, 1, true, &one), 0);
	cr_expect_gt(one.memory, 0);
	cr_assert_eq(kin_usage(both, 3, true, &two), 0);
	cr_expect_gt(two.memory, one.memory, "counted twice");
	cr_expect_eq(two.pss, one.pss);
	struct kin_usage time_only;
	cr_assert_eq(kin_usage(both, 3, false, &time_only), 0);
	cr_expect_eq(time_only.memory, 0, "not asked for");
	cr_expect_geq(time_only.cpu_usec, two.cpu_usec);
	cr_assert_eq(kin_usage(&dead, 1, true, &one), 0);
	cr_expect_eq(one.memory, 0);
	cr_expect_eq(one.cpu_usec, 0);
	cr_assert_eq(kin_usage(NULL, 0, true, &one), 0);
	cr_expect_eq(one.memory, 0);
}

/* Another user's smaps may not be read, its stat may. */
Test(kin, where_pss_cannot_be_read_it_is_rss)
{
	struct kin_usage u;
	pid_t self = getpid();

	sys_fake_fail("open", 2, EACCES);
	cr_assert_eq(kin_usage(&self, 1, true, &u), 0);
	cr_expect(!u.pss);
	cr_expect_gt(u.memory, 0);
	cr_expect_eq(u.memory % (uint64_t)sysconf(_SC_PAGESIZE), 0);
}
