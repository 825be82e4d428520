/* readiness - when a service that runs is ready for those that wait for it, and what it says of itself.
 *
 * A program of which nothing is known is ready when it runs. What a run needs for it, a socket or a pipe, is made before its fork. */
#ifndef PM1_CORE_READINESS_H
#define PM1_CORE_READINESS_H

#include "base/strv.h"
#include "core/service.h"
#include "model/ready.h"
#include "os/spawn.h"

struct text;

/* What the next main is given. */
struct readiness_gift {
	struct strv env;
	struct spawn_fd *fds;
	size_t n;
	int own; /* an end that is the child's alone, -1 */
};

bool readiness_wanted(const struct service *s); /* it is more than that it runs */
/* Right before main's fork. 0, or -errno with what failed in s->failure. In any case the gift is to be given back. */
int readiness_prepare(struct service *s, struct readiness_gift *ret);
void readiness_given(struct readiness_gift *g);
int readiness_gift_fd(struct readiness_gift *g, int from, int to); /* one descriptor more; 0 or -errno */
void readiness_listens(struct service *s); /* it listens on one more address that is held for it, or binds by itself */
void readiness_begin(struct service *s); /* main runs; calls service_ready() when it is so far, perhaps at once */
void readiness_end(struct service *s); /* no more of this run is awaited; any number of times */
void readiness_rest(struct service *s); /* it is down for good: nothing of it is kept */
void readiness_free(struct service *s);
/* What the other has stored until now is stored for this one too, which takes its place. 0; -EMFILE, -ENOMEM: not all of it. */
int readiness_inherit(struct service *s, const struct service *from);
/* Main has ended. True: that is no end, the service goes on with another main (type = forking, MAINPID=). */
bool readiness_goes_on(struct service *s, const struct reaped *r);

/* For reports. */
void readiness_text(const struct service *s, struct text *t); /* "when it says READY=1" */
void readiness_missing(const struct service *s, struct text *t); /* ": " and what hasn't come yet; nothing when nothing is awaited */
const char *readiness_status(const struct service *s); /* STATUS=, "" none */
bool readiness_is_reloading(const struct service *s);
size_t readiness_stored(const struct service *s); /* descriptors kept */

#endif
