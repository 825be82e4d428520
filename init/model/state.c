/* state - the table of what each event does in each state.
 *
 * Cells are named; a cell that nobody thought of is zero, VERDICT_NONE, and the
 * test that walks the table refuses it. NEVER means a bug of the caller: it is
 * logged and changes nothing, so a wrong event can't end PID 1.
 *
 * Timers are cancelled by the actions, but one that was already due in the same
 * wake-up may still arrive: late TIMEOUT and RETRY events are ignored, not bugs. */
#include "model/state.h"

#include <stddef.h>

#define GO(state, act)                                                                                                 \
	{                                                                                                              \
		.verdict = VERDICT_GO, .to = (state), .action = (act)                                                  \
	}
#define IGNORE(state)                                                                                                  \
	{                                                                                                              \
		.verdict = VERDICT_IGNORE, .to = (state)                                                               \
	}
#define NEVER(state)                                                                                                   \
	{                                                                                                              \
		.verdict = VERDICT_NEVER, .to = (state)                                                                \
	}

static const struct edge edges[STATE_MAX][EVENT_MAX] = {
	[STATE_STOPPED] = {
		[EVENT_START] = GO(STATE_STARTING, ACTION_SPAWN),
		[EVENT_WAIT] = GO(STATE_WAITING, ACTION_NONE),
		[EVENT_STOP] = IGNORE(STATE_STOPPED),
		[EVENT_READY] = NEVER(STATE_STOPPED),
		[EVENT_EXEC_FAILED] = NEVER(STATE_STOPPED),
		[EVENT_EXIT] = NEVER(STATE_STOPPED),
		[EVENT_EMPTY] = IGNORE(STATE_STOPPED), /* a cgroup may say it twice */
		[EVENT_TIMEOUT] = IGNORE(STATE_STOPPED),
		[EVENT_RETRY] = IGNORE(STATE_STOPPED),
		[EVENT_AGAIN] = GO(STATE_BACKOFF, ACTION_DELAY), /* stopped at a cap, again too soon */
		[EVENT_FINAL] = NEVER(STATE_STOPPED),
		[EVENT_GIVE_UP] = GO(STATE_ERRORED, ACTION_REST), /* likewise, and too often */
		[EVENT_COMPLETED] = NEVER(STATE_STOPPED),
	},
	[STATE_STARTING] = {
		[EVENT_START] = IGNORE(STATE_STARTING),
		[EVENT_WAIT] = IGNORE(STATE_STARTING),
		[EVENT_STOP] = GO(STATE_STOPPING, ACTION_TERM),
		[EVENT_READY] = GO(STATE_ONLINE, ACTION_ANNOUNCE),
		/* No process is left, so there is nothing to clear away. */
		[EVENT_EXEC_FAILED] = GO(STATE_EXITED, ACTION_DECIDE),
		/* It ended before it was ready, or was killed before its report was read. */
		[EVENT_EXIT] = GO(STATE_EXITED, ACTION_CLEAR),
		/* The cgroup is empty until the child is in it. */
		[EVENT_EMPTY] = IGNORE(STATE_STARTING),
		[EVENT_TIMEOUT] = IGNORE(STATE_STARTING),
		[EVENT_RETRY] = IGNORE(STATE_STARTING),
		[EVENT_AGAIN] = NEVER(STATE_STARTING),
		[EVENT_FINAL] = NEVER(STATE_STARTING),
		[EVENT_GIVE_UP] = NEVER(STATE_STARTING),
		[EVENT_COMPLETED] = NEVER(STATE_STARTING),
	},
	[STATE_ONLINE] = {
		[EVENT_START] = IGNORE(STATE_ONLINE),
		[EVENT_WAIT] = IGNORE(STATE_ONLINE),
		[EVENT_STOP] = GO(STATE_STOPPING, ACTION_TERM),
		[EVENT_READY] = NEVER(STATE_ONLINE),
		[EVENT_EXEC_FAILED] = NEVER(STATE_ONLINE),
		[EVENT_EXIT] = GO(STATE_EXITED, ACTION_CLEAR),
		/* The status of main is still on its way: EXIT follows. */
		[EVENT_EMPTY] = IGNORE(STATE_ONLINE),
		[EVENT_TIMEOUT] = IGNORE(STATE_ONLINE),
		[EVENT_RETRY] = IGNORE(STATE_ONLINE),
		[EVENT_AGAIN] = NEVER(STATE_ONLINE),
		[EVENT_FINAL] = NEVER(STATE_ONLINE),
		[EVENT_GIVE_UP] = NEVER(STATE_ONLINE),
		[EVENT_COMPLETED] = NEVER(STATE_ONLINE),
	},
	[STATE_EXITED] = {
		[EVENT_START] = IGNORE(STATE_EXITED), /* only the wish changes */
		[EVENT_WAIT] = IGNORE(STATE_EXITED),
		[EVENT_STOP] = GO(STATE_STOPPING, ACTION_NONE), /* the clearing goes on */
		[EVENT_READY] = IGNORE(STATE_EXITED), /* the report of a child that ended meanwhile */
		[EVENT_EXEC_FAILED] = IGNORE(STATE_EXITED),
		[EVENT_EXIT] = NEVER(STATE_EXITED),
		[EVENT_EMPTY] = GO(STATE_EXITED, ACTION_DECIDE),
		[EVENT_TIMEOUT] = GO(STATE_EXITED, ACTION_KILL),
		[EVENT_RETRY] = IGNORE(STATE_EXITED),
		[EVENT_AGAIN] = GO(STATE_BACKOFF, ACTION_DELAY),
		[EVENT_FINAL] = GO(STATE_STOPPED, ACTION_REST),
		[EVENT_GIVE_UP] = GO(STATE_ERRORED, ACTION_REST),
		[EVENT_COMPLETED] = GO(STATE_COMPLETED, ACTION_REST),
	},
	[STATE_STOPPING] = {
		[EVENT_START] = IGNORE(STATE_STOPPING), /* only the wish changes */
		[EVENT_WAIT] = IGNORE(STATE_STOPPING),
		[EVENT_STOP] = IGNORE(STATE_STOPPING),
		[EVENT_READY] = IGNORE(STATE_STOPPING), /* the signal is already on its way */
		[EVENT_EXEC_FAILED] = GO(STATE_STOPPED, ACTION_REST),
		[EVENT_EXIT] = GO(STATE_STOPPING, ACTION_CLEAR),
		[EVENT_EMPTY] = GO(STATE_STOPPED, ACTION_REST),
		[EVENT_TIMEOUT] = GO(STATE_STOPPING, ACTION_KILL),
		[EVENT_RETRY] = IGNORE(STATE_STOPPING),
		[EVENT_AGAIN] = NEVER(STATE_STOPPING),
		[EVENT_FINAL] = NEVER(STATE_STOPPING),
		[EVENT_GIVE_UP] = NEVER(STATE_STOPPING),
		[EVENT_COMPLETED] = NEVER(STATE_STOPPING),
	},
	[STATE_BACKOFF] = {
		[EVENT_START] = GO(STATE_STARTING, ACTION_SPAWN),
		[EVENT_WAIT] = GO(STATE_WAITING, ACTION_NONE),
		[EVENT_STOP] = GO(STATE_STOPPED, ACTION_REST),
		[EVENT_READY] = NEVER(STATE_BACKOFF),
		[EVENT_EXEC_FAILED] = NEVER(STATE_BACKOFF),
		[EVENT_EXIT] = NEVER(STATE_BACKOFF),
		[EVENT_EMPTY] = IGNORE(STATE_BACKOFF),
		[EVENT_TIMEOUT] = IGNORE(STATE_BACKOFF),
		[EVENT_RETRY] = GO(STATE_STARTING, ACTION_SPAWN),
		[EVENT_AGAIN] = NEVER(STATE_BACKOFF),
		[EVENT_FINAL] = NEVER(STATE_BACKOFF),
		[EVENT_GIVE_UP] = NEVER(STATE_BACKOFF),
		[EVENT_COMPLETED] = NEVER(STATE_BACKOFF),
	},
	[STATE_ERRORED] = {
		[EVENT_START] = GO(STATE_STARTING, ACTION_SPAWN),
		[EVENT_WAIT] = GO(STATE_WAITING, ACTION_NONE),
		[EVENT_STOP] = GO(STATE_STOPPED, ACTION_REST),
		[EVENT_READY] = NEVER(STATE_ERRORED),
		[EVENT_EXEC_FAILED] = NEVER(STATE_ERRORED),
		[EVENT_EXIT] = NEVER(STATE_ERRORED),
		[EVENT_EMPTY] = IGNORE(STATE_ERRORED),
		[EVENT_TIMEOUT] = IGNORE(STATE_ERRORED),
		[EVENT_RETRY] = IGNORE(STATE_ERRORED),
		[EVENT_AGAIN] = NEVER(STATE_ERRORED),
		[EVENT_FINAL] = NEVER(STATE_ERRORED),
		[EVENT_GIVE_UP] = NEVER(STATE_ERRORED),
		[EVENT_COMPLETED] = NEVER(STATE_ERRORED),
	},
	[STATE_WAITING] = {
		[EVENT_START] = GO(STATE_STARTING, ACTION_SPAWN),
		[EVENT_WAIT] = IGNORE(STATE_WAITING),
		[EVENT_STOP] = GO(STATE_STOPPED, ACTION_REST),
		[EVENT_READY] = NEVER(STATE_WAITING),
		[EVENT_EXEC_FAILED] = NEVER(STATE_WAITING),
		[EVENT_EXIT] = NEVER(STATE_WAITING),
		[EVENT_EMPTY] = IGNORE(STATE_WAITING),
		[EVENT_TIMEOUT] = IGNORE(STATE_WAITING),
		[EVENT_RETRY] = IGNORE(STATE_WAITING),
		[EVENT_AGAIN] = NEVER(STATE_WAITING),
		[EVENT_FINAL] = NEVER(STATE_WAITING),
		[EVENT_GIVE_UP] = NEVER(STATE_WAITING),
		[EVENT_COMPLETED] = NEVER(STATE_WAITING),
	},
	[STATE_COMPLETED] = {
		[EVENT_START] = GO(STATE_STARTING, ACTION_SPAWN),
		[EVENT_WAIT] = GO(STATE_WAITING, ACTION_NONE),
		[EVENT_STOP] = GO(STATE_STOPPED, ACTION_REST),
		[EVENT_READY] = NEVER(STATE_COMPLETED),
		[EVENT_EXEC_FAILED] = NEVER(STATE_COMPLETED),
		[EVENT_EXIT] = NEVER(STATE_COMPLETED),
		[EVENT_EMPTY] = IGNORE(STATE_COMPLETED),
		[EVENT_TIMEOUT] = IGNORE(STATE_COMPLETED),
		[EVENT_RETRY] = IGNORE(STATE_COMPLETED),
		[EVENT_AGAIN] = NEVER(STATE_COMPLETED),
		[EVENT_FINAL] = NEVER(STATE_COMPLETED),
		[EVENT_GIVE_UP] = NEVER(STATE_COMPLETED),
		[EVENT_COMPLETED] = NEVER(STATE_COMPLETED),
	},
};

struct edge state_next(enum state from, enum event event)
{
	if ((unsigned int)from >= STATE_MAX || (unsigned int)event >= EVENT_MAX)
		return (struct edge)NEVER(from);
	return edges[from][event];
}

static const char *const state_names[] = {
	[STATE_STOPPED] = "stopped",   [STATE_STARTING] = "starting", [STATE_ONLINE] = "online",
	[STATE_EXITED] = "exited",     [STATE_STOPPING] = "stopping", [STATE_BACKOFF] = "backoff",
	[STATE_ERRORED] = "errored",   [STATE_WAITING] = "waiting",   [STATE_COMPLETED] = "completed",
};
_Static_assert(sizeof(state_names) / sizeof(*state_names) == STATE_MAX, "a state without a name");

/* PM2 has no word for a service whose main has ended and whose rest is being cleared; nor for one that waits for another, or has
 * done what it was for. */
static const char *const pm2_names[] = {
	[STATE_STOPPED] = "stopped",   [STATE_STARTING] = "launching", [STATE_ONLINE] = "online",
	[STATE_EXITED] = "stopping",   [STATE_STOPPING] = "stopping",  [STATE_BACKOFF] = "waiting restart",
	[STATE_ERRORED] = "errored",   [STATE_WAITING] = "waiting",	  [STATE_COMPLETED] = "completed",
};
_Static_assert(sizeof(pm2_names) / sizeof(*pm2_names) == STATE_MAX, "a state without PM2's name");

static const char *const event_names[] = {
	[EVENT_START] = "start",     [EVENT_STOP] = "stop",       [EVENT_READY] = "ready",
	[EVENT_EXEC_FAILED] = "exec failed", [EVENT_EXIT] = "exit", [EVENT_EMPTY] = "empty",
	[EVENT_TIMEOUT] = "timeout", [EVENT_RETRY] = "retry",     [EVENT_AGAIN] = "again",
	[EVENT_FINAL] = "final",     [EVENT_GIVE_UP] = "give up", [EVENT_WAIT] = "wait",
	[EVENT_COMPLETED] = "completed",
};
_Static_assert(sizeof(event_names) / sizeof(*event_names) == EVENT_MAX, "an event without a name");

static const char *const action_names[] = {
	[ACTION_NONE] = "none",     [ACTION_SPAWN] = "spawn",   [ACTION_ANNOUNCE] = "announce",
	[ACTION_TERM] = "term",     [ACTION_KILL] = "kill",     [ACTION_CLEAR] = "clear",
	[ACTION_DECIDE] = "decide", [ACTION_DELAY] = "delay",   [ACTION_REST] = "rest",
};
_Static_assert(sizeof(action_names) / sizeof(*action_names) == ACTION_MAX, "an action without a name");

const char *state_name(enum state s)
{
	return (unsigned int)s < STATE_MAX ? state_names[s] : "unknown";
}

const char *state_pm2_name(enum state s)
{
	return (unsigned int)s < STATE_MAX ? pm2_names[s] : "unknown";
}

const char *event_name(enum event e)
{
	return (unsigned int)e < EVENT_MAX ? event_names[e] : "unknown";
}

const char *action_name(enum action a)
{
	return (unsigned int)a < ACTION_MAX ? action_names[a] : "unknown";
}

bool state_is_final(enum state s)
{
	return s == STATE_STOPPED || s == STATE_ERRORED || s == STATE_COMPLETED;
}
