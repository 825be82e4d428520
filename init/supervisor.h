/* supervisor - the role that runs services: in the foreground, as a daemon, or as the init of a machine.
 *
 * The wiring of loop, reaper, cgroups, logs, manager and control socket; and what signals to pm1 mean. */
#ifndef PM1_SUPERVISOR_H
#define PM1_SUPERVISOR_H

enum supervisor_mode { SUPERVISOR_RUN, SUPERVISOR_DAEMON, SUPERVISOR_MACHINE };

/* argv is that of the process: `pm1 run FILE.ini`, `pm1 daemon [--ready-fd N] [FILE.ini]`, or the kernel's init arguments.
 * Returns the exit code; as the init of a machine it doesn't return. */
int supervisor_main(enum supervisor_mode mode, int argc, char **argv);

#endif
