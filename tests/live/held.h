/* held - clients for tests of held sockets: a network of the test's own, and connections to services in it. */
#ifndef PM1_TESTS_HELD_H
#define PM1_TESTS_HELD_H

#include "tests/live/live.h"

/* This process, and with it pm1 when it is started, gets a network with nothing but its loopback: every port is free. */
void held_network(void);
/* A connection to 127.0.0.1, or -errno. Blocking; LIVE_WAIT is its bound. */
int held_connect(int port);
int held_connect_unix(const char *path);
/* Reads the line "PID INSTANCE" of `prog serve-fds`: the pid, or -1 when the connection was closed or reset; *ret_instance may be NULL. */
pid_t held_answer(int fd, int *ret_instance);
pid_t held_pid(struct live *l, const char *name); /* as pm1 reports it, in its own namespace */
/* Connects, reads, closes. */
pid_t held_ask(int port, int *ret_instance);

#endif
