/* ignore - which files below a watched folder don't count as changed.
 *
 * The rules are a list: the built-in ones, then those of ignore_watch; the last that matches decides, and one that begins with
 * ! takes back what an earlier one said. A pattern without a slash is held against the name, one with a slash against the path
 * below the watched folder and the path below the service's cwd, one that begins with a slash against the whole path; a
 * slash at the end means folders alone. * ? [] stand for what they do in a shell, and match a leading dot; ** stands for any number of folders. Files and folders
 * of pm1 itself are ignored whatever the rules say. Nobody descends into an ignored folder, so only one entry at a time is asked for. */
#ifndef PM1_MODEL_IGNORE_H
#define PM1_MODEL_IGNORE_H

#include "base/strv.h"

struct ignore {
	struct strv rules; /* built-in ones first */
	struct strv own_files; /* absolute; with what is made of them: PATH.anything */
	struct strv own_folders; /* absolute */
	char *cwd; /* patterns may be relative to it; NULL: not */
};

/* The built-in rules, one string each, NULL at the end: for the help and the documentation. */
extern const char *const ignore_defaults[];

/* Built-in rules and those given. 0 or -ENOMEM; ignore_done() in either case. */
int ignore_init(struct ignore *ig, const struct strv *given, const char *cwd);
void ignore_done(struct ignore *ig);
int ignore_own_file(struct ignore *ig, const char *path); /* "" is fine: 0, nothing added */
int ignore_own_folder(struct ignore *ig, const char *path);

bool ignore_equal(const struct ignore *a, const struct ignore *b);

/* Whether an entry of a watched folder is ignored. `root` is the watched folder, `path` the entry's own, both absolute without a slash at
 * the end; path lies below root. */
bool ignore_has(const struct ignore *ig, const char *root, const char *path, bool is_folder);

/* Whether a path without leading slash matches a pattern with slashes and **. */
bool ignore_glob(const char *pattern, const char *path);

#endif
