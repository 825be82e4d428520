/* source - one file: its sections into the loader, then the files it includes.
 *
 * A file is read to its end before what it includes, so that its [defaults] hold there
 * wherever they stand; in the file itself they hold for the services below. */
#include "model/loader.h"

#include "base/nearest.h"
#include "base/own.h"
#include "model/build.h"
#include "model/config.h"
#include "model/include.h"
#include "model/inifile.h"
#include "model/keys.h"
#include "model/services.h"
#include "model/textfile.h"
#include "model/value.h"

#include <errno.h>

#define SERVICE "service:"

/* One file being read, and the files that led to it. */
struct source {
	struct loader *l;
	const struct source *up; /* borrowed */
	const char *shown; /* for messages: as somebody wrote it */
	const char *abs;
	char *dir; /* owned */
	unsigned int depth;
	dev_t dev;
	ino_t ino;
	struct scope scope;
	struct section defaults; /* owned, if scope.defaults */
	struct services services; /* owned: those of this file so far */
	struct section current; /* owned */
	struct section includes; /* owned: the include keys */
	bool open; /* current is in use */
};

static int read_file(struct loader *l, const struct source *up, const char *shown, const char *abs,
		     const struct section *from, const struct entry *by);

static bool is_service(const char *name)
{
	return strncmp(name, SERVICE, strlen(SERVICE)) == 0;
}

static bool is_ignored(const char *name)
{
	return strncmp(name, "x-", 2) == 0;
}

static int end_defaults(struct source *src, struct section *s)
{
	struct spec scratch = { 0 };
	struct entry *e;
	int r;

	src->defaults = *s;
	*s = (struct section){ 0 };
	src->scope.defaults = &src->defaults;
	r = build_check_defaults(&src->scope, src->l->vars, src->l->diag);
	e = section_find(&src->defaults, "kill_timeout");
	if (r < 0 || !e)
		return r;
	/* A good value, so nothing is reported a second time. */
	struct where at = section_where(&src->defaults, e);

	r = keys_set(&scratch, KEY_IN_SERVICE, &at, src->dir, e->name, e->text, src->l->diag);
	free(scratch.log_date_format);
	return r < 0 ? r : loader_keep_patience(src->l, &src->defaults, scratch.kill_timeout);
}

static int end_pm1(struct source *src, struct section *s)
{
	struct loader *l = src->l;
	int r = section_check(s, KEY_IN_PM1, false, l->vars, l->diag);

	l->has_pm1 = l->has_pm1 || s->n > 0;
	return r < 0 ? r : section_apply(s, &l->pm1, KEY_IN_PM1, l->diag);
}

/* Keys before any section: include alone may stand there. */
static void end_top(struct source *src, const struct section *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct entry *e = &s->v[i];
		struct where at = section_where(s, e);

		if (strcmp(e->name, "include") == 0 || is_ignored(e->name))
			continue;
		diag_error(src->l->diag, &at, e->name, e->value,
			   "a key before any section (allowed: [pm1], [defaults] or [service:NAME] above it)");
	}
}

/* Moves the include keys to src->includes: they are followed when the file has been read. */
static int take_includes(struct source *src, const struct section *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct inifile_part part = { .line = s->v[i].line, .key = "include", .value = s->v[i].value };
		int r = strcmp(s->v[i].name, "include") == 0 ? section_add(&src->includes, &part) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static int end_section(struct source *src)
{
	struct section *s = &src->current;
	int r = 0;

	if (!src->open)
		return 0;
	src->open = false;
	if (*s->name == '\0' || strcmp(s->name, "pm1") == 0)
		r = take_includes(src, s);
	if (r == 0 && *s->name == '\0')
		end_top(src, s);
	else if (r == 0 && strcmp(s->name, "pm1") == 0)
		r = end_pm1(src, s);
	else if (r == 0 && strcmp(s->name, "defaults") == 0)
		r = end_defaults(src, s);
	else if (r == 0 && is_service(s->name))
		r = services_keep(&src->services, s, !src->scope.defaults);
	section_done(s);
	return r;
}

static const char *section_word(void *ctx, size_t i)
{
	static const char *const words[] = { "pm1", "defaults" };

	(void)ctx;
	return i < ARRAY_LEN(words) ? words[i] : NULL;
}

/* Supervisord's [program:web] and a bare [web] are meant for [service:web]. */
static void unknown_section(struct source *src, const struct where *at)
{
	const char *near = nearest_of(at->section, section_word, NULL);
	const char *colon = strchr(at->section, ':');
	const char *name = colon ? colon + 1 : at->section;

	if (near)
		diag_error(src->l->diag, at, NULL, NULL, "unknown section (did you mean [%s]?)", near);
	else if (!spec_name_fault(name))
		diag_error(src->l->diag, at, NULL, NULL, "unknown section (did you mean [service:%s]?)", name);
	else
		diag_error(src->l->diag, at, NULL, NULL,
			   "unknown section (allowed: [pm1], [defaults], [service:NAME], [x-...])");
}

/* Whether the section's keys are to be collected; faults are reported. */
static bool begin_section(struct source *src, const char *name, unsigned int line)
{
	struct where at = { .file = src->shown, .line = line, .section = name };

	if (strcmp(name, "pm1") == 0) {
		if (!src->l->pm1_seen)
			return src->l->pm1_seen = true;
		diag_error(src->l->diag, &at, NULL, NULL, "given twice");
		return false;
	}
	if (strcmp(name, "defaults") == 0) {
		if (!src->scope.defaults)
			return true;
		diag_error(src->l->diag, &at, NULL, NULL, "given twice (first in line %u)",
			   src->defaults.line);
		return false;
	}
	if (is_service(name))
		return true;
	if (!is_ignored(name))
		unknown_section(src, &at);
	return false;
}

static int on_part(void *ctx, const struct inifile_part *part)
{
	struct source *src = ctx;

	if (!part->key) {
		int r = end_section(src);

		if (r < 0 || !begin_section(src, part->section, part->line))
			return r;
		src->open = true;
		return section_init(&src->current, src->shown, src->dir, part->section, part->line);
	}
	if (!src->open)
		return 0; /* of a section that is ignored or unknown */
	if (part->comment == ';' && (strcmp(part->key, "command") == 0 || strcmp(part->key, "script") == 0)) {
		struct where at = { .file = src->shown, .line = part->line, .section = part->section };

		diag_warn(src->l->diag, &at, part->key, part->value,
			  "what stands behind ' ;' is taken for a comment (put it in quotes if it belongs to the command); ignoring it");
	}
	return section_add(&src->current, part);
}

static bool is_loop(const struct source *src, const struct stat *st)
{
	for (; src; src = src->up)
		if (src->ino == st->st_ino && src->dev == st->st_dev)
			return true;
	return false;
}

/* The path of an included file as a message shows it: beside the file that names it. */
static char *shown_path(const struct source *src, const char *abs)
{
	const char *slash = strrchr(src->shown, '/');
	size_t dir = strlen(src->dir);
	char *shown;

	if (strncmp(abs, src->dir, dir) != 0 || abs[dir] != '/')
		return strdup(abs);
	if (asprintf(&shown, "%.*s%s", slash ? (int)(slash - src->shown + 1) : 0, src->shown, abs + dir + 1) < 0)
		return NULL;
	return shown;
}

static int include_word(struct source *src, const struct entry *e, const char *word)
{
	struct where at = section_where(&src->includes, e);
	const char *complaint = value_path_fault(word);
	cleanup_free char *pattern = complaint ? NULL : value_path(src->dir, word);
	struct strv found = { 0 };
	int r;

	if (complaint) {
		diag_error(src->l->diag, &at, e->name, e->value, "%s", complaint);
		return 0;
	}
	if (!pattern)
		return -ENOMEM;
	r = include_is_pattern(word) ? include_find(pattern, &found) : strv_add(&found, pattern);
	if (r < 0 && r != -ENOMEM)
		diag_error(src->l->diag, &at, e->name, e->value, "%s: %s", word,
			   r == -E2BIG ? "too many files" : textfile_fault(r));
	else if (r == 0 && found.n == 0)
		diag_warn(src->l->diag, &at, e->name, e->value, "no file matches '%s'; going on without", word);
	r = r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < found.n; i++) {
		cleanup_free char *shown = shown_path(src, found.v[i]);

		r = shown ? read_file(src->l, src, shown, found.v[i], &src->includes, e) : -ENOMEM;
	}
	strv_done(&found);
	return r;
}

static int follow_includes(struct source *src)
{
	int r = section_check(&src->includes, KEY_IN_PM1, false, src->l->vars, src->l->diag);

	for (size_t i = 0; r == 0 && i < src->includes.n; i++) {
		struct entry *e = &src->includes.v[i];
		struct strv words = { 0 };

		if (e->bad)
			continue;
		r = value_list(&words, e->text);
		if (r == -EINVAL) {
			struct where at = section_where(&src->includes, e);

			diag_error(src->l->diag, &at, e->name, e->value, "a quote is not closed, or \\ stands at the end");
			r = 0;
		}
		for (size_t k = 0; r == 0 && k < words.n; k++)
			r = include_word(src, e, words.v[k]);
		strv_done(&words);
	}
	return r;
}

/* Reads one file's text and what it includes. 0 (faults are in diag), -ENOMEM. */
static int read_text(struct source *src, const char *data, size_t n)
{
	int r;

	src->scope.up = src->up ? &src->up->scope : NULL;
	src->dir = value_dirname(src->abs);
	r = src->dir ? section_init(&src->includes, src->shown, src->dir, "", 0) : -ENOMEM;
	if (r == 0)
		r = section_init(&src->current, src->shown, src->dir, "", 0);
	src->open = true;
	if (r == 0)
		r = inifile_read(src->shown, data, n, src->l->diag, on_part, src);
	if (r == 0)
		r = end_section(src);
	if (r == 0)
		r = services_build(&src->services, src->l, &src->scope, src->abs, src->dir);
	if (r == 0)
		r = follow_includes(src);
	services_done(&src->services);
	section_done(&src->current);
	section_done(&src->includes);
	section_done(&src->defaults);
	free(src->dir);
	return r;
}

/* `from` and `by` say who includes it, NULL for the top file, whose errors are returned. */
static int read_file(struct loader *l, const struct source *up, const char *shown, const char *abs,
		     const struct section *from, const struct entry *by)
{
	struct source src = { .l = l, .up = up, .shown = shown, .abs = abs, .depth = up ? up->depth + 1 : 0 };
	struct where at = by ? section_where(from, by) : (struct where){ .file = shown };
	const char *key = by ? by->name : NULL;
	const char *value = by ? by->value : NULL;
	cleanup_free char *data = NULL;
	struct stat st = { 0 };
	size_t n = 0;
	int r;

	if (src.depth > CONFIG_INCLUDE_DEPTH || l->n_files >= INCLUDE_FILES_MAX) {
		diag_error(l->diag, &at, key, value, "%s: %s", shown,
			   src.depth > CONFIG_INCLUDE_DEPTH ? "files include files more than 8 deep" : "too many files");
		return 0;
	}
	r = textfile_read(abs, CONFIG_FILE_MAX, &data, &n, &st);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		if (by)
			diag_error(l->diag, &at, key, value, "%s: %s", shown, textfile_fault(r));
		else
			diag_error(l->diag, &at, NULL, NULL, "%s", textfile_fault(r));
		return by ? 0 : r;
	}
	/* A file read twice is a loop, or would give every service of it twice; in any case it would make
	 * the work of a load exponential. */
	r = loader_keep_file(l, &st);
	if (r < 0)
		return r;
	if (r > 0) {
		diag_error(l->diag, &at, key, value, "%s: %s", shown,
			   is_loop(up, &st) ? "the file includes itself" : "the file has been included already");
		return 0;
	}
	src.dev = st.st_dev;
	src.ino = st.st_ino;
	return read_text(&src, data, n);
}

int loader_file(struct loader *l, const char *shown, const char *abs)
{
	return read_file(l, NULL, shown, abs, NULL, NULL);
}

int loader_text(struct loader *l, const char *shown, const char *abs, const char *data, size_t n)
{
	struct source src = { .l = l, .shown = shown, .abs = abs };

	return read_text(&src, data, n);
}
