#include "base/page.h"

#include "base/banned.h"
#include "tests/fakes/keep.h"

#include <criterion/criterion.h>

static char *got;
static size_t got_size;

static FILE *begin(void)
{
	FILE *f = open_memstream(&got, &got_size);

	cr_assert_not_null(f);
	return f;
}

/* What was printed; lives until the test ends. */
static const char *printed(FILE *f)
{
	cr_assert_eq(fclose(f), 0);
	return keep(got);
}

static size_t longest_line(const char *s)
{
	size_t most = 0;

	while (*s) {
		size_t n = strcspn(s, "\n");
		most = n > most ? n : most;
		s += n + (s[n] == '\n');
	}
	return most;
}

Test(page, wraps_at_the_width_and_indents_every_line)
{
	FILE *f = begin();
	const char *s;

	page_wrap(f, "word word word word word word word word word word word word word word word word word word word", 4);
	s = printed(f);
	cr_expect_leq(longest_line(s), (size_t)PAGE_WIDTH);
	cr_expect(strncmp(s, "    word word", 13) == 0, "%s", s);
	cr_expect(strstr(s, "\n    word"), "%s", s);
	cr_expect(strcmp(s + strlen(s) - 5, "word\n") == 0, "%s", s);
}

Test(page, a_labelled_text_goes_on_in_its_column)
{
	FILE *f = begin();

	page_wrap_labelled(f, "--json", "words of the second column words of the second column words of the second column", 20);
	page_wrap_labelled(f, "--a-label-of-more-than-its-column", "text", 20);
	cr_expect_str_eq(printed(f), "  --json            words of the second column words of the second column words\n"
				     "                    of the second column\n"
				     "  --a-label-of-more-than-its-column\n"
				     "                    text\n");
}

Test(page, a_word_that_is_longer_than_a_line_has_a_line_of_its_own)
{
	char word[121] = "";
	FILE *f = begin();

	memset(word, 'x', sizeof(word) - 1);
	page_wrap(f, "a", 2);
	page_wrap(f, word, 2);
	cr_expect_eq(longest_line(printed(f)), 122);
}

Test(page, roff_takes_nothing_of_the_text_for_a_request_or_an_escape)
{
	FILE *f = begin();

	page_roff(f, ".SH a-b\\n `c' \"d\" ~/^");
	cr_expect_str_eq(printed(f), "\\&.SH a\\-b\\en \\(gac\\(aq \\(dqd\\(dq \\(ti/\\(ha");
}

Test(page, a_roff_line_is_a_sentence_and_breaks_where_a_request_can_not_begin)
{
	FILE *f = begin();
	const char *s;

	page_roff_line(f, "done.");
	page_roff_line(f, "done");
	page_roff_line(f, "words before it, that are long enough for the line to end, .SH is no heading");
	s = printed(f);
	cr_expect(strncmp(s, "done.\ndone.\n", 12) == 0, "%s", s);
	cr_expect(strstr(s, "\n\\&.SH is no heading.\n"), "%s", s);
	cr_expect_leq(longest_line(s), (size_t)80);
}
