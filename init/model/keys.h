/* keys - every key an INI file may hold, in one table.
 *
 * The parser, `pm1 check`, `pm1 help keys` and the man page are all made from it. */
#ifndef PM1_MODEL_KEYS_H
#define PM1_MODEL_KEYS_H

#include "base/diag.h"
#include "model/spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_type {
	KEY_STRING,
	KEY_PATH, /* relative to the file it stands in */
	KEY_LOG_PATH, /* a path, or none, NULL, /dev/null for none */
	KEY_BOOL,
	KEY_COUNT, /* a whole number within min..max */
	KEY_SIZE,
	KEY_SPAN, /* a duration */
	KEY_SIGNAL,
	KEY_SIGNALS, /* a list, by blank or comma */
	KEY_CODES, /* exit codes, by blank or comma */
	KEY_MODE, /* octal */
	KEY_CHOICE, /* one of `choices` */
	KEY_WORDS, /* a list of words, by blank or comma, quotes protect */
	KEY_CUSTOM, /* env.NAME, env_file, watch, instances, control: has its own function */
	KEY_TYPE_MAX,
};

enum key_place { KEY_IN_SERVICE = 1, KEY_IN_PM1 = 2 }; /* [defaults] takes the service keys */

/* One value on its way into a spec; all borrowed. */
struct key_input {
	const struct where *at;
	const char *base_dir; /* absolute */
	const char *name; /* as it was written; for env.NAME with the NAME */
	const char *value;
	struct diag *diag;
};

struct key {
	const char *name; /* "env." for the family env.NAME, "listen_env." likewise */
	const char *aliases; /* blank-separated PM2 names, or NULL; camelCase of every name is known too */
	enum key_type type;
	enum key_place place;
	size_t offset; /* in struct spec or struct spec_pm1 */
	const char *dflt; /* as it would be written; "" none */
	uint64_t min, max; /* KEY_COUNT, KEY_SPAN, KEY_SIZE: allowed range, max 0: any; text: its longest length in bytes */
	const char *choices; /* KEY_CHOICE: blank-separated, in the enum's order */
	const char *synonyms; /* KEY_CHOICE: blank-separated WORD=CHOICE, or NULL */
	bool live; /* a change of it needs no restart of the service, or of pm1 */
	size_t given; /* offset + 1 of a bool that notes that the key was set, 0: none */
	const char *(*check)(const char *value); /* a further rule for text: NULL or what is wrong */
	int (*set)(void *target, const struct key_input *in); /* KEY_CUSTOM: as keys_set() */
	const char *allowed; /* what is allowed, where the type alone doesn't say it */
	const char *help; /* one line */
};

#define KEYS_MAX 128 /* of both places; as many as spec.key_line holds */

/* How values are written, a rule a string, NULL-ended: `pm1 help keys` and the man page print them. */
extern const char *const keys_quoting[];

size_t keys_count(void);
const struct key *keys_at(size_t i);
/* By name, alias or camelCase form, for a place; any "env.x" finds the family. NULL: unknown. *ret_i may be NULL. */
const struct key *keys_find(const char *name, enum key_place place, size_t *ret_i);
/* The nearest known name for the place, or NULL. */
const char *keys_nearest(const char *name, enum key_place place);
bool keys_is_family(const struct key *k); /* env.NAME: many keys of one line of the table */
/* What is allowed, in words ("a size such as 500M or 1.5G"), for messages and help. */
const char *keys_allowed(const struct key *k, char *buf, size_t size);

/* Sets one key of *target (a struct spec or spec_pm1 of that place) from text. `base_dir` makes paths
 * absolute. 0, or -EINVAL with the fault in diag, or -ENOMEM. */
int keys_set(void *target, enum key_place place, const struct where *at, const char *base_dir, const char *name,
	     const char *value, struct diag *diag);
/* What a name that is no key of ours, but one of PM2 or another supervisor, is called here; NULL: never heard of. */
const char *keys_hint(const char *name);
/* Whether the value is a list of words (then quotes part words, else one pair around all of it is taken off). */
bool keys_is_words(const struct key *k);
/* Fills the defaults of all keys of a place. 0 or -ENOMEM. */
int keys_defaults(void *target, enum key_place place);

#endif
