#include "base/nearest.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *from_list(void *ctx, size_t i)
{
	return ((const char *const *)ctx)[i];
}

static void nearest_is(const char *name, const char *expected)
{
	static const char *const keys[] = { "command", "cwd", "env", "user", "group", "memory_max", "max_memory_restart", "restart", NULL };
	const char *got = nearest_of(name, from_list, (void *)keys);

	if (expected && got)
		cr_expect_str_eq(got, expected, "%s: %s", name, got);
	else
		cr_expect_eq(got, expected, "%s: %s", name, got ? got : "none");
}

Test(nearest, a_slip_of_the_fingers_is_seen_through)
{
	nearest_is("comand", "command"); /* left out */
	nearest_is("commmand", "command"); /* doubled */
	nearest_is("xommand", "command"); /* replaced */
	nearest_is("ocmmand", "command"); /* swapped */
	nearest_is("restrat", "restart");
	nearest_is("memroy_mxa", "memory_max"); /* two of them */
	nearest_is("cwdd", "cwd");
	nearest_is("command", "command");
}

Test(nearest, the_shorter_the_name_the_nearer_it_has_to_be)
{
	nearest_is("uesr", "user");
	nearest_is("usre", "user");
	nearest_is("xyer", NULL); /* 2 of 4 */
	nearest_is("gruop", "group");
	nearest_is("gxxup", "group"); /* 2 of 5 */
	nearest_is("gxxxp", NULL);
	nearest_is("memoryyyyy", NULL); /* 4 of 10 */
	nearest_is("memory_xyz", "memory_max"); /* 3 of 10 */
}

Test(nearest, of_several_it_is_the_nearest_and_the_first_of_equals)
{
	static const char *const names[] = { "webs", "web1", "web", "wen", NULL };

	cr_expect_str_eq(nearest_of("web", from_list, (void *)names), "web");
	cr_expect_str_eq(nearest_of("wex", from_list, (void *)names), "web");
	cr_expect_str_eq(nearest_of("web2", from_list, (void *)names), "webs");
}

Test(nearest, nothing_is_near_to_nothing_or_to_what_nobody_types)
{
	char huge[4096], edge[65];

	nearest_is("", NULL);
	memset(huge, 'c', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = 0;
	nearest_is(huge, NULL);
	memset(edge, 'e', 64);
	edge[64] = 0;
	const char *const names[] = { huge, edge, NULL }, *const none[] = { NULL };
	cr_expect_eq(nearest_of(edge, from_list, (void *)names), edge);
	cr_expect_null(nearest_of("web", from_list, (void *)none));
}
