/* keys_table - the keys themselves.
 *
 * A new key is a line here and a field in spec.h; the parser, `pm1 check`, `pm1 help
 * keys` and the comparison of specs take it from here. Order is that of the help. */
#include "model/keys_table.h"

#include "base/probeaddr.h"
#include "base/sinkaddr.h"
#include "model/cron.h"
#include "model/custom.h"
#include "model/custom_listen.h"
#include "model/listen.h"
#include "model/ready.h"

#define SVC(field) .place = KEY_IN_SERVICE, .offset = offsetof(struct spec, field)
#define PM1(field) .place = KEY_IN_PM1, .offset = offsetof(struct spec_pm1, field)
/* A change of these is no reason to restart: they are read at their next use, or service_set_spec() sees to them at once. */
#define LIVE(field) SVC(field), .live = true
#define PM1_LIVE(field) PM1(field), .live = true
#define GIVEN(field) .given = offsetof(struct spec_pm1, field) + 1

const struct key keys_table[] = {
	/* what to run */
	{ .name = "command", .aliases = "script exec cmd", .type = KEY_STRING, SVC(command), .dflt = "",
	  .help = "program and arguments, split into words as a shell does, without a shell" },
	{ .name = "shell", .type = KEY_BOOL, SVC(shell), .dflt = "no",
	  .help = "hand the command to /bin/sh -c as it stands, ${} included" },
	{ .name = "cwd", .aliases = "working_directory", .type = KEY_PATH, SVC(cwd), .dflt = "",
	  .help = "folder to run in; without it, the file's own folder" },
	{ .name = "env.", .type = KEY_CUSTOM, SVC(env), .dflt = "", .set = custom_env,
	  .allowed = "any text; the name is letters, digits and _",
	  .help = "one variable of the environment: env.PORT = 5000" },
	{ .name = "env_file", .type = KEY_CUSTOM, SVC(env), .dflt = "", .set = custom_env_file,
	  .allowed = "files of NAME=value lines, by blank or comma; -FILE may be missing",
	  .help = "more of the environment; env.NAME beats it" },
	{ .name = "namespace", .type = KEY_STRING, LIVE(ns), .dflt = "default", .max = SPEC_NAME_MAX, .check = check_name,
	  .help = "a group of services that a verb can be given" },
	{ .name = "instances", .type = KEY_CUSTOM, LIVE(instances), .dflt = "1", .set = custom_instances,
	  .allowed = "1 to 1024; 0 or max: one a CPU; -1: all CPUs but one",
	  .help = "how many of it run, each numbered in instance_var" },
	{ .name = "instance_var", .type = KEY_STRING, SVC(instance_var), .dflt = "NODE_APP_INSTANCE", .max = 255,
	  .check = check_env_name, .help = "the variable that holds an instance's number, from 0" },
	{ .name = "type", .type = KEY_CHOICE, SVC(type), .dflt = "simple", .choices = "simple oneshot notify forking",
	  .help = "oneshot: runs to its end; notify: says READY=1 itself; forking: leaves a daemon behind" },
	{ .name = "pid_file", .aliases = "pid", .type = KEY_PATH, SVC(pid_file), .dflt = "",
	  .help = "where a forking service writes the pid of its daemon" },
	{ .name = "exec_start_pre", .type = KEY_STRING, SVC(hook[HOOK_START_PRE]), .dflt = "",
	  .help = "a command that must succeed before each start; a - in front: may fail" },
	{ .name = "exec_start_post", .type = KEY_STRING, SVC(hook[HOOK_START_POST]), .dflt = "",
	  .help = "a command that runs when the service is ready" },
	{ .name = "exec_stop", .type = KEY_STRING, LIVE(hook[HOOK_STOP]), .dflt = "",
	  .help = "a command that asks the service to end; then comes stop_signal" },
	{ .name = "exec_stop_post", .type = KEY_STRING, LIVE(hook[HOOK_STOP_POST]), .dflt = "",
	  .help = "a command that runs after each end, told how it came by EXIT_CODE and EXIT_STATUS" },
	{ .name = "exec_reload", .type = KEY_STRING, LIVE(hook[HOOK_RELOAD]), .dflt = "",
	  .help = "a command that makes the service read its files anew, in place of a restart" },
	{ .name = "user", .aliases = "uid", .type = KEY_STRING, SVC(user), .dflt = "", .max = 255,
	  .check = check_account, .allowed = "a user's name or number", .help = "who it runs as; without it, pm1's own user" },
	{ .name = "group", .aliases = "gid", .type = KEY_STRING, SVC(group), .dflt = "", .max = 255,
	  .check = check_account, .allowed = "a group's name or number",
	  .help = "without it, the user's own group" },
	{ .name = "umask", .type = KEY_MODE, SVC(umask), .dflt = "", .help = "without it, pm1's own" },

	/* what it needs */
	{ .name = "requires", .type = KEY_WORDS, LIVE(requires), .dflt = "",
	  .allowed = "services by blank or comma, each with :started, :ready, :completed or :healthy if need be",
	  .help = "services that are started too, and must have come that far first" },
	{ .name = "wants", .type = KEY_WORDS, LIVE(wants), .dflt = "", .allowed = "services by blank or comma",
	  .help = "services that are started too, and first; if they fail it starts all the same" },
	{ .name = "after", .type = KEY_WORDS, LIVE(after), .dflt = "", .allowed = "services by blank or comma",
	  .help = "services that are waited for when they are started as well" },
	{ .name = "before", .type = KEY_WORDS, LIVE(before), .dflt = "", .allowed = "services by blank or comma",
	  .help = "services that wait for this one when they are started as well" },
	{ .name = "conflicts", .type = KEY_WORDS, LIVE(conflicts), .dflt = "", .allowed = "services by blank or comma",
	  .help = "services that are stopped first" },
	{ .name = "ready", .type = KEY_CUSTOM, SVC(ready), .dflt = "", .set = custom_ready, .allowed = READY_ALLOWED,
	  .help = "what makes it ready for those that wait for it; else that it runs" },
	{ .name = "wait_ready", .type = KEY_BOOL, SVC(wait_ready), .dflt = "no",
	  .help = "ready = ipc in PM2's words: a Node program that says process.send('ready')" },
	{ .name = "ready_log", .type = KEY_STRING, SVC(ready_log), .dflt = "", .check = check_pattern,
	  .allowed = "an extended regular expression of up to 255 bytes", .help = "ready = log:REGEX in a key of its own" },
	{ .name = "listen_timeout", .type = KEY_SPAN, LIVE(listen_timeout), .dflt = "30s",
	  .help = "a start that isn't ready by then has failed; 0: it may take for ever" },
	{ .name = "notify_access", .type = KEY_CHOICE, SVC(notify_access), .dflt = "auto", .choices = "auto none main all",
	  .help = "who of it may speak to NOTIFY_SOCKET; auto: all, where type, ready, watchdog or fdstore ask for it" },
	{ .name = "watchdog", .aliases = "watchdog_sec", .type = KEY_SPAN, SVC(watchdog), .dflt = "0",
	  .help = "restart it when it doesn't say WATCHDOG=1 at least so often; 0: off" },
	{ .name = "fdstore_max", .type = KEY_COUNT, SVC(fdstore_max), .dflt = "0", .max = 128,
	  .help = "so many descriptors it may leave with pm1 (FDSTORE=1) for its next run" },

	/* whether it does its work */
	{ .name = "health", .aliases = "healthcheck", .type = KEY_STRING, LIVE(health), .dflt = "", .check = check_probe,
	  .allowed = PROBEADDR_ALLOWED, .help = "a check for liveness and readiness, where they have none of their own" },
	{ .name = "liveness", .type = KEY_STRING, LIVE(check[CHECK_LIVENESS]), .dflt = "", .check = check_probe,
	  .allowed = PROBEADDR_ALLOWED, .help = "a check that restarts the service when it fails" },
	{ .name = "readiness", .type = KEY_STRING, LIVE(check[CHECK_READINESS]), .dflt = "", .check = check_probe,
	  .allowed = PROBEADDR_ALLOWED, .help = "a check that is shown, and waited for by requires = NAME:healthy" },
	{ .name = "health_interval", .aliases = "healthcheck_interval", .type = KEY_SPAN, LIVE(health_interval), .dflt = "30s",
	  .min = 10 * USEC_MS, .max = 1440 * USEC_MIN, .help = "from the end of a check to the next; until the first success it is 1s at most" },
	{ .name = "health_timeout", .aliases = "healthcheck_timeout", .type = KEY_SPAN, LIVE(health_timeout), .dflt = "5s",
	  .min = 10 * USEC_MS, .max = 60 * USEC_MIN, .help = "a check that takes longer is killed, and has failed" },
	{ .name = "health_retries", .aliases = "healthcheck_retries health_threshold", .type = KEY_COUNT, LIVE(health_retries), .dflt = "3",
	  .min = 1, .max = 1000, .help = "so many failures in a row make it unhealthy; one success makes it healthy" },
	{ .name = "health_start_period", .aliases = "healthcheck_start_period", .type = KEY_SPAN, LIVE(health_start_period), .dflt = "0",
	  .help = "failures so soon after the start don't count, until the first success" },

	/* when to start, restart and stop */
	{ .name = "autostart", .type = KEY_BOOL, LIVE(autostart), .dflt = "yes", .help = "start it with pm1" },
	{ .name = "autorestart", .type = KEY_BOOL, LIVE(autorestart), .dflt = "yes",
	  .help = "start it again when it ends, with code 0 too" },
	{ .name = "critical", .type = KEY_BOOL, LIVE(critical), .dflt = "no",
	  .help = "when it ends for good, pm1 stops the rest and ends with its code" },
	{ .name = "restart_delay", .type = KEY_SPAN, LIVE(restart_delay), .dflt = "0",
	  .help = "wait before each restart" },
	{ .name = "exp_backoff_restart_delay", .type = KEY_SPAN, LIVE(exp_backoff_restart_delay), .dflt = "0",
	  .help = "first wait, x1.5 each unstable run up to 15s; beats restart_delay; 0: off" },
	{ .name = "min_uptime", .type = KEY_SPAN, LIVE(min_uptime), .dflt = "1s",
	  .help = "a run shorter than this is unstable" },
	{ .name = "max_restarts", .type = KEY_COUNT, LIVE(max_restarts), .dflt = "16", .max = 1000000,
	  .help = "unstable runs in a row until it is given up as errored; 0: no limit" },
	{ .name = "errored_retry", .type = KEY_SPAN, LIVE(errored_retry), .dflt = "0",
	  .help = "an errored service is started again after this time, and again; 0: it isn't" },
	{ .name = "stop_exit_codes", .aliases = "stop_exit_code", .type = KEY_CODES, LIVE(stop_exit_codes), .dflt = "",
	  .help = "exit codes after which it isn't restarted" },
	{ .name = "stop_signal", .aliases = "kill_signal stopsignal", .type = KEY_SIGNAL, LIVE(stop_signal), .dflt = "TERM",
	  .help = "the signal that asks it to end" },
	{ .name = "kill_timeout", .type = KEY_SPAN, LIVE(kill_timeout), .dflt = "5s",
	  .help = "from the stop signal until everything of it is killed" },
	{ .name = "kill_mode", .type = KEY_CHOICE, LIVE(kill_mode), .dflt = "process", .choices = "process group",
	  .help = "whom the stop signal goes to first" },

	/* times */
	{ .name = "cron_restart", .aliases = "cron", .type = KEY_CUSTOM, LIVE(cron_restart), .dflt = "none",
	  .set = custom_cron_restart, .allowed = CRON_ALLOWED "; 0 or none: off",
	  .help = "restart it at these times: 0 3 * * *" },
	{ .name = "schedule", .type = KEY_CUSTOM, LIVE(schedule), .dflt = "none", .set = custom_schedule,
	  .allowed = CRON_ALLOWED "; 0 or none: off",
	  .help = "run it at these times, not with pm1; autorestart and autostart are then no unless given" },
	{ .name = "timezone", .aliases = "cron_tz", .type = KEY_STRING, LIVE(timezone), .dflt = "", .max = 127,
	  .check = check_zone, .allowed = ZONE_ALLOWED, .help = "of cron_restart and schedule; without it, pm1's own" },
	{ .name = "max_uptime", .type = KEY_SPAN, LIVE(max_uptime), .dflt = "0",
	  .help = "restart it when it has run this long; a run of a schedule is ended; 0: off" },

	/* sockets */
	{ .name = "listen", .type = KEY_CUSTOM, SVC(listen), .dflt = "none", .set = custom_listen, .allowed = LISTEN_ALLOWED "; or none",
	  .help = "sockets that pm1 holds for it through every restart and gives it as LISTEN_FDS; by blank or comma" },
	{ .name = "listen_env.", .type = KEY_CUSTOM, SVC(listen_env), .dflt = "", .set = custom_listen_env,
	  .allowed = "a name or an address of listen; the variable is letters, digits and _",
	  .help = "one more variable, with the number of that socket's descriptor: listen_env.PORT_FD = http" },
	{ .name = "listen_backlog", .aliases = "backlog", .type = KEY_COUNT, SVC(listen_backlog), .dflt = "4096", .min = 1, .max = 65535,
	  .help = "connections that may wait at each socket; the kernel cuts it to net.core.somaxconn" },
	{ .name = "reuse_port", .type = KEY_BOOL, SVC(reuse_port), .dflt = "yes",
	  .help = "each instance has a socket of its own and the kernel shares out connections; no: one for all" },
	{ .name = "listen_v6only", .aliases = "v6only", .type = KEY_BOOL, SVC(listen_v6only), .dflt = "no",
	  .help = "[::], and a port without an address, leave IPv4 alone" },
	{ .name = "listen_mode", .type = KEY_MODE, SVC(listen_mode), .dflt = "", .help = "permissions of unix sockets; without it 0666" },
	{ .name = "listen_owner", .type = KEY_STRING, SVC(listen_owner), .dflt = "", .max = 255, .check = check_owner,
	  .allowed = "USER or USER:GROUP, by name or number", .help = "whose the unix sockets are; without it, pm1's" },
	{ .name = "listen_adopt", .type = KEY_BOOL, SVC(listen_adopt), .dflt = "no",
	  .help = "for a program that knows nothing of LISTEN_FDS: its own bind and listen get these sockets" },
	{ .name = "activation", .type = KEY_CHOICE, SVC(activation), .dflt = "eager", .choices = "eager on-connect",
	  .help = "on-connect: it is started by the first connection to one of these sockets" },
	{ .name = "idle_timeout", .type = KEY_SPAN, LIVE(idle_timeout), .dflt = "0",
	  .help = "with activation = on-connect: stop it when it had no connection for so long; 0: never" },
	{ .name = "exec_mode", .type = KEY_CHOICE, LIVE(exec_mode), .dflt = "auto", .choices = "auto fork cluster",
	  .synonyms = "fork_mode=fork cluster_mode=cluster", .allowed = "auto, fork or cluster; PM2's fork_mode and cluster_mode too",
	  .help = "cluster: a reload starts the new process before it stops the old one; auto: so with listen" },
	{ .name = "reload_batch", .type = KEY_COUNT, LIVE(reload_batch), .dflt = "1", .min = 1, .max = SPEC_INSTANCES_MAX,
	  .help = "so many instances of a cluster are replaced at a time" },
	{ .name = "drain_timeout", .type = KEY_SPAN, LIVE(drain_timeout), .dflt = "5s",
	  .help = "how long connections of a replaced process may go on before its stop signal; 0: not at all" },

	/* memory */
	{ .name = "max_memory_restart", .type = KEY_SIZE, LIVE(max_memory_restart), .dflt = "0",
	  .help = "restart it gracefully when all its processes together pass this; 0: off" },
	{ .name = "memory_max", .type = KEY_SIZE, LIVE(memory_max), .dflt = "0",
	  .help = "hard cap, by the kernel where a cgroup can be written; 0: none" },

	{ .name = "oom_policy", .type = KEY_CHOICE, LIVE(oom_policy), .dflt = "restart", .choices = "restart stop continue",
	  .help = "when the kernel kills for want of memory: all of it and restart, stop, or that process alone" },

	/* logs */
	{ .name = "out_file", .aliases = "out output out_log stdout_logfile", .type = KEY_LOG_PATH, LIVE(out_file), .dflt = "",
	  .help = "stdout; without it NAME-out.log in log_dir" },
	{ .name = "error_file", .aliases = "error err err_log err_file stderr_logfile", .type = KEY_LOG_PATH, LIVE(error_file),
	  .dflt = "", .help = "stderr; without it NAME-error.log in log_dir" },
	{ .name = "log_file", .aliases = "log", .type = KEY_LOG_PATH, LIVE(log_file), .dflt = "",
	  .help = "both together, in the order they came" },
	{ .name = "log_date_format", .type = KEY_STRING, LIVE(log_date_format), .dflt = "", .max = 100, .check = check_stamp,
	  .allowed = "as strftime (%F %T) or as PM2 (YYYY-MM-DD HH:mm:ss.SSS Z)",
	  .help = "time stamp in front of each line" },
	{ .name = "log_format", .aliases = "log_type", .type = KEY_CHOICE, LIVE(log_format), .dflt = "raw", .choices = "raw prefix json",
	  .help = "lines as they come, with time, name and stream in front, or each as a JSON object" },
	{ .name = "log_overflow", .type = KEY_CHOICE, LIVE(log_overflow), .dflt = "drop", .choices = "drop block",
	  .help = "when a file takes no more, or log_rate_limit is passed: drop and count, or let the service wait" },
	{ .name = "log_rate_limit", .type = KEY_SIZE, LIVE(log_rate_limit), .dflt = "0",
	  .help = "bytes a second that each stream may write; 0: any" },
	{ .name = "log_owner", .type = KEY_STRING, LIVE(log_owner), .dflt = "", .max = 255, .check = check_owner,
	  .allowed = "USER or USER:GROUP, by name or number", .help = "whose the log files are; without it, pm1's" },
	{ .name = "log_mode", .type = KEY_MODE, LIVE(log_mode), .dflt = "",
	  .help = "permissions of the log files; without it 0640 when they are made" },
	{ .name = "log_sink", .type = KEY_CUSTOM, LIVE(log_sink), .dflt = "none", .set = custom_log_sink, .allowed = SINKADDR_ALLOWED,
	  .help = "lines go there besides the files: syslog, journal, JSON by tcp or udp; several by blank or comma" },
	{ .name = "merge_logs", .aliases = "combine_logs", .type = KEY_BOOL, LIVE(merge_logs), .dflt = "no",
	  .help = "all instances write the same files; else -N stands before the extension" },

	{ .name = "log_max_size", .aliases = "log_maxbytes", .type = KEY_SIZE, LIVE(log_max_size), .dflt = "0",
	  .help = "a log file is renamed, and begun anew, before a line that would make it bigger; 0: never" },
	{ .name = "log_rotate", .type = KEY_CUSTOM, LIVE(log_rotate), .dflt = "no", .set = custom_log_rotate,
	  .allowed = "no, hourly, daily, weekly, or a time of 1s to 366d such as 6h",
	  .help = "the same with the first line of each hour, day or week (Monday), local time, or at that age" },
	{ .name = "log_keep", .type = KEY_COUNT, LIVE(log_keep), .dflt = "10", .max = 100000,
	  .help = "so many renamed files of each log stay, the newest; 0: all" },
	{ .name = "log_max_age", .type = KEY_SPAN, LIVE(log_max_age), .dflt = "0",
	  .help = "renamed files older than this go at the next rotation; 0: none" },
	{ .name = "log_total_max", .type = KEY_SIZE, LIVE(log_total_max), .dflt = "0",
	  .help = "bytes of each log and its renamed files together, the oldest go; 0: any" },
	{ .name = "log_compress", .type = KEY_BOOL, LIVE(log_compress), .dflt = "no",
	  .help = "compress renamed files with gzip, by a process of low priority" },

	/* watching files */
	{ .name = "watch", .type = KEY_CUSTOM, LIVE(watch), .dflt = "no", .set = custom_watch,
	  .allowed = "yes (all of cwd), no, or paths by blank or comma",
	  .help = "restart it when files change, folders with all below them; not while it is stopped by hand" },
	{ .name = "ignore_watch", .aliases = "watch_ignore", .type = KEY_WORDS, LIVE(ignore_watch), .dflt = "",
	  .allowed = "names or patterns by blank or comma; with a slash: below the watched folder or cwd; NAME/ folders; ** any "
		     "folders; !NAME is watched all the same",
	  .help = "not watched, besides dotfiles, node_modules, __pycache__, logs/, *.log and editors' temporary files" },
	{ .name = "watch_delay", .type = KEY_SPAN, LIVE(watch_delay), .dflt = "0",
	  .help = "how long files must be quiet before the restart; 0: 100ms" },

	/* pm1 itself */
	{ .name = "include", .type = KEY_CUSTOM, .place = KEY_IN_PM1, .dflt = "", .set = custom_include,
	  .allowed = "files or patterns by blank or comma", .help = "more files; may also stand before any section" },
	{ .name = "exit_when", .type = KEY_CHOICE, PM1_LIVE(exit_when), .dflt = "never", .choices = "never all-ended any-failed",
	  GIVEN(exit_when_given), .help = "when pm1 ends by itself, with that service's code; under `run` all-ended unless given" },
	{ .name = "control", .type = KEY_CUSTOM, PM1(control), .dflt = "", .set = custom_control,
	  .allowed = "a path of up to 107 bytes, or @NAME for an abstract socket", .help = "the control socket" },
	{ .name = "control_group", .type = KEY_STRING, PM1(control_group), .dflt = "", .max = 255, .check = check_account,
	  .allowed = "a group's name or number", .help = "whose members may control pm1, besides root and its own user" },
	{ .name = "log_dir", .type = KEY_PATH, PM1(log_dir), .dflt = "", .help = "folder of the default log files" },
	{ .name = "pid_file", .aliases = "pid", .type = KEY_PATH, PM1(pid_file), .dflt = "", .help = "where pm1 notes its pid" },
	{ .name = "hostname", .type = KEY_STRING, PM1(hostname), .dflt = "", .max = 64, .check = check_hostname,
	  .help = "set when pm1 boots a machine" },
	{ .name = "shutdown_timeout", .type = KEY_SPAN, PM1_LIVE(shutdown_timeout), .dflt = "8s",
	  .help = "bounds the stop of everything; below the 10 s that Docker waits" },
	{ .name = "restart_rate", .type = KEY_COUNT, PM1_LIVE(restart_rate), .dflt = "50", .max = 100000,
	  .help = "so many automatic restarts a second of all services together, the rest waits; 0: any" },
	{ .name = "forward_signals", .type = KEY_SIGNALS, PM1_LIVE(forward_signals), .dflt = "",
	  .allowed = "signals by blank or comma, but for those pm1 itself acts on (TERM INT QUIT HUP USR1 CHLD), KILL, STOP "
		     "and those that mean a crash",
	  .help = "signals that pm1 passes on to all services" },
	{ .name = "log_console", .type = KEY_CUSTOM, PM1_LIVE(log_console), .dflt = "none", GIVEN(log_console_given), .set = custom_log_console,
	  .allowed = "none, raw, prefix or json; no is none, yes is prefix",
	  .help = "copy the logs to pm1's stdout; `run` does it with the name in front unless told otherwise" },
	{ .name = "log_ring", .type = KEY_SIZE, PM1(log_ring), .dflt = "256K", .max = (uint64_t)1 << 30,
	  .help = "of each stream so much is kept in memory where no log_dir can be written; 0: nothing" },
};

const size_t keys_table_n = sizeof(keys_table) / sizeof(*keys_table);
_Static_assert(sizeof(keys_table) / sizeof(*keys_table) <= KEYS_MAX, "spec.key_line is too short");
_Static_assert(sizeof(((struct spec *)0)->key_line) / sizeof(unsigned int) == KEYS_MAX, "key_line has a place for each key");

const char *const keys_quoting[] = {
	"${NAME} and ${NAME:-default} stand for variables of pm1's own environment, $$ for a dollar sign.",
	/* In parentheses: a comma is not missing here. */
	("command and lists of words: quotes and backslashes work as in a shell, and ${NAME} as it does there: split at "
	 "blanks when bare, one word in \"double quotes\", left alone in 'single quotes'."),
	"Every other value: one pair of quotes around the whole is taken off; nothing else is special.",
	"A blank followed by ; or # begins a comment, unless inside quotes.",
	"A line that ends in \\ goes on in the next one. Indentation means nothing.",
	"Relative paths are relative to the file they stand in.",
	"Sizes: 500M, 1.5G. Times: 4s, 250ms, 10m; a bare number is milliseconds.",
	"Names work in PM2's camelCase too. Sections and keys named x-... are left alone.",
	NULL,
};

/* Names of PM2's and others' files that are something else here. */
const struct keys_hint keys_hints[] = {
	{ "args", "write the arguments in command" },
	{ "interpreter", "write the interpreter in command" },
	{ "exec_interpreter", "write the interpreter in command" },
	{ "node_args", "write them in command" },
	{ "interpreter_args", "write them in command" },
	{ "name", "the name stands in the section: [service:NAME]" },
	{ "env", "one key a variable: env.NAME = value" },
	{ "environment", "one key a variable: env.NAME = value" },
	{ "port", "write env.PORT" },
	{ "listen_stream", "write listen = tcp:PORT or listen = unix:/PATH" },
	{ "listen_datagram", "write listen = udp:PORT" },
	{ "time", "write log_date_format = YYYY-MM-DDTHH:mm:ss" },
	{ "treekill", "write kill_mode = process or group" },
	{ "stopasgroup", "write kill_mode = group" },
	{ "priority", "there is no order of that kind" },
	{ "directory", "it is called cwd here" },
	{ "restart", "write autorestart = yes or no" },
	{ "stdout_syslog", "write log_sink = syslog:unix" },
	{ "stderr_syslog", "write log_sink = syslog:unix" },
	{ "log_time", "it is called log_date_format here" },
	{ "disable_logs", "write out_file = none and error_file = none" },
	{ "depends_on", "write requires = NAME, or after = NAME" },
};
const size_t keys_hints_n = sizeof(keys_hints) / sizeof(*keys_hints);
