/* fdstore - descriptors that a service leaves with pm1 for its next run (FDSTORE=1). */
#ifndef PM1_CORE_FDSTORE_H
#define PM1_CORE_FDSTORE_H

#include <stddef.h>

struct stored_fd {
	int fd; /* owned */
	char *name; /* owned */
};

/* An empty one is all zero. */
struct fdstore {
	struct stored_fd *v; /* in the order they came */
	size_t n;
};

/* Takes the descriptor, also on failure (closes it). 0; -EALREADY: the same is there, nothing is lost; -ENOSPC (max); -EMFILE; -ENOMEM. */
int fdstore_add(struct fdstore *f, size_t max, int fd, const char *name);
size_t fdstore_remove(struct fdstore *f, const char *name); /* all of that name; how many */
void fdstore_clear(struct fdstore *f);

#endif
