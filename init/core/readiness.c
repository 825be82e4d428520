#include "core/readiness_impl.h"

#include "core/sockets.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "core/adopt.h"
#include "core/process.h"
#include "os/kin.h"

#include <errno.h>
#include <fcntl.h>

/* Nobody tells of a new socket or file. Soon at first, for programs are up within a few of these; then ever more rarely. */
#define LOOK_FIRST (10 * USEC_MS)
#define LOOK_MAX (500 * USEC_MS)

static void on_look(void *ctx);

bool readiness_wanted(const struct service *s)
{
	struct ready how;

	return s->spec->type == TYPE_FORKING || (!ready_parse(s->spec->ready, &how) && how.kind != READY_EXEC);
}

static struct readiness *get(struct service *s)
{
	if (s->readiness)
		return s->readiness;
	struct readiness *rd = calloc(1, sizeof(*rd));
	if (!rd)
		return NULL;
	rd->service = s;
	rd->socket = rd->channel = -1;
	if (loop_timer_new(s->host->loop, on_look, rd, &rd->looker) < 0) {
		free(rd);
		return NULL;
	}
	return s->readiness = rd;
}

void readiness_reached(struct readiness *rd, const char *cause)
{
	struct service *s = rd->service;

	if (s->state != STATE_STARTING)
		return;
	if (!rd->awaited) { /* heard before the report of its exec was */
		(void)text_copy(rd->early, sizeof(rd->early), cause);
		return;
	}
	rd->awaited = false;
	loop_timer_off(rd->looker);
	notify_pet(rd);
	service_ready(s, cause);
}

/* What is looked for. */

static void where_of(const struct ready *how, struct listening_at *ret)
{
	*ret = (struct listening_at){ .path = how->kind == READY_UNIX ? how->arg : NULL, .family = how->family, .port = how->port };
	memcpy(ret->address, how->address, sizeof(ret->address));
}

/* What is there already is no sign of this run. */
static void look_before(struct readiness *rd)
{
	struct listening_at at;
	char label[SERVICE_LABEL_MAX];

	rd->n_before = 0;
	rd->had_file = rd->how.kind == READY_FILE && sys_stat(rd->how.arg, &rd->file) == 0;
	if (rd->how.kind != READY_TCP && rd->how.kind != READY_UNIX)
		return;
	where_of(&rd->how, &at);
	ssize_t n = listening_find(0, &at, rd->before);
	rd->n_before = n > 0 ? (size_t)n : 0;
	service_label(rd->service, label, sizeof(label));
	if (n < 0)
		log_warning("%s: cannot see who listens (%s): it won't be ready", label, err_text((int)n));
	else if (n > 0 && at.path)
		log_warning("%s: %s is listened on already; it is ready when it listens there itself", label, at.path);
	else if (n > 0)
		log_warning("%s: port %u is listened on already; it is ready when it listens there itself", label, at.port);
}

static bool was_before(const struct readiness *rd, uint64_t inode)
{
	for (size_t i = 0; i < rd->n_before; i++)
		if (rd->before[i] == inode)
			return true;
	return false;
}

static bool listens(const struct readiness *rd)
{
	const struct service *s = rd->service;
	uint64_t inodes[LISTENING_MAX];
	struct listening_at at;
	bool hidden = false;

	where_of(&rd->how, &at);
	ssize_t n = listening_find(s->pid, &at, inodes);
	if (n <= 0)
		return false;
	cleanup_free pid_t *pids = calloc(KIN_MAX, sizeof(*pids));
	ssize_t n_pids = pids ? process_pids(s, pids, KIN_MAX) : -ENOMEM;
	for (ssize_t i = 0; i < n_pids && i < KIN_MAX; i++) {
		int r = listening_held(pids[i], inodes, (size_t)n);
		if (r == 1)
			return true;
		hidden |= r == -EACCES || r == -EPERM;
	}
	/* In a container root may not look at another user's process. Then a socket that wasn't there before is taken for its own. */
	for (ssize_t i = 0; hidden && i < n; i++)
		if (!was_before(rd, inodes[i]))
			return true;
	return false;
}

static bool file_is_new(const struct readiness *rd)
{
	struct stat now;

	if (sys_stat(rd->how.arg, &now) < 0)
		return false;
	return !rd->had_file || now.st_ino != rd->file.st_ino || now.st_dev != rd->file.st_dev || now.st_size != rd->file.st_size ||
	       now.st_mtim.tv_sec != rd->file.st_mtim.tv_sec || now.st_mtim.tv_nsec != rd->file.st_mtim.tv_nsec;
}

static void on_look(void *ctx)
{
	struct readiness *rd = ctx;
	char cause[SERVICE_CAUSE_MAX];

	if (!rd->awaited)
		return;
	if (rd->how.kind == READY_FILE ? !file_is_new(rd) : !listens(rd)) {
		rd->look_for += rd->look_for / 2;
		if (rd->look_for > LOOK_MAX)
			rd->look_for = LOOK_MAX;
		loop_timer_in(rd->looker, rd->look_for);
		return;
	}
	if (rd->how.kind == READY_TCP)
		(void)text_format(cause, sizeof(cause), "it listens on port %u", rd->how.port);
	else
		(void)text_format(cause, sizeof(cause), rd->how.kind == READY_UNIX ? "it listens on %.70s" : "%.70s is there", rd->how.arg);
	readiness_reached(rd, cause);
}

static void on_matched(void *ctx)
{
	readiness_reached(ctx, "it wrote the line of ready_log");
}

/* A run. */

int readiness_gift_fd(struct readiness_gift *g, int from, int to)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->fds[i].to == to)
			return -EEXIST;
	struct spawn_fd *fds = reallocarray(g->fds, g->n + 1, sizeof(*fds));

	if (!fds)
		return -ENOMEM;
	g->fds = fds;
	g->fds[g->n++] = (struct spawn_fd){ from, to };
	return 0;
}

static int give_channel(struct readiness *rd, struct readiness_gift *g)
{
	/* Behind the stored ones. */
	int to = rd->how.kind == READY_FD ? rd->how.fd : 3 + (int)g->n;
	int r = channel_open(rd, &g->own);

	if (r == 0)
		r = readiness_gift_fd(g, g->own, to);
	if (r < 0 || rd->how.kind == READY_FD)
		return r;
	r = strv_addf(&g->env, "NODE_CHANNEL_FD=%d", to);
	return r < 0 ? r : strv_add(&g->env, "NODE_CHANNEL_SERIALIZATION_MODE=json");
}

static void begin_anew(struct readiness *rd)
{
	rd->awaited = rd->refused = rd->reloading = rd->stopping = false;
	rd->early[0] = rd->status[0] = 0;
	rd->next_main = rd->ended_main = 0;
	rd->watchdog = rd->service->spec->watchdog;
	channel_close(rd);
	free(rd->text);
	rd->text = NULL;
	rd->how = (struct ready){ .kind = READY_EXEC };
}

int readiness_prepare(struct service *s, struct readiness_gift *ret)
{
	bool has_socket = ready_has_socket(s->spec);

	*ret = (struct readiness_gift){ .own = -1 };
	int r = sockets_prepare(s);
	if (r < 0)
		return r;
	if (!s->readiness && !has_socket && (!readiness_wanted(s) || !s->spec->ready))
		return sockets_give(s, NULL, ret);
	struct readiness *rd = get(s);
	if (!rd)
		return -ENOMEM;
	begin_anew(rd);
	if (s->spec->ready && !(rd->text = strdup(s->spec->ready)))
		return -ENOMEM;
	(void)ready_parse(rd->text, &rd->how);
	look_before(rd);
	if (has_socket)
		r = notify_open(rd, &ret->env);
	else
		notify_close(rd);
	if (r == 0)
		r = sockets_give(s, &rd->store, ret);
	if (r == 0 && (rd->how.kind == READY_FD || rd->how.kind == READY_IPC))
		r = give_channel(rd, ret);
	logstream_expect(s->out, rd->how.kind == READY_LOG ? on_matched : NULL, rd);
	logstream_expect(s->err, rd->how.kind == READY_LOG ? on_matched : NULL, rd);
	return r;
}

void readiness_given(struct readiness_gift *g)
{
	strv_done(&g->env);
	free(g->fds);
	close_fd(&g->own);
	*g = (struct readiness_gift){ .own = -1 };
}

void readiness_begin(struct service *s)
{
	struct readiness *rd = s->readiness;

	if (!rd)
		return;
	notify_pet(rd);
	if (rd->how.kind == READY_EXEC)
		return;
	rd->awaited = true;
	if (rd->how.kind == READY_LISTEN)
		readiness_listens(s);
	if (!rd->awaited)
		return;
	if (rd->early[0]) {
		readiness_reached(rd, rd->early);
		return;
	}
	if (rd->how.kind == READY_TCP || rd->how.kind == READY_UNIX || rd->how.kind == READY_FILE) {
		rd->look_for = LOOK_FIRST;
		loop_timer_in(rd->looker, rd->look_for);
	}
}

void readiness_listens(struct service *s)
{
	struct readiness *rd = s->readiness;
	char cause[SERVICE_CAUSE_MAX];

	if (!rd || rd->how.kind != READY_LISTEN || !rd->awaited || !sockets_all_listen(s))
		return;
	if (sockets_adopts(s))
		(void)text_format(cause, sizeof(cause), "it listens");
	else
		(void)text_format(cause, sizeof(cause), "it binds by itself");
	readiness_reached(rd, cause);
}

void readiness_end(struct service *s)
{
	struct readiness *rd = s->readiness;

	adopt_end(s);
	if (!rd)
		return;
	notify_drain(rd); /* what it leaves for the next run may have come with its end */
	rd->awaited = false;
	loop_timer_off(rd->looker);
	if (rd->dog)
		loop_timer_off(rd->dog);
	rd->watchdog = 0;
	logstream_expect(s->out, NULL, NULL);
	logstream_expect(s->err, NULL, NULL);
}

void readiness_rest(struct service *s)
{
	struct readiness *rd = s->readiness;

	if (!rd)
		return;
	notify_close(rd);
	channel_close(rd);
	fdstore_clear(&rd->store);
	rd->status[0] = 0;
	rd->reloading = rd->stopping = false;
}

void readiness_free(struct service *s)
{
	struct readiness *rd = s->readiness;

	if (!rd)
		return;
	readiness_rest(s);
	loop_timer_free(&rd->looker);
	loop_timer_free(&rd->dog);
	free(rd->text);
	free(rd);
	s->readiness = NULL;
}

bool readiness_goes_on(struct service *s, const struct reaped *r)
{
	struct readiness *rd = s->readiness;
	char label[SERVICE_LABEL_MAX];

	if (rd) {
		rd->ended_main = r->pid;
		if (s->state == STATE_STARTING)
			channel_drain(rd);
		notify_drain(rd);
		if (s->pid > 0) /* it has said who takes its place */
			return true;
	}
	if (s->state == STATE_STARTING && s->spec->type == TYPE_FORKING)
		return r->exited && r->code == 0 && adopt_begin(s) == 0;
	pid_t next = rd ? rd->next_main : 0;
	if (next == 0 || (s->state != STATE_STARTING && s->state != STATE_ONLINE))
		return false;
	rd->next_main = 0;
	if (adopt_pid(s, next) < 0)
		return false;
	log_notice("%s: process %d is its main process now (MAINPID)", service_label(s, label, sizeof(label)), (int)next);
	return true;
}

/* For reports. */

void readiness_text(const struct service *s, struct text *t)
{
	struct ready how;

	if (s->spec->type == TYPE_FORKING)
		(void)text_add(t, "when its daemon is there");
	else if (!ready_parse(s->spec->ready, &how))
		ready_text(&how, t);
}

void readiness_missing(const struct service *s, struct text *t)
{
	const struct readiness *rd = s->readiness;

	if (!rd || !rd->awaited)
		return;
	(void)text_add(t, ": ");
	ready_missing(&rd->how, t);
	if (rd->how.kind == READY_LISTEN) {
		(void)text_add(t, ": ");
		sockets_missing(rd->service, t);
	}
	if (rd->n_before)
		(void)text_add(t, " (another process did)");
}

const char *readiness_status(const struct service *s)
{
	return s->readiness ? s->readiness->status : "";
}

bool readiness_is_reloading(const struct service *s)
{
	return s->readiness && s->readiness->reloading;
}

int readiness_inherit(struct service *s, const struct service *from)
{
	const struct fdstore *store = from->readiness ? &from->readiness->store : NULL;
	struct readiness *rd = store && store->n ? get(s) : NULL;
	int r = store && store->n && !rd ? -ENOMEM : 0;

	for (size_t i = 0; rd && r == 0 && i < store->n; i++) {
		int fd = sys_fcntl(store->v[i].fd, F_DUPFD_CLOEXEC, 0);
		r = fd < 0 ? fd : fdstore_add(&rd->store, store->n, fd, store->v[i].name);
		r = r == -EALREADY ? 0 : r;
	}
	return r;
}

size_t readiness_stored(const struct service *s)
{
	return s->readiness ? s->readiness->store.n : 0;
}
