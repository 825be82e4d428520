/* process - the processes of one service: start them, signal them, see whether any is left.
 *
 * Inside a cgroup the kernel knows them; elsewhere os/kin.h finds them. service.c decides, this acts. */
#ifndef PM1_CORE_PROCESS_H
#define PM1_CORE_PROCESS_H

#include "core/service.h"

struct conns; /* os/conns.h */

/* What is to run: the service's own command, or another in its place and with all that is its. */
struct process_job {
	const struct strv *argv;
	const char *key; /* where it stands in the file: "command", "exec_stop" */
	const struct strv *env; /* more of the environment, NULL: nothing */
	const struct spawn_fd *fds; /* more for it to have than its streams */
	size_t n_fds;
	const char *exe; /* the file to run; NULL: argv[0] */
	const int *out_fd; /* where its output goes; NULL: to the service's logs */
	bool adopt; /* its bind and listen are answered by binder.h */
	bool is_main; /* what is said from here on is a new run's */
};
/* Forks and lets the child exec. 0 and *ret; or -errno with s->failure told and nothing left behind. */
int process_spawn(struct service *s, const struct process_job *job, struct spawned *ret);
/* The child's report of a failed step, in words with the key and its place, in s->failure. */
void process_tell_failure(struct service *s, const struct process_job *job, enum spawn_stage stage, int err);
/* Whether no retry mends it: no such program, not executable, no such user. */
bool process_is_permanent(enum spawn_stage stage, int err);

/* The environment that its next start gets. 0 or -errno; *env is to be freed. */
int process_env(struct service *s, struct strv *env);
/* Signals main, or its group. 0 or -ESRCH. */
int process_signal(struct service *s, int sig, bool group);
/* Signals all that is left of the service but not main. How many were reached. */
size_t process_signal_rest(struct service *s, int sig);
/* All living processes of the service, main included. Stores up to max, returns how many or -errno. */
ssize_t process_pids(const struct service *s, pid_t *pids, size_t max);
/* Whether that living process is one of them. */
bool process_has(const struct service *s, pid_t pid);
/* How many of these connections its processes hold. *ret_hidden: it can't be told of all of them. */
size_t process_conns(const struct service *s, const struct conns *c, bool *ret_hidden);
/* SIGKILL to everything of the service. */
void process_kill_all(struct service *s);
/* Whether any process of the service lives, main not counted. */
bool process_any_left(struct service *s);

#endif
