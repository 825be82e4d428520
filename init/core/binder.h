/* binder - gives held sockets to a program that knows nothing of them (listen_adopt).
 *
 * The program runs under a seccomp filter that tells us of bind() and listen() and lets it wait (os/notice.h). A bind to an address that is
 * held is answered with the held socket in the place of the program's own; listen on a held socket is answered with 0 and says that it is
 * ready (for UDP the bind does); all else goes on as if nobody had looked. Of unix sockets, abstract names are given, and paths whose file
 * is still the one that was held: most programs remove it before they bind, and then bind for themselves. What the program has in its memory and its socket is read by a short-lived process
 * of its own user, `pm1 peek` (tools/peek), so that PID 1 never waits for it. One binder a run; knows nothing of services.
 *
 * It has to live until the last process of the run has gone: once it is freed, bind and listen of any that is left fail with ENOSYS.
 * Not seen: binds through io_uring, and those of 32-bit programs. */
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
	uint64_t inode; /* of the socket */
	uint64_t file; /* listener_file(); 0: a path isn't given */
};

struct binder_config {
	struct loop *loop;
	struct reaper *reaper;
	const char *exe; /* pm1 itself; NULL: /proc/self/exe */
	const char *label; /* of the service, for messages; copied */
	void *ctx;
	/* What is held for this run, now, by position; how many, at most LISTEN_MAX. */
	size_t (*targets)(void *ctx, struct binder_target *ret);
	void (*bound)(void *ctx, size_t target); /* it has the socket; once a target */
	void (*listens)(void *ctx, size_t target); /* it listens there; once a target */
	/* It can't be done for this program, with the reason in words: the caller closes what it holds for it before it returns, so that the
	 * program's own bind, which then goes on, finds the address free. At most once; nothing is called after it. No callback frees the
	 * binder. */
	void (*refused)(void *ctx, const char *why);
};

/* `channel`: what spawn_start() has left in spawned.adopt_fd; taken, on failure too. 0 or -errno. */
int binder_new(const struct binder_config *cfg, int channel, struct binder **ret);
void binder_free(struct binder *b); /* calls that wait get ENOSYS from the kernel; NULL is fine */

#endif
