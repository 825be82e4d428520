/* A disk that takes no more, and a service that says more than it may: what waits comes once and whole, what is dropped is counted and
 * told of. The full disk is the kernel's limit of a file's size, which splice and pwrite meet alike, in the midst of a write too. */
#include "tests/logd/streams.h"

#include "tests/logd/decode.h"
#include "tools/logd/stream_impl.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void begin(void)
{
	(void)signal(SIGXFSZ, SIG_IGN);
	streams_begin();
}

TestSuite(overflow, .init = begin, .fini = streams_done, .timeout = 120);

/* No file grows beyond n bytes. */
static void disk(rlim_t n)
{
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = n;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

#define ROOM_AGAIN RLIM_INFINITY

enum way { PLAIN, STAMPED, COMBINED, PREFIX, JSON, WAYS };

static struct logwire_packet packet(enum way w, enum logwire_overflow overflow, uint64_t rate)
{
	struct logwire_packet p = streams_packet(0, "a.log", w == COMBINED ? "both.log" : "", w == STAMPED || w == PREFIX ? "[at]" : "");

	p.rules.form = w == PREFIX ? LOGWIRE_PREFIX : w == JSON ? LOGWIRE_JSON : LOGWIRE_RAW;
	p.rules.overflow = overflow;
	p.rules.rate = rate;
	return p;
}

static struct stream *open_way(enum way w, enum logwire_overflow overflow, uint64_t rate)
{
	struct logwire_packet p = packet(w, overflow, rate);
	struct stream *s;

	(void)unlink("a.log");
	(void)unlink("both.log");
	slots[0] = (struct logslot){ .pid = 7 };
	n_troubles = 0;
	s = streams_open_packet(&p);
	stream_begin(s);
	return s;
}

static void turn(void)
{
	cr_assert_eq(loop_once(loop), 0);
}

static char *whole(const char *path, size_t *ret_n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *buf;

	cr_assert_geq(fd, 0, "%s", path);
	cr_assert_eq(fstat(fd, &st), 0);
	buf = calloc(1, (size_t)st.st_size + 1);
	cr_assert(buf && read(fd, buf, (size_t)st.st_size) == st.st_size);
	(void)close(fd);
	*ret_n = (size_t)st.st_size;
	return buf;
}

/* What the service said, as the file of this way has it; notes aside, which are counted. */
static struct decoded said_in(const char *path, enum way w)
{
	static const char *const heads[WAYS] = { [STAMPED] = "at: ", [PREFIX] = "at web out: " };
	struct decoded d = { 0 };
	size_t n;
	char *text = whole(path, &n);

	if (w == JSON) {
		cr_assert(n == 0 || text[n - 1] == '\n');
		decode_lines(&d, text, n);
	}
	for (char *p = text; w != JSON && p < text + n;) {
		char *nl = memchr(p, '\n', (size_t)(text + n - p));
		size_t len = nl ? (size_t)(nl - p) + 1 : (size_t)(text + n - p), head = heads[w] ? strlen(heads[w]) : 0;
		if (strncmp(p, "pm1: ", 5) == 0) {
			d.notes++;
			d.noted += strtoll(p + 5, NULL, 10);
		} else {
			cr_assert(len >= head && (!head || memcmp(p, heads[w], head) == 0), "%.*s", (int)len, p);
			decoded_add(&d, p + head, len - head);
		}
		p += len;
	}
	free(text);
	return d;
}

static void is_in(const char *path, enum way w, const char *expected)
{
	struct decoded d = said_in(path, w);

	cr_expect_eq(d.notes, 0, "way %d", w);
	cr_expect_str_eq(d.bytes ? d.bytes : "", expected, "way %d", w);
	decoded_done(&d);
}

#define TWO "two is longer than there is room\nthree\n"

Test(overflow, block_keeps_what_the_disk_does_not_take_and_writes_it_once)
{
	for (enum way w = 0; w < WAYS; w++) {
		struct stream *s = open_way(w, LOGWIRE_BLOCK, 0);

		streams_say(0, "one\n");
		turn();
		disk(w == JSON ? 140 : 20);
		for (int i = 0; i < 2; i++) { /* the first that comes, and tries again and again */
			streams_say(0, TWO);
			turn();
		}
		cr_expect_eq(n_troubles, 1, "way %d: told %u times", w, n_troubles);
		cr_expect_eq(last_trouble, EFBIG);
		cr_expect_eq(slots[0].dropped, 0);
		cr_expect_eq(slots[0].phase, LOGSLOT_IDLE);
		disk(ROOM_AGAIN);
		streams_say(0, "four\n");
		while (slots[0].written < 4 + 2 * strlen(TWO) + 5)
			turn();
		is_in("a.log", w, "one\n" TWO TWO "four\n");
		if (w == COMBINED)
			is_in("both.log", w, "one\n" TWO TWO "four\n");
		cr_expect_eq(n_troubles, 2, "way %d: told %u times", w, n_troubles);
		cr_expect_eq(last_trouble, 0);
		cr_expect_eq(slots[0].dropped, 0);
		stream_free(s);
	}
}

Test(overflow, while_it_waits_nothing_is_read_and_the_service_waits_too)
{
	static char block[4096], got[2 << 20];
	size_t said = 0, waiting = 0;

	for (enum way w = PLAIN; w <= COMBINED; w++) {
		struct stream *s = open_way(w, LOGWIRE_BLOCK, 0);
		memset(block, 'x', sizeof(block));
		block[sizeof(block) - 1] = '\n';
		disk(0);
		said = 0;
		for (ssize_t n = 1; n > 0;) {
			n = write(pipes[0].pipe[1], block, sizeof(block));
			said += n > 0 ? (size_t)n : 0;
			cr_assert_lt(said, sizeof(got), "it never waits");
			if (said <= sizeof(block))
				turn();
		}
		turn();
		turn();
		cr_assert_eq(sys_fionread(pipes[0].pipe[0], &waiting), 0);
		cr_expect_gt(waiting, 0);
		disk(ROOM_AGAIN);
		while (slots[0].written < said)
			turn();
		size_t n;
		char *text = whole("a.log", &n);
		cr_expect_eq(n, w == STAMPED ? said + said / sizeof(block) * 4 : said);
		free(text);
		cr_expect_eq(slots[0].dropped, 0);
		stream_free(s);
	}
}

/* Only the second file is full: what the first has got already is taken back, until both take it. */
Test(overflow, block_gives_a_line_to_both_files_or_to_none)
{
	struct stream *s = open_way(COMBINED, LOGWIRE_BLOCK, 0);

	folder_put("both.log", "a hundred bytes are in this one already, of which the limit knows nothing, and so it is full, says it\n");
	disk(100);
	streams_say(0, "one\n");
	turn();
	streams_say(0, "two\n");
	turn();
	cr_expect_str_eq(folder_get("a.log"), "");
	cr_expect_eq(slots[0].written, 0);
	cr_expect_eq(n_troubles, 1);
	disk(ROOM_AGAIN);
	while (slots[0].written < 8)
		turn();
	cr_expect_str_eq(folder_get("a.log"), "one\ntwo\n");
	cr_expect_not_null(strstr(folder_get("both.log"), "says it\none\ntwo\n"));
	cr_expect_eq(slots[0].dropped, 0);
	stream_free(s);
}

/* What it waited for is another disk's trouble now. */
Test(overflow, a_change_to_a_file_that_takes_it_ends_the_wait)
{
	struct stream *s = open_way(JSON, LOGWIRE_BLOCK, 0);
	struct logwire_packet p = packet(PLAIN, LOGWIRE_BLOCK, 0);

	folder_put("a.log", "{}\n");
	disk(3);
	streams_say(0, "one\n");
	turn();
	cr_expect_eq(slots[0].written, 0);
	disk(ROOM_AGAIN);
	cr_assert_eq(text_copy(p.path, sizeof(p.path), "b.log"), 0);
	cr_assert_eq(stream_change(s, &p), 0);
	while (slots[0].written < 4)
		turn();
	cr_expect_str_eq(folder_get("a.log"), "{}\n");
	cr_expect_str_eq(folder_get("b.log"), "one\n");
	stream_free(s);
}

Test(overflow, at_the_end_nobody_waits_and_what_is_lost_is_counted)
{
	for (enum way w = 0; w < WAYS; w++) {
		struct stream *s = open_way(w, LOGWIRE_BLOCK, 0);

		disk(0);
		streams_say(0, "one\n");
		turn();
		cr_expect_eq(slots[0].dropped, 0);
		streams_say(0, "two");
		stream_drain(s, true);
		cr_expect_eq(slots[0].dropped, w == COMBINED ? 14 : 7, "way %d: %llu", w, (unsigned long long)slots[0].dropped);
		disk(ROOM_AGAIN);
		stream_free(s);
	}
}

Test(overflow, drop_counts_and_tells_in_the_form_of_the_file)
{
	for (enum way w = 0; w < WAYS; w++) {
		struct stream *s = open_way(w, LOGWIRE_DROP, 0);

		streams_say(0, "one\n");
		turn();
		disk(w == JSON ? 140 : 16);
		for (int i = 0; i < 5; i++) {
			streams_say(0, "this is more than there is room for\n");
			turn();
		}
		disk(ROOM_AGAIN);
		streams_say(0, "two\n");
		turn();
		struct decoded d = said_in("a.log", w);
		cr_expect_eq(d.notes, 1, "way %d", w);
		cr_expect_eq((uint64_t)d.noted * (w == COMBINED ? 2 : 1), slots[0].dropped);
		if (w == PLAIN) /* a part of a line was taken, as a disk does it */
			cr_expect_eq(d.n + slots[0].dropped, 4 + 5 * 36 + 4 + 1);
		else
			cr_expect_str_eq(d.bytes, "one\ntwo\n", "way %d", w);
		cr_expect_eq(n_troubles, w == COMBINED ? 4 : 2);
		decoded_done(&d);
		stream_free(s);
	}
}

/* The rate. */

#define LINE_20 "a line of 20 bytes.\n"

static size_t say_lines(int n)
{
	for (int i = 0; i < n; i++)
		streams_say(0, LINE_20);
	return (size_t)n * 20;
}

Test(overflow, what_comes_faster_than_the_rate_is_dropped_by_lines_counted_and_told)
{
	for (enum way w = 0; w < WAYS; w++) {
		struct stream *s = open_way(w, LOGWIRE_DROP, 1000);
		size_t said = say_lines(500);

		turn();
		stream_drain(s, false);
		cr_expect_eq(slots[0].written, said);
		cr_expect_gt(slots[0].dropped, said / 2);
		uint64_t dropped = slots[0].dropped;
		struct decoded d = said_in("a.log", w);
		cr_expect_eq(d.n + dropped, said, "way %d: %zu + %llu", w, d.n, (unsigned long long)dropped);
		cr_expect_geq(d.n, 1000, "a second's bytes at once");
		cr_expect_eq(d.n % 20, 0);
		decoded_done(&d);
		/* A closed stream is written whole, and the note of what is missing comes before. */
		streams_say(0, "the end\n");
		stream_drain(s, true);
		d = said_in("a.log", w);
		cr_expect_eq(d.notes, 1);
		cr_expect_eq((uint64_t)d.noted, dropped, "way %d", w);
		cr_expect_eq(slots[0].dropped, dropped);
		cr_expect_str_eq(d.bytes + d.n - 8, "the end\n");
		decoded_done(&d);
		cr_expect_eq(n_troubles, 0, "a rate is no trouble of the file");
		stream_free(s);
	}
}

Test(overflow, the_rate_is_told_of_when_the_next_line_passes)
{
	struct stream *s = open_way(PREFIX, LOGWIRE_DROP, 1000);

	(void)say_lines(100);
	turn();
	uint64_t dropped = slots[0].dropped;
	cr_assert_gt(dropped, 0);
	while (slots[0].dropped > 0 && !strstr(folder_get("a.log"), "log_rate_limit")) {
		streams_say(0, ".\n");
		turn();
	}
	struct decoded d = said_in("a.log", PREFIX);
	cr_expect_geq((uint64_t)d.noted, dropped);
	cr_expect_eq(strcmp(d.bytes + d.n - 2, ".\n"), 0);
	decoded_done(&d);
	stream_free(s);
}

/* The rest of its line is not put behind what stands there. */
Test(overflow, behind_a_line_dropped_in_part_the_next_begins_anew)
{
	struct stream *s = open_way(PREFIX, LOGWIRE_DROP, 30);

	streams_say(0, LINE_20 LINE_20);
	turn();
	streams_say(0, "the beginning of a line is dropped");
	stream_drain(s, false);
	cr_expect_eq(slots[0].dropped, 34);
	streams_say(0, ", its end is not\n");
	stream_drain(s, true);
	cr_expect_str_eq(folder_get("a.log"), "at web out: " LINE_20 "at web out: " LINE_20
					      "pm1: 34 bytes were dropped here: they came faster than log_rate_limit\n"
					      "at web out: , its end is not\n");
	stream_free(s);
}

Test(overflow, with_block_the_service_waits_for_its_rate_and_nothing_is_lost)
{
	for (enum way w = 0; w < WAYS; w++) {
		struct stream *s = open_way(w, LOGWIRE_BLOCK, 20000);
		usec_t from = clock_mono();
		size_t said = say_lines(1500); /* of these 20,000 bytes are free */

		while (slots[0].written < said)
			turn();
		cr_expect_geq(clock_mono() - from, 400 * USEC_MS, "way %d: it never waited", w);
		struct decoded d = said_in("a.log", w);
		cr_expect_eq(d.n, said, "way %d", w);
		cr_expect_eq(d.notes, 0);
		cr_expect_eq(slots[0].dropped, 0);
		decoded_done(&d);
		stream_free(s);
	}
}

Test(overflow, the_last_drain_waits_for_no_rate)
{
	for (enum way w = 0; w < WAYS; w++) {
		struct stream *s = open_way(w, LOGWIRE_BLOCK, 1);
		size_t said = say_lines(300);

		turn();
		stream_drain(s, false);
		cr_expect_lt(slots[0].written, said, "it waits");
		stream_drain(s, true);
		struct decoded d = said_in("a.log", w);
		cr_expect_eq(d.n, said, "way %d", w);
		cr_expect_eq(slots[0].dropped, 0);
		decoded_done(&d);
		stream_free(s);
	}
}

/* A try that failed took nothing from the rate. */
Test(overflow, a_wait_for_the_disk_makes_no_debt)
{
	struct stream *s = open_way(PREFIX, LOGWIRE_BLOCK, 100);

	disk(0);
	(void)say_lines(4);
	for (int i = 0; i < 4; i++)
		turn();
	disk(ROOM_AGAIN);
	stream_drain(s, false);
	while (slots[0].written < 80)
		turn();
	cr_expect_geq(s->rate.left, 0, "%lld", (long long)s->rate.left);
	stream_free(s);
}
