#include "tools/logd/form.h"

#include "base/text.h"

void form_text(struct form *f, const char *head, bool whole)
{
	f->json = false;
	f->whole = whole;
	if (text_copy(f->head, sizeof(f->head), head) < 0) /* its parts are bounded: can't be */
		f->head[0] = 0;
	f->head_len = strlen(f->head);
}

void form_json(struct form *f, const struct line *l)
{
	f->json = f->whole = true;
	f->head_len = line_json_head(l, f->head, sizeof(f->head));
}

bool form_is_bytes(const struct form *f)
{
	return !f->json && !f->whole && f->head_len == 0;
}

bool form_next(const struct form *f, struct form_cursor *c, struct form_part *ret)
{
	if (c->n == 0)
		return false;
	const char *nl = memchr(c->p, '\n', c->n);
	size_t n = nl ? (size_t)(nl - c->p) : c->n;
	size_t cut = f->json ? line_cut(c->p, n, FORM_JSON_PART) : n;

	ret->text = c->p;
	ret->n = cut;
	ret->begins = !c->midline;
	ret->ends = nl && cut == n;
	c->p += cut + ret->ends;
	c->n -= cut + ret->ends;
	c->midline = !ret->ends;
	return true;
}

size_t form_put(const struct form *f, const struct form_part *part, char *buf, size_t size)
{
	bool head = part->begins || f->whole, newline = part->ends || f->whole;
	size_t len = head ? f->head_len : 0;

	if (size < FORM_ROOM(part->n))
		return 0;
	memcpy(buf, f->head, len);
	if (f->json) {
		size_t text = line_json_text(part->text, part->n, !part->ends, buf + len, size - len - 1);
		if (text == 0)
			return 0;
		len += text;
	} else {
		memcpy(buf + len, part->text, part->n);
		len += part->n;
	}
	if (newline)
		buf[len++] = '\n';
	return len;
}
