/* graph - which service needs which, and in what order.
 *
 *   requires = db:healthy cache    started too, and waited for until they have come that far
 *   wants = mailer                 started too, and waited for while they are on their way; what fails is no hindrance
 *   after = migrate                waited for while it is on its way, if it is started at all
 *   before = web                   the same, seen from the other side
 *   conflicts = old-web            stopped first
 *
 * All functions are pure. */
#ifndef PM1_MODEL_GRAPH_H
#define PM1_MODEL_GRAPH_H

#include "base/diag.h"
#include "model/spec.h"

enum relation { RELATION_REQUIRES, RELATION_WANTS, RELATION_AFTER, RELATION_BEFORE, RELATION_CONFLICTS, RELATION_MAX };

/* How far a required service must have come. DEFAULT: completed for a oneshot, ready for all others. */
enum level { LEVEL_DEFAULT, LEVEL_STARTED, LEVEL_READY, LEVEL_COMPLETED, LEVEL_HEALTHY, LEVEL_MAX };

#define GRAPH_WORD_MAX (SPEC_NAME_MAX + 16) /* bytes of "name:completed" */

const struct strv *graph_words(const struct spec *s, enum relation r); /* as written; borrowed */
const char *graph_key(enum relation r); /* "requires" */
const char *level_name(enum level l); /* "ready"; "" of DEFAULT */
/* Parts "db:ready". 0, or -EINVAL (a word of no known level, a name too long). */
int graph_part(const char *word, char name[GRAPH_WORD_MAX], enum level *ret);

/* A service of one load; `spec` is NULL when its section is faulty, which has been told. */
struct graph_node {
	const char *name;
	const struct spec *spec;
};

/* Adds every fault to diag: names that nobody has, levels that aren't, a service that names itself, one that is required and in
 * conflict, and each cycle in full. 0 or -ENOMEM. */
int graph_check(const struct graph_node *nodes, size_t n, struct diag *diag);

#endif
