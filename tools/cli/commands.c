/* commands - what `pm1` can be asked, in the order help prints it. */
#include "tools/cli/command.h"

#include "base/banned.h"
#include "base/nearest.h"
#include "base/own.h"

#define TARGETS                                                                                                        \
	"A TARGET is a service's name, its id, a namespace, `all', or a regular expression /BETWEEN SLASHES/ "         \
	"that is matched with names."

static const struct cli_option start_options[] = {
	{ "name", NULL, 'n', "NAME", NULL, NULL, "name of the service (default: from the program's name)" },
	{ "instances", NULL, 'i', "N", "instances", NULL, "how many of it; `max': one for each CPU" },
	{ "namespace", NULL, 0, "NAME", "namespace", NULL, "group it belongs to" },
	{ "cwd", NULL, 0, "DIR", NULL, NULL, "folder it runs in (default: this one)" },
	{ "interpreter", NULL, 0, "PROGRAM", NULL, NULL, "runs the script; `none': run it as it is" },
	{ "interpreter-args", "node-args", 0, "ARGS", NULL, NULL, "arguments of the interpreter, before the script" },
	{ "output", "out", 'o', "FILE", "out_file", NULL, "file of its standard output" },
	{ "error", NULL, 'e', "FILE", "error_file", NULL, "file of its standard error" },
	{ "log", NULL, 'l', "FILE", "log_file", NULL, "one file of both" },
	{ "time", NULL, 0, NULL, "log_date_format", "YYYY-MM-DDTHH:mm:ss", "put the time before each log line" },
	{ "log-date-format", NULL, 0, "FORMAT", "log_date_format", NULL, "the same in your own format" },
	{ "merge-logs", NULL, 0, NULL, "merge_logs", "yes", "all instances write the same files" },
	{ "kill-timeout", NULL, 'k', "TIME", "kill_timeout", NULL, "from the stop signal to SIGKILL" },
	{ "max-memory-restart", NULL, 0, "SIZE", "max_memory_restart", NULL, "restart it when it passes this" },
	{ "memory-max", NULL, 0, "SIZE", "memory_max", NULL, "cap that the kernel enforces" },
	{ "restart-delay", NULL, 0, "TIME", "restart_delay", NULL, "wait before each automatic restart" },
	{ "exp-backoff-restart-delay", NULL, 0, "TIME", "exp_backoff_restart_delay", NULL,
	  "first wait of a growing restart delay" },
	{ "cron-restart", "cron", 'c', "TIMES", "cron_restart", NULL, "restart it at these times: '0 3 * * *'" },
	{ "schedule", NULL, 0, "TIMES", "schedule", NULL, "run it at these times, not now" },
	{ "timezone", NULL, 0, "ZONE", "timezone", NULL, "of these times (default: pm1's own)" },
	{ "max-uptime", NULL, 0, "TIME", "max_uptime", NULL, "restart it when it has run this long" },
	{ "max-restarts", NULL, 0, "N", "max_restarts", NULL, "unstable runs in a row until it is given up" },
	{ "min-uptime", NULL, 0, "TIME", "min_uptime", NULL, "a shorter run is unstable" },
	{ "stop-exit-codes", NULL, 0, "CODES", "stop_exit_codes", NULL, "exit codes after which it is not restarted" },
	{ "wait-ready", NULL, 0, NULL, "wait_ready", "yes", "a Node program is up when it says process.send('ready')" },
	{ "listen-timeout", NULL, 0, "TIME", "listen_timeout", NULL, "a start that is not ready by then has failed" },
	{ "no-autorestart", NULL, 0, NULL, "autorestart", "no", "never restart it by itself" },
	{ "no-autostart", NULL, 0, NULL, "autostart", "no", "add it, but leave it stopped" },
	{ "watch", NULL, 0, "[PATHS]", "watch", "yes", "restart it when files change" },
	{ "ignore-watch", NULL, 0, "PATHS", "ignore_watch", NULL, "files that don't count as changed" },
	{ "uid", "user", 0, "USER", "user", NULL, "user it runs as" },
	{ "gid", "group", 0, "GROUP", "group", NULL, "group it runs as" },
	{ "env", NULL, 0, "NAME", NULL, NULL, "with a file: lay its sections [service:...:NAME] on top; `--env=' for none" },
	{ "set", NULL, 0, "KEY=VALUE", NULL, NULL, "any key of an INI service section" },
	{ 0 },
};

/* Letters alone: the bare init reads them itself (init/bare). */
static const struct cli_option bare_options[] = {
	{ "", NULL, 's', NULL, NULL, NULL, "become a subreaper when not PID 1" },
	{ "", NULL, 'g', NULL, NULL, NULL, "pass signals to the command's whole process group" },
	{ "", NULL, 'v', NULL, NULL, NULL, "say more; up to three times" },
	{ "", NULL, 'w', NULL, NULL, NULL, "warn when a process of others is reaped" },
	{ "", NULL, 'p', "SIGNAL", NULL, NULL, "get this signal when the parent of pm1 dies" },
	{ "", NULL, 'e', "CODE", NULL, NULL, "this exit code of the command becomes 0; may be repeated" },
	{ "", NULL, 'r', "FROM:TO", NULL, NULL, "pass a signal on as another, 0 drops it; may be repeated" },
	{ 0 },
};

static const struct cli_option env_options[] = {
	{ "env", NULL, 0, "NAME", NULL, NULL, "lay the sections [service:...:NAME] on top of their services" },
	{ 0 },
};

static const struct cli_option restart_options[] = {
	{ "update-env", NULL, 'a', NULL, NULL, NULL, "read files again for these services first; others get this environment" },
	{ 0 },
};

static const struct cli_option reload_options[] = {
	{ "rolling", NULL, 0, NULL, NULL, NULL, "another process takes its place whatever the keys say, one service after another" },
	{ 0 },
};

static const struct cli_option reload_config_options[] = {
	{ "dry-run", NULL, 0, NULL, NULL, NULL, "print what would change, and change nothing" },
	{ 0 },
};

static const struct cli_option save_options[] = {
	{ "force", NULL, 'f', NULL, NULL, NULL, "save a list without services too" },
	{ 0 },
};

static const struct cli_option events_options[] = {
	{ "follow", NULL, 'f', NULL, NULL, NULL, "go on with each change as it happens" },
	{ 0 },
};

static const struct cli_option check_options[] = {
	{ "env", NULL, 0, "NAME", NULL, NULL, "lay the sections [service:...:NAME] on top of their services" },
	{ "json", NULL, 0, NULL, NULL, NULL, "print faults and services as JSON" },
	{ 0 },
};

static const struct cli_option logs_options[] = {
	{ "lines", NULL, 0, "N", NULL, NULL, "how many of the last lines of each log first (default 15; with --since all)" },
	{ "nostream", NULL, 0, NULL, NULL, NULL, "print those and end" },
	{ "since", NULL, 0, "TIME", NULL, NULL, "lines from then on: 10m, 2h or 1d ago, 2026-11-24, '2026-11-24 10:11', @1795515072" },
	{ "until", NULL, 0, "TIME", NULL, NULL, "lines up to then, and end" },
	{ "grep", NULL, 0, "REGEX", NULL, NULL, "only lines that match; --lines counts these" },
	{ "ignore-case", NULL, 'i', NULL, NULL, NULL, "--grep and --highlight take upper and lower case for the same" },
	{ "highlight", NULL, 0, "REGEX", NULL, NULL, "mark what matches, on a terminal" },
	{ "timestamp", NULL, 0, "[FORMAT]", NULL, NULL, "put the time in front (default YYYY-MM-DDTHH:mm:ss)" },
	{ "out", NULL, 0, NULL, NULL, NULL, "standard output alone" },
	{ "err", NULL, 0, NULL, NULL, NULL, "standard error alone" },
	{ "raw", NULL, 0, NULL, NULL, NULL, "the lines as they are in the file, without the name in front" },
	{ 0 },
};

static const struct cli_option help_options[] = {
	{ "man", NULL, 0, NULL, NULL, NULL, "print the manual page pm1(1) in roff" },
	{ 0 },
};

static const struct command commands[] = {
	{ "run", "", "[--env NAME] FILE.ini", "supervise the services of FILE in the foreground",
	  "What a container's ENTRYPOINT calls. The services' output is copied to standard output with their "
	  "names in front. TERM and INT stop them; HUP reads the file again. When all have ended, it ends with the first "
	  "failure's exit code, or 0.",
	  GROUP_SUPERVISOR, env_options, 0, 0, NULL },
	{ "--", "", "COMMAND [ARGS]", "be a bare init for one command, as tini is",
	  "pm1 [OPTIONS] -- COMMAND [ARGS] forwards signals, reaps, and ends with the command's exit code or 128 + its "
	  "signal; 127 when there is no such command, 126 when it can't be run.",
	  GROUP_SUPERVISOR, bare_options, 0, 0, NULL },
	{ "daemon", "", "[--ready-fd N] [--env NAME] [FILE.ini]", "the supervisor in the background; `start' runs it when needed", NULL,
	  GROUP_SUPERVISOR, NULL, 0, 0, NULL },
	{ "logd", "", "", "the log writer; the supervisor starts it", NULL, GROUP_SUPERVISOR, NULL, 0, 0, NULL },
	{ "health-probe", "", "URL [TIME]", "ask a server once: what a health check does",
	  "URL is http://ADDRESS:PORT/PATH, tcp:ADDRESS:PORT or unix:/PATH, with a numeric address or localhost. Prints what it found; "
	  "ends with 0 when the server is there (http: status 200 to 399), else with 1. TIME is how long it may take (30s).",
	  GROUP_SUPERVISOR, NULL, 0, 0, NULL },
	{ "check", "", "[--env NAME] FILE.ini", "print every fault of a configuration, and what it would run",
	  "Starts nothing. Each fault is a line FILE:LINE: [SECTION] KEY: what is wrong (what is allowed).",
	  GROUP_SUPERVISOR, check_options, 0, 0, NULL },

	{ "start", "", "[FILE.ini | TARGET... | SCRIPT | -n NAME [OPTIONS] -- COMMAND [ARGS]]",
	  "start services; starts pm1 itself when it isn't running",
	  "With an INI file its services are added, or updated when the file has changed; without an argument the "
	  "file is pm1.ini of this folder. With targets these are started. A script is run by the interpreter of its "
	  "extension, anything else executable as it is; arguments for it stand behind `--'. A command line alone also "
	  "stands behind `--'. Relative paths are relative to this folder, the environment is this one.",
	  GROUP_ACT, start_options, 0, WORDS_ANY, cmd_start },
	{ "start-or-restart", "startOrRestart", "[--env NAME] [FILE.ini]", "restart those of a file's services that run, start the others",
	  "The file is read first: what runs is restarted once, with the keys it says now, what is missing or stopped is started, and what "
	  "is gone from it goes. With a fault in the file nothing is done. Without an argument the file is pm1.ini of this folder.",
	  GROUP_ACT, env_options, 0, 1, cmd_start },
	{ "start-or-reload", "startOrReload startOrGracefulReload", "[--env NAME] [FILE.ini]",
	  "reload those of a file's services that run, start the others",
	  "As `start-or-restart', but what runs is reloaded, as by `reload'. A service whose exec_reload can't give it the keys that changed is "
	  "restarted.",
	  GROUP_ACT, env_options, 0, 1, cmd_start },
	{ "stop", "", "TARGET...", "stop services and wait until they are down", TARGETS, GROUP_ACT, NULL, 1, WORDS_ANY,
	  cmd_stop },
	{ "restart", "", "[--update-env] TARGET...", "stop and start services; starts a stopped one",
	  "With --update-env a service that was started by a command line gets the environment of this call in place of the one it had; "
	  "for a service of a file the file and its env_file are read again, ${VAR} still being pm1's own. " TARGETS,
	  GROUP_ACT, restart_options, 1, WORDS_ANY, cmd_restart },
	{ "reload", "gracefulReload", "[--rolling] TARGET...", "have services begin anew, and lose no connection where that can be",
	  "A service with exec_reload runs that. Else, with exec_mode = cluster (the default where `listen' is given), another process takes its "
	  "place: it is started beside the old one, gets the new connections when it is ready, and the old one is stopped when it has none left, "
	  "or after drain_timeout. If the new one does not get ready the old one stays, and the reload has failed. reload_batch instances are "
	  "replaced at a time. Any other service is restarted. Connections that had to be cut are told. " TARGETS,
	  GROUP_ACT, reload_options, 1, WORDS_ANY, cmd_reload },
	{ "scale", "", "NAME N|+N|-N", "run N instances of a service, or N more, or N less",
	  "Those with the highest numbers go first, so that the rest keep theirs. The number stands until the file says another one than "
	  "it did.",
	  GROUP_ACT, NULL, 2, 2, cmd_scale },
	{ "delete", "del", "TARGET...", "stop services and forget them", TARGETS, GROUP_ACT, NULL, 1, WORDS_ANY,
	  cmd_delete },
	{ "send-signal", "sendSignal", "SIGNAL TARGET...", "send a signal to the main processes of services", TARGETS,
	  GROUP_ACT, NULL, 2, WORDS_ANY, cmd_send_signal },
	{ "reset", "", "TARGET...", "set the restart counters to 0", TARGETS, GROUP_ACT, NULL, 1, WORDS_ANY, cmd_reset },

	{ "status", "list ls l ps", "[TARGET...]", "table of the services",
	  "A narrow terminal gets fewer columns; without a terminal the columns are plain. `cap' says how much memory "
	  "a service may use, and whether the kernel enforces it (hard) or pm1 restarts the service (soft).",
	  GROUP_LOOK, NULL, 0, WORDS_ANY, cmd_status },
	{ "describe", "show desc info", "TARGET...", "all that is known of services, and why they are as they are",
	  TARGETS, GROUP_LOOK, NULL, 1, WORDS_ANY, cmd_describe },
	{ "jlist", "", "[TARGET...]", "the services as JSON, with the keys of `pm2 jlist'", NULL, GROUP_LOOK, NULL, 0,
	  WORDS_ANY, cmd_jlist },
	{ "prettylist", "", "[TARGET...]", "the same, to be read", NULL, GROUP_LOOK, NULL, 0, WORDS_ANY, cmd_prettylist },
	{ "pid", "", "[TARGET...]", "process ids, one a line", NULL, GROUP_LOOK, NULL, 0, WORDS_ANY, cmd_pid },
	{ "id", "", "TARGET...", "ids of services, as JSON", NULL, GROUP_LOOK, NULL, 1, WORDS_ANY, cmd_id },

	{ "env", "", "TARGET...", "the environment that services get at their next start, NAME=value", TARGETS, GROUP_LOOK, NULL, 1, WORDS_ANY,
	  cmd_env },
	{ "events", "", "[--follow] [TARGET...]", "what happened to services, and why",
	  "The last changes of state of each service, in the order of their times; with --json one object a line. " TARGETS, GROUP_LOOK,
	  events_options, 0, WORDS_ANY, cmd_events },

	{ "logs", "", "[TARGET...]", "print the last log lines and follow them",
	  "Rotated and compressed files are read as one with the current one, and the lines of all services come in the order of "
	  "their times. Those are known to a tenth of a second: pm1 notes them in hidden files beside the logs. A REGEX is a "
	  "POSIX extended one. " TARGETS,
	  GROUP_LOGS, logs_options, 0, WORDS_ANY, cmd_logs },
	{ "flush", "", "[TARGET...]", "empty log files", NULL, GROUP_LOGS, NULL, 0, WORDS_ANY, cmd_flush },
	{ "reload-logs", "reloadLogs", "", "open all log files anew, after something else rotated them", NULL,
	  GROUP_LOGS, NULL, 0, 0, cmd_reload_logs },

	{ "ping", "", "", "ask whether pm1 is there", NULL, GROUP_DAEMON, NULL, 0, 0, cmd_ping },
	{ "kill", "", "", "stop all services, then pm1 itself", NULL, GROUP_DAEMON, NULL, 0, 0, cmd_kill },
	{ "reload-config", "", "[--dry-run]", "read the INI files again; only what changed is touched",
	  "Prints a line for each key that changed. A key marked live takes effect at once, or where it is used next; the others restart "
	  "their service, if it runs. A fault in any file, and nothing changes.",
	  GROUP_DAEMON, reload_config_options, 0, 0, cmd_reload_config },
	{ "diff", "", "", "what `reload-config' would change", NULL, GROUP_DAEMON, NULL, 0, 0, cmd_reload_config },
	{ "save", "dump", "[FILE]", "save the list of services, for `resurrect'",
	  "The files with their overlays, command lines with all they need, scaled numbers, and who is stopped. The list holds "
	  "environments: nobody else can read it. The one before stays beside it as FILE.bak.",
	  GROUP_DAEMON, save_options, 0, 1, cmd_save },
	{ "resurrect", "", "[FILE]", "start what was saved, as it was; starts pm1 itself when it isn't running",
	  "What is there already is left as it is.", GROUP_DAEMON, NULL, 0, 1, cmd_resurrect },
	{ "cleardump", "", "", "forget what was saved", NULL, GROUP_DAEMON, NULL, 0, 0, cmd_cleardump },
	{ "poweroff", "", "", "stop the services and switch the machine off", "Only where pm1 is the init of a machine.",
	  GROUP_DAEMON, NULL, 0, 0, cmd_power },
	{ "reboot", "", "", "stop the services and boot again", "Only where pm1 is the init of a machine.", GROUP_DAEMON,
	  NULL, 0, 0, cmd_power },
	{ "halt", "", "", "stop the services and halt the machine", "Only where pm1 is the init of a machine.",
	  GROUP_DAEMON, NULL, 0, 0, cmd_power },

	{ "help", "", "[VERB | keys | KEY]", "this, or all about a verb, all keys of an INI file, or one of them", NULL, GROUP_OTHER,
	  help_options, 0, 1, cmd_help },
	{ "version", "", "", "print the version", NULL, GROUP_OTHER, NULL, 0, 0, cmd_version },
};

static const char *const group_titles[GROUP_MAX] = {
	[GROUP_SUPERVISOR] = "Supervise",
	[GROUP_ACT] = "Act on services",
	[GROUP_LOOK] = "Look at services",
	[GROUP_LOGS] = "Logs",
	[GROUP_DAEMON] = "pm1 itself",
	[GROUP_OTHER] = "Help",
};

const char *command_group_title(enum command_group g)
{
	return group_titles[g];
}

size_t commands_count(void)
{
	return ARRAY_LEN(commands);
}

const struct command *commands_at(size_t i)
{
	return &commands[i];
}

const struct command *commands_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0 || word_in_list(commands[i].aliases, name))
			return &commands[i];
	return NULL;
}

static const char *nth_name(void *ctx, size_t i)
{
	(void)ctx;
	return i < ARRAY_LEN(commands) ? commands[i].name : NULL;
}

const char *commands_nearest(const char *name)
{
	return nearest_of(name, nth_name, NULL);
}
