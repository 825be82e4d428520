/* sys_fake - base/sys.c with a switch in each call.
 *
 * The real code, compiled with SYS_POINT defined: every call works as it does in pm1, until it is told to fail. */
#ifndef PM1_TESTS_SYS_FAKE_H
#define PM1_TESTS_SYS_FAKE_H

#include <stddef.h>

/* The nth call of that name from now on (1: the next) fails with `err` (positive errno), once. Names are those of sys.h without
 * "sys_", but "open" stands for open and openat. */
void sys_fake_fail(const char *name, unsigned int nth, int err);
/* Every call of that name fails, until the reset. */
void sys_fake_fail_always(const char *name, int err);
/* The process kills itself (SIGKILL) in place of the nth call of any name from now on: to see what a successor finds. */
void sys_fake_die(unsigned int nth);
void sys_fake_reset(void);
/* How often a call was made since the reset. */
unsigned int sys_fake_count(const char *name);

/* Open descriptors of this process, to see that an error path has closed what it opened. */
size_t sys_fake_open_fds(void);

#endif
