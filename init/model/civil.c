/* civil - see the header. Years are counted from March here, so that the day that comes and goes is the last of its
 * year; 400 years always have the same number of days. */
#include "model/civil.h"

#include <stdbool.h>

#define ERA_DAYS 146097 /* 400 years */
#define ERA_TO_1970 719468 /* days from 0000-03-01 to 1970-01-01 */

int64_t civil_floor(int64_t seconds, int64_t unit)
{
	return seconds / unit - (seconds % unit < 0);
}

int64_t civil_days(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = civil_floor(y, 400);
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - ERA_TO_1970;
}

struct civil civil_of_days(int64_t days)
{
	int64_t d = days + ERA_TO_1970;
	int64_t era = civil_floor(d, ERA_DAYS);
	int64_t day = d - era * ERA_DAYS;
	int64_t year = (day - day / 1460 + day / 36524 - day / (ERA_DAYS - 1)) / 365;
	int64_t of_year = day - (365 * year + year / 4 - year / 100);
	int64_t m = (5 * of_year + 2) / 153;
	int month = (int)(m < 10 ? m + 3 : m - 9);

	return (struct civil){ .year = era * 400 + year + (month <= 2),
			       .month = month,
			       .day = (int)(of_year - (153 * m + 2) / 5 + 1) };
}

int civil_weekday(int64_t days)
{
	return (int)(days + 4 - civil_floor(days + 4, 7) * 7);
}

int civil_month_days(int64_t year, int month)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return lengths[month - 1] + (month == 2 && leap);
}
