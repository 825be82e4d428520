/* decode - what stands in a log, back to what the service wrote: JSON objects a line, or lines with something in front. */
#ifndef PM1_TESTS_DECODE_H
#define PM1_TESTS_DECODE_H

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct decoded {
	char *bytes; /* owned: the messages, each with the newline that its line had */
	size_t n;
	size_t objects;
	size_t partial; /* of these go on in the next one */
	size_t base64; /* of these are not UTF-8 */
	size_t notes; /* objects of pm1 itself, which are not in `bytes` */
	json_int_t noted; /* bytes that the notes tell of */
	json_int_t pid; /* of the last object */
	bool (*pick)(const json_t *o); /* NULL: all of them */
};

static inline uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static inline void decoded_add(struct decoded *d, const char *p, size_t n)
{
	d->bytes = realloc(d->bytes, d->n + n + 1);
	cr_assert_not_null(d->bytes);
	memcpy(d->bytes + d->n, p, n);
	d->n += n;
	d->bytes[d->n] = 0;
}

static inline void decoded_done(struct decoded *d)
{
	free(d->bytes);
	*d = (struct decoded){ 0 };
}

static inline size_t decode_base64(const char *text, char *to)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t v = 0;
	size_t n = 0, bits = 0;

	cr_assert_eq(strlen(text) % 4, 0);
	for (; *text && *text != '='; text++) {
		const char *digit = strchr(digits, *text);
		cr_assert_not_null(digit, "'%c' is no digit of base64", *text);
		v = v << 6 | (uint32_t)(digit - digits);
		if ((bits += 6) >= 8) {
			bits -= 8;
			to[n++] = (char)(v >> bits);
		}
	}
	cr_assert_leq(strlen(text), 2, "it ends with '%s'", text);
	return n;
}

static inline void decode_object(struct decoded *d, const char *p, size_t n)
{
	json_error_t e;
	json_t *o = json_loadb(p, n, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &e);
	cr_assert(json_is_object(o), "%s in: %.*s", e.text, (int)n, p);
	const json_t *message = json_object_get(o, "message"), *base64 = json_object_get(o, "message_base64");
	const char *service = json_string_value(json_object_get(o, "service"));
	bool partial = json_is_true(json_object_get(o, "partial"));

	cr_assert(json_is_string(message) && service && json_is_integer(json_object_get(o, "pid")) &&
			  json_is_integer(json_object_get(o, "instance")) && json_is_string(json_object_get(o, "stream")),
		  "%.*s", (int)n, p);
	cr_assert_eq(json_object_size(o), 6 + (base64 ? 1U : 0) + (partial ? 1U : 0), "%.*s", (int)n, p);
	if (strcmp(service, "pm1") == 0) {
		d->notes++;
		d->noted += strtoll(json_string_value(message), NULL, 10);
	} else if (!d->pick || d->pick(o)) {
		const char *text = json_string_value(message);
		size_t len = json_string_length(message);
		char *raw = NULL;
		d->objects++;
		d->partial += partial;
		d->pid = json_integer_value(json_object_get(o, "pid"));
		if (base64) {
			cr_assert_not_null(memmem(text, len, "\xef\xbf\xbd", 3), "%.*s", (int)n, p);
			raw = malloc(json_string_length(base64) + 1);
			cr_assert_not_null(raw);
			len = decode_base64(json_string_value(base64), raw);
			d->base64++;
		}
		decoded_add(d, raw ? raw : text, len);
		if (!partial)
			decoded_add(d, "\n", 1);
		free(raw);
	}
	json_decref(o);
}

/* Objects, one a line; the last may be without its newline. */
static inline void decode_lines(struct decoded *d, const char *p, size_t n)
{
	while (n > 0) {
		const char *nl = memchr(p, '\n', n);
		size_t len = nl ? (size_t)(nl - p) : n;
		decode_object(d, p, len);
		len += nl ? 1 : 0;
		p += len;
		n -= len;
	}
}

#endif
