#include "tools/logd/sinkqueue.h"

#include "base/banned.h"

#include <stdalign.h>

struct sinkchunk {
	struct sinkchunk *next;
	size_t len;
	alignas(struct sinkentry) char buf[SINK_CHUNK];
};

#define CHUNKS_MAX (SINK_QUEUE_MAX / SINK_CHUNK)

static struct sinkentry *entry_at(struct sinkchunk *c, size_t at)
{
	return c && at < c->len ? (struct sinkentry *)(void *)(c->buf + at) : NULL;
}

static bool add_chunk(struct sinkqueue *q)
{
	if (q->chunks >= CHUNKS_MAX)
		return false;
	struct sinkchunk *c = malloc(sizeof(*c));
	if (!c)
		return false;
	c->next = NULL;
	c->len = 0;
	if (q->last_chunk)
		q->last_chunk->next = c;
	else
		q->first_chunk = c;
	q->last_chunk = c;
	q->chunks++;
	return true;
}

bool sinkqueue_add(struct sinkqueue *q, uint32_t slot, const struct line *l, uint64_t counts)
{
	size_t name = strlen(l->service) + 1, n = l->n < SINK_TEXT_MAX ? l->n : SINK_TEXT_MAX;
	size_t size = (sizeof(struct sinkentry) + name + n + alignof(struct sinkentry) - 1) / alignof(struct sinkentry) *
		      alignof(struct sinkentry);

	if (size > SINK_CHUNK)
		return false;
	if ((!q->last_chunk || q->last_chunk->len + size > SINK_CHUNK) && !add_chunk(q))
		return false;
	struct sinkchunk *c = q->last_chunk;
	struct sinkentry *e = (struct sinkentry *)(void *)(c->buf + c->len);
	*e = (struct sinkentry){ .time = l->time,
				 .slot = slot,
				 .instance = l->instance,
				 .pid = l->pid,
				 .size = (uint32_t)size,
				 .n = (uint32_t)n,
				 .counts = counts,
				 .err = l->err,
				 .partial = l->partial };
	memcpy(e->service, l->service, name);
	if (n)
		memcpy(e->service + name, l->text, n);
	if (!q->next.chunk)
		q->next = (struct sinkplace){ .chunk = c, .at = c->len };
	c->len += size;
	q->waiting += counts;
	return true;
}

bool sinkqueue_is_empty(const struct sinkqueue *q)
{
	return !sinkqueue_first(q);
}

bool sinkqueue_has_room(const struct sinkqueue *q)
{
	return q->chunks <= CHUNKS_MAX / 2;
}

struct sinkentry *sinkqueue_first(const struct sinkqueue *q)
{
	return entry_at(q->first_chunk, q->first_at);
}

/* Where an entry begins: at the end of a chunk that has a successor, that is the successor's begin. */
static struct sinkplace settle(struct sinkplace p)
{
	if (p.chunk && p.at >= p.chunk->len && p.chunk->next)
		return (struct sinkplace){ .chunk = p.chunk->next };
	return p;
}

struct sinkentry *sinkqueue_next(const struct sinkqueue *q)
{
	struct sinkplace p = settle(q->next);
	return entry_at(p.chunk, p.at);
}

void sinkqueue_step(struct sinkqueue *q)
{
	struct sinkentry *e = sinkqueue_next(q);

	q->next = settle(q->next);
	q->next.at += e->size;
}

void sinkqueue_rewind(struct sinkqueue *q)
{
	q->next = (struct sinkplace){ .chunk = q->first_chunk, .at = q->first_at };
}

void sinkqueue_pop(struct sinkqueue *q)
{
	struct sinkentry *e = sinkqueue_first(q);
	struct sinkchunk *c = q->first_chunk;
	bool is_next = e == sinkqueue_next(q);

	if (!e)
		return;
	q->waiting -= e->counts;
	q->first_at += e->size;
	if (q->first_at < c->len) {
		if (is_next)
			sinkqueue_rewind(q);
		return;
	}
	bool had_next = q->next.chunk == c;
	q->first_chunk = c->next;
	q->first_at = 0;
	q->chunks--;
	if (!q->first_chunk)
		q->last_chunk = NULL;
	free(c);
	if (is_next || had_next)
		sinkqueue_rewind(q);
}

void sinkqueue_forget(struct sinkqueue *q, uint32_t slot)
{
	size_t at = q->first_at;

	for (struct sinkchunk *c = q->first_chunk; c; c = c->next, at = 0)
		for (struct sinkentry *e; (e = entry_at(c, at)); at += e->size)
			if (e->slot == slot)
				e->slot = SINK_NO_SLOT;
}

void sinkqueue_done(struct sinkqueue *q)
{
	while (sinkqueue_first(q))
		sinkqueue_pop(q);
}

struct line sinkentry_line(const struct sinkentry *e)
{
	return (struct line){ .service = e->service,
			      .instance = e->instance,
			      .err = e->err,
			      .pid = e->pid,
			      .time = e->time,
			      .text = e->service + strlen(e->service) + 1,
			      .n = e->n,
			      .partial = e->partial };
}
