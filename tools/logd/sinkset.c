#include "tools/logd/sinkset.h"

#include "base/text.h"

void sinkset_done(struct sinkset *set)
{
	for (size_t i = 0; i < set->n; i++)
		sink_put(set->v[i]);
	set->n = 0;
}

void sinkset_change(struct sinkset *set, struct sinks *all, const char *words)
{
	struct sinkset new = { .n = 0 };
	char word[LOGWIRE_SINK_MAX];

	for (const char *p = words + strspn(words, " "); *p && new.n < SINKSET_MAX; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		(void)text_format(word, sizeof(word), "%.*s", (int)n, p);
		struct sink *s = sink_get(all, word);
		if (s)
			new.v[new.n++] = s;
		p += n;
	}
	sinkset_done(set); /* after the new ones have their references */
	*set = new;
}

void sinkset_add(const struct sinkset *set, uint32_t slot, const struct line *common, const char *piece, size_t n)
{
	if (set->n == 0)
		return;
	while (n > 0) {
		const char *nl = memchr(piece, '\n', n);
		struct line l = *common;
		l.text = piece;
		l.n = nl ? (size_t)(nl - piece) : n;
		l.partial = !nl;
		for (size_t i = 0; i < set->n; i++)
			sink_add(set->v[i], slot, &l);
		size_t step = l.n + (nl != NULL);
		piece += step;
		n -= step;
	}
	for (size_t i = 0; i < set->n; i++)
		sink_flush(set->v[i]);
}
