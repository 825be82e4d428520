/* tidy - what becomes of rotated files: compressed, and the oldest removed.
 *
 * It may be killed at any moment: a compressed file appears under its name only when it is whole, and its original goes after
 * that. What a killed one left is seen to by the next. */
#include "tools/logd/rotate.h"

#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/rotated.h"
#include "base/sys.h"
#include "base/text.h"
#include "tools/logd/times.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK ((size_t)64 * 1024)
#define NICE 19

static bool is_gz(const char *path)
{
	size_t n = strlen(path), gz = strlen(ROTATED_GZ);

	return n > gz && strcmp(path + n - gz, ROTATED_GZ) == 0;
}

/* Copies `in` compressed to `out`. Takes neither. 0 or -errno. */
static int deflate_file(int in, int out)
{
	cleanup_free char *block = malloc(BLOCK);
	int copy = block ? sys_fcntl(out, F_DUPFD_CLOEXEC, 0) : -ENOMEM;
	gzFile gz = copy >= 0 ? gzdopen(copy, "wb") : NULL;
	ssize_t n = 0;
	int r = copy < 0 ? copy : 0;

	if (copy >= 0 && !gz) {
		close_fd(&copy);
		/* cppcheck-suppress memleak ; the cleanup attribute frees it */
		return -ENOMEM;
	}
	while (r == 0 && (n = sys_read(in, block, BLOCK)) > 0)
		if (gzwrite(gz, block, (unsigned int)n) != (int)n)
			r = -EIO;
	if (r == 0 && n < 0)
		r = (int)n;
	if (gz && gzclose(gz) != Z_OK && r == 0)
		r = -EIO;
	return r;
}

/* Only one of them works on a file; -EAGAIN when another does. */
static int open_alone(const char *path)
{
	cleanup_fd int fd = sys_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	int r = fd < 0 ? fd : sys_flock(fd, LOCK_EX | LOCK_NB);

	return r < 0 ? r : take_fd(&fd);
}

static int compress_one(const char *path)
{
	char gz[PATH_MAX], part[PATH_MAX];
	struct stat st;
	int r = text_format(gz, sizeof(gz), "%s" ROTATED_GZ, path);

	if (r == 0)
		r = text_format(part, sizeof(part), "%s.part", gz);
	if (r < 0)
		return r;
	cleanup_fd int in = open_alone(path);
	if (in < 0)
		return in;
	if (sys_lstat(gz, &st) == 0) /* whole, since it has its name: only the last step was missing */
		return sys_unlink(path);
	r = sys_fstat(in, &st);
	if (r < 0)
		return r;
	(void)sys_unlink(part);
	cleanup_fd int out = sys_open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, st.st_mode & 0777);
	if (out < 0)
		return out;
	(void)sys_fchown(out, st.st_uid, st.st_gid);
	r = deflate_file(in, out);
	if (r == 0)
		r = sys_fsync(out);
	if (r == 0)
		r = sys_utimens(out, &st);
	if (r == 0)
		r = sys_rename(part, gz);
	if (r < 0) {
		(void)sys_unlink(part);
		return r;
	}
	return sys_unlink(path);
}

static void complain(const char *path, const char *what, int r)
{
	if (r < 0 && r != -EAGAIN && r != -ENOENT) /* another one is at it, or was */
		log_error("logd: cannot %s %s: %s", what, path, err_text(r));
}

/* Counts a compressed file and its original as one. */
static bool same_log(const char *a, const char *b)
{
	size_t n = strlen(a) - (is_gz(a) ? strlen(ROTATED_GZ) : 0), m = strlen(b) - (is_gz(b) ? strlen(ROTATED_GZ) : 0);

	return n == m && strncmp(a, b, n) == 0;
}

/* What stays of the rotated files. 0: any. */
struct bounds {
	uint64_t keep; /* files */
	uint64_t max_age; /* seconds */
	uint64_t max_total; /* bytes */
};

static void remove_old(const struct strv *all, const struct bounds *b)
{
	usec_t now = clock_wall() / USEC_SEC;
	uint64_t kept = 0, total = 0;

	for (size_t i = all->n; i-- > 0;) {
		struct stat st;
		bool is_there = sys_lstat(all->v[i], &st) == 0;
		bool another = i + 1 == all->n || !same_log(all->v[i], all->v[i + 1]);
		if (another)
			kept++;
		total += is_there ? (uint64_t)st.st_size : 0;
		bool old = b->max_age && is_there && (uint64_t)st.st_mtime + b->max_age < now;
		if (old || (b->keep && kept > b->keep) || (b->max_total && total > b->max_total))
			complain(all->v[i], "remove", sys_unlink(all->v[i]));
	}
}

static void remove_and_list(const char *path, const struct bounds *b, struct strv *all)
{
	int r = rotated_list(path, all);

	if (r < 0)
		complain(path, "list the rotated files of", r);
	remove_old(all, b);
}

int tidy_main(int argc, char **argv)
{
	struct strv all = { 0 };
	struct bounds all_at_once, b = { 0 };

	if (argc != 7 || parse_uint(argv[3], UINT32_MAX, &b.keep) < 0 || parse_uint(argv[4], UINT64_MAX, &b.max_age) < 0 ||
	    parse_uint(argv[6], UINT64_MAX, &b.max_total) < 0)
		return 1;
	all_at_once = b;
	sys_lowest_priority(NICE);
	if (argv[5][0] == '1') /* what is compressed takes less: first that, then its bytes are counted */
		b.max_total = 0;
	remove_and_list(argv[2], &b, &all);
	if (argv[5][0] == '1') {
		for (size_t i = 0; i < all.n; i++)
			if (!is_gz(all.v[i]))
				complain(all.v[i], "compress", compress_one(all.v[i]));
		/* Another may have removed an original meanwhile whose compressed form has only now got its name. */
		strv_done(&all);
		remove_and_list(argv[2], &all_at_once, &all);
	}
	strv_done(&all);
	times_tidy(argv[2]);
	return 0;
}
