#include "wire/verbs.h"

#include "base/banned.h"

static const struct verb_info verbs[VERB_MAX] = {
	[VERB_PING] = { "io.pm1.Ping", true },
	[VERB_LIST] = { "io.pm1.List", true },
	[VERB_START] = { "io.pm1.Start", false },
	[VERB_STOP] = { "io.pm1.Stop", false },
	[VERB_RESTART] = { "io.pm1.Restart", false },
	[VERB_RELOAD] = { "io.pm1.Reload", false },
	[VERB_DELETE] = { "io.pm1.Delete", false },
	[VERB_RESET] = { "io.pm1.Reset", false },
	[VERB_FLUSH] = { "io.pm1.Flush", false },
	[VERB_SIGNAL] = { "io.pm1.Signal", false },
	[VERB_RELOAD_CONFIG] = { "io.pm1.ReloadConfig", false },
	[VERB_SCALE] = { "io.pm1.Scale", false },
	[VERB_DUMP] = { "io.pm1.Dump", true },
	[VERB_ENV] = { "io.pm1.Env", true },
	[VERB_EVENTS] = { "io.pm1.Events", true },
	[VERB_REOPEN_LOGS] = { "io.pm1.ReopenLogs", false },
	[VERB_KILL] = { "io.pm1.Kill", false },
	[VERB_POWER] = { "io.pm1.Power", false },
	[VERB_GET_INFO] = { "org.varlink.service.GetInfo", true },
	[VERB_GET_INTERFACE_DESCRIPTION] = { "org.varlink.service.GetInterfaceDescription", true },
};

const struct verb_info *verb_info(enum verb v)
{
	return &verbs[v];
}

enum verb verb_find(const char *method)
{
	for (int i = 0; i < VERB_MAX; i++)
		if (strcmp(verbs[i].method, method) == 0)
			return (enum verb)i;
	return VERB_MAX;
}

const char verbs_interface[] =
	"# The process manager pm1: services of one supervisor.\n"
	"interface io.pm1\n"
	"\n"
	"# One service instance. The top level, pm2_env and monit hold what `pm2 jlist`\n"
	"# prints, so that tools made for it can read this; pm1 holds what only pm1 knows.\n"
	"type Service (\n"
	"  name: string,\n"
	"  pm_id: int,\n"
	"  pid: int,\n"
	"  monit: (memory: int, cpu: float),\n"
	"  pm2_env: object,\n"
	"  pm1: object\n"
	")\n"
	"\n"
	"# A service given on a command line; options are \"key=value\" of the INI keys.\n"
	"type Command (\n"
	"  name: ?string,\n"
	"  argv: []string,\n"
	"  cwd: string,\n"
	"  env: []string,\n"
	"  options: []string\n"
	")\n"
	"\n"
	"method Ping() -> (pid: int, version: string)\n"
	"\n"
	"# No target: all. `brief`: of pm2_env and pm1 only what a table shows. `supervisor` tells of pm1 itself.\n"
	"method List(targets: ?[]string, brief: ?bool) -> (services: []Service, supervisor: object)\n"
	"\n"
	"# Exactly one of the first three. A target is a name, an id, a namespace, all or /regex/. `overlay`: of a file; without it the one\n"
	"# it was started with, \"\" for none. `memory`: of Dump, by name: {instances: ?int, up: []int}. `running`: with a file, those of its\n"
	"# services that run are restarted or reloaded, with the keys it says now; without it only those that must be are restarted.\n"
	"method Start(targets: ?[]string, file: ?string, command: ?Command, overlay: ?string, memory: ?object,\n"
	"  running: ?(restart, reload))\n"
	"  -> (services: []Service, messages: []string)\n"
	"method Stop(targets: []string) -> (services: []Service)\n"
	"# `update_env`: files are read again for these services first, and this is the environment of those from a command line.\n"
	"method Restart(targets: []string, update_env: ?[]string) -> (services: []Service)\n"
	"# By exec_reload where there is one; else (exec_mode = cluster) another process takes its place while the old one still runs; else as\n"
	"# Restart. `rolling`: another process takes its place whatever the keys say, one service after another. The reply comes when all are\n"
	"# done and the old processes are gone; messages tell of connections that drain_timeout cut.\n"
	"method Reload(targets: []string, rolling: ?bool) -> (services: []Service, messages: []string)\n"
	"method Delete(targets: []string) -> (services: []Service)\n"
	"method Reset(targets: []string) -> (services: []Service)\n"
	"method Flush(targets: ?[]string) -> (services: []Service)\n"
	"method Signal(signal: string, targets: []string) -> (services: []Service)\n"
	"\n"
	"# Reads the files again and starts, stops and restarts only what changed; `dry_run`: only says what that would be.\n"
	"# A value is null where it is not for every eye; effect: live, restart, next start.\n"
	"type Key (key: string, what: (changed, added, gone), old: ?string, new: ?string, effect: string)\n"
	"# No name: the section [pm1].\n"
	"type Change (name: ?string, file: string, what: (added, removed, changed), restart: bool, keys: []Key)\n"
	"method ReloadConfig(dry_run: ?bool) -> (changes: []Change, lines: []string, messages: []string)\n"
	"\n"
	"# to: 4, +2 or -1.\n"
	"method Scale(target: string, to: string) -> (services: []Service)\n"
	"\n"
	"# The list as it can be started again: each entry is the parameters of a Start.\n"
	"method Dump() -> (format: int, version: string, list: []object)\n"
	"\n"
	"# NAME=value, as the next start gets them.\n"
	"method Env(targets: []string) -> (services: [](name: string, pm_id: int, instance: int, env: []string))\n"
	"\n"
	"# What the services remember; with `more`, each change of a state thereafter. time: ms since 1970.\n"
	"type Event (time: int, name: string, pm_id: int, instance: int, from: string, to: string, cause: string, note: bool,\n"
	"  pid: ?int, by: ?(uid: int, pid: int))\n"
	"method Events(targets: ?[]string) -> (events: []Event)\n"
	"method ReopenLogs() -> ()\n"
	"\n"
	"# Stops every service, then pm1 itself. The reply comes when the services are down.\n"
	"method Kill() -> ()\n"
	"\n"
	"# poweroff, reboot or halt; only where pm1 is the init of a machine.\n"
	"method Power(action: string) -> ()\n"
	"\n"
	"error NoSuchService (target: string, nearest: ?string)\n"
	"error InvalidConfig (messages: []string)\n"
	"error NotDone (messages: []string, services: []Service)\n"
	"error Denied (method: string)\n"
	"error Busy (message: string)\n";
