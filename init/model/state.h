/* state - the life of one service instance, as a table.
 *
 * A service begins `stopped`. Asked to run it is `waiting` while one that it requires has not
 * come far enough, then `launching` from the first fork until its exec is confirmed and it is ready
 * (exec_start_pre runs in this state too), then `online`. When its main process ends by itself it is
 * `exited` while the rest of its processes is cleared away; then the restart rules
 * (restart.h) decide: at once launching again, `waiting restart` for a delay,
 * `stopped` for good, `completed` (a oneshot that ended well), or `errored` (gave up). Asked to stop it is `stopping`: the
 * stop signal, after kill_timeout SIGKILL to everything of it, and `stopped` once
 * the last process is gone. What is wanted (up or down) is kept apart from what is:
 * a restart is a stop with up wanted; a start during stopping only changes the wish.
 *
 * state_next() is pure; service_apply() in core is the only writer of a state. */
#ifndef PM1_MODEL_STATE_H
#define PM1_MODEL_STATE_H

#include <stdbool.h>

enum state {
	STATE_STOPPED,
	STATE_STARTING,
	STATE_ONLINE,
	STATE_EXITED, /* main has ended by itself; the rest of it is being cleared away */
	STATE_STOPPING,
	STATE_BACKOFF,
	STATE_ERRORED,
	STATE_WAITING, /* wanted up; something that it requires isn't there yet */
	STATE_COMPLETED, /* a oneshot that ended well */
	STATE_MAX,
};

enum event {
	EVENT_START, /* somebody wants it up */
	EVENT_STOP, /* somebody wants it down; a restart is this with up wanted afterwards */
	EVENT_READY, /* the child runs its program, and is as far as its readiness asks for */
	EVENT_EXEC_FAILED, /* fork, set-up or exec failed; no process is left */
	EVENT_EXIT, /* the main process has ended */
	EVENT_EMPTY, /* main has ended and no process of the service is left */
	EVENT_TIMEOUT, /* kill_timeout has passed */
	EVENT_RETRY, /* the restart delay has passed */
	EVENT_AGAIN, /* the restart rules say: wait (perhaps for 0), then start */
	EVENT_FINAL, /* the restart rules say: ended for good */
	EVENT_GIVE_UP, /* the restart rules say: too many unstable runs */
	EVENT_WAIT, /* it would start, but for something that it requires */
	EVENT_COMPLETED, /* the restart rules say: a oneshot that has done its work */
	EVENT_MAX,
};

enum verdict { VERDICT_NONE, VERDICT_GO, VERDICT_IGNORE, VERDICT_NEVER }; /* NONE: not thought of; a test forbids it */

enum action {
	ACTION_NONE,
	ACTION_SPAWN, /* fork and exec */
	ACTION_ANNOUNCE, /* it is online: note the time, tell the listeners */
	ACTION_TERM, /* stop_signal, and the kill timer */
	ACTION_KILL, /* SIGKILL to everything of the service, and the timer again */
	ACTION_CLEAR, /* main has ended: stop_signal to the rest, and the kill timer; none left: EVENT_EMPTY */
	ACTION_DECIDE, /* ask the restart rules: AGAIN, FINAL or GIVE_UP */
	ACTION_DELAY, /* arm the restart timer */
	ACTION_REST, /* it is down: cancel timers, tell the listeners; starts again when up is wanted */
	ACTION_MAX,
};

struct edge {
	enum verdict verdict;
	enum state to;
	enum action action;
};

struct edge state_next(enum state from, enum event event);

const char *state_name(enum state s); /* ours: "starting" */
const char *state_pm2_name(enum state s); /* PM2's word where PM2 has one: "launching", "waiting restart" */
const char *event_name(enum event e);
const char *action_name(enum action a);
bool state_is_final(enum state s); /* stopped, errored, completed: nothing will happen by itself */

#endif
