/* Time zones: our reading of tzdata and of rules beside glibc's, and broken files. */
#include "model/zone.h"

#include "base/banned.h"
#include "model/civil.h"
#include "tests/model/walltime.h"

#include <criterion/criterion.h>
#include <errno.h>

Test(civil, days_there_and_back_agree_with_the_c_library)
{
	for (int64_t days = -800000; days < 800000; days += 13) {
		time_t t = (time_t)(days * CIVIL_DAY);
		struct civil d = civil_of_days(days);
		struct tm tm;

		cr_assert_not_null(gmtime_r(&t, &tm));
		cr_assert(d.year == tm.tm_year + 1900 && d.month == tm.tm_mon + 1 && d.day == tm.tm_mday, "%lld", (long long)days);
		cr_assert_eq(civil_days(d.year, d.month, d.day), days);
		cr_assert_eq(civil_weekday(days), tm.tm_wday);
		cr_assert_leq(d.day, civil_month_days(d.year, d.month));
	}
}

static const char *const zones[] = {
	"UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/St_Johns", "Asia/Kolkata",
	"Asia/Tokyo", "Asia/Beirut", "Asia/Kathmandu", "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Apia",
	"America/Santiago", "Africa/Casablanca", "Africa/Cairo", "Etc/GMT+5", "CET-1CEST,M3.5.0,M10.5.0/3",
	"<+0330>-3:30<+0430>,J79/24,J263/24", "EST5EDT4,69,J305/1:30:00", "NZST-12NZDT,M9.5.0,M4.1.0/3", "JST-9",
};

Test(zone, offsets_are_those_of_the_c_library_from_1970_to_2100)
{
	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
		struct zone *z = NULL;

		cr_assert_eq(zone_load(zones[i], &z), 0, "%s", zones[i]);
		setenv("TZ", zones[i], 1);
		tzset();
		for (int64_t t = 0; t < INT64_C(130) * 366 * CIVIL_DAY; t += 9 * 3600 + 1800) {
			time_t at = (time_t)t;
			struct tm tm;

			cr_assert_not_null(localtime_r(&at, &tm));
			struct zone_span s = zone_at(z, t);
			cr_assert_eq(s.offset, tm.tm_gmtoff, "%s at %lld: %d, not %ld", zones[i], (long long)t, s.offset, tm.tm_gmtoff);
			cr_assert(s.since <= t && t < s.until, "%s at %lld", zones[i], (long long)t);
		}
		zone_free(z);
	}
}

Test(zone, a_stretch_ends_where_the_next_begins)
{
	struct zone *z;

	cr_assert_eq(zone_load("Europe/Berlin", &z), 0);
	for (int64_t t = 0; t < INT64_C(100) * 366 * CIVIL_DAY;) {
		struct zone_span s = zone_at(z, t);

		cr_assert_neq(s.until, INT64_MAX);
		cr_assert_eq(zone_at(z, s.until).since, s.until);
		cr_assert_eq(zone_at(z, s.until - 1).offset, s.offset);
		t = s.until;
	}
	zone_free(z);
}

Test(zone, names_that_are_none_are_told_apart)
{
	static const struct {
		const char *name;
		int r;
	} wrong[] = {
		{ "Europe/Berln", -ENOENT }, { "Europe", -EISDIR }, { "../../../etc/passwd", -EINVAL }, { "/etc/passwd", -EINVAL },
		{ "", -EINVAL }, { "zone.tab", -EINVAL }, { "Europe/Ber lin", -EINVAL }, { "tzdata", -ENOENT },
		{ "CET-1CEST", -ENOENT }, { "CET-1CEST,M3.5.0", -EINVAL }, { "CET-1CEST,M13.5.0,M10.5.0", -EINVAL },
		{ "CET-99", -ENOENT }, { "CET-1CEST,M3.5.0,M10.5.0/999", -EINVAL }, { "<+01-1", -EINVAL },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct zone *z = NULL;
		int r = zone_load(wrong[i].name, &z);

		cr_expect_eq(r, wrong[i].r, "%s: %d", wrong[i].name, r);
		cr_expect_null(z);
		cr_expect_not_null(zone_fault(r));
	}
}

Test(zone, a_process_without_a_zone_is_in_utc)
{
	static const char *const odd[] = { "", ":UTC", "Nowhere/Atall", "/nowhere", ":/etc/passwd" };

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct zone *z = NULL;

		cr_assert_eq(zone_load_own(odd[i], &z), 0, "%s", odd[i]);
		cr_expect_eq(zone_at(z, 0).offset, 0);
		zone_free(z);
	}
	struct zone *z = NULL;
	cr_assert_eq(zone_load_own(":Asia/Tokyo", &z), 0);
	cr_expect_eq(zone_at(z, 0).offset, 9 * 3600);
	zone_free(z);
	cr_assert_eq(zone_load_own("/usr/share/zoneinfo/Asia/Tokyo", &z), 0);
	cr_expect_eq(zone_at(z, 0).offset, 9 * 3600);
	zone_free(z);
	cr_assert_eq(zone_load_own(NULL, &z), 0);
	zone_free(z);
}

static size_t read_berlin(uint8_t *buf, size_t size)
{
	FILE *f = fopen(ZONE_FOLDER "/Europe/Berlin", "re");
	cr_assert_not_null(f, "tzdata is to be installed");
	size_t n = fread(buf, 1, size, f);

	(void)fclose(f);
	cr_assert(n > 100 && n < size);
	return n;
}

Test(zone, a_file_that_is_cut_anywhere_is_refused)
{
	static uint8_t data[65536];
	size_t n = read_berlin(data, sizeof(data));

	for (size_t cut = 0; cut < n; cut++) {
		struct zone *z = NULL;
		uint8_t *exact = malloc(cut + !cut); /* so that a sanitizer sees a byte too far */

		cr_assert_not_null(exact);
		memcpy(exact, data, cut);
		cr_assert_eq(zone_from_bytes(exact, cut, &z), -EBADMSG, "%zu of %zu bytes", cut, n);
		free(exact);
	}
}

Test(zone, a_file_with_any_byte_changed_does_no_harm)
{
	static uint8_t data[65536];
	size_t n = read_berlin(data, sizeof(data));

	for (size_t i = 0; i < n; i++) {
		for (int k = 0; k < 3; k++) {
			const uint8_t before = data[i];
			struct zone *z = NULL;

			data[i] = k == 0 ? 0xff : k == 1 ? 0 : (uint8_t)(before ^ 0x80);
			if (zone_from_bytes(data, n, &z) == 0)
				for (int64_t t = 0; t < INT64_C(70) * 366 * CIVIL_DAY; t += 500 * CIVIL_DAY)
					cr_assert_gt(zone_at(z, t).until, t);
			zone_free(z);
			data[i] = before;
		}
	}
}
