/* cli - the way from argv to a verb. */
#include "tools/cli/cli.h"

#include "base/banned.h"
#include "base/own.h"
#include "base/text.h"
#include "tools/cli/command.h"
#include "tools/cli/help.h"
#include "tools/cli/out.h"

#include <errno.h>

static const char *nth_arg(const struct cli_option *o, const char *arg)
{
	return o->arg && o->arg[0] != '[' ? arg : NULL;
}

/* The verb is the first word; common options may stand before it. Returns its place in argv, or 0. */
static int find_verb(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return 0;
		if (argv[i][0] != '-')
			return i;
		const char *name = argv[i] + strspn(argv[i], "-");
		for (const struct cli_option *o = common_options; o->name; o++)
			if (strcmp(o->name, name) == 0 && nth_arg(o, argv[i]))
				i++;
	}
	return 0;
}

static int wrong_words(const struct command *cmd)
{
	out_error("usage: pm1 %s %s", cmd->name, cmd->args);
	return EXIT_NOT_DONE;
}

static int run(struct cli *c)
{
	const struct options *o = &c->given;
	c->json = options_has(o, "json");
	c->silent = options_has(o, "silent");
	c->socket = options_get(o, "socket");
	out_setup(c, options_has(o, "no-color"));
	if (options_has(o, "help"))
		return help_verb(c, c->command->name);
	/* main takes these before us; one comes here only when it isn't called rightly. */
	if (!c->command->run)
		return help_verb(c, c->command->name), EXIT_NOT_DONE;
	if (o->nwords < c->command->words_min || o->nwords > c->command->words_max)
		return wrong_words(c->command);
	return c->command->run(c);
}

int cli_main(int argc, char **argv, const struct cli_keys *keys)
{
	int at = find_verb(argc, argv);
	const char *verb = at ? argv[at] : NULL;
	struct cli c = { .argv0 = argc > 0 ? argv[0] : "pm1", .keys = keys };
	for (int i = 1; !verb && i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			verb = "help";
		else if (strcmp(argv[i], "--version") == 0)
			verb = "version";
	}
	if (!verb) {
		c.command = commands_find("help");
		out_setup(&c, false);
		(void)help_all(&c, stderr);
		return EXIT_NOT_DONE;
	}
	c.command = commands_find(verb);
	if (!c.command)
		return help_unknown(verb);
	/* The same without the program and the verb. */
	cleanup_free char **rest = calloc((size_t)argc + 1, sizeof(*rest));
	if (!rest)
		return out_error("out of memory"), EXIT_NOT_DONE;
	size_t n = 0;
	for (int i = 1; i < argc; i++)
		if (i != at)
			rest[n++] = argv[i];
	static const struct cli_option none[] = { { 0 } };
	const struct cli_option *tables[] = { c.command->options ? c.command->options : none, common_options, NULL };
	char buf[512];
	struct text fault = TEXT_INIT(buf);
	int r = options_parse(tables, n, rest, &fault, &c.given);
	if (r < 0) {
		out_error("%s: %s", c.command->name, r == -EINVAL ? buf : "out of memory");
		return EXIT_NOT_DONE;
	}
	int code = out_finish(run(&c));
	options_done(&c.given);
	return code;
}
