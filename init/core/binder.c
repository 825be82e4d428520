#include "core/binder.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/bindmatch.h"
#include "core/peeker.h"
#include "os/notice.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

#define ASKED_MAX 16 /* calls that are looked at, at a time; more wait in the kernel */
#define WHY_MAX 512 /* bytes of a reason */

/* A call that waits. */
struct asked {
	struct binder *binder;
	struct peeker *peeker; /* owned; NULL: the place is free */
	struct notice notice;
	bool as_self; /* it is looked at with pm1's own rights: the user's didn't do */
};

struct binder {
	struct binder_config cfg;
	char label[128];
	int channel, listener; /* owned, -1 */
	struct loop_source *channel_source, *listener_source;
	struct asked asked[ASKED_MAX];
	bool full; /* no place is free: no more is asked for */
	bool refused; /* everything goes on as it is */
	/* By position: what was told already. */
	bool bound[LISTEN_MAX], listens[LISTEN_MAX], clashed[LISTEN_MAX];
};

static size_t targets_of(struct binder *b, struct binder_target *ret)
{
	size_t n = b->refused ? 0 : b->cfg.targets(b->cfg.ctx, ret);

	return n < LISTEN_MAX ? n : LISTEN_MAX;
}

static void set_full(struct binder *b, bool full)
{
	if (b->full == full || !b->listener_source)
		return;
	b->full = full;
	(void)loop_change(b->listener_source, full ? 0 : EPOLLIN);
}

static void leave_listener(struct binder *b)
{
	for (size_t i = 0; i < ASKED_MAX; i++) {
		peeker_free(b->asked[i].peeker);
		b->asked[i].peeker = NULL;
	}
	loop_remove(&b->listener_source);
	close_fd(&b->listener);
}

static void leave_channel(struct binder *b)
{
	loop_remove(&b->channel_source);
	close_fd(&b->channel);
}

/* The caller may be gone by now: that is its own affair. */
static void go_on(struct binder *b, const struct notice *n)
{
	int r = notice_go_on(b->listener, n->id);

	if (r < 0 && r != -ENOENT)
		log_error("%s: a call of process %d can't be answered: %s", b->label, (int)n->tid, err_text(r));
}

static void answer(struct binder *b, const struct notice *n)
{
	int r = notice_answer(b->listener, n->id);

	if (r < 0 && r != -ENOENT)
		log_error("%s: a call of process %d can't be answered: %s", b->label, (int)n->tid, err_text(r));
}

static void refuse(struct binder *b, const char *why)
{
	if (b->refused)
		return;
	b->refused = true;
	b->cfg.refused(b->cfg.ctx, why);
	/* Nobody is asked any more. */
	for (size_t i = 0; i < ASKED_MAX; i++) {
		struct asked *a = &b->asked[i];
		if (!a->peeker)
			continue;
		peeker_free(a->peeker);
		a->peeker = NULL;
		go_on(b, &a->notice);
	}
	set_full(b, false);
}

static void tell_bound(struct binder *b, size_t i)
{
	if (!b->bound[i]) {
		b->bound[i] = true;
		b->cfg.bound(b->cfg.ctx, i);
	}
}

static void tell_listens(struct binder *b, size_t i)
{
	if (!b->listens[i]) {
		b->listens[i] = true;
		b->cfg.listens(b->cfg.ctx, i);
	}
}

/* As good as it goes: the program had its own socket like this, and most of it is about what is accepted. */
static void dress(int fd, const struct peek_report *r)
{
	const struct peek_option *o;
	int flags = sys_fcntl(fd, F_GETFL, 0);

	if (flags >= 0)
		(void)sys_fcntl(fd, F_SETFL, r->nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
	for (size_t i = 0; r->optioned && (o = peek_option(i)) != NULL; i++)
		if (r->options_set >> i & 1)
			(void)sys_sockopt(fd, o->level, o->name, r->options[i]);
}

static void give(struct binder *b, const struct notice *n, const struct peek_report *report, const struct binder_target *t, size_t i)
{
	char why[WHY_MAX];

	dress(t->fd, report);
	int r = notice_give(b->listener, n->id, t->fd, n->fd, report->cloexec);
	if (r == -ENOENT)
		return;
	if (r < 0) {
		(void)text_format(why, sizeof(why), "%s can't be passed to it: %s", t->at->text, err_text(r));
		refuse(b, why);
		go_on(b, n);
		return;
	}
	answer(b, n);
	tell_bound(b, i);
	if (t->at->kind == LISTEN_UDP)
		tell_listens(b, i);
}

static bool place_of_target(const struct binder_target *t, struct bind_place *ret)
{
	int v6only = 0;

	memset(ret, 0, sizeof(*ret));
	ret->kind = t->at->kind;
	ret->file = t->file;
	ret->len = sizeof(ret->a);
	/* What is held for a bare port depends on the machine. */
	if (getsockname(t->fd, &ret->a.any, &ret->len) < 0)
		return false;
	if (ret->a.any.sa_family == AF_INET6 && sys_sockopt_get(t->fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only) == 0)
		ret->v6only = v6only != 0;
	return true;
}

/* What keeps this program from it, in words; false: nothing. */
static bool obstacle(enum bind_match match, const struct peek_report *r, const char *own, const char *held, struct text *why)
{
	if (match == BIND_FOREIGN)
		(void)text_addf(why, "it binds %s, held is %s: write listen = %s", own, held, own);
	else if (match == BIND_GONE)
		(void)text_addf(why, "it has removed the file of %s before it binds there, as most programs do", held);
	else if (r->in_epoll)
		(void)text_addf(why, "it puts the socket into an epoll set before it binds %s, and would wait there for its own socket", own);
	else if (r->duped)
		(void)text_addf(why, "it has a second descriptor of the socket when it binds %s, which would stay its own socket", own);
	else
		return false;
	return true;
}

static void decide_bind(struct binder *b, const struct notice *n, const struct peek_report *r)
{
	struct binder_target targets[LISTEN_MAX];
	struct bind_place own, held[LISTEN_MAX];
	enum bind_match best = BIND_ELSEWHERE;
	size_t n_targets = targets_of(b, targets), at = 0;
	char own_text[LISTEN_TEXT_MAX], held_text[LISTEN_TEXT_MAX], buf[WHY_MAX];
	struct text why = TEXT_INIT(buf);

	if (r->inode == 0 || !bind_place_of(r, &own)) {
		go_on(b, n);
		return;
	}
	for (size_t i = 0; i < n_targets; i++) {
		enum bind_match m = place_of_target(&targets[i], &held[i]) ? bind_match(&own, &held[i]) : BIND_ELSEWHERE;
		if (m <= best)
			continue;
		best = m;
		at = i;
	}
	if (best == BIND_ELSEWHERE) {
		go_on(b, n);
		return;
	}
	(void)bind_place_text(&own, own_text);
	(void)bind_place_text(&held[at], held_text);
	if (best == BIND_CLASH) {
		if (!b->clashed[at])
			log_warning("%s: it binds %s, which will fail as %s is held for it: write listen = %s", b->label, own_text, held_text,
				    own_text);
		b->clashed[at] = true;
		go_on(b, n);
	} else if (targets[at].inode == r->inode) {
		answer(b, n); /* it has it: a signal made it call again */
	} else if (obstacle(best, r, own_text, held_text, &why)) {
		refuse(b, buf);
		go_on(b, n);
	} else {
		give(b, n, r, &targets[at], at);
	}
}

static void decide_listen(struct binder *b, const struct notice *n, const struct peek_report *r)
{
	struct binder_target targets[LISTEN_MAX];
	size_t n_targets = targets_of(b, targets);

	for (size_t i = 0; i < n_targets; i++) {
		if (r->inode == 0 || targets[i].inode != r->inode)
			continue;
		/* Ours, with our backlog: a program's may be as small as 3. */
		answer(b, n);
		tell_listens(b, i);
		return;
	}
	go_on(b, n);
}

/* Why a user's process may not be read by another of his own, where we know it. */
static const char *hint(int r)
{
	char scope[8];

	if ((r != -EACCES && r != -EPERM) || sys_slurp(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", scope, sizeof(scope)) <= 0 ||
	    scope[0] == '0')
		return "";
	return scope[0] == '1' ? " (kernel.yama.ptrace_scope is 1: it has to be the process that pm1 starts, no shell around it, or pm1 needs "
				 "CAP_SYS_PTRACE)" :
				 " (kernel.yama.ptrace_scope is above 1: pm1 needs CAP_SYS_PTRACE)";
}

/* A listen that can't be looked at is made, on whatever socket. A bind would find its address held, and fail. */
static void give_up(struct binder *b, const struct notice *n, int r)
{
	char why[WHY_MAX];
	const char *call = n->call == NOTICE_BIND ? "bind" : "listen";

	(void)text_format(why, sizeof(why), "a process can't be looked at when it calls %s: %s%s", call, err_text(r), hint(r));
	if (n->call == NOTICE_BIND)
		refuse(b, why);
	else
		log_warning("%s: %s; ignoring the call", b->label, why);
	go_on(b, n);
}

static int look(struct asked *a, const struct notice *n, bool as_self);
static struct asked *free_place(struct binder *b);

static void on_report(void *ctx, int r, const struct peek_report *report)
{
	struct asked *a = ctx;
	struct binder *b = a->binder;
	struct notice n = a->notice;

	a->peeker = NULL;
	set_full(b, false);
	/* The report may be of another process, that has the number now. */
	if (!notice_is_waiting(b->listener, n.id))
		return;
	if (r == 0 && (report->error == ENOENT || report->error == ESRCH)) {
		go_on(b, &n); /* another thread has closed the descriptor meanwhile */
		return;
	}
	if (r == 0)
		r = -report->error;
	/* The user's own rights do in a container; on a host that restricts ptrace, or for a program that can't be dumped, root's do. */
	if ((r == -EACCES || r == -EPERM) && !a->as_self && geteuid() == 0) {
		r = look(a, &n, true);
		if (r == 0) {
			set_full(b, !free_place(b)); /* it has taken its place again */
			return;
		}
	}
	if (r < 0)
		give_up(b, &n, r);
	else if (n.call == NOTICE_BIND)
		decide_bind(b, &n, report);
	else
		decide_listen(b, &n, report);
}

static int look(struct asked *a, const struct notice *n, bool as_self)
{
	struct binder *b = a->binder;
	char path[32];
	struct stat st;
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (!as_self) {
		(void)text_format(path, sizeof(path), "/proc/%d", (int)n->tid);
		int r = sys_stat(path, &st);
		if (r < 0)
			return r;
		uid = st.st_uid;
		gid = st.st_gid;
	}
	a->notice = *n;
	a->as_self = as_self;
	return peeker_new(b->cfg.loop, b->cfg.reaper, b->cfg.exe, n, uid, gid, on_report, a, &a->peeker);
}

static struct asked *free_place(struct binder *b)
{
	for (size_t i = 0; i < ASKED_MAX; i++)
		if (!b->asked[i].peeker)
			return &b->asked[i];
	return NULL;
}

static void begin(struct binder *b, const struct notice *n)
{
	struct binder_target targets[LISTEN_MAX];
	struct asked *a = free_place(b);

	/* Never full: then we don't listen. A process of another pid namespace has no number here. */
	if (!a || n->tid <= 0 || targets_of(b, targets) == 0) {
		go_on(b, n);
		return;
	}
	int r = look(a, n, false);
	if (r < 0 && notice_is_waiting(b->listener, n->id)) /* else it has died, and that is why */
		give_up(b, n, r);
	if (!free_place(b))
		set_full(b, true);
}

static void on_listener(void *ctx, int fd, uint32_t events)
{
	struct binder *b = ctx;
	struct notice n;

	/* One each time: only what poll has announced may be asked for. */
	if (events & EPOLLIN) {
		int r = notice_take(fd, &n);
		if (r == 0)
			begin(b, &n);
		if (r == 0 || r == -ENOENT || r == -EINTR)
			return;
		log_error("%s: nothing more can be heard of its calls: %s", b->label, err_text(r));
		leave_listener(b);
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		leave_listener(b); /* the last process has gone */
	}
}

static void on_channel(void *ctx, int fd, uint32_t events)
{
	struct binder *b = ctx;
	char why[WHY_MAX];
	int listener = -1, r = notice_receive(fd, &listener);

	(void)events;
	if (r == -EAGAIN)
		return;
	if (r < 0) { /* the child has ended */
		leave_channel(b);
		return;
	}
	if (listener >= 0) {
		b->listener = listener;
		r = loop_add(b->cfg.loop, listener, EPOLLIN, LOOP_NORMAL, on_listener, b, &b->listener_source);
	} else {
		r = listener;
	}
	if (r < 0) {
		(void)text_format(why, sizeof(why), "its calls can't be watched: %s",
				  r == -EBUSY ? "another program, that pm1 runs under, watches them" : err_text(r));
		leave_listener(b);
		refuse(b, why);
	}
	leave_channel(b); /* a child that has no filter waited for this */
}

int binder_new(const struct binder_config *cfg, int channel, struct binder **ret)
{
	cleanup_fd int owned = channel;
	struct binder *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->cfg = *cfg;
	b->listener = -1;
	b->channel = take_fd(&owned);
	for (size_t i = 0; i < ASKED_MAX; i++)
		b->asked[i].binder = b;
	(void)text_format(b->label, sizeof(b->label), "%s", cfg->label);
	b->cfg.label = b->label;
	int r = loop_add(cfg->loop, b->channel, EPOLLIN, LOOP_SPAWN, on_channel, b, &b->channel_source);
	if (r < 0) {
		binder_free(b);
		return r;
	}
	*ret = b;
	return 0;
}

void binder_free(struct binder *b)
{
	if (!b)
		return;
	leave_channel(b);
	leave_listener(b);
	free(b);
}
