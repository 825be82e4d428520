/* strv - a NULL-terminated vector of strings, as argv and environ are.
 *
 * Owns the vector and each string. An empty one is {NULL, 0}. */
#ifndef PM1_BASE_STRV_H
#define PM1_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

struct strv {
	char **v; /* NULL, or n strings and a NULL */
	size_t n;
};

void strv_done(struct strv *s); /* legal on an empty one; leaves it empty */
int strv_add(struct strv *s, const char *str); /* copies; 0 or -ENOMEM */
int strv_addf(struct strv *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int strv_take(struct strv *s, char *str); /* takes a malloc'ed string, also on failure (frees it) */
int strv_copy(struct strv *ret, const struct strv *s); /* deep; *ret must be empty */
int strv_from(struct strv *ret, char *const *v); /* deep copy of a NULL-terminated vector (may be NULL) */
bool strv_equal(const struct strv *a, const struct strv *b);
bool strv_has(const struct strv *s, const char *str);

/* Environment: entries "NAME=value". Set replaces an entry of that name or appends. */
int strv_env_set(struct strv *s, const char *name, const char *value);
const char *strv_env_get(const struct strv *s, const char *name); /* borrowed, or NULL */
void strv_env_unset(struct strv *s, const char *name);

/* Splits as a POSIX shell splits words, without any expansion: blanks part
 * words, 'single' and "double" quotes and backslash protect (inside double quotes
 * a backslash escapes only $ ` " \ and newline). Appends to *s. Returns 0,
 * -EINVAL (an open quote, or a backslash at the end; *s is as it was) or -ENOMEM. */
int strv_add_words(struct strv *s, const char *line);
/* The reverse, for people: words that need it are quoted. malloc'ed, or NULL. */
char *strv_join_quoted(const struct strv *s);

#endif
