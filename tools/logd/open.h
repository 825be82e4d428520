/* open - a log file is opened so that nobody can turn it into something else.
 *
 * No symbolic link is followed, nothing but a regular file is taken, and none that belongs to a stranger: whoever may write into
 * the folder of a log could have put it there, to read it later or to have us write where only we may. */
#ifndef PM1_LOGD_OPEN_H
#define PM1_LOGD_OPEN_H

#include "wire/logwire.h"

#include <sys/types.h>

/* Opens the file for writing (and reading, where that is allowed), made with its folders where it isn't; owner and mode are as the
 * rules say. An owner that can't be given is a warning. The descriptor, or -errno: -ELOOP (a link), -ENXIO (no regular file),
 * -EBADFD (it belongs to neither pm1's own user, root, the service's user nor log_owner). */
int open_log(const char *path, const struct logwire_rules *rules);

#endif
