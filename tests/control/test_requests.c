/* What waits for its answer, and what doesn't any more. */
#include "control/request.h"
#include "core/manager_impl.h"

#include "tests/core/host.h"

static struct manager manager;
static struct requests *requests;
static struct spec web = { .name = (char *)"web" };
static struct service waiting = { .spec = &web, .want_up = true };
/* Sessions are only told apart here: none of these requests is answered. */
static char clients[2];
#define CLIENT(i) ((struct session *)(void *)&clients[i])

static void begin(void)
{
	host_begin();
	struct requests_config cfg = { .loop = loop, .manager = &manager, .host = &host };
	cr_assert_eq(roster_add(&manager.roster, &waiting), 0);
	waiting.state = STATE_WAITING;
	cr_assert_eq(requests_new(&cfg, &requests), 0);
}

static void done(void)
{
	requests_free(requests);
	roster_done(&manager.roster);
	host_done();
}

TestSuite(requests, .init = begin, .fini = done, .timeout = 60);

/* A start of the service that waits. A reference to its messages, which tells whether the request is still there. */
static json_t *ask(int client, enum verb verb)
{
	struct request *q = request_new(requests, CLIENT(client), verb);

	cr_assert_not_null(q);
	request_add_goal(q, &waiting);
	json_t *messages = json_incref(q->messages);
	request_enlist(q);
	return messages;
}

static bool is_there(json_t *messages)
{
	return messages->refcount > 1;
}

static void on_flag(void *ctx)
{
	*(bool *)ctx = true;
}

/* Once round: what is due now is done before that timer. */
static void look(void)
{
	bool over = false;
	struct loop_timer *t;

	requests_changed(requests);
	cr_assert_eq(loop_timer_new(loop, on_flag, &over, &t), 0);
	loop_timer_in(t, USEC_MS);
	HOST_UNTIL(over);
	loop_timer_free(&t);
}

Test(requests, who_is_gone_is_not_waited_for)
{
	json_t *gone = ask(0, VERB_START), *there = ask(1, VERB_START), *gone_too = ask(0, VERB_RESTART);

	look();
	cr_expect(is_there(gone) && is_there(there) && is_there(gone_too));
	requests_gone(requests, CLIENT(0));
	HOST_UNTIL(!is_there(gone) && !is_there(gone_too));
	cr_expect(is_there(there));
	look();
	cr_expect(is_there(there));
	requests_gone(requests, CLIENT(1));
	HOST_UNTIL(!is_there(there));
	cr_expect(waiting.want_up, "what was asked for goes on");
	json_decref(gone);
	json_decref(there);
	json_decref(gone_too);
}

/* Its end is pm1's own, which needs no client. */
Test(requests, the_end_of_all_stays_until_it_is_there)
{
	json_t *messages = ask(0, VERB_KILL);

	requests_gone(requests, CLIENT(0));
	look();
	cr_expect(is_there(messages));
	requests_down(requests);
	cr_expect_not(is_there(messages));
	json_decref(messages);
}
