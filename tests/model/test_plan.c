#include "tests/model/load.h"
#include "model/plan.h"

Test(plan, a_reload_removes_first_and_then_follows_the_new_order)
{
	struct loaded a = load_good("[service:gone]\ncommand=a\n[service:same]\ncommand=b\n[service:other]\ncommand=c\n");
	struct loaded b = load_good("[service:other]\ncommand=c2\n[service:new]\ncommand=d\n[service:same]\ncommand=b\n");
	struct plan_step *steps;
	size_t n;

	cr_assert_eq(plan_make(a.c.specs, a.c.n, b.c.specs, b.c.n, &steps, &n), 0);
	cr_assert_eq(n, 4);
	cr_expect_eq(steps[0].verb, PLAN_REMOVE);
	cr_expect_str_eq(steps[0].old->name, "gone");
	cr_expect_null(steps[0].new);
	cr_expect_eq(steps[1].verb, PLAN_CHANGE);
	cr_expect_eq(steps[1].old, a.c.specs[2]);
	cr_expect_eq(steps[1].new, b.c.specs[0]);
	cr_expect_eq(steps[2].verb, PLAN_ADD);
	cr_expect_null(steps[2].old);
	cr_expect_eq(steps[3].verb, PLAN_KEEP);
	cr_expect_str_eq(steps[3].new->name, "same");
	free(steps);
	unload(&a);
	unload(&b);
}

Test(plan, nothing_from_nothing_is_no_step)
{
	struct plan_step *steps;
	size_t n = 1;

	cr_assert_eq(plan_make(NULL, 0, NULL, 0, &steps, &n), 0);
	cr_expect_eq(n, 0);
	free(steps);
}

Test(plan, comments_and_the_order_of_keys_change_nothing)
{
	struct loaded a = load_good("[service:s]\ncommand=a\nenv.A=1\nkill_timeout=5s\n");
	struct loaded b = load_good("# moved\n[service:s]\nenv.A = '1'\n command = a\n");

	cr_expect(spec_equal(a.c.specs[0], b.c.specs[0]));
	unload(&a);
	unload(&b);
}
