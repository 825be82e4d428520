/* manager_roll - reloads that replace one process by another while both run.
 *
 * For each instance that is to be replaced an heir is made, a service of its own in the same place that nobody but us knows of yet. Is it
 * ready, it takes over the other's number and history, new connections go to it, and the other is drained, stopped and forgotten.
 * Isn't it, it goes, the old one stays, and the reload of that service has failed. reload_batch of a service are under way at a time. */
#include "core/manager_impl.h"

#include "base/log.h"
#include "base/text.h"
#include "core/drain.h"
#include "core/health.h"
#include "core/readiness.h"
#include "core/schedule.h"
#include "core/sockets.h"
#include "core/watcher.h"

#include <errno.h>

void manager_look_at_rolls(struct manager *m)
{
	loop_timer_in(m->roller, 0);
}

/* A daemon that leaves its parent, and what runs to its end, can't stand beside itself. */
static bool can_roll(const struct service *s, bool rolling)
{
	return s->state == STATE_ONLINE && !s->doomed && (rolling || spec_is_cluster(s->spec)) &&
	       (s->spec->type == TYPE_SIMPLE || s->spec->type == TYPE_NOTIFY) && sockets_can_overlap(s);
}

void manager_reload_service(struct manager *m, struct service *s, bool rolling, const char *cause)
{
	bool by_hook = s->spec->hook_argv[HOOK_RELOAD].n > 0 && s->state == STATE_ONLINE && !rolling;

	if (by_hook || !can_roll(s, rolling)) {
		service_reload(s, cause);
		return;
	}
	if (s->heir)
		return; /* it is under way */
	s->roll_due = true;
	s->roll_serial = rolling;
	if (text_copy(s->roll_cause, sizeof(s->roll_cause), cause) < 0)
		(void)text_format(s->roll_cause, sizeof(s->roll_cause), "%.*s...", SERVICE_CAUSE_MAX - 4, cause);
	m->has_rolls = true;
	manager_look_at_rolls(m);
}

static bool same_name(const struct service *a, const struct service *b)
{
	return strcmp(a->spec->name, b->spec->name) == 0;
}

static void fail(struct manager *m, struct service *old, const char *why)
{
	char note[SERVICE_CAUSE_MAX], label[SERVICE_LABEL_MAX];

	old->roll_due = false;
	old->heir = NULL;
	old->reloads++;
	if (text_copy(old->reload_failure, sizeof(old->reload_failure), why) < 0)
		(void)text_format(old->reload_failure, sizeof(old->reload_failure), "%.*s...", SERVICE_FAILURE_MAX - 4, why);
	log_error("%s: reload failed: %s; the old process stays", service_label(old, label, sizeof(label)), why);
	if (text_format(note, sizeof(note), "reload failed: %s", why) < 0)
		(void)text_format(note, sizeof(note), "reload failed: %.*s...", SERVICE_CAUSE_MAX - 24, why);
	service_note(old, note);
	/* One that doesn't come up says enough: the others of its name keep what they have. */
	for (size_t i = 0; i < m->roster.n; i++) {
		struct service *x = m->roster.v[i];
		if (x == old || !x->roll_due || x->heir || !same_name(x, old))
			continue;
		x->roll_due = false;
		x->reloads++;
		(void)text_format(x->reload_failure, sizeof(x->reload_failure), "not replaced, since %s was not", label);
	}
}

static void dismiss(struct manager *m, struct service *heir)
{
	heir->heir_of = NULL;
	manager_delete(m, heir, "the reload failed");
}

static void begin(struct manager *m, struct service *old)
{
	char cause[SERVICE_CAUSE_MAX];
	struct service *heir = NULL;

	int r = service_new(&m->cfg.host, old->spec, old->instance, roster_heir_id(&m->roster), &m->cfg.place, &heir);
	if (r == 0 && (r = roster_add(&m->roster, heir)) < 0)
		service_free(heir);
	if (r < 0) {
		fail(m, old, err_text(r));
		return;
	}
	heir->top_file = old->top_file;
	heir->heir_of = old;
	old->heir = heir;
	old->roll_due = false;
	sockets_set(heir, old);
	r = readiness_inherit(heir, old);
	if (r < 0)
		log_warning("%s: not all descriptors that it has stored can be copied: %s; the new process goes without the rest",
			    old->spec->name, err_text(r));
	if (text_format(cause, sizeof(cause), "%s, beside process %d", old->roll_cause, (int)old->pid) < 0)
		(void)text_copy(cause, sizeof(cause), "reload");
	service_start(heir, cause);
}

/* The newer lines of both histories, in their order. */
static void join_histories(struct service *heir, const struct service *old)
{
	struct service_event own[SERVICE_HISTORY];
	unsigned int n = heir->history_n < SERVICE_HISTORY ? heir->history_n : SERVICE_HISTORY, first = heir->history_n - n;

	for (unsigned int i = 0; i < n; i++)
		own[i] = heir->history[(first + i) % SERVICE_HISTORY];
	memcpy(heir->history, old->history, sizeof(heir->history));
	heir->history_n = old->history_n;
	for (unsigned int i = 0; i < n; i++)
		heir->history[heir->history_n++ % SERVICE_HISTORY] = own[i];
}

static void inherit(struct manager *m, struct service *heir, struct service *old)
{
	int id = heir->id;

	heir->id = old->id;
	old->id = id;
	roster_swap(&m->roster, heir, old);
	join_histories(heir, old);
	heir->restarts = old->restarts + 1;
	heir->runs += old->runs;
	heir->reloads = old->reloads;
	heir->created_wall = old->created_wall;
	heir->oom_total += old->oom_total;
	heir->cap_total = old->cap_total;
	heir->cut_total = old->cut_total;
	heir->reload_failure[0] = 0;
	memcpy(heir->last_kill, old->last_kill, sizeof(heir->last_kill));
}

static void on_drained(void *ctx, struct service *old, const struct drain_end *end)
{
	struct manager *m = ctx;
	struct service *heir = old->replaced ? roster_by_id(&m->roster, old->heir_id) : NULL;
	char cause[SERVICE_CAUSE_MAX];
	struct text t = TEXT_INIT(cause);

	(void)text_addf(&t, "process %d %s", (int)old->pid, old->replaced ? "was replaced" : "is one too many");
	if (end->waited) {
		(void)text_addf(&t, end->cut ? "; after drain_timeout " : ", drained in ");
		(void)text_add_span(&t, end->took);
		if (end->cut)
			(void)text_addf(&t, " %zu connection%s cut", end->cut, end->cut == 1 ? " was" : "s were");
	}
	if (heir) {
		heir->cut_total += end->cut;
		service_note(heir, cause);
	}
	manager_stop(m, old, cause);
	if (service_at_rest(old))
		manager_begin_sweep(m);
}

void manager_retire(struct manager *m, struct service *s)
{
	s->doomed = true;
	watcher_end(s->watcher);
	schedule_end(s);
	health_end(s);
	sockets_down(s);
	drain_begin(s, on_drained, m);
}

static void promote(struct manager *m, struct service *heir)
{
	struct service *old = heir->heir_of;

	old->heir = heir->heir_of = NULL;
	inherit(m, heir, old);
	old->heir_id = heir->id;
	old->replaced = true;
	heir->leaving = old->leaving + 1;
	old->leaving = 0;
	watcher_begin(heir->watcher);
	schedule_begin(heir);
	/* From here on new connections are the heir's. */
	sockets_up(heir);
	manager_retire(m, old);
	m->cfg.changed(m->cfg.ctx);
}

/* How long one is still watched that says nothing of itself: it runs, and perhaps it is about to fail. 0: long enough. */
static usec_t trial_left(const struct service *heir)
{
	usec_t ran = clock_mono() - heir->started;

	if (readiness_wanted(heir) || ran >= heir->spec->min_uptime)
		return 0;
	return heir->spec->min_uptime - ran;
}

static void look_at_trial(struct manager *m, struct service *heir)
{
	struct service *old = heir->heir_of;
	const char *why = NULL;
	char words[SERVICE_FAILURE_MAX];

	if (m->down_begun || old->doomed || !old->want_up || old->stop_due) /* due: once those that need it are down */
		why = "the service was stopped meanwhile";
	else if (old->spec != heir->spec)
		why = "its configuration changed meanwhile";
	else if (heir->state == STATE_ONLINE) {
		if (trial_left(heir) == 0)
			promote(m, heir);
		return;
	} else if (heir->state == STATE_WAITING) {
		(void)text_format(words, sizeof(words), "the new process waits for %s", heir->waits_for);
		why = words;
	} else if (service_at_rest(heir)) {
		const char *how = heir->failure[0] ? heir->failure : service_last_cause(heir);
		(void)text_format(words, sizeof(words), "the new process did not get ready: %.*s", SERVICE_FAILURE_MAX - 48, how);
		why = words;
	}
	if (!why)
		return;
	fail(m, old, why);
	dismiss(m, heir);
}

/* Whoever stops the service means its old process too. */
static void look_at_drain(struct manager *m, struct service *old)
{
	const struct service *heir = roster_by_id(&m->roster, old->heir_id);

	if (old->state != STATE_ONLINE || !old->replaced || (heir && heir->want_up && !heir->doomed))
		return;
	drain_free(old->drain);
	old->drain = NULL;
	manager_stop(m, old, "the service was stopped");
}

size_t manager_old_processes(const struct manager *m, int id)
{
	size_t n = 0;

	for (size_t i = 0; i < m->roster.n; i++)
		n += m->roster.v[i]->replaced && m->roster.v[i]->heir_id == id;
	return n;
}

static size_t under_way(const struct manager *m, const struct service *s, bool others)
{
	size_t n = 0;

	for (size_t i = 0; i < m->roster.n; i++) {
		const struct service *x = m->roster.v[i];
		if ((x->heir_of || x->replaced) && same_name(x, s) != others)
			n++;
	}
	return n;
}

void manager_on_rolls(void *ctx)
{
	struct manager *m = ctx;
	usec_t next = USEC_NEVER;
	bool more = false;

	/* By place, since a step adds at the end alone. */
	for (size_t i = 0; i < m->roster.n; i++) {
		if (m->roster.v[i]->heir_of)
			look_at_trial(m, m->roster.v[i]);
		if (m->roster.v[i]->drain)
			look_at_drain(m, m->roster.v[i]);
	}
	for (size_t i = 0; i < m->roster.n; i++) {
		struct service *s = m->roster.v[i];
		if (!s->roll_due)
			continue;
		more = true;
		if (s->doomed)
			s->roll_due = false;
		else if (m->down_begun || !s->want_up || s->stop_due)
			fail(m, s, "the service was stopped meanwhile");
		else if (!s->leaving && under_way(m, s, false) < (s->roll_serial ? 1 : s->spec->reload_batch) && !(s->roll_serial && under_way(m, s, true)))
			begin(m, s);
	}
	for (size_t i = 0; i < m->roster.n; i++) {
		const struct service *x = m->roster.v[i];
		more |= x->heir_of || x->replaced;
		if (x->heir_of && x->state == STATE_ONLINE && trial_left(x) < next)
			next = trial_left(x);
	}
	m->has_rolls = more;
	/* What has changed meanwhile is looked at at once, and after that this again. */
	if (next != USEC_NEVER && loop_timer_due(m->roller) == USEC_NEVER)
		loop_timer_in(m->roller, next);
}

/* Right before it is freed. */
void manager_roll_forget(struct manager *m, struct service *s)
{
	struct service *heir = s->replaced ? roster_by_id(&m->roster, s->heir_id) : NULL;

	if (heir) {
		heir->reloads++;
		heir->leaving -= heir->leaving > 0; /* its number may be another's by now */
		heir->reload_failure[0] = 0;
	}
	for (size_t i = 0; i < m->roster.n; i++) {
		struct service *x = m->roster.v[i];
		if (x->heir == s)
			x->heir = NULL;
		if (x->heir_of == s)
			dismiss(m, x);
	}
	if (m->has_rolls)
		manager_look_at_rolls(m);
}
