#include "control/report.h"

#include "base/own.h"
#include "base/parse.h"
#include "base/text.h"
#include "core/health.h"
#include "core/memwatch.h"
#include "core/readiness.h"
#include "core/schedule.h"
#include "core/watcher.h"

#include <unistd.h>

static json_int_t ms(uint64_t usec)
{
	return (json_int_t)(usec / 1000);
}

/* A string that JSON can hold: foreign bytes that are no UTF-8 come out escaped. */
static json_t *str(const char *s)
{
	json_t *j = json_string(s ? s : "");
	if (j)
		return j;
	char safe[4096];
	struct text t = TEXT_INIT(safe);
	(void)text_add_safe(&t, s);
	return json_string(safe);
}

static json_t *str_or_null(const char *s)
{
	return s && s[0] ? str(s) : json_null();
}

static void set(json_t *o, const char *key, json_t *value)
{
	/* A member that there is no memory for is missing; readers know missing members. */
	(void)json_object_set_new(o, key, value);
}

/* Per cent of one core since the last look, or since the start at the first one. */
static double cpu_percent(struct service *s, uint64_t cpu_usec)
{
	usec_t now = clock_mono();
	usec_t since = s->cpu_at > s->started ? s->cpu_at : s->started;
	uint64_t before = s->cpu_at > s->started ? s->cpu_usec : 0;
	double percent = 0;

	if (s->pid == 0)
		return 0;
	/* cgroup counters go on over restarts: the first look of a run has nothing to compare with. */
	if (now > since && cpu_usec >= before && (s->cpu_at > s->started || !s->cgroup))
		percent = 100.0 * (double)(cpu_usec - before) / (double)(now - since);
	s->cpu_usec = cpu_usec;
	s->cpu_at = now;
	return (double)(unsigned long)(percent * 10 + 0.5) / 10;
}

static const char *out_path(const struct service *s, struct logstream *stream, bool combined)
{
	(void)s;
	if (!stream)
		return "/dev/null";
	const char *path = combined ? logstream_combined(stream) : logstream_path(stream);
	return path[0] ? path : "/dev/null";
}

/* Of pm2_env, what a table of services shows. */
static void set_table(json_t *o, const struct service *s)
{
	set(o, "status", str(state_pm2_name(s->state)));
	set(o, "restart_time", json_integer(s->restarts));
	set(o, "pm_uptime", json_integer(ms(s->started_wall)));
	set(o, "exec_mode", str(spec_is_cluster(s->spec) ? "cluster_mode" : "fork_mode"));
	set(o, "namespace", str(s->spec->ns));
	set(o, "username", str(s->spec->user ? s->spec->user : s->host->user));
}

static json_t *report_env(struct service *s)
{
	const struct spec *spec = s->spec;
	json_t *o = json_object(), *args = json_array();
	char id[64];

	for (size_t i = 1; i < spec->argv.n; i++)
		(void)json_array_append_new(args, str(spec->argv.v[i]));
	(void)text_format(id, sizeof(id), "%s", s->mark + sizeof("PM1_ID=") - 1);
	set(o, "name", str(spec->name));
	set(o, "pm_id", json_integer(s->id));
	set_table(o, s);
	set(o, "unstable_restarts", json_integer(s->track.unstable));
	set(o, "created_at", json_integer(ms(s->created_wall)));
	set(o, "exit_code", s->has_exit || s->start_failed ? json_integer(service_exit_code(s)) : json_null());
	set(o, "pm_exec_path", str(spec->argv.n ? spec->argv.v[0] : ""));
	set(o, "args", args);
	set(o, "pm_cwd", str(spec->cwd));
	set(o, "pm_out_log_path", str(out_path(s, s->out, false)));
	set(o, "pm_err_log_path", str(out_path(s, s->err, false)));
	if (s->out && logstream_combined(s->out)[0])
		set(o, "pm_log_path", str(out_path(s, s->out, true)));
	set(o, "instances", json_integer(spec->instances));
	set(o, "exec_interpreter", str("none"));
	set(o, "autorestart", json_boolean(spec->autorestart));
	set(o, "autostart", json_boolean(spec->autostart));
	set(o, "watch", json_boolean(watcher_is_on(s->watcher)));
	set(o, "merge_logs", json_boolean(spec->merge_logs));
	if (spec->max_memory_restart)
		set(o, "max_memory_restart", json_integer((json_int_t)spec->max_memory_restart));
	if (spec->cron_restart)
		set(o, "cron_restart", str(spec->cron_restart));
	set(o, "kill_timeout", json_integer(ms(spec->kill_timeout)));
	set(o, spec->instance_var ? spec->instance_var : "NODE_APP_INSTANCE", json_integer(s->instance));
	set(o, "unique_id", str(id));
	set(o, "version", str("N/A"));
	set(o, "node_version", json_null());
	set(o, "env", json_object()); /* PM2 prints all of it, secrets included; here it stays inside */
	return o;
}

static json_t *report_check(const struct health_look *h)
{
	json_t *o = json_object();

	set(o, "what", str(h->what));
	set(o, "check", str(h->check));
	set(o, "state", str(health_name(h->up.health)));
	set(o, "since", h->since_wall ? json_integer(ms(h->since_wall)) : json_null());
	set(o, "failures", json_integer(h->up.failures));
	set(o, "runs", json_integer((json_int_t)h->runs));
	set(o, "last", str_or_null(h->last));
	set(o, "last_good", json_boolean(h->last_good));
	set(o, "last_time", h->last_wall ? json_integer(ms(h->last_wall)) : json_null());
	return o;
}

/* Of all its checks together, what the worst of them says; null without any. */
static json_t *report_health(const struct service *s, bool brief)
{
	enum health all = health_of(s);
	json_t *checks = json_array(), *o = NULL;
	struct health_look h;

	for (size_t i = 0; health_look(s, i, &h); i++) {
		bool decides = h.up.health == all;
		if (!o || decides) {
			json_decref(o);
			o = brief ? json_object() : report_check(&h);
		}
		(void)json_array_append_new(checks, report_check(&h));
		if (decides)
			all = HEALTH_MAX; /* the first of them */
	}
	if (!o) {
		json_decref(checks);
		return json_null();
	}
	set(o, "state", str(health_name(health_of(s))));
	if (brief)
		json_decref(checks);
	else
		set(o, "checks", checks);
	return o;
}

static json_t *report_history(const struct service *s)
{
	json_t *a = json_array();
	unsigned int n = s->history_n < SERVICE_HISTORY ? s->history_n : SERVICE_HISTORY;

	for (unsigned int i = s->history_n - n; i < s->history_n; i++) {
		const struct service_event *e = &s->history[i % SERVICE_HISTORY];
		json_t *o = json_object();
		set(o, "time", json_integer(ms(e->wall)));
		set(o, "from", str(state_name(e->from)));
		set(o, "to", str(state_name(e->to)));
		set(o, "cause", str(e->cause));
		if (e->is_note)
			set(o, "note", json_true());
		(void)json_array_append_new(a, o);
	}
	return a;
}

static void set_cap(json_t *o, const struct service *s)
{
	set(o, "memory_max", json_integer((json_int_t)s->spec->memory_max));
	set(o, "max_memory_restart", json_integer((json_int_t)s->spec->max_memory_restart));
	set(o, "by", str(memwatch_by_text(memwatch_by(s))));
}

static json_t *report_cap(const struct service *s)
{
	json_t *o = json_object();

	set_cap(o, s);
	set(o, "peak", json_integer((json_int_t)s->peak));
	set(o, "oom_kills", json_integer((json_int_t)s->oom_total));
	set(o, "cap_hits", json_integer((json_int_t)s->cap_total));
	set(o, "last_kill", str_or_null(s->last_kill));
	return o;
}

static json_t *report_log(const struct service *s)
{
	json_t *o = json_object();
	struct logstream *const streams[] = { s->out, s->err };
	json_int_t written = 0, dropped = 0, console = 0, sink_dropped = 0, sink_waiting = 0;
	const char *trouble = NULL;

	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		const struct logslot *slot = streams[i] ? logstream_slot(streams[i]) : NULL;
		if (!slot)
			continue;
		written += (json_int_t)slot->written;
		dropped += (json_int_t)slot->dropped;
		console += (json_int_t)slot->console_dropped;
		sink_dropped += (json_int_t)slot->sink_dropped;
		sink_waiting += (json_int_t)logslot_sink_waiting(slot);
		if (logstream_trouble(streams[i])[0])
			trouble = logstream_trouble(streams[i]);
	}
	set(o, "written", json_integer(written));
	set(o, "dropped", json_integer(dropped));
	set(o, "console_dropped", json_integer(console));
	if (s->spec->log_sink.n || sink_dropped || sink_waiting) {
		char *sinks = strv_join_quoted(&s->spec->log_sink);
		set(o, "sinks", str(sinks));
		free(sinks);
		set(o, "sink_dropped", json_integer(sink_dropped));
		set(o, "sink_waiting", json_integer(sink_waiting));
	}
	set(o, "trouble", str_or_null(trouble));
	return o;
}

/* Members that most services have no use for stand only with those that have. */
static void set_times(json_t *o, const struct service *s)
{
	const struct spec *spec = s->spec;
	usec_t next = schedule_next(s);

	if (spec->schedule || spec->cron_restart) {
		set(o, spec->schedule ? "schedule" : "cron_restart", str(spec->schedule ? spec->schedule : spec->cron_restart));
		set(o, "timezone", str_or_null(spec->timezone));
		set(o, "next_run", next == USEC_NEVER ? json_null() : json_integer(ms(next)));
		set(o, "paused", json_boolean(schedule_is_paused(s)));
	}
	if (spec->schedule)
		set(o, "skipped", json_integer(schedule_skipped(s)));
	if (spec->max_uptime)
		set(o, "max_uptime_ms", json_integer(ms(spec->max_uptime)));
}

/* How it comes to be ready, and what it says of itself. */
static void set_readiness(json_t *o, const struct service *s)
{
	char how[READY_TEXT_MAX];
	struct text t = TEXT_INIT(how);

	readiness_text(s, &t);
	set(o, "ready", str(how));
	if (!ready_has_socket(s->spec))
		return;
	set(o, "status_text", str_or_null(readiness_status(s)));
	set(o, "reloading", json_boolean(readiness_is_reloading(s)));
	set(o, "stored_fds", json_integer((json_int_t)readiness_stored(s)));
	set(o, "watchdog", json_integer(ms(s->spec->watchdog)));
}

static json_t *report_own(const struct manager *m, struct service *s)
{
	const struct spec *spec = s->spec;
	json_t *o = json_object();
	char sig[16];

	set(o, "state", str(state_name(s->state)));
	set(o, "want", str(s->want_up ? "up" : "down"));
	set(o, "since", json_integer(ms(s->since_wall)));
	set(o, "cause", str(service_last_cause(s)));
	set(o, "failure", str_or_null(s->failure));
	set(o, "waiting_for", s->state == STATE_WAITING ? str(s->waits_for) : json_null());
	usec_t due = s->state == STATE_BACKOFF ? loop_timer_due(s->timer) : service_retry_due(s), now = clock_mono();
	set(o, "restart_in_ms", due == USEC_NEVER ? json_null() : json_integer(due > now ? ms(due - now) : 0));
	set(o, "signal", s->has_exit && !s->last.exited ? str(signal_text(s->last.code, sig, sizeof(sig))) : json_null());
	char *command = strv_join_quoted(&spec->argv);
	set(o, "command", str(command ? command : ""));
	free(command);
	set(o, "file", str_or_null(spec->file));
	set(o, "line", json_integer(spec->line));
	set(o, "overlay", str_or_null(spec->overlay));
	set(o, "user", str_or_null(spec->user));
	set(o, "group", str_or_null(spec->group));
	set(o, "critical", json_boolean(spec->critical));
	set_times(o, s);
	set(o, "health", report_health(s, false));
	set_readiness(o, s);
	report_sockets(o, m, s);
	set(o, "cap", report_cap(s));
	set(o, "log", report_log(s));
	set(o, "history", report_history(s));
	return o;
}

static json_t *report_with(struct service *s, json_t *env, json_t *own)
{
	json_t *o = json_object(), *monit = json_object();
	struct memwatch_now now;

	memwatch_look(s, &now);
	set(monit, "memory", json_integer((json_int_t)now.memory));
	set(monit, "cpu", json_real(cpu_percent(s, now.cpu_usec)));
	set(o, "pid", json_integer(s->pid));
	set(o, "name", str(s->spec->name));
	set(o, "pm_id", json_integer(s->id));
	set(o, "monit", monit);
	set(o, "pm2_env", env);
	set(o, "pm1", own);
	return o;
}

json_t *report_service(const struct manager *m, struct service *s)
{
	return report_with(s, report_env(s), report_own(m, s));
}

json_t *report_service_brief(struct service *s)
{
	json_t *env = json_object(), *own = json_object(), *cap = json_object();

	set_table(env, s);
	set_cap(cap, s);
	set(own, "failure", str_or_null(s->failure));
	set(own, "cap", cap);
	set(own, "health", report_health(s, true));
	return report_with(s, env, own);
}

json_t *report_self(const struct report_self *self, const struct service_host *host)
{
	json_t *o = json_object(), *warnings = json_array();

	for (size_t i = 0; i < self->warnings->n; i++)
		(void)json_array_append_new(warnings, str(self->warnings->v[i]));
	set(o, "pid", json_integer(getpid()));
	set(o, "version", str(PM1_VERSION));
	set(o, "mode", str(self->mode));
	set(o, "uptime_ms", json_integer(ms(clock_mono() - self->started)));
	set(o, "cgroup", str(cgroups_text(host->cgroups)));
	set(o, "socket", str_or_null(self->socket));
	set(o, "log_dir", str(self->log_dir));
	set(o, "orphans", json_integer((json_int_t)reaper_orphans(host->reaper)));
	set(o, "logd_pid", json_integer(logpipe_pid(host->logs)));
	set(o, "warnings", warnings);
	return o;
}
