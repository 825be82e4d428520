#include "core/reaper.h"

#include "base/banned.h"
#include "base/log.h"
#include "base/sys.h"

#include <errno.h>

struct watch {
	pid_t pid;
	reaper_fn fn;
	void *ctx;
};

struct reaper {
	struct watch *v; /* sorted by pid */
	size_t n, cap;
	pid_t *known; /* the pids of v, made when asked for */
	reaper_orphan_fn orphan_fn;
	void *ctx;
	uint64_t orphans;
	bool draining;
};

int reaper_new(reaper_orphan_fn fn, void *ctx, struct reaper **ret)
{
	struct reaper *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->orphan_fn = fn;
	r->ctx = ctx;
	*ret = r;
	return 0;
}

void reaper_free(struct reaper *r)
{
	if (!r)
		return;
	free(r->v);
	free(r->known);
	free(r);
}

/* The place of pid, or where it would be. */
static size_t find(const struct reaper *r, pid_t pid)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (r->v[mid].pid < pid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int reaper_watch(struct reaper *r, pid_t pid, reaper_fn fn, void *ctx)
{
	size_t i = find(r, pid);

	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 16;
		struct watch *v = reallocarray(r->v, cap, sizeof(*v));
		if (!v)
			return -ENOMEM;
		r->v = v;
		pid_t *known = reallocarray(r->known, cap, sizeof(*known));
		if (!known)
			return -ENOMEM;
		r->known = known;
		r->cap = cap;
	}
	memmove(&r->v[i + 1], &r->v[i], (r->n - i) * sizeof(*r->v));
	r->v[i] = (struct watch){ .pid = pid, .fn = fn, .ctx = ctx };
	r->n++;
	return 0;
}

void reaper_forget(struct reaper *r, pid_t pid)
{
	size_t i = find(r, pid);

	if (i == r->n || r->v[i].pid != pid)
		return;
	memmove(&r->v[i], &r->v[i + 1], (r->n - i - 1) * sizeof(*r->v));
	r->n--;
}

void reaper_drain(struct reaper *r)
{
	siginfo_t info;
	size_t orphans = 0;
	int e;

	if (r->draining)
		return; /* a callback asks again; the loop below goes on anyway */
	r->draining = true;
	while ((e = sys_waitid(P_ALL, 0, &info, 0)) == 1) {
		size_t i = find(r, info.si_pid);
		if (i == r->n || r->v[i].pid != info.si_pid) {
			orphans++;
			continue;
		}
		struct watch w = r->v[i];
		struct reaped reaped = { .pid = info.si_pid,
					 .exited = info.si_code == CLD_EXITED,
					 .code = info.si_status,
					 .core = info.si_code == CLD_DUMPED };
		reaper_forget(r, info.si_pid);
		w.fn(w.ctx, &reaped);
	}
	r->draining = false;
	if (e < 0 && e != -ECHILD)
		log_error("waitid: %s; trying again at the next event", err_text(e));
	r->orphans += orphans;
	if (orphans && r->orphan_fn)
		r->orphan_fn(r->ctx, orphans);
}

uint64_t reaper_orphans(const struct reaper *r)
{
	return r->orphans;
}

const pid_t *reaper_known(struct reaper *r, size_t *ret_n)
{
	for (size_t i = 0; i < r->n; i++)
		r->known[i] = r->v[i].pid;
	*ret_n = r->n;
	return r->known;
}
