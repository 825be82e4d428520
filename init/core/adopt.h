/* adopt - another process becomes a service's main: the daemon that a forking program leaves behind, or the one it names. */
#ifndef PM1_CORE_ADOPT_H
#define PM1_CORE_ADOPT_H

#include "core/service.h"

/* Takes the pid, which must be alive, one of the service's own processes, and a child of pm1's (a daemon is, once its parent has ended).
 * 0, -ESRCH (not one of its processes), -ECHILD (another's child), -ENOMEM. */
int adopt_pid(struct service *s, pid_t pid);

/* Its main has ended well: looks for the daemon, again and again until listen_timeout, and says service_ready(). 0: it looks;
 * -ESRCH: nothing of the service is left. */
int adopt_begin(struct service *s);
void adopt_end(struct service *s); /* looks no more */

#endif
