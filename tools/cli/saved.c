/* saved - the list of services in a file: save, resurrect, cleardump.
 *
 * The supervisor never writes to a disk; it says what its list is, and this writes it: whole or not at all, for nobody else's eyes,
 * since environments are in it. Each entry of the list holds the parameters of the Start that brings it back. */
#include "tools/cli/ask.h"
#include "tools/cli/launch.h"
#include "tools/cli/look.h"
#include "tools/cli/out.h"
#include "tools/cli/spawn.h"
#include "tools/cli/status.h"

#include "base/banned.h"
#include "base/log.h"
#include "base/own.h"
#include "base/places.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#define FORMAT 1
#define SAVED_MAX ((size_t)64 * 1024 * 1024) /* bytes of a saved list */
#define DEPTH_OF_BAK 8 /* room for ".bak.tmp" */

/* The file meant, absolute, in buf; false with the reason told. */
static bool find_path(const struct cli *c, char *buf, size_t size)
{
	cleanup_free char *given = c->given.nwords ? launch_absolute(c->given.words[0]) : NULL;
	int r = given ? text_copy(buf, size, given) : c->given.nwords ? -ENOMEM : places_dump(geteuid(), buf, size);
	if (r == 0 && strlen(buf) + DEPTH_OF_BAK >= size)
		r = -ENAMETOOLONG;
	if (r < 0)
		out_error("%s: %s", c->command->name, err_text(r));
	return r == 0;
}

/* All of the file, NUL-ended; 0 or -errno. */
static int read_whole(const char *path, char **ret, size_t *ret_n)
{
	cleanup_fd int fd = sys_open(path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;
	int r = fd < 0 ? fd : sys_fstat(fd, &st);
	if (r < 0)
		return r;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size < 0 || (size_t)st.st_size > SAVED_MAX)
		return -EFBIG;
	cleanup_free char *data = malloc((size_t)st.st_size + 1);
	size_t n = 0;
	if (!data)
		return -ENOMEM;
	while (n < (size_t)st.st_size) {
		ssize_t got = sys_read(fd, data + n, (size_t)st.st_size - n);
		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	data[n] = '\0';
	*ret = take_ptr(&data);
	*ret_n = n;
	return 0;
}

/* Whole or not at all, and only for this user. */
static int write_whole(const char *path, const char *data, size_t n)
{
	char tmp[PATH_MAX + DEPTH_OF_BAK];
	int r = text_format(tmp, sizeof(tmp), "%s.tmp", path);
	if (r < 0)
		return r;
	(void)sys_unlink(tmp); /* of a call that was killed */
	cleanup_fd int fd = sys_open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fd;
	r = sys_write_all(fd, data, n);
	if (r == 0)
		r = sys_fsync(fd);
	if (r == 0)
		r = sys_rename(tmp, path);
	if (r < 0)
		(void)sys_unlink(tmp);
	return r;
}

static void sync_folder(const char *path)
{
	cleanup_free char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	if (!slash)
		/* cppcheck-suppress memleak ; the cleanup attribute frees it */
		return;
	slash[slash == dir] = '\0';
	cleanup_fd int fd = sys_open(dir, O_RDONLY | O_DIRECTORY, 0);
	if (fd >= 0)
		(void)sys_fsync(fd);
}

static int make_folder(const char *path)
{
	cleanup_free char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	if (!slash || slash == dir)
		/* cppcheck-suppress memleak ; the cleanup attribute frees it */
		return dir ? 0 : -ENOMEM;
	*slash = '\0';
	return sys_mkdir_all(dir, 0700);
}

/* What was saved before stays beside it. */
static int keep_old(const char *path)
{
	cleanup_free char *old = NULL;
	char bak[PATH_MAX + DEPTH_OF_BAK];
	size_t n = 0;
	int r = read_whole(path, &old, &n);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = text_format(bak, sizeof(bak), "%s.bak", path);
	return r < 0 ? r : write_whole(bak, old, n);
}

static int write_list(const char *path, const json_t *list)
{
	cleanup_free char *text = json_dumps(list, JSON_INDENT(1) | JSON_SORT_KEYS);
	cleanup_free char *line = NULL;
	if (!text || asprintf(&line, "%s\n", text) < 0)
		return -ENOMEM;
	int r = make_folder(path);
	if (r == 0)
		r = keep_old(path);
	if (r == 0)
		r = write_whole(path, line, strlen(line));
	if (r == 0)
		sync_folder(path);
	return r;
}

static size_t count_services(const json_t *list)
{
	size_t n = 0, i;
	json_t *e;
	json_array_foreach((json_t *)list, i, e)
		n += json_object_size(look(e, "memory"));
	return n;
}

int cmd_save(struct cli *c)
{
	char path[PATH_MAX];
	struct reply r = { 0 };
	bool json = c->json;
	if (!find_path(c, path, sizeof(path)))
		return EXIT_NOT_DONE;
	c->json = false;
	int code = ask(c, VERB_DUMP, NULL, &r);
	if (code != EXIT_DONE)
		return code;
	size_t n = count_services(look(r.params, "list"));
	if (n == 0 && !options_has(&c->given, "force")) {
		out_error("save: there are no services; --force saves that");
		code = EXIT_NOT_DONE;
	}
	int e = code == EXIT_DONE ? write_list(path, r.params) : 0;
	reply_done(&r);
	if (e < 0) {
		out_error("save: cannot write %s: %s", path, err_text(e));
		return EXIT_NOT_DONE;
	}
	if (code == EXIT_DONE && json) {
		json_t *said = json_pack("{s:s, s:I}", "file", path, "services", (json_int_t)n);
		out_json(said, true);
		json_decref(said);
	} else if (code == EXIT_DONE && !c->silent) {
		(void)fprintf(stdout, "saved %zu service%s in ", n, n == 1 ? "" : "s");
		out_safe(stdout, path);
		(void)fputc('\n', stdout);
	}
	return code;
}

int cmd_cleardump(struct cli *c)
{
	char path[PATH_MAX], bak[PATH_MAX + DEPTH_OF_BAK];
	if (!find_path(c, path, sizeof(path)) || text_format(bak, sizeof(bak), "%s.bak", path) < 0)
		return EXIT_NOT_DONE;
	int r = sys_unlink(bak);
	if (r == 0 || r == -ENOENT) {
		int had = sys_unlink(path);
		r = had == -ENOENT && r == 0 ? 0 : had;
	}
	if (r < 0) {
		out_error(r == -ENOENT ? "cleardump: nothing is saved in %s" : "cleardump: %s: %s", path, err_text(r));
		return EXIT_NOT_DONE;
	}
	if (!c->silent && !c->json)
		(void)fputs("what was saved is forgotten\n", stdout);
	return EXIT_DONE;
}

static void bad_list(const char *path, const char *why)
{
	char bak[PATH_MAX + DEPTH_OF_BAK];
	struct stat st;
	out_error("resurrect: %s: %s", path, why);
	if (text_format(bak, sizeof(bak), "%s.bak", path) == 0 && sys_stat(bak, &st) == 0)
		out_error("the list that was saved before it is in %s; `pm1 resurrect FILE' takes it", bak);
}

static bool is_entry(const json_t *e)
{
	const char *file = look_str(e, "file", NULL);
	const json_t *memory = json_object_get(e, "memory");
	return json_is_object(e) && json_is_object(memory) && (file ? file[0] == '/' : json_is_object(look(e, "command")));
}

/* The list of the file, the caller's; NULL with the reason told. */
static json_t *read_list(const char *path)
{
	cleanup_free char *data = NULL;
	char why[256];
	size_t n = 0, i;
	json_error_t error;
	int r = read_whole(path, &data, &n);
	if (r == -ENOENT) {
		out_error("resurrect: nothing is saved in %s", path);
		return NULL;
	}
	if (r < 0) {
		bad_list(path, err_text(r));
		return NULL;
	}
	json_t *whole = json_loadb(data, n, JSON_REJECT_DUPLICATES, &error);
	if (!whole) {
		(void)text_format(why, sizeof(why), "line %d: %s", error.line, error.text);
		bad_list(path, why);
		return NULL;
	}
	json_t *list = json_incref(json_object_get(whole, "list")), *e;
	long long format = look_int(whole, "format", 0);
	json_decref(whole);
	bool good = json_is_array(list);
	json_array_foreach(list, i, e)
		good = good && is_entry(e);
	if (format == FORMAT && good)
		return list;
	(void)text_format(why, sizeof(why), format > FORMAT ? "it is of a newer pm1 (format %lld)" : "it is no list that pm1 saved", format);
	bad_list(path, why);
	json_decref(list);
	return NULL;
}

/* Whether a service is called so. */
static bool is_there(const json_t *services, const char *name)
{
	size_t i;
	json_t *s;
	json_array_foreach((json_t *)services, i, s)
		if (strcmp(look_str(s, "name", ""), name) == 0)
			return true;
	return false;
}

static bool can_be_read(const char *path)
{
	cleanup_fd int fd = sys_open(path, O_RDONLY | O_NONBLOCK, 0);
	return fd >= 0;
}

/* Connects. One that is brought up takes [pm1] from the first file of the list that is sound; one that isn't is told, and marked. */
static int reach(struct cli *c, json_t *list, struct client *client)
{
	char buf[2048];
	struct text tried = TEXT_INIT(buf);
	bool fresh;
	size_t i;
	json_t *e;
	int r = client_open(client, c->socket, &tried);
	if (r == 0)
		return EXIT_DONE;
	if (r != -ENOENT) {
		ask_nobody(r, &tried);
		return EXIT_NOT_DONE;
	}
	json_array_foreach(list, i, e) {
		const char *file = look_str(e, "file", NULL);
		if (!file || !can_be_read(file))
			continue;
		int code = spawn_connect(c, file, look_str(e, "overlay", NULL), client, &fresh);
		if (code != EXIT_BAD_CONFIG)
			return code;
		(void)json_object_set_new(e, "failed", json_true());
	}
	return spawn_connect(c, NULL, NULL, client, &fresh);
}

/* One entry; the exit code. */
static int start_entry(struct cli *c, struct client *client, const json_t *e, const json_t *services)
{
	const char *file = look_str(e, "file", NULL), *name = look_str(e, "command.name", "");
	struct reply r = { 0 };
	json_t *params;
	if (look_bool(e, "failed"))
		return EXIT_BAD_CONFIG;
	if (!file && is_there(services, name)) {
		out_error("resurrect: '%s' is there already; leaving it as it is", name);
		return EXIT_DONE;
	}
	if (file)
		params = json_pack("{s:s, s:s, s:O}", "file", file, "overlay", look_str(e, "overlay", ""), "memory",
				   json_object_get(e, "memory"));
	else
		params = json_pack("{s:O, s:O}", "command", json_object_get(e, "command"), "memory", json_object_get(e, "memory"));
	int code = ask_over(c, client, VERB_START, params, &r);
	if (code == EXIT_DONE)
		ask_messages(r.params);
	reply_done(&r);
	return code;
}

static int start_all(struct cli *c, json_t *list, size_t *ret_failed)
{
	struct client client = { .fd = -1 };
	struct reply r = { 0 };
	size_t i;
	json_t *e;
	int code = reach(c, list, &client);
	if (code != EXIT_DONE)
		return code;
	code = ask_over(c, &client, VERB_LIST, json_pack("{s:b}", "brief", true), &r);
	if (code == EXIT_DONE)
		json_array_foreach(list, i, e) {
			int one = start_entry(c, &client, e, look(r.params, "services"));
			*ret_failed += one != EXIT_DONE;
			if (one > code)
				code = one;
		}
	reply_done(&r);
	client_close(&client);
	return code;
}

int cmd_resurrect(struct cli *c)
{
	char path[PATH_MAX];
	size_t failed = 0;
	bool json = c->json;
	json_t *list = find_path(c, path, sizeof(path)) ? read_list(path) : NULL;
	if (!list)
		return EXIT_NOT_DONE;
	c->json = false;
	int code = start_all(c, list, &failed);
	c->json = json;
	if (failed > 0)
		out_error("resurrect: %zu of %zu entries could not be started as they were", failed, json_array_size(list));
	if (json) {
		json_t *said = json_pack("{s:I, s:I}", "entries", (json_int_t)json_array_size(list), "failed", (json_int_t)failed);
		out_json(said, true);
		json_decref(said);
	} else {
		status_show_all(c);
	}
	json_decref(list);
	return code;
}
