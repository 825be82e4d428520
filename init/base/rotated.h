/* rotated - the names of rotated log files: PATH.20261124T213000.123Z, with .gz behind it when compressed.
 *
 * The time (UTC, of the rotation) makes the names sort by age, and one rename is the whole rotation: no file is ever
 * renamed twice, so a crash leaves neither a hole nor a duplicate. */
#ifndef PM1_BASE_ROTATED_H
#define PM1_BASE_ROTATED_H

#include "base/clock.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>

#define ROTATED_SUFFIX 21 /* bytes that are put behind the path, the dot included */
#define ROTATED_GZ ".gz"

/* Writes the name that `path` gets when it is rotated at `wall` (microseconds since 1970). 0, -ENOSPC, -ERANGE. */
int rotated_name(const char *path, usec_t wall, char *buf, size_t size);

/* Whether `name`, without its folder, is that of a rotated file of the log that is called `base` there, compressed or not. */
bool rotated_is(const char *base, const char *name);

/* Adds the paths of all rotated files of `path` to *ret, oldest first. Where a compressed file stands beside its original both
 * are there. 0 (none is no error), -ENOMEM, or the folder's error. */
int rotated_list(const char *path, struct strv *ret);

#endif
