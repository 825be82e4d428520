/* show - a key's value as it would be written in a file: the way back of keys_set().
 *
 * Exact: two values that differ have two texts, save for text that is cut by the caller. */
#ifndef PM1_MODEL_SHOW_H
#define PM1_MODEL_SHOW_H

#include "model/keys.h"

/* malloc'ed; of a text that isn't set "default" (or "none" where that is what it means), of an empty one "none". NULL: no memory.
 * `target` is the struct of the key's place. */
char *show_key(const struct key *k, const void *target);
/* Whether there is a way to show the key at all: env. and env_file have none, they are many. */
bool show_knows(const struct key *k);

#endif
