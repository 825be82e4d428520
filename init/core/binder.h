/* binder - gives held sockets to a program that knows nothing of them (listen_adopt).
 *
 * The program runs under a seccomp filter that tells us of bind() and listen() and lets it wait (os/notice.h). A bind to an address that is
 * held is answered with the held socket in the place of the program's own; listen on a held socket is answered with 0 and says that it is
 * ready; all else goes on as if nobody had looked. What the program has in its memory and its socket is read by a short-lived process
 * of its own user, `pm1 peek` (tools/peek), so that PID 1 never waits for it. One binder a run; knows nothing of services. */
#ifndef PM1_CORE_BINDER_H
#define PM1_CORE_BINDER_H

#include "core/reaper.h"
#include "loop/loop.h"
#include "model/listen.h"

#include <stddef.h>
#include <stdint.h>

struct binder;

struct binder_target {
	const struct listen_at *at;
	int fd; /* held, listening; borrowed */
	uint64_t inode;
};

struct binder_config {
	struct loop *loop;
	struct reaper *reaper;
	const char *exe; /* pm1 itself; NULL: /proc/self/exe */
	const char *label; /* of the service, for messages; copied */
	void *ctx;
	/* What is held for this run, now, by position; how many, at most LISTEN_MAX. */
	size_t (*targets)(void *ctx, struct binder_target *ret);
	void (*bound)(void *ctx, size_t target); /* it has the socket */
	void (*listens)(void *ctx, size_t target); /* it listens there; once a target */
	/* It can't be done for this program, with the reason in words: the caller closes what it holds for it before it returns, so that the
	 * program's own bind, which then goes on, finds the address free. At most once; nothing is called after it. */
	void (*refused)(void *ctx, const char *why);
};

/* `channel`: what spawn_start() has left in spawned.adopt_fd; taken, on failure too. 0 or -errno. */
int binder_new(const struct binder_config *cfg, int channel, struct binder **ret);
void binder_free(struct binder *b); /* calls that wait get ENOSYS from the kernel; NULL is fine */

#endif
