#include "tools/logd/line.h"

#include "base/text.h"

#include <time.h>

const char *line_time(usec_t wall, char buf[LINE_TIME_MAX])
{
	time_t seconds = (time_t)(wall / USEC_SEC);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		tm = (struct tm){ .tm_mday = 1, .tm_year = 70 };
	(void)text_format(buf, LINE_TIME_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ", tm.tm_year + 1900, tm.tm_mon + 1,
			  tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned int)(wall % USEC_SEC));
	return buf;
}

/* Bytes of the character at s, 0: no UTF-8 (overlong forms, surrogates and what is above U+10FFFF aren't either). */
static size_t char_length(const unsigned char *s, size_t n)
{
	unsigned char lead = s[0];
	size_t len = lead < 0x80 ? 1 : lead >= 0xc2 && lead <= 0xdf ? 2 : (lead & 0xf0) == 0xe0 ? 3 :
		     lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;

	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((lead == 0xe0 && s[1] < 0xa0) || (lead == 0xed && s[1] > 0x9f) || (lead == 0xf0 && s[1] < 0x90) ||
	    (lead == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

static size_t put(char *to, const char *from, size_t n)
{
	memcpy(to, from, n);
	return n;
}

/* A control byte, a quote or a backslash. Bytes written, 6 at most. */
static size_t put_escape(char *to, unsigned char b)
{
	static const char hex[] = "0123456789abcdef";
	static const char *const names = "btn.fr"; /* from 8 on; 11 has none */

	to[0] = '\\';
	if (b == '"' || b == '\\') {
		to[1] = (char)b;
		return 2;
	}
	if (b >= 8 && b <= 13 && b != 11) {
		to[1] = names[b - 8];
		return 2;
	}
	(void)put(to + 1, "u00", 3);
	to[4] = hex[b >> 4];
	to[5] = hex[b & 15];
	return 6;
}

/* A log is ASCII for the most part, and then nothing but a copy. */
static bool is_clean(unsigned char b)
{
	return b >= 0x20 && b < 0x7f && b != '"' && b != '\\';
}

/* Of each of eight bytes the highest bit is set where it may be unclean, and for certain where none before it is. */
static uint64_t unclean(uint64_t v)
{
	static const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
	uint64_t quote = v ^ (ones * '"'), backslash = v ^ (ones * '\\'), del = v ^ (ones * 0x7f);

	return (v | ((v - ones * 0x20) & ~v) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((del - ones) & ~del)) & high;
}

/* How many bytes from s on are clean: by eights, as this is most of the work of a log of JSON. */
static size_t clean_run(const unsigned char *s, size_t n)
{
	size_t run = 0;
	uint64_t v;

	for (; n - run >= sizeof(v); run += sizeof(v)) {
		memcpy(&v, s + run, sizeof(v));
		if (unclean(v))
			break;
	}
	while (run < n && is_clean(s[run]))
		run++;
	return run;
}

static size_t put_text(char *to, const char *text, size_t n, bool *ret_broken)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = 0;

	for (size_t i = 0; i < n;) {
		size_t run = clean_run(s + i, n - i);
		len += put(to + len, text + i, run);
		i += run;
		if (i == n)
			break;
		size_t c = char_length(s + i, n - i);
		if (c == 0) {
			len += put(to + len, "\xef\xbf\xbd", 3);
			*ret_broken = true;
			i++;
		} else if (c == 1 && s[i] != 0x7f) {
			len += put_escape(to + len, s[i++]);
		} else {
			len += put(to + len, text + i, c);
			i += c;
		}
	}
	return len;
}

static size_t put_base64(char *to, const char *text, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	enum { NOTHING = 64 };
	const unsigned char *s = (const unsigned char *)text;
	size_t len = 0;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t v = (uint32_t)s[i] << 16 | (left > 1 ? (uint32_t)s[i + 1] << 8 : 0) | (left > 2 ? s[i + 2] : 0);
		to[len++] = digits[v >> 18];
		to[len++] = digits[v >> 12 & 63];
		to[len++] = digits[left > 1 ? v >> 6 & 63 : NOTHING];
		to[len++] = digits[left > 2 ? v & 63 : NOTHING];
	}
	return len;
}

size_t line_json_head(const struct line *l, char *buf, size_t size)
{
	char time[LINE_TIME_MAX], name[6 * LINE_NAME_MAX + 1];
	bool broken = false;
	size_t n = strlen(l->service);

	name[put_text(name, l->service, n < LINE_NAME_MAX ? n : LINE_NAME_MAX, &broken)] = 0;
	int r = text_format(buf, size, "{\"time\":\"%s\",\"service\":\"%s\",\"instance\":%u,\"stream\":\"%s\",\"pid\":%d,\"message\":\"",
			    line_time(l->time, time), name, (unsigned int)l->instance, l->err ? "stderr" : "stdout", (int)l->pid);
	return r < 0 ? 0 : strlen(buf);
}

size_t line_json_text(const char *text, size_t n, bool partial, char *buf, size_t size)
{
	bool broken = false;

	if (size < LINE_TEXT_MAX(n))
		return 0;
	size_t len = put_text(buf, text, n, &broken);
	len += put(buf + len, "\"", 1);
	if (broken) {
		len += put(buf + len, ",\"message_base64\":\"", 19);
		len += put_base64(buf + len, text, n);
		len += put(buf + len, "\"", 1);
	}
	if (partial)
		len += put(buf + len, ",\"partial\":true", 15);
	return len + put(buf + len, "}", 1);
}

size_t line_json(const struct line *l, char *buf, size_t size)
{
	size_t head = line_json_head(l, buf, size);
	size_t text = head ? line_json_text(l->text, l->n, l->partial, buf + head, size - head) : 0;

	return text ? head + text : 0;
}

size_t line_cut(const char *text, size_t n, size_t max)
{
	if (n <= max)
		return n;
	for (size_t back = 0; back < 4 && back < max; back++)
		if (((unsigned char)text[max - back] & 0xc0) != 0x80)
			return max - back;
	return max;
}
