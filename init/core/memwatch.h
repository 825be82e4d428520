/* memwatch - caps on memory: who enforces them, and what passed them.
 *
 * memory_max is the kernel's cap where a cgroup can be written. max_memory_restart is a
 * graceful restart, told by a kernel event there. Without a writable cgroup both are
 * watched by sampling /proc, the more often the nearer the limit; nothing is sampled for a service
 * with neither key. */
#ifndef PM1_CORE_MEMWATCH_H
#define PM1_CORE_MEMWATCH_H

#include "core/service.h"

/* The program is about to run, or runs: sets the kernel's limits (before), starts the sampling (after exec). */
int memwatch_prepare(struct service *s, const char **ret_file); /* 0, or -errno of the control file *ret_file */
void memwatch_begin(struct service *s);
void memwatch_change(struct service *s); /* its caps are others now: those of a service that runs are set at once */
void memwatch_end(struct service *s); /* main has ended: no more sampling; notes an OOM kill */
void memwatch_news(struct service *s); /* the kernel says that something happened */

enum memwatch_by { MEMWATCH_NONE, MEMWATCH_V1, MEMWATCH_V2, MEMWATCH_SAMPLING };
enum memwatch_by memwatch_by(const struct service *s);
const char *memwatch_by_text(enum memwatch_by by); /* "cgroup v2", "sampling", "none" */

struct memwatch_now {
	uint64_t memory; /* bytes of the whole service */
	uint64_t cpu_usec;
};
/* A look now, for a report. Zeroes when nothing runs. */
void memwatch_look(struct service *s, struct memwatch_now *ret);

#endif
