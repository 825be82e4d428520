/* man - the manual page. Verbs, options and keys come from their tables; what stands here is what no table has. */
#include "tools/cli/man.h"

#include "base/banned.h"
#include "base/page.h"
#include "tools/cli/help.h"

struct item {
	const char *term, *text;
};

static const char *const synopsis[] = {
	"run \\fIFILE.ini\\fP",
	"start \\fR[\\fP\\fIFILE.ini\\fP\\fR]\\fP",
	"\\fIVERB\\fP \\fR[\\fP\\fIOPTIONS\\fP\\fR]\\fP \\fR[\\fP\\fIARGUMENTS\\fP\\fR]\\fP",
	"\\fR[\\fP\\-s\\fR]\\fP \\fR[\\fP\\-g\\fR]\\fP \\fR[\\fP\\-v\\fR]\\fP \\fR[\\fP\\-w\\fR]\\fP \\fR[\\fP\\-p \\fISIGNAL\\fP\\fR]\\fP "
	"\\fR[\\fP\\-e \\fICODE\\fP\\fR]\\fP \\fR[\\fP\\-r \\fIFROM\\fP:\\fITO\\fP\\fR]\\fP \\-\\- \\fICOMMAND\\fP \\fR[\\fP\\fIARGS\\fP\\fR]\\fP",
};

static const char *const description[] = {
	"pm1 starts services from an INI file, keeps them running, caps their memory, writes their logs, and reaps what they "
	"leave. It is one static file that can be the PID 1 of a container or of a machine as well as a user's daemon.",
	"The verbs ask a running pm1 over its control socket; those that PM2 has too have its names.",
};

static const struct item modes[] = {
	{ "pm1 run FILE.ini", "Supervises in the foreground: a container's ENTRYPOINT, a unit of another init, a terminal. Ends when "
			      "all services have ended (see exit_when), with the first failure's exit code." },
	{ "pm1 start FILE.ini", "The same as a daemon of this user. When none answers one is started; else the services are added to it." },
	{ "pm1 -- COMMAND", "A bare init as tini is: one child, and its exit code is pm1's. Called by the name tini, docker-init or "
			    "dumb-init (a link will do), pm1 takes that program's flags and variables." },
	{ "/sbin/init", "As the first process of a machine, pm1 mounts what the kernel needs mounted (/proc, /sys, /dev, /run, /tmp, "
			"cgroups), sets the host's name, brings up the loopback, and starts the services of /etc/pm1.ini. When that "
			"file has faults, it prints them and gives a shell on the console; its end is another try." },
};

static const struct item files[] = {
	{ "/run/pm1/pm1.sock", "The control socket of root's pm1." },
	{ "$XDG_RUNTIME_DIR/pm1/pm1.sock", "That of a user's. Where it can't be made, /run/pm1-UID, /tmp/pm1-UID and /dev/shm/pm1-UID are "
					   "tried, then the abstract socket @pm1-UID; root's pm1 tries the last three too." },
	{ "/var/log/pm1", "The logs of root's pm1: NAME-out.log and NAME-error.log of each service, and pm1.log of a daemon. "
			   "Beside each lies when its bytes came, for `pm1 logs': .NAME-out.log.times." },
	{ "$XDG_STATE_HOME/pm1/logs", "Those of a user's; without that variable ~/.local/state/pm1/logs, without a home /tmp/pm1-UID/logs." },
	{ "/etc/pm1.ini", "What is started when pm1 boots a machine." },
};

static const struct item variables[] = {
	{ "PM1_HOME", "A folder for the socket (pm1.sock) and the logs (logs) of a separate pm1." },
	{ "PM1_SOCKET", "The control socket, as --socket." },
	{ "PM1_INI", "On the kernel's command line: the file that is started instead of /etc/pm1.ini." },
	{ "NO_COLOR", "Set and not empty: no colours." },
	{ "COLUMNS", "The width of a terminal that doesn't tell it." },
	{ "TINI_SUBREAPER, TINI_KILL_PROCESS_GROUP, TINI_VERBOSITY", "Of a bare init: as -s, -g and -v." },
	{ "DUMB_INIT_SETSID, DUMB_INIT_DEBUG", "Of a bare init called dumb-init: 0 is as -c, 1 is as -v." },
	{ "PM1_SERVICE, PM1_ID, NODE_APP_INSTANCE", "Set for each service: its name, a mark of pm1's own, and the number of the instance "
						    "(instance_var gives that another name)." },
};

static const struct item signals[] = {
	{ "TERM, INT, QUIT", "Stops all services and ends with 0; a second one kills what is left at once. Booting a machine, TERM and "
			     "INT (ctrl-alt-del) reboot it." },
	{ "HUP", "Reads the INI files again; only what changed is restarted. With faults in them nothing is changed." },
	{ "USR1", "Opens the log files anew." },
	{ "PWR, USR2", "Booting a machine: switches it off." },
};

static const struct item codes[] = {
	{ "0", "What was asked for is true." },
	{ "1", "It is not; the reason is on standard error." },
	{ "2", "A configuration has faults; nothing was changed. check also ends so when it is called wrongly." },
	{ "of a service", "run ends with the exit code of the service that ended it (see exit_when and critical): its own, 128 + the signal, 127 "
			  "when there is no such program, 126 when it can't be run." },
	{ "of the command", "A bare init ends as its command did: its exit code, 128 + its signal, 127 or 126." },
};

static const struct item examples[] = {
	{ "pm1 check pm1.ini", "Prints every fault of a file, or what it would run." },
	{ "pm1 start pm1.ini", "Runs it as a daemon." },
	{ "pm1 start server.js -n web --max-memory-restart 300M -- --port 80", "One service without a file." },
	{ "pm1 status", "Prints the table of the services." },
	{ "pm1 describe web", "Says why it is as it is." },
	{ "pm1 logs web --lines 50", "Prints the last lines, then follows." },
	{ "pm1 jlist | jq '.[].pm2_env.status'", "The same for programs." },
	{ "docker run --entrypoint pm1 IMAGE run /etc/pm1.ini", "In a container, as its PID 1." },
};

static void paragraphs(FILE *f, const char *title, const char *const *texts, size_t n)
{
	(void)fprintf(f, ".SH %s\n", title);
	for (size_t i = 0; i < n; i++) {
		if (i)
			(void)fputs(".PP\n", f);
		page_roff_line(f, texts[i]);
	}
}

static void term(FILE *f, const char *text)
{
	(void)fputs(".TP\n.B ", f);
	page_roff(f, text);
	(void)fputc('\n', f);
}

static void items(FILE *f, const char *title, const struct item *list, size_t n)
{
	(void)fprintf(f, ".SH %s\n", title);
	for (size_t i = 0; i < n; i++) {
		term(f, list[i].term);
		page_roff_line(f, list[i].text);
	}
}

#define ITEMS(f, title, list) items(f, title, list, sizeof(list) / sizeof(*(list)))

static void options(FILE *f, const struct cli_option *list)
{
	for (const struct cli_option *o = list; o && o->name; o++) {
		char buf[80];
		(void)help_option(buf, sizeof(buf), o);
		term(f, buf);
		page_roff_line(f, o->help);
	}
}

static void command(FILE *f, const struct command *cmd)
{
	(void)fputs(".TP\n.BR ", f);
	page_roff(f, cmd->name);
	if (*cmd->args) {
		(void)fputs(" \" ", f);
		page_roff(f, cmd->args);
		(void)fputc('"', f);
	}
	(void)fputc('\n', f);
	page_roff_line(f, cmd->help);
	if (*cmd->aliases) {
		(void)fputs("Also: ", f);
		page_roff_line(f, cmd->aliases);
	}
	if (cmd->more) {
		(void)fputs(".IP\n", f);
		page_roff_line(f, cmd->more);
	}
	if (cmd->options) {
		(void)fputs(".RS\n", f);
		options(f, cmd->options);
		(void)fputs(".RE\n", f);
	}
}

static void commands(FILE *f, enum command_group g)
{
	(void)fputs(".SS ", f);
	page_roff(f, command_group_title(g));
	(void)fputc('\n', f);
	for (size_t i = 0; i < commands_count(); i++)
		if (commands_at(i)->group == g)
			command(f, commands_at(i));
}

int man_print(const struct cli *c, FILE *f)
{
	(void)fprintf(f, ".TH PM1 1 \"%s\" \"pm1 %s\" \"User commands\"\n", PM1_DATE, PM1_VERSION);
	(void)fputs(".SH NAME\npm1 \\- process manager that can be PID 1\n.SH SYNOPSIS\n", f);
	for (size_t i = 0; i < sizeof(synopsis) / sizeof(*synopsis); i++)
		(void)fprintf(f, "%s.B pm1 %s\n", i ? ".br\n" : "", synopsis[i]);
	paragraphs(f, "DESCRIPTION", description, sizeof(description) / sizeof(*description));
	ITEMS(f, "MODES", modes);
	(void)fputs(".SH VERBS\n", f);
	for (int g = 0; g < GROUP_MAX; g++)
		commands(f, (enum command_group)g);
	(void)fputs(".SH OPTIONS\nOf every verb but those under \\(lqSupervise\\(rq:\n", f);
	options(f, common_options);
	c->keys->roff(f);
	ITEMS(f, "FILES", files);
	ITEMS(f, "ENVIRONMENT", variables);
	ITEMS(f, "SIGNALS", signals);
	(void)fputs(".PP\nA bare init passes all signals on to its command.\n", f);
	ITEMS(f, "EXIT STATUS", codes);
	ITEMS(f, "EXAMPLES", examples);
	return EXIT_DONE;
}
