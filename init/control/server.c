#include "control/server.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "wire/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64
/* A client that can't be accepted stays in the queue, and would wake the loop without end: no look at the queue for so long. */
#define REST USEC_SEC

struct server {
	struct server_config cfg;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd; /* owned */
	int lock_fd; /* owned, -1 for an abstract socket: the kernel itself is the lock */
	int reserve_fd; /* given up for a moment when there are no fds left */
	struct loop_source *source;
	struct loop_timer *rest;
	struct session *clients[SERVER_CLIENTS_MAX]; /* owned, NULL: a free place */
};

static void on_gone(void *ctx, struct session *session)
{
	struct server *s = ctx;

	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		if (s->clients[i] == session)
			s->clients[i] = NULL;
	s->cfg.gone(s->cfg.ctx, session);
}

static void on_called(void *ctx, struct session *session, struct call *call)
{
	struct server *s = ctx;
	s->cfg.called(s->cfg.ctx, session, call);
}

/* Tells why, as far as the socket takes it at once, and closes. */
static void refuse(int fd, const char *why)
{
	cleanup_free char *msg = message_error(ERROR_BUSY, json_pack("{s:s}", "message", why));
	struct iovec v = { .iov_base = msg, .iov_len = msg ? strlen(msg) + 1 : 0 };
	const struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	if (msg)
		(void)sys_sendmsg(fd, &m, MSG_DONTWAIT);
	close_fd(&fd);
}

/* A free place; when there is none, that of the client that has asked nothing for the longest time: clients that only hold their
 * places must not keep an operator out. SERVER_CLIENTS_MAX: all wait for answers. */
static size_t find_place(struct server *s)
{
	size_t oldest = SERVER_CLIENTS_MAX;
	usec_t since = USEC_NEVER;

	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		if (!s->clients[i])
			return i;
		usec_t idle = session_idle_since(s->clients[i]);
		if (idle < since) {
			since = idle;
			oldest = i;
		}
	}
	if (oldest < SERVER_CLIENTS_MAX)
		session_drop(s->clients[oldest]);
	return oldest;
}

static void admit(struct server *s, int fd)
{
	size_t place = find_place(s);

	if (place == SERVER_CLIENTS_MAX) {
		log_warning("control: %d clients wait for answers already; refusing one more", SERVER_CLIENTS_MAX);
		refuse(fd, "too many clients wait for answers; try again");
		return;
	}
	struct session_config cfg = { .loop = s->cfg.loop, .ctx = s, .called = on_called, .gone = on_gone };
	int r = session_new(&cfg, fd, &s->clients[place]);
	if (r < 0)
		log_warning("control: cannot take a client: %s", err_text(r));
}

/* A descriptor that is there in any place, also without /dev. */
static int open_reserve(void)
{
	return sys_open("/", O_RDONLY | O_DIRECTORY, 0);
}

static void on_rested(void *ctx)
{
	struct server *s = ctx;
	(void)loop_change(s->source, EPOLLIN);
}

static void rest(struct server *s, int err)
{
	log_warning("control: cannot take a client: %s; trying again in a second", err_text(err));
	loop_timer_in(s->rest, REST);
	(void)loop_change(s->source, 0);
}

static void on_connect(void *ctx, int fd, uint32_t events)
{
	struct server *s = ctx;

	(void)events;
	for (int i = 0; i < SERVER_ACCEPTS_PER_WAKEUP; i++) {
		int client = sys_accept(fd);
		if (client == -EMFILE || client == -ENFILE) {
			/* Without this the waiting client would wake the loop for ever. */
			close_fd(&s->reserve_fd);
			client = sys_accept(fd);
			if (client >= 0) {
				close_fd(&client);
				log_warning("control: no file descriptors left; refused a client");
			} else if (client != -EAGAIN) {
				rest(s, client); /* others were faster to take it */
			}
			s->reserve_fd = open_reserve();
			return;
		}
		if (client == -ECONNABORTED)
			continue;
		if (client < 0) {
			if (client != -EAGAIN)
				rest(s, client);
			return;
		}
		admit(s, client);
	}
}

static int take_lock(struct server *s)
{
	char path[sizeof(s->path) + 8];

	(void)text_format(path, sizeof(path), "%s.lock", s->path);
	s->lock_fd = sys_open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0)
		return s->lock_fd;
	int r = sys_flock(s->lock_fd, LOCK_EX | LOCK_NB);
	return r == -EWOULDBLOCK ? -EADDRINUSE : r;
}

/* What a pm1 that died left at the path is removed; we hold the lock. But a configured path may be a mistake, and the lock file
 * may have been cleaned away under a pm1 that lives: only a socket that nobody listens on is stale. */
static int remove_stale(const struct sockaddr_un *a)
{
	struct stat st;

	int r = sys_lstat(a->sun_path, &st);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	cleanup_fd int fd = sys_socket(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return fd;
	r = sys_connect(fd, (const struct sockaddr *)a, sizeof(*a));
	if (r == 0 || r == -EAGAIN) /* EAGAIN: its backlog is full */
		return -EADDRINUSE;
	return sys_unlink(a->sun_path);
}

static int listen_at(struct server *s)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len;
	bool abstract = s->path[0] == '@';

	if (abstract) {
		(void)text_copy(a.sun_path + 1, sizeof(a.sun_path) - 1, s->path + 1);
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(s->path));
	} else {
		char dir[sizeof(s->path)];
		(void)text_copy(dir, sizeof(dir), s->path);
		char *slash = strrchr(dir, '/');
		if (slash && slash != dir) {
			*slash = 0;
			int r = sys_mkdir_all(dir, 0755);
			if (r < 0)
				return r;
		}
		int r = take_lock(s);
		if (r < 0)
			return r;
		(void)text_copy(a.sun_path, sizeof(a.sun_path), s->path);
		r = remove_stale(&a);
		if (r < 0)
			return r;
		len = sizeof(a);
	}
	s->fd = sys_socket(AF_UNIX, SOCK_STREAM);
	if (s->fd < 0)
		return s->fd;
	/* Nobody may connect between bind and chmod: the mode comes from the umask. PID 1 has one thread. */
	mode_t old = umask(0177);
	int r = sys_bind(s->fd, (struct sockaddr *)&a, len);
	(void)umask(old);
	if (r < 0)
		return r;
	if (!abstract && s->cfg.group != (gid_t)-1) {
		r = sys_chown(s->path, (uid_t)-1, s->cfg.group);
		if (r == 0)
			r = sys_chmod(s->path, 0660);
		if (r < 0)
			log_warning("control: cannot open the socket to control_group: %s; it stays closed to it",
				    err_text(r));
	}
	return sys_listen(s->fd, BACKLOG);
}

int server_new(const struct server_config *cfg, struct server **ret)
{
	struct server *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->cfg = *cfg;
	s->fd = s->lock_fd = -1;
	s->reserve_fd = open_reserve();
	int r = text_copy(s->path, sizeof(s->path), cfg->path);
	if (r < 0)
		r = -ENAMETOOLONG;
	if (r == 0)
		r = listen_at(s);
	if (r == 0)
		r = loop_timer_new(cfg->loop, on_rested, s, &s->rest);
	if (r == 0)
		r = loop_add(cfg->loop, s->fd, EPOLLIN, LOOP_CONTROL, on_connect, s, &s->source);
	if (r < 0) {
		close_fd(&s->fd); /* not ours to unlink */
		server_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	loop_remove(&s->source);
	loop_timer_free(&s->rest);
	if (s->fd >= 0 && s->path[0] != '@')
		(void)sys_unlink(s->path); /* the lock file stays: removing it would let two pm1s hold two locks of one name */
	close_fd(&s->fd);
	close_fd(&s->lock_fd);
	close_fd(&s->reserve_fd);
	/* After the lock: a client that sees its connection closed may start another pm1 at once. */
	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		if (s->clients[i])
			session_flush(s->clients[i]);
		session_free(s->clients[i]);
	}
	free(s);
}

const char *server_path(const struct server *s)
{
	return s->path;
}

bool server_trusts(const struct server *s, const struct ucred *cred)
{
	if (cred->uid == 0 || cred->uid == geteuid())
		return true;
	/* Only the group can have passed the file's mode 0660; an abstract socket has no mode. */
	return s->path[0] != '@' && s->cfg.group != (gid_t)-1;
}
