/* check - one run of a health check: a child of the service's kind that is given some time, and asked for its last words.
 *
 * It runs as the service does: user, folder, environment, cgroup. What it says goes to no log; the last line is the reason of its
 * result. At the timeout, at its end and when it is cancelled, its whole process group is killed. PM1 waits for nothing: it
 * forks, and hears of the end as of any other child's. */
#ifndef PM1_CORE_CHECK_H
#define PM1_CORE_CHECK_H

#include "core/process.h"

#define CHECK_REASON_MAX 160 /* bytes of a reason; a longer line is cut */

struct check;

/* The reason is safe to print, and gone after the call. The check may be started again in it, not freed. */
typedef void (*check_fn)(void *ctx, bool good, const char *reason);

int check_new(struct service *s, check_fn fn, void *ctx, struct check **ret); /* borrows the service. -ENOMEM */
void check_free(struct check *c); /* NULL is fine */

/* 0: fn will be called, unless it is cancelled. Or -errno: nothing could be run (-EAGAIN, -ENOMEM, -EMFILE), which says nothing of the
 * service; -EBUSY: the one before is still on its way out. */
int check_start(struct check *c, const struct process_job *job, usec_t timeout);
void check_cancel(struct check *c);

#endif
