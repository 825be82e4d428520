/* custom_listen - the keys `listen` and listen_env.NAME, as custom.h has the others. */
#ifndef PM1_MODEL_CUSTOM_LISTEN_H
#define PM1_MODEL_CUSTOM_LISTEN_H

#include "model/keys.h"

int custom_listen(void *target, const struct key_input *in);
int custom_listen_env(void *target, const struct key_input *in); /* appends; sockets_settle() finds the word and settles doubles */

#endif
