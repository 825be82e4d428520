/* logd is killed, and a successor goes on: each byte of a service is in its file once, none is lost and none comes twice. */
#include "tests/logd/streams.h"

#include "tests/logd/decode.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
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
	slots[0] = (struct logslot){ .phase = phase, .n = n, .total = strlen(staged), .path_at = 7, .combined_at = 7,
				     .path_id = logslot_path_id("a.log"), .combined_id = logslot_path_id("both.log") };
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

/* A reload gave the stream other files, of which the one that was killed had not heard. */
Test(succession, a_place_in_the_old_file_is_no_place_in_the_new_one)
{
	static const char *const found[] = { "new\n", "long before, and long after it\n" };

	for (size_t i = 0; i < ARRAY_LEN(found); i++) {
		char expected[64];
		note_piece(LOGSLOT_WRITE, "one\ntwo\nthree\n", 8);
		slots[0].path_id = logslot_path_id("old.log");
		folder_put("a.log", found[i]);
		folder_put("both.log", "before\none\nt");
		succeed("");
		(void)snprintf(expected, sizeof(expected), "%sone\ntwo\nthree\n", found[i]);
		cr_expect_str_eq(folder_get("a.log"), expected);
		cr_expect_str_eq(folder_get("both.log"), "before\none\ntwo\nthree\n");

		note_piece(LOGSLOT_WRITE, "one\ntwo\nthree\n", 8);
		slots[0].combined_id = 0; /* it had none */
		folder_put("a.log", "before\none\ntwo\n");
		folder_put("both.log", found[i]);
		succeed("");
		cr_expect_str_eq(folder_get("a.log"), "before\none\ntwo\nthree\n");
		cr_expect_str_eq(folder_get("both.log"), expected);
	}
}

/* ... but a file keeps its place, whichever of the two it has become. */
Test(succession, a_piece_keeps_its_place_in_files_that_changed_their_roles)
{
	note_piece(LOGSLOT_WRITE, "one\ntwo\nthree\n", 8);
	slots[0].path_id = logslot_path_id("both.log");
	slots[0].combined_id = logslot_path_id("a.log");
	slots[0].path_at = 4;
	folder_put("a.log", "before\none\ntwo\n");
	folder_put("both.log", "was\none\ntwo\n");
	succeed("");
	cr_expect_str_eq(folder_get("a.log"), "before\none\ntwo\nthree\n");
	cr_expect_str_eq(folder_get("both.log"), "was\none\ntwo\nthree\n");
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

/* What a predecessor has told of a full disk is taken back by whoever finds that it isn't full any more. */
Test(succession, a_trouble_that_a_predecessor_told_is_called_mended_with_the_first_write)
{
	struct logwire_packet p = streams_packet(0, "a.log", "both.log", "");

	for (uint32_t both = 0; both < 2; both++) {
		n_troubles = 0;
		p.error = ENOSPC;
		p.in_combined = both;
		struct stream *s = streams_open_packet(&p);
		stream_recover(s);
		stream_begin(s);
		cr_expect_eq(n_troubles, 0);
		streams_say(0, "one\n");
		stream_drain(s, false);
		cr_expect_eq(n_troubles, 1);
		cr_expect_eq(last_trouble, 0);
		stream_free(s);
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

/* The predecessor could write both; its successor finds that the first is no file any more. */
Test(succession, a_piece_whose_first_file_fails_now_is_taken_back_from_the_second)
{
	struct logwire_packet p = streams_packet(0, "a.log", "both.log", "");
	struct stream *s;

	p.rules.overflow = LOGWIRE_BLOCK;
	note_piece(LOGSLOT_WRITE, "one\n", 4);
	folder_put("both.log", "before\none\n");
	cr_assert_eq(mkdir("a.log", 0755), 0);
	s = streams_open_packet(&p);
	stream_recover(s);
	stream_begin(s);
	cr_expect_str_eq(folder_get("both.log"), "before\n");
	cr_expect_eq(slots[0].phase, LOGSLOT_IDLE);
	cr_assert_eq(rmdir("a.log"), 0);
	while (slots[0].written < 4)
		cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(folder_get("a.log"), "one\n");
	cr_expect_str_eq(folder_get("both.log"), "before\none\n");
	cr_expect_eq(slots[0].dropped, 0);
	stream_free(s);
}

/* Of the one that is killed, and of its successors: a reload may come in between. */
static enum logwire_form forms[2];
static enum logwire_overflow overflow;
static rlim_t disks[2] = { RLIM_INFINITY, RLIM_INFINITY }; /* bytes that a file can have: of the one that is killed, of the last one */

/* One life of logd, as a process of its own: it dies at its nth call, or ends when all is written. True: it ended. */
static bool live(int generation, unsigned int nth, const char *combined, const char *format)
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
		struct rlimit limit = { disks[nth == 0], RLIM_INFINITY };
		p.rules.form = forms[generation > 0];
		p.rules.overflow = overflow;
		(void)signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
			_exit(1);
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

/* The objects of a file, and lines as they are before or behind them. */
static char *without_json(const char *text)
{
	struct decoded d = { 0 };
	bool partial = false;

	for (const char *p = text; *p;) {
		const char *nl = strchr(p, '\n');
		size_t n = nl ? (size_t)(nl - p) : strlen(p);
		if (*p == '{') {
			size_t before = d.partial;
			decode_object(&d, p, n);
			partial = d.partial > before;
		} else {
			cr_assert_not(partial, "%s", text);
			decoded_add(&d, p, n + (nl ? 1 : 0));
		}
		p += n + (nl ? 1 : 0);
	}
	return d.bytes ? d.bytes : calloc(1, 1);
}

static void check(const char *path, const char *expected, unsigned int first, unsigned int second)
{
	const char *text = folder_get(path);
	bool json = forms[0] == LOGWIRE_JSON || forms[1] == LOGWIRE_JSON;
	char *said = json ? without_json(text) : strdup(text);

	cr_assert_str_eq(said, expected, "%s, killed at call %u and call %u: %s", path, first, second, text);
	free(said);
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
			ended = live(0, first, combined, format);
			bool second_ended = live(1, second, combined, format);
			if (!ended)
				deaths++;
			if (!second_ended || disks[0] != disks[1])
				cr_assert(live(2, 0, combined, format));
			check("a.log", expected, first, second);
			if (combined[0])
				check("both.log", expected, first, second);
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

Test(succession, killed_at_each_call_each_line_has_its_prefix_once)
{
	forms[0] = forms[1] = LOGWIRE_PREFIX;
	killed_at_each_call("both.log", "[at]", "at web out: one\nat web out: two\nat web out: the last without an end");
}

Test(succession, killed_at_each_call_each_line_is_one_json_object)
{
	forms[0] = forms[1] = LOGWIRE_JSON;
	killed_at_each_call("both.log", "", "one\ntwo\nthe last without an end");
}

/* A piece that was begun in one form is finished in the other: nothing of the longer one stays behind its end. */
Test(succession, killed_at_each_call_a_file_that_becomes_json_keeps_nothing_of_the_old_form_of_a_line)
{
	forms[0] = LOGWIRE_RAW;
	forms[1] = LOGWIRE_JSON;
	killed_at_each_call("both.log", "", "one\ntwo\nthe last without an end");
}

Test(succession, nor_does_one_that_is_json_no_more)
{
	forms[0] = LOGWIRE_JSON;
	forms[1] = LOGWIRE_RAW;
	killed_at_each_call("both.log", "", "one\ntwo\nthe last without an end");
}

/* Neither those that die nor their successor have room for the second line; the last one has. */
static void killed_while_the_disk_is_full(enum logwire_form form, rlim_t room)
{
	forms[0] = forms[1] = form;
	overflow = LOGWIRE_BLOCK;
	disks[0] = room;
}

Test(succession, killed_at_each_call_while_the_disk_is_full_what_waits_is_not_lost_or_doubled)
{
	killed_while_the_disk_is_full(LOGWIRE_RAW, 6);
	killed_at_each_call("", "", "one\ntwo\nthe last without an end");
}

Test(succession, nor_is_it_in_two_files)
{
	killed_while_the_disk_is_full(LOGWIRE_RAW, 6);
	killed_at_each_call("both.log", "", "one\ntwo\nthe last without an end");
}

Test(succession, nor_is_it_with_prefixes)
{
	killed_while_the_disk_is_full(LOGWIRE_PREFIX, 20);
	killed_at_each_call("both.log", "[at]", "at web out: one\nat web out: two\nat web out: the last without an end");
}

Test(succession, nor_is_it_as_json)
{
	killed_while_the_disk_is_full(LOGWIRE_JSON, 300);
	killed_at_each_call("both.log", "", "one\ntwo\nthe last without an end");
}
