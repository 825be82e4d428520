/* notify - NOTIFY_SOCKET: what a service says of itself by sd_notify(3).
 *
 * One datagram socket a service, kept over its runs. Whom a message is from the kernel says (SCM_CREDENTIALS), and it must be a process
 * of the service; with notify_access = main, main alone. One that has ended meanwhile can't be asked for any more: as a helper says a
 * word and ends, that is usual. It is believed when its user is the service's, who could as well kill the service. Descriptors that
 * nobody asked for are closed with the message. */
#include "core/readiness_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/sys.h"
#include "core/adopt.h"
#include "core/process.h"
#include "os/ids.h"
#include "os/kin.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>

#define MESSAGES_PER_WAKEUP 16
#define FDS_PER_MESSAGE 64

struct message {
	char text[SDNOTIFY_MAX + 1]; /* one more, to see what is too long */
	size_t n;
	struct ucred from; /* pid 0: unknown */
	int fds[FDS_PER_MESSAGE];
	size_t n_fds;
	bool cut;
};

#define LABEL(rd) service_label((rd)->service, (char[SERVICE_LABEL_MAX]){ 0 }, SERVICE_LABEL_MAX)

/* Whose it is. */

static uid_t user_of(const struct service *s)
{
	struct ids ids = { 0 };
	const char *bad = NULL;

	return s->spec->user && ids_resolve(s->spec->user, NULL, &ids, &bad) == 0 ? ids.uid : geteuid();
}

static bool is_trusted(const struct readiness *rd, const struct ucred *from)
{
	const struct service *s = rd->service;

	if (from->pid <= 0)
		return false;
	if (from->pid == s->pid || from->pid == rd->ended_main)
		return true;
	if (s->spec->notify_access == NOTIFY_MAIN)
		return false;
	if (process_has(s, from->pid))
		return true;
	return kin_has_ended(from->pid) && from->uid == user_of(s);
}

static void refuse(struct readiness *rd, const struct message *m, const char *why)
{
	if (!rd->refused) /* once a run: whoever it is may say much */
		log_warning("%s: a message to its NOTIFY_SOCKET from process %d of uid %u: %s; ignoring", LABEL(rd), (int)m->from.pid,
			    (unsigned int)m->from.uid, why);
	rd->refused = true;
}

/* What it says. */

static void take_main(struct readiness *rd, pid_t pid)
{
	struct service *s = rd->service;

	if (pid == s->pid || (s->state != STATE_STARTING && s->state != STATE_ONLINE))
		return;
	int r = adopt_pid(s, pid);
	if (r == -ECHILD) { /* it is, once the main that started it has ended */
		rd->next_main = pid;
		return;
	}
	if (r < 0) {
		log_warning("%s: MAINPID=%d: %s; ignoring", LABEL(rd), (int)pid,
			    r == -ESRCH ? "none of its processes" : err_text(r));
		return;
	}
	log_notice("%s: process %d is its main process now (MAINPID)", LABEL(rd), (int)pid);
	if (s->spec->type == TYPE_FORKING) {
		adopt_end(s);
		service_ready(s, "it said which its main process is");
	}
}

static void extend(struct service *s, usec_t span)
{
	usec_t at = loop_now(s->host->loop) + span, due = loop_timer_due(s->timer);
	bool waits = s->state == STATE_STARTING || (s->state == STATE_STOPPING && !s->killed);

	if (waits && due != USEC_NEVER && at > due)
		loop_timer_at(s->timer, at);
}

static void store(struct readiness *rd, struct message *m, const char *name)
{
	for (size_t i = 0; i < m->n_fds; i++) {
		int r = fdstore_add(&rd->store, rd->service->spec->fdstore_max, take_fd(&m->fds[i]), *name ? name : "stored");
		if (r < 0 && r != -EALREADY)
			log_warning("%s: a descriptor '%s' that it wants kept: %s; closing it", LABEL(rd), name,
				    r == -ENOSPC ? "more than fdstore_max" : err_text(r));
	}
}

static void on_dog(void *ctx)
{
	struct readiness *rd = ctx;
	struct service *s = rd->service;
	char why[SERVICE_CAUSE_MAX];
	struct text t = TEXT_INIT(why);

	notify_drain(rd); /* perhaps we are late, not it */
	if (rd->watchdog == 0 || loop_timer_due(rd->dog) != USEC_NEVER)
		return;
	if (s->state == STATE_STARTING) /* that is listen_timeout's */
		notify_pet(rd);
	if (s->state != STATE_ONLINE)
		return;
	(void)text_add(&t, "watchdog: no sign of life for ");
	(void)text_add_span(&t, rd->watchdog);
	service_fail(s, why);
}

void notify_pet(struct readiness *rd)
{
	if (rd->watchdog == 0)
		return;
	int r = rd->dog ? 0 : loop_timer_new(rd->service->host->loop, on_dog, rd, &rd->dog);
	if (r == 0)
		loop_timer_in(rd->dog, rd->watchdog);
	else
		log_warning("%s: no watchdog: %s", LABEL(rd), err_text(r));
}

static void heed(struct readiness *rd, struct message *m)
{
	struct service *s = rd->service;
	struct sdnotify said;

	sdnotify_parse(m->text, m->n, &said);
	if (said.bad)
		log_debug("%s: %s= in its notification can't be; ignoring that", LABEL(rd), said.bad);
	if (said.has_status) {
		struct text t = TEXT_INIT(rd->status);
		(void)text_add_safe(&t, said.status);
	}
	if (said.main_pid)
		take_main(rd, said.main_pid);
	if (said.fdstore_remove && said.fdname[0])
		(void)fdstore_remove(&rd->store, said.fdname);
	else if (said.fdstore)
		store(rd, m, said.fdname);
	if (said.extend_usec)
		extend(s, said.extend_usec);
	if (said.stopping)
		rd->stopping = true;
	if (said.reloading)
		rd->reloading = true;
	if (said.watchdog_usec) {
		rd->watchdog = said.watchdog_usec;
		notify_pet(rd);
	}
	if (said.watchdog)
		notify_pet(rd);
	if (said.ready) {
		rd->reloading = false;
		if (rd->how.kind == READY_NOTIFY)
			readiness_reached(rd, "it said READY=1");
	}
	if (said.watchdog_trigger && s->state == STATE_ONLINE && s->pid > 0)
		service_fail(s, "watchdog: it said itself that it failed");
}

/* 1: a message; 0 or -errno: none. */
static int receive(int fd, struct message *m)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int) * FDS_PER_MESSAGE)];
	} control;
	struct iovec iov = { m->text, sizeof(m->text) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control.buf) };

	m->n_fds = 0;
	m->from = (struct ucred){ 0 };
	ssize_t n = sys_recvmsg(fd, &h, MSG_DONTWAIT);
	if (n < 0)
		return (int)n;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len == CMSG_LEN(sizeof(m->from)))
			memcpy(&m->from, CMSG_DATA(c), sizeof(m->from));
		if (c->cmsg_type == SCM_RIGHTS) {
			m->n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(m->fds, CMSG_DATA(c), m->n_fds * sizeof(int));
		}
	}
	m->n = (size_t)n;
	m->cut = h.msg_flags & MSG_TRUNC || m->n > SDNOTIFY_MAX;
	return 1;
}

static bool is_heard(const struct service *s)
{
	return s->step == STEP_MAIN && (s->state == STATE_STARTING || s->state == STATE_ONLINE || s->state == STATE_STOPPING ||
					s->state == STATE_EXITED);
}

static void take_messages(struct readiness *rd, bool heard)
{
	struct message m;

	for (int i = 0; rd->socket >= 0 && i < MESSAGES_PER_WAKEUP && receive(rd->socket, &m) > 0; i++) {
		if (!heard || !is_heard(rd->service))
			;
		else if (m.cut)
			refuse(rd, &m, "longer than 4096 bytes");
		else if (!is_trusted(rd, &m.from))
			refuse(rd, &m, rd->service->spec->notify_access == NOTIFY_MAIN ? "not its main process" : "none of its processes");
		else
			heed(rd, &m);
		for (size_t k = 0; k < m.n_fds; k++)
			close_fd(&m.fds[k]);
	}
}

void notify_drain(struct readiness *rd)
{
	take_messages(rd, true);
}

static void on_readable(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	notify_drain(ctx);
}

/* The socket. */

/* Whether another user gets through to it. */
static bool is_way_open(const char *path)
{
	char part[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat st;

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)text_format(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (sys_stat(part, &st) < 0 || !(st.st_mode & S_IXOTH))
			return false;
	}
	return true;
}

/* The service's number when it was made: one that takes another's place gets that one's number, while that one's socket is there still. */
static const char *own_number(const struct service *s)
{
	const char *dot = strrchr(s->mark, '.');

	return dot ? dot + 1 : "0";
}

/* In pm1's folder, where one is: not all programs know the abstract names. */
static int bind_path(struct readiness *rd)
{
	const struct service *s = rd->service;

	if (!s->host->run_path || s->host->run_path[0] != '/')
		return -ENOENT;
	rd->address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (text_format(rd->address.sun_path, sizeof(rd->address.sun_path), "%s.notify.%s", s->host->run_path, own_number(s)) < 0)
		return -ENAMETOOLONG;
	if (s->spec->user && !is_way_open(rd->address.sun_path))
		return -EACCES;
	(void)sys_unlink(rd->address.sun_path); /* of a pm1 that was killed; what begins as our control socket does is ours alone */
	int r = sys_bind(rd->socket, (const struct sockaddr *)&rd->address, sizeof(rd->address));
	/* Anybody may knock: who it is the kernel says, and processes of a service change their user. */
	if (r == 0 && (r = sys_chmod(rd->address.sun_path, 0666)) < 0)
		(void)sys_unlink(rd->address.sun_path);
	rd->has_path = r == 0;
	return r;
}

static int bind_name(struct readiness *rd)
{
	struct sockaddr_un *a = &rd->address;

	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)text_format(a->sun_path + 1, sizeof(a->sun_path) - 1, "pm1/%llx/notify.%s", (unsigned long long)rd->service->host->boot_id,
			  own_number(rd->service));
	return sys_bind(rd->socket, (const struct sockaddr *)a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(a->sun_path + 1)));
}

static int open_socket(struct readiness *rd)
{
	int r = rd->socket = sys_socket(AF_UNIX, SOCK_DGRAM);

	if (r < 0)
		return r;
	r = sys_fd_is_scarce(rd->socket) ? -EMFILE : sys_sockopt(rd->socket, SOL_SOCKET, SO_PASSCRED, 1);
	if (r == 0 && bind_path(rd) < 0)
		r = bind_name(rd);
	/* Before exits: who says READY=1 and ends was ready. */
	if (r == 0)
		r = loop_add(rd->service->host->loop, rd->socket, EPOLLIN, LOOP_SPAWN, on_readable, rd, &rd->source);
	if (r < 0)
		notify_close(rd);
	return r;
}

void notify_close(struct readiness *rd)
{
	loop_remove(&rd->source);
	close_fd(&rd->socket);
	if (rd->has_path)
		(void)sys_unlink(rd->address.sun_path);
	rd->has_path = false;
}

int notify_open(struct readiness *rd, struct strv *env)
{
	const struct spec *spec = rd->service->spec;
	const char *name = rd->address.sun_path;
	int r = rd->socket < 0 ? open_socket(rd) : 0;

	if (r < 0)
		return r;
	take_messages(rd, false); /* an earlier run's last words */
	r = strv_addf(env, "NOTIFY_SOCKET=%s%s", *name ? "" : "@", *name ? name : name + 1);
	if (r == 0 && spec->watchdog > 0)
		r = strv_addf(env, "WATCHDOG_USEC=%llu", (unsigned long long)spec->watchdog);
	if (r == 0 && spec->watchdog > 0)
		r = strv_add(env, "WATCHDOG_PID=" SPAWN_OWN_PID);
	return r;
}
