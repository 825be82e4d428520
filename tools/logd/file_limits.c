/* file_limits - when a log file is rotated, and where its last line ends. */
#include "tools/logd/file_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "tools/logd/rotate.h"

#include <errno.h>

#define ROTATION_RETRY (10 * USEC_SEC)

static uint64_t tighter(uint64_t a, uint64_t b)
{
	return !a ? b : !b ? a : a < b ? a : b;
}

static void tighten(struct logwire_limits *mine, const struct logwire_limits *other)
{
	mine->max_size = tighter(mine->max_size, other->max_size);
	mine->max_age = tighter(mine->max_age, other->max_age);
	mine->max_total = tighter(mine->max_total, other->max_total);
	mine->span = tighter(mine->span, other->span);
	mine->keep = (uint32_t)tighter(mine->keep, other->keep);
	mine->every = (uint32_t)tighter(mine->every, other->every);
	mine->compress |= other->compress;
}

void file_rule(struct file *f, const struct logwire_rules *rules)
{
	if (!f)
		return;
	const struct logwire_rules old = f->rules;
	struct logwire_limits limits = old.limits;
	if (f->refs == 1)
		limits = rules->limits;
	else
		tighten(&limits, &rules->limits);
	f->rules = *rules;
	f->rules.limits = limits;
	bool same = limits.every == old.limits.every && limits.span == old.limits.span && rules->uid == old.uid && rules->gid == old.gid &&
		    rules->mode == old.mode;
	if (!same && !f->memory)
		close_fd(&f->fd); /* opened anew it knows its time, and has its owner and mode */
}

/* One that was left from before goes by when it was last written; by its age, by when it was made. */
void file_note_opened(struct file *f)
{
	const struct logwire_limits *limits = &f->rules.limits;
	struct stat st;
	usec_t from = clock_wall(), birth;

	/* What has become too old, or is more than may be by other rules than before, goes at the beginning already. */
	if (!f->tidied && (limits->max_age || limits->max_total) && rotate_tidy(f->path, limits) < 0)
		log_warning("logd: %s: its old files are not looked at before the next rotation", f->path);
	f->tidied = true;
	if (!limits->every)
		return;
	if (sys_fstat(f->fd, &st) == 0 && st.st_size > 0)
		from = (usec_t)st.st_mtime * USEC_SEC;
	if (limits->every == LOGWIRE_SPAN && sys_birth(f->fd, &birth) == 0 && birth < from)
		from = birth;
	f->next_at = limits->every == LOGWIRE_SPAN ? from + limits->span * USEC_SEC : rotate_next(limits->every, from);
}

bool file_is_due(struct file *f, uint64_t n)
{
	const struct logwire_limits *limits = &f->rules.limits;
	uint64_t end = 0;
	uint64_t max = rotate_size(limits);

	if (f->memory || (!max && !limits->every) || (f->retry_at && clock_mono() < f->retry_at) || file_end(f, &end) < 0)
		return false;
	if (max && end + n > max)
		return true;
	return limits->every && end > 0 && clock_wall() >= f->next_at;
}

bool file_ends_line(const struct file *f, uint64_t end)
{
	char last;

	return end == 0 || sys_pread(f->fd, &last, 1, (off_t)end - 1) != 1 || last == '\n';
}

static void rotate(struct file *f)
{
	int r = rotate_away(f->path, clock_wall());

	f->retry_at = 0;
	if (r < 0) {
		f->retry_at = clock_mono() + ROTATION_RETRY;
		log_error("logd: %s: cannot be rotated: %s; it grows on", f->path, err_text(r));
		return;
	}
	close_fd(&f->fd);
	times_close(&f->times);
	r = rotate_tidy(f->path, &f->rules.limits);
	if (r < 0)
		log_error("logd: %s: cannot start the tidying of its old files: %s", f->path, err_text(r));
}

size_t file_fit(struct file *f, const char *p, size_t n)
{
	uint64_t end = 0;

	if (!f || !file_is_due(f, n) || file_end(f, &end) < 0)
		return n;
	if (end > 0 && file_ends_line(f, end)) {
		rotate(f);
		if (f->retry_at || file_end(f, &end) < 0)
			return n;
	}
	uint64_t max = rotate_size(&f->rules.limits), room = max > end ? max - end : 0;
	if (end == 0 && (!max || n <= room))
		return n;
	const char *nl = memrchr(p, '\n', n < room ? n : (size_t)room);
	if (!nl)
		nl = memchr(p, '\n', n);
	return nl ? (size_t)(nl - p) + 1 : n;
}
