/* launch - from a command line to argv, name and keys. */
#include "tools/cli/launch.h"

#include "base/banned.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const struct {
	const char *extension, *interpreter;
} interpreters[] = {
	{ ".js", "node" },   { ".mjs", "node" }, { ".cjs", "node" },  { ".ts", "node" }, { ".py", "python3" },
	{ ".sh", "sh" },     { ".bash", "bash" }, { ".rb", "ruby" },  { ".pl", "perl" }, { ".php", "php" },
	{ ".lua", "lua" },
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n > m && strcmp(s + n - m, end) == 0;
}

static bool is_file(const char *path)
{
	struct stat st;
	return sys_stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

const char *launch_interpreter(const char *path)
{
	const char *base = base_name(path);
	for (size_t i = 0; i < ARRAY_LEN(interpreters); i++)
		if (ends_with(base, interpreters[i].extension))
			return interpreters[i].interpreter;
	return NULL;
}

enum launch_kind launch_kind(const char *word)
{
	size_t n = strlen(word);
	if (strchr(word, ' '))
		return is_file(word) ? LAUNCH_SCRIPT : LAUNCH_LINE;
	if (ends_with(word, ".ini"))
		return LAUNCH_FILE;
	if (n > 1 && word[0] == '/' && word[n - 1] == '/')
		return LAUNCH_TARGET; /* a regular expression */
	if (launch_interpreter(word) && (strchr(word, '/') || is_file(word)))
		return LAUNCH_SCRIPT;
	if (strchr(word, '/'))
		return access(word, X_OK) == 0 || !is_file(word) ? LAUNCH_SCRIPT : LAUNCH_FILE;
	return LAUNCH_TARGET;
}

static bool runs_by_itself(const char *path)
{
	char head[2];
	cleanup_fd int fd = sys_open(path, O_RDONLY, 0);
	return fd >= 0 && sys_read(fd, head, 2) == 2 && memcmp(head, "#!", 2) == 0 && access(path, X_OK) == 0;
}

int launch_script(const char *path, const char *interpreter, const char *args, struct strv *ret)
{
	if (interpreter && strcmp(interpreter, "none") == 0)
		interpreter = NULL;
	else if (!interpreter && !runs_by_itself(path))
		interpreter = launch_interpreter(path);
	int r = interpreter ? strv_add(ret, interpreter) : 0;
	if (r == 0 && args)
		r = strv_add_words(ret, args);
	if (r < 0)
		return r;
	/* A program without a slash is looked for in PATH, as the kernel's callers do. */
	if (!interpreter && !strchr(path, '/') && !is_file(path))
		return strv_add(ret, path);
	char *absolute = launch_absolute(path);
	return absolute ? strv_take(ret, absolute) : -ENOMEM;
}

int launch_line(const char *line, struct strv *ret)
{
	if (!strpbrk(line, "|&;<>()$`*?~#\n"))
		return strv_add_words(ret, line);
	int r = strv_add(ret, "/bin/sh");
	if (r == 0)
		r = strv_add(ret, "-c");
	return r < 0 ? r : strv_add(ret, line);
}

static bool is_interpreter(const char *program)
{
	for (size_t i = 0; i < ARRAY_LEN(interpreters); i++)
		if (strcmp(program, interpreters[i].interpreter) == 0)
			return true;
	return false;
}

char *launch_name(const struct strv *argv)
{
	const char *from = argv->n ? base_name(argv->v[0]) : "";
	if (is_interpreter(from) && argv->n > 1 && argv->v[1][0] != '-')
		from = base_name(argv->v[1]);
	char *name = strdup(from);
	if (!name)
		return NULL;
	if (launch_interpreter(name))
		*strrchr(name, '.') = '\0';
	/* What a service name may not hold becomes '_'. */
	for (char *p = name; *p; p++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@-", *p) ||
		    (p == name && (*p == '-' || *p == '.')))
			*p = '_';
	if (!*name) {
		free(name);
		name = strdup("service");
	}
	return name;
}

bool launch_in_path(const char *name)
{
	const char *path = getenv("PATH");
	if (!*name || strchr(name, '/'))
		return false;
	for (path = path ? path : "/usr/local/bin:/usr/bin:/bin"; *path;) {
		char full[4096];
		size_t n = strcspn(path, ":");
		if (text_format(full, sizeof(full), "%.*s/%s", (int)n, path, name) == 0 && is_file(full) &&
		    access(full, X_OK) == 0)
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

char *launch_absolute(const char *path)
{
	if (path[0] == '/')
		return strdup(path);
	while (path[0] == '.' && path[1] == '/')
		path += 2 + strspn(path + 2, "/");
	cleanup_free char *here = getcwd(NULL, 0);
	char *full = NULL;
	if (here && (!*path || strcmp(path, ".") == 0))
		return take_ptr(&here);
	if (!here || asprintf(&full, "%s/%s", strcmp(here, "/") == 0 ? "" : here, path) < 0)
		return NULL;
	return full;
}

static bool is_log_path(const char *key)
{
	return strcmp(key, "out_file") == 0 || strcmp(key, "error_file") == 0 || strcmp(key, "log_file") == 0;
}

/* PM2's counts: max or 0 is one for each CPU, -1 is one less. */
static int add_instances(struct strv *ret, const char *value, struct text *fault)
{
	uint64_t n = 0;
	bool minus = value[0] == '-';
	if (strcmp(value, "max") != 0 && parse_uint(value + minus, 100000, &n) < 0)
		return text_addf(fault, "--instances wants a number or 'max'"), -EINVAL;
	if (n == 0 || minus) {
		long cpus = sysconf(_SC_NPROCESSORS_ONLN);
		uint64_t all = cpus > 0 ? (uint64_t)cpus : 1;
		n = all > n ? all - n : 1;
	}
	return strv_addf(ret, "instances=%llu", (unsigned long long)n);
}

static int add_option(struct strv *ret, const struct option_given *g, struct text *fault)
{
	const char *key = g->option->key;
	const char *value = g->value ? g->value : g->option->value;
	if (strcmp(g->option->name, "set") == 0) {
		if (value[0] == '=' || !strchr(value, '='))
			return text_addf(fault, "--set wants KEY=VALUE"), -EINVAL;
		return strv_add(ret, value);
	}
	if (!key)
		return 0;
	if (strcmp(key, "instances") == 0)
		return add_instances(ret, value, fault);
	if (is_log_path(key) && strcmp(value, "NULL") != 0 && strcmp(value, "none") != 0) {
		cleanup_free char *path = launch_absolute(value);
		return path ? strv_addf(ret, "%s=%s", key, path) : -ENOMEM;
	}
	return strv_addf(ret, "%s=%s", key, value);
}

int launch_options(const struct options *given, struct strv *ret, struct text *fault)
{
	for (size_t i = 0; i < given->ngiven; i++) {
		int r = add_option(ret, &given->given[i], fault);
		if (r < 0)
			return r;
	}
	return 0;
}

const char *launch_any_option(const struct options *given)
{
	static const char *const others[] = { "name", "cwd", "interpreter", "interpreter-args", "set" };
	for (size_t i = 0; i < given->ngiven; i++) {
		const struct cli_option *o = given->given[i].option;
		if (o->key)
			return o->name;
		for (size_t k = 0; k < ARRAY_LEN(others); k++)
			if (strcmp(o->name, others[k]) == 0)
				return o->name;
	}
	return NULL;
}

static json_t *strings(char *const *v, size_t *dropped)
{
	json_t *a = json_array();
	for (; a && v && *v; v++) {
		json_t *s = json_string(*v);
		if (!s && dropped) {
			++*dropped;
			continue;
		}
		if (json_array_append_new(a, s) < 0) {
			json_decref(a);
			return NULL;
		}
	}
	return a;
}

json_t *launch_env(char *const *env, size_t *dropped)
{
	return strings(env, dropped);
}

json_t *launch_command(const char *name, const struct strv *argv, const char *cwd, char *const *env,
		       const struct strv *options, size_t *dropped)
{
	json_t *args = strings(argv->v, NULL), *vars = strings(env, dropped), *keys = strings(options->v, NULL);
	/* "o" takes the references, also when packing fails for another of them. */
	return json_pack("{s:s, s:o, s:s, s:o, s:o}", "name", name, "argv", args, "cwd", cwd, "env", vars, "options", keys);
}
