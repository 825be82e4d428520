/* spec - memory and comparison of what the file says.
 *
 * What can be done key by key is done by the keys table, so that a new key is
 * compared without anybody thinking of it. */
#include "model/spec.h"

#include "base/text.h"
#include "model/keys.h"

#include <errno.h>

struct spec *spec_new(void)
{
	struct spec *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->refs = 1;
	s->umask = s->log_mode = s->listen_mode = -1;
	return s;
}

struct spec *spec_ref(struct spec *s)
{
	s->refs++;
	return s;
}

void spec_unref(struct spec *s)
{
	if (!s || --s->refs > 0)
		return;
	if (s->base) {
		spec_unref(s->base);
		free(s);
		return;
	}
	free(s->name);
	free(s->ns);
	free(s->overlay);
	free(s->dir);
	strv_done(&s->options);
	free(s->file);
	free(s->command);
	strv_done(&s->argv);
	free(s->cwd);
	free(s->pid_file);
	free(s->ready);
	free(s->ready_log);
	strv_done(&s->requires);
	strv_done(&s->wants);
	strv_done(&s->after);
	strv_done(&s->before);
	strv_done(&s->conflicts);
	for (int i = 0; i < HOOK_MAX; i++) {
		free(s->hook[i]);
		strv_done(&s->hook_argv[i]);
	}
	free(s->health);
	for (int i = 0; i < CHECK_MAX; i++) {
		free(s->check[i]);
		strv_done(&s->check_argv[i]);
	}
	strv_done(&s->env);
	strv_done(&s->env_base);
	free(s->instance_var);
	free(s->cron_restart);
	free(s->schedule);
	free(s->timezone);
	free(s->user);
	free(s->group);
	free(s->out_file);
	free(s->error_file);
	free(s->log_file);
	free(s->log_date_format);
	free(s->log_owner);
	strv_done(&s->log_sink);
	strv_done(&s->watch_paths);
	strv_done(&s->ignore_watch);
	strv_done(&s->listen);
	strv_done(&s->listen_env);
	free(s->listen_owner);
	free(s);
}

struct spec *spec_scaled(struct spec *s, unsigned int instances)
{
	struct spec *base = s->base ? s->base : s, *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *base;
	copy->refs = 1;
	copy->base = spec_ref(base);
	copy->instances = instances;
	return copy;
}

unsigned int spec_instances_given(const struct spec *s)
{
	return s->base ? s->base->instances : s->instances;
}

void spec_pm1_done(struct spec_pm1 *p)
{
	free(p->control);
	free(p->control_group);
	free(p->log_dir);
	free(p->pid_file);
	free(p->hostname);
	*p = (struct spec_pm1){ 0 };
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_key(const struct key *k, const struct spec *a, const struct spec *b)
{
	const void *x = (const char *)a + k->offset;
	const void *y = (const char *)b + k->offset;

	switch (k->type) {
	case KEY_STRING:
	case KEY_PATH:
	case KEY_LOG_PATH:
		return same_text(*(char *const *)x, *(char *const *)y);
	case KEY_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case KEY_COUNT:
		return *(const unsigned int *)x == *(const unsigned int *)y;
	case KEY_SIZE:
	case KEY_SPAN:
	case KEY_SIGNALS:
		return *(const uint64_t *)x == *(const uint64_t *)y;
	case KEY_SIGNAL:
	case KEY_MODE:
	case KEY_CHOICE:
		return *(const int *)x == *(const int *)y;
	case KEY_CODES:
		return memcmp(x, y, sizeof(a->stop_exit_codes)) == 0;
	case KEY_WORDS:
		return strv_equal(x, y);
	case KEY_CUSTOM: /* compared by spec_equal() */
	case KEY_TYPE_MAX:
		break;
	}
	return true;
}

const char *spec_check_key(enum check_kind k)
{
	return k == CHECK_LIVENESS ? "liveness" : "readiness";
}

const char *spec_check(const struct spec *s, enum check_kind k)
{
	const char *text = s->check[k] ? s->check[k] : s->health;

	return text && strcmp(text, "none") != 0 ? text : NULL;
}

bool spec_check_is_one(const struct spec *s)
{
	return same_text(spec_check(s, CHECK_LIVENESS), spec_check(s, CHECK_READINESS));
}

const char *spec_hook_key(enum hook_kind h)
{
	static const char *const keys[] = { [HOOK_START_PRE] = "exec_start_pre", [HOOK_START_POST] = "exec_start_post",
					    [HOOK_STOP] = "exec_stop",	 [HOOK_STOP_POST] = "exec_stop_post",
					    [HOOK_RELOAD] = "exec_reload" };

	return keys[h];
}

bool spec_equal(const struct spec *a, const struct spec *b)
{
	for (size_t i = 0; i < keys_count(); i++) {
		const struct key *k = keys_at(i);

		if (k->place == KEY_IN_SERVICE && !same_key(k, a, b))
			return false;
	}
	return same_text(a->name, b->name) && strv_equal(&a->argv, &b->argv) && strv_equal(&a->env, &b->env) &&
	       strv_equal(&a->env_base, &b->env_base) && a->instances == b->instances && a->watch == b->watch &&
	       same_text(a->cron_restart, b->cron_restart) && same_text(a->schedule, b->schedule) &&
	       strv_equal(&a->log_sink, &b->log_sink) && a->log_rotate == b->log_rotate && a->log_rotate_every == b->log_rotate_every &&
	       strv_equal(&a->watch_paths, &b->watch_paths) && strv_equal(&a->listen, &b->listen) &&
	       strv_equal(&a->listen_env, &b->listen_env) && same_text(a->ready, b->ready);
}

bool spec_is_cluster(const struct spec *s)
{
	return s->exec_mode == EXEC_MODE_CLUSTER || (s->exec_mode == EXEC_MODE_AUTO && s->listen.n > 0);
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

const char *spec_name_fault(const char *name)
{
	size_t n = strlen(name);
	bool number = true;

	if (n == 0)
		return "the name is empty";
	if (n > SPEC_NAME_MAX)
		return "the name is longer than 64 bytes";
	if (!is_word_byte(name[0]))
		return "a name begins with a letter, a digit or _";
	for (size_t i = 0; i < n; i++) {
		if (!is_word_byte(name[i]) && name[i] != '.' && name[i] != '@' && name[i] != '-')
			return "a name is made of A-Z a-z 0-9 _ . @ -";
		number = number && name[i] >= '0' && name[i] <= '9';
	}
	if (number)
		return "a bare number is an id, not a name";
	if (strcmp(name, "all") == 0)
		return "'all' stands for all services";
	return NULL;
}

/* Writes the path with its %n, %i and %% filled in. True: it has an %i. */
static bool add_path(struct text *t, const struct spec *s, unsigned int instance, const char *path)
{
	bool numbered = false;

	for (const char *p = path; *p; p++) {
		const char *rest = p[0] == '%' ? p + 1 : "";

		if (*rest == 'n') {
			(void)text_add(t, s->name);
		} else if (*rest == 'i') {
			(void)text_addf(t, "%u", instance);
			numbered = true;
		} else {
			(void)text_addn(t, p, 1);
		}
		if (*rest == 'n' || *rest == 'i' || *rest == '%')
			p++;
	}
	return numbered;
}

int spec_log_path(const struct spec *s, unsigned int instance, const char *path, const char *default_kind,
		  const char *log_dir, char *buf, size_t size)
{
	struct text t;
	const char *base;
	const char *dot;
	bool numbered = false;

	text_init(&t, buf, size);
	if (!path && default_kind && log_dir[0])
		(void)text_addf(&t, "%s/%s-%s.log", log_dir, s->name, default_kind);
	else if (path)
		numbered = add_path(&t, s, instance, path);
	if (t.cut)
		return -ENOSPC;
	if (t.len == 0 || numbered || s->instances <= 1 || s->merge_logs)
		return 0;

	/* The extension is looked for in the last component, and a name that begins with a dot has none. */
	base = strrchr(buf, '/');
	base = base ? base + 1 : buf;
	dot = strrchr(base, '.');
	if (!dot || dot == base)
		return text_addf(&t, "-%u", instance);

	char ext[256];
	int r = text_copy(ext, sizeof(ext), dot);

	if (r < 0)
		return r;
	t.len = (size_t)(dot - buf);
	return text_addf(&t, "-%u%s", instance, ext);
}
