/* skip - a test that can't be run here says why; where CI is set that is a failure: CI skips nothing. */
#ifndef PM1_TESTS_SKIP_H
#define PM1_TESTS_SKIP_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define skip_test(...)                                                                                                 \
	do {                                                                                                           \
		(void)fprintf(stderr, "%s:%d: skipped: ", __FILE__, __LINE__);                                         \
		(void)fprintf(stderr, __VA_ARGS__);                                                                    \
		(void)fputc('\n', stderr);                                                                             \
		if (getenv("CI"))                                                                                      \
			cr_assert_fail("CI skips nothing");                                                            \
		cr_skip_test(__VA_ARGS__);                                                                             \
	} while (0)

#endif
