/* include - which files a pattern of `include` means.
 *
 * glob(3) would do it, but it brings getpwnam() and so a warning into a static binary, and it can't be
 * bounded. */
#ifndef PM1_MODEL_INCLUDE_H
#define PM1_MODEL_INCLUDE_H

#include "base/strv.h"

#define INCLUDE_FILES_MAX 4096 /* that one pattern may find, and that one load may read */

bool include_is_pattern(const char *path);

/* Appends the files that the absolute `pattern` (* ? and [] in any component) matches, sorted as strcmp does; names that
 * begin with a dot only for a pattern that does. No match is no error. 0, -E2BIG (too many), -ENOMEM, or the error of a folder
 * that can't be read. */
int include_find(const char *pattern, struct strv *ret);

#endif
