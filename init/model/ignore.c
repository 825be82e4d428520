/* ignore - see the header. */
#include "model/ignore.h"

#include "base/banned.h"

#include <errno.h>
#include <fnmatch.h>

#define NAME_MAX_BYTES 255 /* of one name; a longer part of a pattern matches nothing */

const char *const ignore_defaults[] = {
	".*", /* as PM2: .git, .hg, .svn, .DS_Store, .venv, editors' .name.swp and .#name */
	"node_modules",
	"__pycache__",
	"*.pyc",
	"*.log",
	"*.log.*", /* rotated ones */
	"logs/",
	"*.pid",
	"*.sock",
	"*.sw[opx]",
	"*~",
	"#*#",
	"4913", /* vim makes it to see whether it may write in the folder */
	"*.tmp",
	"*.tmp.*",
	"*___jb_???___", /* JetBrains' ways to save */
	NULL,
};

int ignore_init(struct ignore *ig, const struct strv *given, const char *cwd)
{
	int r = 0;

	*ig = (struct ignore){ 0 };
	for (size_t i = 0; r == 0 && ignore_defaults[i]; i++)
		r = strv_add(&ig->rules, ignore_defaults[i]);
	for (size_t i = 0; r == 0 && i < given->n; i++)
		r = strv_add(&ig->rules, given->v[i]);
	if (r == 0 && cwd && !(ig->cwd = strdup(cwd)))
		r = -ENOMEM;
	return r;
}

void ignore_done(struct ignore *ig)
{
	strv_done(&ig->rules);
	strv_done(&ig->own_files);
	strv_done(&ig->own_folders);
	free(ig->cwd);
	ig->cwd = NULL;
}

bool ignore_equal(const struct ignore *a, const struct ignore *b)
{
	return strv_equal(&a->rules, &b->rules) && strv_equal(&a->own_files, &b->own_files) &&
	       strv_equal(&a->own_folders, &b->own_folders) && (a->cwd && b->cwd ? strcmp(a->cwd, b->cwd) == 0 : a->cwd == b->cwd);
}

int ignore_own_file(struct ignore *ig, const char *path)
{
	return *path && !strv_has(&ig->own_files, path) ? strv_add(&ig->own_files, path) : 0;
}

int ignore_own_folder(struct ignore *ig, const char *path)
{
	return *path ? strv_add(&ig->own_folders, path) : 0;
}

/* One part of a path against one part of a pattern. */
static bool part_matches(const char *pattern, size_t pn, const char *name, size_t n)
{
	char p[NAME_MAX_BYTES + 1], s[NAME_MAX_BYTES + 1];

	if (pn > NAME_MAX_BYTES || n > NAME_MAX_BYTES)
		return false;
	memcpy(p, pattern, pn);
	memcpy(s, name, n);
	p[pn] = s[n] = 0;
	return fnmatch(p, s, 0) == 0;
}

static const char *after_part(const char *p, size_t n)
{
	return p[n] == '/' ? p + n + 1 : p + n;
}

bool ignore_glob(const char *pattern, const char *path)
{
	/* Where the last ** stood: only that one has to be tried again, one folder further each time, so this is no more than
	 * parts times parts. */
	const char *again_pattern = NULL, *again_path = NULL;

	while (*path) {
		size_t pn = strcspn(pattern, "/"), n = strcspn(path, "/");

		if (pn == 2 && pattern[0] == '*' && pattern[1] == '*') {
			pattern = after_part(pattern, pn);
			if (!*pattern)
				return true;
			again_pattern = pattern;
			again_path = path;
		} else if (*pattern && part_matches(pattern, pn, path, n)) {
			pattern = after_part(pattern, pn);
			path = after_part(path, n);
		} else if (again_pattern) {
			again_path = path = after_part(again_path, strcspn(again_path, "/"));
			pattern = again_pattern;
		} else {
			return false;
		}
		if (!*path && *pattern && again_pattern && *again_path) {
			again_path = path = after_part(again_path, strcspn(again_path, "/"));
			pattern = again_pattern;
		}
	}
	return !*pattern;
}

/* What follows `root` and its slash, or NULL. */
static const char *below(const char *root, const char *path)
{
	size_t n = strlen(root);

	if (n == 1 && root[0] == '/')
		n = 0;
	return strncmp(root, path, n) == 0 && path[n] == '/' && path[n + 1] ? path + n + 1 : NULL;
}

static bool rule_matches(const struct ignore *ig, const char *rule, const char *root, const char *path, bool is_folder)
{
	char pattern[4096];
	size_t n;

	while (rule[0] == '.' && rule[1] == '/')
		rule += 2;
	n = strlen(rule);
	if (n > 1 && rule[n - 1] == '/') {
		if (!is_folder)
			return false;
		n--;
	}
	if (n == 0 || n >= sizeof(pattern))
		return false;
	memcpy(pattern, rule, n);
	pattern[n] = 0;

	if (pattern[0] == '/')
		return ignore_glob(pattern + 1, path + 1);
	if (!strchr(pattern, '/')) {
		const char *name = strrchr(path, '/') + 1;
		return part_matches(pattern, n, name, strlen(name));
	}
	const char *in_root = below(root, path), *in_cwd = ig->cwd ? below(ig->cwd, path) : NULL;
	return (in_root && ignore_glob(pattern, in_root)) || (in_cwd && ignore_glob(pattern, in_cwd));
}

static bool is_own(const struct ignore *ig, const char *path)
{
	for (size_t i = 0; i < ig->own_folders.n; i++)
		if (strcmp(ig->own_folders.v[i], path) == 0)
			return true;
	for (size_t i = 0; i < ig->own_files.n; i++) {
		size_t n = strlen(ig->own_files.v[i]);
		if (strncmp(ig->own_files.v[i], path, n) == 0 && (path[n] == 0 || path[n] == '.'))
			return true;
	}
	return false;
}

bool ignore_has(const struct ignore *ig, const char *root, const char *path, bool is_folder)
{
	if (path[0] != '/' || is_own(ig, path))
		return true;
	for (size_t i = ig->rules.n; i-- > 0;) {
		const char *rule = ig->rules.v[i];
		bool back = rule[0] == '!';

		if (rule_matches(ig, rule + back, root, path, is_folder))
			return !back;
	}
	return false;
}
