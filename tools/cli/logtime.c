#include "tools/cli/logtime.h"

#include "base/banned.h"
#include "base/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

/* Exactly n digits. */
static bool number(const char **s, int n, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		char c = (*s)[i];
		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (c - '0');
	}
	*s += n;
	*ret = v;
	return true;
}

static bool character(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* Digits behind a point, as microseconds; what is finer is dropped. */
static bool fraction(const char **s, usec_t *ret)
{
	usec_t worth = USEC_SEC / 10;

	if (**s < '0' || **s > '9')
		return false;
	for (*ret = 0; **s >= '0' && **s <= '9'; (*s)++, worth /= 10)
		*ret += (usec_t)(**s - '0') * worth;
	return true;
}

/* "Z", "+02:00", "+0200", or nothing: local. */
static bool zone(const char **s, bool *ret_local, long *ret_east)
{
	int h, m;

	*ret_local = **s == '\0';
	*ret_east = 0;
	if (*ret_local || character(s, 'Z'))
		return true;
	bool west = **s == '-';
	if (!character(s, '+') && !character(s, '-'))
		return false;
	if (!number(s, 2, &h) || (character(s, ':'), !number(s, 2, &m)) || h > 14 || m > 59)
		return false;
	*ret_east = (h * 60L + m) * 60 * (west ? -1 : 1);
	return true;
}

int logtime_stamp(const char *s, usec_t *ret)
{
	struct tm tm = { .tm_isdst = -1 };
	usec_t usec = 0;
	bool local;
	long east;

	if (!number(&s, 4, &tm.tm_year) || !character(&s, '-') || !number(&s, 2, &tm.tm_mon) || !character(&s, '-') ||
	    !number(&s, 2, &tm.tm_mday))
		return -EINVAL;
	if (character(&s, 'T') || character(&s, ' ')) {
		if (!number(&s, 2, &tm.tm_hour) || !character(&s, ':') || !number(&s, 2, &tm.tm_min))
			return -EINVAL;
		if (character(&s, ':') && (!number(&s, 2, &tm.tm_sec) || (character(&s, '.') && !fraction(&s, &usec))))
			return -EINVAL;
	}
	if (!zone(&s, &local, &east) || *s)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return -ERANGE;
	/* The 31st of February would become a day of March. */
	struct tm want = tm;
	time_t day = timegm(&want);
	if (tm.tm_mon != want.tm_mon && tm.tm_sec != 60)
		return -ERANGE;
	time_t t = local ? mktime(&tm) : day - east;
	if (t < 0)
		return -ERANGE;
	*ret = (usec_t)t * USEC_SEC + usec;
	return 0;
}

static int since_1970(const char *s, usec_t *ret)
{
	usec_t seconds = 0, usec = 0;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	for (; *s >= '0' && *s <= '9'; s++) {
		seconds = seconds * 10 + (usec_t)(*s - '0');
		if (seconds > INT64_MAX / USEC_SEC)
			return -ERANGE;
	}
	if (character(&s, '.') && !fraction(&s, &usec))
		return -EINVAL;
	if (*s)
		return -EINVAL;
	*ret = seconds * USEC_SEC + usec;
	return 0;
}

int logtime_parse(const char *s, usec_t now, usec_t *ret)
{
	usec_t span;
	size_t n = strlen(s);

	if (s[0] == '@')
		return since_1970(s + 1, ret);
	/* "10" alone would be milliseconds: nobody means that here. */
	if (n > 0 && strspn(s, "0123456789") < n && parse_duration(s, &span) == 0) {
		*ret = span < now ? now - span : 0;
		return 0;
	}
	return logtime_stamp(s, ret);
}
