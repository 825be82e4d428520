/* logd - the log process of a pm1 that is tested: found, killed, and what it wrote compared with what was said. */
#ifndef PM1_TESTS_LOGD_H
#define PM1_TESTS_LOGD_H

#include "tests/live/call.h"

#include <stdint.h>

#define QUIET "[pm1]\nlog_console = no\n[defaults]\nkill_timeout = 60s\n"

/* logd as it is seen from here, outside of its namespace; 0: none at the moment. */
pid_t logd_pid(const struct live *l);

/* kill -9 of logd after logd, each in the midst of its work: when the file changed under its hands. So many as the growing delay of
 * its restarts allows in some seconds. */
void logd_storm(struct live *l, const char *file, int kills);

void logd_kill(struct live *l); /* kill -9, and its successor awaited */
void logd_end(struct live *l); /* TERM, and the end of pm1 awaited; its folder is still there */
unsigned long logd_count(struct live *l, const char *name); /* what `prog pattern` noted in DIR/name at its end */

/* The file is the bytes of `prog pattern STATE`, as many as it noted in DIR/count, and nothing else. */
void logd_bytes(struct live *l, const char *file, const char *count, uint32_t state);

/* Each of `names` has its lines 0, 1, 2... in the file, stamped or not, and nothing else is there. */
void logd_lines(struct live *l, const char *file, bool stamped, const char *const *names, const unsigned long *counts);

#endif
