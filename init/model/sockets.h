/* sockets - what the keys about held sockets mean together. */
#ifndef PM1_MODEL_SOCKETS_H
#define PM1_MODEL_SOCKETS_H

#include "model/listen.h"
#include "model/scope.h"

/* When all keys are read: addresses that get in each other's way, variables of words that aren't there, and keys without the `listen` that
 * they speak of are faults; [defaults] are meant for other services then, and put aside. 0 (faults are in diag), -ENOMEM. */
int sockets_settle(struct spec *s, const struct scope *scope, struct section *own, struct diag *diag);
/* The ith word of `listen`, with what other keys say of it. */
void sockets_at(const struct spec *s, size_t i, struct listen_at *ret);
bool sockets_have(const struct spec *s, enum listen_kind kind);
/* One that a program calls listen() for. */
bool sockets_have_stream(const struct spec *s);
/* What is right and falls short of what one may hope for, as warnings: for `pm1 check`, not for each load. `file` as messages show it. */
void sockets_notes(const struct spec *s, const char *file, struct diag *diag);

#endif
