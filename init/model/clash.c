/* clash - see the header. Addresses are sorted, so that what clashes is near: many services cost no more than the sorting. */
#include "model/clash.h"

#include "base/own.h"
#include "base/text.h"
#include "model/keys.h"
#include "model/sockets.h"

#include <errno.h>

struct held {
	struct listen_at at;
	size_t node;
};

/* Of one port at most two wide ones go together, 0.0.0.0 and a [::] without IPv4; a service with faults may bring more. */
#define WIDE_MAX 4

static int by_address(const void *a, const void *b)
{
	const struct held *x = a, *y = b;
	int r = listen_order(&x->at, &y->at);

	return r != 0 ? r : (x->node > y->node) - (x->node < y->node);
}

static unsigned int line_of(const struct spec *s)
{
	size_t key = 0;

	return keys_find("listen", KEY_IN_SERVICE, &key) ? s->key_line[key] : s->line;
}

static bool is_fault(const struct clash_node *nodes, const struct held *a, const struct held *b)
{
	const struct clash_node *x = &nodes[a->node], *y = &nodes[b->node];

	return listen_clash(&a->at, &b->at) && !(x->old && y->old) && strcmp(x->spec->name, y->spec->name) != 0;
}

static void report(const struct clash_node *nodes, const struct held *a, const struct held *b, struct diag *diag)
{
	const struct held *later = a->node > b->node ? a : b, *first = later == a ? b : a;
	const struct clash_node *x = &nodes[later->node], *y = &nodes[first->node];
	char section[sizeof("service:") + SPEC_NAME_MAX], place[512];
	struct where at = { .file = x->file, .line = x->file ? line_of(x->spec) : 0, .section = section };
	struct text t = TEXT_INIT(place);

	(void)text_format(section, sizeof(section), "service:%s", x->spec->name);
	if (y->file)
		(void)text_addf(&t, "%s:%u", y->file, line_of(y->spec));
	else
		(void)text_add(&t, "from a command line");
	if (listen_same(&later->at, &first->at))
		diag_error(diag, &at, "listen", later->at.text, "service %s listens there too (%s)", y->spec->name, place);
	else
		diag_error(diag, &at, "listen", later->at.text, "service %s listens at %s, and one can't beside it (%s)", y->spec->name,
			   first->at.text, place);
}

static bool same_group(const struct held *a, const struct held *b)
{
	return a->at.kind == b->at.kind && listen_port(&a->at) == listen_port(&b->at);
}

/* All addresses of all services, sorted. */
static ssize_t collect(const struct clash_node *nodes, size_t n, struct held **ret)
{
	size_t all = 0;

	for (size_t i = 0; i < n; i++)
		all += nodes[i].spec ? nodes[i].spec->listen.n : 0;
	struct held *v = calloc(all + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	all = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; nodes[i].spec && k < nodes[i].spec->listen.n; k++) {
			v[all].node = i;
			sockets_at(nodes[i].spec, k, &v[all++].at);
		}
	}
	qsort(v, all, sizeof(*v), by_address);
	*ret = v;
	return (ssize_t)all;
}

int clash_check(const struct clash_node *nodes, size_t n, struct diag *diag)
{
	const struct held *wide[WIDE_MAX] = { NULL };
	cleanup_free struct held *v = NULL;
	ssize_t all = collect(nodes, n, &v);
	size_t n_wide = 0, first = 0;
	int found = 0;

	for (size_t i = 0; all > 0 && i < (size_t)all; i++) {
		const struct held *x = &v[i], *other = NULL;

		if (i == 0 || !same_group(&v[i - 1], x))
			n_wide = 0;
		if (i == 0 || listen_order(&v[i - 1].at, &x->at) != 0)
			first = i; /* of those at the very same place */
		for (size_t k = 0; k < n_wide && !other; k++)
			if (is_fault(nodes, wide[k], x))
				other = wide[k];
		if (!other && first < i && is_fault(nodes, &v[first], x))
			other = &v[first];
		if (other) {
			report(nodes, other, x, diag);
			found++;
		} else if (listen_is_wide(&x->at) && n_wide < WIDE_MAX) {
			wide[n_wide++] = x;
		}
	}
	return all < 0 ? (int)all : found;
}
