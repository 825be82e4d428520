/* targets - which services a word on the command line means. */
#include "core/manager_impl.h"

#include "base/nearest.h"
#include "base/parse.h"
#include "base/text.h"

#include <errno.h>
#include <regex.h>

/* A regex from the socket is compiled in PID 1: kept short, and without the repeat counts that make glibc's compiler
 * eat memory. */
#define REGEX_MAX 128

struct target {
	char *word; /* owned; "" for a regex */
	regex_t re;
	bool is_regex, is_all;
	uint64_t id; /* UINT64_MAX: the word is no number */
};

static int compile(const char *text, regex_t *ret)
{
	char pattern[REGEX_MAX];
	size_t len = strlen(text) - 2;

	if (len >= sizeof(pattern) || strchr(text, '{'))
		return -EINVAL;
	(void)text_format(pattern, sizeof(pattern), "%.*s", (int)len, text + 1);
	return regcomp(ret, pattern, REG_EXTENDED | REG_NOSUB) == 0 ? 0 : -EINVAL;
}

int target_new(const char *text, struct target **ret)
{
	size_t len = strlen(text);
	struct target *t = calloc(1, sizeof(*t));
	bool is_regex = len > 2 && text[0] == '/' && text[len - 1] == '/';
	int r = t ? 0 : -ENOMEM;

	if (r == 0 && !(t->word = strdup(is_regex ? "" : text)))
		r = -ENOMEM;
	if (r == 0 && is_regex)
		r = compile(text, &t->re);
	if (r < 0) {
		target_free(t);
		return r;
	}
	t->is_regex = is_regex;
	t->is_all = strcmp(text, "all") == 0;
	if (is_regex || parse_uint(text, INT32_MAX, &t->id) < 0)
		t->id = UINT64_MAX;
	*ret = t;
	return 0;
}

void target_free(struct target *t)
{
	if (!t)
		return;
	if (t->is_regex)
		regfree(&t->re);
	free(t->word);
	free(t);
}

/* What a word is hangs on the services there are. PM2's order: a name, then a namespace, then an id. */
enum meaning { MEANS_ALL, MEANS_REGEX, MEANS_NAME, MEANS_NAMESPACE, MEANS_ID };

static enum meaning meaning_of(const struct manager *m, const struct target *t)
{
	if (t->is_all || t->is_regex)
		return t->is_all ? MEANS_ALL : MEANS_REGEX;
	if (roster_first_of(&m->roster, t->word))
		return MEANS_NAME;
	for (size_t i = 0; i < m->roster.n; i++)
		if (strcmp(m->roster.v[i]->spec->ns, t->word) == 0)
			return MEANS_NAMESPACE;
	return MEANS_ID;
}

/* Processes that are to take another's place, or have lost theirs, are that service's own affair. */
static bool hits(const struct target *t, enum meaning meaning, const struct service *s)
{
	if (s->heir_of || s->replaced)
		return false;
	switch (meaning) {
	case MEANS_ALL:
		return true;
	case MEANS_REGEX:
		return regexec(&t->re, s->spec->name, 0, NULL, 0) == 0;
	case MEANS_NAME:
		return strcmp(s->spec->name, t->word) == 0;
	case MEANS_NAMESPACE:
		return strcmp(s->spec->ns, t->word) == 0;
	case MEANS_ID:
		return (uint64_t)s->id == t->id;
	}
	return false;
}

bool manager_is_meant(const struct manager *m, const struct target *t, const struct service *s)
{
	if (t->is_all || t->is_regex)
		return hits(t, meaning_of(m, t), s);
	if (hits(t, MEANS_NAME, s))
		return true;
	/* The others are looked at only where it hangs on them. */
	return (hits(t, MEANS_NAMESPACE, s) || hits(t, MEANS_ID, s)) && hits(t, meaning_of(m, t), s);
}

int manager_match(struct manager *m, const char *text, void (*fn)(void *ctx, struct service *s), void *ctx)
{
	struct target *t;
	int found = 0;
	int r = target_new(text, &t);

	if (r < 0)
		return r;
	enum meaning meaning = meaning_of(m, t);
	for (size_t i = 0; i < m->roster.n; i++) {
		if (!hits(t, meaning, m->roster.v[i]))
			continue;
		fn(ctx, m->roster.v[i]);
		found++;
	}
	target_free(t);
	return found;
}

static const char *next_name(void *ctx, size_t i)
{
	struct manager *m = ctx;
	return i < m->roster.n ? m->roster.v[i]->spec->name : NULL;
}

const char *manager_nearest(struct manager *m, const char *target)
{
	return nearest_of(target, next_name, m);
}
