/* look - into the JSON of a reply, without trusting its shape.
 *
 * A daemon of another version may leave a member out or give it another type; each
 * getter then answers what is given for that case. */
#ifndef PM1_CLI_LOOK_H
#define PM1_CLI_LOOK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The member at a path such as "pm2_env.status"; NULL when it isn't there or is null. Borrowed. */
const json_t *look(const json_t *o, const char *path);
const char *look_str(const json_t *o, const char *path, const char *missing); /* borrowed */
long long look_int(const json_t *o, const char *path, long long missing); /* a real is cut */
double look_num(const json_t *o, const char *path, double missing);
bool look_bool(const json_t *o, const char *path);

/* The services of a reply, sorted by name and then id: a new array (owned by the caller), empty when there
 * are none; NULL without memory. */
json_t *look_services(const json_t *params);

#endif
