/* notice - a seccomp filter that tells pm1 of a program's bind() and listen(), and lets each wait for an answer.
 *
 * The filter is put on in the child, before exec, and holds for the program and all that it starts; it can't be taken off. As long as
 * one of them lives the listener has to stay open: without it their bind() and listen() fail with ENOSYS. All other system calls, and
 * those of a foreign architecture (32-bit programs), go on untouched. A bind that goes through io_uring is not seen.
 * The child's half is async-signal-safe. The listener comes over a SOCK_SEQPACKET pair. */
#ifndef PM1_OS_NOTICE_H
#define PM1_OS_NOTICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum notice_call { NOTICE_BIND, NOTICE_LISTEN };

struct notice {
	uint64_t id; /* names the waiting call, once */
	pid_t tid; /* the thread that waits, in our numbering; 0: it can't be seen from here */
	enum notice_call call;
	int fd; /* its first argument */
	uint64_t address; /* bind: the second, where the sockaddr is in the program's memory */
	uint32_t len; /* bind: the third, as it was given */
};

/* In the child. Puts the filter on: the listener, close-on-exec, or -errno. Without no_new_privs -EACCES or -EPERM says that it takes
 * CAP_SYS_ADMIN, or no_new_privs, which then stays on. -EBUSY: another program listens already; -ENOSYS: no such filter here. */
int notice_install(bool no_new_privs);
/* Whether a kernel of that release lets a call go on (5.5) and takes a descriptor for another process (5.9): with an older one a program
 * would wait for ever. notice_install() asks; -ENOSYS. */
bool notice_kernel_does(const char *release);
/* In the child. Hands the listener to the parent, or (a negative errno) says why there is none; then it waits until the parent has heard
 * that, so that the parent can first make room for a program that does all by itself. */
void notice_hand_over(int channel, int listener);

/* In the parent, `channel` nonblocking. 0: *ret_listener is the listener, owned by the caller, or the -errno for which there is none; a child
 * that said so goes on when the channel is closed. -EAGAIN: nothing yet. -ENODATA: the child has ended without a word. */
int notice_receive(int channel, int *ret_listener);

/* The next call that waits. Only after poll has said POLLIN, once each time: else it blocks. (What poll has seen stays counted in the
 * kernel even when the caller dies, and nobody else receives from this listener.) -ENOENT: it died meanwhile. */
int notice_take(int listener, struct notice *ret);
bool notice_is_waiting(int listener, uint64_t id); /* the process is still the one that called */
/* Puts `fd` in the place of the program's own descriptor `at`. 0 or -errno; -ENOENT: the caller is gone. */
int notice_give(int listener, uint64_t id, int fd, int at, bool cloexec);
int notice_answer(int listener, uint64_t id); /* the call returns 0, and was not made */
int notice_go_on(int listener, uint64_t id); /* the call is made, as if nobody had looked */

#endif
