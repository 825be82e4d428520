/* value - the text of a value taken apart: lists, paths, quotes.
 *
 * Pure helpers of the keys and the config. */
#ifndef PM1_MODEL_VALUE_H
#define PM1_MODEL_VALUE_H

#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends the words of a list parted by blanks or commas; quotes and backslashes protect as in a shell. 0,
 * -EINVAL (an open quote; *ret is as it was), -ENOMEM. */
int value_list(struct strv *ret, const char *value);

/* `path` made absolute against `base_dir`, without "./" at its beginning. malloc'ed, or NULL. */
char *value_path(const char *base_dir, const char *path);
/* What is wrong with a path that somebody wrote, or NULL. Static text. */
const char *value_path_fault(const char *path);

/* The folder of an absolute path. malloc'ed, or NULL. */
char *value_dirname(const char *path);

/* Where a quote that opens at s[0] is closed, or NULL: a single quote by the next one, a double quote by the next one
 * without a backslash before it. */
const char *value_quote_end(const char *s);

/* Takes one pair of quotes off a text that they enclose as a whole, in place. */
void value_unquote(char *s);

/* Whether an environment may hold it: [A-Za-z_][A-Za-z0-9_]*, n bytes. */
bool value_is_env_name(const char *s, size_t n);

#endif
