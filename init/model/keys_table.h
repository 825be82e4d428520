/* keys_table - the data behind keys.h, for keys.c alone. */
#ifndef PM1_MODEL_KEYS_TABLE_H
#define PM1_MODEL_KEYS_TABLE_H

#include "model/keys.h"

struct keys_hint {
	const char *name;
	const char *hint;
};

extern const struct key keys_table[];
extern const size_t keys_table_n;
extern const struct keys_hint keys_hints[];
extern const size_t keys_hints_n;

#endif
