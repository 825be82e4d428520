#include "tests/logd/streams.h"

#include "tools/logd/match.h"

TestSuite(match, .init = streams_begin, .fini = streams_done, .timeout = 60);

static bool look(struct match *m, uint32_t run, const char *piece)
{
	return match_look(m, run, piece, strlen(piece));
}

Test(match, whole_lines_are_looked_at)
{
	struct match m = { 0 };

	match_set(&m, "^up [0-9]+$");
	cr_expect(!look(&m, 1, "not up 1\nup \n"));
	cr_expect(!look(&m, 1, "up 1")); /* not over yet */
	cr_expect(look(&m, 1, "2\n"));
	cr_expect(look(&m, 1, "up 3\r\nmore\n"));
	match_set(&m, "");
}

Test(match, the_beginning_of_a_line_of_another_run_is_forgotten)
{
	struct match m = { 0 };

	match_set(&m, "ready");
	cr_expect(!look(&m, 1, "rea"));
	cr_expect(!look(&m, 2, "dy\n"));
	match_set(&m, "");
}

Test(match, of_a_long_line_its_beginning_counts)
{
	struct match m = { 0 };
	static char text[2 * MATCH_LINE_MAX];

	memset(text, 'x', sizeof(text));
	memcpy(text + MATCH_LINE_MAX - 3, "endbehind", 9);
	text[sizeof(text) - 2] = '\n';
	text[sizeof(text) - 1] = 0;
	match_set(&m, "end");
	cr_expect(look(&m, 1, text));
	match_set(&m, "behind");
	cr_expect(!look(&m, 1, text));
	cr_expect(!look(&m, 1, "next\n"));
	match_set(&m, "");
}

static unsigned int n_matched;
static uint32_t last_serial;
static void on_matched(void *ctx, uint32_t slot, uint32_t serial)
{
	(void)ctx;
	cr_expect_eq(slot, 0);
	n_matched++;
	last_serial = serial;
}

static struct stream *open_matching(const char *path)
{
	struct logwire_packet p = streams_packet(0, path, "", "");

	host.matched = on_matched;
	cr_assert_eq(text_copy(p.match, sizeof(p.match), "^ready$"), 0);
	struct stream *s = streams_open_packet(&p);
	stream_begin(s);
	return s;
}

/* With a file, and with nothing that would need the lines. */
Test(match, it_is_told_once_a_run_and_the_bytes_go_where_they_go)
{
	static const char *const paths[] = { "a.log", "" };

	for (size_t i = 0; i < 2; i++) {
		n_matched = 0;
		slots[0] = (struct logslot){ 0 };
		struct stream *s = open_matching(paths[i]);
		streams_say(0, "ready\n"); /* nobody asks */
		cr_assert_eq(loop_once(loop), 0);
		cr_expect_eq(n_matched, 0);
		slots[0].pid_from = 6;
		slots[0].match_armed = 7;
		streams_say(0, "not ready\nready\nready\n");
		cr_assert_eq(loop_once(loop), 0);
		cr_expect_eq(n_matched, 1);
		cr_expect_eq(last_serial, 7);
		streams_say(0, "ready\n");
		cr_assert_eq(loop_once(loop), 0);
		cr_expect_eq(n_matched, 1);
		cr_expect_eq(slots[0].written, 34);
		stream_free(s);
	}
	cr_expect_str_eq(folder_get("a.log"), "ready\nnot ready\nready\nready\nready\n");
}

Test(match, what_an_earlier_run_left_in_the_pipe_does_not_count)
{
	struct stream *s = open_matching("a.log");

	n_matched = 0;
	streams_say(0, "ready\nup\n");
	slots[0].pid_from = 6;
	slots[0].match_armed = 1;
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_eq(n_matched, 0);
	streams_say(0, "ready\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_eq(n_matched, 1);
	stream_free(s);
}

Test(match, a_successor_goes_on_looking)
{
	struct stream *s = open_matching("a.log");

	n_matched = 0;
	slots[0].match_armed = 3;
	streams_say(0, "up\n");
	cr_assert_eq(loop_once(loop), 0);
	stream_free(s);
	s = open_matching("a.log");
	streams_say(0, "ready\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_eq(n_matched, 1);
	cr_expect_eq(slots[0].match_seen, 3);
	stream_free(s);
}
