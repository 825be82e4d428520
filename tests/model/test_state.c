#include "model/state.h"

#include <criterion/criterion.h>

Test(state, every_cell_was_thought_of)
{
	for (int s = 0; s < STATE_MAX; s++) {
		for (int e = 0; e < EVENT_MAX; e++) {
			struct edge edge = state_next((enum state)s, (enum event)e);

			cr_expect(edge.verdict == VERDICT_GO || edge.verdict == VERDICT_IGNORE ||
					  edge.verdict == VERDICT_NEVER,
				  "%s + %s", state_name((enum state)s), event_name((enum event)e));
			if (edge.verdict != VERDICT_GO) {
				cr_expect_eq(edge.to, (enum state)s, "%s + %s moves without a GO", state_name((enum state)s),
					     event_name((enum event)e));
				cr_expect_eq(edge.action, ACTION_NONE);
			}
		}
	}
}

Test(state, what_is_out_of_range_is_never_and_changes_nothing)
{
	struct edge edge = state_next(STATE_ONLINE, EVENT_MAX);

	cr_expect_eq(edge.verdict, VERDICT_NEVER);
	cr_expect_eq(edge.to, STATE_ONLINE);
	cr_expect_eq(state_next(STATE_MAX, EVENT_START).verdict, VERDICT_NEVER);
}

static void expect(enum state from, enum event event, enum state to, enum action action)
{
	struct edge edge = state_next(from, event);

	cr_expect_eq(edge.verdict, VERDICT_GO, "%s + %s", state_name(from), event_name(event));
	cr_expect_eq(edge.to, to, "%s + %s -> %s", state_name(from), event_name(event), state_name(edge.to));
	cr_expect_eq(edge.action, action, "%s + %s: %s", state_name(from), event_name(event), action_name(edge.action));
}

Test(state, a_run_that_ends_by_itself_is_cleared_away_before_it_is_decided_on)
{
	expect(STATE_STOPPED, EVENT_START, STATE_STARTING, ACTION_SPAWN);
	expect(STATE_STARTING, EVENT_READY, STATE_ONLINE, ACTION_ANNOUNCE);
	expect(STATE_ONLINE, EVENT_EXIT, STATE_EXITED, ACTION_CLEAR);
	expect(STATE_EXITED, EVENT_TIMEOUT, STATE_EXITED, ACTION_KILL);
	expect(STATE_EXITED, EVENT_EMPTY, STATE_EXITED, ACTION_DECIDE);
	expect(STATE_EXITED, EVENT_AGAIN, STATE_BACKOFF, ACTION_DELAY);
	expect(STATE_BACKOFF, EVENT_RETRY, STATE_STARTING, ACTION_SPAWN);
	expect(STATE_EXITED, EVENT_FINAL, STATE_STOPPED, ACTION_REST);
	expect(STATE_EXITED, EVENT_GIVE_UP, STATE_ERRORED, ACTION_REST);
}

Test(state, a_stop_kills_after_its_time_and_rests_only_when_nothing_is_left)
{
	expect(STATE_ONLINE, EVENT_STOP, STATE_STOPPING, ACTION_TERM);
	expect(STATE_STOPPING, EVENT_TIMEOUT, STATE_STOPPING, ACTION_KILL);
	expect(STATE_STOPPING, EVENT_EXIT, STATE_STOPPING, ACTION_CLEAR);
	expect(STATE_STOPPING, EVENT_EMPTY, STATE_STOPPED, ACTION_REST);
}

Test(state, a_stop_is_heard_in_every_state_that_has_something_to_stop)
{
	expect(STATE_STARTING, EVENT_STOP, STATE_STOPPING, ACTION_TERM);
	expect(STATE_EXITED, EVENT_STOP, STATE_STOPPING, ACTION_NONE);
	expect(STATE_BACKOFF, EVENT_STOP, STATE_STOPPED, ACTION_REST);
	expect(STATE_ERRORED, EVENT_STOP, STATE_STOPPED, ACTION_REST);
}

Test(state, a_child_that_never_ran_its_program_leaves_nothing_to_clear)
{
	expect(STATE_STARTING, EVENT_EXEC_FAILED, STATE_EXITED, ACTION_DECIDE);
	expect(STATE_STOPPING, EVENT_EXEC_FAILED, STATE_STOPPED, ACTION_REST);
	expect(STATE_STARTING, EVENT_EXIT, STATE_EXITED, ACTION_CLEAR);
}

Test(state, timers_that_were_due_in_the_same_wake_up_are_no_bugs)
{
	for (int s = 0; s < STATE_MAX; s++) {
		cr_expect_neq(state_next((enum state)s, EVENT_TIMEOUT).verdict, VERDICT_NEVER);
		cr_expect_neq(state_next((enum state)s, EVENT_RETRY).verdict, VERDICT_NEVER);
		cr_expect_neq(state_next((enum state)s, EVENT_START).verdict, VERDICT_NEVER);
		cr_expect_neq(state_next((enum state)s, EVENT_STOP).verdict, VERDICT_NEVER);
	}
}

Test(state, names_are_ours_and_pm2s)
{
	cr_expect_str_eq(state_name(STATE_STARTING), "starting");
	cr_expect_str_eq(state_pm2_name(STATE_STARTING), "launching");
	cr_expect_str_eq(state_pm2_name(STATE_BACKOFF), "waiting restart");
	cr_expect_str_eq(state_name(STATE_MAX), "unknown");
	for (int e = 0; e < EVENT_MAX; e++)
		cr_expect_not_null(event_name((enum event)e));
	for (int a = 0; a < ACTION_MAX; a++)
		cr_expect_not_null(action_name((enum action)a));
	for (int s = 0; s < STATE_MAX; s++)
		cr_expect_eq(state_is_final((enum state)s), s == STATE_STOPPED || s == STATE_ERRORED || s == STATE_COMPLETED);
}
