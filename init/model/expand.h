/* expand - ${NAME} and ${NAME:-default} in a value. Pure.
 *
 * $$ is a dollar sign; a dollar before anything else is itself. NAME that is unset or empty
 * takes the default, in which further ${} may stand. */
#ifndef PM1_MODEL_EXPAND_H
#define PM1_MODEL_EXPAND_H

#include <stddef.h>

#define EXPAND_DEPTH 8 /* of defaults within defaults */

enum expand_mode {
	EXPAND_TEXT, /* the value is one text: what a variable holds goes in as it is */
	/* The value will be split into words by the shell's rules: what a variable holds is split at blanks when bare, is one
	 * word's part inside double quotes, and 'single quotes' keep ${} from being seen. Quotes in a variable are text. */
	EXPAND_WORDS,
};

/* Stores a malloc'ed text of at most `max` bytes. 0; -EINVAL and *ret_fault, a malloc'ed sentence (NULL when there is no
 * memory for it); -ENOMEM. vars may be NULL. */
int expand(const char *value, enum expand_mode mode, char *const *vars, size_t max, char **ret, char **ret_fault);

#endif
