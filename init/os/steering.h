/* steering - the classic BPF program that tells a SO_REUSEPORT group which member gets a new connection.
 *
 * It is put on a member but belongs to the group: a later one replaces it, whichever member it goes through, and it outlives that one.
 * TCP: one of the members that serve, at random. UDP: by the sender's address and port, so that a sender stays with one member for as
 * long as those that serve are the same. The kernel spreads by its own hash where there is no program, or one names no member. */
#ifndef PM1_OS_STEERING_H
#define PM1_OS_STEERING_H

#include <stdbool.h>
#include <stddef.h>

/* Member k of the group of `fd`, in the kernel's order, gets connections if on[k]; one has to. 0, -ENOMEM, -E2BIG (thousands of members, on
 * and off in turn), or what the kernel says. */
int steering_put(int fd, const bool *on, size_t n, bool udp);
int steering_remove(int fd);

#endif
