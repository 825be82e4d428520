/* report - services and pm1 itself as JSON, the shape that `pm2 jlist` has.
 *
 * The top level, pm2_env and monit hold PM2's keys; `pm1` what only pm1 knows. A
 * service's environment is never in it. */
#ifndef PM1_CONTROL_REPORT_H
#define PM1_CONTROL_REPORT_H

#include "core/manager.h"

#include <jansson.h>

struct report_self {
	const char *mode; /* "run", "daemon" or "machine" */
	const char *socket;
	const char *log_dir;
	usec_t started; /* clock_mono() */
	const struct strv *warnings; /* what was found lacking at the start */
};

/* A new reference, or NULL without memory. */
json_t *report_service(const struct manager *m, struct service *s);
json_t *report_service_brief(struct service *s); /* only what a table of services shows: a sixth of the size */
/* Adds to a service's report: held sockets, and processes beside its own. */
void report_sockets(json_t *o, const struct manager *m, const struct service *s);
json_t *report_self(const struct report_self *self, const struct service_host *host);

#endif
