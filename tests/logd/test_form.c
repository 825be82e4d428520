#include "tools/logd/form.h"

#include "tests/logd/decode.h"

#include <criterion/criterion.h>
#include <string.h>

static struct form form;

/* The piece in its form, as all that write one do it. */
static const char *formed(const char *piece, size_t n, bool midline)
{
	static char out[4 * 1024 * 1024];
	struct form_cursor c = { .p = piece, .n = n, .midline = midline };
	struct form_part part;
	size_t len = 0;

	while (form_next(&form, &c, &part)) {
		size_t more = form_put(&form, &part, out + len, sizeof(out) - 1 - len);
		cr_assert_gt(more, 0);
		len += more;
	}
	out[len] = 0;
	return out;
}

static const char *text(const char *piece, bool midline)
{
	return formed(piece, strlen(piece), midline);
}

static void be_json(void)
{
	form_json(&form, &(struct line){ .service = "web", .pid = 7 });
}

#define HEAD "{\"time\":\"1970-01-01T00:00:00.000000Z\",\"service\":\"web\",\"instance\":0,\"stream\":\"stdout\",\"pid\":7,\"message\":"

Test(form, an_empty_head_leaves_the_bytes_as_they_are)
{
	form_text(&form, "", false);
	cr_expect(form_is_bytes(&form));
	cr_expect_str_eq(text("one\n\ntwo\nthe end", false), "one\n\ntwo\nthe end");
	cr_expect_str_eq(text("", false), "");
	form_text(&form, "x", false);
	cr_expect_not(form_is_bytes(&form));
	form_text(&form, "", true);
	cr_expect_not(form_is_bytes(&form), "it ends lines");
	be_json();
	cr_expect_not(form_is_bytes(&form));
}

Test(form, a_head_stands_in_front_of_each_line_and_nowhere_else)
{
	form_text(&form, "web out: ", false);
	cr_expect_str_eq(text("one\n\ntwo\n", false), "web out: one\nweb out: \nweb out: two\n");
	cr_expect_str_eq(text("one\nthe beg", false), "web out: one\nweb out: the beg");
	cr_expect_str_eq(text("inning\nnext\n", true), "inning\nweb out: next\n");
	cr_expect_str_eq(text("\n", true), "\n", "the end of a line alone");
}

Test(form, whole_parts_have_a_head_and_an_end_each)
{
	form_text(&form, "web | ", true);
	cr_expect_str_eq(text("one\nthe beg", false), "web | one\nweb | the beg\n");
	cr_expect_str_eq(text("inning\nnext\n", true), "web | inning\nweb | next\n");
	cr_expect_str_eq(text("\n", false), "web | \n");
}

Test(form, json_is_an_object_a_line_and_tells_where_a_line_goes_on)
{
	be_json();
	cr_expect_str_eq(text("one\n\n", false), HEAD "\"one\"}\n" HEAD "\"\"}\n");
	cr_expect_str_eq(text("the beg", false), HEAD "\"the beg\",\"partial\":true}\n");
	cr_expect_str_eq(text("inning\n", true), HEAD "\"inning\"}\n");
	cr_expect_str_eq(text("\n", true), HEAD "\"\"}\n");
}

Test(form, nul_bytes_are_bytes)
{
	form_text(&form, "> ", false);
	cr_expect(memcmp(formed("a\0b\n\0\n", 6, false), "> a\0b\n> \0\n", 11) == 0);
}

/* So many bytes of 'x' and a newline come as parts of at most 16 KiB. */
Test(form, a_long_line_is_parted_into_objects)
{
	static const size_t sizes[] = { FORM_JSON_PART - 1, FORM_JSON_PART, FORM_JSON_PART + 1, 2 * FORM_JSON_PART, 100000 };
	static char piece[100001];

	be_json();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct decoded d = { 0 };
		size_t parts = (sizes[i] + FORM_JSON_PART - 1) / FORM_JSON_PART;
		memset(piece, 'x', sizes[i]);
		piece[sizes[i]] = '\n';
		const char *all = formed(piece, sizes[i] + 1, false);
		decode_lines(&d, all, strlen(all));
		cr_expect_eq(d.objects, parts, "%zu bytes: %zu objects", sizes[i], d.objects);
		cr_expect_eq(d.partial, parts - 1);
		cr_expect(d.n == sizes[i] + 1 && memcmp(d.bytes, piece, d.n) == 0);
		decoded_done(&d);
	}
}

Test(form, a_long_line_is_not_parted_in_the_midst_of_a_character)
{
	static char piece[40001];
	struct decoded d = { 0 };

	be_json();
	piece[0] = 'a'; /* no boundary of a character is at 16 KiB */
	for (size_t i = 1; i + 3 <= 40000; i += 3)
		memcpy(piece + i, "\xe2\x82\xac", 3);
	const char *all = formed(piece, 40000, false);
	decode_lines(&d, all, strlen(all));
	cr_expect_eq(d.base64, 0);
	cr_expect(d.n == 40000 && memcmp(d.bytes, piece, d.n) == 0);
	decoded_done(&d);
}

Test(form, the_worst_part_fits_into_the_room_that_is_promised)
{
	static char worst[FORM_JSON_PART], room[FORM_JSON_ROOM];
	struct form_part part = { .text = worst, .n = sizeof(worst), .begins = true };

	memset(worst, 1, sizeof(worst));
	worst[0] = '\xff';
	be_json();
	cr_expect_gt(form_put(&form, &part, room, sizeof(room)), 0);
	form_text(&form, "a head", true);
	cr_expect_eq(form_put(&form, &part, room, FORM_ROOM(sizeof(worst))), 6 + sizeof(worst) + 1);
}

Test(form, without_room_nothing_is_put)
{
	char room[FORM_ROOM(4)];
	struct form_part part = { .text = "text", .n = 4, .begins = true, .ends = true };

	form_text(&form, "> ", false);
	cr_expect_eq(form_put(&form, &part, room, FORM_ROOM(4) - 1), 0);
	cr_expect_eq(form_put(&form, &part, room, 0), 0);
	cr_expect_eq(form_put(&form, &part, room, FORM_ROOM(4)), 7);
	be_json();
	for (size_t size = 0; size <= sizeof(room); size++)
		cr_expect_leq(form_put(&form, &part, room, size), size);
	cr_expect_eq(form_put(&form, &part, room, 200), 0);
}

Test(form, the_same_piece_gives_the_same_bytes_again)
{
	static const char piece[] = "one\n\xff\xfe\ntwo";
	char *first;

	be_json();
	first = strdup(formed(piece, strlen(piece), false));
	cr_expect_str_eq(formed(piece, strlen(piece), false), first);
	free(first);
}
