/* options - one pass over argv; the tables say which option takes a value. */
#include "tools/cli/options.h"

#include "base/banned.h"
#include "base/nearest.h"

#include <errno.h>

bool word_in_list(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = list; p && *p && n;) {
		size_t len = strcspn(p, " ");
		if (len == n && memcmp(p, word, n) == 0)
			return true;
		p += len + strspn(p + len, " ");
	}
	return false;
}

static const struct cli_option *find_name(const struct cli_option *const *tables, const char *name)
{
	for (; *tables; tables++)
		for (const struct cli_option *o = *tables; o->name; o++)
			if (strcmp(o->name, name) == 0 || word_in_list(o->also, name))
				return o;
	return NULL;
}

static const struct cli_option *find_letter(const struct cli_option *const *tables, char letter)
{
	for (; *tables; tables++)
		for (const struct cli_option *o = *tables; o->name; o++)
			if (o->letter == letter)
				return o;
	return NULL;
}

static const char *nth_name(void *ctx, size_t i)
{
	for (const struct cli_option *const *t = ctx; *t; t++)
		for (const struct cli_option *o = *t; o->name; o++)
			if (i-- == 0)
				return o->name;
	return NULL;
}

static int unknown_name(const struct cli_option *const *tables, const char *name, struct text *fault)
{
	const char *near = nearest_of(name, nth_name, (void *)tables);
	(void)text_add(fault, "unknown option '--");
	(void)text_add_safe(fault, name);
	(void)text_add(fault, "'");
	if (near)
		(void)text_addf(fault, " (did you mean '--%s'?)", near);
	return -EINVAL;
}

static void give(struct options *o, const struct cli_option *option, const char *value)
{
	o->given[o->ngiven++] = (struct option_given){ option, value };
}

/* Long options: --name, --name=value, --name value. */
static int parse_long(const struct cli_option *const *tables, size_t n, char *const *argv, size_t *i,
		      struct text *fault, struct options *o)
{
	const char *arg = argv[*i] + 2;
	const char *equals = strchr(arg, '=');
	char name[64];
	size_t len = equals ? (size_t)(equals - arg) : strlen(arg);
	(void)text_format(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name) - 1), arg);
	const struct cli_option *option = find_name(tables, name);
	if (!option)
		return unknown_name(tables, name, fault);
	if (!option->arg) {
		if (equals)
			return text_addf(fault, "option '--%s' takes no value", name), -EINVAL;
		give(o, option, NULL);
	} else if (equals) {
		give(o, option, equals + 1);
	} else if (option->arg[0] == '[') {
		give(o, option, NULL);
	} else if (*i + 1 < n) {
		give(o, option, argv[++*i]);
	} else {
		return text_addf(fault, "option '--%s' needs a value: --%s %s", name, name, option->arg), -EINVAL;
	}
	return 0;
}

/* Short ones: -s, -sf, -n value, -nvalue. */
static int parse_short(const struct cli_option *const *tables, size_t n, char *const *argv, size_t *i,
		       struct text *fault, struct options *o)
{
	for (const char *p = argv[*i] + 1; *p; p++) {
		const struct cli_option *option = find_letter(tables, *p);
		if (!option) {
			(void)text_add(fault, "unknown option '");
			(void)text_add_safe(fault, argv[*i]);
			(void)text_add(fault, "'");
			return -EINVAL;
		}
		if (!option->arg || option->arg[0] == '[') {
			give(o, option, NULL);
			continue;
		}
		if (p[1])
			give(o, option, p + 1);
		else if (*i + 1 < n)
			give(o, option, argv[++*i]);
		else
			return text_addf(fault, "option '-%c' needs a value: -%c %s", *p, *p, option->arg), -EINVAL;
		break;
	}
	return 0;
}

int options_parse(const struct cli_option *const *tables, size_t n, char *const *argv, struct text *fault,
		  struct options *ret)
{
	size_t most = 1; /* each letter of "-abc" may be an option */
	for (size_t i = 0; i < n && strcmp(argv[i], "--") != 0; i++)
		if (argv[i][0] == '-')
			most += strlen(argv[i]);
	struct options o = { .given = calloc(most, sizeof(*o.given)), .words = calloc(n + 1, sizeof(*o.words)) };
	int r = o.given && o.words ? 0 : -ENOMEM;
	for (size_t i = 0; i < n && r == 0; i++) {
		const char *arg = argv[i];
		if (strcmp(arg, "--") == 0) {
			o.has_rest = true;
			o.rest = argv + i + 1;
			o.nrest = n - i - 1;
			break;
		}
		if (arg[0] == '-' && arg[1] == '-')
			r = parse_long(tables, n, argv, &i, fault, &o);
		else if (arg[0] == '-' && arg[1] && (arg[1] < '0' || arg[1] > '9')) /* -1 is a number: pm1 scale web -1 */
			r = parse_short(tables, n, argv, &i, fault, &o);
		else
			o.words[o.nwords++] = arg;
	}
	if (r < 0) {
		options_done(&o);
		return r;
	}
	*ret = o;
	return 0;
}

void options_done(struct options *o)
{
	free(o->given);
	free(o->words);
	*o = (struct options){ 0 };
}

const char *options_get(const struct options *o, const char *name)
{
	const char *value = NULL;
	for (size_t i = 0; i < o->ngiven; i++)
		if (strcmp(o->given[i].option->name, name) == 0)
			value = o->given[i].value ? o->given[i].value : "";
	return value;
}

bool options_has(const struct options *o, const char *name)
{
	return options_get(o, name) != NULL;
}
