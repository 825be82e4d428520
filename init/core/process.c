#include "core/process.h"

#include "base/log.h"
#include "base/own.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"
#include "os/conns.h"
#include "os/kin.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

/* Variables of pm1's own starter that would mislead a service. */
static const char *const not_inherited[] = { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET",
					     "WATCHDOG_PID", "WATCHDOG_USEC", "PM1_ID" };

static int add_env(struct strv *env, const struct strv *from)
{
	for (size_t i = 0; i < from->n; i++) {
		cleanup_free char *name = strdup(from->v[i]);
		char *eq = name ? strchr(name, '=') : NULL;
		if (!name)
			return -ENOMEM;
		if (!eq)
			continue;
		*eq = 0;
		int r = strv_env_set(env, name, eq + 1);
		if (r < 0)
			return r;
	}
	return 0;
}

static int build_env(const struct service *s, const struct ids *ids, const struct strv *more, struct strv *env)
{
	const struct spec *spec = s->spec;
	int r = spec->env_base.n ? strv_copy(env, &spec->env_base) : strv_from(env, s->host->environ);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(not_inherited); i++)
		strv_env_unset(env, not_inherited[i]);

	char number[16];
	(void)text_format(number, sizeof(number), "%u", s->instance);
	if ((r = strv_env_set(env, spec->instance_var ? spec->instance_var : "NODE_APP_INSTANCE", number)) < 0 ||
	    (r = strv_env_set(env, "PM1_SERVICE", spec->name)) < 0)
		return r;
	if (ids->set_user && ids->name[0] &&
	    ((r = strv_env_set(env, "USER", ids->name)) < 0 || (r = strv_env_set(env, "LOGNAME", ids->name)) < 0))
		return r;
	if (ids->set_user && ids->home[0] && (r = strv_env_set(env, "HOME", ids->home)) < 0)
		return r;

	if ((r = add_env(env, &spec->env)) < 0 || (more && (r = add_env(env, more)) < 0))
		return r;
	/* The mark comes last: nothing in the file can take it away. It is how kin.h knows us. */
	return strv_add(env, s->mark);
}

int process_env(struct service *s, struct strv *env)
{
	struct ids ids = { 0 };
	const char *bad = NULL;

	(void)ids_resolve(s->spec->user, s->spec->group, &ids, &bad); /* an unknown user has no HOME */
	return build_env(s, &ids, NULL, env);
}

static void describe_key(const struct service *s, const char *key, struct text *t)
{
	if (!key)
		return;
	if (s->spec->file)
		(void)text_addf(t, " (%s: [service:%s] %s)", s->spec->file, s->spec->name, key);
	else
		(void)text_addf(t, " (%s)", key);
}

void process_tell_failure(struct service *s, const struct process_job *job, enum spawn_stage stage, int err)
{
	struct text t = TEXT_INIT(s->failure);
	const char *key = spawn_stage_key(stage);

	if (stage == SPAWN_GROUP && !s->spec->group)
		key = "user"; /* whose group it is */
	if (stage == SPAWN_EXEC && strcmp(job->key, "command") != 0)
		key = job->key;
	(void)text_addf(&t, "%s", spawn_stage_name(stage));
	if (stage == SPAWN_EXEC && job->argv->n)
		(void)text_addf(&t, " '%s'", job->argv->v[0]);
	if (stage == SPAWN_CWD && s->spec->cwd)
		(void)text_addf(&t, " '%s'", s->spec->cwd);
	(void)text_addf(&t, ": %s", err_text(err));
	describe_key(s, key, &t);
}

bool process_is_permanent(enum spawn_stage stage, int err)
{
	switch (stage) {
	case SPAWN_EXEC:
	case SPAWN_CWD:
		return err == ENOENT || err == EACCES || err == ENOTDIR || err == ENOEXEC || err == EPERM ||
		       err == ELOOP || err == ENAMETOOLONG || err == E2BIG || err == EISDIR;
	case SPAWN_GROUPS:
	case SPAWN_GROUP:
	case SPAWN_USER:
		return err == EPERM || err == EINVAL || err == ENOENT;
	case SPAWN_FORK:
	case SPAWN_CGROUP:
	case SPAWN_SESSION:
	case SPAWN_STDIO:
	case SPAWN_LIMITS:
	case SPAWN_UMASK:
	case SPAWN_STAGE_MAX:
		return false;
	}
	return false;
}

int process_spawn(struct service *s, const struct process_job *what, struct spawned *ret)
{
	const struct spec *spec = s->spec;
	struct ids ids = { 0 };
	const char *bad = NULL;

	s->failure[0] = 0;
	s->permanent = false;
	int r = ids_resolve(spec->user, spec->group, &ids, &bad);
	if (r < 0) {
		struct text t = TEXT_INIT(s->failure);
		const char *value = bad && strcmp(bad, "group") == 0 ? spec->group : spec->user;
		/* A name that isn't there won't come; for want of a descriptor it may be found the next time. */
		s->permanent = r == -ENOENT || r == -EACCES || r == -E2BIG;
		(void)text_addf(&t, "%s %s '%s'", r == -ENOENT ? "no such" : "cannot look up", bad ? bad : "user",
				value ? value : "");
		if (r != -ENOENT)
			(void)text_addf(&t, ": %s", err_text(r));
		describe_key(s, bad ? bad : "user", &t);
		return r;
	}

	struct strv env = { 0 };
	r = build_env(s, &ids, what->env, &env);
	if (r == 0) {
		struct spawn_job job = {
			.argv = what->argv->v,
			.exe = what->exe,
			.env = env.v,
			.cwd = spec->cwd,
			.in_fd = -1,
			.out_fd = what->out_fd ? *what->out_fd : s->out ? logstream_write_fd(s->out) : -1,
			.err_fd = what->out_fd ? *what->out_fd : s->err ? logstream_write_fd(s->err) : -1,
			.fds = what->fds,
			.n_fds = what->n_fds,
			.cgroup = s->cgroup,
			.ids = ids.set_user || ids.set_group ? &ids : NULL,
			.umask = spec->umask,
			.mask = s->host->mask,
			.nofile = s->host->nofile,
			.adopt = what->adopt,
			.oom_score_adj = s->host->oom_score_adj,
		};
		if (what->is_main) {
			logstream_starts(s->out, 0);
			logstream_starts(s->err, 0);
		}
		r = spawn_start(&job, ret);
		if (what->is_main && r == 0) {
			logstream_starts(s->out, ret->pid);
			logstream_starts(s->err, ret->pid);
		}
	}
	strv_done(&env);
	if (r < 0)
		process_tell_failure(s, what, SPAWN_FORK, -r);
	return r;
}

int process_signal(struct service *s, int sig, bool group)
{
	if (s->pid <= 0)
		return -ESRCH;
	/* The main process is the leader of its own session and group. Not reaped yet, so neither number can have been reused. A
	 * daemon that forked twice isn't, but it is in a session of its service, and so is the group. */
	pid_t other = 0;
	int r = group ? sys_kill(-s->pid, sig) : -ESRCH;
	if (group && r == -ESRCH && kin_group(s->pid, &other) == 0 && other > 1 && other != getpgrp())
		r = sys_kill(-other, sig);
	if (group && r != -ESRCH)
		return r;
	r = s->pidfd >= 0 ? sys_pidfd_send_signal(s->pidfd, sig) : -ENOSYS;
	if (r == -ENOSYS || r == -EPERM || r == -EINVAL)
		r = sys_kill(s->pid, sig);
	return r;
}

ssize_t process_pids(const struct service *s, pid_t *pids, size_t max)
{
	if (s->cgroup)
		return cgroup_pids(s->cgroup, pids, max);
	return kin_find(s->pid, s->mark, pids, max);
}

bool process_has(const struct service *s, pid_t pid)
{
	if (!s->cgroup)
		return kin_is(pid, s->pid, s->mark);
	cleanup_free pid_t *pids = calloc(KIN_MAX, sizeof(*pids));
	ssize_t n = pids ? cgroup_pids(s->cgroup, pids, KIN_MAX) : 0;
	for (ssize_t i = 0; i < n && i < KIN_MAX; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

size_t process_conns(const struct service *s, const struct conns *c, bool *ret_hidden)
{
	cleanup_free pid_t *pids = calloc(KIN_MAX, sizeof(*pids));
	ssize_t n = pids ? process_pids(s, pids, KIN_MAX) : -ENOMEM;

	*ret_hidden = n < 0;
	return n > 0 ? conns_held(c, pids, n < KIN_MAX ? (size_t)n : KIN_MAX, ret_hidden) : 0;
}

size_t process_signal_rest(struct service *s, int sig)
{
	cleanup_free pid_t *pids = calloc(KIN_MAX, sizeof(*pids));
	size_t reached = 0;
	ssize_t n = pids ? process_pids(s, pids, KIN_MAX) : -ENOMEM;

	if (n < 0) {
		log_warning("%s: cannot list the processes it left behind: %s", s->spec->name, err_text((int)n));
		return 0;
	}
	for (ssize_t i = 0; i < n && i < KIN_MAX; i++)
		if (pids[i] != s->pid && sys_kill(pids[i], sig) == 0)
			reached++;
	return reached;
}

void process_kill_all(struct service *s)
{
	if (s->cgroup) {
		int r = cgroup_kill(s->cgroup);
		if (r == 0)
			return;
		log_warning("%s: cannot kill its cgroup: %s; killing what /proc shows instead", s->spec->name, err_text(r));
	}
	if (s->pid > 0) {
		(void)sys_kill(-s->pid, SIGKILL);
		(void)process_signal(s, SIGKILL, false);
	}
	(void)process_signal_rest(s, SIGKILL);
}

bool process_any_left(struct service *s)
{
	if (s->cgroup) {
		int r = cgroup_empty(s->cgroup);
		if (r >= 0)
			return r == 0;
	}
	/* Whatever an ended main leaves behind becomes pm1's child (it is PID 1 or a subreaper): no stranger among our
	 * children, nothing left, and no walk through /proc. */
	size_t n = 0;
	const pid_t *known = reaper_known(s->host->reaper, &n);
	if (s->pid == 0 && kin_strangers(known, n) == 0)
		return false;

	cleanup_free pid_t *pids = calloc(KIN_MAX, sizeof(*pids));
	ssize_t found = pids ? kin_find(s->pid, s->mark, pids, KIN_MAX) : -ENOMEM;
	/* Not known for want of a descriptor, say: taken for a yes, which the kill timeout bounds. Without /proc there's no asking. */
	if (found < 0)
		return found != -ENOENT;
	for (ssize_t i = 0; i < found && i < KIN_MAX; i++)
		if (pids[i] != s->pid)
			return true;
	return false;
}
