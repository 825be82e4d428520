#include "tools/logd/line.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

/* What a reader of JSON gets of the text of n bytes. */
static void is_read_as(const char *text, size_t n, const char *want, size_t want_n)
{
	struct line l = { .service = "web", .text = text, .n = n };
	char buf[LINE_JSON_MAX(64)];
	size_t len = line_json(&l, buf, sizeof(buf)), got_n;
	json_t *o = json_loadb(buf, len, JSON_ALLOW_NUL, NULL);
	const char *got;

	cr_assert(o, "%.*s", (int)len, buf);
	for (size_t i = 0; i < len; i++)
		cr_assert((unsigned char)buf[i] >= 0x20, "byte %zu of %.*s", i, (int)len, buf);
	got = json_string_value(json_object_get(o, "message"));
	got_n = json_string_length(json_object_get(o, "message"));
	cr_assert(got_n == want_n && memcmp(got, want, want_n) == 0, "%.*s", (int)len, buf);
	json_decref(o);
}

/* Text is looked at by eight bytes; a byte has to be seen wherever it stands among them, and none beside it taken for another. */
Test(line_bytes, each_byte_at_each_place_reads_as_itself_or_as_a_replacement)
{
	for (size_t n = 1; n <= 20; n++) {
		for (size_t at = 0; at < n; at++) {
			for (int b = 0; b < 256; b++) {
				char text[64], want[64];
				memset(text, at % 2 ? '!' : '[', n); /* right beside '"' and '\\' */
				text[at] = (char)b;
				memcpy(want, text, n);
				if (b < 0x80) {
					is_read_as(text, n, want, n);
					continue;
				}
				memcpy(want + at, "\xef\xbf\xbd", 3);
				memcpy(want + at + 3, text + at + 1, n - at - 1);
				is_read_as(text, n, want, n + 2);
			}
		}
	}
}

Test(line_bytes, two_bytes_of_the_same_eight_are_both_seen)
{
	static const char odd[] = "\0\x1f\"\\\x7f !]~";

	for (size_t a = 0; a < 8; a++)
		for (size_t b = 0; b < 8; b++)
			for (size_t i = 0; i < sizeof(odd) - 1; i++)
				for (size_t k = 0; k < sizeof(odd) - 1; k++) {
					char text[12];
					memset(text, 'x', sizeof(text));
					text[a] = odd[i];
					text[b] = odd[k];
					is_read_as(text, sizeof(text), text, sizeof(text));
				}
}
