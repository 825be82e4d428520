#include "base/strv.h"

#include "base/own.h"

#include <errno.h>
#include <stdarg.h>

void strv_done(struct strv *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	*s = (struct strv){ 0 };
}

int strv_take(struct strv *s, char *str)
{
	if (!str)
		return -ENOMEM;
	/* Grown at powers of two, so that n strings cost n steps; the NULL has its place in the count. */
	if (s->n == 0 || ((s->n + 1) & s->n) == 0) {
		char **v = reallocarray(s->v, (s->n + 1) * 2, sizeof(*v));
		if (!v) {
			free(str);
			return -ENOMEM;
		}
		s->v = v;
	}
	s->v[s->n++] = str;
	s->v[s->n] = NULL;
	return 0;
}

int strv_add(struct strv *s, const char *str)
{
	return strv_take(s, strdup(str));
}

int strv_addf(struct strv *s, const char *fmt, ...)
{
	char *str = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&str, fmt, ap);
	va_end(ap);
	return n < 0 ? -ENOMEM : strv_take(s, str);
}

int strv_from(struct strv *ret, char *const *v)
{
	for (; v && *v; v++) {
		int r = strv_add(ret, *v);
		if (r < 0) {
			strv_done(ret);
			return r;
		}
	}
	return 0;
}

int strv_copy(struct strv *ret, const struct strv *s)
{
	return strv_from(ret, s->v);
}

bool strv_equal(const struct strv *a, const struct strv *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

bool strv_has(const struct strv *s, const char *str)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i], str) == 0)
			return true;
	return false;
}

/* The place of NAME=..., or n. */
static size_t env_find(const struct strv *s, const char *name)
{
	size_t len = strlen(name), i = 0;

	while (i < s->n && !(strncmp(s->v[i], name, len) == 0 && s->v[i][len] == '='))
		i++;
	return i;
}

int strv_env_set(struct strv *s, const char *name, const char *value)
{
	char *entry = NULL;
	size_t i = env_find(s, name);

	if (asprintf(&entry, "%s=%s", name, value) < 0)
		return -ENOMEM;
	if (i == s->n)
		return strv_take(s, entry);
	free(s->v[i]);
	s->v[i] = entry;
	return 0;
}

const char *strv_env_get(const struct strv *s, const char *name)
{
	size_t i = env_find(s, name);
	return i < s->n ? s->v[i] + strlen(name) + 1 : NULL;
}

void strv_env_unset(struct strv *s, const char *name)
{
	size_t i;

	while ((i = env_find(s, name)) < s->n) {
		free(s->v[i]);
		memmove(&s->v[i], &s->v[i + 1], (s->n - i) * sizeof(*s->v));
		s->n--;
	}
}

/* One word at *line into out (as large as the line). 0, or -EINVAL. */
static int one_word(const char **line, char *out)
{
	const char *p = *line;
	char quote = 0;

	for (; *p && (quote || !strchr(" \t\r\n", *p)); p++) {
		if (!quote && (*p == '\'' || *p == '"')) {
			quote = *p;
		} else if (quote && *p == quote) {
			quote = 0;
		} else if (*p == '\\' && quote != '\'') {
			p++;
			if (!*p)
				return -EINVAL;
			if (quote && !strchr("$`\"\\\n", *p))
				*out++ = '\\';
			*out++ = *p;
		} else {
			*out++ = *p;
		}
	}
	*out = 0;
	*line = p;
	return quote ? -EINVAL : 0;
}

int strv_add_words(struct strv *s, const char *line)
{
	size_t before = s->n;
	cleanup_free char *word = malloc(strlen(line) + 1);
	int r = word ? 0 : -ENOMEM;

	while (r == 0) {
		line += strspn(line, " \t\r\n");
		if (!*line)
			return 0;
		r = one_word(&line, word);
		if (r == 0)
			r = strv_add(s, word);
	}
	while (s->n > before)
		free(s->v[--s->n]);
	if (s->v)
		s->v[s->n] = NULL;
	return r;
}

static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%^";
	return *word && word[strspn(word, plain)] == 0;
}

char *strv_join_quoted(const struct strv *s)
{
	size_t size = 1;

	for (size_t i = 0; i < s->n; i++)
		size += strlen(s->v[i]) * 4 + 3;
	char *ret = malloc(size), *out = ret;
	if (!ret)
		return NULL;
	for (size_t i = 0; i < s->n; i++) {
		const char *w = s->v[i];
		bool plain = is_plain(w);
		if (i)
			*out++ = ' ';
		if (!plain)
			*out++ = '\'';
		for (; *w; w++) {
			if (*w == '\'') {
				memcpy(out, "'\\''", 4);
				out += 4;
			} else {
				*out++ = *w;
			}
		}
		if (!plain)
			*out++ = '\'';
	}
	*out = 0;
	return ret;
}
