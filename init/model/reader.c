/* reader - see the header. */
#include "model/reader.h"

#include "base/text.h"
#include "model/config.h"
#include "model/textfile.h"
#include "model/value.h"

#include <errno.h>

#define INIH_NAME_MAX 49 /* MAX_SECTION and MAX_NAME of inih, less the NUL */

void reader_init(struct reader *r, const char *file, const char *data, size_t n, struct diag *diag)
{
	*r = (struct reader){ .file = file, .data = data, .n = n, .diag = diag, .next_line = 1 };
	if (n >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		r->at = 3;
}

void reader_done(struct reader *r)
{
	free(r->logical);
	free(r->encoded);
	*r = (struct reader){ 0 };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
	       c == '/' || c == '-';
}

/* Encodes n bytes into `to` (3 * n + 1 are there) and returns the length. */
static size_t encode(const char *s, size_t n, char *to)
{
	static const char hex[] = "0123456789ABCDEF";
	char *p = to;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (is_plain(s[i])) {
			*p++ = s[i];
		} else {
			*p++ = '%';
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		}
	}
	*p = '\0';
	return (size_t)(p - to);
}

static int unhex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

size_t reader_decode(char *s)
{
	char *to = s;

	for (const char *p = s; *p; p++) {
		if (*p == '%' && unhex(p[1]) >= 0 && unhex(p[2]) >= 0) {
			*to++ = (char)(unhex(p[1]) * 16 + unhex(p[2]));
			p += 2;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
	return (size_t)(to - s);
}

static int append(struct reader *r, const char *s, size_t n)
{
	if (r->logical_n + n + 1 > r->logical_size) {
		size_t size = 2 * (r->logical_n + n + 1);
		char *bigger = realloc(r->logical, size);

		if (!bigger)
			return -ENOMEM;
		r->logical = bigger;
		r->logical_size = size;
	}
	memcpy(r->logical + r->logical_n, s, n);
	r->logical_n += n;
	r->logical[r->logical_n] = '\0';
	return 0;
}

/* Whether an odd number of backslashes ends the text: an even one stands for backslashes. */
static bool goes_on(const char *s, size_t n)
{
	size_t slashes = 0;

	while (slashes < n && s[n - 1 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 1;
}

/* Reads the next line and those that it goes on in, the backslash and the blanks around it made one blank. 1: r->logical
 * holds it; 0: the end; -EINVAL: no text, reported; -ENOMEM. */
static int read_logical(struct reader *r)
{
	bool more = true;
	bool bad = false;

	if (r->at >= r->n)
		return 0;
	r->line = r->next_line;
	r->logical_n = 0;
	if (append(r, "", 0) < 0)
		return -ENOMEM;

	while (more && r->at < r->n) {
		const char *s = r->data + r->at;
		const char *nl = memchr(s, '\n', r->n - r->at);
		size_t n = nl ? (size_t)(nl - s) : r->n - r->at;
		const char *what;
		size_t wrong;
		bool first = r->next_line == r->line;
		size_t lead = 0;

		r->at += n + (nl != NULL);
		if (n > 0 && s[n - 1] == '\r')
			n--;
		wrong = textfile_check(s, n, &what);
		if (wrong < n) {
			struct where at = { .file = r->file, .line = r->next_line, .section = *r->section ? r->section : NULL };

			diag_error(r->diag, &at, NULL, NULL, "%s at column %zu", what, wrong + 1);
			bad = true;
		}
		r->next_line++;

		while (lead < n && is_blank(s[lead]))
			lead++;
		/* A comment ends where its line ends. */
		more = goes_on(s, n) && !(first && (s[lead] == '#' || s[lead] == ';'));
		if (more) {
			n--;
			while (n > lead && is_blank(s[n - 1]))
				n--;
		}
		if (!first && append(r, " ", 1) < 0)
			return -ENOMEM;
		if (append(r, s + lead, n > lead ? n - lead : 0) < 0)
			return -ENOMEM;
	}
	return bad ? -EINVAL : 1;
}

static void __attribute__((format(printf, 4, 5)))
fault(struct reader *r, const char *key, const char *value, const char *fmt, ...)
{
	struct where at = { .file = r->file, .line = r->line, .section = *r->section ? r->section : NULL };
	char what[256];
	struct text t = TEXT_INIT(what);
	va_list ap;

	va_start(ap, fmt);
	(void)text_vaddf(&t, fmt, ap);
	va_end(ap);
	diag_error(r->diag, &at, key, value, "%s", what);
}

/* The length of the value at s without the comment behind it and the blanks before that. */
static size_t value_length(const char *s, char *ret_comment)
{
	size_t n = 0;

	*ret_comment = '\0';
	while (s[n]) {
		const char *end = s[n] == '"' || s[n] == '\'' ? value_quote_end(s + n) : NULL;

		if ((s[n] == ';' || s[n] == '#') && (n == 0 || is_blank(s[n - 1]))) {
			*ret_comment = s[n];
			break;
		}
		if (s[n] == '\\' && s[n + 1])
			n++;
		n = end ? (size_t)(end - s) + 1 : n + 1;
	}
	while (n > 0 && is_blank(s[n - 1]))
		n--;
	return n;
}

/* "[name] ; comment" in r->logical. Writes what inih gets to buf; false: reported. */
static bool take_section(struct reader *r, struct text *out)
{
	char *line = r->logical;
	char *close = strchr(line, ']');
	const char *rest;
	char coded[3 * READER_NAME_MAX + 1];
	size_t n;

	/* Broken or not, what follows belongs to this section: its keys aren't faults of the one before. */
	r->section[0] = '\0';
	r->section_skipped = true;
	if (!close) {
		fault(r, NULL, line, "the section's ] is missing");
		return false;
	}
	rest = close + 1 + strspn(close + 1, " \t");
	if (*rest != '\0' && *rest != '#' && *rest != ';') {
		fault(r, NULL, line, "text behind the section's ]");
		return false;
	}
	n = (size_t)(close - line - 1);
	if (n > READER_NAME_MAX || n == 0) {
		fault(r, NULL, line, n == 0 ? "the section has no name" : "the section's name is too long");
		return false;
	}
	*close = '\0';
	(void)text_copy(r->section, sizeof(r->section), line + 1);
	n = encode(r->section, n, coded);
	(void)text_addf(out, "[%s]\n", n > INIH_NAME_MAX ? READER_LONG : coded);
	r->section_skipped = strncmp(r->section, "x-", 2) == 0;
	r->header_due = true;
	return true;
}

/* "key = value" in r->logical. Fills key and value; inih gets the first piece by way of next_piece(). */
static int take_pair(struct reader *r)
{
	char *line = r->logical;
	size_t split = strcspn(line, "=:");
	char *value;
	size_t n = split;
	size_t size;

	if (line[split] == '\0') {
		fault(r, NULL, line,
		      "no '=' in the line (allowed: key = value, [section], # comment; a line goes on when it ends in \\)");
		return -EINVAL;
	}
	while (n > 0 && is_blank(line[n - 1]))
		n--;
	if (n == 0 || n > READER_NAME_MAX) {
		fault(r, NULL, line, n == 0 ? "no key before the '%c'" : "the key before the '%c' is too long",
		      line[split]);
		return -EINVAL;
	}
	value = line + split + 1;
	line[n] = '\0';
	(void)text_copy(r->key, sizeof(r->key), line);
	value += strspn(value, " \t");

	size = value_length(value, &r->comment);
	if (size == 0 && r->comment) {
		fault(r, r->key, value, "'%c' begins a comment here: put the value in quotes, or the comment on its own line",
		      r->comment);
		return -EINVAL;
	}
	if (size > CONFIG_VALUE_MAX) {
		value[size] = '\0';
		fault(r, r->key, value, "the value is %zu bytes long (allowed: up to %zu, which end at column %zu)", size,
		      CONFIG_VALUE_MAX, (size_t)(value - line) + CONFIG_VALUE_MAX);
		return -EINVAL;
	}
	free(r->encoded);
	r->encoded = malloc(3 * size + 1);
	if (!r->encoded)
		return -ENOMEM;
	r->encoded_n = encode(value, size, r->encoded);
	r->given = 0;
	return 0;
}

/* As much of the value as the line has room for, less its newline. */
static void next_piece(struct reader *r, struct text *out)
{
	size_t room = out->size - out->len - 2;
	size_t left = r->encoded_n - r->given;
	size_t n = left < room ? left : room;

	(void)text_addn(out, r->encoded + r->given, n);
	(void)text_add(out, "\n");
	r->given += n;
}

char *reader_gets(char *buf, int size, void *reader)
{
	struct reader *r = reader;
	struct text out;

	text_init(&out, buf, (size_t)size);
	if (r->header_due) {
		r->header_due = false;
		(void)text_add(&out, READER_HEADER "=\n");
		return buf;
	}
	if (r->given < r->encoded_n) {
		/* An indented line is more of the value before. */
		(void)text_add(&out, " ");
		next_piece(r, &out);
		return buf;
	}
	for (;;) {
		int got = read_logical(r);

		if (got == -ENOMEM)
			r->error = got;
		if (got == 0 || got == -ENOMEM)
			return NULL;
		if (got < 0 || r->logical_n == 0 || *r->logical == '#' || *r->logical == ';')
			continue;
		if (*r->logical == '[') {
			if (take_section(r, &out))
				return buf;
			continue;
		}
		if (r->section_skipped)
			continue;
		got = take_pair(r);
		if (got == -ENOMEM) {
			r->error = got;
			return NULL;
		}
		if (got == 0) {
			char coded[3 * READER_NAME_MAX + 1];
			size_t n = encode(r->key, strlen(r->key), coded);

			(void)text_addf(&out, "%s=", n > INIH_NAME_MAX ? READER_LONG : coded);
			next_piece(r, &out);
			return buf;
		}
	}
}

bool reader_complete(const struct reader *r)
{
	return r->given == r->encoded_n;
}
