/* diff - see the header. Keys are compared by the text they would be written as, so a new key is found without anybody
 * thinking of it. */
#include "model/diff.h"

#include "base/own.h"
#include "base/text.h"
#include "model/show.h"

#include <errno.h>

/* Takes the texts, also on failure. */
static int add(struct diff *d, char *key, char *old, char *new, enum diff_what what, bool live)
{
	if (key && d->n == d->size) {
		size_t size = d->size ? 2 * d->size : 8;
		struct diff_key *v = reallocarray(d->v, size, sizeof(*v));

		if (v) {
			d->v = v;
			d->size = size;
		}
	}
	d->restart = d->restart || !live;
	if (!key || d->n == d->size) {
		free(key);
		free(old);
		free(new);
		return -ENOMEM;
	}
	d->v[d->n++] = (struct diff_key){ .key = key, .old = old, .new = new, .what = what, .live = live };
	return 0;
}

void diff_done(struct diff *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->v[i].key);
		free(d->v[i].old);
		free(d->v[i].new);
	}
	free(d->v);
	*d = (struct diff){ 0 };
}

static int compare(const struct key *k, const void *a, const void *b, struct diff *ret)
{
	cleanup_free char *old = show_key(k, a), *new = show_key(k, b);

	if (!old || !new)
		return -ENOMEM;
	if (strcmp(old, new) == 0)
		return 0;
	/* Without the dot of a family: all of it is shown. */
	return add(ret, strndup(k->name, strlen(k->name) - keys_is_family(k)), take_ptr(&old), take_ptr(&new), DIFF_CHANGED, k->live);
}

static int compare_place(enum key_place place, const void *a, const void *b, struct diff *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < keys_count(); i++) {
		const struct key *k = keys_at(i);

		if (k->place == place && show_knows(k))
			r = compare(k, a, b, ret);
	}
	return r;
}

static const char *value_of(const struct strv *env, const char *entry)
{
	size_t n = strcspn(entry, "=");

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], entry, n) == 0 && env->v[i][n] == '=')
			return env->v[i] + n + 1;
	return NULL;
}

static int add_variable(struct diff *d, const char *entry, enum diff_what what)
{
	char *key = NULL;

	if (asprintf(&key, "env.%.*s", (int)strcspn(entry, "="), entry) < 0)
		key = NULL;
	return add(d, key, NULL, NULL, what, false);
}

static int compare_env(const struct strv *a, const struct strv *b, struct diff *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n; i++) {
		const char *now = value_of(b, a->v[i]);

		if (!now)
			r = add_variable(ret, a->v[i], DIFF_GONE);
		else if (strcmp(now, a->v[i] + strcspn(a->v[i], "=") + 1) != 0)
			r = add_variable(ret, a->v[i], DIFF_CHANGED);
	}
	for (size_t i = 0; r == 0 && i < b->n; i++)
		if (!value_of(a, b->v[i]))
			r = add_variable(ret, b->v[i], DIFF_ADDED);
	return r;
}

static bool has(const struct diff *d, const char *key)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->v[i].key, key) == 0)
			return true;
	return false;
}

/* The same line may be another command: a ${VAR} in it has changed. */
static int compare_argv(const char *key, const struct strv *a, const struct strv *b, struct diff *ret)
{
	const struct key *k = keys_find(key, KEY_IN_SERVICE, NULL);

	if (strv_equal(a, b) || has(ret, key))
		return 0;
	return add(ret, strdup(key), strv_join_quoted(a), strv_join_quoted(b), DIFF_CHANGED, k && k->live);
}

int diff_specs(const struct spec *a, const struct spec *b, struct diff *ret)
{
	int r = compare_place(KEY_IN_SERVICE, a, b, ret);

	if (r == 0)
		r = compare_argv("command", &a->argv, &b->argv, ret);
	for (int i = 0; r == 0 && i < HOOK_MAX; i++)
		r = compare_argv(spec_hook_key((enum hook_kind)i), &a->hook_argv[i], &b->hook_argv[i], ret);
	for (int i = 0; r == 0 && i < CHECK_MAX; i++)
		r = compare_argv(spec_check_key((enum check_kind)i), &a->check_argv[i], &b->check_argv[i], ret);
	if (r == 0)
		r = compare_env(&a->env, &b->env, ret);
	if (r == 0)
		r = compare_env(&a->env_base, &b->env_base, ret);
	/* Nothing may change unseen: whatever this doesn't know of is taken for a reason to restart. */
	if (r == 0 && ret->n == 0 && !spec_equal(a, b))
		r = add(ret, strdup("(other)"), NULL, NULL, DIFF_CHANGED, false);
	return r;
}

int diff_pm1(const struct spec_pm1 *a, const struct spec_pm1 *b, struct diff *ret)
{
	return compare_place(KEY_IN_PM1, a, b, ret);
}

static size_t size_of(const struct key *k)
{
	switch (k->type) {
	case KEY_COUNT:
		return sizeof(unsigned int);
	case KEY_CHOICE:
	case KEY_SIGNAL:
	case KEY_MODE:
	case KEY_CUSTOM: /* log_console */
		return sizeof(int);
	case KEY_SIZE:
	case KEY_SPAN:
	case KEY_SIGNALS:
		return sizeof(uint64_t);
	case KEY_BOOL:
		return sizeof(bool);
	case KEY_STRING:
	case KEY_PATH:
	case KEY_LOG_PATH:
	case KEY_CODES:
	case KEY_WORDS:
	case KEY_TYPE_MAX:
		break; /* live keys own no memory */
	}
	return 0;
}

void diff_take_live(const struct diff *d, const struct spec_pm1 *from, struct spec_pm1 *to)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct key *k = keys_find(d->v[i].key, KEY_IN_PM1, NULL);

		if (!k || !k->live)
			continue;
		memcpy((char *)to + k->offset, (const char *)from + k->offset, size_of(k));
		if (k->given)
			memcpy((char *)to + k->given - 1, (const char *)from + k->given - 1, sizeof(bool));
	}
}
