#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tests/os/spawned.h"
#include "tests/skip.h"

#include <fcntl.h>
#include <sys/resource.h>

TestSuite(spawn, .init = folder_enter, .fini = folder_leave);

#define ARGV(...) ((char *[]){ __VA_ARGS__, NULL })

/* Runs a shell line with its output in a file, and returns what it said. `job` is NULL, or has what is asked for. */
static const char *said(char *line, struct spawn_job *job)
{
	struct spawn_job plain = spawned_job(NULL);
	int fd = open("said", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	cr_assert_geq(fd, 0);
	job = job ? job : &plain;
	job->argv = ARGV("/bin/sh", "-c", line);
	job->out_fd = fd;
	cr_expect_eq(spawned_run(job), 0, "%s", line);
	close_fd(&fd);
	return folder_get("said");
}

Test(spawn, a_program_runs_and_its_end_can_be_waited_for)
{
	struct spawn_job job = spawned_job(ARGV("/bin/true"));
	size_t fds = sys_fake_open_fds();

	cr_expect_eq(spawned_run(&job), 0);
	job.argv = ARGV("/bin/sh", "-c", "exit 7");
	cr_expect_eq(spawned_run(&job), 7);
	cr_expect_eq(sys_fake_open_fds(), fds);
}

Test(spawn, the_pidfd_is_the_childs)
{
	struct spawn_job job = spawned_job(ARGV("/bin/sleep", "1000"));
	struct spawned s;

	cr_assert_eq(spawn_start(&job, &s), 0);
	if (s.pidfd < 0) {
		(void)sys_kill(s.pid, SIGKILL);
		(void)spawned_end(&s);
		skip_test("this kernel has no pidfds");
	}
	cr_expect_eq(sys_pidfd_send_signal(s.pidfd, SIGTERM), 0);
	cr_expect_eq(spawned_end(&s), 128 + SIGTERM);
}

Test(spawn, a_name_is_looked_up_in_the_path_that_the_program_will_have)
{
	char path[128];
	struct spawn_job job = spawned_job(ARGV("hello"));

	folder_put("hello", "#!/bin/sh\nexit 3\n");
	cr_assert_eq(chmod("hello", 0755), 0);
	spawned_fails(&job, SPAWN_EXEC, ENOENT, 127);
	snprintf(path, sizeof(path), "PATH=/nowhere:%s:/bin", folder);
	job.env = ARGV("A=1", path);
	cr_expect_eq(spawned_run(&job), 3);
	job.env = ARGV("PATH=/nowhere:");
	cr_expect_eq(spawned_run(&job), 3, "an empty part is the current folder");
	job.env = NULL;
	spawned_fails(&job, SPAWN_EXEC, ENOENT, 127);
	job.argv = ARGV("true");
	cr_expect_eq(spawned_run(&job), 0, "without a PATH the usual folders are looked through");
}

Test(spawn, the_file_to_run_may_differ_from_the_name_it_is_given)
{
	struct spawn_job job = spawned_job(ARGV("renamed", "-c", "test \"$0\" = renamed || exit 9"));

	job.exe = "/bin/sh";
	cr_expect_eq(spawned_run(&job), 0);
}

Test(spawn, what_cannot_be_run_is_told_with_its_reason)
{
	struct spawn_job job = spawned_job(ARGV("/bin/there-is-no-such-program"));

	spawned_fails(&job, SPAWN_EXEC, ENOENT, 127);
	job.argv = ARGV("");
	spawned_fails(&job, SPAWN_EXEC, ENOENT, 127);
	job.argv = ARGV("/etc/passwd/x");
	spawned_fails(&job, SPAWN_EXEC, ENOENT, 127);
	folder_put("plain", "no program at all\n");
	job.argv = ARGV("./plain");
	spawned_fails(&job, SPAWN_EXEC, EACCES, 126);
	cr_assert_eq(chmod("plain", 0755), 0);
	spawned_fails(&job, SPAWN_EXEC, ENOEXEC, 126);
	job.argv = ARGV("/etc");
	spawned_fails(&job, SPAWN_EXEC, EACCES, 126);
	folder_put("lost", "#!/there/is/no/such/shell\n");
	cr_assert_eq(chmod("lost", 0755), 0);
	job.argv = ARGV("./lost");
	spawned_fails(&job, SPAWN_EXEC, ENOENT, 127);
}

/* As execvp(3): one that may not be run in the first folder doesn't hide the one behind, and is what is told of when there is none. */
Test(spawn, a_file_that_may_not_be_run_does_not_end_the_search)
{
	struct spawn_job job = spawned_job(ARGV("true"));

	folder_put("true", "");
	job.env = ARGV("PATH=.:/bin");
	cr_expect_eq(spawned_run(&job), 0);
	job.env = ARGV("PATH=.:/nowhere");
	spawned_fails(&job, SPAWN_EXEC, EACCES, 126);
}

Test(spawn, arguments_too_long_for_the_kernel_are_told)
{
	static char huge[4 << 20];
	struct spawn_job job = spawned_job(ARGV("/bin/true", huge));

	memset(huge, 'x', sizeof(huge) - 1);
	spawned_fails(&job, SPAWN_EXEC, E2BIG, 126);
}

Test(spawn, the_folder_is_entered)
{
	struct spawn_job job = spawned_job(NULL);

	job.cwd = "/usr";
	cr_expect_str_eq(said("pwd", &job), "/usr\n");
	job.cwd = "/no/such/folder";
	spawned_fails(&job, SPAWN_CWD, ENOENT, 126);
}

Test(spawn, the_umask_and_the_limit_of_files_are_set)
{
	struct spawn_job job = spawned_job(NULL);
	struct rlimit limit = { 123, 123 };

	job.umask = 027;
	job.nofile = &limit;
	cr_expect_str_eq(said("umask; ulimit -n", &job), "0027\n123\n");
	limit = (struct rlimit){ 5, 4 };
	spawned_fails(&job, SPAWN_LIMITS, EINVAL, 126);
}

Test(spawn, the_oom_score_is_written)
{
	struct spawn_job job = spawned_job(NULL);

	job.oom_score_adj = 321;
	cr_expect_str_eq(said("cat /proc/self/oom_score_adj", &job), "321\n");
}

/* A starter like nohup leaves signals ignored, pm1 itself blocks all. 32 and 33 are libc's, which lets nobody set them; its posix_spawn,
 * by which make starts its commands, leaves them ignored: with `make unit` these are tested too. */
Test(spawn, no_signal_is_left_blocked_or_ignored)
{
	struct spawn_job job = spawned_job(ARGV("grep", "-q", "^SigIgn:.0000000000000000$", "/proc/self/status"));
	sigset_t all, mask;

	sigfillset(&all);
	sigemptyset(&mask);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGRTMAX, SIG_IGN);
	cr_assert_eq(sys_sigmask(SIG_SETMASK, &all, NULL), 0);
	job.mask = &mask;
	cr_expect_eq(spawned_run(&job), 0, "some are ignored");
	job.argv = ARGV("grep", "-q", "^SigBlk:.0000000000000000$", "/proc/self/status");
	cr_expect_eq(spawned_run(&job), 0, "some are blocked");
	job.argv = ARGV("grep", "-q", "^SigBlk:.0000000000000200$", "/proc/self/status");
	cr_expect_eq(spawned_run(&job), 1);
	sigaddset(&mask, SIGUSR1);
	cr_expect_eq(spawned_run(&job), 0, "not the mask that was asked for");
}

Test(spawn, a_session_of_its_own_or_a_group_in_ours)
{
	struct spawn_job job = spawned_job(NULL);
	char ours[32];
	int pid = 0, pgid = 0, sid = 0;

	/* Fields 1, 5 and 6 of stat; the name in 2 has no blanks here. */
	cr_assert_eq(sscanf(said("read a b c d e f g </proc/$$/stat; echo $a $e $f", &job), "%d %d %d", &pid, &pgid, &sid), 3);
	cr_expect_eq(pgid, pid);
	cr_expect_eq(sid, pid);
	job.foreground_tty = true;
	cr_assert_eq(sscanf(said("read a b c d e f g </proc/$$/stat; echo $a $e $f", &job), "%d %d %d", &pid, &pgid, &sid), 3);
	cr_expect_eq(pgid, pid);
	snprintf(ours, sizeof(ours), "%d", (int)getsid(0));
	cr_expect_eq(sid, getsid(0), "not in session %s", ours);
}

Test(spawn, streams_that_are_not_given_go_nowhere)
{
	struct spawn_job job = spawned_job(ARGV("/bin/sh", "-c", "for i in 0 1 2; do test /proc/self/fd/$i -ef /dev/null || exit 9; done"));

	cr_expect_eq(spawned_run(&job), 0);
}

/* The very numbers that are to be filled, each in another's place. */
Test(spawn, streams_may_be_handed_over_crosswise)
{
	struct spawn_job job = spawned_job(ARGV("/bin/sh", "-c", "read x; echo out $x; echo err >&2; echo extra >&3"));

	folder_put("in", "word\n");
	int in = open("in", O_RDONLY), out = open("out", O_WRONLY | O_CREAT, 0600), err = open("err", O_WRONLY | O_CREAT, 0600),
	    extra = open("extra", O_WRONLY | O_CREAT, 0600);
	int saved_err = fcntl(2, F_DUPFD_CLOEXEC, 20);

	cr_assert(in > 2 && out > 2 && err > 2 && extra > 2 && saved_err > 2);
	cr_assert_eq(dup2(in, 2), 2);
	cr_assert_eq(dup2(out, 0), 0);
	cr_assert_eq(dup2(err, 1), 1);
	job.in_fd = 2;
	job.out_fd = 0;
	job.err_fd = 1;
	job.fds = &(struct spawn_fd){ extra, 3 };
	job.n_fds = 1;
	int code = spawned_run(&job);

	(void)dup2(saved_err, 2);
	cr_expect_eq(code, 0);
	cr_expect_str_eq(folder_get("out"), "out word\n");
	cr_expect_str_eq(folder_get("err"), "err\n");
	cr_expect_str_eq(folder_get("extra"), "extra\n");
}

/* Some of them stand where others are to go, and the report's own pipe would be in the way of the highest. */
Test(spawn, many_descriptors_get_the_numbers_they_are_to_have)
{
	struct spawn_job job = spawned_job(ARGV("/bin/sh", "-c", "echo a >&3; echo b >&4; echo c >/proc/self/fd/200; test ! -e /proc/$$/fd/5"));
	int a = open("a", O_WRONLY | O_CREAT, 0600), b = open("b", O_WRONLY | O_CREAT, 0600), c = open("c", O_WRONLY | O_CREAT, 0600);
	int at_4 = fcntl(a, F_DUPFD, 4), at_3 = fcntl(b, F_DUPFD, 3);

	cr_assert(a > 2 && b > 2 && c > 2 && at_4 > 2 && at_3 > 2);
	job.fds = (struct spawn_fd[]){ { at_4, 3 }, { at_3, 4 }, { c, 200 } };
	job.n_fds = 3;
	cr_expect_eq(spawned_run(&job), 0);
	cr_expect_str_eq(folder_get("a"), "a\n");
	cr_expect_str_eq(folder_get("b"), "b\n");
	cr_expect_str_eq(folder_get("c"), "c\n");
}

Test(spawn, the_child_writes_its_own_pid_where_it_is_asked_to_and_nowhere_else)
{
	char listen[] = "LISTEN_PID=" SPAWN_OWN_PID, watchdog[] = "WATCHDOG_PID=" SPAWN_OWN_PID, other[] = "ID=" SPAWN_OWN_PID;
	struct spawn_job job = spawned_job(NULL);

	job.env = (char *[]){ spawned_env[0], listen, watchdog, other, NULL };
	cr_expect_str_eq(said("test $LISTEN_PID = $$ && test $WATCHDOG_PID = $$ && echo $ID", &job), SPAWN_OWN_PID "\n");
	cr_expect_str_eq(listen, "LISTEN_PID=" SPAWN_OWN_PID);
}

/* Descriptors that pm1 inherited have no close-on-exec. With close_range refused (an old seccomp profile) too. */
static void no_other_descriptor(const char *how)
{
	char line[256];
	int low = open("/dev/null", O_RDONLY);
	int high = fcntl(low, F_DUPFD, 200);

	cr_assert(low > 2 && high >= 200);
	snprintf(line, sizeof(line), "for i in 1 %d %d; do test -e /proc/$$/fd/$i && echo $i; done; :", low, high);
	cr_expect_str_eq(said(line, NULL), "1\n", "%s", how);
	close_fd(&low);
	close_fd(&high);
}

Test(spawn, no_other_descriptor_reaches_the_program)
{
	no_other_descriptor("close_range");
	sys_fake_fail_always("close_range", ENOSYS);
	no_other_descriptor("by hand");
}

Test(spawn, without_clone3_it_is_fork)
{
	static const int refusals[] = { ENOSYS, EPERM, EINVAL, E2BIG };
	struct spawn_job job = spawned_job(ARGV("/bin/true"));

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		size_t fds = sys_fake_open_fds();

		sys_fake_reset();
		sys_fake_fail_always("clone3", refusals[i]);
		cr_expect_eq(spawned_run(&job), 0);
		cr_expect_eq(sys_fake_count("fork"), 1);
		cr_expect_eq(sys_fake_count("pidfd_open"), 1);
		cr_expect_eq(sys_fake_open_fds(), fds);
	}
	sys_fake_reset();
	cr_expect_eq(spawned_run(&job), 0);
	cr_expect_eq(sys_fake_count("clone3"), 1);
}

Test(spawn, without_any_pidfd_it_runs_all_the_same)
{
	struct spawn_job job = spawned_job(ARGV("/bin/sh", "-c", "exit 4"));
	struct spawned s;
	enum spawn_stage stage;
	int err;

	sys_fake_fail_always("clone3", ENOSYS);
	sys_fake_fail_always("pidfd_open", ENOSYS);
	cr_assert_eq(spawn_start(&job, &s), 0);
	cr_expect_eq(s.pidfd, -1);
	cr_expect_eq(spawned_report(&s, &stage, &err), 1);
	cr_expect_eq(spawned_end(&s), 4);
}

/* A limit of processes is no missing call: fork would meet it as well. */
Test(spawn, no_room_for_a_process_is_told_and_leaves_nothing_open)
{
	struct spawn_job job = spawned_job(ARGV("/bin/true"));
	struct spawned s = { .pid = 77 };
	size_t fds = sys_fake_open_fds();

	sys_fake_fail("clone3", 1, EAGAIN);
	cr_expect_eq(spawn_start(&job, &s), -EAGAIN);
	cr_expect_eq(sys_fake_count("fork"), 0);
	sys_fake_fail("clone3", 1, ENOSYS);
	sys_fake_fail("fork", 1, ENOMEM);
	cr_expect_eq(spawn_start(&job, &s), -ENOMEM);
	cr_expect_eq(sys_fake_open_fds(), fds);
	cr_expect_eq(s.pid, 77, "the result is untouched");
}

Test(spawn, without_dev_null_a_pipe_without_writers_stands_in)
{
	struct spawn_job job = spawned_job(NULL);

	sys_fake_fail("open", 1, ENOENT);
	cr_expect_str_eq(said("cat; echo end of file", &job), "end of file\n");
	cr_expect_eq(sys_fake_count("pipe2"), 2);
}

Test(spawn, whatever_call_fails_before_the_fork_leaves_nothing_open)
{
	static const char *const calls[] = { "open", "pipe2", "fcntl" };
	static const unsigned int least[] = { 0, 1, 1 };
	struct spawn_job job = spawned_job(ARGV("/bin/true"));

	/* As if started without streams: the report's pipe gets their numbers, and has to be lifted above those that the child fills. */
	for (int fd = 0; fd < 3; fd++)
		(void)close(fd);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		unsigned int failed = 0;

		for (unsigned int nth = 1; nth < 5; nth++) {
			struct spawned s;
			enum spawn_stage stage;
			int err;
			size_t fds = sys_fake_open_fds();

			sys_fake_reset();
			sys_fake_fail(calls[i], nth, EMFILE);
			int r = spawn_start(&job, &s);

			if (r == 0) {
				cr_expect_eq(spawned_report(&s, &stage, &err), 1);
				cr_expect_eq(spawned_end(&s), 0);
			} else {
				cr_expect_eq(r, -EMFILE);
				failed++;
			}
			cr_expect_eq(sys_fake_open_fds(), fds, "%s %u", calls[i], nth);
		}
		cr_expect_geq(failed, least[i], "%s", calls[i]);
	}
	sys_fake_reset();
	sys_fake_fail("open", 1, ENOENT);
	sys_fake_fail("pipe2", 1, ENFILE);
	cr_expect_eq(spawn_start(&job, &(struct spawned){ 0 }), -ENFILE, "neither /dev/null nor a pipe");
}

Test(spawn, a_report_is_whole_or_none)
{
	enum spawn_stage stage = SPAWN_STAGE_MAX;
	int err = 0, p[2], note[2] = { 99, 1 };

	cr_assert_eq(sys_pipe2(p, O_NONBLOCK), 0);
	cr_expect_eq(spawn_report(p[0], &stage, &err), -EAGAIN);
	cr_assert_eq(write(p[1], note, sizeof(note)), sizeof(note));
	cr_expect_eq(spawn_report(p[0], &stage, &err), -EBADMSG, "no such step");
	cr_assert_eq(write(p[1], note, 5), 5);
	cr_expect_eq(spawn_report(p[0], &stage, &err), -EBADMSG, "half a report");
	close_fd(&p[1]);
	cr_expect_eq(spawn_report(p[0], &stage, &err), 1);
	cr_expect_eq(stage, SPAWN_STAGE_MAX);
	cr_expect_eq(err, 0);
	close_fd(&p[0]);
}

Test(spawn, every_step_has_a_name)
{
	for (int i = 0; i < SPAWN_STAGE_MAX; i++)
		cr_expect_not_null(spawn_stage_name((enum spawn_stage)i), "%d", i);
	cr_expect_str_eq(spawn_stage_name(SPAWN_STAGE_MAX), "unknown step");
	cr_expect_str_eq(spawn_stage_key(SPAWN_CWD), "cwd");
	cr_expect_null(spawn_stage_key(SPAWN_FORK));
	cr_expect_null(spawn_stage_key(SPAWN_STAGE_MAX));
}
