#include "base/diag.h"

#include "base/own.h"

#include <criterion/criterion.h>

DEFINE_CLEANUP(struct diag *, diag_free)

static const struct where line12 = { .file = "web.ini", .line = 12, .section = "service:web" };

Test(diag, a_fault_has_its_place_its_key_and_its_value)
{
	cleanup_with(diag_free) struct diag *d = diag_new();
	struct where file = { .file = "web.ini" }, no_section = { .file = "web.ini", .line = 3 };

	diag_error(d, &line12, "memory_max", "12Q", "unknown unit '%c'", 'Q');
	diag_warn(d, &line12, "user", NULL, "not set");
	diag_error(d, &line12, NULL, NULL, "no command");
	diag_error(d, &no_section, NULL, NULL, "no '=' in the line");
	diag_error(d, &file, NULL, NULL, "%s", "No such file or directory");
	diag_error(d, NULL, "--port", "x", "not a number");
	diag_error(d, NULL, NULL, NULL, "nothing to do");
	cr_assert_eq(diag_count(d), 7);
	cr_expect_eq(diag_errors(d), 6);
	cr_expect_str_eq(diag_text(d, 0), "web.ini:12: [service:web] memory_max = 12Q: unknown unit 'Q'");
	cr_expect_str_eq(diag_text(d, 1), "web.ini:12: warning: [service:web] user: not set");
	cr_expect_eq(diag_level(d, 1), DIAG_WARNING);
	cr_expect_str_eq(diag_text(d, 2), "web.ini:12: [service:web]: no command");
	cr_expect_str_eq(diag_text(d, 3), "web.ini:3: no '=' in the line");
	cr_expect_str_eq(diag_text(d, 4), "web.ini: No such file or directory");
	cr_expect_str_eq(diag_text(d, 5), "--port = x: not a number");
	cr_expect_str_eq(diag_text(d, 6), "nothing to do");
}

Test(diag, foreign_text_is_escaped)
{
	cleanup_with(diag_free) struct diag *d = diag_new();

	diag_error(d, &line12, "k\033", "v\n2", "said '%s'", "\a");
	cr_expect_str_eq(diag_text(d, 0), "web.ini:12: [service:web] k\\x1b = v\\x0a2: said '\\x07'");
}

Test(diag, a_long_value_is_shown_by_its_beginning_and_its_length)
{
	cleanup_with(diag_free) struct diag *d = diag_new();
	char value[201], expected[256];

	memset(value, 'v', 200);
	value[80] = 0;
	diag_error(d, NULL, "k", value, "x");
	snprintf(expected, sizeof(expected), "k = %s: x", value);
	cr_expect_str_eq(diag_text(d, 0), expected, "80 bytes are shown");
	value[80] = 'v';
	value[200] = 0;
	diag_error(d, NULL, "k", value, "x");
	snprintf(expected, sizeof(expected), "k = %.80s... (200 bytes): x", value);
	cr_expect_str_eq(diag_text(d, 1), expected);
}

/* A value is cut between bytes, its last character is not. */
Test(diag, a_long_value_is_cut_between_characters)
{
	cleanup_with(diag_free) struct diag *d = diag_new();
	char value[100];

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = 0;
	memcpy(value + 79, "\xc3\xbc", 2);
	diag_error(d, NULL, "k", value, "x");
	cr_expect_null(strstr(diag_text(d, 0), "\\xc3"), "%s", diag_text(d, 0));
	cr_expect_not_null(strstr(diag_text(d, 0), "v... (99 bytes): x"), "%s", diag_text(d, 0));
}

Test(diag, a_message_longer_than_any_is_cut_and_not_lost)
{
	cleanup_with(diag_free) struct diag *d = diag_new();
	static char huge[100000];

	memset(huge, 'h', sizeof(huge) - 1);
	diag_error(d, NULL, NULL, NULL, "%s", huge);
	diag_error(d, NULL, huge, huge, "%s", huge);
	cr_assert_eq(diag_count(d), 2);
	cr_expect_gt(strlen(diag_text(d, 0)), 1000);
	cr_expect_lt(strlen(diag_text(d, 1)), 5000);
}

Test(diag, they_are_sorted_by_file_as_first_spoken_of_and_by_line)
{
	cleanup_with(diag_free) struct diag *d = diag_new();
	static const struct {
		const char *file;
		unsigned int line;
		const char *text;
	} faults[] = { { "b.ini", 9, "2" }, { "a.ini", 4, "4" }, { "b.ini", 2, "1" }, { "a.ini", 1, "3" }, { "a.ini", 4, "5" } };

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct where at = { .file = faults[i].file, .line = faults[i].line };
		diag_error(d, &at, NULL, NULL, "%s", faults[i].text);
	}
	diag_sort(d);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		const char *text = diag_text(d, i);
		cr_expect_eq(text[strlen(text) - 1], (char)('1' + i), "%s", text);
	}
}

Test(diag, more_than_are_kept_are_counted_and_that_is_told)
{
	cleanup_with(diag_free) struct diag *d = diag_new();

	diag_sort(d);
	for (int i = 0; i < DIAG_MESSAGES_MAX; i++)
		diag_warn(d, NULL, NULL, NULL, "%d", i);
	cr_expect_eq(diag_count(d), DIAG_MESSAGES_MAX);
	for (int i = 0; i < 500; i++)
		diag_error(d, NULL, NULL, NULL, "%d", i);
	diag_sort(d);
	cr_expect_eq(diag_errors(d), 500, "those not kept included");
	cr_assert_eq(diag_count(d), DIAG_MESSAGES_MAX + 1);
	cr_expect_str_eq(diag_text(d, DIAG_MESSAGES_MAX - 1), "warning: 999");
	cr_expect_not_null(strstr(diag_text(d, DIAG_MESSAGES_MAX), "more faults"));
	cr_expect_eq(diag_level(d, DIAG_MESSAGES_MAX), DIAG_ERROR);
}

Test(diag, the_same_warning_is_kept_once_the_same_error_each_time)
{
	struct diag *d = diag_new();
	struct where at = { .file = "a.ini", .line = 2, .section = "defaults" };

	for (int i = 0; i < 3; i++)
		diag_warn(d, &at, "watch", "yes", "not there yet; ignoring");
	at.line = 3;
	diag_warn(d, &at, "watch", "yes", "not there yet; ignoring");
	cr_expect_eq(diag_count(d), 2);
	diag_error(d, &at, NULL, NULL, "wrong");
	diag_error(d, &at, NULL, NULL, "wrong");
	cr_expect_eq(diag_errors(d), 2);
	cr_expect_eq(diag_count(d), 4);
	diag_free(d);
}
