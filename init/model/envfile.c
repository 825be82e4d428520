/* envfile - see the header. */
#include "model/envfile.h"

#include "base/own.h"
#include "base/text.h"
#include "model/textfile.h"
#include "model/value.h"

#include <errno.h>

/* Decodes what stands between double quotes, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (const char *p = s; *p; p++) {
		if (*p == '\\' && p[1] && strchr("nt\"\\$", p[1])) {
			p++;
			if (*p == 'n')
				*to++ = '\n';
			else if (*p == 't')
				*to++ = '\t';
			else
				*to++ = *p;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
}

static void trim_end(char *s)
{
	size_t n = strlen(s);

	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r'))
		s[--n] = '\0';
}

/* The value that begins at s, in place; NULL and *ret_what on a fault. */
static char *value_of(char *s, const char **ret_what)
{
	if (*s == '"' || *s == '\'') {
		char *end = s + (value_quote_end(s) ? value_quote_end(s) - s : 0);
		const char *rest;

		if (end == s) {
			*ret_what = "a quote is not closed";
			return NULL;
		}
		rest = end + 1 + strspn(end + 1, " \t\r");
		if (*rest != '\0' && (*rest != '#' || rest == end + 1)) {
			*ret_what = "text behind the closing quote";
			return NULL;
		}
		*end = '\0';
		if (*s == '"')
			unescape(s + 1);
		return s + 1;
	}
	for (char *p = s; *p; p++)
		if (*p == '#' && p > s && (p[-1] == ' ' || p[-1] == '\t')) {
			*p = '\0';
			break;
		}
	trim_end(s);
	return s;
}

/* One line; *ret_what says what is wrong with it (then -EINVAL). */
static int add_line(char *line, struct strv *env, const char **ret_what)
{
	char *name = line + strspn(line, " \t");
	char *eq;
	char *value;
	int r;

	if (strncmp(name, "export ", 7) == 0)
		name += 7 + strspn(name + 7, " \t");
	if (*name == '\0' || *name == '\r' || *name == '#')
		return 0;
	eq = strchr(name, '=');
	if (!eq) {
		*ret_what = "no '=' in the line (allowed: NAME=value)";
		return -EINVAL;
	}
	*eq = '\0';
	trim_end(name);
	if (!value_is_env_name(name, strlen(name))) {
		*ret_what = "a variable's name is made of letters, digits and _, and doesn't begin with a digit";
		return -EINVAL;
	}
	value = value_of(eq + 1 + strspn(eq + 1, " \t"), ret_what);
	if (!value)
		return -EINVAL;
	r = strv_addf(env, "%s=%s", name, value);
	return r;
}

int envfile_parse(const char *path, char *data, size_t n, struct diag *diag, struct strv *env)
{
	struct where at = { .file = path };
	char *p = data;
	char *end = data + n;
	int worst = 0;

	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	while (p < end) {
		char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);
		size_t text = len > 0 && p[len - 1] == '\r' ? len - 1 : len;
		const char *what = NULL;
		size_t bad = textfile_check(p, text, &what);
		int r = -EINVAL;

		at.line++;
		p[len] = '\0';
		if (bad < text) {
			diag_error(diag, &at, NULL, NULL, "%s at column %zu", what, bad + 1);
		} else {
			r = add_line(p, env, &what);
			if (r == -EINVAL)
				diag_error(diag, &at, NULL, p, "%s", what);
		}
		if (r == -ENOMEM)
			return r;
		worst = r < 0 ? r : worst;
		p += len + 1;
	}
	return worst;
}

int envfile_load(const char *path, bool optional, const struct key_input *in, struct strv *env)
{
	cleanup_free char *data = NULL;
	size_t n = 0;
	int r = textfile_read(path, ENVFILE_MAX, &data, &n, NULL);

	if (r == -ENOMEM || (optional && r == -ENOENT))
		return r == -ENOMEM ? r : 0;
	if (r < 0) {
		diag_error(in->diag, in->at, in->name, in->value, "%s: %s", path, textfile_fault(r));
		return -EINVAL;
	}
	return envfile_parse(path, data, n, in->diag, env);
}
