#include "tests/logd/streams.h"

TestSuite(stream, .init = streams_begin, .fini = streams_done, .timeout = 60);

/* The ways of a line: spliced into a file of its own; and by pieces, for a stamp, for a second file, for a shared one. */
enum way { PLAIN, STAMPED, COMBINED, SHARED, WAYS };

static struct stream *second; /* the other user of a shared file */

static struct stream *open_way(enum way w)
{
	if (w == SHARED)
		second = streams_open(1, "a.log", "", "");
	return streams_open(0, "a.log", w == COMBINED ? "both.log" : "", w == STAMPED ? "[at]" : "");
}

static void close_way(struct stream *s)
{
	stream_free(s);
	stream_free(second);
	second = NULL;
}

Test(stream, lines_go_to_the_file_in_every_way)
{
	for (enum way w = 0; w < WAYS; w++) {
		struct stream *s = open_way(w);

		(void)unlink("a.log");
		(void)unlink("both.log");
		slots[0] = (struct logslot){ 0 };
		stream_recover(s);
		stream_begin(s);
		streams_say(0, "one\ntwo\n");
		cr_assert_eq(loop_once(loop), 0);
		cr_expect_str_eq(folder_get("a.log"), w == STAMPED ? "at: one\nat: two\n" : "one\ntwo\n", "way %d", w);
		cr_expect_str_eq(folder_get("both.log"), w == COMBINED ? "one\ntwo\n" : "");
		cr_expect_eq(slots[0].written, 8);
		cr_expect_eq(slots[0].dropped, 0);
		cr_expect_eq(slots[0].phase, LOGSLOT_IDLE);
		close_way(s);
	}
	cr_expect_eq(n_troubles, 0);
}

Test(stream, a_stream_without_any_file_is_read_all_the_same)
{
	struct stream *s = streams_open(0, "", "", "");

	stream_begin(s);
	for (int i = 0; i < 100; i++) { /* far more than a pipe holds */
		char text[4096];
		memset(text, 'x', sizeof(text) - 1);
		text[sizeof(text) - 1] = 0;
		streams_say(0, text);
		cr_assert_eq(loop_once(loop), 0);
	}
	cr_expect_eq(slots[0].written, 100 * 4095);
	cr_expect_eq(slots[0].dropped, 0);
	stream_free(s);
}

Test(stream, the_same_path_twice_is_one_sink)
{
	struct stream *s = streams_open(0, "a.log", "a.log", "");

	stream_begin(s);
	streams_say(0, "once\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(folder_get("a.log"), "once\n");
	stream_free(s);
}

Test(stream, the_beginning_of_a_line_waits_for_its_end_but_not_for_ever)
{
	struct stream *s = streams_open(0, "a.log", "", "[at]");

	stream_begin(s);
	streams_say(0, "whole\nhalf");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(folder_get("a.log"), "at: whole\n");
	streams_say(0, " and half\nprompt> ");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(folder_get("a.log"), "at: whole\nat: half and half\n");
	while (slots[0].written < 28)
		cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(folder_get("a.log"), "at: whole\nat: half and half\nat: prompt> ");
	cr_expect_eq(slots[0].midline, 1);
	streams_say(0, "yes\nnext\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(folder_get("a.log"), "at: whole\nat: half and half\nat: prompt> yes\nat: next\n", "no stamp in a line");
	stream_free(s);
}

/* A line of 300 kB: pieces of it, and one stamp. */
Test(stream, a_line_longer_than_a_piece_is_parted_without_a_trace)
{
	static char text[50001], all[300100];
	struct stream *s = streams_open(0, "a.log", "", "[at]");
	size_t n;

	memset(text, 'x', sizeof(text) - 1);
	stream_begin(s);
	for (int i = 0; i < 6; i++) {
		streams_say(0, text);
		stream_drain(s, false);
	}
	streams_say(0, "end\nnext\n");
	cr_assert_eq(loop_once(loop), 0);
	FILE *f = fopen("a.log", "re");
	cr_assert_not_null(f);
	n = fread(all, 1, sizeof(all), f);
	(void)fclose(f);
	cr_expect_eq(n, 4 + 300000 + 4 + 4 + 5);
	cr_expect_eq(strncmp(all, "at: x", 5), 0);
	cr_expect_str_eq(all + n - 14, "xend\nat: next\n");
	cr_expect_eq(memchr(all, '\n', n), all + n - 10);
	stream_free(s);
}

Test(stream, a_drain_writes_a_line_without_its_end)
{
	for (enum way w = 0; w < WAYS; w++) {
		struct stream *s = open_way(w);
		(void)unlink("a.log");
		slots[0] = (struct logslot){ 0 };
		stream_begin(s);
		streams_say(0, "last words");
		stream_drain(s, false);
		cr_expect_str_eq(folder_get("a.log"), w == STAMPED ? "at: last words" : "last words", "way %d", w);
		close_way(s);
	}
}

Test(stream, a_change_drains_into_the_old_file_first)
{
	struct stream *s = streams_open(0, "a.log", "", "");
	struct logwire_packet p = streams_packet(0, "b.log", "", "[at]");

	stream_begin(s);
	streams_say(0, "old\n");
	cr_assert_eq(stream_change(s, &p), 0);
	streams_say(0, "new\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(folder_get("a.log"), "old\n");
	cr_expect_str_eq(folder_get("b.log"), "at: new\n");
	stream_free(s);
}

Test(stream, a_flush_empties_its_files)
{
	struct stream *s = streams_open(0, "a.log", "both.log", "");

	stream_begin(s);
	streams_say(0, "old\n");
	stream_flush(s);
	cr_expect_str_eq(folder_get("a.log"), "");
	cr_expect_str_eq(folder_get("both.log"), "");
	streams_say(0, "new\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(folder_get("a.log"), "new\n");
	cr_expect_str_eq(folder_get("both.log"), "new\n");
	stream_free(s);
}

/* The disk is full: the service isn't held up, what is lost is counted and told in the file, and it goes on by itself. */
Test(stream, a_full_disk_stops_nobody_and_is_told_of)
{
	for (enum way w = 0; w < WAYS; w++) {
		struct stream *s = open_way(w);

		(void)unlink("a.log");
		slots[0] = (struct logslot){ 0 };
		stream_begin(s);
		streams_say(0, "one\n");
		cr_assert_eq(loop_once(loop), 0);
		sys_fake_fail_always("pwrite", ENOSPC);
		for (int i = 0; i < 40; i++) {
			streams_say(0, "lost\n");
			if (w == PLAIN)
				sys_fake_fail("splice", 2, ENOSPC); /* the first takes it from the pipe */
			cr_assert_eq(loop_once(loop), 0);
		}
		cr_expect_eq(last_trouble, ENOSPC, "way %d", w);
		cr_expect_eq(slots[0].dropped, w == COMBINED ? 400 : 200, "way %d: %llu", w, (unsigned long long)slots[0].dropped);
		cr_expect_eq(slots[0].written, 204, "way %d: %llu", w, (unsigned long long)slots[0].written);
		sys_fake_reset();
		streams_say(0, "two\n");
		cr_assert_eq(loop_once(loop), 0);
		const char *text = folder_get("a.log");
		cr_expect_eq(last_trouble, 0, "way %d", w);
		cr_expect_not_null(strstr(text, "two\n"), "way %d: %s", w, text);
		cr_expect_not_null(strstr(text, "pm1: 200 bytes were dropped here: No space left on device\n"), "way %d: %s", w, text);
		cr_expect_null(strstr(text, "lost"), "way %d: %s", w, text);
		close_way(s);
	}
}

Test(stream, one_full_file_does_not_keep_the_other_from_its_lines)
{
	struct stream *s = streams_open(0, "no/a.log", "both.log", "");

	folder_put("no", "a file where a folder should be");
	stream_begin(s);
	streams_say(0, "one\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(folder_get("both.log"), "one\n");
	cr_expect_eq(slots[0].dropped, 4);
	cr_expect_gt(last_trouble, 0);
	stream_free(s);
}

/* With its stamps a piece may be longer than what is written at once. */
Test(stream, of_a_piece_that_fails_in_the_middle_nothing_stands_in_the_file)
{
	static char lines[60001];
	struct stream *s = streams_open(0, "a.log", "", "[a stamp far longer than its line]");

	for (size_t i = 0; i < 60000; i += 2)
		memcpy(lines + i, "x\n", 3);
	stream_begin(s);
	streams_say(0, "before\n");
	cr_assert_eq(loop_once(loop), 0);
	streams_say(0, lines);
	sys_fake_fail("pwrite", 3, ENOSPC);
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_eq(last_trouble, ENOSPC);
	cr_expect_eq(slots[0].dropped, 60000);
	cr_expect_str_eq(folder_get("a.log"), "a stamp far longer than its line: before\n");
	stream_free(s);
}

/* A pipe holds 16 pieces, however small. When staging is full of them, its line waits no longer: the service's pipe would stay
 * readable, and wake us for nothing until the line has waited long enough. */
Test(stream, a_line_written_byte_by_byte_is_taken_as_it_comes)
{
	struct stream *s = streams_open(0, "a.log", "", "[at]");
	char wanted[80] = "at: ";

	stream_begin(s);
	for (int i = 0; i < 40; i++) {
		char byte[] = { (char)('a' + i % 26), 0 };
		size_t left = 1;
		streams_say(0, byte);
		wanted[4 + i] = byte[0];
		cr_assert_eq(loop_once(loop), 0);
		cr_assert_eq(sys_fionread(pipes[0].pipe[0], &left), 0);
		cr_expect_eq(left, 0, "byte %d stayed in the pipe", i);
	}
	stream_drain(s, false);
	cr_expect_str_eq(folder_get("a.log"), wanted);
	stream_free(s);
}

/* A service that ends is drained once: the fuzzer found what stayed behind. */
Test(stream, a_drain_is_not_stopped_by_a_full_staging_pipe)
{
	struct stream *s = streams_open(0, "a.log", "", "[at]");

	stream_begin(s);
	for (int i = 0; i < 16; i++) {
		streams_say(0, ".");
		cr_assert_eq(loop_once(loop), 0);
	}
	streams_say(0, "the end\n");
	stream_drain(s, false);
	cr_expect_str_eq(folder_get("a.log"), "at: ................the end\n");
	cr_expect_eq(slots[0].written, 24);
	stream_free(s);
}

/* ... but where whole lines fill it, as a killed logd leaves them, the line behind them is not cut. */
Test(stream, a_staging_pipe_full_of_lines_keeps_the_last_one_whole)
{
	static char text[65536 + 1], got[2 * sizeof(text)];
	struct stream *s = streams_open(0, "a.log", "", ""), *other = streams_open(1, "a.log", "", "");

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 100 == 99 ? '\n' : 'x';
	cr_assert_eq(write(pipes[0].staging[1], text, sizeof(text) - 1), sizeof(text) - 1);
	streams_say(0, " and");
	stream_begin(s);
	streams_say(1, "another\n");
	stream_begin(other);
	stream_drain(other, false);
	streams_say(0, " its end\n");
	stream_drain(s, false);
	int fd = open("a.log", O_RDONLY | O_CLOEXEC);
	cr_assert_gt(read(fd, got, sizeof(got) - 1), 65500);
	close_fd(&fd);
	cr_expect(memcmp(got, text, 65500) == 0);
	cr_expect_str_eq(got + 65500, "another\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx and its end\n");
	stream_free(s);
	stream_free(other);
}

/* Not every file system takes a splice. */
Test(stream, where_it_cannot_be_spliced_it_is_written_by_pieces)
{
	struct stream *s = streams_open(0, "a.log", "", "");

	stream_begin(s);
	streams_say(0, "one\ntwo");
	sys_fake_fail("splice", 2, EINVAL);
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(folder_get("a.log"), "one\n");
	streams_say(0, " and a half\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(folder_get("a.log"), "one\ntwo and a half\n");
	cr_expect_eq(slots[0].written, 19);
	cr_expect_eq(slots[0].dropped, 0);
	cr_expect_eq(n_troubles, 0);
	stream_free(s);
}

/* Each call at each of its places fails once. Whatever it is: bytes are in the file or counted as dropped, the piece is done with, and
 * the next line is written. */
Test(stream, whatever_call_fails_each_byte_is_written_or_counted)
{
	static const char *const calls[] = { "open", "fstat", "lseek", "pwrite", "splice" };

	for (enum way w = 0; w < WAYS; w++) {
		for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
			for (unsigned int nth = 1; nth < 8; nth++) {
				struct stream *s = open_way(w);
				size_t fds = sys_fake_open_fds();

				(void)unlink("a.log");
				slots[0] = (struct logslot){ 0 };
				stream_begin(s);
				sys_fake_fail(calls[i], nth, EIO);
				streams_say(0, "one\n");
				cr_assert_eq(loop_once(loop), 0);
				streams_say(0, "two\n");
				stream_drain(s, false);
				sys_fake_reset();
				streams_say(0, "three\n");
				stream_drain(s, false);
				stream_drain(s, false);
				const char *text = folder_get("a.log");
				size_t lost = (strstr(text, "one\n") ? 0 : 4) + (strstr(text, "two\n") ? 0 : 4);
				cr_expect_not_null(strstr(text, "three\n"), "way %d, %s %u: %s", w, calls[i], nth, text);
				if (w != COMBINED)
					cr_expect_eq(slots[0].dropped, lost, "way %d, %s %u: %llu in %s", w, calls[i], nth,
						     (unsigned long long)slots[0].dropped, text);
				cr_expect_eq(slots[0].written, 14, "way %d, %s %u: %llu of 14 are out of the pipes", w, calls[i], nth,
					     (unsigned long long)slots[0].written);
				cr_expect_eq(slots[0].phase, LOGSLOT_IDLE);
				cr_expect_leq(sys_fake_open_fds(), fds + 4, "its files and their times");
				close_way(s);
			}
		}
	}
}

/* By `written` the pid of a line is found: what is lost on the way through staging has been taken from the service, too. */
Test(stream, bytes_that_staging_does_not_take_are_counted_as_taken)
{
	struct stream *s = streams_open(0, "a.log", "", "[at]");

	stream_begin(s);
	sys_fake_fail_always("splice", ENOSYS);
	sys_fake_fail("write", 1, EAGAIN);
	streams_say(0, "lost\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_eq(slots[0].dropped, 5);
	cr_expect_eq(slots[0].written, 5);
	streams_say(0, "one\n");
	stream_drain(s, false);
	cr_expect_eq(slots[0].written, 9);
	cr_expect_str_eq(folder_get("a.log"), "at: one\n");
	stream_free(s);
}

/* More is in staging than one piece: what is read there has to go back in its order. */
Test(stream, where_tee_is_refused_a_full_staging_pipe_keeps_its_order)
{
	enum { LINES = 25000, LINE = 8 };
	static char expected[LINES * (LINE + 4) + 1], got[sizeof(expected)];
	char line[LINE + 1];
	size_t n = 0;

	cr_assert_geq(fcntl(pipes[0].staging[1], F_SETPIPE_SZ, 256 * 1024), 256 * 1024);
	for (int i = 0; i < LINES; i++) {
		(void)snprintf(line, sizeof(line), "%07d\n", i);
		cr_assert_eq(write(pipes[0].staging[1], line, LINE), LINE);
		n += (size_t)snprintf(expected + n, sizeof(expected) - n, "at: %s", line);
	}
	sys_fake_fail_always("tee", EPERM);
	struct stream *s = streams_open(0, "a.log", "", "[at]");
	stream_begin(s);
	stream_drain(s, false);
	cleanup_fd int fd = sys_open("a.log", O_RDONLY, 0);
	cr_expect_eq(read(fd, got, sizeof(got)), (ssize_t)n);
	cr_expect(memcmp(got, expected, n) == 0, "the lines are out of order");
	cr_expect_eq(slots[0].written, LINES * LINE);
	cr_expect_eq(slots[0].dropped, 0);
	stream_free(s);
}
