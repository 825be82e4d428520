#include "loop/signals.h"

#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <sys/epoll.h>

struct signals {
	int fd; /* owned */
	struct loop_source *source;
	signals_fn fn;
	void *ctx;
};

static void all_but_synchronous(sigset_t *set)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };

	(void)sigfillset(set);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		(void)sigdelset(set, faults[i]);
}

int signals_block(sigset_t *ret_old)
{
	sigset_t set;

	all_but_synchronous(&set);
	return sys_sigmask(SIG_SETMASK, &set, ret_old);
}

static void on_signalfd(void *ctx, int fd, uint32_t events)
{
	struct signals *s = ctx;
	struct signalfd_siginfo infos[16];
	ssize_t n = sys_read(fd, infos, sizeof(infos));

	(void)events;
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(infos[0]); i++)
		s->fn(s->ctx, (int)infos[i].ssi_signo, (pid_t)infos[i].ssi_pid);
}

int signals_new(struct loop *l, signals_fn fn, void *ctx, struct signals **ret)
{
	struct signals *s = calloc(1, sizeof(*s));
	sigset_t set;

	if (!s)
		return -ENOMEM;
	*s = (struct signals){ .fd = -1, .fn = fn, .ctx = ctx };
	all_but_synchronous(&set);
	s->fd = sys_signalfd(-1, &set);
	int r = s->fd < 0 ? s->fd : loop_add(l, s->fd, EPOLLIN, LOOP_EXIT, on_signalfd, s, &s->source);
	if (r < 0) {
		signals_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void signals_free(struct signals *s)
{
	if (!s)
		return;
	loop_remove(&s->source);
	close_fd(&s->fd);
	free(s);
}
