/* help - the table of commands, for a terminal and as a manual page. */
#include "tools/cli/help.h"

#include "base/banned.h"
#include "tools/cli/out.h"

#include <ctype.h>

#define HELP_WIDTH 79

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

/* Words of `s`, wrapped, each line `indent` columns in. */
static void wrapped(FILE *f, const char *s, size_t indent)
{
	size_t at = 0;
	while (*s) {
		size_t n = strcspn(s, " ");
		if (at > 0 && at + 1 + n > HELP_WIDTH) {
			(void)fputc('\n', f);
			at = 0;
		}
		if (at == 0)
			at = (size_t)fprintf(f, "%*s%.*s", (int)indent, "", (int)n, s);
		else
			at += (size_t)fprintf(f, " %.*s", (int)n, s);
		s += n + (s[n] == ' ');
	}
	(void)fputc('\n', f);
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
				(void)fprintf(f, "  %-14s %s\n", cmd->name, cmd->help);
		}
	}
	(void)fputs("\n`pm1 help VERB' tells all about one, `pm1 help keys' lists the keys of an INI file.\n", f);
	return EXIT_DONE;
}

/* "-n, --name NAME" */
static size_t option_text(char *buf, size_t size, const struct cli_option *o)
{
	struct text t;
	text_init(&t, buf, size);
	if (o->letter)
		(void)text_addf(&t, "-%c, ", o->letter);
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
		(void)option_text(buf, sizeof(buf), o);
		(void)fprintf(f, "  %-34s %s\n", buf, o->help);
	}
}

int help_unknown(const char *verb)
{
	const char *near = commands_nearest(verb);
	if (near)
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
	wrapped(stdout, cmd->help, 2);
	if (cmd->more) {
		(void)fputc('\n', stdout);
		wrapped(stdout, cmd->more, 2);
	}
	if (*cmd->aliases)
		(void)fprintf(stdout, "\n  also: %s\n", cmd->aliases);
	if (!cmd->run)
		return EXIT_DONE;
	if (cmd->options) {
		(void)fputc('\n', stdout);
		heading(c, stdout, "Options");
		print_options(stdout, cmd->options);
	}
	(void)fputc('\n', stdout);
	heading(c, stdout, "Options of every verb");
	print_options(stdout, common_options);
	return EXIT_DONE;
}

/* Text for roff: a hyphen that is typed, a backslash, and no request at the start of a line. */
static void roff(FILE *f, const char *s)
{
	if (*s == '.' || *s == '\'')
		(void)fputs("\\&", f);
	for (; *s; s++) {
		if (*s == '\\')
			(void)fputs("\\e", f);
		else if (*s == '-')
			(void)fputs("\\-", f);
		else if (*s == '`')
			(void)fputs("\\(oq", f);
		else if (*s == '\'')
			(void)fputs("\\(cq", f);
		else
			(void)fputc(*s, f);
	}
}

static void roff_options(FILE *f, const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++) {
		char buf[80];
		(void)option_text(buf, sizeof(buf), o);
		(void)fputs(".TP\n.B ", f);
		roff(f, buf);
		(void)fputc('\n', f);
		roff(f, o->help);
		(void)fputs(".\n", f);
	}
}

static void roff_command(FILE *f, const struct command *cmd)
{
	(void)fputs(".TP\n.BR ", f);
	roff(f, cmd->name);
	if (*cmd->args) {
		(void)fputs(" \" ", f);
		roff(f, cmd->args);
		(void)fputc('"', f);
	}
	(void)fputc('\n', f);
	roff(f, cmd->help);
	(void)fputs(".\n", f);
	if (*cmd->aliases) {
		(void)fputs("Also: ", f);
		roff(f, cmd->aliases);
		(void)fputs(".\n", f);
	}
	if (cmd->more) {
		(void)fputs(".IP\n", f);
		roff(f, cmd->more);
		(void)fputc('\n', f);
	}
	if (cmd->options) {
		(void)fputs(".RS\n", f);
		roff_options(f, cmd->options);
		(void)fputs(".RE\n", f);
	}
}

int help_man(FILE *f)
{
	(void)fprintf(f, ".TH PM1 1 \"\" \"pm1 %s\" \"User commands\"\n", PM1_VERSION);
	(void)fputs(".SH NAME\npm1 \\- process manager that can be PID 1\n"
		    ".SH SYNOPSIS\n.B pm1\n.I VERB\n.RI [ OPTIONS ] \" \" [ ARGUMENTS ]\n"
		    ".SH DESCRIPTION\n"
		    "Starts services from an INI file, keeps them running, caps their memory, writes their logs, "
		    "and reaps what they leave.\n"
		    "The verbs ask a running supervisor over its control socket; those of PM2 have its names.\n",
		    f);
	for (int g = 0; g < GROUP_MAX; g++) {
		(void)fputs(".SH ", f);
		for (const char *p = command_group_title((enum command_group)g); *p; p++)
			(void)fputc(toupper((unsigned char)*p), f);
		(void)fputc('\n', f);
		for (size_t i = 0; i < commands_count(); i++)
			if ((int)commands_at(i)->group == g)
				roff_command(f, commands_at(i));
	}
	(void)fputs(".SH OPTIONS OF EVERY VERB\n", f);
	roff_options(f, common_options);
	(void)fputs(".SH EXIT STATUS\n"
		    ".TP\n0\nwhat was asked for is true.\n"
		    ".TP\n1\nit is not; the reason is on standard error.\n"
		    ".TP\n2\na configuration has faults; nothing was changed.\n"
		    ".SH ENVIRONMENT\n"
		    ".TP\n.B PM1_HOME\nfolder of the socket, the state and the logs of a separate supervisor.\n"
		    ".TP\n.B PM1_SOCKET\nthe control socket.\n"
		    ".TP\n.B NO_COLOR\nwhen set and not empty, no colours.\n"
		    ".SH FILES\n"
		    ".I /run/pm1\n(root) or\n.I $XDG_RUNTIME_DIR/pm1\nholds the control socket,\n"
		    ".I /var/log/pm1\nor\n.I $XDG_STATE_HOME/pm1\nthe logs.\n",
		    f);
	return EXIT_DONE;
}

int cmd_help(struct cli *c)
{
	if (options_has(&c->given, "man"))
		return help_man(stdout);
	if (c->given.nwords > 0)
		return help_verb(c, c->given.words[0]);
	return help_all(c, stdout);
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
