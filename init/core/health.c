#include "core/health.h"

#include "base/log.h"
#include "base/own.h"
#include "base/text.h"

#include <errno.h>

#define CHECK_SHOWN 40 /* bytes of a check that a cause shows */

struct health_check {
	struct service *service; /* borrowed: the owner */
	enum check_kind kind;
	struct check *check; /* owned, NULL: never ran */
	struct loop_timer *due;
	struct checkup up;
	char last[CHECK_REASON_MAX];
	bool last_good;
	uint64_t since_wall, last_wall;
	uint64_t runs;
};

/* The check that is both is kept as a liveness check. */
static const char *written(const struct service *s, enum check_kind kind)
{
	return kind == CHECK_READINESS && spec_check_is_one(s->spec) ? NULL : spec_check(s->spec, kind);
}

static const char *what_of(const struct service *s, enum check_kind kind)
{
	return spec_check_is_one(s->spec) ? "health" : spec_check_key(kind);
}

enum health health_of(const struct service *s)
{
	enum health worst = HEALTH_GOOD;
	bool any = false;

	if (s->state != STATE_ONLINE)
		return HEALTH_UNKNOWN;
	for (int i = 0; i < CHECK_MAX; i++) {
		if (!written(s, (enum check_kind)i))
			continue;
		enum health h = s->health ? s->health[i].up.health : HEALTH_UNKNOWN;
		any = true;
		if (h == HEALTH_BAD || (h == HEALTH_UNKNOWN && worst == HEALTH_GOOD))
			worst = h;
	}
	return any ? worst : HEALTH_UNKNOWN;
}

bool health_is_good(const struct service *s)
{
	bool has_check = spec_check(s->spec, CHECK_LIVENESS) || spec_check(s->spec, CHECK_READINESS);

	return s->state == STATE_ONLINE && (!has_check || health_of(s) == HEALTH_GOOD);
}

bool health_look(const struct service *s, size_t i, struct health_look *ret)
{
	for (int k = 0; k < CHECK_MAX; k++) {
		const struct health_check *h = s->health ? &s->health[k] : NULL;
		const char *check = written(s, (enum check_kind)k);
		if (!check || i-- > 0)
			continue;
		*ret = (struct health_look){ .what = what_of(s, (enum check_kind)k), .check = check, .last = "" };
		if (h) {
			ret->up = h->up;
			ret->last = h->last;
			ret->last_good = h->last_good;
			ret->since_wall = h->since_wall;
			ret->last_wall = h->last_wall;
			ret->runs = h->runs;
		}
		return true;
	}
	return false;
}

/* "liveness http://127.0.0.1:5000/health: status 503 (3 in a row)" */
static void cause_of(const struct health_check *h, char *buf, size_t size)
{
	const struct service *s = h->service;
	const char *check = written(s, h->kind);
	struct text t;

	text_init(&t, buf, size);
	(void)text_addf(&t, "%s ", what_of(s, h->kind));
	if (check && strlen(check) > CHECK_SHOWN)
		(void)text_addf(&t, "%.*s...", CHECK_SHOWN - 3, check);
	else if (check)
		(void)text_add(&t, check);
	(void)text_addf(&t, ": %s", h->last[0] ? h->last : h->last_good ? "good" : "failed");
	if (h->up.failures > 1)
		(void)text_addf(&t, " (%u in a row)", h->up.failures);
}

static void next(struct health_check *h, bool first)
{
	uint32_t chance = (uint32_t)((clock_mono() + (uint64_t)h->service->id * 7919) * 2654435761u);

	loop_timer_in(h->due, checkup_pause(h->service->spec, &h->up, first, chance));
}

static void on_result(void *ctx, bool good, const char *reason)
{
	struct health_check *h = ctx;
	struct service *s = h->service;
	enum health before = h->up.health;
	char cause[SERVICE_FAILURE_MAX], label[SERVICE_LABEL_MAX];

	h->runs++;
	h->last_good = good;
	h->last_wall = clock_wall();
	(void)text_copy(h->last, sizeof(h->last), reason);
	next(h, false);
	if (!checkup_result(s->spec, &h->up, good, clock_mono() - s->started))
		return;
	cause_of(h, cause, sizeof(cause));
	if (h->up.health != before) {
		h->since_wall = h->last_wall;
		service_label(s, label, sizeof(label));
		if (good)
			log_notice("%s: healthy (%s)", label, cause);
		else
			log_warning("%s: unhealthy (%s)", label, cause);
	}
	if (!good && h->kind == CHECK_LIVENESS) {
		service_fail(s, cause); /* ends all checks, this one too */
		return;
	}
	if (h->up.health == before)
		return;
	char note[SERVICE_FAILURE_MAX];
	const char *told = strcmp(what_of(s, h->kind), "health") == 0 ? strchr(cause, ' ') + 1 : cause; /* not the same word twice */
	(void)text_format(note, sizeof(note), "%s: %s", good ? "healthy" : "unhealthy", told);
	service_note(s, note);
}

static void on_due(void *ctx)
{
	struct health_check *h = ctx;
	struct service *s = h->service;
	const struct strv *argv = &s->spec->check_argv[h->kind];
	struct strv env = { 0 };
	char label[SERVICE_LABEL_MAX];

	if (s->state != STATE_ONLINE || argv->n == 0)
		return;
	bool is_own = strcmp(argv->v[0], "pm1") == 0 && strncmp(written(s, h->kind), "exec:", 5) != 0;
	struct process_job job = { .argv = argv, .env = &env, .exe = is_own ? s->host->exe ? s->host->exe : "/proc/self/exe" : NULL,
				   .key = what_of(s, h->kind) };
	int r = strv_addf(&env, "MAINPID=%d", (int)s->pid);
	if (r == 0)
		r = check_start(h->check, &job, s->spec->health_timeout);
	strv_done(&env);
	if (r == -EBUSY) {
		on_result(h, false, "the check before this one does not die of SIGKILL");
	} else if (r < 0) {
		log_warning("%s: %s: cannot run the check: %s; trying again", service_label(s, label, sizeof(label)), job.key, err_text(r));
		loop_timer_in(h->due, s->spec->health_interval);
	}
}

static int prepare(struct health_check *h)
{
	int r = h->due ? 0 : loop_timer_new(h->service->host->loop, on_due, h, &h->due);

	return r < 0 || h->check ? r : check_new(h->service, on_result, h, &h->check);
}

void health_begin(struct service *s)
{
	char label[SERVICE_LABEL_MAX];
	int r = 0;

	health_end(s);
	for (int i = 0; i < CHECK_MAX; i++) {
		if (!written(s, (enum check_kind)i))
			continue;
		if (!s->health)
			s->health = calloc(CHECK_MAX, sizeof(*s->health));
		struct health_check *h = s->health ? &s->health[i] : NULL;
		if (h) {
			h->service = s;
			h->kind = (enum check_kind)i;
		}
		r = h ? prepare(h) : -ENOMEM;
		if (r == 0)
			next(h, true);
		else
			log_error("%s: cannot check its health: %s", service_label(s, label, sizeof(label)), err_text(r));
	}
}

void health_end(struct service *s)
{
	for (int i = 0; s->health && i < CHECK_MAX; i++) {
		struct health_check *h = &s->health[i];
		if (h->due)
			loop_timer_off(h->due);
		if (h->check)
			check_cancel(h->check);
		h->up = (struct checkup){ 0 };
		h->since_wall = 0;
		h->runs = 0;
		/* The last result stays: it may be what ended the run. */
	}
}

void health_free(struct service *s)
{
	for (int i = 0; s->health && i < CHECK_MAX; i++) {
		loop_timer_free(&s->health[i].due);
		check_free(s->health[i].check);
	}
	free(s->health);
	s->health = NULL;
}
