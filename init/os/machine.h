/* machine - what only the PID 1 of a machine does: mounts, names, the end.
 *
 * machine_is_ours() tells a container from a machine by what pm1 may do, not by
 * guesses at marker files; in a container none of the rest is tried. Each step that fails is
 * told through `say` and the boot goes on. */
#ifndef PM1_OS_MACHINE_H
#define PM1_OS_MACHINE_H

#include <stdbool.h>

typedef void (*machine_say_fn)(const char *what, int err); /* err negative, or 0 for a plain message */

/* PID 1, CAP_SYS_ADMIN and CAP_SYS_BOOT, and in the initial PID namespace (the inode of /proc/self/ns/pid is
 * PROC_PID_INIT_INO; without /proc: a mount of it is tried first, which a container refuses). */
bool machine_is_ours(void);

/* /proc /sys /dev /dev/pts /dev/shm /run /tmp and cgroup2 where they are not mounted yet, /dev/console as 0 1 2
 * when they are closed, ctrl-alt-del as SIGINT (RB_DISABLE_CAD). */
void machine_mount_all(machine_say_fn say);
void machine_hostname(const char *name, machine_say_fn say); /* NULL: /etc/hostname, else left */
void machine_loopback(machine_say_fn say);

/* argv for a shell on the console: $SHELL-less: /bin/sh, /bin/busybox sh, sulogin where there; NULL when none. */
char *const *machine_shell(void);

enum machine_end { MACHINE_POWEROFF, MACHINE_REBOOT, MACHINE_HALT };
/* Everything else has been stopped: TERM then KILL to what is left (bounded), sync, unmount or remount read-only
 * (bounded in time, in a child, so that a dead disk can't hang it), reboot(2). On a machine it never returns; where reboot(2) is refused it returns -errno. */
int machine_end(enum machine_end how, machine_say_fn say);

#endif
