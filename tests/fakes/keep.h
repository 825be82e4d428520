/* keep - what a test's helper hands out and nobody gives back: held until the test's process ends, so that leaks of the code that is
 * tested stand out. */
#ifndef PM1_TESTS_KEEP_H
#define PM1_TESTS_KEEP_H

#include <stdlib.h>

struct kept {
	struct kept *next;
	void *what;
};

static struct kept *kept;

static inline void *keep(void *what)
{
	struct kept *k = malloc(sizeof(*k));

	if (!k)
		abort();
	*k = (struct kept){ .next = kept, .what = what };
	kept = k;
	return what;
}

#endif
