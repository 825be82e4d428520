#include "tools/cli/merge.h"
#include "tests/cli/logs_on_disk.h"

static struct logpick pick = { .until = USEC_NEVER, .out = true, .err = true };
static struct logjoin joins[64];

static void done(void)
{
	for (size_t i = 0; i < 64; i++)
		logjoin_done(&joins[i]);
	folder_leave();
}

TestSuite(merge, .init = folder_enter, .fini = done);

static void on_line(void *ctx, const struct logline *l)
{
	(void)text_addf(&got_text, "%s%.*s ", (const char *)ctx, (int)l->n, l->s);
}

static const char *merged(const char *const *paths, size_t lines)
{
	struct merge_in in[64] = { 0 };
	size_t n = 0;

	for (; paths[n]; n++) {
		cr_assert_eq(history_new(paths[n], &pick, &joins[n], lines, true, &in[n].history), 0);
		in[n].ctx = (void *)paths[n];
	}
	got_begin();
	cr_assert_eq(merge_run(in, n, on_line), 0);
	for (size_t i = 0; i < n; i++)
		history_free(in[i].history);
	return got;
}

Test(merge, lines_of_several_logs_come_in_the_order_of_their_times)
{
	put_log("a" NAME(3) ".gz", LINES("1", "3"), TIMES(1, 3));
	put_log("a", LINES("5", "9"), TIMES(5, 9));
	put_log("b" NAME(4), LINES("2", "4"), TIMES(2, 4));
	put_log("b", LINES("6", "7"), TIMES(6, 7));
	put_log("c", LINES("8"), TIMES(8));
	cr_expect_str_eq(merged(LINES("a", "b", "c", "d"), HISTORY_ALL), "a1 b2 a3 b4 a5 b6 b7 c8 a9 ");
	cr_expect_str_eq(merged(LINES("a", "b", "c", "d"), 2), "a5 b6 b7 c8 a9 ");
	cr_expect_str_eq(merged(LINES("d"), 2), "");
}

Test(merge, lines_of_one_time_come_in_the_order_of_the_logs)
{
	put_log("a", LINES("1", "2"), TIMES(1, 2));
	put_log("b", LINES("1", "2"), TIMES(1, 2));
	cr_expect_str_eq(merged(LINES("a", "b"), 9), "a1 b1 a2 b2 ");
	cr_expect_str_eq(merged(LINES("b", "a"), 9), "b1 a1 b2 a2 ");
}

Test(merge, the_order_within_a_log_stays_though_a_clock_was_set_back)
{
	put_log("a", LINES("1", "2", "3"), TIMES(5, 1, 6));
	put_log("b", LINES("1", "2"), TIMES(2, 7));
	cr_expect_str_eq(merged(LINES("a", "b"), 9), "b1 a1 a2 a3 b2 ");
}

Test(merge, many_logs_are_merged_as_few_are)
{
	static char names[60][8];
	const char *paths[61] = { 0 };
	int last = -1, seen = 0;

	for (int i = 0; i < 60; i++) {
		char a[8], b[8];
		(void)text_format(names[i], sizeof(names[i]), "l%d-", i);
		(void)text_format(a, sizeof(a), "%d", (i * 37) % 60);
		(void)text_format(b, sizeof(b), "%d", 60 + (i * 23) % 60);
		put_log(names[i], LINES(a, b), TIMES((i * 37) % 60, 60 + (i * 23) % 60));
		paths[i] = names[i];
	}
	for (const char *p = merged(paths, 9); *p; p = strchr(p, ' ') + 1, seen++) {
		int t = (int)strtol(strchr(p, '-') + 1, NULL, 10);
		cr_assert_eq(t, last + 1, "%s", p);
		last = t;
	}
	cr_expect_eq(seen, 120);
}
