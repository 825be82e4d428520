/* watch - see the header. */
#include "os/watch_impl.h"

#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

#define READ_MAX 16384 /* bytes of events taken in one turn */

const char *watch_limit(const char *name, char *buf, size_t size)
{
	char path[96];

	(void)text_format(path, sizeof(path), "/proc/sys/fs/inotify/%s", name);
	ssize_t n = sys_slurp(AT_FDCWD, path, buf, size);
	if (n <= 0)
		(void)text_copy(buf, size, "unknown");
	buf[strcspn(buf, "\n")] = 0;
	return buf;
}

void watch_tell(struct watch *w, enum watch_told what, const char *fmt, ...)
{
	char buf[WATCH_TROUBLE_MAX];
	struct text t = TEXT_INIT(buf);
	va_list ap;

	if (w->told & what)
		return;
	w->told |= what;
	va_start(ap, fmt);
	(void)text_vaddf(&t, fmt, ap);
	va_end(ap);
	w->cfg.trouble(w->cfg.ctx, buf);
}

static bool has_anchor(const struct watch *w, int wd)
{
	for (size_t i = 0; i < w->n_anchors; i++)
		if (w->anchors[i].wd == wd)
			return true;
	return false;
}

/* Lets go of what was below a path that is gone. What it held up of a root has to be looked for anew. */
static void let_go(struct watch *w, const char *path)
{
	size_t n = strlen(path);

	watchdirs_drop(&w->dirs, path);
	for (size_t i = 0; i < w->n_anchors; i++)
		if (!watchdirs_find(&w->dirs, w->anchors[i].wd))
			watch_look(w);
	for (size_t i = 0; i < w->n_roots; i++)
		if (strncmp(w->roots[i].path, path, n) == 0 && (w->roots[i].path[n] == '/' || w->roots[i].path[n] == 0))
			watch_look(w);
}

static void entry_gone(struct watch *w, const char *root, const char *path, uint32_t mask)
{
	bool folder = mask & IN_ISDIR;

	if (ignore_has(w->cfg.ignore, root, path, folder))
		return;
	if (folder || w->linked)
		let_go(w, path);
	/* A folder that is removed was empty; what was in it has been told. */
	if (!folder || mask & IN_MOVED_FROM)
		w->cfg.changed(w->cfg.ctx, path);
}

/* Whether a name that has come is a change in itself. A new file is one once it is written and closed. */
static bool is_change(uint32_t mask, enum watch_type type, bool link, nlink_t links)
{
	if (type == WATCH_FOLDER)
		return link;
	return type == WATCH_FILE && (mask & (IN_MOVED_TO | IN_CLOSE_WRITE) || link || links > 1);
}

static void entry_came(struct watch *w, unsigned int root, unsigned int depth, const char *path, uint32_t mask)
{
	bool link = false;
	nlink_t links = 1;
	enum watch_type type = mask & IN_ISDIR ? WATCH_FOLDER : mask & IN_CLOSE_WRITE ? WATCH_FILE : watch_type(path, &link, &links);

	if (ignore_has(w->cfg.ignore, w->roots[root].path, path, type == WATCH_FOLDER))
		return;
	if (type == WATCH_FOLDER) {
		w->linked |= link;
		watch_enter(w, path, root, depth + 1, true);
	}
	if (is_change(mask, type, link, links))
		w->cfg.changed(w->cfg.ctx, path);
}

static void on_name(struct watch *w, const struct watchdir *dir, uint32_t mask, const char *name)
{
	char path[PATH_MAX];

	if (watch_join(path, dir->path, name) < 0)
		return;
	if (mask & (IN_DELETE | IN_MOVED_FROM))
		entry_gone(w, w->roots[dir->root].path, path, mask);
	else
		entry_came(w, dir->root, dir->depth, path, mask);
}

/* The file itself that is watched, or what stands in its place. */
static void on_file(struct watch *w, struct watch_root *root, uint32_t mask)
{
	bool link = false;
	nlink_t links = 1;
	bool gone = mask & (IN_DELETE | IN_MOVED_FROM);
	enum watch_type type = gone ? WATCH_NOTHING : watch_type(root->path, &link, &links);

	if (type == WATCH_FOLDER || (link && !(mask & IN_CLOSE_WRITE))) {
		root->anew = true;
		watch_look(w);
	} else if (gone || is_change(mask, type, link, links)) {
		w->cfg.changed(w->cfg.ctx, root->path);
	}
}

static void on_anchors(struct watch *w, int wd, uint32_t mask, const char *name)
{
	for (size_t i = 0; i < w->n_anchors; i++) {
		const struct watch_anchor *a = &w->anchors[i];
		if (a->wd != wd || strcmp(a->name, name) != 0)
			continue;
		struct watch_root *root = &w->roots[a->root];
		if (a->file) {
			on_file(w, root, mask);
		} else if (!(mask & IN_CLOSE_WRITE)) {
			root->anew |= mask & (IN_CREATE | IN_MOVED_TO);
			watch_look(w);
		}
	}
}

static void on_self(struct watch *w, const struct watchdir *dir, uint32_t mask)
{
	bool needed = (dir->entered && dir->depth == 0) || has_anchor(w, dir->wd);

	if (mask & IN_IGNORED) {
		watchdirs_forget(&w->dirs, dir->wd);
		if (needed)
			watch_look(w);
	} else if (mask & IN_MOVE_SELF) {
		char path[PATH_MAX];
		(void)text_copy(path, sizeof(path), dir->path);
		/* Had the folder above it been watched, this one were forgotten by now. */
		if (needed)
			watch_look(w);
		else
			let_go(w, path);
	}
}

static void on_overflow(struct watch *w)
{
	char limit[32];

	watch_tell(w, TOLD_OVERFLOW,
		   "changes came faster than they could be read, and some are lost: looking at everything again (fs.inotify.max_queued_events is %s; "
		   "sysctl fs.inotify.max_queued_events=65536 raises it)",
		   watch_limit("max_queued_events", limit, sizeof(limit)));
	w->lost = true;
	watch_look(w);
}

static void take_event(struct watch *w, const struct inotify_event *e)
{
	if (e->mask & IN_Q_OVERFLOW) {
		on_overflow(w);
		return;
	}
	const struct watchdir *dir = watchdirs_find(&w->dirs, e->wd);
	if (!dir)
		return; /* let go of, its last events were under way */
	if (e->mask & (IN_IGNORED | IN_MOVE_SELF)) {
		on_self(w, dir, e->mask);
	} else if (e->len) {
		if (dir->entered)
			on_name(w, dir, e->mask, e->name); /* dir may be gone after that */
		on_anchors(w, e->wd, e->mask, e->name);
	}
}

static void on_events(void *ctx, int fd, uint32_t events)
{
	struct watch *w = ctx;
	char buf[READ_MAX] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = sys_read(fd, buf, sizeof(buf));

	(void)events;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *e = (const struct inotify_event *)(buf + at);
		take_event(w, e);
		at += (ssize_t)(sizeof(*e) + e->len);
	}
}

/* Without what says nothing in it: "//", "/./" and a slash at the end. */
static char *tidy(const char *path)
{
	char *own = malloc(strlen(path) + 2), *to = own;

	if (!own)
		return NULL;
	while (*path) {
		size_t n = strcspn(path, "/");
		if (n && !(n == 1 && path[0] == '.')) {
			*to++ = '/';
			memcpy(to, path, n);
			to += n;
		}
		path += n + (path[n] == '/');
	}
	if (to == own)
		*to++ = '/';
	*to = 0;
	return own;
}

static int begin(struct watch *w)
{
	char limit[32];

	w->roots = calloc(w->cfg.paths->n + 1, sizeof(*w->roots));
	if (!w->roots)
		return -ENOMEM;
	for (; w->n_roots < w->cfg.paths->n; w->n_roots++)
		if (!(w->roots[w->n_roots].path = tidy(w->cfg.paths->v[w->n_roots])))
			return -ENOMEM;
	w->cfg.paths = NULL;
	w->fd = w->dirs.fd = sys_inotify_init();
	if (w->fd >= 0 && sys_fd_is_scarce(w->fd)) {
		close_fd(&w->fd);
		w->fd = -EMFILE;
	}
	if (w->fd < 0) {
		int r = w->fd;
		w->fd = -1;
		if (r == -EMFILE || r == -ENFILE)
			watch_tell(w, TOLD_LIMIT,
				   "cannot watch: fs.inotify.max_user_instances is %s, for all programs of this user together; raise it (sysctl "
				   "fs.inotify.max_user_instances=1024), or the number of descriptors (ulimit -n)",
				   watch_limit("max_user_instances", limit, sizeof(limit)));
		return r;
	}
	int r = loop_timer_new(w->cfg.loop, watch_scan, w, &w->scanner);
	if (r == 0)
		r = loop_add(w->cfg.loop, w->fd, EPOLLIN, LOOP_NORMAL, on_events, w, &w->source);
	if (r == 0)
		watch_look(w);
	return r;
}

int watch_new(const struct watch_config *cfg, struct watch **ret)
{
	struct watch *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->cfg = *cfg;
	w->fd = -1;
	int r = begin(w);
	if (r < 0) {
		watch_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	watch_scan_done(w);
	loop_remove(&w->source);
	loop_timer_free(&w->scanner);
	watchdirs_done(&w->dirs);
	for (size_t i = 0; i < w->n_anchors; i++)
		free(w->anchors[i].name);
	for (size_t i = 0; i < w->n_roots; i++)
		free(w->roots[i].path);
	free(w->anchors);
	free(w->roots);
	close_fd(&w->fd);
	free(w);
}

size_t watch_folders(const struct watch *w)
{
	return w->dirs.n;
}

bool watch_looks(const struct watch *w)
{
	return w->look_due || w->looking;
}
