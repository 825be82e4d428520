/* peeker - a run of `pm1 peek` (tools/peek, wire/peek.h): what is in a process that waits in bind or listen.
 *
 * Bounded in time: one that doesn't answer is killed. */
#ifndef PM1_CORE_PEEKER_H
#define PM1_CORE_PEEKER_H

#include "core/reaper.h"
#include "loop/loop.h"
#include "os/notice.h"
#include "wire/peek.h"

#define PEEKER_TIMEOUT (2 * USEC_SEC)

struct peeker;

/* Once, never from within peeker_new(); the peeker is freed by then. r: 0 and the report, or -errno and NULL; -ETIMEDOUT; -EPROTO: it
 * ended without a word. The report's own `error` is not looked at. */
typedef void (*peeker_fn)(void *ctx, int r, const struct peek_report *report);

/* `exe`: NULL: /proc/self/exe. uid and gid: as whom. 0, -errno when it can't be started. */
int peeker_new(struct loop *loop, struct reaper *reaper, const char *exe, const struct notice *n, uid_t uid, gid_t gid, peeker_fn fn,
	       void *ctx, struct peeker **ret);
void peeker_free(struct peeker *p); /* ends it; its callback isn't called any more. NULL is fine */

#endif
