/* spawn - one program as a child, with everything its spec asks for.
 *
 * spawn_start() prepares all memory, forks (clone3 straight into the cgroup where the
 * kernel allows; else fork, the child joining by itself), and returns at once. The
 * child reports a failed step as {stage, errno} over a close-on-exec pipe that the
 * loop reads: end of file means that the program runs. Between fork and exec
 * only async-signal-safe calls are made (spawn_child.c). */
#ifndef PM1_OS_SPAWN_H
#define PM1_OS_SPAWN_H

#include "os/ids.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct cgroup;

enum spawn_stage {
	SPAWN_FORK, /* in the parent */
	SPAWN_CGROUP,
	SPAWN_SESSION,
	SPAWN_STDIO,
	SPAWN_LIMITS,
	SPAWN_UMASK,
	SPAWN_GROUPS,
	SPAWN_GROUP,
	SPAWN_USER,
	SPAWN_CWD, /* as the user: a root-squashed or 0700 folder is tried with the rights the service will have */
	SPAWN_EXEC,
	SPAWN_STAGE_MAX,
};

const char *spawn_stage_name(enum spawn_stage s); /* "setuid", "chdir", "exec", ... */
const char *spawn_stage_key(enum spawn_stage s); /* the key of the file that asked for it, or NULL */

#define SPAWN_FD_LAST 255 /* the highest number that a descriptor may be given */
#define SPAWN_FDS_MAX (SPAWN_FD_LAST - 2)

struct spawn_fd {
	int from; /* borrowed */
	int to; /* 3 to SPAWN_FD_LAST */
};

/* The value of LISTEN_PID or WATCHDOG_PID that the child writes its own pid into, which nobody knows before the fork. */
#define SPAWN_OWN_PID "0000000000"

struct spawn_job {
	char *const *argv; /* all borrowed for the call */
	const char *exe; /* the file to run; NULL: argv[0], looked up in the PATH of env */
	char *const *env;
	const char *cwd; /* NULL: pm1's own */
	int in_fd; /* -1: /dev/null, or a closed pipe's end where there is no /dev/null */
	int out_fd; /* -1: /dev/null */
	int err_fd;
	const struct spawn_fd *fds; /* more than these three; no number twice */
	size_t n_fds;
	const struct cgroup *cgroup; /* NULL: none */
	const struct ids *ids; /* NULL: as pm1 */
	int umask; /* -1: as pm1 */
	bool foreground_tty; /* keep the controlling terminal: no setsid, a process group of its own */
	const sigset_t *mask; /* signal mask for the child; dispositions are reset to the default, those pm1 changed and those it inherited alike */
	const struct rlimit *nofile; /* restored in the child, NULL: leave */
	bool adopt; /* its bind() and listen() wait for an answer (os/notice.h), where that can be had */
	int oom_score_adj; /* written in the child when it differs from pm1's own; INT_MIN: leave */
};

struct spawned {
	pid_t pid;
	int pidfd; /* -1 where the kernel has none; owned by the caller */
	int status_fd; /* nonblocking read end; owned by the caller */
	int adopt_fd; /* for notice_receive(), nonblocking; -1 when not asked; owned by the caller */
};

/* 0, or -errno with nothing left behind (-EAGAIN: pids limit; -ENOMEM; -EMFILE). A child that was forked and then
 * fails in set-up is no error here: it reports over status_fd and is reaped as any child. */
int spawn_start(const struct spawn_job *job, struct spawned *ret);

/* Reads the report: 1 = the program runs (end of file), 0 = *ret_stage and *ret_errno (positive) are set, -EAGAIN. */
int spawn_report(int status_fd, enum spawn_stage *ret_stage, int *ret_errno);

#endif
