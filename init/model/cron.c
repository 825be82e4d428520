/* cron - see the header.
 *
 * cron_next() goes through the stretches of time in which the zone has one offset: within one, local time is UTC and a
 * constant, and the next match is a question of the calendar alone. What a change of the clock leaves out or
 * repeats is dealt with where two stretches meet. */
#include "model/cron.h"

#include "base/banned.h"
#include "base/parse.h"
#include "base/text.h"
#include "model/civil.h"

#include <errno.h>
#include <strings.h>

/* Leap days are up to 8 years apart, and up to 12 those that are to be a certain day of the week too. */
#define SEARCH_YEARS 20
#define NO_MATCH INT64_MAX

struct field {
	const char *name, *allowed;
	int min, max;
	const char *names; /* three letters each, from `min` on; NULL: none */
};

enum { SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const struct field fields[FIELDS] = {
	[SECOND] = { "second", "0 to 59", 0, 59, NULL },
	[MINUTE] = { "minute", "0 to 59", 0, 59, NULL },
	[HOUR] = { "hour", "0 to 23", 0, 23, NULL },
	[DAY] = { "day of month", "1 to 31", 1, 31, NULL },
	[MONTH] = { "month", "1 to 12 or jan to dec", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec" },
	[WEEKDAY] = { "day of week", "0 to 7 or sun to sat; 0 and 7 are Sunday", 0, 7, "sunmontuewedthufrisat" },
};

struct word {
	const char *at;
	size_t n;
};

static int __attribute__((format(printf, 3, 4))) refuse(char *fault, size_t size, const char *fmt, ...)
{
	struct text t;
	va_list ap;

	text_init(&t, fault, size);
	va_start(ap, fmt);
	(void)text_vaddf(&t, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* A number or a name at the beginning of w, which loses it. -EINVAL, -ERANGE. */
static int take_value(const struct field *f, struct word *w, int *ret)
{
	int n = 0;
	size_t len = 0;

	for (; len < w->n && w->at[len] >= '0' && w->at[len] <= '9'; len++)
		n = n < 1000 ? n * 10 + (w->at[len] - '0') : n;
	if (len == 0 && f->names && w->n >= 3) {
		for (const char *name = f->names; *name && len == 0; name += 3, n++)
			if (strncasecmp(name, w->at, 3) == 0)
				len = 3;
		n += f->min - 1;
	}
	if (len == 0)
		return -EINVAL;
	if (n < f->min || n > f->max)
		return -ERANGE;
	w->at += len;
	w->n -= len;
	*ret = n;
	return 0;
}

/* One element of a list: "*", "5", "1-10", each with "/STEP" or without; "5/10" is "5-MAX/10". */
static int parse_element(const struct field *f, struct word w, uint64_t *bits, char *fault, size_t size)
{
	const struct word whole = w;
	const int shown = (int)(w.n < 32 ? w.n : 32);
	int low = f->min, high = f->max, step = 1, r = 0;
	bool is_day = f == &fields[DAY] || f == &fields[WEEKDAY];

	if (w.n > 0 && (*w.at == '*' || (*w.at == '?' && is_day))) {
		w.at++;
		w.n--;
		high = f == &fields[WEEKDAY] ? 6 : high;
	} else {
		r = take_value(f, &w, &low);
		if (r == 0 && w.n > 0 && *w.at == '-') {
			w.at++;
			w.n--;
			r = take_value(f, &w, &high);
			if (f == &fields[WEEKDAY] && high == 0)
				high = 7; /* fri-sun */
		} else if (r == 0 && (w.n == 0 || *w.at != '/')) {
			high = low;
		}
	}
	if (r == 0 && w.n > 0 && *w.at == '/') {
		struct field steps = { .min = 1, .max = f->max };

		w.at++;
		w.n--;
		if (take_value(&steps, &w, &step) < 0)
			return refuse(fault, size, "%s: '%.*s': a step is 1 to %d", f->name, shown, whole.at, f->max);
	}
	if (r == -ERANGE)
		return refuse(fault, size, "%s: '%.*s' is out of range (allowed: %s)", f->name, shown, whole.at, f->allowed);
	if (r < 0 || w.n > 0)
		return refuse(fault, size, "%s: '%.*s' is not understood (allowed: %s, lists, ranges, steps, *)", f->name, shown,
			      whole.at, f->allowed);
	if (low > high)
		return refuse(fault, size, "%s: the range '%.*s' goes backwards", f->name, shown, whole.at);
	for (int i = low; i <= high; i += step)
		*bits |= UINT64_C(1) << i;
	return 0;
}

static int parse_field(const struct field *f, struct word w, uint64_t *bits, char *fault, size_t size)
{
	*bits = 0;
	for (;;) {
		const char *comma = memchr(w.at, ',', w.n);
		struct word element = { w.at, comma ? (size_t)(comma - w.at) : w.n };
		int r = parse_element(f, element, bits, fault, size);

		if (r < 0 || !comma)
			return r;
		w.n -= element.n + 1;
		w.at = comma + 1;
	}
}

static int parse_every(const char *span, struct cron *c, char *fault, size_t size)
{
	span += strspn(span, " \t");
	if (parse_duration(span, &c->every) < 0)
		return refuse(fault, size, "@every: '%.32s' is no time (such as 90s or 1h30m)", span);
	if (c->every < USEC_SEC || c->every > CRON_EVERY_MAX || c->every % USEC_SEC)
		return refuse(fault, size, "@every: whole seconds, 1s to 366d");
	return 0;
}

/* What a word stands for, or NULL. */
static const char *word_means(const char *word)
{
	static const struct {
		const char *word, *means;
	} words[] = {
		{ "@yearly", "0 0 1 1 *" }, { "@annually", "0 0 1 1 *" }, { "@monthly", "0 0 1 * *" },
		{ "@weekly", "0 0 * * 0" }, { "@daily", "0 0 * * *" },	  { "@midnight", "0 0 * * *" },
		{ "@hourly", "0 * * * *" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcasecmp(words[i].word, word) == 0)
			return words[i].means;
	return NULL;
}

int cron_parse(const char *text, struct cron *ret, char *fault, size_t size)
{
	struct word words[FIELDS];
	uint64_t bits[FIELDS] = { [SECOND] = 1 };
	struct cron c = { 0 };
	size_t n = 0;

	if (strncasecmp(text, "@every", 6) == 0 && (text[6] == ' ' || text[6] == '\t' || text[6] == 0)) {
		int r = parse_every(text + 6, &c, fault, size);
		if (r == 0)
			*ret = c;
		return r;
	}
	if (*text == '@') {
		const char *means = word_means(text);
		return means ? cron_parse(means, ret, fault, size) :
			       refuse(fault, size, "'%.32s' is not known (allowed: " CRON_ALLOWED ")", text);
	}
	for (const char *p = text + strspn(text, " \t"); *p; n++) {
		size_t len = strcspn(p, " \t");
		if (n < FIELDS)
			words[n] = (struct word){ p, len };
		p += len;
		p += strspn(p, " \t");
	}
	if (n != FIELDS && n != FIELDS - 1)
		return refuse(fault, size, "%zu field%s (allowed: " CRON_ALLOWED ")", n, n == 1 ? "" : "s");
	const size_t skipped = FIELDS - n; /* 1: no seconds */
	for (size_t i = skipped; i < FIELDS; i++) {
		int r = parse_field(&fields[i], words[i - skipped], &bits[i], fault, size);
		if (r < 0)
			return r;
	}
	c.seconds = bits[SECOND];
	c.minutes = bits[MINUTE];
	c.hours = (uint32_t)bits[HOUR];
	c.days = (uint32_t)bits[DAY];
	c.months = (uint16_t)bits[MONTH];
	c.weekdays = (uint8_t)((bits[WEEKDAY] | bits[WEEKDAY] >> 7) & 0x7f);
	c.either = !strchr("*?", *words[DAY - skipped].at) && !strchr("*?", *words[WEEKDAY - skipped].at);
	*ret = c;
	return 0;
}

bool cron_is_steady(const struct cron *c)
{
	return c->every > 0 || c->hours == (UINT32_C(1) << 24) - 1;
}

static bool is_day(const struct cron *c, const struct civil *d, int64_t days)
{
	bool by_month = c->days >> d->day & 1, by_week = c->weekdays >> civil_weekday(days) & 1;

	return (c->months >> d->month & 1) && (c->either ? by_month || by_week : by_month && by_week);
}

/* The lowest bit of `bits` that is `from` or higher; -1: none. */
static int bit_from(uint64_t bits, int from)
{
	uint64_t rest = from < 64 ? bits >> from << from : 0;

	return rest ? __builtin_ctzll(rest) : -1;
}

/* The first time of day that matches, from `second` on; -1: none on that day any more. */
static int64_t time_from(const struct cron *c, int64_t second)
{
	int h = (int)(second / 3600), m = (int)(second / 60 % 60), s = (int)(second % 60);
	int hour = bit_from(c->hours, h);

	for (; hour >= 0; hour = bit_from(c->hours, hour + 1)) {
		int minute = bit_from(c->minutes, hour == h ? m : 0);

		for (; minute >= 0; minute = bit_from(c->minutes, minute + 1)) {
			int at = bit_from(c->seconds, hour == h && minute == m ? s : 0);
			if (at >= 0)
				return hour * 3600 + minute * 60 + at;
		}
	}
	return -1;
}

/* The first match in local[from, before), in local seconds since 1970. NO_MATCH: none. */
static int64_t match(const struct cron *c, int64_t from, int64_t before)
{
	int64_t days = civil_floor(from, CIVIL_DAY), second = from - days * CIVIL_DAY;

	while (days * CIVIL_DAY < before) {
		struct civil d = civil_of_days(days);
		int64_t at = -1;

		if (!(c->months >> d.month & 1)) {
			days += civil_month_days(d.year, d.month) - d.day;
		} else if (is_day(c, &d, days)) {
			at = time_from(c, second);
			if (at >= 0)
				return days * CIVIL_DAY + at < before ? days * CIVIL_DAY + at : NO_MATCH;
		}
		days++;
		second = 0;
	}
	return NO_MATCH;
}

usec_t cron_next(const struct cron *c, const struct zone *z, usec_t from)
{
	if (c->every > 0)
		return (from / c->every + 1) * c->every;

	int64_t t = (int64_t)(from / USEC_SEC) + 1;
	const int64_t last = t + (int64_t)SEARCH_YEARS * 366 * CIVIL_DAY;
	const bool steady = cron_is_steady(c);

	while (t < last) {
		struct zone_span now = zone_at(z, t);
		int64_t until = now.until < last ? now.until : last;
		int64_t local = t + now.offset;

		if (!steady && now.since != INT64_MIN) {
			int32_t before = zone_at(z, now.since - 1).offset;

			/* Left out: local times from since + before to since + offset. */
			if (t == now.since && now.offset > before &&
			    match(c, t + before, t + now.offset) != NO_MATCH)
				return (usec_t)t * USEC_SEC;
			/* Shown again: local times below since + before. */
			if (local < now.since + before)
				local = now.since + before;
		}
		int64_t at = match(c, local, until + now.offset);
		if (at != NO_MATCH)
			return (usec_t)(at - now.offset) * USEC_SEC;
		t = until;
	}
	return USEC_NEVER;
}
