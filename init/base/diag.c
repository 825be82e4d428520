#include "base/diag.h"

#include "base/own.h"
#include "base/strv.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>

#define VALUE_SHOWN 80 /* bytes of a value that a message repeats */
#define MESSAGE_MAX 4096 /* bytes; a path, a value's beginning, a sentence */

struct diag {
	struct strv messages; /* the first byte is the level, the text follows */
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
	strv_done(&d->messages);
	free(d);
}

static void add_value(struct text *t, const char *value)
{
	char shown[VALUE_SHOWN + 1];
	size_t n = strlen(value);

	if (n <= VALUE_SHOWN) {
		(void)text_add_safe(t, value);
		return;
	}
	memcpy(shown, value, VALUE_SHOWN);
	shown[VALUE_SHOWN] = 0;
	(void)text_add_safe(t, shown);
	(void)text_addf(t, "... (%zu bytes)", n);
}

void diag_add(struct diag *d, enum diag_level level, const struct where *at, const char *key, const char *value,
	      const char *fmt, ...)
{
	char buf[MESSAGE_MAX], words[MESSAGE_MAX / 2];
	struct text t = TEXT_INIT(buf), w = TEXT_INIT(words);
	va_list ap;

	if (level == DIAG_ERROR)
		d->errors++;
	if (d->messages.n >= DIAG_MESSAGES_MAX) {
		d->lost++;
		return;
	}
	va_start(ap, fmt);
	text_init(&w, words, sizeof(words));
	(void)text_vaddf(&w, fmt, ap);
	va_end(ap);

	text_init(&t, buf, sizeof(buf));
	(void)text_addf(&t, "%c", level == DIAG_ERROR ? 'E' : 'W');
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
	if (strv_add(&d->messages, buf) < 0)
		d->lost++;
}

size_t diag_errors(const struct diag *d)
{
	return d->errors;
}

size_t diag_count(const struct diag *d)
{
	return d->messages.n + (d->lost ? 1 : 0);
}

const char *diag_text(const struct diag *d, size_t i)
{
	return i < d->messages.n ? d->messages.v[i] + 1 : "more faults than are shown here; mend these first";
}

enum diag_level diag_level(const struct diag *d, size_t i)
{
	return i < d->messages.n && d->messages.v[i][0] == 'W' ? DIAG_WARNING : DIAG_ERROR;
}
