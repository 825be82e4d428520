/* logs - the log files of services, as the supervisor names them, read directly: no byte of a log
 * goes through PID 1. */
#include "tools/cli/logs.h"

#include "base/banned.h"
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "tools/cli/ask.h"
#include "tools/cli/follow.h"
#include "tools/cli/look.h"
#include "tools/cli/out.h"

#include <errno.h>

#define LINES_DEFAULT 15
#define LINES_LIMIT 1000000

struct logs {
	struct logs_how how;
	struct logs_source *v; /* owned */
	size_t n;
};

/* The length of a colour sequence at s, or 0. */
static size_t color_length(const char *s, size_t n)
{
	if (n < 3 || s[0] != '\033' || s[1] != '[')
		return 0;
	size_t i = 2;
	while (i < n && ((s[i] >= '0' && s[i] <= '9') || s[i] == ';' || s[i] == ':'))
		i++;
	return i < n && s[i] == 'm' ? i + 1 : 0;
}

void logs_tame(FILE *f, const char *s, size_t n)
{
	size_t from = 0; /* of the text not written yet */
	for (size_t i = 0; i < n;) {
		unsigned char b = (unsigned char)s[i];
		size_t skip = b == '\t' ? 1 : color_length(s + i, n - i); /* what passes as it is */
		if (skip == 0 && b >= 0x20 && b != 0x7f) {
			i++;
			continue;
		}
		/* The text up to here may hold broken UTF-8 as well: the same function as for all foreign text. */
		cleanup_free char *text = strndup(s + from, i - from);
		if (text)
			out_safe(f, text);
		if (skip > 0)
			(void)fwrite(s + i, 1, skip, f);
		else if (b != '\r' || i + 1 < n) /* a carriage return at the end is Windows' newline */
			(void)fprintf(f, "\\x%02x", b);
		i += skip ? skip : 1;
		from = i;
	}
	cleanup_free char *text = strndup(s + from, n - from);
	if (text)
		out_safe(f, text);
}

static void print_json(const struct logs_source *s, const char *line, size_t n)
{
	json_t *message = json_stringn(line, n);
	if (!message) { /* no UTF-8 */
		cleanup_free char *text = strndup(line, n);
		cleanup_free char *safe = text ? out_safe_dup(text) : NULL;
		message = json_string(safe ? safe : "");
	}
	json_t *o = json_pack("{s:o, s:s, s:I, s:s}", "message", message, "type", s->err ? "err" : "out", "process_id",
			      (json_int_t)s->id, "app_name", s->name);
	if (o)
		(void)json_dumpf(o, s->how->f, JSON_COMPACT);
	json_decref(o);
}

static size_t prefix_width(const struct logs_source *s)
{
	char id[24];
	(void)text_format(id, sizeof(id), "%lld", s->id);
	return strlen(id) + 1 + out_width(s->name);
}

void logs_line(const struct logs_source *s, const char *line, size_t n)
{
	const struct logs_how *how = s->how;
	if (how->format == LOGS_JSON) {
		print_json(s, line, n);
	} else {
		if (how->format == LOGS_PREFIX) {
			size_t w = prefix_width(s);
			(void)fputs(!how->color ? "" : s->err ? COLOR_RED : COLOR_GREEN, how->f);
			(void)fprintf(how->f, "%lld|", s->id);
			out_safe(how->f, s->name);
			(void)fprintf(how->f, "%*s | %s", w < how->width ? (int)(how->width - w) : 0, "",
				      how->color ? COLOR_OFF : "");
		}
		if (how->terminal && how->format != LOGS_RAW)
			logs_tame(how->f, line, n);
		else
			(void)fwrite(line, 1, n, how->f);
	}
	(void)fputc('\n', how->f);
}

static void on_line(void *ctx, const char *line, size_t n)
{
	logs_line(ctx, line, n);
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

static int add_source(struct logs *l, const json_t *service, bool err)
{
	const char *path = look_str(service, err ? "pm2_env.pm_err_log_path" : "pm2_env.pm_out_log_path", "");
	/* Instances that merge their logs, or one file for both streams: it is shown once. */
	if (path[0] != '/' || strcmp(path, "/dev/null") == 0 || known_path(l, path))
		return 0;
	struct logs_source s = { .id = look_int(service, "pm_id", 0), .err = err, .how = &l->how };
	s.name = strdup(look_str(service, "name", "?"));
	s.path = strdup(path);
	if (!s.name || !s.path) {
		free(s.name);
		free(s.path);
		return -ENOMEM;
	}
	size_t w = prefix_width(&s);
	if (w > l->how.width)
		l->how.width = w;
	l->v[l->n++] = s;
	return 0;
}

static int add_sources(struct logs *l, const json_t *services, bool out, bool err)
{
	size_t i;
	json_t *s;
	l->v = calloc(2 * json_array_size(services) + 1, sizeof(*l->v));
	if (!l->v)
		return -ENOMEM;
	json_array_foreach((json_t *)services, i, s) {
		int r = out ? add_source(l, s, false) : 0;
		if (r == 0 && err)
			r = add_source(l, s, true);
		if (r < 0)
			return r;
	}
	return 0;
}

static void logs_done(struct logs *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].path);
	}
	free(l->v);
}

/* The last lines of all, then, unless `once`, what comes. */
static int show(struct logs *l, size_t lines, bool once)
{
	struct follow *f = NULL;
	int r = follow_new(on_line, on_batch, NULL, &f);
	size_t followed = 0;
	for (size_t i = 0; i < l->n && r == 0; i++) {
		int one = follow_add(f, l->v[i].path, lines, &l->v[i]);
		if (one < 0)
			out_error("logs: cannot read %s: %s", l->v[i].path, err_text(one));
		else
			followed++;
		if (once) /* a last line without its end is this file's, before those of the next */
			follow_finish(f);
	}
	if (r == 0 && followed == 0 && l->n > 0) {
		follow_free(f);
		return EXIT_NOT_DONE;
	}
	if (r == 0 && !once)
		r = follow_run(f);
	follow_free(f);
	if (r < 0)
		out_error("logs: %s", err_text(r));
	return r < 0 ? EXIT_NOT_DONE : EXIT_DONE;
}

static bool read_lines(const struct cli *c, size_t *ret)
{
	const char *text = options_get(&c->given, "lines");
	uint64_t n = LINES_DEFAULT;
	if (text && parse_uint(text, LINES_LIMIT, &n) < 0) {
		out_error("logs: --lines wants a number up to %d, not '%s'", LINES_LIMIT, text);
		return false;
	}
	*ret = (size_t)n;
	return true;
}

int cmd_logs(struct cli *c)
{
	size_t lines;
	if (!read_lines(c, &lines))
		return EXIT_NOT_DONE;
	struct reply r;
	int code = ask_list(c, false, &r);
	if (code != EXIT_DONE)
		return code;
	const struct options *o = &c->given;
	struct logs l = { .how = { .color = c->color, .terminal = c->box, .f = stdout } };
	l.how.format = c->json ? LOGS_JSON : options_has(o, "raw") ? LOGS_RAW : LOGS_PREFIX;
	json_t *services = look_services(r.params);
	reply_done(&r);
	int failed = services ? add_sources(&l, services, !options_has(o, "err"), !options_has(o, "out")) : -ENOMEM;
	json_decref(services);
	if (failed < 0) {
		out_error("logs: out of memory");
		code = EXIT_NOT_DONE;
	} else if (l.n == 0) {
		out_error("logs: none of these services writes a log file");
	} else {
		code = show(&l, lines, options_has(o, "nostream"));
	}
	logs_done(&l);
	return code;
}
