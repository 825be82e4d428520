#include "base/diag.h"

#include "base/own.h"
#include "base/strv.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>

#define VALUE_SHOWN 80 /* bytes of a value that a message repeats */
#define MESSAGE_MAX 4096 /* bytes; a path, a value's beginning, a sentence */

struct message {
	char *text; /* owned */
	enum diag_level level;
	size_t file; /* number of its file, in the order in which files were first spoken of */
	unsigned int line;
	size_t i; /* when it came */
};

struct diag {
	struct message *messages; /* owned */
	size_t n, size;
	struct strv files;
	size_t errors;
	size_t lost; /* counted, not kept */
};

struct diag *diag_new(void)
{
	return calloc(1, sizeof(struct diag));
}

void diag_free(struct diag *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n; i++)
		free(d->messages[i].text);
	free(d->messages);
	strv_done(&d->files);
	free(d);
}

static size_t file_number(struct diag *d, const char *file)
{
	size_t i = 0;

	if (!file)
		file = "";
	while (i < d->files.n && strcmp(d->files.v[i], file) != 0)
		i++;
	if (i == d->files.n)
		(void)strv_add(&d->files, file); /* without memory the order suffers, nothing else */
	return i;
}

static int keep(struct diag *d, const struct message *m)
{
	if (d->n == d->size) {
		size_t size = d->size ? 2 * d->size : 16;
		struct message *bigger = realloc(d->messages, size * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		d->messages = bigger;
		d->size = size;
	}
	d->messages[d->n++] = *m;
	return 0;
}

static void add_value(struct text *t, const char *value)
{
	char shown[VALUE_SHOWN + 1];
	size_t n = strlen(value);

	if (n <= VALUE_SHOWN) {
		(void)text_add_safe(t, value);
		return;
	}
	/* Between characters, else the last would be shown as broken bytes. */
	size_t cut = VALUE_SHOWN;
	while (cut > VALUE_SHOWN - 4 && ((unsigned char)value[cut] & 0xc0) == 0x80)
		cut--;
	memcpy(shown, value, cut);
	shown[cut] = 0;
	(void)text_add_safe(t, shown);
	(void)text_addf(t, "... (%zu bytes)", n);
}

/* A value of [defaults] is read for each service: what it warns of is said once. */
static bool is_said(const struct diag *d, const char *text)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->messages[i].text, text) == 0)
			return true;
	return false;
}

void diag_add(struct diag *d, enum diag_level level, const struct where *at, const char *key, const char *value,
	      const char *fmt, ...)
{
	char buf[MESSAGE_MAX], words[MESSAGE_MAX / 2];
	struct text t = TEXT_INIT(buf), w = TEXT_INIT(words);
	struct message m;
	va_list ap;

	if (level == DIAG_ERROR)
		d->errors++;
	if (d->n >= DIAG_MESSAGES_MAX) {
		d->lost++;
		return;
	}
	va_start(ap, fmt);
	text_init(&w, words, sizeof(words));
	(void)text_vaddf(&w, fmt, ap);
	va_end(ap);

	text_init(&t, buf, sizeof(buf));
	if (at && at->file && at->line)
		(void)text_addf(&t, "%s:%u: ", at->file, at->line);
	else if (at && at->file)
		(void)text_addf(&t, "%s: ", at->file);
	if (level == DIAG_WARNING)
		(void)text_add(&t, "warning: ");
	if (at && at->section)
		(void)text_addf(&t, "[%s] ", at->section);
	if (key) {
		(void)text_add_safe(&t, key);
		if (value) {
			(void)text_add(&t, " = ");
			add_value(&t, value);
		}
		(void)text_add(&t, ": ");
	} else if (at && at->section && t.len > 2 && t.buf[t.len - 2] == ']') {
		/* "[service:web]: no command" reads better than "[service:web] no command" */
		t.buf[t.len - 1] = ':';
		(void)text_add(&t, " ");
	}
	(void)text_add_safe(&t, words);
	if (level == DIAG_WARNING && is_said(d, buf))
		return;
	m = (struct message){ .text = strdup(buf), .level = level, .i = d->n };
	if (at) {
		m.file = file_number(d, at->file);
		m.line = at->line;
	}
	if (!m.text || keep(d, &m) < 0) {
		free(m.text);
		d->lost++;
	}
}

static int by_place(const void *a, const void *b)
{
	const struct message *x = a;
	const struct message *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x->i > y->i) - (x->i < y->i);
}

void diag_sort(struct diag *d)
{
	if (d->n > 1)
		qsort(d->messages, d->n, sizeof(*d->messages), by_place);
}

size_t diag_errors(const struct diag *d)
{
	return d->errors;
}

size_t diag_count(const struct diag *d)
{
	return d->n + (d->lost ? 1 : 0);
}

const char *diag_text(const struct diag *d, size_t i)
{
	return i < d->n ? d->messages[i].text : "more faults than are shown here; mend these first";
}

enum diag_level diag_level(const struct diag *d, size_t i)
{
	return i < d->n ? d->messages[i].level : DIAG_ERROR;
}
