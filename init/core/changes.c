/* changes - see the header. */
#include "core/changes.h"

#include "base/own.h"
#include "base/text.h"

#include <errno.h>

#define SHOWN_MAX 120 /* bytes of one value in a line */

int changes_add(struct changes *c, enum plan_verb verb, const char *name, const char *file, bool up, struct diff *diff)
{
	struct diff taken = diff ? *diff : (struct diff){ 0 };
	cleanup_free char *name_copy = name ? strdup(name) : NULL, *file_copy = strdup(file);

	if (diff)
		*diff = (struct diff){ 0 };
	if (c->n == c->size) {
		size_t size = c->size ? 2 * c->size : 8;
		struct change *v = reallocarray(c->v, size, sizeof(*v));

		if (v) {
			c->v = v;
			c->size = size;
		}
	}
	if (c->n == c->size || !file_copy || (name && !name_copy)) {
		diff_done(&taken);
		return -ENOMEM;
	}
	c->v[c->n++] = (struct change){ .verb = verb, .name = take_ptr(&name_copy), .file = take_ptr(&file_copy), .up = up, .diff = taken };
	return 0;
}

void changes_done(struct changes *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].name);
		free(c->v[i].file);
		diff_done(&c->v[i].diff);
	}
	free(c->v);
	*c = (struct changes){ 0 };
}

const char *change_effect(const struct change *c, const struct diff_key *k)
{
	if (k->live)
		return "live";
	if (!c->name)
		return "needs a new start of pm1";
	return c->up ? "restart" : "next start";
}

static void add_value(struct text *t, const char *value)
{
	char shown[4 * SHOWN_MAX];
	struct text s = { .buf = shown, .size = SHOWN_MAX };

	shown[0] = 0;
	(void)text_add_safe(&s, value);
	(void)text_addf(t, "%s%s", shown, s.cut ? "..." : "");
}

static void tell_key(const struct change *c, const struct diff_key *k, struct text *t)
{
	static const char *const words[] = { [DIFF_CHANGED] = "changed", [DIFF_ADDED] = "added", [DIFF_GONE] = "gone" };

	(void)text_addf(t, "%s%s ", c->name ? c->name : "[pm1]", c->name ? ":" : "");
	add_value(t, k->key);
	if (k->old && k->new) {
		(void)text_add(t, ": ");
		add_value(t, k->old);
		(void)text_add(t, " -> ");
		add_value(t, k->new);
	} else {
		(void)text_addf(t, " %s", words[k->what]);
	}
	(void)text_addf(t, " (%s)", change_effect(c, k));
}

void changes_tell(const struct changes *c, void (*line)(void *ctx, const char *text), void *ctx)
{
	char buf[1024];

	for (size_t i = 0; i < c->n; i++) {
		const struct change *x = &c->v[i];
		struct text t = TEXT_INIT(buf);

		if (x->verb == PLAN_ADD || x->verb == PLAN_REMOVE) {
			(void)text_addf(&t, "%s: %s", x->name, x->verb == PLAN_ADD ? "added" : "removed");
			line(ctx, buf);
		}
		for (size_t k = 0; k < x->diff.n; k++) {
			text_init(&t, buf, sizeof(buf));
			tell_key(x, &x->diff.v[k], &t);
			line(ctx, buf);
		}
	}
}
