/* keys - finding keys by any of their names, and saying what they take. */
#include "model/keys.h"

#include "base/nearest.h"
#include "base/text.h"
#include "model/keys_table.h"

#include <errno.h>

#define NAME_MAX_BYTES 64 /* longer than any key; only longer env.NAMEs exist */

size_t keys_count(void)
{
	return keys_table_n;
}

const struct key *keys_at(size_t i)
{
	return i < keys_table_n ? &keys_table[i] : NULL;
}

/* restartDelay -> restart_delay. What doesn't fit is no key. */
static const char *snake(const char *name, char *buf, size_t size)
{
	struct text t;

	text_init(&t, buf, size);
	for (const char *p = name; *p; p++) {
		bool upper = *p >= 'A' && *p <= 'Z';
		char low = *p;

		if (upper && p > name)
			(void)text_add(&t, "_");
		if (upper)
			low = (char)(low - 'A' + 'a');
		(void)text_addn(&t, &low, 1);
	}
	return t.cut ? "" : buf;
}

/* Whether the blank-separated list has the word. */
static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (list && *list) {
		size_t len = strcspn(list, " ");

		if (len == n && memcmp(list, word, n) == 0)
			return true;
		list += len + (list[len] == ' ');
	}
	return false;
}

bool keys_is_family(const struct key *k)
{
	return k->name[strlen(k->name) - 1] == '.';
}

static bool matches(const struct key *k, const char *name)
{
	if (keys_is_family(k))
		return strncmp(name, k->name, strlen(k->name)) == 0;
	return strcmp(k->name, name) == 0 || has_word(k->aliases, name);
}

const struct key *keys_find(const char *name, enum key_place place, size_t *ret_i)
{
	char buf[NAME_MAX_BYTES];
	const char *low = snake(name, buf, sizeof(buf));

	for (size_t i = 0; i < keys_table_n; i++) {
		const struct key *k = &keys_table[i];

		if (k->place != place || (!matches(k, name) && (keys_is_family(k) || !matches(k, low))))
			continue;
		if (ret_i)
			*ret_i = i;
		return k;
	}
	return NULL;
}

static const char *candidate(void *ctx, size_t i)
{
	const enum key_place *place = ctx;

	for (size_t k = 0; k < keys_table_n; k++)
		if (keys_table[k].place == *place && i-- == 0)
			return keys_table[k].name;
	return NULL;
}

const char *keys_nearest(const char *name, enum key_place place)
{
	char buf[NAME_MAX_BYTES];
	const char *low = snake(name, buf, sizeof(buf));

	return nearest_of(*low ? low : name, candidate, &place);
}

const char *keys_hint(const char *name)
{
	char buf[NAME_MAX_BYTES];
	const char *low = snake(name, buf, sizeof(buf));

	for (size_t i = 0; i < keys_hints_n; i++)
		if (strcmp(keys_hints[i].name, low) == 0)
			return keys_hints[i].hint;
	return NULL;
}

bool keys_is_words(const struct key *k)
{
	static const char *const custom[] = { "env_file", "watch", "include", "log_sink", "listen" };

	for (size_t i = 0; k->type == KEY_CUSTOM && i < sizeof(custom) / sizeof(*custom); i++)
		if (strcmp(k->name, custom[i]) == 0)
			return true;
	return k->type == KEY_WORDS || k->type == KEY_SIGNALS || k->type == KEY_CODES;
}

static void add_choices(struct text *t, const char *choices)
{
	while (*choices) {
		size_t len = strcspn(choices, " ");

		(void)text_addn(t, choices, len);
		choices += len + (choices[len] == ' ');
		if (*choices)
			(void)text_add(t, strchr(choices, ' ') ? ", " : " or ");
	}
}

const char *keys_allowed(const struct key *k, char *buf, size_t size)
{
	struct text t;

	text_init(&t, buf, size);
	if (k->allowed) {
		(void)text_add(&t, k->allowed);
		return buf;
	}
	switch (k->type) {
	case KEY_STRING:
		(void)text_add(&t, "text");
		if (k->max > 0)
			(void)text_addf(&t, " of up to %llu bytes", (unsigned long long)k->max);
		break;
	case KEY_PATH:
		(void)text_add(&t, "a path");
		break;
	case KEY_LOG_PATH:
		(void)text_add(&t, "a path, in it %n the name, %i the instance, %% a %; or none");
		break;
	case KEY_BOOL:
		(void)text_add(&t, "yes or no");
		break;
	case KEY_COUNT:
		(void)text_add(&t, "a whole number");
		if (k->max > 0)
			(void)text_addf(&t, " from %llu to %llu", (unsigned long long)k->min,
					(unsigned long long)k->max);
		break;
	case KEY_SIZE:
		(void)text_add(&t, "a size such as 500M or 1.5G");
		break;
	case KEY_SPAN:
		(void)text_add(&t, "a time such as 4s, 250ms or 10m; a bare number is milliseconds");
		break;
	case KEY_SIGNAL:
		(void)text_add(&t, "a signal such as TERM, SIGINT or 15");
		break;
	case KEY_SIGNALS:
		(void)text_add(&t, "signals by blank or comma");
		break;
	case KEY_CODES:
		(void)text_add(&t, "exit codes 0 to 255 by blank or comma");
		break;
	case KEY_MODE:
		(void)text_add(&t, "an octal number such as 022");
		break;
	case KEY_CHOICE:
		add_choices(&t, k->choices);
		break;
	case KEY_WORDS:
		(void)text_add(&t, "words by blank or comma");
		break;
	case KEY_CUSTOM:
	case KEY_TYPE_MAX:
		break;
	}
	return buf;
}
