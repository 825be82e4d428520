/* Any bytes in pieces whose ends the input chooses, formed as JSON, as a prefix, as whole lines (max_len=40000): what is read back is what
 * was said, each object is valid JSON on a line of its own, and no form asks for more room than it promises. */
#include "tests/fuzz/must.h"
#include "tools/logd/form.h"

#include <jansson.h>
#include <string.h>

#define HEAD "> "

static char *back; /* what was read back */
static size_t n_back;

static void add_back(const char *p, size_t n)
{
	memcpy(back + n_back, p, n);
	n_back += n;
}

static int digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strchr(digits, c);

	must(c && at);
	return (int)(at - digits);
}

static void add_base64(const char *p, size_t n)
{
	must(n % 4 == 0);
	for (size_t i = 0; i < n; i += 4) {
		size_t left = p[i + 3] != '=' ? 3 : p[i + 2] != '=' ? 2 : 1;
		unsigned int v = (unsigned int)digit(p[i]) << 18 | (unsigned int)digit(p[i + 1]) << 12;
		must(left == 3 || i + 4 == n);
		v |= left > 1 ? (unsigned int)digit(p[i + 2]) << 6 : 0;
		v |= left > 2 ? (unsigned int)digit(p[i + 3]) : 0;
		char bytes[] = { (char)(v >> 16), (char)(v >> 8), (char)v };
		add_back(bytes, left);
	}
}

static void read_object(const char *p, size_t n)
{
	json_t *o = json_loadb(p, n, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
	const json_t *message = json_object_get(o, "message"), *base64 = json_object_get(o, "message_base64");

	must(json_is_string(message));
	if (base64)
		add_base64(json_string_value(base64), json_string_length(base64));
	else
		add_back(json_string_value(message), json_string_length(message));
	if (!json_is_true(json_object_get(o, "partial")))
		add_back("\n", 1);
	json_decref(o);
}

/* One part as it stands in the log, back to what was said. */
static void read_part(const struct form *f, const struct form_part *part, const char *p, size_t n)
{
	if (f->json) {
		must(p[n - 1] == '\n' && !memchr(p, '\n', n - 1));
		read_object(p, n - 1);
		return;
	}
	size_t head = part->begins || f->whole ? strlen(HEAD) : 0;
	must(n >= head && memcmp(p, HEAD, head) == 0);
	add_back(p + head, n - head);
	if (f->whole && !part->ends) {
		must(p[n - 1] == '\n');
		n_back--;
	}
}

static void one_piece(const struct form *f, const char *p, size_t n, bool *midline)
{
	static char room[FORM_JSON_ROOM + 65536];
	struct form_cursor c = { .p = p, .n = n, .midline = *midline };
	struct form_part part;

	while (form_next(f, &c, &part)) {
		must(part.n <= (f->json ? FORM_JSON_PART : n));
		size_t len = form_put(f, &part, room, f->json ? FORM_HEAD_MAX + LINE_TEXT_MAX(part.n) + 1 : FORM_ROOM(part.n));
		must(len > 0 || (part.n == 0 && !f->json && !part.begins && !part.ends));
		read_part(f, &part, room, len);
	}
	*midline = c.midline;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct form f;
	bool midline = false;

	if (size < 2)
		return 0;
	if (data[0] % 3 == 0)
		form_json(&f, &(struct line){ .service = "web", .instance = data[1], .err = data[0] & 64, .pid = 1, .time = data[1] });
	else
		form_text(&f, HEAD, data[0] % 3 == 1);
	back = malloc(size + 1); /* a part that isn't the end of its line is whole for a moment */
	n_back = 0;
	must(back);
	const char *said = (const char *)data + 2;
	size_t n = size - 2, step = data[1] ? data[1] * 16U : n;
	for (size_t at = 0; at < n;) {
		size_t piece = n - at < step ? n - at : step;
		size_t cut = line_cut(said + at, n - at, piece);
		must(cut > 0 && cut <= piece && piece - cut < 4);
		one_piece(&f, said + at, cut, &midline);
		at += cut;
	}
	must(n_back == n && memcmp(back, said, n) == 0);
	free(back);
	return 0;
}
