/* watcher - see the header. */
#include "core/watcher.h"

#include "base/log.h"
#include "base/own.h"
#include "base/text.h"
#include "core/service.h"
#include "core/outputs.h"
#include "os/watch.h"
#include "wire/logwire.h"

#include <errno.h>
#include <limits.h>

/* Different paths of one burst that are counted; more are "or more". */
#define COUNT_MAX 256

struct watcher {
	struct service *s; /* borrowed: its owner */
	struct ignore ignore; /* borrowed by `watch`, as long as there is one */
	struct strv paths; /* owned: what is to be watched */
	struct watch *watch; /* owned; NULL: off, or it can't be had */
	struct loop_timer *quiet;
	bool on;
	/* The burst so far. */
	usec_t first_at, last_at;
	bool in_run; /* it was on its way or up at one of the changes */
	char path[PATH_MAX]; /* the first; "": events were lost */
	uint64_t seen[COUNT_MAX]; /* hashes of the paths */
	size_t n_seen;
	/* Restarts in a row, each soon after its start. */
	unsigned int streak;
};

static const char *label_of(const struct watcher *w, char *buf, size_t size)
{
	return service_label(w->s, buf, size);
}

/* A path as its owner knows it: below cwd without that. Paths are foreign text. */
static void add_path(struct text *t, const struct watcher *w, size_t max)
{
	const char *cwd = w->s->spec->cwd, *path = w->path;
	size_t n = cwd ? strlen(cwd) : 0;
	char safe[PATH_MAX * 4];
	struct text whole = TEXT_INIT(safe);

	while (n > 0 && cwd[n - 1] == '/')
		n--;
	if (n > 0 && strncmp(path, cwd, n) == 0 && path[n] == '/' && path[n + 1])
		path += n + 1;
	(void)text_add_safe(&whole, path);
	/* The end says more than the beginning. */
	if (whole.len > max)
		(void)text_addf(t, "...%s", safe + whole.len - (max - 3));
	else
		(void)text_add(t, safe);
}

static void write_cause(const struct watcher *w, char *buf, size_t size)
{
	char more[32] = "";
	struct text t;

	text_init(&t, buf, size);
	if (w->n_seen > 1)
		(void)text_format(more, sizeof(more), " (and %zu%s more)", w->n_seen - 1, w->n_seen == COUNT_MAX ? " or" : "");
	if (w->path[0] == 0) {
		(void)text_addf(&t, "watch: files changed%s; the kernel lost which", more);
		return;
	}
	(void)text_add(&t, "watch: ");
	add_path(&t, w, size - sizeof("watch:  changed") - strlen(more));
	(void)text_addf(&t, " changed%s", more);
}

static usec_t quiet_time(const struct watcher *w)
{
	usec_t quiet = w->s->spec->watch_delay ? w->s->spec->watch_delay : WATCHER_QUIET;

	for (unsigned int i = WATCHER_STREAK; i <= w->streak && 2 * quiet <= WATCHER_SLOWEST; i++)
		quiet *= 2;
	return quiet;
}

static void arm(struct watcher *w)
{
	usec_t quiet = quiet_time(w), patience = 2 * quiet > WATCHER_PATIENCE ? 2 * quiet : WATCHER_PATIENCE;
	usec_t at = w->last_at + quiet, latest = w->first_at + patience;

	loop_timer_at(w->quiet, at < latest ? at : latest);
}

/* Counts a path once. */
static void count_path(struct watcher *w, const char *path)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */

	for (const char *p = path; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	for (size_t i = 0; i < w->n_seen; i++)
		if (w->seen[i] == hash)
			return;
	if (w->n_seen < COUNT_MAX)
		w->seen[w->n_seen++] = hash;
}

static void on_change(void *ctx, const char *path)
{
	struct watcher *w = ctx;

	w->last_at = clock_mono();
	if (w->n_seen == 0) {
		w->in_run = false;
		w->first_at = w->last_at;
		(void)text_copy(w->path, sizeof(w->path), path ? path : "");
	}
	w->in_run |= w->s->state == STATE_STARTING || w->s->state == STATE_ONLINE;
	count_path(w, path ? path : "");
	arm(w);
}

static void on_trouble(void *ctx, const char *text)
{
	struct watcher *w = ctx;
	char label[SERVICE_LABEL_MAX];

	log_warning("%s: watch: %s", label_of(w, label, sizeof(label)), text);
}

/* Whether what runs has begun after the last change, or what will run does. A stop at a cap may still end in giving up. */
static bool is_covered(const struct watcher *w)
{
	const struct service *s = w->s;

	if (s->state == STATE_STOPPING || s->state == STATE_EXITED)
		return s->want_up && s->next_cause[0] && !s->capped;
	if (s->state == STATE_STARTING || s->state == STATE_ONLINE)
		return !w->in_run || s->stop_due;
	return s->state == STATE_WAITING;
}

static void note_streak(struct watcher *w)
{
	const struct service *s = w->s;
	char label[SERVICE_LABEL_MAX], path[SERVICE_CAUSE_MAX];
	struct text t = TEXT_INIT(path);

	if (!w->in_run || w->first_at > s->started + WATCHER_SOON) {
		w->streak = 0;
		return;
	}
	if (++w->streak != WATCHER_STREAK)
		return;
	add_path(&t, w, sizeof(path) - 1);
	log_warning("%s: watch: %u times in a row '%s' changed within %u s of a start: if the service writes it itself, name it with "
		    "ignore_watch; from now on each such restart waits longer",
		    label_of(w, label, sizeof(label)), w->streak, path, (unsigned int)(WATCHER_SOON / USEC_SEC));
}

static void on_quiet(void *ctx)
{
	struct watcher *w = ctx;
	struct service *s = w->s;
	char cause[SERVICE_CAUSE_MAX];
	bool covered = is_covered(w);

	if (!covered) {
		note_streak(w);
		write_cause(w, cause, sizeof(cause));
	}
	w->n_seen = 0;
	if (!covered)
		service_restart(s, cause);
}

/* What pm1 itself writes on behalf of the service, for all of its instances: they share their folders. */
static int ignore_logs(struct ignore *ig, const struct spec *spec, const char *log_dir)
{
	const char *const files[] = { spec->out_file, spec->error_file, spec->log_file ? spec->log_file : "" };
	const char *const kinds[] = { "out", "error", "log" };
	char path[LOGWIRE_PATH_MAX];

	for (unsigned int i = 0; i < spec->instances; i++) {
		for (size_t k = 0; k < ARRAY_LEN(files); k++) {
			int r = spec_log_path(spec, i, files[k], kinds[k], log_dir, path, sizeof(path));
			if (r == 0 && (r = ignore_own_file(ig, path)) < 0)
				return r;
		}
	}
	return ignore_own_folder(ig, log_dir);
}

/* What the spec says of watching. */
static int read_spec(const struct spec *spec, const struct outputs_place *place, struct ignore *ignore, struct strv *paths)
{
	int r = ignore_init(ignore, &spec->ignore_watch, spec->cwd);

	if (r == 0)
		r = ignore_logs(ignore, spec, place->log_dir);
	if (r == 0)
		r = spec->watch_paths.n ? strv_copy(paths, &spec->watch_paths) : strv_add(paths, spec->cwd);
	return r;
}

static void stop_watching(struct watcher *w)
{
	watch_free(w->watch);
	w->watch = NULL;
	w->on = false;
}

/* Most changes of a spec are none of this: then nothing is looked through anew. What was seen of the same paths stays seen. */
static void take(struct watcher *w, struct ignore *ignore, struct strv *paths)
{
	bool was_on = w->on, same_paths = strv_equal(paths, &w->paths);

	if (same_paths && ignore_equal(ignore, &w->ignore)) {
		ignore_done(ignore);
		strv_done(paths);
		return;
	}
	if (same_paths)
		stop_watching(w);
	else
		watcher_end(w);
	ignore_done(&w->ignore);
	strv_done(&w->paths);
	w->ignore = *ignore;
	w->paths = *paths;
	if (was_on)
		watcher_begin(w);
}

static int watcher_new(struct service *s, struct watcher **ret)
{
	struct watcher *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->s = s;
	int r = loop_timer_new(s->host->loop, on_quiet, w, &w->quiet);
	if (r < 0) {
		watcher_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void watcher_set(struct service *s, const struct outputs_place *place)
{
	struct ignore ignore = { 0 };
	struct strv paths = { 0 };
	int r = 0;

	if (!s->spec->watch) {
		watcher_free(s->watcher);
		s->watcher = NULL;
		return;
	}
	if (!s->watcher)
		r = watcher_new(s, &s->watcher);
	if (r == 0)
		r = read_spec(s->spec, place, &ignore, &paths);
	if (r == 0) {
		take(s->watcher, &ignore, &paths);
		return;
	}
	char label[SERVICE_LABEL_MAX];
	log_error("%s: watch: %s; its files are not watched", service_label(s, label, sizeof(label)), err_text(r));
	ignore_done(&ignore);
	strv_done(&paths);
	watcher_free(s->watcher);
	s->watcher = NULL;
}

void watcher_free(struct watcher *w)
{
	if (!w)
		return;
	watch_free(w->watch);
	loop_timer_free(&w->quiet);
	ignore_done(&w->ignore);
	strv_done(&w->paths);
	free(w);
}

void watcher_begin(struct watcher *w)
{
	if (!w || w->on)
		return;
	struct watch_config cfg = { .loop = w->s->host->loop, .paths = &w->paths,
				    .ignore = &w->ignore, .ctx = w, .changed = on_change, .trouble = on_trouble };
	int r = watch_new(&cfg, &w->watch);

	w->on = r == 0;
	w->streak = 0;
	if (r < 0) {
		char label[SERVICE_LABEL_MAX];
		log_error("%s: watch: %s; its files are not watched", label_of(w, label, sizeof(label)), err_text(r));
	}
}

void watcher_end(struct watcher *w)
{
	if (!w)
		return;
	stop_watching(w);
	w->n_seen = 0;
	loop_timer_off(w->quiet);
}

bool watcher_is_on(const struct watcher *w)
{
	return w && w->on;
}

usec_t watcher_due(const struct watcher *w)
{
	return w ? loop_timer_due(w->quiet) : USEC_NEVER;
}

size_t watcher_folders(const struct watcher *w)
{
	return w && w->watch ? watch_folders(w->watch) : 0;
}
