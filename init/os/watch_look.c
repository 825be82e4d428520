/* watch_look - see watch.h: which folders there are, found out in turns. */
#include "os/watch_impl.h"

#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>

/* Of one turn: entries read, a folder opened counting for many. Some milliseconds at most. */
#define TURN_BUDGET 4096
#define FOLDER_COST 32

enum watch_type watch_type(const char *path, bool *ret_link, nlink_t *ret_links)
{
	struct stat st;

	*ret_link = false;
	if (sys_lstat(path, &st) < 0)
		return WATCH_NOTHING;
	if (ret_links)
		*ret_links = st.st_nlink;
	if (S_ISLNK(st.st_mode)) {
		*ret_link = true;
		if (sys_stat(path, &st) < 0)
			return WATCH_FILE;
	}
	return S_ISDIR(st.st_mode) ? WATCH_FOLDER : S_ISREG(st.st_mode) ? WATCH_FILE : WATCH_OTHER;
}

int watch_join(char buf[PATH_MAX], const char *folder, const char *name)
{
	return text_format(buf, PATH_MAX, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name);
}

void watch_enter(struct watch *w, const char *path, unsigned int root, unsigned int depth, bool news)
{
	if (depth > WATCH_DEPTH_MAX || w->due_n >= WATCHDIRS_MAX) {
		watch_tell(w, TOLD_OWN_LIMIT,
			   "not all is watched: more than %d folders, or %d below each other; name with ignore_watch what may be left out",
			   WATCHDIRS_MAX, WATCH_DEPTH_MAX);
		return;
	}
	if (w->due_first + w->due_n == w->due_cap) {
		/* What was taken from the front makes room first. */
		if (w->due_first > 0)
			memmove(w->due, w->due + w->due_first, w->due_n * sizeof(*w->due));
		w->due_first = 0;
		if (w->due_n == w->due_cap) {
			size_t cap = w->due_cap ? w->due_cap * 2 : 16;
			struct watch_due *due = reallocarray(w->due, cap, sizeof(*due));
			if (!due)
				return;
			w->due = due;
			w->due_cap = cap;
		}
	}
	char *own = strdup(path);
	if (!own)
		return;
	w->due[w->due_first + w->due_n++] = (struct watch_due){ own, root, (unsigned short)depth, news };
	loop_timer_in(w->scanner, 0);
}

static void close_open(struct watch *w)
{
	if (w->open)
		(void)closedir(w->open);
	w->open = NULL;
	free(w->at.path);
	w->at.path = NULL;
}

static void forget_due(struct watch *w)
{
	for (size_t i = 0; i < w->due_n; i++)
		free(w->due[w->due_first + i].path);
	w->due_first = w->due_n = 0;
}

void watch_scan_done(struct watch *w)
{
	close_open(w);
	forget_due(w);
	free(w->due);
	w->due = NULL;
}

static void tell_why_not(struct watch *w, int r, const char *path)
{
	char limit[32];

	if (r == -ENOSPC)
		watch_tell(w, TOLD_LIMIT,
			   "not all is watched, only %zu folders: fs.inotify.max_user_watches is %s, for all programs of this user together; raise it "
			   "(sysctl fs.inotify.max_user_watches=524288) or name with ignore_watch what may be left out",
			   w->dirs.n, watch_limit("max_user_watches", limit, sizeof(limit)));
	else if (r == -E2BIG)
		watch_tell(w, TOLD_OWN_LIMIT, "not all is watched: more than %d folders; name with ignore_watch what may be left out",
			   WATCHDIRS_MAX);
	else if (r != -ENOENT && r != -ENOTDIR)
		watch_tell(w, TOLD_REFUSED, "cannot watch %s: %s", path, err_text(r));
}

/* Takes the next folder. False: there's none. */
static bool next_folder(struct watch *w)
{
	if (w->due_n == 0)
		return false;
	w->at = w->due[w->due_first++];
	w->due_n--;

	struct watchdir like = { .root = w->at.root, .generation = w->generation, .entered = w->generation, .depth = w->at.depth }, *dir;
	int r = watchdirs_add(&w->dirs, w->at.path, &like, WATCH_TREE, &dir);
	/* Read after it is watched: what comes in between is seen twice rather than never. */
	if (r == 1)
		r = sys_opendir(w->at.path, &w->open);
	if (r < 0)
		tell_why_not(w, r, w->at.path);
	if (r == -ENOSPC || r == -E2BIG)
		forget_due(w);
	if (!w->open)
		close_open(w);
	return true;
}

static void take_entry(struct watch *w, const struct dirent *e)
{
	char path[PATH_MAX];
	bool link = false;

	if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || watch_join(path, w->at.path, e->d_name) < 0)
		return;
	enum watch_type type = e->d_type == DT_DIR ? WATCH_FOLDER :
			       e->d_type == DT_REG ? WATCH_FILE :
			       e->d_type == DT_LNK || e->d_type == DT_UNKNOWN ? watch_type(path, &link, NULL) : WATCH_OTHER;
	if (type == WATCH_NOTHING || type == WATCH_OTHER ||
	    ignore_has(w->cfg.ignore, w->roots[w->at.root].path, path, type == WATCH_FOLDER))
		return;
	if (type == WATCH_FOLDER) {
		w->linked |= link;
		watch_enter(w, path, w->at.root, w->at.depth + 1U, w->at.news);
	} else if (w->at.news) {
		w->cfg.changed(w->cfg.ctx, path);
	}
}

/* The whole has been looked at. */
static void finish(struct watch *w)
{
	size_t kept = 0;

	if (!w->looking)
		return;
	w->looking = false;
	for (size_t i = 0; i < w->n_anchors; i++) {
		if (w->anchors[i].generation == w->generation)
			w->anchors[kept++] = w->anchors[i];
		else
			free(w->anchors[i].name);
	}
	w->n_anchors = kept;
	watchdirs_sweep(&w->dirs, w->generation);
	const char *back = w->back;
	bool tell = back || w->telling_lost;
	w->back = NULL;
	w->telling_lost = false;
	/* Only now: a restart before that could miss what comes next. */
	if (tell)
		w->cfg.changed(w->cfg.ctx, back);
}

/* Watches for a name in a folder. What can't be watched (a folder that we may not read) only costs the knowledge of that name. */
static void add_anchor(struct watch *w, unsigned int root, const char *folder, const char *name, bool file)
{
	struct watchdir like = { .generation = w->generation }, *dir;
	int r = watchdirs_add(&w->dirs, folder, &like, file ? WATCH_TREE : WATCH_ANCHOR, &dir);

	if (r < 0) {
		if (r == -ENOSPC || file)
			tell_why_not(w, r, folder);
		return;
	}
	struct watch_anchor *v = reallocarray(w->anchors, w->n_anchors + 1, sizeof(*v));
	char *own = v ? strdup(name) : NULL;
	if (v)
		w->anchors = v;
	if (own)
		w->anchors[w->n_anchors++] =
			(struct watch_anchor){ .wd = dir->wd, .root = root, .generation = w->generation, .file = file, .name = own };
}

/* Each part of a root's path in the folder above it, as far as they are there. */
static void add_anchors(struct watch *w, unsigned int root, bool file)
{
	char folder[PATH_MAX];
	const char *path = w->roots[root].path;

	for (const char *slash = path; slash && slash[1]; slash = strchr(slash + 1, '/')) {
		char name[NAME_MAX + 1];
		size_t n = strcspn(slash + 1, "/");
		bool last = slash[1 + n] == 0;
		if (text_format(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path) < 0 ||
		    text_format(name, sizeof(name), "%.*s", (int)n, slash + 1) < 0)
			return;
		add_anchor(w, root, folder, name, file && last);
	}
}

/* A file that is reached by links: it is changed where it lies. */
static void add_real_file(struct watch *w, unsigned int root)
{
	char real[PATH_MAX];

	if (sys_realpath(w->roots[root].path, real) < 0 || strcmp(real, w->roots[root].path) == 0)
		return;
	char *slash = strrchr(real, '/');
	*slash = 0;
	add_anchor(w, root, slash == real ? "/" : real, slash + 1, true);
}

/* What was due before stays due, and is entered as a part of this look. */
static void begin_look(struct watch *w)
{
	w->look_due = false;
	w->looking = true;
	w->telling_lost = w->lost;
	w->lost = false;
	w->generation++;
	for (unsigned int i = 0; i < w->n_roots; i++) {
		struct watch_root *root = &w->roots[i];
		bool link;
		enum watch_type type = watch_type(root->path, &link, NULL);
		bool there = type == WATCH_FOLDER || type == WATCH_FILE, first = w->generation == 1;

		if (!first && there && (!root->there || root->anew))
			w->back = root->path;
		if (first && !there)
			watch_tell(w, TOLD_MISSING, "%s is not there yet; waiting for it", root->path);
		root->there = there;
		root->anew = false;
		w->linked |= link;
		add_anchors(w, i, type == WATCH_FILE);
		if (type == WATCH_FILE)
			add_real_file(w, i);
		else if (type == WATCH_FOLDER)
			watch_enter(w, root->path, i, 0, false);
	}
}

void watch_look(struct watch *w)
{
	w->look_due = true;
	loop_timer_in(w->scanner, 0);
}

void watch_scan(void *ctx)
{
	struct watch *w = ctx;

	/* A look under way is ended first: begun anew each time, it would never be done where much happens. */
	if (w->look_due && !w->looking)
		begin_look(w);
	for (int budget = TURN_BUDGET; budget > 0; budget--) {
		if (!w->open) {
			if (!next_folder(w)) {
				finish(w);
				if (w->look_due)
					loop_timer_in(w->scanner, 0);
				return;
			}
			budget -= FOLDER_COST;
			continue;
		}
		const struct dirent *e = readdir(w->open);
		if (e)
			take_entry(w, e);
		else
			close_open(w);
	}
	loop_timer_in(w->scanner, 0);
}
