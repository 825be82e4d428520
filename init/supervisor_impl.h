/* supervisor_impl - the state of the role, shared by supervisor.c (the start) and supervisor_events.c (what happens then). */
#ifndef PM1_SUPERVISOR_IMPL_H
#define PM1_SUPERVISOR_IMPL_H

#include "control/requests.h"
#include "control/server.h"
#include "core/manager.h"
#include "loop/signals.h"
#include "supervisor.h"

#include <limits.h>

/* All state of the role; the one struct made here, reached by everything through callbacks. */
struct supervisor {
	enum supervisor_mode mode;
	int ready_fd; /* a daemon's starter waits there, -1 */
	const char *file; /* borrowed from argv, NULL: none */
	const char *overlay; /* likewise */
	struct loop *loop;
	struct signals *signals;
	struct reaper *reaper;
	struct cgroups *cgroups;
	struct logpipe *logs;
	struct logstream *own_log; /* a daemon's own messages, NULL: stderr */
	struct manager *manager;
	struct server *server;
	struct requests *requests;
	struct loop_source *cgroup_source;
	struct config config; /* of the first file: [pm1] stands for the life of this process */
	struct service_host host;
	struct report_self self;
	struct strv warnings;
	sigset_t mask; /* empty: that of the children */
	struct rlimit nofile;
	char exe[PATH_MAX]; /* this program */
	char log_dir[PATH_MAX];
	char run_path[PATH_MAX]; /* of the control socket, "" none */
	char user[64]; /* pm1's own */
	bool has_pid_file; /* written by this process */
	bool ending_machine;
	enum machine_end how;
	int code;
};

/* supervisor_events.c: the callbacks that supervisor.c hands out. */
void supervisor_on_signal(void *ctx, int sig, pid_t from);
void supervisor_on_orphans(void *ctx, size_t n);
void supervisor_on_cgroup_news(void *ctx, int fd, uint32_t events);
void supervisor_on_log_trouble(void *ctx, const char *name, const char *path, int error);
void supervisor_on_changed(void *ctx);
void supervisor_on_noted(void *ctx, struct service *s, const struct service_event *e);
void supervisor_on_down(void *ctx, int code);
bool supervisor_trusts(void *ctx, const struct ucred *cred);
void supervisor_on_called(void *ctx, struct session *s, struct call *call);
void supervisor_on_gone(void *ctx, struct session *s);
void supervisor_end_machine(void *ctx, enum machine_end how);

#endif
