/* row - one fact of a service on a line of its own, as `describe` prints it.
 *
 * A fact that isn't there (an empty text, a size of 0) has no line. `path` is one of look(). */
#ifndef PM1_CLI_ROW_H
#define PM1_CLI_ROW_H

#include "base/text.h"
#include "tools/cli/command.h"

#include <jansson.h>

/* NULL is no value, and no colour. */
void row(const struct cli *c, const char *label, const char *value, const char *color);
void row_str(const struct cli *c, const char *label, const json_t *s, const char *path);
void row_int(const struct cli *c, const char *label, const json_t *s, const char *path);
void row_bool(const struct cli *c, const char *label, const json_t *s, const char *path);
void row_size(const struct cli *c, const char *label, const json_t *s, const char *path); /* bytes */
void row_time(const struct cli *c, const char *label, const json_t *s, const char *path); /* ms since 1970 */
/* "2026-07-01 12:00:00" of milliseconds since 1970; nothing for 0. */
void row_add_time(struct text *t, long long ms);

#endif
