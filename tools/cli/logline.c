#include "tools/cli/logline.h"

#include "base/banned.h"
#include "base/own.h"
#include "tools/cli/logtime.h"
#include "tools/cli/look.h"
#include "tools/cli/tail.h"

#include <errno.h>
#include <jansson.h>

static int digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* In place; false: it isn't base64. */
static bool decode(char *s, size_t *n)
{
	size_t len = 0, left = *n;
	unsigned int bits = 0, held = 0;

	while (left > 0 && s[left - 1] == '=')
		left--;
	for (size_t i = 0; i < left; i++) {
		int v = digit(s[i]);
		if (v < 0)
			return false;
		held = held << 6 | (unsigned int)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			s[len++] = (char)(held >> bits & 0xff);
		}
	}
	*n = len;
	return true;
}

static bool is_object(const char *line, size_t n)
{
	static const char begin[] = "{\"time\":\"";

	return n > sizeof(begin) && memcmp(line, begin, sizeof(begin) - 1) == 0 && line[n - 1] == '}';
}

/* Stores what the object says; false: it is no line of a log. */
static bool read_object(json_t *o, struct logline *ret)
{
	const char *stream = look_str(o, "stream", "");
	const json_t *message = look(o, "message"), *exact = look(o, "message_base64");
	usec_t wall;

	if (!json_is_string(message) || logtime_stamp(look_str(o, "time", ""), &wall) < 0)
		return false;
	*ret = (struct logline){ .s = json_string_value(message), .n = json_string_length(message), .wall = wall, .timed = true };
	ret->stream = strcmp(stream, "stdout") == 0 ? LOGLINE_OUT : strcmp(stream, "stderr") == 0 ? LOGLINE_ERR : LOGLINE_UNKNOWN;
	if (json_is_string(exact)) {
		size_t n = json_string_length(exact);
		char *s = (char *)json_string_value(exact); /* ours, and shown nowhere else */
		if (decode(s, &n)) {
			ret->s = s;
			ret->n = n;
		}
	}
	return true;
}

static int append(struct logjoin *j, const struct logline *l)
{
	size_t need = j->pending.n + l->n;

	if (need > j->size) {
		char *bigger = realloc(j->buf, need * 2);
		if (!bigger)
			return -ENOMEM;
		j->buf = bigger;
		j->size = need * 2;
	}
	if (l->n > 0)
		memcpy(j->buf + j->pending.n, l->s, l->n);
	j->pending.n = need;
	j->pending.s = j->buf;
	return 0;
}

/* Whether the object goes on with what is begun. */
static bool goes_on(const struct logjoin *j, const struct logline *l, const json_t *o)
{
	return l->stream == j->pending.stream && look_int(o, "instance", 0) == j->instance && look_int(o, "pid", 0) == j->pid &&
	       j->pending.n + l->n <= LINES_MAX;
}

static int join(struct logjoin *j, const struct logline *l, const json_t *o, struct logline *ret)
{
	bool partial = look_bool(o, "partial");

	if (!partial && !j->begun) {
		*ret = *l;
		return LOGJOIN_LINE;
	}
	if (!j->begun) {
		j->begun = true;
		j->pending = (struct logline){ .wall = l->wall, .timed = true, .stream = l->stream };
		j->instance = look_int(o, "instance", 0);
		j->pid = look_int(o, "pid", 0);
	} else if (!goes_on(j, l, o)) {
		(void)logjoin_end(j, ret);
		return LOGJOIN_AGAIN;
	}
	int r = append(j, l);
	if (r < 0)
		return r;
	if (partial)
		return LOGJOIN_MORE;
	(void)logjoin_end(j, ret);
	return LOGJOIN_LINE;
}

int logjoin_feed(struct logjoin *j, const char *line, size_t n, usec_t wall, bool timed, struct logline *ret)
{
	struct logline l;

	json_decref(j->object);
	j->object = is_object(line, n) ? json_loadb(line, n, JSON_ALLOW_NUL, NULL) : NULL;
	bool object = j->object && read_object(j->object, &l);
	if (object && !j->raw)
		return join(j, &l, j->object, ret);
	if (!object && logjoin_end(j, ret))
		return LOGJOIN_AGAIN;
	*ret = (struct logline){ .s = line, .n = n, .wall = wall, .timed = timed };
	if (object) {
		ret->wall = l.wall;
		ret->timed = true;
		ret->stream = l.stream;
	}
	return LOGJOIN_LINE;
}

bool logjoin_end(struct logjoin *j, struct logline *ret)
{
	if (!j->begun)
		return false;
	*ret = j->pending;
	if (!ret->s)
		ret->s = "";
	j->begun = false;
	j->pending.n = 0;
	return true;
}

void logjoin_done(struct logjoin *j)
{
	json_decref(j->object);
	free(j->buf);
	*j = (struct logjoin){ .raw = j->raw };
}
