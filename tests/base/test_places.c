#include "base/places.h"

#include "base/own.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

static void no_variables(void)
{
	static const char *const names[] = { "PM1_SOCKET", "PM1_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "HOME" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
}

TestSuite(places, .init = no_variables);

static void sockets_are(uid_t uid, size_t n, const char *const *expected)
{
	char buf[128];

	for (size_t i = 0; i < n; i++) {
		cr_expect_eq(places_socket(uid, i, buf, sizeof(buf)), 0, "%zu", i);
		cr_expect_str_eq(buf, expected[i]);
	}
	cr_expect_eq(places_socket(uid, n, buf, sizeof(buf)), -ENOENT);
	cr_expect_eq(places_socket(uid, n + 7, buf, sizeof(buf)), -ENOENT);
}

#define SOCKETS(uid, ...)                                                                                              \
	sockets_are((uid), sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), (const char *[]){ __VA_ARGS__ })

Test(places, roots_socket_is_in_run_or_where_it_can_be)
{
	setenv("XDG_RUNTIME_DIR", "/run/user/1000", 1); /* sudo keeps it: it isn't root's */
	SOCKETS(0, "/run/pm1/pm1.sock", "/tmp/pm1-0/pm1.sock", "/dev/shm/pm1-0/pm1.sock", "@pm1-0");
}

Test(places, a_users_socket_is_in_the_folder_of_the_session)
{
	SOCKETS(1000, "/run/user/1000/pm1/pm1.sock", "/run/pm1-1000/pm1.sock", "/tmp/pm1-1000/pm1.sock", "/dev/shm/pm1-1000/pm1.sock",
		"@pm1-1000");
	setenv("XDG_RUNTIME_DIR", "/run/x", 1);
	SOCKETS(4294967294, "/run/x/pm1/pm1.sock", "/run/pm1-4294967294/pm1.sock", "/tmp/pm1-4294967294/pm1.sock",
		"/dev/shm/pm1-4294967294/pm1.sock", "@pm1-4294967294");
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	char buf[128];
	cr_assert_eq(places_socket(7, 0, buf, sizeof(buf)), 0);
	cr_expect_str_eq(buf, "/run/user/7/pm1/pm1.sock", "one that isn't absolute is ignored");
}

Test(places, a_variable_for_it_alone_is_the_list)
{
	setenv("PM1_HOME", "/srv/pm1", 1);
	SOCKETS(0, "/srv/pm1/pm1.sock");
	SOCKETS(1000, "/srv/pm1/pm1.sock");
	setenv("PM1_SOCKET", "/srv/other.sock", 1);
	SOCKETS(0, "/srv/other.sock");
	setenv("PM1_SOCKET", "", 1);
	SOCKETS(0, "/srv/pm1/pm1.sock");
	setenv("PM1_HOME", "", 1);
	char buf[128];
	cr_assert_eq(places_socket(0, 0, buf, sizeof(buf)), 0);
	cr_expect_str_eq(buf, "/run/pm1/pm1.sock", "an empty variable is none");
}

Test(places, a_path_too_long_is_refused)
{
	char buf[8];

	for (size_t i = 0; i < 4; i++)
		cr_expect_eq(places_socket(1000, i, buf, sizeof(buf)), -ENOSPC);
	cr_expect_eq(places_log_dir(0, buf, sizeof(buf)), -ENOSPC);
	setenv("PM1_SOCKET", "/too/long/for/it", 1);
	cr_expect_eq(places_socket(0, 0, buf, sizeof(buf)), -ENOSPC);
}

static void logs_are(uid_t uid, const char *expected)
{
	char buf[128];

	cr_assert_eq(places_log_dir(uid, buf, sizeof(buf)), 0);
	cr_expect_str_eq(buf, expected);
}

Test(places, logs_are_in_var_log_or_in_the_users_state)
{
	logs_are(0, "/var/log/pm1");
	logs_are(1000, "/tmp/pm1-1000/logs");
	setenv("HOME", "/home/u", 1);
	logs_are(1000, "/home/u/.local/state/pm1/logs");
	setenv("XDG_STATE_HOME", "/state", 1);
	logs_are(1000, "/state/pm1/logs");
	logs_are(0, "/var/log/pm1");
	setenv("XDG_STATE_HOME", "state", 1);
	logs_are(1000, "/home/u/.local/state/pm1/logs");
	setenv("PM1_HOME", "/srv/pm1", 1);
	logs_are(0, "/srv/pm1/logs");
}
