/* zone - see the header. A file holds the changes that are known, and a rule for all that come after the last of them. */
#include "model/zone.h"

#include "base/log.h"
#include "base/own.h"
#include "base/text.h"
#include "model/civil.h"
#include "model/textfile.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

#define FILE_MAX ((size_t)64 << 10) /* bytes; the biggest of tzdata has 4 K */
#define TEXT_MAX 128 /* bytes of a name or a rule */
#define OFFSET_MAX (26 * 3600) /* seconds; RFC 8536's bound */

/* A day of each year: "M3.5.0", "J60", "59", and the local time on it. */
struct rule_day {
	enum { DAY_WEEK, DAY_JULIAN, DAY_ZERO } kind;
	int month, week, day;
	int32_t time; /* seconds */
};

struct rule {
	bool there, summer; /* without summer only `offset` counts */
	int32_t offset, summer_offset;
	struct rule_day begin, end; /* of summer time */
};

struct change {
	int64_t at;
	int32_t offset; /* from then on */
};

struct zone {
	int32_t first; /* offset before all changes */
	size_t n;
	struct rule rule; /* after them */
	struct change changes[];
};

/* A rule, as POSIX writes TZ. Each reader moves *p and says whether it found what it reads. */

static bool read_number(const char **p, int max, int *ret)
{
	int n = 0;

	if (**p < '0' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		n = n * 10 + (**p - '0');
		if (n > max)
			return false;
	}
	*ret = n;
	return true;
}

/* "[+-]hh[:mm[:ss]]" */
static bool read_time(const char **p, int max_hours, int32_t *ret)
{
	int sign = **p == '-' ? -1 : 1, hours = 0, minutes = 0, seconds = 0;

	*p += **p == '-' || **p == '+';
	if (!read_number(p, max_hours, &hours))
		return false;
	if (**p == ':') {
		(*p)++;
		if (!read_number(p, 59, &minutes))
			return false;
		if (**p == ':') {
			(*p)++;
			if (!read_number(p, 59, &seconds))
				return false;
		}
	}
	*ret = sign * (hours * 3600 + minutes * 60 + seconds);
	return true;
}

/* "CET" or "<+0330>" */
static bool read_name(const char **p)
{
	const char *s = *p;
	size_t n = 0;

	if (*s == '<') {
		while (s[1 + n] && s[1 + n] != '>')
			n++;
		if (s[1 + n] != '>')
			return false;
		*p = s + n + 2;
	} else {
		while ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z'))
			n++;
		*p = s + n;
	}
	return n >= 3;
}

static bool read_day(const char **p, struct rule_day *d)
{
	bool good;

	*d = (struct rule_day){ .time = 2 * 3600 };
	if (**p == 'M') {
		(*p)++;
		d->kind = DAY_WEEK;
		good = read_number(p, 12, &d->month) && *(*p)++ == '.' && read_number(p, 5, &d->week) && *(*p)++ == '.' &&
		       read_number(p, 6, &d->day) && d->month > 0 && d->week > 0;
	} else if (**p == 'J') {
		(*p)++;
		d->kind = DAY_JULIAN;
		good = read_number(p, 365, &d->day) && d->day > 0;
	} else {
		d->kind = DAY_ZERO;
		good = read_number(p, 365, &d->day);
	}
	if (!good || **p != '/')
		return good;
	(*p)++;
	return read_time(p, 167, &d->time);
}

static bool read_rule(const char *p, struct rule *r)
{
	*r = (struct rule){ .there = true };
	if (!read_name(&p) || !read_time(&p, 24, &r->offset))
		return false;
	r->offset = -r->offset; /* POSIX counts westwards */
	if (*p == 0)
		return true;
	r->summer = true;
	r->summer_offset = r->offset + 3600;
	if (!read_name(&p))
		return false;
	if (*p && *p != ',') {
		if (!read_time(&p, 24, &r->summer_offset))
			return false;
		r->summer_offset = -r->summer_offset;
	}
	return *p++ == ',' && read_day(&p, &r->begin) && *p++ == ',' && read_day(&p, &r->end) && *p == 0;
}

/* Local seconds since 1970 of that day and time in a year. */
static int64_t day_in_year(const struct rule_day *d, int64_t year)
{
	int64_t days = civil_days(year, 1, 1);

	if (d->kind == DAY_WEEK) {
		int64_t first = civil_days(year, d->month, 1);
		int n = (d->day - civil_weekday(first) + 7) % 7 + (d->week - 1) * 7;

		days = first + (n < civil_month_days(year, d->month) ? n : n - 7); /* the fifth is the last */
	} else {
		days += d->day;
		/* J60 is the first of March in each year: 29 February isn't counted. */
		if (d->kind == DAY_JULIAN && (d->day < 60 || civil_month_days(year, 2) == 28))
			days--;
	}
	return days * CIVIL_DAY + d->time;
}

static struct zone_span rule_at(const struct rule *r, int64_t t)
{
	struct zone_span span = { .since = INT64_MIN, .until = INT64_MAX, .offset = r->offset };
	int64_t year = civil_of_days(civil_floor(t, CIVIL_DAY)).year;

	if (!r->summer)
		return span;
	/* South of the equator summer begins in one year and ends in the next: so the years around are looked at too. */
	for (int64_t y = year - 1; y <= year + 1; y++) {
		const struct change both[] = {
			{ day_in_year(&r->begin, y) - r->offset, r->summer_offset },
			{ day_in_year(&r->end, y) - r->summer_offset, r->offset },
		};
		for (size_t i = 0; i < ARRAY_LEN(both); i++) {
			if (both[i].at <= t && both[i].at >= span.since) {
				span.since = both[i].at;
				span.offset = both[i].offset;
			} else if (both[i].at > t && both[i].at < span.until) {
				span.until = both[i].at;
			}
		}
	}
	return span;
}

struct zone_span zone_at(const struct zone *z, int64_t t)
{
	size_t low = 0, high = z->n; /* changes before `low` are past, those from `high` on are to come */
	struct zone_span span = { .since = INT64_MIN, .until = INT64_MAX, .offset = z->first };

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (z->changes[middle].at <= t)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < z->n)
		span.until = z->changes[low].at;
	if (low > 0) {
		span.since = z->changes[low - 1].at;
		span.offset = z->changes[low - 1].offset;
	}
	if (low < z->n || !z->rule.there)
		return span;
	struct zone_span ruled = rule_at(&z->rule, t);
	if (ruled.since < span.since)
		ruled.since = span.since;
	return ruled;
}

/* A file of tzdata. */

struct counts {
	size_t utc, std, leap, time, type, chars;
};

static uint64_t big(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static bool read_counts(const uint8_t *h, struct counts *c)
{
	*c = (struct counts){ big(h + 20, 4), big(h + 24, 4), big(h + 28, 4), big(h + 32, 4), big(h + 36, 4), big(h + 40, 4) };
	return c->utc <= FILE_MAX && c->std <= FILE_MAX && c->leap <= FILE_MAX && c->time <= FILE_MAX && c->type <= 256 &&
	       c->chars <= FILE_MAX;
}

static size_t block_size(const struct counts *c, size_t width)
{
	return c->time * (width + 1) + c->type * 6 + c->chars + c->leap * (width + 4) + c->std + c->utc;
}

/* Changes of a block whose times have `width` bytes. */
static bool read_changes(const uint8_t *block, const struct counts *c, size_t width, struct zone *z)
{
	const uint8_t *kinds = block + c->time * width, *types = kinds + c->time;

	z->first = (int32_t)big(types, 4);
	for (size_t i = 0; i < c->time; i++) {
		int64_t at = width == 8 ? (int64_t)big(block + i * 8, 8) : (int32_t)big(block + i * 4, 4);

		if (kinds[i] >= c->type || (i > 0 && at <= z->changes[i - 1].at))
			return false;
		z->changes[i] = (struct change){ .at = at, .offset = (int32_t)big(types + (size_t)kinds[i] * 6, 4) };
		if (z->changes[i].offset > OFFSET_MAX || z->changes[i].offset < -OFFSET_MAX)
			return false;
	}
	z->n = c->time;
	return z->first <= OFFSET_MAX && z->first >= -OFFSET_MAX;
}

/* The rule between the two newlines at the end; none is fine, one that isn't understood is not. */
static bool read_footer(const uint8_t *data, size_t n, struct rule *ret)
{
	char rule[TEXT_MAX];
	const uint8_t *end = n > 1 && data[0] == '\n' ? memchr(data + 1, '\n', n - 1) : NULL;
	size_t len = end ? (size_t)(end - data) - 1 : 0;

	if (!end || len >= sizeof(rule))
		return false;
	memcpy(rule, data + 1, len);
	rule[len] = 0;
	return len == 0 || read_rule(rule, ret);
}

int zone_from_bytes(const uint8_t *data, size_t n, struct zone **ret)
{
	const size_t header = 44;
	struct counts c;
	size_t at = header, width = 4;

	if (n < header || memcmp(data, "TZif", 4) != 0 || !read_counts(data, &c))
		return -EBADMSG;
	if (data[4] >= '2') { /* the same again in 64 bits */
		size_t first = header + block_size(&c, 4);

		if (n < first + header || memcmp(data + first, "TZif", 4) != 0 || !read_counts(data + first, &c))
			return -EBADMSG;
		at = first + header;
		width = 8;
	}
	/* Clocks that count leap seconds ("right/...") aren't those of the system. */
	if (n < at + block_size(&c, width) || c.type == 0 || c.leap > 0)
		return -EBADMSG;
	cleanup_free struct zone *z = calloc(1, sizeof(*z) + c.time * sizeof(z->changes[0]));
	if (!z)
		return -ENOMEM;
	if (!read_changes(data + at, &c, width, z))
		return -EBADMSG;
	at += block_size(&c, width);
	if (width == 8 && !read_footer(data + at, n - at, &z->rule))
		return -EBADMSG;
	*ret = take_ptr(&z);
	return 0;
}

int zone_from_rule(const char *rule, struct zone **ret)
{
	struct rule r;

	if (strlen(rule) >= TEXT_MAX || !read_rule(rule, &r))
		return -EINVAL;
	struct zone *z = calloc(1, sizeof(*z));
	if (!z)
		return -ENOMEM;
	z->first = r.offset;
	z->rule = r;
	*ret = z;
	return 0;
}

void zone_free(struct zone *z)
{
	free(z);
}

static int load_file(const char *path, struct zone **ret)
{
	cleanup_free char *data = NULL;
	size_t n = 0;
	int r = textfile_read(path, FILE_MAX, &data, &n, NULL);

	return r < 0 ? r : zone_from_bytes((const uint8_t *)data, n, ret);
}

/* Whether a file of ZONE_FOLDER can have this name. */
static bool is_name(const char *name)
{
	if (*name == 0 || *name == '/' || strlen(name) >= TEXT_MAX || strstr(name, ".."))
		return false;
	for (const char *p = name; *p; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9') && !strchr("_-+/", *p))
			return false;
	return true;
}

int zone_load(const char *name, struct zone **ret)
{
	char path[sizeof(ZONE_FOLDER) + 1 + TEXT_MAX];
	struct stat st;

	if (strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0)
		return zone_from_rule("UTC0", ret);
	int r = is_name(name) ? 0 : -EINVAL;
	if (r == 0) {
		(void)text_format(path, sizeof(path), ZONE_FOLDER "/%s", name);
		r = load_file(path, ret);
	}
	if (r == 0 || r == -ENOMEM || zone_from_rule(name, ret) == 0)
		return r == -ENOMEM ? r : 0;
	return r == -ENOENT && stat(ZONE_FOLDER, &st) < 0 ? -ENODATA : r;
}

int zone_load_own(const char *tz, struct zone **ret)
{
	int r;

	if (tz && *tz == ':')
		tz++;
	if (!tz)
		r = load_file("/etc/localtime", ret);
	else if (*tz == '/')
		r = load_file(tz, ret);
	else
		r = zone_load(*tz ? tz : "UTC", ret);
	return r == 0 || r == -ENOMEM ? r : zone_from_rule("UTC0", ret);
}

const char *zone_fault(int r)
{
	switch (r) {
	case -EINVAL:
		return "no name of a time zone";
	case -ENOENT:
		return "there is no such time zone in " ZONE_FOLDER;
	case -ENODATA:
		return "there is no " ZONE_FOLDER " here: install tzdata, or write UTC or a rule";
	case -EBADMSG:
		return "its file in " ZONE_FOLDER " is none of a time zone";
	}
	return r == -EISDIR ? "a folder of " ZONE_FOLDER ", not a time zone" : err_text(r);
}
