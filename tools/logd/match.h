/* match - a line for which PID 1 waits (ready_log).
 *
 * Whole lines are looked at, also such as come in several pieces; of a long one its beginning. Which run it is for stands in the slot. */
#ifndef PM1_LOGD_MATCH_H
#define PM1_LOGD_MATCH_H

#include "wire/logwire.h"

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#define MATCH_LINE_MAX 4096 /* bytes of a line that are looked at */

struct match {
	char pattern[LOGWIRE_MATCH_MAX]; /* "": none */
	regex_t *re; /* owned, NULL none */
	char *line; /* owned: MATCH_LINE_MAX + 1 bytes, the beginning of a line */
	size_t n;
	uint32_t run; /* whose beginning that is */
};

/* Another pattern, "" for none. A match that is all zero has none. */
void match_set(struct match *m, const char *pattern);
/* The number of the run whose line is looked for, 0: none is. */
uint32_t match_is_armed(const struct match *m, const struct logslot *slot);
/* Whether a line of that run ends in this piece that matches. */
bool match_look(struct match *m, uint32_t run, const char *piece, size_t n);

#endif
