#include "tools/cli/merge.h"

#include "base/banned.h"
#include "base/own.h"

#include <errno.h>

/* A heap of the logs that have a line, by its time; pointers into one array, so that their order is that of the logs. */
static bool before(const struct merge_in *a, const struct merge_in *b)
{
	return a->line.wall != b->line.wall ? a->line.wall < b->line.wall : a < b;
}

static void sink(struct merge_in **heap, size_t n, size_t i)
{
	for (;;) {
		size_t least = i;
		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
			if (before(heap[child], heap[least]))
				least = child;
		if (least == i)
			return;
		struct merge_in *m = heap[i];
		heap[i] = heap[least];
		heap[least] = m;
		i = least;
	}
}

int merge_run(struct merge_in *v, size_t n, merge_fn fn)
{
	cleanup_free struct merge_in **heap = calloc(n + 1, sizeof(*heap));
	size_t left = 0;
	int r = 0;

	if (!heap)
		return -ENOMEM;
	for (size_t i = 0; i < n && r >= 0; i++) {
		r = history_next(v[i].history, &v[i].line);
		if (r > 0)
			heap[left++] = &v[i];
	}
	for (size_t i = left / 2; i-- > 0;)
		sink(heap, left, i);
	while (r >= 0 && left > 0) {
		struct merge_in *m = heap[0];
		fn(m->ctx, &m->line);
		r = history_next(m->history, &m->line);
		if (r == 0)
			heap[0] = heap[--left];
		sink(heap, left, 0);
	}
	return r < 0 ? r : 0;
}
