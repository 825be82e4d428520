#include "tools/logd/open.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

static bool is_ours(uid_t uid, const struct logwire_rules *rules)
{
	return uid == geteuid() || uid == 0 || (rules->uid != LOGWIRE_NOBODY && uid == rules->uid) ||
	       (rules->friend_uid != LOGWIRE_NOBODY && uid == rules->friend_uid);
}

/* As the rules want it; what is so already is left alone. */
static void adorn(int fd, const char *path, const struct stat *st, const struct logwire_rules *rules)
{
	uid_t uid = rules->uid == LOGWIRE_NOBODY || rules->uid == st->st_uid ? (uid_t)-1 : rules->uid;
	gid_t gid = rules->gid == LOGWIRE_NOBODY || rules->gid == st->st_gid ? (gid_t)-1 : rules->gid;
	int r = uid == (uid_t)-1 && gid == (gid_t)-1 ? 0 : sys_fchown(fd, uid, gid);

	if (r < 0)
		log_warning("logd: %s: cannot be given to its log_owner: %s; it stays as it is", path, err_text(r));
	if (rules->mode != LOGWIRE_NOBODY && (st->st_mode & 07777) != rules->mode && (r = sys_fchmod(fd, rules->mode)) < 0)
		log_warning("logd: %s: cannot be given its log_mode: %s; it stays as it is", path, err_text(r));
}

#define MODE_MADE 0640 /* where no log_mode is given */

static int open_checked(const char *path, const struct logwire_rules *rules)
{
	static const int flags = O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	/* Read as well, where that is allowed: whether its last line has ended decides of a rotation. */
	mode_t mode = rules->mode == LOGWIRE_NOBODY ? MODE_MADE : rules->mode;
	cleanup_fd int fd = sys_open(path, O_RDWR | flags, mode);
	struct stat st;

	if (fd == -EACCES)
		fd = sys_open(path, O_WRONLY | flags, mode);
	if (fd < 0)
		return fd;
	int r = sys_fstat(fd, &st);
	if (r < 0)
		return r;
	if (!S_ISREG(st.st_mode))
		return -ENXIO; /* a fifo or a device would block or lose; a fifo that nobody reads gives the same by itself */
	if (!is_ours(st.st_uid, rules))
		return -EBADFD;
	adorn(fd, path, &st, rules);
	return take_fd(&fd);
}

int open_log(const char *path, const struct logwire_rules *rules)
{
	int fd = open_checked(path, rules);
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	if (fd != -ENOENT || !slash || slash == path || text_format(dir, sizeof(dir), "%.*s", (int)(slash - path), path) < 0)
		return fd;
	int r = sys_mkdir_all(dir, 0755);
	return r < 0 ? r : open_checked(path, rules);
}
