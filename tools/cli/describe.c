/* describe - all that is known of a service, one row a fact, and the history that led to its state. */
#include "tools/cli/ask.h"
#include "tools/cli/describe.h"
#include "tools/cli/look.h"
#include "tools/cli/out.h"
#include "tools/cli/row.h"
#include "tools/cli/status.h"

#include "base/banned.h"
#include "base/own.h"
#include "base/text.h"

static void state_rows(const struct cli *c, const json_t *s)
{
	char buf[64];
	struct text t = TEXT_INIT(buf);
	const char *status = look_str(s, "pm2_env.status", "?");
	row(c, "status", status, status_color(status));
	row_str(c, "wanted", s, "pm1.want");
	row_str(c, "cause", s, "pm1.cause");
	row(c, "waiting for", look_str(s, "pm1.waiting_for", NULL), NULL);
	row(c, "failure", look_str(s, "pm1.failure", NULL), COLOR_RED);
	row_time(c, "since", s, "pm1.since");
	row_str(c, "says", s, "pm1.status_text");
	if (look_bool(s, "pm1.reloading"))
		row(c, "reloading", "yes", NULL);
	if (look(s, "pm1.restart_in_ms")) {
		long long ms = look_int(s, "pm1.restart_in_ms", 0);
		(void)text_add_span(&t, ms > 0 ? (unsigned long long)ms * 1000 : 0);
		row(c, strcmp(status, "errored") == 0 ? "tries again in" : "restarts in", buf, NULL);
	}
	if (look_int(s, "pid", 0) > 0)
		row_int(c, "pid", s, "pid");
	text_init(&t, buf, sizeof(buf));
	status_uptime(&t, s, clock_wall());
	row(c, "uptime", buf, NULL);
	row_int(c, "restarts", s, "pm2_env.restart_time");
	row_int(c, "unstable restarts", s, "pm2_env.unstable_restarts");
	row_int(c, "last exit code", s, "pm2_env.exit_code");
	row_str(c, "last signal", s, "pm1.signal");
}

/* "2026-07-01 03:00:00 (in 2h 5m)" */
static void next_row(const struct cli *c, const json_t *s)
{
	char buf[96];
	struct text t = TEXT_INIT(buf);
	long long next = look_int(s, "pm1.next_run", 0), now = (long long)(clock_wall() / USEC_MS);
	if (next <= 0) {
		row(c, "next run", look_bool(s, "pm1.paused") ? "none until it is started" : "none", NULL);
		return;
	}
	row_add_time(&t, next);
	(void)text_add(&t, " (in ");
	/* Whole seconds, up: what runs in half a second runs "in 1s". */
	(void)text_add_span(&t, next > now ? (unsigned long long)(next - now + 999) / 1000 * USEC_SEC : 0);
	(void)text_add(&t, ")");
	row(c, "next run", buf, NULL);
}

static void time_rows(const struct cli *c, const json_t *s)
{
	char buf[64];
	struct text t = TEXT_INIT(buf);
	if (look_str(s, "pm1.schedule", NULL) || look_str(s, "pm1.cron_restart", NULL)) {
		row_str(c, "schedule", s, "pm1.schedule");
		row_str(c, "cron restart", s, "pm1.cron_restart");
		row_str(c, "time zone", s, "pm1.timezone");
		next_row(c, s);
	}
	if (look_int(s, "pm1.skipped", 0) > 0)
		row_int(c, "skipped", s, "pm1.skipped");
	if (look_int(s, "pm1.max_uptime_ms", 0) > 0) {
		(void)text_add_span(&t, (unsigned long long)look_int(s, "pm1.max_uptime_ms", 0) * USEC_MS);
		row(c, "max uptime", buf, NULL);
	}
}

static void check_rows(const struct cli *c, const json_t *check)
{
	char label[64], buf[320];
	struct text t = TEXT_INIT(buf);
	const char *what = look_str(check, "what", "health"), *state = look_str(check, "state", "?");
	(void)text_add(&t, state);
	if (look_int(check, "since", 0) > 0) {
		(void)text_add(&t, " since ");
		row_add_time(&t, look_int(check, "since", 0));
	}
	row(c, what, buf, health_color(state));
	(void)text_format(label, sizeof(label), "%.20s check", what);
	row_str(c, label, check, "check");
	text_init(&t, buf, sizeof(buf));
	if (look_int(check, "last_time", 0) > 0) {
		(void)text_addf(&t, "%.200s (", look_str(check, "last", look_bool(check, "last_good") ? "good" : "failed"));
		row_add_time(&t, look_int(check, "last_time", 0));
		(void)text_add(&t, ")");
		if (look_int(check, "failures", 0) > 0)
			(void)text_addf(&t, ", failures in a row: %lld", look_int(check, "failures", 0));
	}
	(void)text_format(label, sizeof(label), "%.20s result", what);
	row(c, label, buf, NULL);
}

static void health_rows(const struct cli *c, const json_t *s)
{
	size_t i;
	json_t *check;
	json_array_foreach((json_t *)look(s, "pm1.health.checks"), i, check) {
		check_rows(c, check);
	}
}

static void program_rows(const struct cli *c, const json_t *s)
{
	char buf[32];
	row_str(c, "namespace", s, "pm2_env.namespace");
	row_str(c, "command", s, "pm1.command");
	row_str(c, "cwd", s, "pm2_env.pm_cwd");
	row(c, "user", look_str(s, "pm1.user", look_str(s, "pm2_env.username", NULL)), NULL);
	row_str(c, "group", s, "pm1.group");
	const char *file = look_str(s, "pm1.file", NULL);
	if (file) {
		cleanup_free char *place = NULL;
		if (asprintf(&place, "%s:%lld", file, look_int(s, "pm1.line", 0)) < 0)
			place = NULL;
		row(c, "defined in", place, NULL);
		row_str(c, "overlay", s, "pm1.overlay");
	}
	row_str(c, "exec mode", s, "pm2_env.exec_mode");
	row_int(c, "instances", s, "pm2_env.instances");
	row_bool(c, "autorestart", s, "pm2_env.autorestart");
	row_str(c, "ready", s, "pm1.ready");
	if (look_int(s, "pm1.watchdog", 0) > 0) {
		struct text dog = TEXT_INIT(buf);
		(void)text_add_span(&dog, (unsigned long long)look_int(s, "pm1.watchdog", 0) * 1000);
		row(c, "watchdog", buf, NULL);
	}
	if (look_int(s, "pm1.stored_fds", 0) > 0)
		row_int(c, "stored descriptors", s, "pm1.stored_fds");
	row_bool(c, "watch", s, "pm2_env.watch");
	struct text t = TEXT_INIT(buf);
	if (look(s, "pm2_env.kill_timeout")) {
		(void)text_add_span(&t, (unsigned long long)look_int(s, "pm2_env.kill_timeout", 0) * 1000);
		row(c, "kill timeout", buf, NULL);
	}
	row_time(c, "created at", s, "pm2_env.created_at");
}

static void memory_rows(const struct cli *c, const json_t *s)
{
	char buf[128];
	struct text t = TEXT_INIT(buf);
	row_size(c, "memory", s, "monit.memory");
	row_size(c, "memory peak", s, "pm1.cap.peak");
	status_cap(&t, s);
	const char *by = look_str(s, "pm1.cap.by", "none");
	bool capped = look_int(s, "pm1.cap.memory_max", 0) > 0 || look_int(s, "pm1.cap.max_memory_restart", 0) > 0;
	if (capped)
		(void)text_addf(&t, ", by %.32s", strcmp(by, "none") == 0 ? "nothing" : by);
	row(c, "cap", buf, NULL);
	row_size(c, "memory_max", s, "pm1.cap.memory_max");
	row_size(c, "max_memory_restart", s, "pm1.cap.max_memory_restart");
	if (capped || look_int(s, "pm1.cap.oom_kills", 0) > 0) {
		row_int(c, "OOM kills", s, "pm1.cap.oom_kills");
		row_int(c, "cap hits", s, "pm1.cap.cap_hits");
	}
	row_str(c, "last memory kill", s, "pm1.cap.last_kill");
}

static void log_rows(const struct cli *c, const json_t *s)
{
	row_str(c, "out log", s, "pm2_env.pm_out_log_path");
	row_str(c, "error log", s, "pm2_env.pm_err_log_path");
	row_str(c, "combined log", s, "pm2_env.pm_log_path");
	row_size(c, "written to logs", s, "pm1.log.written");
	row_size(c, "dropped", s, "pm1.log.dropped");
	row_size(c, "console dropped", s, "pm1.log.console_dropped");
	row_str(c, "log sinks", s, "pm1.log.sinks");
	row_size(c, "waits for sinks", s, "pm1.log.sink_waiting");
	row_size(c, "sinks dropped", s, "pm1.log.sink_dropped");
	row(c, "log trouble", look_str(s, "pm1.log.trouble", NULL), COLOR_RED);
}

/* "by uid 0" is a part of the cause. */
static void history_rows(const struct cli *c, const json_t *s)
{
	size_t i;
	json_t *h;
	const json_t *history = look(s, "pm1.history");
	if (json_array_size(history) > 0)
		(void)fprintf(stdout, "  %shistory%s\n", c->color ? COLOR_CYAN : "", c->color ? COLOR_OFF : "");
	json_array_foreach((json_t *)history, i, h) {
		char buf[64];
		struct text t = TEXT_INIT(buf);
		row_add_time(&t, look_int(h, "time", 0));
		(void)fprintf(stdout, "    %-19s  ", buf);
		out_safe(stdout, look_str(h, "from", "?"));
		if (!look_bool(h, "note")) {
			(void)fputs(" -> ", stdout);
			out_safe(stdout, look_str(h, "to", "?"));
		}
		const char *cause = look_str(h, "cause", "");
		if (*cause) {
			(void)fputs(" (", stdout);
			out_safe(stdout, cause);
			(void)fputc(')', stdout);
		}
		(void)fputc('\n', stdout);
	}
}

int cmd_describe(struct cli *c)
{
	struct reply r;
	int code = ask_list(c, false, &r);
	if (code != EXIT_DONE)
		return code;
	json_t *services = look_services(r.params);
	size_t i;
	json_t *s;
	if (c->json)
		out_json(r.params, true);
	else
		json_array_foreach(services, i, s) {
			(void)fprintf(stdout, "%s%s", i ? "\n" : "", c->color ? COLOR_BOLD : "");
			out_safe(stdout, look_str(s, "name", "?"));
			(void)fprintf(stdout, " (id %lld)%s\n", look_int(s, "pm_id", -1), c->color ? COLOR_OFF : "");
			state_rows(c, s);
			time_rows(c, s);
			health_rows(c, s);
			program_rows(c, s);
			describe_sockets(c, s);
			memory_rows(c, s);
			log_rows(c, s);
			history_rows(c, s);
		}
	json_decref(services);
	reply_done(&r);
	return code;
}
