/* load - a config from a text, for tests. */
#ifndef PM1_TESTS_MODEL_LOAD_H
#define PM1_TESTS_MODEL_LOAD_H

#include "base/banned.h"
#include "base/diag.h"
#include "model/config.h"

#include <criterion/criterion.h>
#include <errno.h>

struct loaded {
	struct diag *diag;
	struct config c;
	int r;
};

static inline struct loaded load_n(const char *text, size_t n, char *const *env)
{
	struct loaded l = { .diag = diag_new() };

	cr_assert_not_null(l.diag);
	l.r = config_parse("/srv/app/pm1.ini", text, n, env, l.diag, &l.c);
	return l;
}

static inline struct loaded load_env(const char *text, char *const *env)
{
	return load_n(text, strlen(text), env);
}

static inline struct loaded load(const char *text)
{
	return load_env(text, NULL);
}

/* Loads a text that must have no faults. */
static inline struct loaded load_good(const char *text)
{
	struct loaded l = load(text);

	cr_assert_eq(l.r, 0, "%s", diag_count(l.diag) ? diag_text(l.diag, 0) : "failed without a word");
	return l;
}

static inline void unload(struct loaded *l)
{
	config_done(&l->c);
	diag_free(l->diag);
}

static inline bool says(const struct loaded *l, const char *part)
{
	for (size_t i = 0; i < diag_count(l->diag); i++)
		if (strstr(diag_text(l->diag, i), part))
			return true;
	return false;
}

/* What the test is about, as one line: loading `text` is refused, with `part` in one of the messages. */
static inline void refuses(const char *text, const char *part)
{
	struct loaded l = load(text);

	cr_expect_eq(l.r, -EINVAL, "accepted: %s", text);
	cr_expect(says(&l, part), "'%s' is not said of '%s', but: %s", part, text,
		  diag_count(l.diag) ? diag_text(l.diag, 0) : "nothing");
	unload(&l);
}

#endif
