/* inifile - a file of sections as a stream of its parts, whole and byte for byte.
 *
 * inih parses; reader.h says why it needs a companion on either side. */
#ifndef PM1_MODEL_INIFILE_H
#define PM1_MODEL_INIFILE_H

#include "base/diag.h"

#include <stddef.h>

struct inifile_part {
	unsigned int line;
	const char *section; /* "": before any section */
	const char *key; /* NULL: the section's header */
	const char *value; /* without its comment; quotes and ${} still in it */
	char comment; /* the ; or # that ended the value, 0: none */
};

/* 0, or a negative errno that ends the reading. Strings are borrowed until it returns. */
typedef int (*inifile_fn)(void *ctx, const struct inifile_part *part);

/* Calls fn for each part in order. Faults of form go to diag and don't end the reading. The keys below a header that
 * is broken, or named x-..., are left out. 0, -ENOMEM, or what fn returned. */
int inifile_read(const char *file, const char *data, size_t n, struct diag *diag, inifile_fn fn, void *ctx);

#endif
