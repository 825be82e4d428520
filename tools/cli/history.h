/* history - what stands in a log already: its rotated files and the one at its path, as one, line by line.
 *
 * The time of a line is its own (logline.h), or that of the log's times (base/times.h), or at the latest that of the last change of
 * its file; where --since or --until goes by the latter it is said, once a file. No line is kept: memory doesn't grow with what is
 * asked for. */
#ifndef PM1_CLI_HISTORY_H
#define PM1_CLI_HISTORY_H

#include "tools/cli/follow.h"
#include "tools/cli/logline.h"
#include "tools/cli/logpick.h"

struct history;

#define HISTORY_ALL ((size_t)-1)

/* Opens the log at `path` and goes to where its last `lines` lines that `pick` takes begin. `whole`: a last line that has no end yet
 * counts; else it is left to who follows. `pick` and `join` are borrowed; the latter keeps what is begun. 0, also when there is nothing
 * at the path; -EINVAL: no file; -ENOMEM; or open's error. */
int history_new(const char *path, const struct logpick *pick, struct logjoin *join, size_t lines, bool whole, struct history **ret);
void history_free(struct history *h);
int history_next(struct history *h, struct logline *ret); /* 1, 0: that was all, or -errno */
/* Where it is to be followed from, after that. Gives away the descriptor; the rest is good until history_free(). */
struct follow_place history_end(struct history *h);

#endif
