/* emergency - a shell on the console of a machine whose pm1.ini can't be used.
 *
 * A PID 1 that exits is a kernel panic, and helps nobody to mend a typing error. */
#ifndef PM1_EMERGENCY_H
#define PM1_EMERGENCY_H

#include "os/machine.h"

#include <signal.h>
#include <stdbool.h>

/* Runs a shell and returns false when it has ended: the file may be good now. True: the machine is to end, as *ret_how says (ctrl-alt-del, a power
 * failure, or TERM). Without a shell it waits for just that. */
bool emergency_shell(const char *file, const sigset_t *mask, enum machine_end *ret_how);

#endif
