/* help - the table of commands, for a terminal. */
#include "tools/cli/help.h"

#include "base/banned.h"
#include "base/own.h"
#include "base/page.h"
#include "tools/cli/man.h"
#include "tools/cli/out.h"

#define OPTION_WIDTH 37 /* of the column of options */

const struct cli_option common_options[] = {
	{ "json", NULL, 0, NULL, NULL, NULL, "print the supervisor's reply as JSON" },
	{ "no-color", NULL, 0, NULL, NULL, NULL, "no colours, as NO_COLOR=1" },
	{ "silent", NULL, 's', NULL, NULL, NULL, "print errors alone" },
	{ "socket", NULL, 0, "PATH", NULL, NULL, "the control socket (default: it is searched for)" },
	{ "help", NULL, 'h', NULL, NULL, NULL, "what the verb does" },
	{ 0 },
};

static void heading(const struct cli *c, FILE *f, const char *text)
{
	(void)fprintf(f, "%s%s:%s\n", c->color ? COLOR_BOLD : "", text, c->color ? COLOR_OFF : "");
}

int help_all(struct cli *c, FILE *f)
{
	(void)fprintf(f, "pm1 %s, a process manager that can be PID 1\n\nusage: pm1 VERB [OPTIONS] [ARGUMENTS]\n", PM1_VERSION);
	for (int g = 0; g < GROUP_MAX; g++) {
		(void)fputc('\n', f);
		heading(c, f, command_group_title((enum command_group)g));
		for (size_t i = 0; i < commands_count(); i++) {
			const struct command *cmd = commands_at(i);
			if ((int)cmd->group == g)
				(void)fprintf(f, "  %-16s %s\n", cmd->name, cmd->help);
		}
	}
	(void)fputs("\n`pm1 help VERB' tells all about one; `pm1 help keys' lists the keys of an INI\nfile, `pm1 help KEY' tells of one; `pm1 help --man' prints the manual page.\n", f);
	return EXIT_DONE;
}

size_t help_option(char *buf, size_t size, const struct cli_option *o)
{
	struct text t;
	text_init(&t, buf, size);
	if (o->letter)
		(void)text_addf(&t, "-%c%s", o->letter, o->name[0] ? ", " : "");
	if (o->name[0])
		(void)text_addf(&t, "--%s", o->name);
	if (o->arg && o->arg[0] == '[')
		(void)text_addf(&t, "[=%.*s]", (int)strlen(o->arg) - 2, o->arg + 1);
	else if (o->arg)
		(void)text_addf(&t, " %s", o->arg);
	return t.len;
}

static void print_options(FILE *f, const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++) {
		char buf[80];
		(void)help_option(buf, sizeof(buf), o);
		page_wrap_labelled(f, buf, o->help, OPTION_WIDTH);
	}
}

/* PM2's verbs that fingers remember, and what there is instead. */
static const struct {
	const char *verb, *instead;
} missing[] = {
	{ "monit", "`status' and `logs' look" },
	{ "startup", "let the machine's init call `pm1 run FILE.ini'" },
};

static const char *missing_instead(const char *verb)
{
	for (size_t i = 0; i < ARRAY_LEN(missing); i++)
		if (strcmp(missing[i].verb, verb) == 0)
			return missing[i].instead;
	return NULL;
}

int help_unknown(const char *verb)
{
	const char *instead = missing_instead(verb);
	const char *near = commands_nearest(verb);
	if (instead)
		out_error("'%s' is not there yet; %s", verb, instead);
	else if (near)
		out_error("unknown verb '%s' (did you mean '%s'?)", verb, near);
	else
		out_error("unknown verb '%s'; `pm1 help' lists them", verb);
	return EXIT_NOT_DONE;
}

int help_verb(struct cli *c, const char *verb)
{
	const struct command *cmd = commands_find(verb);
	if (!cmd)
		return help_unknown(verb);
	(void)fprintf(stdout, "pm1 %s %s\n\n", cmd->name, cmd->args);
	page_wrap(stdout, cmd->help, 2);
	if (cmd->more) {
		(void)fputc('\n', stdout);
		page_wrap(stdout, cmd->more, 2);
	}
	if (*cmd->aliases)
		(void)fprintf(stdout, "\n  also: %s\n", cmd->aliases);
	if (cmd->options) {
		(void)fputc('\n', stdout);
		heading(c, stdout, "Options");
		print_options(stdout, cmd->options);
	}
	if (!cmd->run)
		return EXIT_DONE;
	(void)fputc('\n', stdout);
	heading(c, stdout, "Options of every verb");
	print_options(stdout, common_options);
	return EXIT_DONE;
}

int cmd_help(struct cli *c)
{
	const char *word = c->given.nwords > 0 ? c->given.words[0] : c->given.has_rest ? "--" : NULL;
	if (options_has(&c->given, "man"))
		return man_print(c, stdout);
	if (!word)
		return help_all(c, stdout);
	if (strcmp(word, "keys") == 0)
		return c->keys->print(stdout), EXIT_DONE;
	if (!commands_find(word) && c->keys->one(stdout, word))
		return EXIT_DONE;
	if (!commands_find(word) && !commands_nearest(word) && !missing_instead(word)) {
		out_error("'%s' is neither a verb nor a key; `pm1 help' and `pm1 help keys' list them", word);
		return EXIT_NOT_DONE;
	}
	return help_verb(c, word);
}

int cmd_version(struct cli *c)
{
	if (c->json) {
		json_t *j = json_pack("{s:s}", "version", PM1_VERSION);
		out_json(j, true);
		json_decref(j);
	} else {
		(void)fprintf(stdout, "pm1 %s\n", PM1_VERSION);
	}
	return EXIT_DONE;
}
