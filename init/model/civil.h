/* civil - days of the Gregorian calendar, as numbers. Pure. */
#ifndef PM1_MODEL_CIVIL_H
#define PM1_MODEL_CIVIL_H

#include <stdint.h>

#define CIVIL_DAY 86400 /* seconds */

struct civil {
	int64_t year;
	int month; /* 1..12 */
	int day; /* 1..31 */
};

int64_t civil_days(int64_t year, int month, int day); /* since 1970-01-01 */
struct civil civil_of_days(int64_t days);
int civil_weekday(int64_t days); /* 0: Sunday */
int civil_month_days(int64_t year, int month);
int64_t civil_floor(int64_t seconds, int64_t unit); /* seconds / unit, rounded down below 0 too */

#endif
