/* expand - see the header. */
#include "model/expand.h"

#include "base/banned.h"
#include "model/value.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>

struct work {
	char *const *vars;
	enum expand_mode mode;
	size_t max;
	char *out; /* owned */
	size_t len, size;
	char quote; /* of the words: the quote that is open, or 0 */
	char *fault; /* owned */
};

static int __attribute__((format(printf, 2, 3))) fault(struct work *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&w->fault, fmt, ap) < 0)
		w->fault = NULL;
	va_end(ap);
	return -EINVAL;
}

static int put(struct work *w, char c)
{
	if (w->len >= w->max)
		return fault(w, "longer than %zu bytes once its variables are filled in", w->max);
	if (w->len + 1 >= w->size) {
		size_t size = w->size ? 2 * w->size : 64;
		char *bigger = realloc(w->out, size);

		if (!bigger)
			return -ENOMEM;
		w->out = bigger;
		w->size = size;
	}
	w->out[w->len++] = c;
	w->out[w->len] = '\0';
	return 0;
}

/* A byte of a variable's text. Among words a backslash keeps it from meaning anything to the
 * splitter; blanks are left bare, so that they split outside of quotes. */
static int put_literal(struct work *w, char c)
{
	bool guard = false;

	if (w->mode == EXPAND_WORDS && w->quote == '"')
		guard = strchr("\"\\$`", c) != NULL;
	else if (w->mode == EXPAND_WORDS)
		guard = c == '"' || c == '\'' || c == '\\';
	if (guard) {
		int r = put(w, '\\');

		if (r < 0)
			return r;
	}
	return put(w, c);
}

static const char *lookup(const struct work *w, const char *name, size_t n)
{
	for (char *const *e = w->vars; e && *e; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e + n + 1;
	return NULL;
}

/* The brace that closes the one before s, or NULL. */
static const char *closing(const char *s, const char *end)
{
	unsigned int depth = 0;

	for (; s < end; s++) {
		if (*s == '$' && s + 1 < end && s[1] == '$') {
			s++;
		} else if (*s == '$' && s + 1 < end && s[1] == '{') {
			depth++;
			s++;
		} else if (*s == '}' && depth-- == 0) {
			return s;
		}
	}
	return NULL;
}

static int run(struct work *w, const char *s, const char *end, unsigned int depth);

/* `s` stands behind "${"; *ret_next behind its brace. */
static int variable(struct work *w, const char *s, const char *end, unsigned int depth, const char **ret_next)
{
	const char *close = closing(s, end);
	const char *name_end = s;
	const char *value;
	size_t n;

	if (!close)
		return fault(w, "${ without its } (write $$ for a dollar sign)");
	while (name_end < close && *name_end != ':' && *name_end != '-')
		name_end++;
	n = (size_t)(name_end - s);
	if (!value_is_env_name(s, n))
		return fault(w, "${%.*s} names no variable (allowed: ${NAME}, ${NAME:-default}; $$ for a dollar sign)",
			     (int)(close - s > 64 ? 64 : close - s), s);
	if (name_end < close && (name_end[0] != ':' || name_end[1] != '-'))
		return fault(w, "${%.*s} is not known (allowed: ${NAME} and ${NAME:-default})",
			     (int)(close - s > 64 ? 64 : close - s), s);
	*ret_next = close + 1;

	value = lookup(w, s, n);
	if (name_end < close && (!value || *value == '\0')) {
		if (depth >= EXPAND_DEPTH)
			return fault(w, "defaults within defaults more than %d deep", EXPAND_DEPTH);
		return run(w, name_end + 2, close, depth + 1);
	}
	if (!value)
		return fault(w, "the variable %.*s is not set (give a default: ${%.*s:-...})", (int)n, s, (int)n, s);
	for (; *value; value++) {
		int r = put_literal(w, *value);

		if (r < 0)
			return r;
	}
	return 0;
}

static int run(struct work *w, const char *s, const char *end, unsigned int depth)
{
	while (s < end) {
		bool seen = w->mode == EXPAND_TEXT || w->quote != '\'';
		char c = *s;
		int r;

		if (seen && c == '$' && s + 1 < end && s[1] == '$') {
			r = put_literal(w, '$');
			s += 2;
		} else if (seen && c == '$' && s + 1 < end && s[1] == '{') {
			r = variable(w, s + 2, end, depth, &s);
		} else if (w->mode == EXPAND_WORDS && c == '\\' && w->quote != '\'' && s + 1 < end) {
			r = put(w, c);
			if (r == 0)
				r = put(w, s[1]);
			s += 2;
		} else {
			if (w->mode == EXPAND_WORDS && (c == '"' || c == '\'')) {
				if (w->quote == 0)
					w->quote = c;
				else if (w->quote == c)
					w->quote = 0;
			}
			r = put(w, c);
			s++;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int expand(const char *value, enum expand_mode mode, char *const *vars, size_t max, char **ret, char **ret_fault)
{
	struct work w = { .vars = vars, .mode = mode, .max = max };
	int r = run(&w, value, value + strlen(value), 0);

	if (r == 0 && !w.out)
		w.out = strdup("");
	if (r == 0 && !w.out)
		r = -ENOMEM;
	if (r < 0) {
		free(w.out);
		if (r == -EINVAL)
			*ret_fault = w.fault;
		return r;
	}
	*ret = w.out;
	return 0;
}
