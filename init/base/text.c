#include "base/text.h"

#include <errno.h>

void text_init(struct text *t, char *buf, size_t size)
{
	*t = (struct text){ .buf = buf, .size = size };
	buf[0] = 0;
}

int text_addn(struct text *t, const char *s, size_t n)
{
	size_t room = t->size - 1 - t->len;
	size_t take = n < room ? n : room;

	memcpy(t->buf + t->len, s, take);
	t->len += take;
	t->buf[t->len] = 0;
	if (take == n)
		return 0;
	t->cut = true;
	return -ENOSPC;
}

int text_add(struct text *t, const char *s)
{
	return text_addn(t, s, strlen(s));
}

int text_vaddf(struct text *t, const char *fmt, va_list ap)
{
	size_t room = t->size - t->len;
	int n = vsnprintf(t->buf + t->len, room, fmt, ap);

	if (n < 0) {
		t->buf[t->len] = 0;
		return -EINVAL;
	}
	if ((size_t)n < room) {
		t->len += (size_t)n;
		return 0;
	}
	t->len = t->size - 1;
	t->cut = true;
	return -ENOSPC;
}

int text_addf(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int r = text_vaddf(t, fmt, ap);
	va_end(ap);
	return r;
}

/* How many bytes the UTF-8 character at s has, 0 when there is none (RFC 3629: no overlong forms, no surrogates). */
static size_t utf8_length(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 :
		   s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

int text_add_safe(struct text *t, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	int r = 0;

	while (*p && r == 0) {
		size_t n = utf8_length(p);
		/* C1 controls (U+0080 to U+009F) drive terminals as well as C0 does. */
		bool control = n == 0 || (n == 1 && (*p < 0x20 || *p == 0x7f)) || (n == 2 && p[0] == 0xc2 && p[1] < 0xa0);
		if (!control) {
			/* A character is added whole or not at all. */
			if (t->len + n >= t->size) {
				t->cut = true;
				return -ENOSPC;
			}
			r = text_addn(t, (const char *)p, n);
			p += n;
			continue;
		}
		for (size_t k = n ? n : 1; k > 0 && r == 0; k--)
			r = text_addf(t, "\\x%02x", *p++);
	}
	return r;
}

int text_add_size(struct text *t, unsigned long long bytes)
{
	static const char units[] = "BKMGTPE";
	unsigned int u = 0;
	unsigned long long whole = bytes, rest = 0;

	while (whole >= 1024 && u < sizeof(units) - 2) {
		rest = whole % 1024;
		whole /= 1024;
		u++;
	}
	unsigned long long unit = 1ULL << (10 * u);
	if (bytes % unit == 0)
		return text_addf(t, "%llu%c", whole, units[u]);
	return text_addf(t, "%llu.%llu%c", whole, rest * 10 / 1024, units[u]);
}

int text_add_span(struct text *t, unsigned long long usec)
{
	unsigned long long ms = usec / 1000, s = ms / 1000, m = s / 60, h = m / 60, d = h / 24;

	if (usec == 0)
		return text_add(t, "0s");
	if (ms == 0)
		return text_addf(t, "%lluus", usec);
	if (s == 0)
		return text_addf(t, "%llums", ms);
	if (m == 0)
		return ms % 1000 && s < 10 ? text_addf(t, "%llu.%llus", s, ms % 1000 / 100) : text_addf(t, "%llus", s);
	if (h == 0)
		return s % 60 ? text_addf(t, "%llum %llus", m, s % 60) : text_addf(t, "%llum", m);
	if (d == 0)
		return m % 60 ? text_addf(t, "%lluh %llum", h, m % 60) : text_addf(t, "%lluh", h);
	return h % 24 ? text_addf(t, "%lluD %lluh", d, h % 24) : text_addf(t, "%lluD", d);
}

int text_format(char *buf, size_t size, const char *fmt, ...)
{
	struct text t;
	va_list ap;

	text_init(&t, buf, size);
	va_start(ap, fmt);
	int r = text_vaddf(&t, fmt, ap);
	va_end(ap);
	return r;
}

int text_copy(char *buf, size_t size, const char *s)
{
	size_t n = strlen(s);

	if (n >= size) {
		buf[0] = 0;
		return -ENOSPC;
	}
	memcpy(buf, s, n + 1);
	return 0;
}
