/* keys - every key an INI file may hold, in one table.
 *
 * The parser, `pm1 check`, `pm1 help keys` and the man page are all made from it. */
#ifndef PM1_MODEL_KEYS_H
#define PM1_MODEL_KEYS_H

#include "base/diag.h"
#include "model/spec.h"

#include <stddef.h>

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
	KEY_CUSTOM, /* env.NAME, env_file, watch: has its own function */
	KEY_TYPE_MAX,
};

enum key_place { KEY_IN_SERVICE = 1, KEY_IN_PM1 = 2 }; /* [defaults] takes the service keys */

struct key {
	const char *name; /* "env." for the family env.NAME */
	const char *aliases; /* blank-separated PM2 names, or NULL; camelCase of every name is known too */
	enum key_type type;
	enum key_place place;
	size_t offset; /* in struct spec or struct spec_pm1 */
	const char *dflt; /* as it would be written; "" none */
	uint64_t min, max; /* KEY_COUNT, KEY_SPAN, KEY_SIZE: allowed range, 0 0: any */
	const char *choices; /* KEY_CHOICE: blank-separated, in the enum's order */
	const char *help; /* one line */
};

size_t keys_count(void);
const struct key *keys_at(size_t i);
/* By name, alias or camelCase form, for a place. NULL: unknown. *ret_i may be NULL. */
const struct key *keys_find(const char *name, enum key_place place, size_t *ret_i);
/* The nearest known name for the place, or NULL. */
const char *keys_nearest(const char *name, enum key_place place);
/* What is allowed, in words ("a size such as 500M or 1.5G"), for messages and help. */
const char *keys_allowed(const struct key *k, char *buf, size_t size);

/* Sets one key of *target (a struct spec or spec_pm1 of that place) from text. `base_dir` makes paths
 * absolute. 0, or -EINVAL with the fault in diag, or -ENOMEM. */
int keys_set(void *target, enum key_place place, const struct where *at, const char *base_dir, const char *name,
	     const char *value, struct diag *diag);
/* Fills the defaults of all keys of a place. */
int keys_defaults(void *target, enum key_place place);

#endif
