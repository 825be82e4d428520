/* options - a command line, split into options, words and what stands behind `--`.
 *
 * Options and words may be mixed, as PM2's users do: `pm1 start app.js -n web -- --port 80`. */
#ifndef PM1_CLI_OPTIONS_H
#define PM1_CLI_OPTIONS_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct cli_option {
	const char *name; /* without the dashes; NULL ends a table */
	const char *also; /* other spellings, blank-separated, or NULL */
	char letter; /* '\0': none */
	const char *arg; /* what its value is called, NULL: takes none; "[X]": only as --name=X */
	const char *key; /* `start`: the INI key it sets, or NULL */
	const char *value; /* `start`: the value it sets when it takes none */
	const char *help;
};

struct option_given {
	const struct cli_option *option; /* borrowed from the table */
	const char *value; /* borrowed from argv; NULL: none */
};

/* Strings are borrowed from argv. */
struct options {
	struct option_given *given; /* owned, in the order of the command line */
	size_t ngiven;
	const char **words; /* owned vector */
	size_t nwords;
	char *const *rest; /* behind `--`; borrowed */
	size_t nrest;
	bool has_rest; /* a `--` was there */
};

/* Reads argv[0..n) by `tables`, a NULL-ended vector of option tables. 0; -EINVAL with the fault, a whole
 * sentence, in *fault; -ENOMEM. */
int options_parse(const struct cli_option *const *tables, size_t n, char *const *argv, struct text *fault,
		  struct options *ret);
void options_done(struct options *o);
/* The last value of an option ("" for one that takes none), or NULL when it wasn't given. */
const char *options_get(const struct options *o, const char *name);
bool options_has(const struct options *o, const char *name);

/* Whether `word` is one of the blank-separated words of `list` (NULL: none). */
bool word_in_list(const char *list, const char *word);

#endif
