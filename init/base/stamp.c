/* stamp - see the header. */
#include "base/stamp.h"

#include "base/text.h"

#include <errno.h>

/* PM2's tokens, longer ones before their beginnings. dayjs leaves any other letter as it is. */
static const struct {
	const char *token;
	const char *strftime;
} tokens[] = {
	{ "YYYY", "%Y" }, { "YY", "%y" },  { "MMMM", "%B" }, { "MMM", "%b" }, { "MM", "%m" },   { "M", "%-m" },
	{ "DD", "%d" },   { "D", "%-d" },  { "dddd", "%A" }, { "ddd", "%a" }, { "d", "%w" },    { "HH", "%H" },
	{ "H", "%-H" },   { "hh", "%I" },  { "h", "%-I" },   { "mm", "%M" },  { "m", "%-M" },   { "SSS", "%3N" },
	{ "ss", "%S" },   { "s", "%-S" },  { "ZZ", "%z" },   { "Z", "%:z" },  { "A", "%p" },    { "a", "%P" },
	{ "X", "%s" },
};

static int compile_tokens(const char *fmt, struct text *t)
{
	while (*fmt) {
		size_t i = 0;

		if (*fmt == '[') {
			const char *end = strchr(fmt, ']');

			if (!end)
				return -EINVAL;
			(void)text_addn(t, fmt + 1, (size_t)(end - fmt - 1));
			fmt = end + 1;
			continue;
		}
		while (i < sizeof(tokens) / sizeof(*tokens) && strncmp(fmt, tokens[i].token, strlen(tokens[i].token)) != 0)
			i++;
		if (i < sizeof(tokens) / sizeof(*tokens)) {
			(void)text_add(t, tokens[i].strftime);
			fmt += strlen(tokens[i].token);
		} else {
			(void)text_addn(t, fmt++, 1);
		}
	}
	return 0;
}

/* The length of the conversion at s[0] == '%', 0: there is none of that kind. */
static size_t conversion(const char *s)
{
	size_t n = 1;

	if (strncmp(s, "%3N", 3) == 0 || strncmp(s, "%:z", 3) == 0)
		return 3;
	n += strspn(s + n, "_-0^#"); /* glibc's flags */
	n += strspn(s + n, "0123456789") > 2 ? 0 : strspn(s + n, "0123456789");
	if (s[n] == 'E' || s[n] == 'O')
		n++;
	return s[n] && strchr("aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%", s[n]) ? n + 1 : 0;
}

int stamp_compile(const char *fmt, char *buf, size_t size)
{
	struct text t;
	int r = 0;

	text_init(&t, buf, size);
	if (!strchr(fmt, '%')) {
		r = compile_tokens(fmt, &t);
	} else {
		for (const char *p = strchr(fmt, '%'); p; p = strchr(p, '%')) {
			size_t n = conversion(p);

			if (n == 0)
				return -EINVAL;
			p += n;
		}
		(void)text_add(&t, fmt);
	}
	return r < 0 ? r : t.cut ? -ENOSPC : 0;
}

/* Fills in our own marks; what is left is strftime's. */
static void fill_marks(const char *compiled, const struct tm *tm, usec_t wall, struct text *t)
{
	while (*compiled) {
		if (strncmp(compiled, "%3N", 3) == 0) {
			(void)text_addf(t, "%03u", (unsigned int)(wall / USEC_MS % 1000));
			compiled += 3;
		} else if (strncmp(compiled, "%:z", 3) == 0) {
			long off = tm->tm_gmtoff / 60;
			long abs = off < 0 ? -off : off;

			(void)text_addf(t, "%c%02ld:%02ld", off < 0 ? '-' : '+', abs / 60, abs % 60);
			compiled += 3;
		} else {
			size_t n = *compiled == '%' && compiled[1] ? 2 : 1;

			(void)text_addn(t, compiled, n);
			compiled += n;
		}
	}
}

size_t stamp_format(const char *compiled, usec_t wall, char *buf, size_t size)
{
	char plain[STAMP_MAX];
	struct text t = TEXT_INIT(plain);
	time_t sec = (time_t)(wall / USEC_SEC);
	struct tm tm;
	size_t n;

	if (*compiled == '\0' || !localtime_r(&sec, &tm))
		return 0;
	fill_marks(compiled, &tm, wall, &t);
	if (t.cut)
		return 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	n = strftime(buf, size, plain, &tm); /* checked by stamp_compile() */
#pragma GCC diagnostic pop
	return n;
}
