/* cron - moments that come again, as cron writes them.
 *
 * "minute hour day-of-month month day-of-week", with seconds in front when there are six fields; @daily and its like;
 * "@every 90s". Lists, ranges, steps, names of months and days, Sunday as 0 and 7, `?` for `*` in the fields of days. When both
 * fields of days are given (neither begins with `*`), a day that matches either counts, as in cron.
 *
 * Clocks are put forward and back. With every hour in the hour field the moments are those of real time: each hour that passes
 * has its own. With certain hours they are people's: a time that a clock put forward leaves out comes once, at the first
 * moment after the gap; one that a clock put back shows twice comes the first time alone. "@every" counts from 1970 in UTC, so
 * that its moments don't depend on when pm1 was started. Pure. */
#ifndef PM1_MODEL_CRON_H
#define PM1_MODEL_CRON_H

#include "base/clock.h"
#include "model/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRON_TEXT_MAX 256 /* bytes of an expression */
#define CRON_EVERY_MAX (366 * 86400 * USEC_SEC)
#define CRON_ALLOWED "5 fields, 6 with seconds in front, @hourly @daily @weekly @monthly @yearly, or @every TIME"

struct cron {
	uint64_t seconds, minutes; /* a bit each */
	uint32_t hours;
	uint32_t days; /* of the month, bits 1..31 */
	uint16_t months; /* bits 1..12 */
	uint8_t weekdays; /* bits 0..6, 0 is Sunday */
	bool either; /* a day that matches `days` or `weekdays`; else both */
	usec_t every; /* @every; 0: all of the above */
};

/* 0, or -EINVAL with what is wrong, and in which field, in fault[size]. */
int cron_parse(const char *text, struct cron *ret, char *fault, size_t size);

/* The first moment after `from`, microseconds since 1970; USEC_NEVER: none within 20 years (30 February). */
usec_t cron_next(const struct cron *c, const struct zone *z, usec_t from);

/* Whether its moments are those of real time: every hour, or @every. */
bool cron_is_steady(const struct cron *c);

#endif
