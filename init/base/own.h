/* own - who owns what, said in the code.
 *
 * A local marked cleanup_fd, cleanup_free or cleanup_file is released when it
 * leaves scope; ownership leaves it with take_fd() and take_ptr(). So an early
 * return needs no error ladder. */
#ifndef PM1_BASE_OWN_H
#define PM1_BASE_OWN_H

#include "base/banned.h"

#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Closes *fd unless it is -1, and stores -1. Keeps errno. */
void close_fd(int *fd);

/* Defines the function that __attribute__((cleanup)) calls for a pointer type. */
#define DEFINE_CLEANUP(type, func)                                                                                     \
	static inline void func##_p(type *p) /* NOLINT(bugprone-macro-parentheses): a type */                          \
	{                                                                                                              \
		if (*p)                                                                                                \
			func(*p);                                                                                      \
	}

static inline void own_free_p(void *p)
{
	free(*(void **)p);
}

static inline void own_fclose_p(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

#define cleanup_fd __attribute__((cleanup(close_fd)))
#define cleanup_free __attribute__((cleanup(own_free_p)))
#define cleanup_file __attribute__((cleanup(own_fclose_p)))
#define cleanup_with(func) __attribute__((cleanup(func##_p)))

static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

static inline void *own_take(void *pp)
{
	void *taken = *(void **)pp;
	*(void **)pp = NULL;
	return taken;
}
#define take_ptr(pp) ((__typeof__(*(pp)))own_take(pp))

#endif
