/* sys_files - what takes several calls of sys.c: whole writes, whole files, whole paths. */
#include "base/sys.h"

#include "base/banned.h"

#include <errno.h>
#include <fcntl.h>

#define SPARE_FDS 32 /* or a quarter of a limit that is lower than 128 */

int sys_write_all(int fd, const void *buf, size_t n)
{
	const char *p = buf;

	while (n > 0) {
		ssize_t done = sys_write(fd, p, n);
		if (done < 0)
			return (int)done;
		if (done == 0)
			return -EIO; /* a file that takes nothing and says no error would spin here */
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

bool sys_fd_is_scarce(int fd)
{
	struct rlimit limit;

	if (sys_getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	rlim_t spare = limit.rlim_cur / 4 < SPARE_FDS ? limit.rlim_cur / 4 : SPARE_FDS;
	return (rlim_t)fd >= limit.rlim_cur - spare;
}

int sys_mkdir_all(const char *path, mode_t mode)
{
	char part[4096];
	size_t n = strlen(path);
	int refused = 0;

	if (n == 0 || n >= sizeof(part))
		return n ? -ENAMETOOLONG : -ENOENT;
	memcpy(part, path, n + 1);
	for (size_t i = 1; i < n; i++) {
		if (part[i] != '/' || part[i - 1] == '/')
			continue;
		part[i] = 0;
		int r = sys_mkdir(part, 0755);
		/* A parent that exists on a read-only disk answers EROFS on some systems: the last step tells the truth. */
		if (r < 0 && r != -EEXIST && r != -EROFS && r != -EACCES)
			return r == -ENOENT && refused ? refused : r;
		if (r == -EROFS || r == -EACCES)
			refused = r;
		part[i] = '/';
	}
	int r = sys_mkdir(path, mode);
	if (r < 0) {
		struct stat st;
		if (sys_stat(path, &st) == 0)
			return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	}
	return r == -ENOENT && refused ? refused : r; /* a parent is missing because it was refused: that is the reason */
}

ssize_t sys_slurp(int dirfd, const char *path, char *buf, size_t size)
{
	/* Some are a service's to write: a FIFO there must not hold up who reads it. */
	int fd = sys_openat(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	size_t len = 0;

	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t n = sys_read(fd, buf + len, size - len);
		if (n < 0 || n == 0 || (len += (size_t)n) == size) {
			(void)sys_close(fd);
			if (n < 0)
				return n;
			if (len == size)
				return -EFBIG;
			buf[len] = 0;
			return (ssize_t)len;
		}
	}
}

int sys_spit(int dirfd, const char *path, const char *s)
{
	int fd = sys_openat(dirfd, path, O_WRONLY, 0);

	if (fd < 0)
		return fd;
	ssize_t n = sys_write(fd, s, strlen(s));
	(void)sys_close(fd);
	return n < 0 ? (int)n : 0;
}

int sys_fopen(const char *path, FILE **ret)
{
	int fd = sys_open(path, O_RDONLY, 0);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (fd < 0)
		return fd;
	if (!f) {
		(void)sys_close(fd);
		return -ENOMEM;
	}
	*ret = f;
	return 0;
}
