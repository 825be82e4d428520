#include "tests/fakes/keep.h"
#include "tools/cli/out.h"
#include "tools/cli/table.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char *const heads[] = { "id", "name" };

/* What the table prints. */
static char *printed(const struct table *t, bool box, bool color)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	cr_assert_eq(table_print(t, f, box, color), 0);
	(void)fclose(f);
	return keep(text);
}

static struct table *of(const char *id, const char *name)
{
	struct table *t = table_new(heads, 2);

	table_cell(t, COLOR_BOLD, id);
	table_cell(t, NULL, name);
	return t;
}

Test(table, columns_are_as_wide_as_their_widest_cell_and_nothing_pads_the_last)
{
	struct table *t = of("100", "web");
	table_cell(t, NULL, "1");
	table_cell(t, NULL, "a longer name");
	cr_assert_str_eq(printed(t, false, false), "id   name\n100  web\n1    a longer name\n");
	table_free(t);
}

Test(table, a_box_has_lines_of_one_length)
{
	struct table *t = of("1", "web");
	cr_assert_str_eq(printed(t, true, false),
			 "┌────┬──────┐\n"
			 "│ id │ name │\n"
			 "├────┼──────┤\n"
			 "│ 1  │ web  │\n"
			 "└────┴──────┘\n");
	cr_assert_eq(table_width(t), 13);
	table_free(t);
}

Test(table, without_a_row_its_heads_are_printed)
{
	struct table *t = table_new(heads, 2);
	cr_assert_str_eq(printed(t, false, false), "id  name\n");
	cr_assert_str_eq(printed(t, true, false), "┌────┬──────┐\n│ id │ name │\n├────┼──────┤\n└────┴──────┘\n");
	table_free(t);
}

Test(table, colours_do_not_count_as_width)
{
	struct table *t = of("1", "web");
	cr_assert_str_eq(printed(t, false, true), "id  name\n" COLOR_BOLD "1" COLOR_OFF "   web\n");
	char *box = printed(t, true, true);
	cr_assert(strstr(box, COLOR_BOLD COLOR_CYAN "name" COLOR_OFF " │\n"), "%s", box);
	table_free(t);
}

Test(table, utf8_counts_by_its_characters)
{
	struct table *t = of("1", "größe");
	table_cell(t, NULL, "2");
	table_cell(t, NULL, "web");
	cr_assert_str_eq(printed(t, true, false),
			 "┌────┬───────┐\n"
			 "│ id │ name  │\n"
			 "├────┼───────┤\n"
			 "│ 1  │ größe │\n"
			 "│ 2  │ web   │\n"
			 "└────┴───────┘\n");
	table_free(t);
}

Test(table, a_long_cell_is_cut_with_an_ellipsis_in_a_box_alone)
{
	char long_name[61];
	memset(long_name, 'n', 60);
	long_name[60] = 0;
	struct table *t = of("1", long_name);
	char *box = printed(t, true, false), cut[64];
	memset(cut, 'n', TABLE_CELL_MAX - 1);
	(void)snprintf(cut + TABLE_CELL_MAX - 1, sizeof(cut) - TABLE_CELL_MAX + 1, "… │\n");
	cr_assert(strstr(box, cut), "%s", box);
	cr_assert_null(strstr(box, long_name));
	cr_assert(strstr(printed(t, false, false), long_name));
	table_free(t);
}

Test(table, a_cut_takes_whole_characters)
{
	char umlauts[2 * 60 + 1] = "";
	for (int i = 0; i < 60; i++)
		memcpy(umlauts + 2 * i, "ä", 3);
	struct table *t = of("1", umlauts);
	char *box = printed(t, true, false);
	char *end = strstr(box, "…");
	cr_assert_not_null(end, "%s", box);
	cr_assert_eq(memcmp(end - 2, "ä", 2), 0, "%s", box);
	size_t n = 0;
	for (char *p = box; (p = strstr(p, "ä")); p += 2)
		n++;
	cr_assert_eq(n, TABLE_CELL_MAX - 1);
	table_free(t);
}

Test(table, foreign_text_is_escaped)
{
	struct table *t = of("\033[31m1", "a\nb\xff");
	char *text = printed(t, false, false);
	cr_assert(!strchr(text, '\033') && strstr(text, "\\x1b[31m1") && strstr(text, "\\xff"), "%s", text);
	char *first = strchr(text, '\n'), *second = strchr(first + 1, '\n');
	cr_assert(second && !second[1], "two lines: %s", text);
	table_free(t);
}

Test(table, cells_can_be_formatted)
{
	struct table *t = table_new(heads, 2);
	table_cellf(t, NULL, "%d", 7);
	table_cellf(t, NULL, "%s-%s", "a", "b");
	cr_assert_str_eq(printed(t, false, false), "id  name\n7   a-b\n");
	table_free(t);
}

Test(table, a_thousand_rows_are_kept)
{
	struct table *t = table_new(heads, 2);
	for (int i = 0; i < 1000; i++) {
		table_cellf(t, NULL, "%d", i);
		table_cell(t, NULL, "web");
	}
	char *text = printed(t, false, false);
	size_t n = 0;
	for (char *p = text; *p; p++)
		n += *p == '\n';
	cr_assert_eq(n, 1001);
	cr_assert(strstr(text, "\n999  web\n"), "%s", text);
	table_free(t);
}

Test(table, freeing_nothing_is_fine)
{
	table_free(NULL);
	struct table *t = of("1", "web");
	table_free(t);
}
