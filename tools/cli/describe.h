/* describe - parts of what `describe` prints of one service. */
#ifndef PM1_CLI_DESCRIBE_H
#define PM1_CLI_DESCRIBE_H

#include "tools/cli/command.h"

#include <jansson.h>

/* `s`: a service of a List. Nothing for one that has no held socket and was never reloaded. */
void describe_sockets(const struct cli *c, const json_t *s);

#endif
