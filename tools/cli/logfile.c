#include "tools/cli/logfile.h"

#include "base/banned.h"
#include "base/own.h"
#include "base/sys.h"
#include "tools/cli/older.h"
#include "tools/cli/tail.h"

#include <errno.h>

#define BUFFER 16384 /* at first; it grows with the longest line */

struct logfile {
	gzFile gz; /* owned, or NULL: fd */
	int fd; /* borrowed */
	off_t at, end; /* of what is read next; end: of fd */
	off_t next; /* of what is handed out next */
	char *buf; /* owned */
	size_t size, from, len; /* unread: buf[from, len) */
	size_t scanned; /* of it: no newline there */
	bool torn; /* what comes up to a newline is the rest of a line whose beginning is lost */
	bool eof;
};

static int logfile_new(off_t at, struct logfile **ret)
{
	struct logfile *f = calloc(1, sizeof(*f));
	char *buf = malloc(BUFFER);

	if (!f || !buf) {
		free(f);
		free(buf);
		return -ENOMEM;
	}
	*f = (struct logfile){ .fd = -1, .at = at, .next = at, .buf = buf, .size = BUFFER };
	*ret = f;
	return 0;
}

int logfile_open(const char *path, off_t at, struct logfile **ret)
{
	gzFile gz = NULL;
	int r = older_open(path, &gz);

	if (r == 0)
		r = logfile_new(at, ret);
	if (r < 0) {
		if (gz)
			(void)gzclose(gz);
		return r;
	}
	(*ret)->gz = gz;
	if (at > 0 && gzseek(gz, at, SEEK_SET) != at)
		(*ret)->eof = true; /* it has become shorter */
	return 0;
}

int logfile_from(int fd, off_t at, off_t end, struct logfile **ret)
{
	int r = logfile_new(at, ret);

	if (r < 0)
		return r;
	(*ret)->fd = fd;
	(*ret)->end = end;
	/* Where a ring's memory begins is seldom where a line does. */
	(*ret)->torn = at > 0 && tail_data(fd, 0, end) == at;
	return 0;
}

void logfile_free(struct logfile *f)
{
	if (!f)
		return;
	if (f->gz)
		(void)gzclose(f->gz);
	free(f->buf);
	free(f);
}

/* Room for more behind what is unread. */
static int make_room(struct logfile *f)
{
	if (f->from > 0) {
		memmove(f->buf, f->buf + f->from, f->len - f->from);
		f->len -= f->from;
		f->from = 0;
	}
	if (f->len < f->size)
		return 0;
	size_t size = f->size > 0 ? f->size * 2 : BUFFER;
	char *bigger = realloc(f->buf, size);
	if (!bigger)
		return -ENOMEM;
	f->buf = bigger;
	f->size = size;
	return 0;
}

/* Zeros just read at `zero` may be none of the service's: then they, and the line that was begun, are left out. */
static void skip_hole(struct logfile *f, size_t n, const char *zero)
{
	off_t hole = f->at + (zero - (f->buf + f->len)), data = tail_data(f->fd, hole, f->end);

	if (data <= hole) {
		f->len += n;
		f->at += (off_t)n;
		return;
	}
	f->from = f->len = f->scanned = 0;
	f->at = f->next = data;
	f->torn = true;
}

static int fill(struct logfile *f)
{
	int r = make_room(f);

	if (r < 0)
		return r;
	size_t room = f->size - f->len;
	if (f->gz) {
		int n = gzread(f->gz, f->buf + f->len, (unsigned int)room);
		f->eof = n <= 0; /* what a damaged file still gave has been handed out */
		f->len += n > 0 ? (size_t)n : 0;
		return 0;
	}
	if ((off_t)room > f->end - f->at)
		room = (size_t)(f->end - f->at);
	ssize_t n = room > 0 ? sys_pread(f->fd, f->buf + f->len, room, f->at) : 0;
	if (n < 0)
		return (int)n;
	f->eof = n == 0;
	const char *zero = n > 0 ? memchr(f->buf + f->len, 0, (size_t)n) : NULL;
	if (zero) {
		skip_hole(f, (size_t)n, zero);
	} else {
		f->len += (size_t)n;
		f->at += (off_t)n;
	}
	return 0;
}

int logfile_next(struct logfile *f, const char **ret, size_t *ret_n, off_t *ret_at, bool *ret_ended)
{
	for (;;) {
		size_t have = f->len - f->from;
		const char *line = f->buf + f->from;
		const char *nl = have > f->scanned ? memchr(line + f->scanned, '\n', have - f->scanned) : NULL;
		if (!nl && !f->eof && have <= LINES_MAX) {
			f->scanned = have;
			int r = fill(f);
			if (r < 0)
				return r;
			continue;
		}
		if (have == 0)
			return 0;
		size_t n = nl ? (size_t)(nl - line) : have;
		if (n > LINES_MAX) {
			n = LINES_MAX;
			nl = NULL;
		}
		bool torn = f->torn;
		*ret_ended = nl || n == LINES_MAX;
		*ret = line;
		*ret_n = n;
		*ret_at = f->next;
		f->from += n + (nl ? 1 : 0);
		f->next += (off_t)(n + (nl ? 1 : 0));
		f->scanned = 0;
		f->torn = torn && !nl;
		if (!torn)
			return 1;
	}
}

off_t logfile_tell(const struct logfile *f)
{
	return f->next;
}
