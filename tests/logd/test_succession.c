/* logd is killed, and a successor goes on: each byte of a service is in its file once, none is lost and none comes twice. */
#include "tests/logd/streams.h"

#include <sys/wait.h>

TestSuite(succession, .init = streams_begin, .fini = streams_done, .timeout = 120);

static void rewind_all(void)
{
	(void)unlink("a.log");
	(void)unlink("both.log");
	memset(slots, 0, SLOTS * sizeof(*slots));
}

/* A piece as a predecessor noted it, at the end of "before\n" (7 bytes); staging holds it and what came behind. */
static void note_piece(enum logslot_phase phase, const char *staged, size_t n)
{
	rewind_all();
	slots[0] = (struct logslot){ .phase = phase, .n = n, .total = strlen(staged), .path_at = 7, .combined_at = 7 };
	cr_assert_eq(write(pipes[0].staging[1], staged, strlen(staged)), (ssize_t)strlen(staged));
}

static void succeed(const char *format)
{
	struct stream *s = streams_open(0, "a.log", "both.log", format);

	stream_recover(s);
	stream_begin(s);
	stream_drain(s, false);
	stream_free(s);
	cr_expect_eq(slots[0].phase, LOGSLOT_IDLE);
}

Test(succession, a_piece_that_was_written_in_part_is_written_whole)
{
	static const char *const found[] = { "before\n", "before\non", "before\none\n", "before\none\ntwo\n" };

	for (size_t i = 0; i < ARRAY_LEN(found); i++) {
		note_piece(LOGSLOT_WRITE, "one\ntwo\nthree\n", 8);
		folder_put("a.log", found[i]);
		folder_put("both.log", found[ARRAY_LEN(found) - 1 - i]);
		succeed("");
		cr_expect_str_eq(folder_get("a.log"), "before\none\ntwo\nthree\n", "after '%s'", found[i]);
		cr_expect_str_eq(folder_get("both.log"), "before\none\ntwo\nthree\n");
	}
}

/* Its place is behind their end now: a hole of NUL bytes would be left. */
Test(succession, a_piece_of_files_that_were_emptied_or_removed_meanwhile_begins_them)
{
	note_piece(LOGSLOT_WRITE, "one\ntwo\nthree\n", 8);
	folder_put("a.log", "");
	succeed("");
	cr_expect_str_eq(folder_get("a.log"), "one\ntwo\nthree\n");
	cr_expect_str_eq(folder_get("both.log"), "one\ntwo\nthree\n");
}

Test(succession, a_piece_that_was_consumed_in_part_is_consumed_and_not_written_again)
{
	for (size_t taken = 0; taken <= 8; taken += 4) {
		char skip[16];

		note_piece(LOGSLOT_CONSUME, "one\ntwo\nthree\n", 8);
		cr_assert_eq(read(pipes[0].staging[0], skip, taken), (ssize_t)taken);
		folder_put("a.log", "before\none\ntwo\n");
		folder_put("both.log", "before\none\ntwo\n");
		succeed("");
		cr_expect_str_eq(folder_get("a.log"), "before\none\ntwo\nthree\n", "%zu taken", taken);
		cr_expect_str_eq(folder_get("both.log"), "before\none\ntwo\nthree\n", "%zu taken", taken);
	}
}

/* The stamp is the piece's, not that of the moment of the repeat: else it could be longer, and leave the end of the old one. */
Test(succession, a_repeat_has_the_stamp_of_the_first_try)
{
	note_piece(LOGSLOT_WRITE, "one\n", 4);
	slots[0].stamp = 1700000000 * USEC_SEC;
	folder_put("a.log", "before\n2023-11-1");
	folder_put("both.log", "before\n");
	succeed("YYYY-MM-DD");
	cr_expect_str_eq(folder_get("a.log"), "before\n2023-11-14: one\n");
}

Test(succession, a_slot_that_claims_more_than_there_is_misleads_nobody)
{
	note_piece(LOGSLOT_WRITE, "one\n", 4000);
	folder_put("a.log", "before\n");
	folder_put("both.log", "before\n");
	succeed("");
	cr_expect_str_eq(folder_get("a.log"), "before\none\n");
}

/* One life of logd, as a process of its own: it dies at its nth call, or ends when all is written. True: it ended. */
static bool live(unsigned int nth, const char *combined, const char *format)
{
	pid_t pid = fork();
	int status;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		if (sys_pipe2(host.scratch, O_NONBLOCK) < 0) /* each logd has its own */
			_exit(1);
		sys_fake_die(nth);
		struct logwire_packet p = streams_packet(0, "a.log", combined, format);
		struct stream *s;
		struct stream_fds fds = { { pipes[0].pipe[0], pipes[0].staging[0], pipes[0].staging[1], -1 } };
		if (stream_new(&host, &p, &fds, &s) < 0)
			_exit(1);
		stream_recover(s);
		stream_begin(s);
		stream_drain(s, false);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGKILL);
	return WIFEXITED(status);
}

/* Killed at each call in turn, and its successor at each of the calls that follow, until one lives to the end. */
static void killed_at_each_call(const char *combined, const char *format, const char *expected)
{
	bool ended = false;
	unsigned int deaths = 0;

	for (unsigned int first = 1; !ended; first++) {
		for (unsigned int second = 1;; second++) {
			rewind_all();
			streams_say(0, "one\ntwo\nthe last without an end");
			ended = live(first, combined, format);
			bool second_ended = live(second, combined, format);
			if (!ended)
				deaths++;
			if (!second_ended)
				cr_assert(live(0, combined, format));
			cr_assert_str_eq(folder_get("a.log"), expected, "killed at call %u and call %u: %s", first, second,
					 folder_get("a.log"));
			if (combined[0])
				cr_assert_str_eq(folder_get("both.log"), expected, "killed at call %u and call %u: %s", first, second,
						 folder_get("both.log"));
			cr_assert_eq(slots[0].phase, LOGSLOT_IDLE);
			if (second_ended)
				break;
		}
		cr_assert_lt(first, 200);
	}
	cr_expect_gt(deaths, 10, "only %u", deaths);
}

Test(succession, killed_at_each_call_of_the_fast_way_nothing_is_lost_or_doubled)
{
	killed_at_each_call("", "", "one\ntwo\nthe last without an end");
}

Test(succession, killed_at_each_call_of_the_way_by_pieces_nothing_is_lost_or_doubled)
{
	killed_at_each_call("both.log", "", "one\ntwo\nthe last without an end");
}

Test(succession, killed_at_each_call_no_line_gets_two_stamps)
{
	killed_at_each_call("both.log", "[at]", "at: one\nat: two\nat: the last without an end");
}
