/* logd as a process: what it makes of the packets that PID 1 has sent. */
#include "tests/logd/streams.h"
#include "tools/logd/logd.h"
#include "wire/logsocket.h"

#include <sys/wait.h>

TestSuite(logd, .init = streams_begin, .fini = streams_done, .timeout = 60);

static int ours, theirs;

static void begin_socket(void)
{
	int pair[2];

	cr_assert_eq(sys_socketpair(SOCK_SEQPACKET, pair), 0);
	ours = pair[0];
	theirs = pair[1];
	for (int i = 0; i < 2; i++)
		cr_assert_eq(sys_fcntl(pair[i], F_SETFL, O_NONBLOCK), 0);
}

static void tell(enum logwire_type type, const int *fds, size_t n)
{
	struct logwire_packet p = { .version = LOGWIRE_VERSION, .type = type };

	cr_assert_eq(logsocket_send(ours, &p, fds, n), 0);
}

static void tell_hello(void)
{
	int fd = sys_memfd_create("slots", 0);

	cr_assert_eq(sys_ftruncate(fd, LOGWIRE_SLOTS_MAX * sizeof(struct logslot)), 0);
	tell(LOGWIRE_HELLO, &fd, 1);
	close_fd(&fd);
}

static void tell_open(uint32_t slot, const char *path)
{
	struct logwire_packet p = streams_packet(slot, path, "", "");
	const int fds[] = { pipes[slot].pipe[0], pipes[slot].staging[0], pipes[slot].staging[1] };

	cr_assert_eq(logsocket_send(ours, &p, fds, 3), 0);
}

/* Only now: all that was told waits for it. Its exit code. */
static int run_logd(void)
{
	int status;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		close_fd(&ours);
		if (theirs != LOGWIRE_FD && dup2(theirs, LOGWIRE_FD) < 0)
			_exit(99);
		_exit(logd_main(0, NULL));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void check_lines(const char *text, size_t n, size_t lines_of_x)
{
	size_t xs = 0, others = 0;

	for (const char *p = text, *nl; p < text + n; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(text + n - p));
		cr_assert_not_null(nl);
		if (strncmp(p, "another\n", 8) == 0) {
			others++;
			continue;
		}
		cr_assert_eq(nl - p, 99, "after %zu lines: %.*s", xs, (int)(nl - p), p);
		xs++;
	}
	cr_expect_eq(xs, lines_of_x);
	cr_expect_eq(others, 1);
}

/* Services may write before a logd that starts slowly has read the first packet. */
Test(logd, who_shares_a_file_is_known_before_the_first_byte_is_read)
{
	static char text[200000], got[2 * sizeof(text)];

	begin_socket();
	tell_hello();
	tell(LOGWIRE_BEGIN, NULL, 0);
	tell_open(0, "all.log");
	tell_open(1, "all.log");
	tell(LOGWIRE_SYNC, NULL, 0);
	tell(LOGWIRE_QUIT, NULL, 0);
	/* In one write, and more than staging holds: the last piece there ends in the midst of a line. */
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 100 == 99 ? '\n' : 'x';
	cr_assert_geq(sys_fcntl(pipes[0].pipe[1], F_SETPIPE_SZ, 256 * 1024), (int)sizeof(text));
	cr_assert_eq(write(pipes[0].pipe[1], text, sizeof(text)), sizeof(text));
	streams_say(1, "another\n");
	cr_expect_eq(run_logd(), 0);
	int fd = open("all.log", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, got, sizeof(got));
	close_fd(&fd);
	cr_assert_eq(n, sizeof(text) + 8);
	check_lines(got, (size_t)n, sizeof(text) / 100);
}

/* Packets that no PID 1 of this version sends, and faulty ones, change nothing. */
Test(logd, packets_that_make_no_sense_are_passed_over)
{
	struct logwire_packet bad[] = {
		{ .version = LOGWIRE_VERSION + 1, .type = LOGWIRE_QUIT },
		{ .version = LOGWIRE_VERSION, .type = 50 },
		{ .version = LOGWIRE_VERSION, .type = LOGWIRE_OPEN, .slot = 1 }, /* without descriptors */
		{ .version = LOGWIRE_VERSION, .type = LOGWIRE_CHANGE, .slot = LOGWIRE_SLOTS_MAX },
		{ .version = LOGWIRE_VERSION, .type = LOGWIRE_FLUSH, .slot = UINT32_MAX },
	};

	begin_socket();
	tell_hello();
	tell(LOGWIRE_BEGIN, NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_assert_eq(logsocket_send(ours, &bad[i], NULL, 0), 0);
	tell_open(0, "a.log");
	tell_open(0, "b.log"); /* the place is taken */
	streams_say(0, "a line\n");
	tell(LOGWIRE_QUIT, NULL, 0);
	cr_expect_eq(run_logd(), 0);
	cr_expect_str_eq(folder_get("a.log"), "a line\n");
	cr_expect_str_eq(folder_get("b.log"), "");
}

Test(logd, when_pid_1_is_gone_it_writes_what_is_there_and_goes)
{
	begin_socket();
	tell_hello();
	tell_open(0, "a.log");
	streams_say(0, "the last\nwords");
	close_fd(&ours);
	cr_expect_eq(run_logd(), 0);
	cr_expect_str_eq(folder_get("a.log"), "the last\nwords");
}

Test(logd, a_stream_in_a_place_that_cannot_be_is_refused)
{
	begin_socket();
	tell_hello();
	tell(LOGWIRE_BEGIN, NULL, 0);
	struct logwire_packet p = streams_packet(LOGWIRE_SLOTS_MAX, "a.log", "", "");
	const int fds[] = { pipes[0].pipe[0], pipes[0].staging[0], pipes[0].staging[1] };
	cr_assert_eq(logsocket_send(ours, &p, fds, 3), 0);
	tell(LOGWIRE_QUIT, NULL, 0);
	cr_expect_eq(run_logd(), 0);
	cr_expect_neq(access("a.log", F_OK), 0);
}
