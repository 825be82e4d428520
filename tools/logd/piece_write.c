/* piece_write - a piece in the form of a file or of the console, at the place that was noted for it.
 *
 * What is written hangs on the slot, the rules and the file before that place alone: a successor that writes it again writes the same. */
#include "tools/logd/stream_impl.h"

#include "base/text.h"
#include "tools/logd/form.h"

#include <errno.h>

#define PREFIX_STAMP "YYYY-MM-DDTHH:mm:ss.SSSZ" /* where log_format = prefix has no log_date_format */

void piece_line(const struct stream *s, struct line *ret)
{
	*ret = (struct line){ .service = s->service,
			      .instance = s->rules.instance,
			      .err = s->err,
			      .pid = s->slot->piece_pid,
			      .time = s->slot->stamp };
}

static void make_file_form(const struct stream *s, struct form *f)
{
	char head[FORM_HEAD_MAX], stamp[STAMP_MAX], fallback[STAMP_MAX];
	struct line line;

	if (s->rules.form == LOGWIRE_JSON) {
		piece_line(s, &line);
		form_json(f, &line);
		return;
	}
	bool prefix = s->rules.form == LOGWIRE_PREFIX;
	const char *compiled = s->stamp;
	if (prefix && !s->stamp[0] && stamp_compile(PREFIX_STAMP, fallback, sizeof(fallback)) == 0)
		compiled = fallback;
	size_t n = stamp_format(compiled, s->slot->stamp, stamp, sizeof(stamp));
	stamp[n] = 0;
	if (prefix)
		(void)text_format(head, sizeof(head), "%s%s%s %s: ", stamp, n ? " " : "", s->name, s->err ? "err" : "out");
	else
		(void)text_format(head, sizeof(head), "%s%s", stamp, n ? ": " : "");
	form_text(f, head, false);
}

uint64_t piece_put_on_console(struct stream *s, const char *piece, size_t n)
{
	char head[FORM_HEAD_MAX];
	struct form f;
	struct line line;

	if (s->rules.console == LOGWIRE_CONSOLE_JSON) {
		piece_line(s, &line);
		form_json(&f, &line);
	} else if (s->rules.console == LOGWIRE_CONSOLE_PREFIX) {
		(void)text_format(head, sizeof(head), "%s | ", s->name);
		form_text(&f, head, true);
	} else {
		form_text(&f, "", false);
	}
	return console_add(s->host->console, &f, s->slot->midline, piece, n);
}

/* Writes the piece in its form. A piece is written whole or not at all: what is counted as dropped must not stand there in part. */
static int write_formed(struct stream *s, struct file *f, const struct form *form, uint64_t *at, const char *p, size_t n)
{
	struct form_cursor c = { .p = p, .n = n, .midline = s->slot->midline };
	struct form_part part;
	char *out = s->host->out;
	size_t len = 0;
	int r;

	/* Half a line of another form, or of another stream, may stand there. */
	if (form->head_len > 0 && (form->whole || !c.midline) && n > 0 && !file_ends_line(f, *at))
		out[len++] = '\n';
	while (form_next(form, &c, &part)) {
		size_t more = form_put(form, &part, out + len, STREAM_OUT - len);
		if (more == 0) {
			r = file_write(f, *at, out, len);
			if (r < 0)
				return r;
			*at += len;
			len = 0;
			more = form_put(form, &part, out, STREAM_OUT);
		}
		len += more;
	}
	r = file_write(f, *at, out, len);
	if (r == 0)
		*at += len;
	return r;
}

_Static_assert(STREAM_OUT >= FORM_JSON_ROOM && STREAM_OUT >= FORM_ROOM(STREAM_PIECE), "any part fits");

int piece_write_to(struct stream *s, struct file *f, uint64_t begin, const char *p, size_t n, bool repeat)
{
	uint64_t at = begin;
	struct form form;
	int r;

	if (!f)
		return 0;
	if (begin == UINT64_MAX)
		return -EIO; /* it could not be opened, which is told */
	make_file_form(s, &form);
	if (form_is_bytes(&form)) {
		r = file_write(f, at, p, n);
		at += n;
	} else {
		r = write_formed(s, f, &form, &at, p, n);
		if (r < 0 && at > begin)
			(void)file_cut(f, begin);
	}
	if (r == 0 && repeat)
		(void)file_cut(f, at);
	if (r == 0)
		file_trim(f);
	return r;
}
