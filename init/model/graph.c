#include "model/graph.h"

#include "base/nearest.h"
#include "base/text.h"
#include "model/keys.h"

#include <errno.h>

static const struct {
	const char *key;
	size_t offset;
} relations[] = {
	[RELATION_REQUIRES] = { "requires", offsetof(struct spec, requires) },
	[RELATION_WANTS] = { "wants", offsetof(struct spec, wants) },
	[RELATION_AFTER] = { "after", offsetof(struct spec, after) },
	[RELATION_BEFORE] = { "before", offsetof(struct spec, before) },
	[RELATION_CONFLICTS] = { "conflicts", offsetof(struct spec, conflicts) },
};
_Static_assert(sizeof(relations) / sizeof(*relations) == RELATION_MAX, "a relation without a key");

static const char *const levels[] = { [LEVEL_DEFAULT] = "",
				      [LEVEL_STARTED] = "started",
				      [LEVEL_READY] = "ready",
				      [LEVEL_COMPLETED] = "completed",
				      [LEVEL_HEALTHY] = "healthy" };
_Static_assert(sizeof(levels) / sizeof(*levels) == LEVEL_MAX, "a level without a name");

#define LEVELS "allowed: NAME, or NAME with :started, :ready, :completed or :healthy"

struct graph {
	const struct graph_node *nodes; /* borrowed, as written */
	const struct graph_node **sorted; /* owned: by name */
	size_t n;
	size_t *first; /* owned: of node i's predecessors in `before`; n + 1 of them */
	size_t *before; /* owned: indexes of nodes that come first */
	struct diag *diag;
};

const struct strv *graph_words(const struct spec *s, enum relation r)
{
	return (const struct strv *)((const char *)s + relations[r].offset);
}

const char *graph_key(enum relation r)
{
	return relations[r].key;
}

const char *level_name(enum level l)
{
	return (unsigned int)l < LEVEL_MAX ? levels[l] : "";
}

int graph_part(const char *word, char name[GRAPH_WORD_MAX], enum level *ret)
{
	const char *colon = strchr(word, ':');

	*ret = LEVEL_DEFAULT;
	if (text_format(name, GRAPH_WORD_MAX, "%.*s", (int)(colon ? (size_t)(colon - word) : strlen(word)), word) < 0)
		return -EINVAL;
	for (unsigned int l = LEVEL_STARTED; colon && l < LEVEL_MAX; l++)
		if (strcmp(colon + 1, levels[l]) == 0)
			*ret = (enum level)l;
	return colon && *ret == LEVEL_DEFAULT ? -EINVAL : 0;
}

static int by_name(const void *a, const void *b)
{
	const struct graph_node *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static const struct graph_node *find(const struct graph *g, const char *name)
{
	const struct graph_node key = { .name = name }, *p = &key;
	const struct graph_node *const *hit = bsearch(&p, g->sorted, g->n, sizeof(*g->sorted), by_name);

	return hit ? *hit : NULL;
}

static const char *nth_name(void *ctx, size_t i)
{
	const struct graph *g = ctx;

	return i < g->n ? g->nodes[i].name : NULL;
}

static struct where place(const struct spec *s, enum relation r, char *section, size_t size)
{
	size_t key = 0;

	(void)text_format(section, size, "service:%s", s->name);
	unsigned int line = keys_find(graph_key(r), KEY_IN_SERVICE, &key) ? s->key_line[key] : 0;
	return (struct where){ .file = s->file, .line = line ? line : s->line, .section = section };
}

static void complain(const struct graph *g, const struct spec *s, enum relation r, const char *word, const char *what)
{
	char section[SPEC_NAME_MAX + 16];
	struct where at = place(s, r, section, sizeof(section));

	diag_error(g->diag, &at, graph_key(r), word, "%s", what);
}

/* The node that a word speaks of, or NULL when it is wrong, which is told. */
static const struct graph_node *look_up(const struct graph *g, const struct spec *s, enum relation r, const char *word)
{
	char name[GRAPH_WORD_MAX], what[256];
	enum level level;

	if (graph_part(word, name, &level) < 0) {
		complain(g, s, r, word, "no such level (" LEVELS ")");
		return NULL;
	}
	if (level != LEVEL_DEFAULT && r != RELATION_REQUIRES) {
		complain(g, s, r, word, "only requires takes a level");
		return NULL;
	}
	const struct graph_node *node = find(g, name);
	const char *near = node ? NULL : nearest_of(name, nth_name, (void *)g);
	if (!node) {
		(void)text_format(what, sizeof(what), "no service has that name%s%s%s", near ? " (did you mean " : "", near ? near : "",
				  near ? "?)" : "");
		complain(g, s, r, word, what);
	} else if (strcmp(node->name, s->name) == 0) {
		complain(g, s, r, word, "a service can't name itself");
		return NULL;
	}
	return node;
}

static bool names(const struct spec *s, enum relation r, const char *name)
{
	const struct strv *words = graph_words(s, r);
	char other[GRAPH_WORD_MAX];
	enum level level;

	for (size_t i = 0; i < words->n; i++)
		if (graph_part(words->v[i], other, &level) == 0 && strcmp(other, name) == 0)
			return true;
	return false;
}

/* The same of a word that was looked up before: nothing is told twice. */
static const struct graph_node *named(const struct graph *g, const char *word)
{
	char name[GRAPH_WORD_MAX];
	enum level level;

	return graph_part(word, name, &level) == 0 ? find(g, name) : NULL;
}

/* Counts the predecessors of each node, or (`fill`) stores them. */
static void walk(struct graph *g, size_t *at, bool fill)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct spec *s = g->nodes[i].spec;
		for (int r = 0; s && r < RELATION_MAX; r++) {
			const struct strv *words = graph_words(s, (enum relation)r);
			for (size_t k = 0; k < words->n; k++) {
				const struct graph_node *other = fill ? named(g, words->v[k]) : look_up(g, s, (enum relation)r, words->v[k]);
				if (!other || other == &g->nodes[i] || r == RELATION_CONFLICTS)
					continue;
				size_t later = r == RELATION_BEFORE ? (size_t)(other - g->nodes) : i;
				size_t sooner = r == RELATION_BEFORE ? i : (size_t)(other - g->nodes);
				if (fill)
					g->before[at[later]] = sooner;
				at[later]++;
			}
		}
	}
}

static void check_conflicts(const struct graph *g)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct spec *s = g->nodes[i].spec;
		for (size_t k = 0; s && k < s->conflicts.n; k++) {
			const struct graph_node *other = named(g, s->conflicts.v[k]);
			if (names(s, RELATION_REQUIRES, s->conflicts.v[k]) || names(s, RELATION_WANTS, s->conflicts.v[k]))
				complain(g, s, RELATION_CONFLICTS, s->conflicts.v[k], "it is required or wanted as well");
			/* Each would wait for the other to come and to go. */
			else if (other && other->spec &&
				 (names(other->spec, RELATION_REQUIRES, s->name) || names(other->spec, RELATION_WANTS, s->name)))
				complain(g, s, RELATION_CONFLICTS, s->conflicts.v[k], "it requires or wants this one");
		}
	}
}

/* stack[from..depth) is the cycle, each needing the next. */
static void tell_cycle(const struct graph *g, const size_t *stack, size_t from, size_t depth)
{
	char text[1024];
	struct text t = TEXT_INIT(text);
	size_t first = from; /* that stands first in the file: there it is told */

	for (size_t i = from; i < depth; i++)
		if (stack[i] < stack[first])
			first = i;
	for (size_t i = 0; i < depth - from; i++)
		(void)text_addf(&t, "%s -> ", g->nodes[stack[from + (first - from + i) % (depth - from)]].name);
	const struct graph_node *node = &g->nodes[stack[first]];
	char section[SPEC_NAME_MAX + 16];
	struct where at = { 0 };
	enum relation r = RELATION_REQUIRES;
	while (node->spec && r < RELATION_BEFORE && graph_words(node->spec, r)->n == 0)
		r++;
	if (node->spec)
		at = place(node->spec, r, section, sizeof(section));
	diag_error(g->diag, &at, NULL, NULL, "each waits for the next: %s%s%s", text, t.cut ? "... -> " : "", node->name);
}

/* Depth first, without recursion: ten thousand services may stand in one row. */
static int find_cycles(const struct graph *g)
{
	enum { NEW, OPEN, DONE };
	unsigned char *color = calloc(g->n + 1, 1);
	size_t *stack = calloc(g->n + 1, sizeof(*stack)), *next = calloc(g->n + 1, sizeof(*next));
	int r = color && stack && next ? 0 : -ENOMEM;

	for (size_t root = 0; r == 0 && root < g->n; root++) {
		if (color[root] != NEW)
			continue;
		size_t depth = 0;
		stack[depth++] = root;
		color[root] = OPEN;
		next[root] = g->first[root];
		while (depth > 0) {
			size_t at = stack[depth - 1];
			if (next[at] == g->first[at + 1]) {
				color[at] = DONE;
				depth--;
				continue;
			}
			size_t to = g->before[next[at]++];
			if (color[to] == NEW) {
				color[to] = OPEN;
				next[to] = g->first[to];
				stack[depth++] = to;
			} else if (color[to] == OPEN) {
				size_t from = depth;
				while (stack[from - 1] != to)
					from--;
				tell_cycle(g, stack, from - 1, depth);
			}
		}
	}
	free(color);
	free(stack);
	free(next);
	return r;
}

int graph_check(const struct graph_node *nodes, size_t n, struct diag *diag)
{
	struct graph g = { .nodes = nodes, .n = n, .diag = diag };
	size_t *count = calloc(n + 2, sizeof(*count)), *at = calloc(n + 2, sizeof(*at));
	int r = count && at ? 0 : -ENOMEM;

	g.sorted = calloc(n + 1, sizeof(*g.sorted));
	g.first = calloc(n + 2, sizeof(*g.first));
	if (r == 0 && g.sorted && g.first) {
		for (size_t i = 0; i < n; i++)
			g.sorted[i] = &nodes[i];
		qsort(g.sorted, n, sizeof(*g.sorted), by_name);
		walk(&g, count, false);
		for (size_t i = 0; i < n; i++)
			g.first[i + 1] = at[i + 1] = g.first[i] + count[i];
		g.before = calloc(g.first[n] + 1, sizeof(*g.before));
	}
	r = g.before ? 0 : -ENOMEM;
	if (r == 0) {
		walk(&g, at, true);
		check_conflicts(&g);
		r = find_cycles(&g);
	}
	free(count);
	free(at);
	free(g.sorted);
	free(g.first);
	free(g.before);
	return r;
}
