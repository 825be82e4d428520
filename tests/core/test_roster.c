#include "core/roster.h"

#include <criterion/criterion.h>

static struct spec web = { .name = "web" }, job = { .name = "job" };

Test(roster, ids_count_up_and_begin_anew_when_the_list_is_empty)
{
	struct roster r = { 0 };
	struct service a = { .spec = &web }, b = { .spec = &web };

	a.id = roster_next_id(&r);
	cr_assert_eq(roster_add(&r, &a), 0);
	b.id = roster_next_id(&r);
	cr_assert_eq(roster_add(&r, &b), 0);
	cr_expect_eq(a.id, 0);
	cr_expect_eq(b.id, 1);
	cr_expect_eq(roster_by_id(&r, 1), &b);
	cr_expect_null(roster_by_id(&r, 2));
	roster_remove(&r, &a);
	cr_expect_eq(roster_next_id(&r), 2, "an id isn't used twice");
	roster_remove(&r, &b);
	cr_expect_eq(roster_next_id(&r), 0);
	roster_remove(&r, &b);
	roster_done(&r);
	cr_expect_eq(r.n, 0);
}

Test(roster, one_is_found_by_its_name_and_instance_in_order)
{
	struct roster r = { 0 };
	struct service v[20];

	for (int i = 0; i < 20; i++) {
		v[i] = (struct service){ .spec = i % 2 ? &web : &job, .instance = (unsigned int)i / 2, .id = i };
		cr_assert_eq(roster_add(&r, &v[i]), 0);
	}
	cr_expect_eq(roster_first_of(&r, "web"), &v[1]);
	cr_expect_eq(roster_instance(&r, "web", 3), &v[7]);
	cr_expect_null(roster_instance(&r, "web", 10));
	cr_expect_null(roster_first_of(&r, "we"));
	roster_remove(&r, &v[1]);
	cr_expect_eq(roster_first_of(&r, "web"), &v[3]);
	cr_expect_eq(r.v[1], &v[2], "the order stays");
	roster_done(&r);
}

/* Deleted and started anew at once: the old one is still stopping. */
Test(roster, the_name_of_a_doomed_one_is_free)
{
	struct roster r = { 0 };
	struct service old = { .spec = &web, .doomed = true }, new = { .spec = &web, .id = 1 };

	cr_assert_eq(roster_add(&r, &old), 0);
	cr_expect_null(roster_first_of(&r, "web"));
	cr_expect_null(roster_instance(&r, "web", 0));
	cr_expect_eq(roster_by_id(&r, 0), &old);
	cr_assert_eq(roster_add(&r, &new), 0);
	cr_expect_eq(roster_first_of(&r, "web"), &new);
	roster_done(&r);
}
