/* logshow - see the header. */
#include "tools/cli/logshow.h"

#include "base/banned.h"
#include "base/own.h"
#include "tools/cli/logpick.h"
#include "tools/cli/out.h"

#include <string.h>
#include <time.h>

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

void logshow_tame(FILE *f, const char *s, size_t n)
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

/* "2026-11-24T10:11:12.123Z", or the format that was asked for; NULL: it isn't known. */
static json_t *json_time(const struct logshow *how, const struct logline *l)
{
	char buf[STAMP_MAX], day[32];
	time_t seconds = (time_t)(l->wall / USEC_SEC);
	struct tm tm;

	if (!l->timed)
		return json_null();
	size_t n = stamp_format(how->stamp, l->wall, buf, sizeof(buf));
	if (n > 0)
		return json_stringn(buf, n);
	if (!gmtime_r(&seconds, &tm) || strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return json_null();
	return json_sprintf("%s.%03uZ", day, (unsigned int)(l->wall % USEC_SEC / USEC_MS));
}

static void print_json(const struct logshow_source *s, const struct logline *l, bool err)
{
	json_t *message = json_stringn(l->s, l->n);
	if (!message) { /* no UTF-8 */
		cleanup_free char *text = strndup(l->s, l->n);
		cleanup_free char *safe = text ? out_safe_dup(text) : NULL;
		message = json_string(safe ? safe : "");
	}
	json_t *o = json_pack("{s:o, s:o, s:s, s:I, s:s}", "message", message, "timestamp", json_time(s->how, l), "type",
			      err ? "err" : "out", "process_id", (json_int_t)s->id, "app_name", s->name);
	if (o)
		(void)json_dumpf(o, s->how->f, JSON_COMPACT);
	json_decref(o);
}

size_t logshow_width(const struct logshow_source *s)
{
	char id[24];
	(void)text_format(id, sizeof(id), "%lld", s->id);
	return strlen(id) + 1 + out_width(s->name);
}

/* Of each service its own, as long as there are; red is standard error's. */
static const char *color_of(long long id)
{
	static const char *const colors[] = { "\033[36m", "\033[32m", "\033[33m", "\033[34m", "\033[35m",
					      "\033[96m", "\033[92m", "\033[93m", "\033[94m", "\033[95m" };

	return colors[(unsigned long long)id % ARRAY_LEN(colors)];
}

static void print_prefix(const struct logshow_source *s, bool err)
{
	const struct logshow *how = s->how;
	size_t w = logshow_width(s);

	(void)fprintf(how->f, "%s%lld|", how->color ? color_of(s->id) : "", s->id);
	out_safe(how->f, s->name);
	(void)fprintf(how->f, "%*s %s| %s", w < how->width ? (int)(how->width - w) : 0, "", how->color && err ? COLOR_RED : "",
		      how->color ? COLOR_OFF : "");
}

static void print_stamp(const struct logshow *how, const struct logline *l)
{
	char buf[STAMP_MAX];
	size_t n = how->stamp[0] && l->timed ? stamp_format(how->stamp, l->wall, buf, sizeof(buf)) : 0;

	if (n > 0)
		(void)fprintf(how->f, "%.*s: ", (int)n, buf);
	else if (how->stamp[0])
		(void)fputs("?: ", how->f);
}

static void print_part(const struct logshow *how, const char *s, size_t n)
{
	if (how->terminal && how->format != LOGSHOW_RAW)
		logshow_tame(how->f, s, n);
	else
		(void)fwrite(s, 1, n, how->f);
}

/* Text without colours of its own. */
static void print_marked(const struct logshow *how, const char *s, size_t n, bool begins)
{
	size_t from = 0;
	regmatch_t m;

	for (size_t at = 0; at <= n && logpick_match(how->highlight, s, n, at, begins, &m);) {
		size_t so = (size_t)m.rm_so, eo = (size_t)m.rm_eo;
		if (eo == so) { /* nothing to be marked */
			at = eo + 1;
			continue;
		}
		print_part(how, s + from, so - from);
		(void)fputs("\033[7m", how->f);
		print_part(how, s + so, eo - so);
		(void)fputs("\033[27m", how->f);
		from = at = eo;
	}
	print_part(how, s + from, n - from);
}

static void print_text(const struct logshow *how, const char *s, size_t n)
{
	size_t from = 0;

	if (!how->highlight || !how->color) {
		print_part(how, s, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		size_t color = color_length(s + i, n - i);
		if (color == 0)
			continue;
		print_marked(how, s + from, i - from, from == 0);
		(void)fwrite(s + i, 1, color, how->f);
		from = i + color;
		i = from - 1;
	}
	print_marked(how, s + from, n - from, from == 0);
}

void logshow_line(const struct logshow_source *s, const struct logline *l)
{
	const struct logshow *how = s->how;
	bool err = l->stream == LOGLINE_UNKNOWN ? s->err : l->stream == LOGLINE_ERR;

	if (how->format == LOGSHOW_JSON) {
		print_json(s, l, err);
	} else {
		if (how->format == LOGSHOW_PREFIX)
			print_prefix(s, err);
		print_stamp(how, l);
		print_text(how, l->s, l->n);
	}
	(void)fputc('\n', how->f);
}
