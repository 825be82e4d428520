/* Nobody can connect between bind() and listen(): the file gets its mode by the umask of bind(), and its owner before listen(). The owner is
 * set through a descriptor of the file, once it is known to be a socket: who may write to the folder could have put another file there. */
#include "os/unixlisten.h"

#include "base/own.h"
#include "base/sys.h"
#include "os/sockdiag.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <poll.h>

#define MODE_DEFAULT 0666

/* The path, which need not end with NUL in the address; "": an abstract name has none. */
static void read_path(const struct listen_at *at, char ret[sizeof(at->to.un.sun_path) + 1])
{
	memcpy(ret, at->to.un.sun_path, sizeof(at->to.un.sun_path));
	ret[sizeof(at->to.un.sun_path)] = 0;
}

static int is_answering(const struct listen_at *at)
{
	cleanup_fd int fd = sys_socket(AF_UNIX, SOCK_STREAM);

	if (fd < 0)
		return fd;
	int r = sys_connect(fd, &at->to.any, at->len);
	if (r == -ECONNREFUSED || r == -ENOENT)
		return 0;
	/* A full queue, or a socket of another kind: somebody is there all the same. */
	return r == 0 || r == -EAGAIN || r == -EINPROGRESS || r == -EPROTOTYPE ? 1 : r;
}

static int clear_stale(const struct listen_at *at, const char *path)
{
	struct stat st;
	int r = sys_lstat(path, &st);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	r = is_answering(at);
	if (r != 0)
		return r < 0 ? r : -EADDRINUSE;
	r = sys_unlink(path);
	return r == -ENOENT ? 0 : r;
}

static int own_file(const char *path, const struct listener_options *o, struct unixfile *ret)
{
	struct stat st;
	cleanup_fd int fd = sys_open(path, O_PATH | O_NOFOLLOW, 0);

	if (fd < 0)
		return fd;
	int r = sys_fstat(fd, &st);
	if (r < 0)
		return r;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	*ret = (struct unixfile){ .dev = st.st_dev, .ino = st.st_ino };
	if (o->uid == (uid_t)-1 && o->gid == (gid_t)-1)
		return 0;
	return sys_chown_opened(fd, o->uid, o->gid);
}

int unixlisten_open(const struct listen_at *at, const struct listener_options *o, int *ret, struct unixfile *ret_file)
{
	char path[sizeof(at->to.un.sun_path) + 1];
	struct unixfile file = { 0 };
	cleanup_fd int fd = -1;

	read_path(at, path);
	int r = *path ? clear_stale(at, path) : 0;
	if (r < 0)
		return r;
	fd = sys_socket(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return fd;
	if (sys_fd_is_scarce(fd))
		return -EMFILE;
	r = sys_bind_masked(fd, &at->to.any, at->len, 0777 & ~(mode_t)(o->mode < 0 ? MODE_DEFAULT : o->mode));
	if (r < 0)
		return r;
	if (*path)
		r = own_file(path, o, &file);
	if (r == 0)
		r = sys_listen(fd, o->backlog);
	if (r < 0) {
		unixlisten_unlink(at, &file);
		/* Bound a moment ago, it is ours even if it couldn't be looked at; -EEXIST: it is there no more. */
		if (*path && !file.ino && r != -EEXIST)
			(void)sys_unlink(path);
		return r;
	}
	*ret = take_fd(&fd);
	*ret_file = file;
	return 0;
}

void unixlisten_unlink(const struct listen_at *at, const struct unixfile *file)
{
	char path[sizeof(at->to.un.sun_path) + 1];
	struct stat st;

	read_path(at, path);
	if (file->ino && sys_lstat(path, &st) == 0 && st.st_dev == file->dev && st.st_ino == file->ino)
		(void)sys_unlink(path);
}

static int read_queue(void *ctx, const struct nlmsghdr *h)
{
	const struct nlattr *a = sockdiag_attr(h, sizeof(struct unix_diag_msg), UNIX_DIAG_RQLEN, sizeof(struct unix_diag_rqlen));
	struct unix_diag_rqlen queue;

	if (!a)
		return -ENODATA;
	memcpy(&queue, (const char *)a + NLA_HDRLEN, sizeof(queue));
	*(ssize_t *)ctx = (ssize_t)queue.udiag_rqueue;
	return 0;
}

ssize_t unixlisten_waiting(int fd, uint64_t inode)
{
	const struct unix_diag_req req = {
		.sdiag_family = AF_UNIX, .udiag_ino = (uint32_t)inode, .udiag_show = UDIAG_SHOW_RQLEN, .udiag_cookie = { ~0u, ~0u },
	};
	ssize_t n = -1;

	if (sockdiag_ask(0, &req, sizeof(req), read_queue, &n) == 0 && n >= 0)
		return n;
	int r = sys_poll_now(fd, POLLIN);
	return r < 0 ? r : (r & POLLIN) != 0;
}
