#include "core/fdstore.h"

#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Whether both are one open file. Where the kernel may not be asked, two sockets or pipes of one inode are; of anything else it
 * isn't known, and both are kept. */
static bool is_same(int a, int b)
{
	struct stat x, y;
	int r = sys_same_file(a, b);

	if (r >= 0)
		return r == 1;
	if (sys_fstat(a, &x) < 0 || sys_fstat(b, &y) < 0)
		return false;
	return (S_ISSOCK(x.st_mode) || S_ISFIFO(x.st_mode)) && x.st_mode == y.st_mode && x.st_dev == y.st_dev && x.st_ino == y.st_ino &&
	       sys_fcntl(a, F_GETFL, 0) == sys_fcntl(b, F_GETFL, 0);
}

int fdstore_add(struct fdstore *f, size_t max, int fd, const char *name)
{
	cleanup_fd int own = fd;
	cleanup_free char *copy = strdup(name);

	for (size_t i = 0; i < f->n; i++)
		if (is_same(f->v[i].fd, own))
			return -EALREADY;
	if (f->n >= max)
		return -ENOSPC;
	if (sys_fd_is_scarce(own))
		return -EMFILE;
	struct stored_fd *v = copy ? reallocarray(f->v, f->n + 1, sizeof(*v)) : NULL;
	if (!v)
		return -ENOMEM;
	f->v = v;
	f->v[f->n++] = (struct stored_fd){ .fd = take_fd(&own), .name = take_ptr(&copy) };
	return 0;
}

size_t fdstore_remove(struct fdstore *f, const char *name)
{
	size_t kept = 0, n = f->n;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(f->v[i].name, name) != 0) {
			f->v[kept++] = f->v[i];
			continue;
		}
		close_fd(&f->v[i].fd);
		free(f->v[i].name);
	}
	f->n = kept;
	return n - kept;
}

void fdstore_clear(struct fdstore *f)
{
	for (size_t i = 0; i < f->n; i++) {
		close_fd(&f->v[i].fd);
		free(f->v[i].name);
	}
	free(f->v);
	*f = (struct fdstore){ 0 };
}
