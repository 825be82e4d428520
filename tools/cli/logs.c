/* logs - the log files of services, as the supervisor names them, read directly: no byte of a log
 * goes through PID 1. What is in them first, merged by time; then what comes, as it comes. */
#include "base/banned.h"
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/sys.h"
#include "tools/cli/ask.h"
#include "tools/cli/follow.h"
#include "tools/cli/logshow.h"
#include "tools/cli/logtime.h"
#include "tools/cli/look.h"
#include "tools/cli/merge.h"
#include "tools/cli/out.h"

#include <errno.h>

#define LINES_DEFAULT 15
#define LINES_LIMIT 1000000
#define STAMP_DEFAULT "YYYY-MM-DDTHH:mm:ss"

struct source {
	struct logshow_source show;
	char *path; /* owned */
	bool both; /* a file of both streams */
	struct logjoin join;
	struct history *history; /* owned; NULL: it can't be read */
	const struct logpick *pick; /* borrowed */
};

struct logs {
	struct logshow how;
	struct logpick pick;
	regex_t highlight; /* owned when how.highlight points to it */
	size_t lines; /* of each, or HISTORY_ALL */
	bool once;
	struct source *v; /* owned */
	size_t n;
};

static void on_history(void *ctx, const struct logline *l)
{
	struct source *s = ctx;
	logshow_line(&s->show, l);
}

static void on_line(void *ctx, const char *line, size_t n)
{
	struct source *s = ctx;
	struct logline l;
	int r;
	do {
		r = logjoin_feed(&s->join, line, n, clock_wall(), true, &l);
		if (r > LOGJOIN_MORE && logpick_takes(s->pick, &l))
			logshow_line(&s->show, &l);
	} while (r == LOGJOIN_AGAIN);
}

static void on_batch(void *ctx)
{
	(void)ctx;
	(void)fflush(stdout);
}

static bool known_path(const struct logs *l, const char *path)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].path, path) == 0)
			return true;
	return false;
}

static const char *path_of(const json_t *service, const char *key)
{
	const char *path = look_str(service, key, "");
	return path[0] == '/' && strcmp(path, "/dev/null") != 0 ? path : NULL;
}

static int add_source(struct logs *l, const json_t *service, const char *path, bool err, bool both)
{
	/* Instances that merge their logs, or one file for both streams: it is shown once. */
	if (!path || known_path(l, path))
		return 0;
	struct source s = { .path = strdup(path), .both = both, .pick = &l->pick, .join = { .raw = l->how.format == LOGSHOW_RAW } };
	s.show = (struct logshow_source){ .id = look_int(service, "pm_id", 0), .err = err, .how = &l->how };
	s.show.name = strdup(look_str(service, "name", "?"));
	if (!s.show.name || !s.path) {
		free(s.show.name);
		free(s.path);
		return -ENOMEM;
	}
	size_t w = logshow_width(&s.show);
	if (w > l->how.width)
		l->how.width = w;
	l->v[l->n++] = s;
	return 0;
}

static int add_service(struct logs *l, const json_t *service)
{
	const char *out = path_of(service, "pm2_env.pm_out_log_path"), *err = path_of(service, "pm2_env.pm_err_log_path");
	const char *both = path_of(service, "pm2_env.pm_log_path");
	bool lacks = (l->pick.out && !out) || (l->pick.err && !err);
	if (both && lacks)
		return add_source(l, service, both, false, true);
	int r = l->pick.out ? add_source(l, service, out, false, false) : 0;
	return r == 0 && l->pick.err ? add_source(l, service, err, true, false) : r;
}

static int add_services(struct logs *l, const json_t *services)
{
	size_t i;
	json_t *s;
	int r = 0;
	l->v = calloc(2 * json_array_size(services) + 1, sizeof(*l->v));
	if (!l->v)
		return -ENOMEM;
	json_array_foreach((json_t *)services, i, s)
		if (r == 0)
			r = add_service(l, s);
	return r;
}

static void logs_done(struct logs *l)
{
	for (size_t i = 0; i < l->n; i++) {
		history_free(l->v[i].history);
		logjoin_done(&l->v[i].join);
		free(l->v[i].show.name);
		free(l->v[i].path);
	}
	free(l->v);
	logpick_done(&l->pick);
	if (l->how.highlight)
		regfree(&l->highlight);
}

/* Each file is held open: as many as there are. */
static void allow_files(void)
{
	struct rlimit r;
	if (sys_getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)sys_setrlimit(RLIMIT_NOFILE, &r);
	}
}

/* 0, or -ENOMEM; *ret_open: how many could be opened. */
static int show_history(struct logs *l, size_t *ret_open)
{
	cleanup_free struct merge_in *in = calloc(l->n + 1, sizeof(*in));
	if (!in)
		return -ENOMEM;
	size_t n = 0;
	for (size_t i = 0; i < l->n; i++) {
		struct source *s = &l->v[i];
		int r = history_new(s->path, &l->pick, &s->join, l->lines, l->once, &s->history);
		if (r < 0) {
			out_error("logs: cannot read %s: %s", s->path, err_text(r));
			continue;
		}
		if (s->both && l->pick.out != l->pick.err)
			out_error("logs: %s is a file of both streams: lines that don't say of which they are, are shown", s->path);
		in[n++] = (struct merge_in){ .history = s->history, .ctx = s };
	}
	int r = merge_run(in, n, on_history);
	(void)fflush(stdout);
	*ret_open = n;
	return r;
}

static int follow_all(struct logs *l)
{
	struct follow *f = NULL;
	int r = follow_new(on_line, on_batch, NULL, &f);
	for (size_t i = 0; i < l->n && r == 0; i++) {
		struct source *s = &l->v[i];
		if (!s->history)
			continue;
		int one = follow_add(f, s->path, history_end(s->history), s);
		history_free(s->history);
		s->history = NULL;
		if (one < 0)
			out_error("logs: cannot follow %s: %s", s->path, err_text(one));
	}
	if (r == 0)
		r = follow_run(f);
	follow_free(f);
	return r;
}

static int show(struct logs *l)
{
	size_t open = 0;
	allow_files();
	int r = show_history(l, &open);
	if (r == 0 && open == 0 && l->n > 0)
		return EXIT_NOT_DONE;
	if (r == 0 && !l->once)
		r = follow_all(l);
	if (r < 0)
		out_error("logs: %s", err_text(r));
	return r < 0 ? EXIT_NOT_DONE : EXIT_DONE;
}

static bool read_time(const struct options *o, const char *name, usec_t *ret)
{
	const char *text = options_get(o, name);
	int r = text ? logtime_parse(text, clock_wall(), ret) : 0;
	if (r == -ERANGE)
		out_error("logs: --%s: there is no such time as '%s'", name, text);
	else if (r < 0)
		out_error("logs: --%s wants " LOGTIME_ALLOWED ", not '%s'", name, text);
	return r == 0;
}

static bool read_regex(const struct options *o, const char *name, regex_t *ret, bool *ret_has)
{
	const char *text = options_get(o, name);
	char buf[512];
	struct text fault = TEXT_INIT(buf);
	if (!text)
		return true;
	*ret_has = logpick_regex(text, options_has(o, "ignore-case"), ret, &fault) == 0;
	if (!*ret_has)
		out_error("logs: --%s: %s", name, buf);
	return *ret_has;
}

static bool read_options(const struct cli *c, struct logs *l)
{
	const struct options *o = &c->given;
	const char *text = options_get(o, "lines"), *stamp = options_get(o, "timestamp");
	uint64_t n = LINES_DEFAULT;
	bool has_highlight = false;
	if (text && parse_uint(text, LINES_LIMIT, &n) < 0) {
		out_error("logs: --lines wants a number up to %d, not '%s'", LINES_LIMIT, text);
		return false;
	}
	if (stamp && stamp_compile(*stamp ? stamp : STAMP_DEFAULT, l->how.stamp, sizeof(l->how.stamp)) < 0) {
		out_error("logs: --timestamp wants a format such as " STAMP_DEFAULT " or %%H:%%M:%%S, not '%s'", stamp);
		return false;
	}
	if (!read_time(o, "since", &l->pick.since) || !read_time(o, "until", &l->pick.until) ||
	    !read_regex(o, "grep", &l->pick.grep, &l->pick.has_grep) || !read_regex(o, "highlight", &l->highlight, &has_highlight))
		return false;
	if (has_highlight)
		l->how.highlight = &l->highlight;
	l->lines = !text && (options_has(o, "since") || options_has(o, "until")) ? HISTORY_ALL : (size_t)n;
	l->once = options_has(o, "nostream") || options_has(o, "until");
	l->pick.out = !options_has(o, "err") || options_has(o, "out");
	l->pick.err = !options_has(o, "out") || options_has(o, "err");
	return true;
}

int cmd_logs(struct cli *c)
{
	struct logs l = { .how = { .color = c->color, .terminal = c->box, .f = stdout }, .pick = { .until = USEC_NEVER } };
	l.how.format = c->json ? LOGSHOW_JSON : options_has(&c->given, "raw") ? LOGSHOW_RAW : LOGSHOW_PREFIX;
	struct reply r;
	int code = read_options(c, &l) ? ask_list(c, false, &r) : EXIT_NOT_DONE;
	if (code != EXIT_DONE) {
		logs_done(&l);
		return code;
	}
	json_t *services = look_services(r.params);
	reply_done(&r);
	int failed = services ? add_services(&l, services) : -ENOMEM;
	json_decref(services);
	if (failed < 0) {
		out_error("logs: out of memory");
		code = EXIT_NOT_DONE;
	} else if (l.n == 0) {
		out_error("logs: none of these services writes a log file");
	} else {
		code = show(&l);
	}
	logs_done(&l);
	return code;
}
