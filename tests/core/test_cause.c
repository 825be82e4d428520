#include "core/cause.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

static const char *exit_of(struct service *s)
{
	static char buf[SERVICE_CAUSE_MAX];
	return cause_of_exit(s, buf, sizeof(buf));
}

static const char *step_of(struct service *s, enum event event, usec_t delay)
{
	static char buf[SERVICE_CAUSE_MAX];
	return cause_of_step(s, event, delay, buf, sizeof(buf));
}

Test(cause, an_end_is_told_by_code_or_signal)
{
	struct service s = { .last = { .exited = true, .code = 3 } };

	cr_expect_str_eq(exit_of(&s), "exited with code 3");
	s.last = (struct reaped){ .code = SIGKILL };
	cr_expect_str_eq(exit_of(&s), "killed by SIGKILL");
	s.last = (struct reaped){ .code = SIGSEGV, .core = true };
	cr_expect_str_eq(exit_of(&s), "killed by SIGSEGV, core dumped");
	s.last = (struct reaped){ .code = SIGRTMIN + 2 };
	cr_expect_str_eq(exit_of(&s), "killed by SIGRTMIN+2");
}

Test(cause, a_start_that_failed_goes_before_an_older_end)
{
	struct service s = { .last = { .exited = true, .code = 3 }, .start_failed = true, .failure = "exec: No such file or directory" };

	cr_expect_str_eq(exit_of(&s), "cannot start: exec: No such file or directory");
	cr_expect_str_eq(step_of(&s, EVENT_EXEC_FAILED, 0), "cannot start: exec: No such file or directory");
	cr_expect_str_eq(step_of(&s, EVENT_GIVE_UP, 0), "cannot start: exec: No such file or directory");
}

Test(cause, a_step_that_follows_says_what_it_is)
{
	struct spec spec = { .autorestart = true };
	struct service s = { .spec = &spec, .last = { .exited = true, .code = 1 }, .track = { .unstable = 16 }, .next_cause = "restart by uid 0" };

	cr_expect_str_eq(step_of(&s, EVENT_AGAIN, 4 * USEC_SEC), "restart in 4s");
	cr_expect_str_eq(step_of(&s, EVENT_GIVE_UP, 0), "gave up after 16 unstable runs (max_restarts)");
	cr_expect_str_eq(step_of(&s, EVENT_FINAL, 0), "exited with code 1");
	cr_expect_str_eq(step_of(&s, EVENT_START, 0), "restart by uid 0");
}

Test(cause, every_event_has_words_that_fit)
{
	struct spec spec = { 0 };
	struct service s = { .spec = &spec, .start_failed = true, .waits_for = "db (backoff)" };

	memset(s.failure, 'f', sizeof(s.failure) - 1);
	for (int event = 0; event < EVENT_MAX; event++) {
		const char *text = step_of(&s, (enum event)event, 0);
		if (event != EVENT_START)
			cr_expect_gt(strlen(text), 0, "%d", event);
		cr_expect_lt(strlen(text), SERVICE_CAUSE_MAX);
	}
}
