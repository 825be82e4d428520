/* nearest - the known name that a mistyped one was probably meant to be. */
#ifndef PM1_BASE_NEAREST_H
#define PM1_BASE_NEAREST_H

#include <stddef.h>

/* Returns the candidate with the smallest edit distance (letters swapped count
 * one) to `name`, or NULL when none is near: at most 1 for names up to 4 bytes, 2 up to
 * 8, 3 beyond. `next` hands out candidates, NULL at the end. */
const char *nearest_of(const char *name, const char *(*next)(void *ctx, size_t i), void *ctx);

#endif
