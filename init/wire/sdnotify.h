/* sdnotify - one datagram of sd_notify(3): NAME=value lines.
 *
 * Unknown names are passed over, as are values that can't be: the program may be written for a newer systemd. */
#ifndef PM1_WIRE_SDNOTIFY_H
#define PM1_WIRE_SDNOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SDNOTIFY_MAX 4096 /* bytes of a datagram */
#define SDNOTIFY_STATUS_MAX 256 /* bytes of STATUS=, more is cut */
#define SDNOTIFY_FDNAME_MAX 255 /* bytes of FDNAME=, as systemd has it */

struct sdnotify {
	bool ready, reloading, stopping;
	bool watchdog, watchdog_trigger; /* WATCHDOG=1, WATCHDOG=trigger */
	bool fdstore, fdstore_remove, barrier;
	uint64_t watchdog_usec, extend_usec; /* 0: not said */
	pid_t main_pid; /* 0: not said */
	bool has_status;
	char status[SDNOTIFY_STATUS_MAX]; /* as it came */
	char fdname[SDNOTIFY_FDNAME_MAX + 1]; /* "": not said, or no name for a descriptor */
	const char *bad; /* the first name whose value can't be, static; NULL none */
};

/* Reads n bytes at text, up to a NUL if there is one. */
void sdnotify_parse(const char *text, size_t n, struct sdnotify *ret);

#endif
