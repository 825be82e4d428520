/* prepare - what the supervisor does to its own process before it runs anything. */
#ifndef PM1_PREPARE_H
#define PM1_PREPARE_H

#include <stdbool.h>
#include <sys/resource.h>

void prepare_stdio(void); /* 0, 1 and 2 exist from here on */
bool prepare_nofile(struct rlimit *ret_old); /* as many files as allowed; what it was, for the children; false: unknown */
int prepare_oom_score(void); /* the kernel kills others first; what it was, for the children; INT_MIN: left as it is */
void prepare_folder(const char *file); /* cwd is / unless a path, as that of the file, is relative */
void prepare_detached(void); /* stdio to /dev/null: the starter's terminal may go away */

#endif
