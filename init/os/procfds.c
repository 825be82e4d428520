/* Without CAP_SYS_PTRACE, as in a container, root may not look at another user's process, but that user may: so may who has taken his ids for
 * files. What isn't dumpable nobody may look at. */
#include "os/procfds.h"

#include "base/sys.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>

static int walk(pid_t pid, procfds_fn fn, void *ctx)
{
	char path[64], target[64];
	struct dirent *e;
	DIR *dir;
	int n = 0;

	(void)text_format(path, sizeof(path), "/proc/%d/fd", (int)pid);
	int r = sys_opendir(path, &dir);
	if (r < 0)
		return r;
	while ((e = readdir(dir))) {
		unsigned long long inode;
		if (e->d_name[0] == '.')
			continue;
		if (++n > PROCFDS_MAX) {
			r = -E2BIG;
			break;
		}
		(void)text_format(path, sizeof(path), "/proc/%d/fd/%.12s", (int)pid, e->d_name);
		ssize_t len = sys_readlink(path, target, sizeof(target));
		if (len == -EACCES || len == -EPERM) { /* of one, so of all */
			r = -EACCES;
			break;
		}
		if (len > 0 && sscanf(target, "socket:[%llu]", &inode) == 1 && !fn(ctx, inode))
			break;
	}
	(void)closedir(dir);
	return r;
}

int procfds_sockets(pid_t pid, procfds_fn fn, void *ctx)
{
	char path[32];
	struct stat st;
	uid_t uid;
	gid_t gid;
	int r = walk(pid, fn, ctx);

	(void)text_format(path, sizeof(path), "/proc/%d", (int)pid);
	if ((r != -EACCES && r != -EPERM) || sys_stat(path, &st) < 0)
		return r == -EPERM ? -EACCES : r;
	if (sys_setfsids(st.st_uid, st.st_gid, &uid, &gid) < 0)
		return -EACCES;
	r = walk(pid, fn, ctx);
	(void)sys_setfsids(uid, gid, &uid, &gid);
	return r == -EPERM ? -EACCES : r;
}
