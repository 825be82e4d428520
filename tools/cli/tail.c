/* tail - reads a file backwards by blocks, so that the end of a big log costs no more than that of a small one. */
#include "tools/cli/tail.h"

#include "base/banned.h"
#include "base/sys.h"

#include <errno.h>

#define BLOCK 65536

off_t tail_data(int fd, off_t at, off_t end)
{
	off_t data = sys_lseek(fd, at, SEEK_DATA);

	return data == -ENXIO || data > end ? end : data < at ? at : data;
}

int tail_start(int fd, off_t begin, off_t size, size_t lines, off_t *ret, size_t *ret_have)
{
	char *block = malloc(BLOCK);
	if (!block)
		return -ENOMEM;
	int r = 0;
	size_t wanted = lines;
	off_t start = lines > 0 ? begin : size, end = size;
	while (lines > 0 && end > begin && r == 0) {
		off_t from = end - begin > BLOCK ? end - BLOCK : begin;
		ssize_t n = sys_pread(fd, block, (size_t)(end - from), from);
		if (n <= 0) { /* it has become shorter meanwhile: what is left is short enough to be read whole */
			r = (int)n;
			break;
		}
		for (ssize_t i = n - 1; i >= 0 && lines > 0; i--) {
			/* The newline at the very end closes the last line, it doesn't begin another. */
			if (block[i] != '\n' || from + i + 1 == size)
				continue;
			if (--lines == 0)
				start = from + i + 1;
		}
		end = from;
	}
	free(block);
	if (r == 0) {
		*ret = start;
		/* Each newline found ends the line before it; the first line of the file has none before it. */
		*ret_have = size == begin ? 0 : lines == 0 ? wanted : wanted - lines + 1;
	}
	return r;
}

static int keep(struct lines *l, const char *data, size_t n)
{
	if (l->len + n > l->size) {
		size_t size = l->len + n < LINES_MAX / 2 ? (l->len + n) * 2 : LINES_MAX;
		char *bigger = realloc(l->buf, size);
		if (!bigger)
			return -ENOMEM;
		l->buf = bigger;
		l->size = size;
	}
	if (n > 0)
		memcpy(l->buf + l->len, data, n);
	l->len += n;
	return 0;
}

int lines_feed(struct lines *l, const char *data, size_t n, lines_fn fn, void *ctx)
{
	while (n > 0) {
		const char *newline = memchr(data, '\n', n);
		size_t piece = newline ? (size_t)(newline - data) : n;
		if (l->len == LINES_MAX && piece > 0) /* only now: its newline might have come next */
			lines_end(l, fn, ctx);
		size_t room = LINES_MAX - l->len;
		bool whole = newline && piece <= room;
		if (piece > room)
			piece = room;
		if (whole && l->len == 0) {
			fn(ctx, data, piece);
		} else {
			int r = keep(l, data, piece);
			if (r < 0)
				return r;
			if (whole)
				lines_end(l, fn, ctx);
		}
		data += piece + whole;
		n -= piece + whole;
	}
	return 0;
}

void lines_end(struct lines *l, lines_fn fn, void *ctx)
{
	/* An empty line that was begun can't be: keep() is called for bytes, or for the end of a begun line. */
	if (l->len > 0)
		fn(ctx, l->buf, l->len);
	l->len = 0;
}

void lines_done(struct lines *l)
{
	free(l->buf);
	*l = (struct lines){ 0 };
}
