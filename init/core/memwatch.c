#include "core/memwatch.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/process.h"
#include "os/kin.h"

#include <errno.h>

/* How soon the next sample: a leak of 100 MB/s must not run far past a limit that is near, and a service far from
 * it costs a walk through /proc every other second. The steps are our own choice. */
static usec_t sample_interval(uint64_t used, uint64_t limit)
{
	if (used < limit / 2)
		return 2 * USEC_SEC;
	if (used < limit / 10 * 8)
		return USEC_SEC;
	if (used < limit / 100 * 95)
		return 500 * USEC_MS;
	return 200 * USEC_MS;
}

static bool kernel_does_it(const struct service *s)
{
	return s->cgroup && cgroups_has_memory(s->host->cgroups);
}

static bool has_limit(const struct service *s)
{
	return s->spec->memory_max || s->spec->max_memory_restart;
}

enum memwatch_by memwatch_by(const struct service *s)
{
	if (!has_limit(s))
		return MEMWATCH_NONE;
	if (!kernel_does_it(s) || s->sampler)
		return MEMWATCH_SAMPLING;
	return cgroups_kind(s->host->cgroups) == CGROUP_V2 ? MEMWATCH_V2 : MEMWATCH_V1;
}

const char *memwatch_by_text(enum memwatch_by by)
{
	switch (by) {
	case MEMWATCH_NONE:
		return "none";
	case MEMWATCH_V1:
		return "cgroup v1";
	case MEMWATCH_V2:
		return "cgroup v2";
	case MEMWATCH_SAMPLING:
		return "sampling";
	}
	return "none";
}

static void note_kill(struct service *s, const char *fmt, uint64_t used, uint64_t limit)
{
	char a[32], b[32], label[SERVICE_LABEL_MAX];
	struct text ta = TEXT_INIT(a), tb = TEXT_INIT(b);

	(void)text_add_size(&ta, used);
	(void)text_add_size(&tb, limit);
	if (limit)
		(void)text_format(s->last_kill, sizeof(s->last_kill), "%s (%s used, limit %s)", fmt, a, b);
	else
		(void)text_format(s->last_kill, sizeof(s->last_kill), "%s (%s used)", fmt, a);
	log_warning("%s: %s", service_label(s, label, sizeof(label)), s->last_kill);
}

static void over_restart_limit(struct service *s, uint64_t used)
{
	if (s->state != STATE_ONLINE)
		return;
	s->cap_total++;
	note_kill(s, "restarted at max_memory_restart", used, s->spec->max_memory_restart);
	char cause[SERVICE_CAUSE_MAX];
	(void)text_format(cause, sizeof(cause), "%s", s->last_kill);
	service_restart_capped(s, cause);
}

static void on_sample(void *ctx)
{
	struct service *s = ctx;
	struct memwatch_now now;

	if (s->pid == 0)
		return;
	memwatch_look(s, &now);
	if (s->spec->memory_max && now.memory > s->spec->memory_max) {
		/* The kernel would have killed it here; without a cgroup pm1 does, as soon as it sees it. */
		s->cap_total++;
		s->oomed = true;
		note_kill(s, "killed at memory_max, seen by sampling", now.memory, s->spec->memory_max);
		process_kill_all(s);
		return;
	}
	if (s->spec->max_memory_restart && now.memory > s->spec->max_memory_restart) {
		over_restart_limit(s, now.memory);
		return;
	}
	uint64_t limit = s->spec->memory_max;
	if (!limit || (s->spec->max_memory_restart && s->spec->max_memory_restart < limit))
		limit = s->spec->max_memory_restart;
	loop_timer_in(s->sampler, sample_interval(now.memory, limit));
}

static void look_for_oom(struct service *s);

static uint64_t oom_kills(const struct service *s)
{
	struct cgroup_memory m;
	return s->cgroup && cgroup_memory(s->cgroup, &m) == 0 ? m.oom_kills : 0;
}

int memwatch_prepare(struct service *s, const char **ret_file)
{
	int r = 0;

	s->oomed = false;
	loop_timer_free(&s->sampler);
	if (kernel_does_it(s)) {
		cgroup_oom_alone(s->cgroup, s->spec->oom_policy == OOM_CONTINUE);
		/* Also with no limit: a spec before this one may have set one. */
		r = cgroup_limit_memory(s->cgroup, s->spec->memory_max, s->spec->max_memory_restart, ret_file);
		s->oom_seen = oom_kills(s);
	}
	if (has_limit(s) && (r < 0 || !kernel_does_it(s))) {
		int t = loop_timer_new(s->host->loop, on_sample, s, &s->sampler);
		if (t < 0)
			return t;
	}
	return has_limit(s) ? r : 0;
}

void memwatch_begin(struct service *s)
{
	if (s->sampler)
		loop_timer_in(s->sampler, 200 * USEC_MS);
}

void memwatch_change(struct service *s)
{
	const char *file = NULL;
	char label[SERVICE_LABEL_MAX];

	if (s->pid == 0)
		return; /* its next start does it */
	look_for_oom(s); /* what was before belongs to the caps before */
	int r = memwatch_prepare(s, &file);
	if (r < 0)
		log_warning("%s: its new memory cap cannot be set%s%s: %s; watching its memory through /proc instead",
			    service_label(s, label, sizeof(label)), file ? " in " : "", file ? file : "", err_text(r));
	memwatch_begin(s);
	/* The kernel tells when the limit is passed, not that it has been. */
	if (kernel_does_it(s) && !s->sampler)
		memwatch_news(s);
}

static void look_for_oom(struct service *s)
{
	struct cgroup_memory m;

	if (!s->cgroup || !kernel_does_it(s) || cgroup_memory(s->cgroup, &m) < 0)
		return;
	if (m.peak > s->peak)
		s->peak = m.peak;
	if (m.oom_kills <= s->oom_seen)
		return;
	/* The kernel counts more than processes (FACTS: 3 for 2): only that it rose is told. */
	s->oom_seen = m.oom_kills;
	s->oom_total++;
	s->oomed = true;
	if (s->spec->memory_max)
		note_kill(s, "killed by the kernel's OOM killer at memory_max", m.peak ? m.peak : m.current,
			  s->spec->memory_max);
	else
		note_kill(s, "killed by the kernel's OOM killer: the machine or the container is out of memory",
			  m.peak ? m.peak : m.current, 0);
}

void memwatch_end(struct service *s)
{
	if (s->sampler)
		loop_timer_off(s->sampler);
	if (s->oom_again)
		loop_timer_off(s->oom_again);
	look_for_oom(s);
}

/* True: a kill was found that the service has not ended by; what the policy asks for has been done. */
static bool act_on_oom(struct service *s)
{
	uint64_t before = s->oom_total;

	look_for_oom(s);
	if (s->oom_total == before || (s->state != STATE_ONLINE && s->state != STATE_STARTING))
		return false;
	if (s->spec->oom_policy == OOM_CONTINUE) {
		service_note(s, s->last_kill);
		return false;
	}
	/* cgroup v2 has done it already; v1 kills one process, and half a service is what nobody wants to find. */
	process_kill_all(s);
	return true;
}

/* cgroup v1 tells of an OOM before it kills and counts: a look at the news comes too early, and nothing else follows. */
static void on_oom_again(void *ctx)
{
	struct service *s = ctx;
	uint64_t before = s->oom_total;

	if (s->pid > 0 && !act_on_oom(s) && s->oom_total == before && s->oom_looks < 8)
		loop_timer_in(s->oom_again, (10 * USEC_MS) << s->oom_looks++);
}

static void look_again(struct service *s)
{
	if (cgroups_kind(s->host->cgroups) == CGROUP_V2 || s->pid == 0)
		return;
	if (!s->oom_again && loop_timer_new(s->host->loop, on_oom_again, s, &s->oom_again) < 0)
		return; /* the end of main tells */
	s->oom_looks = 1;
	loop_timer_in(s->oom_again, 10 * USEC_MS);
}

void memwatch_news(struct service *s)
{
	struct cgroup_memory m;
	uint64_t before = s->oom_total;

	if (act_on_oom(s))
		return;
	if (s->oom_total == before)
		look_again(s);
	if (!s->spec->max_memory_restart || s->pid == 0 || cgroup_memory(s->cgroup, &m) < 0)
		return;
	/* The back end only tells of it when the service's own memory, page cache apart, is at the limit. */
	if (m.working >= s->spec->max_memory_restart / 100 * 95)
		over_restart_limit(s, m.working);
}

void memwatch_look(struct service *s, struct memwatch_now *ret)
{
	*ret = (struct memwatch_now){ 0 };
	if (s->pid == 0 && s->state != STATE_EXITED && s->state != STATE_STOPPING)
		return;
	struct cgroup_memory m;
	bool done = false;
	if (kernel_does_it(s) && cgroup_memory(s->cgroup, &m) == 0) {
		ret->memory = m.working;
		if (m.peak > s->peak)
			s->peak = m.peak;
		done = true;
	}
	uint64_t cpu;
	if (s->cgroup && cgroup_cpu(s->cgroup, &cpu) == 0) {
		ret->cpu_usec = cpu;
		if (done)
			return;
	}
	cleanup_free pid_t *pids = calloc(KIN_MAX, sizeof(*pids));
	ssize_t n = pids ? (s->cgroup ? cgroup_pids(s->cgroup, pids, KIN_MAX) : kin_find(s->pid, s->mark, pids, KIN_MAX)) :
			   -ENOMEM;
	struct kin_usage u;
	if (n <= 0 || kin_usage(pids, n < KIN_MAX ? (size_t)n : KIN_MAX, !done, &u) < 0)
		return;
	if (!done) {
		ret->memory = u.memory;
		if (u.memory > s->peak)
			s->peak = u.memory;
	}
	if (!ret->cpu_usec)
		ret->cpu_usec = u.cpu_usec;
}
