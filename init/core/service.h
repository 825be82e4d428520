/* service - one instance of a service: what is wanted, what is, and how it came to be.
 *
 * The life is model/state.h's table; service_apply() is the only writer of `state`. A
 * service never looks at another: what concerns several is told to the manager through
 * the owner's callbacks. The spec (what the file says) is apart from the service (what runs). */
#ifndef PM1_CORE_SERVICE_H
#define PM1_CORE_SERVICE_H

#include "core/logpipe.h"
#include "core/reaper.h"
#include "loop/loop.h"
#include "model/restart.h"
#include "model/spec.h"
#include "model/state.h"
#include "os/cgroup.h"
#include "os/spawn.h"

#include <stdbool.h>
#include <stdint.h>

#define SERVICE_CAUSE_MAX 96 /* bytes of a cause; longer ones are cut with "..." in the history alone */
#define SERVICE_FAILURE_MAX 320 /* bytes; a step, an error and the key with its place */
#define SERVICE_HISTORY 12 /* transitions kept; `describe` shows them */
#define SERVICE_MARK_MAX 48

struct service;

/* What all services of a manager share; borrowed by each. */
struct service_event;

struct service_host {
	struct loop *loop;
	struct reaper *reaper;
	struct cgroups *cgroups;
	struct logpipe *logs;
	const sigset_t *mask; /* of the children */
	const struct rlimit *nofile; /* likewise */
	int oom_score_adj; /* likewise; INT_MIN: leave */
	char *const *environ; /* likewise */
	const char *user; /* pm1's own, by name or number: who a service runs as that has no user of its own; NULL unknown */
	const char *exe; /* pm1 itself, for checks that are its own program; NULL: /proc/self/exe */
	uint64_t boot_id; /* random: marks of two pm1s differ */
	const char *run_path; /* what the paths of notification sockets begin with, ours alone; "" or NULL: nowhere */
	void *ctx;
	/* Both are called from within service_apply(): note it, act later. */
	void (*changed)(void *ctx, struct service *s); /* the state or the wish changed */
	void (*noted)(void *ctx, struct service *s, const struct service_event *e); /* a line of its history; may be NULL */
	void (*ended)(void *ctx, struct service *s); /* at rest by itself: the rules said final or gave up */
	/* Somebody wants it up: what it requires is started, what it conflicts with stopped. May be NULL, as the next two. */
	void (*starts)(void *ctx, struct service *s);
	/* Whether what it requires is there; else s->waits_for and s->stuck say what isn't. */
	bool (*may_start)(void *ctx, struct service *s);
	/* How long an automatic restart waits besides its own delay, since so many others restart. */
	usec_t (*restart_turn)(void *ctx);
};

struct outputs_place; /* core/outputs.h */

/* What runs in the place of s->pid. */
enum step { STEP_MAIN, STEP_PRE, STEP_STOP_POST };

/* Whether its times (schedule.h) count. */
enum service_hold { SERVICE_HOLD_NEW, SERVICE_HOLD_NO, SERVICE_HOLD_BY_HAND }; /* never started; started; stopped by a wish */

struct activation; /* core/activation.h */
struct binder; /* core/binder.h */
struct drain; /* core/drain.h */
struct seat; /* core/held.h */

struct service_event {
	uint64_t wall; /* usec */
	enum state from, to;
	bool is_note; /* no change of state: something else that is worth knowing */
	pid_t pid; /* its main process at that moment, 0: none */
	char cause[SERVICE_CAUSE_MAX];
};

struct service {
	const struct service_host *host; /* borrowed */
	struct spec *spec; /* a reference */
	const char *top_file; /* the INI that was loaded (the spec may stand in an include of it); the manager's. NULL: a command line */
	unsigned int instance;
	int id; /* pm_id: never used twice while pm1 lives, unless the list was empty */

	enum state state; /* written by service_apply() alone */
	bool want_up;
	bool doomed; /* to be deleted once it is down */
	bool killed; /* SIGKILL was sent in this stop */
	bool capped; /* this stop is a restart at a cap after an unstable run, or for a failure: as a crash it counts, and waits */
	bool failed; /* ... for a failure */
	usec_t capped_uptime; /* how long it had run then */
	bool hurried; /* no time for exec_stop_post */
	bool start_due; /* made, and to be started with the others of its file */
	unsigned int kill_rounds; /* of this stop: many mean a process that can't die */

	enum step step;
	bool main_ran; /* in this run: exec_stop_post is due */
	bool post_done;
	bool not_ready; /* the run that ended never got as far as that */
	char waits_for[SERVICE_CAUSE_MAX]; /* waiting: for whom, "db (backoff)" */
	bool stop_due; /* to be stopped once those that need it are down */
	char stop_cause[SERVICE_CAUSE_MAX];
	bool stuck; /* ... and nothing is on its way that could change it */
	struct loop_timer *adopt; /* looking for a daemon; NULL: never did */
	struct health_check *health; /* owned: CHECK_MAX of them, NULL: it never had a check */
	struct hook *hook; /* owned: a command beside the service, NULL none */
	struct readiness *readiness; /* owned: what is awaited of it and was heard, NULL nothing yet */
	pid_t pid; /* 0: none */
	int pidfd; /* owned, -1 */
	int status_fd; /* owned, -1: the exec report has been read */
	struct loop_source *status_source;
	struct loop_timer *timer; /* kill_timeout, or the restart delay */
	struct loop_timer *sampler; /* memory by /proc, only where the kernel doesn't do it */
	struct schedule *schedule; /* owned, NULL: it has no times */
	enum service_hold hold;
	struct cgroup *cgroup; /* owned, NULL: none */
	struct watcher *watcher; /* owned, NULL: nothing to watch */
	struct logstream *out, *err; /* the logpipe's; NULL: /dev/null */

	struct seat *seat; /* owned: at the sockets that are held for it, NULL none */
	struct binder *binder; /* owned: hands them to a program that knows nothing of them, NULL none */
	uint32_t listens; /* bit n: this run listens on address n */
	struct activation *activation; /* owned, NULL: it has nothing to do with connections */
	struct drain *drain; /* owned, NULL: it isn't drained */
	/* A reload that replaces it (manager_roll.c). */
	bool roll_due, roll_serial;
	char roll_cause[SERVICE_CAUSE_MAX];
	struct service *heir, *heir_of; /* borrowed: who is to replace it, whom it is to replace; NULL nobody */
	bool replaced; /* it has been, by the service heir_id: on its way out */
	unsigned int leaving; /* processes that it replaced, and that are still there */
	int heir_id;
	uint64_t cut_total; /* connections that reloads had to cut */
	char mark[SERVICE_MARK_MAX]; /* "PM1_ID=..." */

	struct restart_track track;
	unsigned int restarts; /* PM2's restart_time */
	uint64_t runs; /* execs that succeeded: requests wait on it */
	uint64_t reloads; /* reloads that ended, by exec_reload or by another process in its place: likewise */
	char reload_failure[SERVICE_FAILURE_MAX]; /* how the last one did; "": well */
	uint64_t created_wall, started_wall, since_wall; /* usec */
	usec_t started;
	bool has_exit;
	struct reaped last; /* how the last run ended, when has_exit */
	bool cut_short; /* ... being stopped: its code says nothing of what it was for */
	bool start_failed; /* the last start never reached exec */
	bool permanent; /* ... for a reason that no retry mends */
	char failure[SERVICE_FAILURE_MAX]; /* "" : none */
	char next_cause[SERVICE_CAUSE_MAX]; /* why the next stop or start happens */

	struct loop_timer *oom_again; /* looking for a kill that was announced; NULL: never did */
	unsigned int oom_looks;
	bool oomed; /* the kernel, or the sampling in its stead, has killed in this run for want of memory */
	uint64_t oom_seen, oom_total; /* kills by the kernel: seen in this cgroup, told to the user */
	uint64_t cap_total; /* kills and restarts by max_memory_restart and sampling */
	uint64_t peak; /* bytes, the highest seen */
	char last_kill[SERVICE_CAUSE_MAX]; /* "" : none */
	uint64_t cpu_usec; /* at the last look, for the percentage */
	usec_t cpu_at;

	struct service_event history[SERVICE_HISTORY];
	unsigned int history_n; /* in all; the newest is (history_n - 1) % SERVICE_HISTORY */
};

/* Takes a reference of its own to the spec. Opens the log streams and the cgroup; a service without logs or cgroup
 * runs all the same and says so. -ENOMEM. */
int service_new(const struct service_host *host, struct spec *spec, unsigned int instance, int id,
		const struct outputs_place *place, struct service **ret);
void service_free(struct service *s); /* must be at rest; NULL is fine */

/* Another spec for the same name: logs and memory caps follow at once, the rest where it is used next; the caller restarts the
 * service when a key wants that. */
void service_set_spec(struct service *s, struct spec *spec, const struct outputs_place *place);

/* Wishes, with who or what wished it ("start by uid 0", "configuration changed"). */
void service_start(struct service *s, const char *cause); /* clears the unstable count */
void service_stop(struct service *s, const char *cause);
void service_restart(struct service *s, const char *cause); /* stop, then start; counts as a restart */
/* The same because a cap was passed: at once after a stable run; after an unstable one by the rules for a crash. */
void service_restart_capped(struct service *s, const char *cause);
/* By exec_reload; without one, or while it doesn't run: a restart. `reloads` counts when it is done, or `reload_failed` tells. */
void service_reload(struct service *s, const char *cause);
void service_hurry(struct service *s); /* a stop under way: kill now */
void service_reset(struct service *s); /* counters to 0 */
/* It runs, but not as it should (not ready in time, a watchdog): stopped, and started again by the rules for a crash. */
void service_fail(struct service *s, const char *cause);
/* Its readiness has come; nothing while it isn't starting. */
void service_ready(struct service *s, const char *cause);
/* Why it is in its state: the last change, whatever has been noted since. Borrowed until the next one. */
const char *service_last_cause(const struct service *s);
/* What it waited for has changed. */
void service_try(struct service *s, const char *cause);
/* Nobody needs it for now: it ends, and waits to be called again. */
void service_idle(struct service *s, const char *cause);
int service_signal(struct service *s, int sig); /* to the main process (or the group: kill_mode); -ESRCH */
/* Orphans were reaped, or a cgroup has news: perhaps nothing is left of this service, or its memory passed a limit. */
void service_check_empty(struct service *s);

void service_apply(struct service *s, enum event event, const char *cause);
/* Something that is worth a line of the history and changes no state. */
void service_note(struct service *s, const char *what);

/* "web", or "web-2" when it has several instances: for messages. */
const char *service_label(const struct service *s, char *buf, size_t size);
/* Errored, but tried again then (errored_retry); else USEC_NEVER. */
usec_t service_retry_due(const struct service *s);
bool service_at_rest(const struct service *s); /* stopped or errored, with no process left */
/* The exit code a shell would give the last run: code, 128+signal, 127/126 for a failed exec. 0 when it never ended. */
int service_exit_code(const struct service *s);

#define SERVICE_LABEL_MAX (SPEC_NAME_MAX + 12)

#endif
