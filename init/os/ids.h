/* ids - user and group names to numbers, without NSS.
 *
 * /etc/passwd and /etc/group are read with fgetpwent and fgetgrent: a static binary
 * has no NSS, and PID 1 asks no name service. Numbers need no file at all. */
#ifndef PM1_OS_IDS_H
#define PM1_OS_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define IDS_GROUPS_MAX 256 /* supplementary groups of one user; the kernel's own limit is 65536 */

struct ids {
	bool set_user; /* uid is to be set, and with it the groups */
	bool set_group;
	uid_t uid;
	gid_t gid;
	gid_t groups[IDS_GROUPS_MAX]; /* the user's supplementary groups, gid included */
	size_t n_groups;
	char name[64]; /* for USER and LOGNAME; "" when the number has no entry */
	char home[256]; /* for HOME; "" unknown */
	char shell[128];
};

/* user and group may be NULL. 0; -ENOENT (no such name: *ret_bad is `user` or `group`), -E2BIG (too many groups),
 * or the error of reading the file. */
int ids_resolve(const char *user, const char *group, struct ids *ret, const char **ret_bad);

#endif
