/* Any bytes as a log that somebody looks at (max_len=4096): cut into lines, nothing is lost, the last lines are found where they
 * begin, objects are read, and what is shown on a terminal can't drive it. */
#include "base/own.h"
#include "base/text.h"
#include "model/textfile.h"
#include "tests/fuzz/must.h"
#include "tools/cli/logline.h"
#include "tools/cli/logshow.h"
#include "tools/cli/tail.h"

#include <sys/mman.h>

struct seen {
	char *text; /* owned: all lines so far, a newline behind each */
	size_t n;
};

/* Without the colours, which pass, it is text. */
static void check_tame(const char *line, size_t n)
{
	char *out = NULL;
	size_t out_n = 0;
	const char *what;
	FILE *f = open_memstream(&out, &out_n);

	must(f);
	logshow_tame(f, line, n);
	must(fclose(f) == 0);
	for (char *esc = strchr(out, '\033'); esc; esc = strchr(esc, '\033')) {
		must(esc[1] == '[' && esc[2 + strspn(esc + 2, "0123456789;:")] == 'm');
		*esc = ' ';
	}
	must(strlen(out) == out_n && textfile_check(out, out_n, &what) == out_n && !strpbrk(out, "\r\n"));
	free(out);
}

static void on_line(void *ctx, const char *line, size_t n)
{
	struct seen *seen = ctx;

	must(n <= LINES_MAX && !memchr(line, '\n', n));
	memcpy(seen->text + seen->n, line, n);
	seen->n += n;
	seen->text[seen->n++] = '\n';
	check_tame(line, n);
}

static void check_lines(const char *data, size_t n, size_t piece)
{
	struct seen seen = { .text = malloc(n + 2) };
	struct lines l = { 0 };

	must(seen.text);
	for (size_t at = 0; at < n; at += piece)
		must(lines_feed(&l, data + at, n - at < piece ? n - at : piece, on_line, &seen) == 0);
	lines_end(&l, on_line, &seen);
	must(seen.n == n + (n > 0 && data[n - 1] != '\n'));
	must(memcmp(seen.text, data, n) == 0);
	lines_done(&l);
	free(seen.text);
}

static void check_tail(const char *data, size_t n, size_t lines)
{
	cleanup_fd int fd = memfd_create("log", MFD_CLOEXEC);
	off_t start = -1;
	size_t found = 0, have = 0;

	must(fd >= 0 && write(fd, data, n) == (ssize_t)n);
	must(tail_start(fd, 0, (off_t)n, lines, &start, &have) == 0);
	must(start >= 0 && start <= (off_t)n && (start == 0 || start == (off_t)n || data[start - 1] == '\n'));
	for (size_t at = (size_t)start; at < n; at++)
		found += data[at] == '\n' || at + 1 == n;
	must(found <= lines && (found == lines || start == 0) && have == found);
}

/* As lines of a log that may be objects: text comes out as it is, and nothing is begun for ever. */
static void check_join(const char *data, size_t n)
{
	struct logjoin j = { 0 };
	struct logline l;

	for (size_t at = 0; at < n;) {
		const char *nl = memchr(data + at, '\n', n - at);
		size_t len = nl ? (size_t)(nl - data) - at : n - at;
		int r = logjoin_feed(&j, data + at, len, 42, true, &l);
		must(r >= 0);
		if (r == LOGJOIN_AGAIN) {
			r = logjoin_feed(&j, data + at, len, 42, true, &l);
			must(r == LOGJOIN_LINE || r == LOGJOIN_MORE);
		}
		must(r == LOGJOIN_MORE || l.s);
		must(r == LOGJOIN_MORE || data[at] == '{' || (l.s == data + at && l.n == len && l.wall == 42));
		at += len + 1;
	}
	if (logjoin_end(&j, &l))
		must(l.s);
	must(!logjoin_end(&j, &l));
	logjoin_done(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	check_lines((const char *)data + 2, size - 2, 1 + data[0]);
	check_tail((const char *)data + 2, size - 2, data[1] % 8);
	check_join((const char *)data + 2, size - 2);
	return 0;
}
