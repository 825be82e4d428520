#include "model/sockets.h"

#include "base/text.h"
#include "model/ready.h"

#include <errno.h>

#define FAMILY "listen_env."

void sockets_at(const struct spec *s, size_t i, struct listen_at *ret)
{
	*ret = (struct listen_at){ .kind = LISTEN_TCP };
	(void)listen_parse(s->listen.v[i], ret); /* none is there that it would refuse */
	ret->v6only = s->listen_v6only;
}

bool sockets_have(const struct spec *s, enum listen_kind kind)
{
	for (size_t i = 0; i < s->listen.n; i++) {
		struct listen_at at;

		sockets_at(s, i, &at);
		if (at.kind == kind)
			return true;
	}
	return false;
}

bool sockets_have_stream(const struct spec *s)
{
	return sockets_have(s, LISTEN_TCP) || sockets_have(s, LISTEN_UNIX);
}

/* [defaults] are meant for many services, an own section for this one. */
static bool is_own(const struct section *section)
{
	return section && strcmp(section->name, "defaults") != 0;
}

static void put_aside(struct spec *s)
{
	strv_done(&s->listen_env);
	s->listen_adopt = false;
	s->activation = ACTIVATION_EAGER;
}

/* A `listen` that was given and is wrong: that has been told, and enough. */
static bool was_refused(const struct scope *scope, const struct section *own)
{
	for (const struct section *section = own;; scope = scope->up) {
		for (size_t i = 0; section && i < section->n; i++)
			if (section->v[i].bad && section->v[i].key && strcmp(section->v[i].key->name, "listen") == 0)
				return true;
		if (!scope)
			return false;
		section = scope->defaults;
	}
}

/* A key of the service's own that speaks of sockets where there are none. */
static void find_homeless(struct spec *s, const struct scope *scope, struct section *own, struct diag *diag)
{
	static const char *const keys[] = { FAMILY,	   "listen_backlog", "reuse_port",   "listen_v6only",
					    "listen_mode", "listen_owner",   "listen_adopt", "activation" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct section *section = own;
		struct entry *e = scope_find(scope, own, keys[i], &section);
		if (!e || !is_own(section))
			continue;
		/* Said to be off, it is what holds anyway. */
		if ((strcmp(keys[i], "listen_adopt") == 0 && !s->listen_adopt) ||
		    (strcmp(keys[i], "activation") == 0 && s->activation == ACTIVATION_EAGER))
			continue;
		struct where at = section_where(section, e);
		diag_error(diag, &at, e->name, e->value, "there is no `listen`, so no socket that it could be about");
	}
	put_aside(s);
}

static void find_clashes(const struct spec *s, const struct where *at, const struct entry *e, struct diag *diag)
{
	struct listen_at a, b;

	for (size_t i = 1; i < s->listen.n; i++) {
		sockets_at(s, i, &a);
		for (size_t k = 0; k < i; k++) {
			sockets_at(s, k, &b);
			if (!listen_clash(&a, &b))
				continue;
			if (listen_same(&a, &b)) {
				diag_error(diag, at, e->name, e->value, "%s is named twice", a.text);
				break;
			}
			a.v6only = b.v6only = true;
			bool parted = !listen_clash(&a, &b);
			diag_error(diag, at, e->name, e->value, "one can't listen at %s beside %s%s", a.text, b.text,
				   parted ? " (unless listen_v6only = yes)" : "");
			break;
		}
	}
}

/* listen_env.NAME; a bad one isn't found. */
static struct entry *find_variable(const struct scope *scope, struct section *own, const char *name, size_t n, struct section **ret_section)
{
	for (struct section *section = own;; scope = scope->up) {
		for (size_t i = 0; section && i < section->n; i++) {
			struct entry *e = &section->v[i];
			const char *its = e->name + strlen(FAMILY);
			if (e->bad || !e->key || strcmp(e->key->name, FAMILY) != 0 || strlen(its) != n || memcmp(its, name, n) != 0)
				continue;
			*ret_section = section;
			return e;
		}
		if (!scope)
			return NULL;
		section = scope->defaults;
	}
}

static void add_words(const struct spec *s, struct text *t)
{
	for (size_t i = 0; i < s->listen.n; i++) {
		struct listen_at at;

		sockets_at(s, i, &at);
		(void)text_addf(t, "%s%s", i ? ", " : "", *at.name ? at.name : at.text);
	}
}

/* Each variable must mean one socket. What is empty is none: so a service undoes what [defaults] say. */
static int settle_variables(struct spec *s, const struct scope *scope, struct section *own, struct diag *diag)
{
	char buf[256];
	size_t n = 0;
	int r = section_settle_env(&s->listen_env);

	for (size_t i = 0; r == 0 && i < s->listen_env.n; i++) {
		char *entry = s->listen_env.v[i];
		const char *word = strchr(entry, '=') + 1;
		if (!*word) {
			free(entry);
			continue;
		}
		s->listen_env.v[n++] = entry;
		int found = listen_find(&s->listen, word);
		if (found >= 0)
			continue;
		struct section *section = own;
		struct entry *e = find_variable(scope, own, entry, (size_t)(word - 1 - entry), &section);
		struct where at = section_where(section, e);
		struct text t = TEXT_INIT(buf);
		add_words(s, &t);
		diag_error(diag, &at, e ? e->name : "listen_env", word,
			   found == -ENOTUNIQ ? "several addresses of `listen` have this name: write the address (there are: %s)" :
						"no name and no address of `listen` (there are: %s)",
			   buf);
	}
	if (r == 0 && s->listen_env.v) {
		s->listen_env.n = n;
		s->listen_env.v[n] = NULL;
	}
	return r;
}

/* What is about files, where none of the sockets has one. */
static void warn_files(const struct spec *s, const struct scope *scope, struct section *own, struct diag *diag)
{
	static const char *const keys[] = { "listen_mode", "listen_owner" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct section *section = own;
		struct entry *e = scope_find(scope, own, keys[i], &section);
		if (!e || !is_own(section) || sockets_have(s, LISTEN_UNIX))
			continue;
		struct where at = section_where(section, e);
		diag_warn(diag, &at, e->name, e->value, "only unix sockets have an owner and permissions, and `listen` has none; ignoring");
	}
}

int sockets_settle(struct spec *s, const struct scope *scope, struct section *own, struct diag *diag)
{
	struct section *section = own;
	struct entry *e = scope_find(scope, own, "listen", &section);
	size_t key = 0;

	/* A line of [defaults] may be one of another file: then the service's own line is the nearest that can be told. */
	if (e && keys_find("listen", KEY_IN_SERVICE, &key) && !is_own(section))
		s->key_line[key] = s->line;
	if (was_refused(scope, own))
		return 0;
	if (s->listen.n == 0) {
		find_homeless(s, scope, own, diag);
	} else {
		struct where at = section_where(e ? section : own, e);
		int r = e ? settle_variables(s, scope, own, diag) : 0;
		if (r < 0)
			return r;
		if (e)
			find_clashes(s, &at, e, diag);
		warn_files(s, scope, own, diag);
	}
	e = scope_find(scope, own, "idle_timeout", &section);
	if (s->idle_timeout > 0 && s->activation != ACTIVATION_ON_CONNECT && e && is_own(section)) {
		struct where at = section_where(section, e);
		diag_error(diag, &at, e->name, e->value, "only with activation = on-connect is there something that would start it again");
	}
	if (s->activation != ACTIVATION_ON_CONNECT)
		s->idle_timeout = 0;
	return 0;
}

/* Where the key of that name was given, else where the service stands. */
static void note(const struct spec *s, const char *file, const char *name, const char *value, const char *text, struct diag *diag)
{
	char section[sizeof("service:") + SPEC_NAME_MAX];
	size_t key = 0;
	unsigned int line = keys_find(name, KEY_IN_SERVICE, &key) ? s->key_line[key] : 0;
	struct where at = { .file = file, .line = line ? line : s->line, .section = section };

	(void)text_format(section, sizeof(section), "service:%s", s->name);
	diag_warn(diag, &at, name, value, "%s", text);
}

/* What is held is listened on before the program runs, and all the more when it has it. */
static void note_ready(const struct spec *s, const char *file, struct diag *diag)
{
	struct listen_at at;
	struct ready how;

	if (!s->ready || ready_parse(s->ready, &how) || (how.kind != READY_TCP && how.kind != READY_UNIX))
		return;
	for (size_t i = 0; i < s->listen.n; i++) {
		sockets_at(s, i, &at);
		bool same = how.kind == READY_TCP ? at.kind == LISTEN_TCP && listen_port(&at) == how.port :
						    at.kind == LISTEN_UNIX && strcmp(at.text + strlen("unix:"), how.arg) == 0;
		if (same)
			note(s, file, "ready", s->ready,
			     "pm1 itself listens there: the program is taken for ready as soon as it runs (write ready = notify, fd:N or log:REGEX, or listen_adopt = yes without ready)",
			     diag);
	}
}

void sockets_notes(const struct spec *s, const char *file, struct diag *diag)
{
	struct listen_at at;

	if (s->listen_adopt)
		note(s, file, "listen_adopt", "yes",
		     "where pm1 has no CAP_SYS_ADMIN, as in a container, it runs with no_new_privs: setuid programs such as sudo gain nothing there",
		     diag);
	note_ready(s, file, diag);
	if (!spec_is_cluster(s) || s->drain_timeout == 0)
		return;
	if (!s->reuse_port && sockets_have(s, LISTEN_TCP))
		note(s, file, "reuse_port", "no",
		     "one socket for all can't be drained: connections of a replaced process are not waited for", diag);
	for (size_t i = 0; i < s->listen.n; i++) {
		sockets_at(s, i, &at);
		if (at.kind == LISTEN_UNIX)
			note(s, file, "listen", at.text, "unix sockets can't be drained: connections of a replaced process are not waited for",
			     diag);
	}
}
