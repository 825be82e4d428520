/* places - where pm1 keeps its socket, state and logs.
 *
 * PM1_HOME puts all in one folder. Else root has /run/pm1, /var/lib/pm1 and
 * /var/log/pm1; a user has $XDG_RUNTIME_DIR/pm1 and $XDG_STATE_HOME/pm1 (or
 * ~/.local/state/pm1). Where the runtime folder can't be written the next of the list
 * is taken: /tmp/pm1-UID, /dev/shm/pm1-UID, and last the abstract socket
 * "@pm1-UID". The CLI walks the same list, so a verb finds its daemon with no option. */
#ifndef PM1_BASE_PLACES_H
#define PM1_BASE_PLACES_H

#include <stddef.h>
#include <sys/types.h>

/* The i-th candidate for the control socket of `uid`: a path, or "@name" for an abstract
 * one, written to buf. 0; -ENOENT past the end; -ENOSPC. With PM1_SOCKET set it alone is
 * the list; with PM1_HOME set only $PM1_HOME/pm1.sock. getenv is read at each call. */
int places_socket(uid_t uid, size_t i, char *buf, size_t size);

/* Where the CLI of `uid` saves the list of services: $PM1_HOME/dump.json, /var/lib/pm1/dump.json, or in the user's state folder. 0, -ENOSPC. */
int places_dump(uid_t uid, char *buf, size_t size);

/* The default log folder of `uid`: $PM1_HOME/logs, /var/log/pm1, or the user's state folder;
 * /tmp/pm1-UID/logs for a user without a home. 0, -ENOSPC. */
int places_log_dir(uid_t uid, char *buf, size_t size);

#endif
