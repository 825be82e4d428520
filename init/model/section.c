/* section - see the header. */
#include "model/section.h"

#include "base/own.h"
#include "base/text.h"
#include "model/config.h"
#include "model/expand.h"
#include "model/value.h"

#include <errno.h>

int section_init(struct section *s, const char *file, const char *dir, const char *name, unsigned int line)
{
	*s = (struct section){ .file = file, .dir = dir, .line = line };
	s->name = strdup(name);
	return s->name ? 0 : -ENOMEM;
}

void section_done(struct section *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].name);
		free(s->v[i].value);
		free(s->v[i].text);
	}
	free(s->v);
	free(s->name);
	*s = (struct section){ 0 };
}

int section_add(struct section *s, const struct inifile_part *part)
{
	struct entry e = { .line = part->line };

	if (s->n == s->size) {
		size_t size = s->size ? 2 * s->size : 8;
		struct entry *bigger = realloc(s->v, size * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		s->v = bigger;
		s->size = size;
	}
	e.name = strdup(part->key);
	e.value = strdup(part->value);
	s->v[s->n++] = e; /* owned from here, whole or not */
	return e.name && e.value ? 0 : -ENOMEM;
}

struct where section_where(const struct section *s, const struct entry *e)
{
	return (struct where){
		.file = s->file,
		.line = e ? e->line : s->line,
		.section = *s->name ? s->name : NULL,
	};
}

static bool is_ours(const char *name)
{
	return strncmp(name, "x-", 2) != 0;
}

static bool is_command(const struct entry *e)
{
	static const char *const checks[] = { "health", "liveness", "readiness" };

	if (strcmp(e->key->name, "command") == 0 || strncmp(e->key->name, "exec_", 5) == 0)
		return true;
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (strcmp(e->key->name, checks[i]) == 0)
			return strncmp(e->value, "exec:", 5) == 0;
	return false;
}

/* Fills in e->text. A command is expanded when it is known whether a shell will do it. */
static int make_text(const struct section *s, struct entry *e, bool literal, char *const *vars, struct diag *diag)
{
	struct where at = section_where(s, e);
	bool words = keys_is_words(e->key);
	cleanup_free char *raw = strdup(e->value);
	cleanup_free char *fault = NULL;
	int r;

	if (!raw)
		return -ENOMEM;
	if (literal || is_command(e)) {
		e->text = take_ptr(&raw);
		return 0;
	}
	if (!words && (*raw == '"' || *raw == '\'') && !value_quote_end(raw)) {
		diag_error(diag, &at, e->name, e->value, "the quote is not closed");
		e->bad = true;
		return 0;
	}
	if (!words)
		value_unquote(raw);
	r = expand(raw, words ? EXPAND_WORDS : EXPAND_TEXT, vars, CONFIG_VALUE_MAX, &e->text, &fault);
	if (r == -EINVAL) {
		diag_error(diag, &at, e->name, e->value, "%s", fault ? fault : "wrong ${}");
		e->bad = true;
		return 0;
	}
	return r;
}

/* What makes two entries the same key: an alias is its key, one env.NAME isn't another. */
static const char *identity(const struct entry *e)
{
	return keys_is_family(e->key) ? e->name : e->key->name;
}

static int by_identity(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a;
	const struct entry *y = *(struct entry *const *)b;
	int r = strcmp(identity(x), identity(y));

	return r != 0 ? r : (x->line > y->line) - (x->line < y->line);
}

/* A key given twice is a fault at its second place. */
static int find_doubles(struct section *s, struct diag *diag)
{
	struct entry **v = calloc(s->n + 1, sizeof(*v));
	size_t n = 0;

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].key && strcmp(s->v[i].key->name, "include") != 0)
			v[n++] = &s->v[i];
	qsort(v, n, sizeof(*v), by_identity);
	for (size_t i = 1, first = 0; i < n; i++) {
		struct where at = section_where(s, v[i]);

		if (strcmp(identity(v[first]), identity(v[i])) != 0) {
			first = i;
			continue;
		}
		if (strcmp(v[first]->name, v[i]->name) == 0)
			diag_error(diag, &at, v[i]->name, v[i]->value, "given twice (first in line %u)", v[first]->line);
		else
			diag_error(diag, &at, v[i]->name, v[i]->value, "given twice (in line %u it is called %s)",
				   v[first]->line, v[first]->name);
		v[i]->bad = true;
	}
	free(v);
	return 0;
}

int section_check(struct section *s, enum key_place place, bool literal, char *const *vars, struct diag *diag)
{
	for (size_t i = 0; i < s->n; i++) {
		struct entry *e = &s->v[i];
		int r;

		if (!is_ours(e->name)) {
			e->bad = true; /* not a fault, but not for us */
			continue;
		}
		e->key = keys_find(e->name, place, NULL);
		if (!e->key) {
			struct where at = section_where(s, e);

			e->bad = true;
			(void)keys_set(NULL, place, &at, s->dir, e->name, e->value, diag);
			continue;
		}
		r = make_text(s, e, literal, vars, diag);
		if (r < 0)
			return r;
	}
	return find_doubles(s, diag);
}

static int apply(struct section *s, struct entry *e, void *target, enum key_place place, struct diag *diag)
{
	struct where at = section_where(s, e);
	int r = keys_set(target, place, &at, s->dir, e->name, e->text, diag);

	if (r == -EINVAL)
		e->bad = true;
	return r == -EINVAL ? 0 : r;
}

int section_apply(struct section *s, void *target, enum key_place place, struct diag *diag)
{
	/* Files of variables first: env.NAME beats them wherever it stands. */
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < s->n; i++) {
			struct entry *e = &s->v[i];
			bool file = e->key && strcmp(e->key->name, "env_file") == 0;
			int r = e->bad || !e->key || file != (round == 0) ? 0 : apply(s, e, target, place, diag);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

struct entry *section_find(struct section *s, const char *key)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->v[i].bad && s->v[i].key && strcmp(s->v[i].key->name, key) == 0)
			return &s->v[i];
	return NULL;
}

struct variable {
	char *text; /* NAME=value */
	size_t i; /* its place */
};

static int by_name(const void *a, const void *b)
{
	const struct variable *x = a;
	const struct variable *y = b;
	const char *p = x->text;
	const char *q = y->text;

	while (*p == *q && *p != '=' && *p != '\0') {
		p++;
		q++;
	}
	if (*p != *q)
		return (unsigned char)(*p == '=' ? 0 : *p) < (unsigned char)(*q == '=' ? 0 : *q) ? -1 : 1;
	return (x->i > y->i) - (x->i < y->i);
}

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return n == strcspn(b, "=") && memcmp(a, b, n) == 0;
}

int section_settle_env(struct strv *env)
{
	struct variable *v = calloc(env->n + 1, sizeof(*v));
	size_t n = 0;

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < env->n; i++)
		v[i] = (struct variable){ .text = env->v[i], .i = i };
	qsort(v, env->n, sizeof(*v), by_name);
	for (size_t i = 0; i < env->n;) {
		size_t last = i;

		while (last + 1 < env->n && same_name(v[i].text, v[last + 1].text))
			last++;
		for (size_t k = i; k < last; k++) {
			free(v[k].text);
			env->v[v[k].i] = NULL;
		}
		env->v[v[i].i] = v[last].text;
		if (last > i)
			env->v[v[last].i] = NULL;
		i = last + 1;
	}
	free(v);
	for (size_t i = 0; i < env->n; i++)
		if (env->v[i])
			env->v[n++] = env->v[i];
	if (env->v)
		env->v[n] = NULL;
	env->n = n;
	return 0;
}
