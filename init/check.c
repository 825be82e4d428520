/* check - loads a file as `run` would and tells what came of it; starts nothing. */
#include "check.h"

#include "base/own.h"
#include "base/parse.h"
#include "base/places.h"
#include "base/text.h"
#include "model/config.h"
#include "model/cron.h"
#include "model/sockets.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <unistd.h>

#define EXIT_FAULTS 2

static const char *log_dir_of(const struct config *c, char *buf, size_t size)
{
	if (c->pm1.log_dir)
		return c->pm1.log_dir;
	return places_log_dir(geteuid(), buf, size) == 0 ? buf : "(log_dir)";
}

/* An instance's log file, or "none". */
static const char *log_path(const struct spec *s, unsigned int instance, const char *path, const char *kind,
			    const char *log_dir, char *buf, size_t size)
{
	if (spec_log_path(s, instance, path, kind, log_dir, buf, size) < 0)
		return "(too long)";
	return *buf ? buf : "none";
}

static void print_line(const char *label, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void print_line(const char *label, const char *fmt, ...)
{
	va_list ap;

	printf("  %-12s ", label);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* Foreign text: a variable may have put anything into it. */
static void print_safe(const char *label, const char *text)
{
	char buf[4 * 1024];
	struct text t = TEXT_INIT(buf);

	(void)text_add_safe(&t, text);
	print_line(label, "%s%s", buf, t.cut ? "..." : "");
}

static void print_logs(const struct spec *s, const char *log_dir)
{
	char buf[PATH_MAX];
	unsigned int shown = s->instances > 1 && !s->merge_logs ? s->instances : 1;

	/* Two instances are enough to see the pattern. */
	for (unsigned int i = 0; i < shown && i < 2; i++) {
		print_safe("stdout", log_path(s, i, s->out_file, "out", log_dir, buf, sizeof(buf)));
		print_safe("stderr", log_path(s, i, s->error_file, "error", log_dir, buf, sizeof(buf)));
		if (s->log_file && *s->log_file)
			print_safe("combined", log_path(s, i, s->log_file, NULL, log_dir, buf, sizeof(buf)));
	}
	if (shown > 2)
		print_line("", "... and so on for %u instances", s->instances);
}

static void print_size(const char *label, uint64_t bytes)
{
	char buf[32];
	struct text t = TEXT_INIT(buf);

	if (bytes == 0)
		return;
	(void)text_add_size(&t, bytes);
	print_line(label, "%s", buf);
}

static void print_span(const char *label, usec_t span)
{
	char buf[32];
	struct text t = TEXT_INIT(buf);

	(void)text_add_span(&t, span);
	print_line(label, "%s", buf);
}

/* The times, and the next of them. */
static void print_times(const struct spec *s)
{
	const char *text = s->schedule ? s->schedule : s->cron_restart;
	struct zone *z = NULL;
	struct cron c;
	char buf[CRON_TEXT_MAX], next[64] = "never";
	struct tm tm;

	if (!text || cron_parse(text, &c, buf, sizeof(buf)) < 0)
		return;
	if ((s->timezone ? zone_load(s->timezone, &z) : zone_load_own(getenv("TZ"), &z)) < 0)
		return;
	usec_t at = cron_next(&c, z, clock_wall());
	time_t local = (time_t)(at / USEC_SEC);
	if (at != USEC_NEVER)
		local += zone_at(z, local).offset;
	if (at != USEC_NEVER && gmtime_r(&local, &tm))
		(void)strftime(next, sizeof(next), "%Y-%m-%d %H:%M:%S", &tm);
	print_line(s->schedule ? "runs at" : "restarts at", "%s%s%s, next %s", text, s->timezone ? " in " : "",
		   s->timezone ? s->timezone : "", next);
	zone_free(z);
}

static void print_sockets(const struct spec *s)
{
	cleanup_free char *words = s->listen.n ? strv_join_quoted(&s->listen) : NULL;

	if (words)
		print_safe("listens at", words);
	if (s->listen_adopt)
		print_line("", "by its own bind and listen (listen_adopt)");
	if (s->activation == ACTIVATION_ON_CONNECT)
		print_line("started by", "the first connection");
	if (spec_is_cluster(s))
		print_line("exec mode", "cluster, %u at a time", s->reload_batch);
}

static void print_service(const struct spec *s, const char *log_dir)
{
	cleanup_free char *argv = strv_join_quoted(&s->argv);
	char signal[16];

	printf("%s  (%s:%u)\n", s->name, s->file, s->line);
	print_safe("runs", argv ? argv : "(no memory)");
	print_safe("in", s->cwd);
	if (s->user || s->group)
		print_line("as", "%s%s%s", s->user ? s->user : "", s->group ? ":" : "", s->group ? s->group : "");
	if (s->instances > 1)
		print_line("instances", "%u", s->instances);
	if (!s->autostart)
		print_line("autostart", "no");
	print_sockets(s);
	print_times(s);
	if (s->max_uptime)
		print_span("max uptime", s->max_uptime);
	print_logs(s, log_dir);
	print_size("restart at", s->max_memory_restart);
	print_size("memory cap", s->memory_max);
	if (!s->autorestart)
		print_line("restarts", "no");
	else if (s->max_restarts > 0)
		print_line("gives up", "after %u unstable runs in a row", s->max_restarts);
	print_line("stops by", "%s", signal_text(s->stop_signal, signal, sizeof(signal)));
	print_span("killed after", s->kill_timeout);
}

static json_t *strings(const struct strv *v)
{
	json_t *a = json_array();

	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(a, json_string(v->v[i]));
	return a;
}

static json_t *text_or_null(const char *s)
{
	return s ? json_string(s) : json_null();
}

static json_t *service_json(const struct spec *s, const char *log_dir)
{
	char out[PATH_MAX];
	char error[PATH_MAX];
	char combined[PATH_MAX];
	char signal[16];

	(void)spec_log_path(s, 0, s->out_file, "out", log_dir, out, sizeof(out));
	(void)spec_log_path(s, 0, s->error_file, "error", log_dir, error, sizeof(error));
	(void)spec_log_path(s, 0, s->log_file, NULL, log_dir, combined, sizeof(combined));
	return json_pack("{s:s s:s s:s s:i s:o s:s s:o s:o s:i s:b s:s s:s s:s s:I s:I s:s s:I s:o s:b s:s}", "name", s->name,
			 "namespace", s->ns, "file", s->file, "line", (int)s->line, "argv", strings(&s->argv), "cwd",
			 s->cwd, "user", text_or_null(s->user), "group", text_or_null(s->group), "instances",
			 (int)s->instances, "autostart", s->autostart, "out_file", out, "error_file", error, "log_file",
			 combined, "max_memory_restart", (json_int_t)s->max_memory_restart, "memory_max",
			 (json_int_t)s->memory_max, "stop_signal",
			 signal_text(s->stop_signal, signal, sizeof(signal)), "kill_timeout_ms",
			 (json_int_t)(s->kill_timeout / USEC_MS), "listen", strings(&s->listen), "listen_adopt", s->listen_adopt,
			 "exec_mode", spec_is_cluster(s) ? "cluster" : "fork");
}

static void print_json(const struct config *c, const struct diag *d, const char *log_dir)
{
	json_t *messages = json_array();
	json_t *services = json_array();
	json_t *all;

	for (size_t i = 0; i < diag_count(d); i++)
		json_array_append_new(messages, json_string(diag_text(d, i)));
	for (size_t i = 0; i < c->n; i++)
		json_array_append_new(services, service_json(c->specs[i], log_dir));
	all = json_pack("{s:b s:o s:o}", "ok", diag_errors(d) == 0, "messages", messages, "services", services);
	if (all)
		(void)json_dumpf(all, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
	putchar('\n');
	json_decref(all);
}

static int usage(void)
{
	fputs("usage: pm1 check [--env NAME] [--json] FILE.ini\n", stderr);
	return EXIT_FAULTS;
}

int check_main(int argc, char **argv)
{
	const char *path = NULL, *overlay = NULL;
	bool json = false;
	struct config c = { 0 };
	struct diag *d;
	char dir[PATH_MAX];
	const char *log_dir;
	int r;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--env") == 0 && i + 1 < argc)
			overlay = argv[++i];
		else if (strncmp(argv[i], "--env=", strlen("--env=")) == 0)
			overlay = argv[i] + strlen("--env=");
		else if (path || (argv[i][0] == '-' && argv[i][1]))
			return usage();
		else
			path = argv[i];
	}
	if (!path)
		return usage();

	d = diag_new();
	r = d ? config_load_overlay(path, overlay, environ, d, &c) : -ENOMEM;
	for (size_t i = 0; i < c.n; i++)
		/* As the load has called the file that was given; others by their whole path. */
		sockets_notes(c.specs[i], c.specs[i]->file && strcmp(c.specs[i]->file, c.path) == 0 ? path : c.specs[i]->file, d);
	if (c.n)
		diag_sort(d);
	for (size_t i = 0; d && i < diag_count(d); i++)
		fprintf(stderr, "%s\n", diag_text(d, i));
	log_dir = log_dir_of(&c, dir, sizeof(dir));
	if (d && json) {
		print_json(&c, d, log_dir);
	} else if (r == 0) {
		for (size_t i = 0; i < c.n; i++)
			print_service(c.specs[i], log_dir);
		printf("%s: %zu service%s, no faults\n", path, c.n, c.n == 1 ? "" : "s");
	} else if (r == -ENOMEM) {
		fputs("pm1 check: no memory\n", stderr);
	} else {
		fprintf(stderr, "%s: %zu fault%s; nothing would be started\n", path, diag_errors(d),
			diag_errors(d) == 1 ? "" : "s");
	}
	diag_free(d);
	config_done(&c);
	if (fflush(stdout) != 0)
		return 1;
	return r == -ENOMEM ? 1 : r < 0 ? EXIT_FAULTS : 0;
}
