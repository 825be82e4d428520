#include "tools/logd/sink_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/text.h"

#include <errno.h>
#include <unistd.h>

/* So long a sink that no service names any more waits for those who read what it has. */
#define LINGER (30 * USEC_SEC)
#define FULL_AGAIN (60 * USEC_SEC) /* that its queue is full is told no more often */
#define FLUSH_AT (32 * 1024) /* bytes of lines after which a big piece is not waited for */

struct sinks *sinks_new(struct loop *loop, struct logslot *slots)
{
	struct sinks *all = calloc(1, sizeof(*all));
	char *buf = malloc(SINK_BUF);

	if (!all || !buf) {
		free(all);
		free(buf);
		return NULL;
	}
	*all = (struct sinks){ .loop = loop, .slots = slots, .buf = buf };
	return all;
}

static void sink_free(struct sink *s)
{
	for (struct sink **p = &s->all->first; *p; p = &(*p)->next) {
		if (*p == s) {
			*p = s->next;
			break;
		}
	}
	if (s->timer) /* not in a half-made one */
		sink_close(s);
	loop_timer_free(&s->timer);
	loop_timer_free(&s->linger);
	sinkqueue_done(&s->queue);
	free(s->word);
	free(s);
}

void sinks_free(struct sinks *all)
{
	if (!all)
		return;
	while (all->first)
		sink_free(all->first);
	free(all->buf);
	free(all);
}

void sinks_forget(struct sinks *all, uint32_t slot)
{
	for (struct sink *s = all->first; s; s = s->next)
		sinkqueue_forget(&s->queue, slot);
}

static void on_linger(void *ctx)
{
	struct sink *s = ctx;

	log_warning("logd: sink %s: no service names it any more; %llu bytes were not sent", s->word,
		    (unsigned long long)s->queue.waiting);
	while (!sinkqueue_is_empty(&s->queue))
		sink_is_done_with(s, false);
	sink_free(s);
}

struct sink *sink_get(struct sinks *all, const char *word)
{
	struct sinkaddr a;
	const char *fault = sinkaddr_parse(word, &a);

	if (fault) { /* PID 1 has checked it: only another version's word comes so far */
		log_error("logd: sink %s: %s; ignoring", word, fault);
		return NULL;
	}
	for (struct sink *s = all->first; s; s = s->next) {
		if (sinkaddr_equal(&s->addr, &a)) {
			s->refs++;
			loop_timer_off(s->linger);
			return s;
		}
	}
	struct sink *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	*s = (struct sink){ .all = all, .word = strdup(word), .addr = a, .refs = 1, .fd = -1 };
	if (!s->word || loop_timer_new(all->loop, sink_on_timer, s, &s->timer) < 0 ||
	    loop_timer_new(all->loop, on_linger, s, &s->linger) < 0) {
		sink_free(s);
		return NULL;
	}
	s->next = all->first;
	all->first = s;
	return s;
}

void sink_reap(struct sink *s)
{
	if (s->refs == 0 && sinkqueue_is_empty(&s->queue))
		sink_free(s);
}

void sink_put(struct sink *s)
{
	if (!s || --s->refs > 0)
		return;
	loop_timer_in(s->linger, LINGER);
	sink_reap(s);
}

/* The counters of a slot: the successor of a killed logd, and PID 1 at any time, read them. */
static void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELEASE);
}

uint64_t sink_recover(struct logslot *slot)
{
	uint64_t lost = logslot_sink_waiting(slot);

	if (lost)
		count(&slot->sink_dropped, lost);
	return lost;
}

void sink_is_done_with(struct sink *s, bool sent)
{
	const struct sinkentry *e = sinkqueue_first(&s->queue);

	if (e->slot != SINK_NO_SLOT) {
		struct logslot *slot = &s->all->slots[e->slot];
		count(sent ? &slot->sink_sent : &slot->sink_dropped, e->counts);
	}
	if (!sent)
		s->missing += e->counts;
	s->text_sent = 0;
	sinkqueue_pop(&s->queue);
}

bool sink_note(struct sink *s)
{
	char note[96];

	if (!s->missing || !sinkqueue_has_room(&s->queue))
		return false;
	(void)text_format(note, sizeof(note), "%llu bytes are missing here: they came faster than they were taken",
			  (unsigned long long)s->missing);
	struct line l = { .service = "pm1",
			  .err = true,
			  .pid = getpid(),
			  .time = clock_wall(),
			  .text = note,
			  .n = strlen(note) };
	if (!sinkqueue_add(&s->queue, SINK_NO_SLOT, &l, s->missing))
		return false;
	s->missing = 0;
	return true;
}

static bool take(struct sink *s, uint32_t slot, const struct line *l, uint64_t counts)
{
	(void)sink_note(s);
	if (s->missing)
		return false; /* behind the note alone the lines go on */
	if (sinkqueue_add(&s->queue, slot, l, counts))
		return true;
	sink_pump(s); /* perhaps somebody has taken something since */
	if (sinkqueue_add(&s->queue, slot, l, counts))
		return true;
	usec_t now = loop_now(s->all->loop);
	if (!s->full_at || now - s->full_at > FULL_AGAIN) { /* else a reader that is a little too slow fills the log */
		s->full_at = now;
		log_warning("logd: sink %s: its queue is full; new lines are dropped and counted", s->word);
	}
	return false;
}

void sink_add(struct sink *s, uint32_t slot, const struct line *l)
{
	struct logslot *counters = &s->all->slots[slot];
	size_t at = 0;

	do {
		struct line part = *l;
		part.text += at;
		part.n = line_cut(part.text, l->n - at, SINK_TEXT_MAX);
		at += part.n;
		part.partial = l->partial || at < l->n;
		uint64_t counts = part.n + !part.partial;
		/* Before it is queued: a successor that finds it taken, and nothing more, counts it as lost. */
		count(&counters->sink_taken, counts);
		if (!take(s, slot, &part, counts)) {
			count(&counters->sink_dropped, counts);
			s->missing += counts;
		}
		s->unflushed += counts;
	} while (at < l->n);
	if (s->unflushed >= FLUSH_AT)
		sink_flush(s);
}

void sink_flush(struct sink *s)
{
	s->unflushed = 0;
	sink_pump(s);
}
