/* man - pm1(1), made from the tables of commands and keys. */
#ifndef PM1_CLI_MAN_H
#define PM1_CLI_MAN_H

#include "tools/cli/command.h"

#include <stdio.h>

int man_print(const struct cli *c, FILE *f); /* in roff; the exit code */

#endif
