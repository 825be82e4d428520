#include "os/ids.h"

#include "base/own.h"
#include "base/parse.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>

#define PASSWD "/etc/passwd"
#define GROUP "/etc/group"
/* The kernel's (uid_t)-1 means "leave", so it is nobody's number. */
#define ID_MAX (UINT32_MAX - 1)

/* Finds a user by name, or by number when name is NULL. -ENOENT. */
static int find_user(const char *name, uid_t uid, struct ids *ret)
{
	cleanup_file FILE *f = NULL;
	struct passwd *p;
	int r = sys_fopen(PASSWD, &f);

	if (r < 0)
		return r;
	while ((p = fgetpwent(f))) {
		if (name ? strcmp(p->pw_name, name) != 0 : p->pw_uid != uid)
			continue;
		ret->uid = p->pw_uid;
		ret->gid = p->pw_gid;
		/* A name or a home that doesn't fit is left out rather than cut. */
		(void)text_copy(ret->name, sizeof(ret->name), p->pw_name);
		(void)text_copy(ret->home, sizeof(ret->home), p->pw_dir ? p->pw_dir : "");
		(void)text_copy(ret->shell, sizeof(ret->shell), p->pw_shell ? p->pw_shell : "");
		return 0;
	}
	return -ENOENT;
}

/* A file that isn't there says that there is no such entry. Any other error, EMFILE say, leaves it open: to go on would start a
 * service with groups that aren't its own. */
static bool has_none(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -EACCES;
}

static int resolve_user(const char *user, struct ids *ret)
{
	uint64_t n;
	int r = find_user(user, 0, ret);

	if (!has_none(r) || parse_uint(user, ID_MAX, &n) < 0)
		return r;
	/* A number needs no entry; with one, its group and home are taken from there. */
	r = find_user(NULL, (uid_t)n, ret);
	if (!has_none(r))
		return r;
	ret->uid = (uid_t)n;
	ret->gid = (gid_t)n;
	return 0;
}

static int resolve_group(const char *group, struct ids *ret)
{
	cleanup_file FILE *f = NULL;
	struct group *g;
	uint64_t n;
	int r = sys_fopen(GROUP, &f);

	while (r == 0 && (g = fgetgrent(f))) {
		if (strcmp(g->gr_name, group) == 0) {
			ret->gid = g->gr_gid;
			return 0;
		}
	}
	if (r == 0)
		r = -ENOENT;
	if (!has_none(r) || parse_uint(group, ID_MAX, &n) < 0)
		return r;
	ret->gid = (gid_t)n;
	return 0;
}

static int add_group(struct ids *ids, gid_t gid)
{
	for (size_t i = 0; i < ids->n_groups; i++)
		if (ids->groups[i] == gid)
			return 0;
	if (ids->n_groups == IDS_GROUPS_MAX)
		return -E2BIG;
	ids->groups[ids->n_groups++] = gid;
	return 0;
}

/* What initgroups() would set, without NSS. */
static int supplementary(struct ids *ids)
{
	cleanup_file FILE *f = NULL;
	struct group *g;
	int r = add_group(ids, ids->gid);

	if (r < 0 || !ids->name[0])
		return r;
	r = sys_fopen(GROUP, &f);
	if (r < 0)
		return has_none(r) ? 0 : r;
	while ((g = fgetgrent(f)))
		for (char **m = g->gr_mem; m && *m; m++)
			if (strcmp(*m, ids->name) == 0 && (r = add_group(ids, g->gr_gid)) < 0)
				return r;
	return 0;
}

int ids_resolve(const char *user, const char *group, struct ids *ret, const char **ret_bad)
{
	struct ids ids = { 0 };
	int r = 0;

	if (user) {
		ids.set_user = ids.set_group = true;
		r = resolve_user(user, &ids);
		if (r < 0) {
			*ret_bad = "user";
			return r;
		}
	}
	if (group) {
		ids.set_group = true;
		r = resolve_group(group, &ids);
		if (r < 0) {
			*ret_bad = "group";
			return r;
		}
	}
	if (ids.set_user) {
		r = supplementary(&ids);
		if (r < 0) {
			*ret_bad = "user";
			return r;
		}
	}
	*ret = ids;
	return 0;
}
