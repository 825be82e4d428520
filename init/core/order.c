#include "core/order.h"

#include "base/text.h"
#include "core/activation.h"
#include "core/health.h"
#include "model/graph.h"

static bool has_word(const struct spec *spec, enum relation r, const char *name, enum level *ret)
{
	const struct strv *words = graph_words(spec, r);
	char other[GRAPH_WORD_MAX];

	for (size_t i = 0; i < words->n; i++)
		if (graph_part(words->v[i], other, ret) == 0 && strcmp(other, name) == 0)
			return true;
	return false;
}

static bool names(const struct spec *spec, enum relation r, const char *name)
{
	enum level level;

	return has_word(spec, r, name, &level);
}

bool order_has_any(const struct spec *spec)
{
	for (int r = 0; r < RELATION_MAX; r++)
		if (graph_words(spec, (enum relation)r)->n)
			return true;
	return false;
}

static bool is_other(const struct service *s, const struct service *x)
{
	return x != s && !x->doomed && !x->heir_of && strcmp(x->spec->name, s->spec->name) != 0;
}

static bool has_completed(const struct service *x)
{
	return x->state == STATE_COMPLETED ||
	       (x->state == STATE_STOPPED && x->has_exit && !x->cut_short && x->last.exited && x->last.code == 0);
}

static bool is_there(const struct service *x, enum level level)
{
	if (activation_is_armed(x) && level != LEVEL_COMPLETED && level != LEVEL_HEALTHY)
		return true; /* who connects to it finds it */
	if (level == LEVEL_DEFAULT)
		level = x->spec->type == TYPE_ONESHOT ? LEVEL_COMPLETED : LEVEL_READY;
	switch (level) {
	case LEVEL_STARTED:
		return x->state == STATE_ONLINE || x->state == STATE_COMPLETED || (x->state == STATE_STARTING && x->main_ran);
	case LEVEL_COMPLETED:
		return has_completed(x);
	case LEVEL_HEALTHY:
		return x->state == STATE_ONLINE && health_is_good(x);
	case LEVEL_DEFAULT:
	case LEVEL_READY:
	case LEVEL_MAX:
		break;
	}
	return x->state == STATE_ONLINE || x->state == STATE_COMPLETED;
}

/* Something will become of it without anybody's doing. */
static bool goes_on(const struct service *x)
{
	if (x->start_due)
		return true;
	switch (x->state) {
	case STATE_STARTING:
	case STATE_BACKOFF:
	case STATE_EXITED:
	case STATE_ONLINE: /* it may become healthy, or end */
		return true;
	case STATE_WAITING:
		return !x->stuck;
	case STATE_STOPPING:
		return x->want_up;
	case STATE_ERRORED:
		return service_retry_due(x) != USEC_NEVER;
	case STATE_STOPPED:
	case STATE_COMPLETED:
	case STATE_MAX:
		break;
	}
	return false;
}

/* On its way up for the first time: worth waiting for, even for one that could do without. A oneshot is waited for to its end. */
static bool is_coming(const struct service *x)
{
	return x->start_due || x->state == STATE_STARTING || (x->state == STATE_WAITING && !x->stuck && !activation_is_armed(x)) ||
	       ((x->state == STATE_ONLINE || x->state == STATE_EXITED) && x->spec->type == TYPE_ONESHOT) || (x->state == STATE_STOPPING && x->want_up);
}

static bool is_down(const struct service *x)
{
	return service_at_rest(x) || x->state == STATE_WAITING || x->state == STATE_BACKOFF;
}

static void say(struct service *s, const struct service *x, enum level level, bool stuck)
{
	char label[SERVICE_LABEL_MAX];
	const char *wanted = level_name(level);
	struct text t = TEXT_INIT(s->waits_for);

	(void)text_addf(&t, "%s%s%s (%s", service_label(x, label, sizeof(label)), *wanted ? ":" : "", wanted, state_name(x->state));
	if (x->state == STATE_BACKOFF || x->state == STATE_STARTING) {
		unsigned int n = x->track.unstable + (x->state == STATE_STARTING);
		const char *th = n % 100 / 10 == 1 ? "th" : n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
		if (n > 1)
			(void)text_addf(&t, ", %u%s try", n, th);
	}
	(void)text_add(&t, ")");
	s->stuck = stuck;
}

/* One of its requirements, with all its instances. True: it is there. */
static bool requirement_is_there(const struct roster *all, struct service *s, const char *word)
{
	char name[GRAPH_WORD_MAX];
	enum level level;
	bool any = false;

	if (graph_part(word, name, &level) < 0)
		return true; /* checked when the file was loaded */
	for (size_t i = 0; i < all->n; i++) {
		const struct service *x = all->v[i];
		if (x->doomed || x->heir_of || strcmp(x->spec->name, name) != 0)
			continue;
		any = true;
		if (is_there(x, level))
			continue;
		say(s, x, level, !goes_on(x));
		return false;
	}
	if (!any) {
		(void)text_format(s->waits_for, sizeof(s->waits_for), "%s (deleted)", name);
		s->stuck = true;
	}
	return any;
}

bool order_may_start(const struct roster *all, struct service *s)
{
	const struct spec *spec = s->spec;

	for (size_t i = 0; i < spec->requires.n; i++)
		if (!requirement_is_there(all, s, spec->requires.v[i]))
			return false;
	for (size_t i = 0; i < all->n; i++) {
		const struct service *x = all->v[i];
		if (!is_other(s, x))
			continue;
		bool later = names(spec, RELATION_WANTS, x->spec->name) || names(spec, RELATION_AFTER, x->spec->name) ||
			     names(x->spec, RELATION_BEFORE, spec->name);
		bool conflict = names(spec, RELATION_CONFLICTS, x->spec->name) || names(x->spec, RELATION_CONFLICTS, spec->name);
		if ((later && is_coming(x)) || (conflict && !is_down(x))) {
			say(s, x, LEVEL_DEFAULT, false);
			return false;
		}
	}
	return true;
}

struct service *order_next_needed(const struct roster *all, const struct service *s, size_t *at)
{
	while (*at < all->n) {
		struct service *x = all->v[(*at)++];
		if (!is_other(s, x) || x->want_up || x->state == STATE_COMPLETED)
			continue;
		if (names(s->spec, RELATION_REQUIRES, x->spec->name) || names(s->spec, RELATION_WANTS, x->spec->name))
			return x;
	}
	return NULL;
}

struct service *order_next_conflict(const struct roster *all, const struct service *s, size_t *at)
{
	while (*at < all->n) {
		struct service *x = all->v[(*at)++];
		if (is_other(s, x) && !service_at_rest(x) && x->want_up &&
		    (names(s->spec, RELATION_CONFLICTS, x->spec->name) || names(x->spec, RELATION_CONFLICTS, s->spec->name)))
			return x;
	}
	return NULL;
}

bool order_is_needed(const struct roster *all, const struct service *s)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct service *x = all->v[i];
		if (x == s || is_down(x) || strcmp(x->spec->name, s->spec->name) == 0)
			continue;
		if (names(x->spec, RELATION_REQUIRES, s->spec->name) || names(x->spec, RELATION_WANTS, s->spec->name) ||
		    names(x->spec, RELATION_AFTER, s->spec->name) || names(s->spec, RELATION_BEFORE, x->spec->name))
			return true;
	}
	return false;
}
