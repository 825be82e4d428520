/* command - the verbs in one table, and what a verb is given.
 *
 * `pm1 help`, `pm1 help VERB` and the man page are made from the table, the parser
 * reads its options, and an unknown word is compared with its names. */
#ifndef PM1_CLI_COMMAND_H
#define PM1_CLI_COMMAND_H

#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <stdbool.h>
#include <stddef.h>

enum exit_code { EXIT_DONE = 0, EXIT_NOT_DONE = 1, EXIT_BAD_CONFIG = 2 };

/* One call of `pm1 VERB`. */
struct cli {
	const char *argv0; /* borrowed */
	const struct command *command;
	const struct cli_keys *keys; /* borrowed */
	struct options given; /* owned */
	const char *socket; /* --socket, or NULL; borrowed */
	bool json, silent;
	bool color; /* stdout takes colours */
	bool box; /* stdout is a terminal: tables are drawn */
	size_t width; /* columns of that terminal, 0: not a terminal */
};

typedef int (*command_fn)(struct cli *c); /* returns the exit code */

enum command_group {
	GROUP_SUPERVISOR, /* the roles of this binary */
	GROUP_ACT,
	GROUP_LOOK,
	GROUP_LOGS,
	GROUP_DAEMON,
	GROUP_OTHER,
	GROUP_MAX,
};

#define WORDS_ANY ((size_t)-1)

struct command {
	const char *name;
	const char *aliases; /* blank-separated, or "" */
	const char *args; /* synopsis behind the name */
	const char *help; /* one line */
	const char *more; /* paragraphs for `help VERB` and the man page, or NULL */
	enum command_group group;
	const struct cli_option *options; /* ended by one without a name; NULL: the common ones alone */
	size_t words_min, words_max;
	command_fn run; /* NULL: a role that init/main.c takes before the CLI is reached */
};

size_t commands_count(void);
const struct command *commands_at(size_t i);
const struct command *commands_find(const char *name); /* by name or alias; NULL: unknown */
const char *commands_nearest(const char *name); /* the name or alias meant, or NULL */
const char *command_group_title(enum command_group g);

/* The verbs, each in the file of its name or of its kin. */
int cmd_start(struct cli *c); /* and start-or-restart, start-or-reload */
int cmd_stop(struct cli *c);
int cmd_restart(struct cli *c);
int cmd_delete(struct cli *c);
int cmd_reset(struct cli *c);
int cmd_flush(struct cli *c);
int cmd_send_signal(struct cli *c);
int cmd_status(struct cli *c);
int cmd_describe(struct cli *c);
int cmd_jlist(struct cli *c);
int cmd_prettylist(struct cli *c);
int cmd_pid(struct cli *c);
int cmd_id(struct cli *c);
int cmd_logs(struct cli *c);
int cmd_ping(struct cli *c);
int cmd_kill(struct cli *c);
int cmd_reload(struct cli *c);
int cmd_reload_config(struct cli *c); /* and diff */
int cmd_scale(struct cli *c);
int cmd_env(struct cli *c);
int cmd_events(struct cli *c);
int cmd_save(struct cli *c);
int cmd_resurrect(struct cli *c);
int cmd_cleardump(struct cli *c);
int cmd_reload_logs(struct cli *c);
int cmd_power(struct cli *c); /* poweroff, reboot and halt: its own name says which */
int cmd_help(struct cli *c);
int cmd_version(struct cli *c);

#endif
