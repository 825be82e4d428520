/* help - pages made from the table of commands. */
#ifndef PM1_CLI_HELP_H
#define PM1_CLI_HELP_H

#include "tools/cli/command.h"

#include <stdio.h>

extern const struct cli_option common_options[]; /* every verb takes them */

int help_all(struct cli *c, FILE *f); /* the grouped list */
int help_verb(struct cli *c, const char *verb); /* one verb, on stdout; 1 when it is unknown */
int help_unknown(const char *verb); /* says so on stderr, with the nearest verb; 1 */
size_t help_option(char *buf, size_t size, const struct cli_option *o); /* "-n, --name NAME" */

#endif
