/* custom - the keys whose values follow a rule of their own.
 *
 * Called by keys_set() alone, by way of the keys table. Each returns 0, -EINVAL with
 * the fault in the input's diag, or -ENOMEM. */
#ifndef PM1_MODEL_CUSTOM_H
#define PM1_MODEL_CUSTOM_H

#include "model/keys.h"

int custom_env(void *target, const struct key_input *in); /* env.NAME: appends; config settles doubles */
int custom_env_file(void *target, const struct key_input *in); /* reads the files, appends */
int custom_instances(void *target, const struct key_input *in);
int custom_cron_restart(void *target, const struct key_input *in);
int custom_schedule(void *target, const struct key_input *in);
int custom_watch(void *target, const struct key_input *in);
int custom_control(void *target, const struct key_input *in);
int custom_log_rotate(void *target, const struct key_input *in);
int custom_log_sink(void *target, const struct key_input *in);
int custom_log_console(void *target, const struct key_input *in);
int custom_ready(void *target, const struct key_input *in);
int custom_include(void *target, const struct key_input *in); /* nothing: config follows includes */

/* Rules for text, as struct key's check. */
const char *check_name(const char *value);
const char *check_env_name(const char *value);
const char *check_account(const char *value);
const char *check_owner(const char *value);
const char *check_probe(const char *value);
const char *check_hostname(const char *value);
const char *check_stamp(const char *value);
const char *check_zone(const char *value);
const char *check_pattern(const char *value);

#endif
