/* plan - the old specs sorted by name, the new ones looked up in them. */
#include "model/plan.h"

#include "base/banned.h"

#include <errno.h>

static int by_name(const void *a, const void *b)
{
	const struct spec *const *x = a;
	const struct spec *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* Sorted borrowed copies, to be freed by the caller; NULL: no memory. */
static const struct spec **sorted(struct spec *const *specs, size_t n)
{
	const struct spec **v = calloc(n + 1, sizeof(*v));

	if (!v)
		return NULL;
	for (size_t i = 0; i < n; i++)
		v[i] = specs[i];
	qsort(v, n, sizeof(*v), by_name);
	return v;
}

static const struct spec *find(const struct spec *const *v, size_t n, const struct spec *key)
{
	const struct spec *const *hit = bsearch(&key, v, n, sizeof(*v), by_name);

	return hit ? *hit : NULL;
}

const char *plan_step_name(const struct plan_step *s)
{
	return s->new ? s->new->name : s->old ? s->old->name : "?";
}

int plan_make(struct spec *const *old, size_t n_old, struct spec *const *new, size_t n_new, struct plan_step **ret,
	      size_t *ret_n)
{
	const struct spec **olds = sorted(old, n_old);
	const struct spec **news = sorted(new, n_new);
	struct plan_step *steps = calloc(n_old + n_new + 1, sizeof(*steps));
	size_t n = 0;

	if (!olds || !news || !steps) {
		free(olds);
		free(news);
		free(steps);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n_old; i++)
		if (!find(news, n_new, old[i]))
			steps[n++] = (struct plan_step){ .verb = PLAN_REMOVE, .old = old[i] };
	for (size_t i = 0; i < n_new; i++) {
		const struct spec *was = find(olds, n_old, new[i]);
		enum plan_verb verb = !was ? PLAN_ADD : spec_equal(was, new[i]) ? PLAN_KEEP : PLAN_CHANGE;

		steps[n++] = (struct plan_step){ .verb = verb, .old = was, .new = new[i] };
	}
	free(olds);
	free(news);
	*ret = steps;
	*ret_n = n;
	return 0;
}
