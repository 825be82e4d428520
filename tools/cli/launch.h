/* launch - what a `start` word means, and the Command object made of a command line.
 *
 * PM2's habits: a script is run by the interpreter of its extension, the name comes from the program,
 * flags are keys. What PM2 guesses by asking a shell is decided here by the word alone. */
#ifndef PM1_CLI_LAUNCH_H
#define PM1_CLI_LAUNCH_H

#include "base/strv.h"
#include "tools/cli/options.h"

#include <jansson.h>

enum launch_kind {
	LAUNCH_TARGET, /* a name, an id, a namespace, all, /regex/ */
	LAUNCH_FILE, /* an INI file */
	LAUNCH_SCRIPT, /* a file to run */
	LAUNCH_LINE, /* "node server.js": a whole command line in one word */
};

/* Looks at the file system only for a word that could be a file. */
enum launch_kind launch_kind(const char *word);

/* The program that runs a file of this name by its extension, or NULL: none known. */
const char *launch_interpreter(const char *path);
/* Appends the argv for a script: interpreter, its arguments (may be NULL) and the absolute path. `interpreter`
 * NULL: by the extension, save that an executable file with #! runs as it is. 0, -ENOMEM, -EINVAL (open quote in args). */
int launch_script(const char *path, const char *interpreter, const char *args, struct strv *ret);
/* Appends the argv of a line: its words, or a shell's when it needs one. 0, -ENOMEM, -EINVAL (open quote). */
int launch_line(const char *line, struct strv *ret);
/* A service name made of the program: malloc'ed, or NULL without memory. */
char *launch_name(const struct strv *argv);
/* Whether `name` is an executable in PATH. */
bool launch_in_path(const char *name);
/* path as an absolute one, from this folder: malloc'ed, or NULL (no memory, or this folder is gone). */
char *launch_absolute(const char *path);

/* "key=value" of the INI keys for the options given. 0, -ENOMEM, or -EINVAL with the fault in *fault. */
int launch_options(const struct options *given, struct strv *ret, struct text *fault);
/* Whether an option that only a command line takes was given (its name), or NULL. */
const char *launch_any_option(const struct options *given);

/* The entries that are UTF-8; the count of the others is added to *dropped. NULL: no memory. */
json_t *launch_env(char *const *env, size_t *dropped);
/* {name, argv, cwd, env, options}. Entries of `env` that are no UTF-8 are left out and their count added to *dropped.
 * NULL: no memory, or an argument is no UTF-8. */
json_t *launch_command(const char *name, const struct strv *argv, const char *cwd, char *const *env,
		       const struct strv *options, size_t *dropped);

#endif
