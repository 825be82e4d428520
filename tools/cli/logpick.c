#include "tools/cli/logpick.h"

#include "base/banned.h"

#include <errno.h>
#include <stdlib.h>

int logpick_regex(const char *pattern, bool ignore_case, regex_t *ret, struct text *fault)
{
	char why[128];
	int r = regcomp(ret, pattern, REG_EXTENDED | (ignore_case ? REG_ICASE : 0));

	if (r == 0)
		return 0;
	(void)regerror(r, ret, why, sizeof(why));
	(void)text_add(fault, "'");
	(void)text_add_safe(fault, pattern);
	(void)text_addf(fault, "' is no extended regular expression: %s (text is allowed, . * + ? | ^ $ [a-z] (...) {1,3}, and \\ before "
			       "one of those that means itself)",
			why);
	return -EINVAL;
}

/* REG_STARTEND: the line may hold zero bytes, and isn't ended by one. */
static bool match(const regex_t *r, const char *s, int flags, regmatch_t *m)
{
	return regexec(r, s, 1, m, REG_STARTEND | flags) == 0;
}

bool logpick_match(const regex_t *r, const char *s, size_t n, size_t at, bool begins, regmatch_t *ret)
{
	int flags = begins && at == 0 ? 0 : REG_NOTBOL;

	*ret = (regmatch_t){ .rm_so = (regoff_t)at, .rm_eo = (regoff_t)n };
#ifdef __SANITIZE_ADDRESS__ /* its regexec() reads up to a zero byte all the same */
	char *copy = calloc(n + 1, 1);
	if (copy && n > 0)
		memcpy(copy, s, n);
	bool found = copy && match(r, copy, flags, ret);
	free(copy);
	return found;
#else
	return match(r, s, flags, ret);
#endif
}

bool logpick_by_time(const struct logpick *p)
{
	return p->since > 0 || p->until != USEC_NEVER;
}

bool logpick_takes(const struct logpick *p, const struct logline *l)
{
	regmatch_t m;

	if (l->wall < p->since || l->wall > p->until)
		return false;
	if ((l->stream == LOGLINE_OUT && !p->out) || (l->stream == LOGLINE_ERR && !p->err))
		return false;
	return !p->has_grep || logpick_match(&p->grep, l->s, l->n, 0, true, &m);
}

void logpick_done(struct logpick *p)
{
	if (p->has_grep)
		regfree(&p->grep);
	p->has_grep = false;
}
