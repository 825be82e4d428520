/* cause - why a service changed its state, in words for the history, the log and `describe`. */
#ifndef PM1_CORE_CAUSE_H
#define PM1_CORE_CAUSE_H

#include "core/service.h"

/* "exited with code 3", "killed by SIGKILL", "cannot start: ...". Written to buf and returned. */
const char *cause_of_exit(const struct service *s, char *buf, size_t size);
/* For an event that follows from the one before: "restart in 4s", "gave up after 16 unstable runs". */
const char *cause_of_step(const struct service *s, enum event event, usec_t delay, char *buf, size_t size);

#endif
