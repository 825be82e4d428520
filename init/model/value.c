/* value - see the header. Quotes part words only where a value is a list or a
 * command; elsewhere they are taken off as one pair around the whole. */
#include "model/value.h"

#include "base/banned.h"

#include <errno.h>
#include <limits.h>

const char *value_quote_end(const char *s)
{
	for (const char *p = s + 1; *p; p++) {
		if (*p == *s)
			return p;
		if (*s == '"' && *p == '\\' && p[1])
			p++;
	}
	return NULL;
}

void value_unquote(char *s)
{
	size_t n = strlen(s);

	if (n < 2 || (*s != '"' && *s != '\'') || value_quote_end(s) != s + n - 1)
		return;
	memmove(s, s + 1, n - 2);
	s[n - 2] = '\0';
}

int value_list(struct strv *ret, const char *value)
{
	char *words = strdup(value);
	int r;

	if (!words)
		return -ENOMEM;
	for (char *p = words; *p; p++) {
		const char *end = NULL;

		if (*p == '\\' && p[1]) {
			p++;
		} else if (*p == '"' || *p == '\'') {
			end = value_quote_end(p);
			if (end)
				p += end - p;
		} else if (*p == ',') {
			*p = ' ';
		}
	}
	r = strv_add_words(ret, words);
	free(words);
	return r;
}

char *value_path(const char *base_dir, const char *path)
{
	char *abs;
	bool root = base_dir && strcmp(base_dir, "/") == 0;

	if (*path == '/')
		return strdup(path);
	while (path[0] == '.' && path[1] == '/') {
		path += 2;
		while (*path == '/')
			path++;
	}
	if (strcmp(path, ".") == 0)
		path = "";
	if (*path == '\0')
		return strdup(base_dir ? base_dir : "/");
	if (asprintf(&abs, "%s/%s", root || !base_dir ? "" : base_dir, path) < 0)
		return NULL;
	return abs;
}

const char *value_path_fault(const char *path)
{
	if (*path == '\0')
		return "the path is empty";
	if (strlen(path) >= PATH_MAX)
		return "the path is longer than 4095 bytes";
	if (path[0] == '~')
		return "'~' is a shell's; write ${HOME}, or ./~ for a file of that name";
	return NULL;
}

char *value_dirname(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

bool value_is_env_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool letter = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') || s[i] == '_';

		if (!letter && (i == 0 || s[i] < '0' || s[i] > '9'))
			return false;
	}
	return n > 0;
}
