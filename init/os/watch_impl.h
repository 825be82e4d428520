/* watch_impl - what the parts of watch share: watch.c has the events, watch_look.c the looking at folders. */
#ifndef PM1_OS_WATCH_IMPL_H
#define PM1_OS_WATCH_IMPL_H

#include "os/watch.h"
#include "os/watchdirs.h"

#include <dirent.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>

/* A watched path. */
struct watch_root {
	char *path; /* owned; no slash at the end, but for "/" */
	bool there; /* at the last look */
	bool anew; /* a part of the path has come since */
};

/* A name in a folder that means something to a watched path: a part of it, so that we see it go and come, or the file itself. */
struct watch_anchor {
	int wd;
	unsigned int root, generation;
	bool file;
	char *name; /* owned */
};

/* A folder to be looked at. */
struct watch_due {
	char *path; /* owned */
	unsigned int root;
	unsigned short depth;
	bool news; /* the files in it count as changed */
};

enum watch_told { TOLD_LIMIT = 1, TOLD_OWN_LIMIT = 2, TOLD_OVERFLOW = 4, TOLD_MISSING = 8, TOLD_REFUSED = 16 };

struct watch {
	struct watch_config cfg;
	int fd; /* owned */
	struct loop_source *source;
	struct loop_timer *scanner;
	struct watchdirs dirs;
	struct watch_root *roots;
	size_t n_roots;
	struct watch_anchor *anchors;
	size_t n_anchors;
	struct watch_due *due; /* a queue: the folders near the top come first, should there be too many */
	size_t due_first, due_n, due_cap;
	DIR *open; /* owned: the folder `at`, read in turns */
	struct watch_due at;
	unsigned int generation; /* of the look at the whole */
	unsigned int told; /* enum watch_told */
	bool look_due, looking; /* at the whole */
	bool linked; /* some folder was reached by a link */
	bool lost, telling_lost; /* events; and told when this look is done */
	const char *back; /* told then, too: this path is there anew; a root's */
};

#define WATCH_TREE (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
#define WATCH_ANCHOR (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)

enum watch_type { WATCH_NOTHING, WATCH_FILE, WATCH_FOLDER, WATCH_OTHER };

/* What is there, links followed; *ret_link: by way of one. A link that leads nowhere is a file: its text may change. */
enum watch_type watch_type(const char *path, bool *ret_link, nlink_t *ret_links);
int watch_join(char buf[PATH_MAX], const char *folder, const char *name); /* 0, -ENOSPC */
void watch_tell(struct watch *w, enum watch_told what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A number below /proc/sys/fs/inotify, as it stands there; "unknown". */
const char *watch_limit(const char *name, char *buf, size_t size);

void watch_look(struct watch *w); /* at the whole, from the roots on; in a while */
void watch_enter(struct watch *w, const char *path, unsigned int root, unsigned int depth, bool news); /* in a while */
void watch_scan(void *ctx); /* one turn of that */
void watch_scan_done(struct watch *w); /* frees what is still due */

#endif
