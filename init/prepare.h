/* prepare - what the supervisor does to its own process before it runs anything. */
#ifndef PM1_PREPARE_H
#define PM1_PREPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

void prepare_children(void); /* their ends are told to us, whatever we were started with */
void prepare_stdio(void); /* 0, 1 and 2 exist from here on */
bool prepare_nofile(struct rlimit *ret_old); /* as many files as allowed; what it was, for the children; false: unknown */
int prepare_oom_score(void); /* the kernel kills others first; what it was, for the children; INT_MIN: left as it is */
/* Where to write what `fd` is for without ever waiting: a description of our own, for the life of the process, or `fd` itself. Others write
 * into the same pipe, so that to ask first whether there is room is not enough. */
int prepare_console(int fd);
void prepare_exe(char *buf, size_t size); /* the path of this program, for a copy of it to run */
/* Makes the folder, and its parents. 0, or -errno when it can't be written, or (-EPERM) when it stands in a folder of
 * another user's: anybody can have made /tmp/pm1-UID. `given`: the user named it, whoever its parent is. */
int prepare_log_dir(const char *path, bool given);
void prepare_folder(const char *file); /* cwd is / unless a path, as that of the file, is relative */
void prepare_detached(void); /* stdio to /dev/null: the starter's terminal may go away */

#endif
