/* validate - what is right key by key, and still not what somebody meant: warnings. */
#ifndef PM1_MODEL_VALIDATE_H
#define PM1_MODEL_VALIDATE_H

#include "model/section.h"

/* A hard cap at or below the soft one leaves the soft one no room. `own` is the section to blame. */
void validate_caps(const struct spec *s, struct section *own, struct diag *diag);

/* `schedule` beside keys that are meant for services of another kind. */
void validate_schedule(const struct spec *s, struct section *own, struct diag *diag);

/* A command without a shell that is written for one: "a | b", "$HOME/x" (PM2 would have called bash). */
void validate_command(const char *command, const struct where *at, const struct entry *e, struct diag *diag);

#endif
