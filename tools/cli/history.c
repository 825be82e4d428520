#include "tools/cli/history.h"

#include "base/banned.h"
#include "base/own.h"
#include "base/rotated.h"
#include "base/sys.h"
#include "base/text.h"
#include "base/times.h"
#include "tools/cli/logfile.h"
#include "tools/cli/older.h"
#include "tools/cli/out.h"

#include <errno.h>

#define SLACK USEC_SEC /* a line's own time and that of the log's times are not taken at once */

struct history {
	char *path; /* owned */
	const struct logpick *pick; /* borrowed */
	struct logjoin *join; /* borrowed */
	bool whole;
	struct strv older; /* rotated files before the one of fd */
	int fd; /* owned; -1: nothing stands at the path */
	struct stat st;
	off_t size; /* of fd, when it was opened */
	off_t end; /* read up to here */
	usec_t seen;
	char *times_path; /* owned: by what name the times of fd are to be found */
	bool *told; /* owned: for each file, that its times are unknown */

	/* Where it is. */
	size_t index; /* of older; older.n: fd */
	off_t from; /* of the file that is opened next */
	struct logfile *file; /* owned, NULL: between two */
	struct times times;
	bool has_times;
	usec_t changed; /* the file's last change */
	size_t skip; /* lines to be left out first */
	bool only; /* this file alone */
	const char *again; /* borrowed from file: to be fed once more */
	size_t again_n;
	off_t again_at;
};

static usec_t changed_at(const struct stat *st)
{
	return (usec_t)st->st_mtim.tv_sec * USEC_SEC + (usec_t)st->st_mtim.tv_nsec / 1000;
}

static int stat_older(const char *path, struct stat *ret)
{
	char gz[4096];
	int r = sys_stat(path, ret);

	if (r == -ENOENT && text_format(gz, sizeof(gz), "%s" ROTATED_GZ, path) == 0)
		r = sys_stat(gz, ret);
	return r;
}

/* The first file that was rotated since we began, or that has got a name as if it had been. */
static size_t first_since(const struct history *h)
{
	char name[4096];
	size_t i = h->older.n;

	if (rotated_name(h->path, h->seen, name, sizeof(name)) == 0)
		while (i > 0 && strncmp(h->older.v[i - 1], name, strlen(name)) >= 0)
			i--;
	return i;
}

/* The file first, then the rotated ones: what is rotated in between is among those, and is left out of them. */
static int find_files(struct history *h)
{
	struct stat now;
	h->seen = clock_wall();
	h->fd = older_open_current(h->path, &h->st);
	if (h->fd < 0 && h->fd != -ENOENT)
		return h->fd;
	if (h->fd >= 0 && !S_ISREG(h->st.st_mode))
		return -EINVAL; /* /dev/null, a pipe: nothing to be read again */
	h->size = h->fd >= 0 ? h->st.st_size : 0;
	/* What can't be listed can't be shown; the file itself can. */
	int r = older_list(h->path, &h->older);
	if (r == -ENOMEM)
		return r;
	struct older_mark mark = { .dev = h->st.st_dev, .ino = h->st.st_ino };
	size_t at = h->fd >= 0 ? older_find(&h->older, &mark) : h->older.n;
	h->times_path = strdup(at < h->older.n ? h->older.v[at] : h->path);
	if (h->fd < 0 && !h->whole) /* in the midst of a rotation: a list that is made meanwhile may have holes at its end */
		at = first_since(h);
	while (h->older.n > at) {
		h->older.n--;
		free(h->older.v[h->older.n]);
		h->older.v[h->older.n] = NULL;
	}
	h->told = calloc(h->older.n + 1, sizeof(*h->told));
	if (!h->times_path || !h->told)
		return -ENOMEM;
	/* Renamed just now, after it was looked for: its times would be looked for at the wrong place. */
	if (at == h->older.n && (sys_stat(h->times_path, &now) < 0 || now.st_ino != h->st.st_ino))
		h->times_path[0] = 0;
	return 0;
}

static void close_file(struct history *h)
{
	if (h->has_times)
		times_done(&h->times);
	h->has_times = false;
	logfile_free(h->file);
	h->file = NULL;
	h->again = NULL;
}

/* Opens the index-th file at h->from, or where what is wanted can begin. -ENOENT: there is nothing in it. */
static int open_file(struct history *h)
{
	bool current = h->index == h->older.n;
	const char *path = current ? h->times_path : h->older.v[h->index];
	struct stat st = h->st;
	off_t at = h->from;
	int r = current ? (h->fd < 0 ? -ENOENT : 0) : stat_older(path, &st);

	h->from = 0;
	if (r < 0)
		return r;
	h->changed = changed_at(&st);
	h->has_times = path[0] && times_open(path, &h->times) == 0;
	if (h->has_times && at == 0 && h->pick->since > SLACK)
		at = (off_t)times_seek(&h->times, h->pick->since - SLACK);
	off_t begin = current ? tail_data(h->fd, 0, h->size) : 0;
	r = current ? logfile_from(h->fd, at > begin ? at : begin, h->size, &h->file) : logfile_open(path, at, &h->file);
	if (r < 0)
		close_file(h);
	return r;
}

/* The time of a byte of the open file: as it is known, or the latest that it can have. */
static usec_t time_at(struct history *h, off_t at, bool *ret_timed)
{
	usec_t wall = h->changed;

	*ret_timed = h->has_times && times_at(&h->times, (uint64_t)at, &wall);
	return wall ? wall : h->changed;
}

static void tell_unknown(struct history *h)
{
	bool current = h->index == h->older.n;

	if (h->told[h->index])
		return;
	h->told[h->index] = true;
	out_error("logs: %s: when its lines came is not known; all of them are taken to be as old as its last change",
		  current ? h->path : h->older.v[h->index]);
}

/* Whether the line is to be handed out. */
static bool takes(struct history *h, const struct logline *l)
{
	if (!l->timed && logpick_by_time(h->pick))
		tell_unknown(h);
	if (!logpick_takes(h->pick, l))
		return false;
	if (h->skip == 0)
		return true;
	h->skip--;
	return false;
}

/* A line of the open file. 1; 0: that was its last. */
static int next_line(struct history *h, const char **ret, size_t *ret_n, off_t *ret_at)
{
	bool current = h->index == h->older.n, ended = false;

	if (h->again) {
		*ret = h->again;
		*ret_n = h->again_n;
		*ret_at = h->again_at;
		h->again = NULL;
		return 1;
	}
	int r = logfile_next(h->file, ret, ret_n, ret_at, &ended);
	bool begun = r > 0 && current && !ended && !h->whole; /* the follower's */
	if (current)
		h->end = begun ? *ret_at : logfile_tell(h->file);
	return begun ? 0 : r;
}

int history_next(struct history *h, struct logline *ret)
{
	const char *line = NULL;
	size_t n = 0;
	off_t at = 0;
	bool timed;

	for (;;) {
		if (h->index > h->older.n) {
			/* Of a line that goes on the follower gets the rest. */
			return h->whole && logjoin_end(h->join, ret) && takes(h, ret) ? 1 : 0;
		}
		int r = h->file ? 0 : open_file(h);
		if (r == -ENOMEM)
			return r;
		if (r == 0)
			r = next_line(h, &line, &n, &at);
		if (r <= 0) { /* one that has gone, or can't be read, is no reason not to show the others */
			close_file(h);
			if (h->only)
				return 0;
			h->index++;
			continue;
		}
		usec_t wall = time_at(h, at, &timed);
		r = logjoin_feed(h->join, line, n, wall, timed, ret);
		if (r < 0)
			return r;
		if (r == LOGJOIN_AGAIN) {
			h->again = line;
			h->again_n = n;
			h->again_at = at;
		}
		if (r != LOGJOIN_MORE && takes(h, ret))
			return 1;
	}
}

static void go_to(struct history *h, size_t index, off_t at)
{
	close_file(h);
	h->index = index;
	h->from = at;
}

/* How many lines are taken of the index-th file from `at` on. */
static int count(struct history *h, size_t index, off_t at, size_t *ret)
{
	struct logjoin own = { .raw = h->join->raw }, *join = h->join;
	struct logline l;
	int r;

	go_to(h, index, at);
	h->join = &own;
	h->only = true;
	for (*ret = 0; (r = history_next(h, &l)) > 0;)
		++*ret;
	h->only = false;
	h->join = join;
	logjoin_done(&own);
	return r;
}

/* The file at the path is looked at from its end, further back each time: of a long one little is read. */
static int count_back(struct history *h, size_t lines, off_t *ret_at, size_t *ret)
{
	off_t begin = tail_data(h->fd, 0, h->size);
	size_t want = lines + 1, have; /* what a line is begun with may be the rest of another */
	int r;

	for (;; want *= 4) {
		*ret_at = begin;
		if (tail_start(h->fd, begin, h->size, want, ret_at, &have) < 0)
			*ret_at = begin;
		r = count(h, h->older.n, *ret_at, ret);
		if (r < 0 || *ret >= lines || *ret_at <= begin || want > SIZE_MAX / 8)
			return r;
	}
}

static bool too_old(const struct history *h, size_t index)
{
	struct stat st;

	return index < h->older.n && h->pick->since > 0 && stat_older(h->older.v[index], &st) == 0 && changed_at(&st) < h->pick->since;
}

/* From the newest back, until there are enough. */
static int go_back(struct history *h, size_t lines)
{
	size_t have = 0, index = h->older.n + 1, n;
	off_t at = 0;
	int r = 0;

	if (lines == 0) {
		h->end = h->size;
		go_to(h, h->older.n + 1, 0);
		return 0;
	}
	while (r == 0 && index > 0 && have < lines && !too_old(h, index - 1)) {
		index--;
		at = 0;
		if (lines == HISTORY_ALL)
			continue;
		if (index == h->older.n)
			r = h->fd < 0 ? (n = 0, 0) : count_back(h, lines, &at, &n);
		else
			r = count(h, index, 0, &n);
		have += r < 0 ? 0 : n;
	}
	go_to(h, index, at);
	h->skip = lines != HISTORY_ALL && have > lines ? have - lines : 0;
	return r;
}

int history_new(const char *path, const struct logpick *pick, struct logjoin *join, size_t lines, bool whole, struct history **ret)
{
	struct history *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	*h = (struct history){ .path = strdup(path), .pick = pick, .join = join, .whole = whole, .fd = -1, .times = { .fd = -1 } };
	int r = h->path ? find_files(h) : -ENOMEM;
	if (r == 0)
		r = go_back(h, lines);
	if (r < 0) {
		history_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

void history_free(struct history *h)
{
	if (!h)
		return;
	close_file(h);
	if (h->fd >= 0)
		close_fd(&h->fd);
	strv_done(&h->older);
	free(h->times_path);
	free(h->told);
	free(h->path);
	free(h);
}

struct follow_place history_end(struct history *h)
{
	return (struct follow_place){ .fd = h->fd >= 0 ? take_fd(&h->fd) : -1, .at = h->end, .seen = h->seen,
				      .after = h->older.n > 0 ? h->older.v[h->older.n - 1] : "" };
}
