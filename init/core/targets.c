/* targets - which services a word on the command line means. */
#include "core/manager_impl.h"

#include "base/nearest.h"
#include "base/parse.h"
#include "base/text.h"

#include <errno.h>
#include <regex.h>

/* A regex from the socket is compiled in PID 1: kept short, and without the repeat counts that make glibc's compiler
 * eat memory. */
#define REGEX_MAX 128

int manager_match(struct manager *m, const char *target, void (*fn)(void *ctx, struct service *s), void *ctx)
{
	regex_t re;
	size_t len = strlen(target);
	bool is_regex = len > 2 && target[0] == '/' && target[len - 1] == '/';
	int found = 0;

	if (is_regex) {
		char pattern[REGEX_MAX];
		if (len - 2 >= sizeof(pattern) || memchr(target, '{', len))
			return -EINVAL;
		(void)text_format(pattern, sizeof(pattern), "%.*s", (int)(len - 2), target + 1);
		if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
			return -EINVAL;
	}
	/* PM2's order: a name, then a namespace, then an id. */
	uint64_t id = UINT64_MAX;
	bool all = strcmp(target, "all") == 0, by_name = roster_first_of(&m->roster, target), by_ns = false;
	for (size_t i = 0; !by_name && i < m->roster.n; i++)
		by_ns |= strcmp(m->roster.v[i]->spec->ns, target) == 0;
	if (!by_name && !by_ns)
		(void)parse_uint(target, INT32_MAX, &id);

	for (size_t i = 0; i < m->roster.n; i++) {
		struct service *s = m->roster.v[i];
		bool hit = is_regex ? regexec(&re, s->spec->name, 0, NULL, 0) == 0 :
			   all	    ? true :
			   by_name  ? strcmp(s->spec->name, target) == 0 :
			   by_ns    ? strcmp(s->spec->ns, target) == 0 :
				      (uint64_t)s->id == id;
		if (hit) {
			fn(ctx, s);
			found++;
		}
	}
	if (is_regex)
		regfree(&re);
	return found;
}

static const char *next_name(void *ctx, size_t i)
{
	struct manager *m = ctx;
	return i < m->roster.n ? m->roster.v[i]->spec->name : NULL;
}

const char *manager_nearest(struct manager *m, const char *target)
{
	return nearest_of(target, next_name, m);
}
