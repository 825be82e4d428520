#include "base/nearest.h"

#include "base/banned.h"

#define NAME_MAX_BYTES 64 /* longer names are nobody's typing error */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits between a and b: insert, delete, replace, and two neighbours swapped (optimal string alignment). */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t rows[3][NAME_MAX_BYTES + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= m; j++)
		last[j] = j;
	for (size_t i = 1; i <= n; i++) {
		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t cost = a[i - 1] != b[j - 1];
			now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		size_t *free_row = before;
		before = last;
		last = now;
		now = free_row;
	}
	return last[m];
}

const char *nearest_of(const char *name, const char *(*next)(void *ctx, size_t i), void *ctx)
{
	size_t n = strlen(name), limit = n <= 4 ? 1 : n <= 8 ? 2 : 3;
	const char *best = NULL, *candidate;

	if (n == 0 || n > NAME_MAX_BYTES)
		return NULL;
	for (size_t i = 0; (candidate = next(ctx, i)); i++) {
		size_t m = strlen(candidate);
		if (m > NAME_MAX_BYTES || (m > n ? m - n : n - m) > limit)
			continue;
		size_t d = distance(name, n, candidate, m);
		if (d <= limit && (!best || d < limit)) {
			best = candidate;
			limit = d;
		}
	}
	return best;
}
