/* logpick - which lines of logs are wanted. */
#ifndef PM1_CLI_LOGPICK_H
#define PM1_CLI_LOGPICK_H

#include "base/text.h"
#include "tools/cli/logline.h"

#include <regex.h>

struct logpick {
	usec_t since, until; /* microseconds since 1970; 0 and USEC_NEVER: no limit */
	bool out, err; /* the streams that are wanted; a line of which none is known passes */
	bool has_grep;
	regex_t grep; /* owned */
};

/* Compiles a POSIX extended regular expression. 0, or -EINVAL and what is wrong with it in *fault. */
int logpick_regex(const char *pattern, bool ignore_case, regex_t *ret, struct text *fault);
/* The first match in s[0..n), from `at` on; false: none. `begins`: s is where the line begins. */
bool logpick_match(const regex_t *r, const char *s, size_t n, size_t at, bool begins, regmatch_t *ret);
bool logpick_by_time(const struct logpick *p);
bool logpick_takes(const struct logpick *p, const struct logline *l);
void logpick_done(struct logpick *p);

#endif
