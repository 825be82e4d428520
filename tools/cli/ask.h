/* ask - a call whose failures are told to the user.
 *
 * What a verb needs of the supervisor goes through here, so that every verb says the same
 * thing in the same words when there is none, when it refuses, or when it doesn't answer. */
#ifndef PM1_CLI_ASK_H
#define PM1_CLI_ASK_H

#include "tools/cli/client.h"
#include "tools/cli/command.h"

/* Calls `v` (takes the reference to params) and returns the exit code. On EXIT_DONE *ret is the reply. Otherwise the reason is
 * on stderr and *ret is empty. With --json the reply, an error reply too, is printed on stdout. */
int ask(struct cli *c, enum verb v, json_t *params, struct reply *ret);
/* The same over a connection that is open. */
int ask_over(struct cli *c, struct client *to, enum verb v, json_t *params, struct reply *ret);
/* ask() for a List of the words given on the command line (none: all), `brief` for no more than a table shows; *ret owned by the
 * caller. No JSON is printed. */
int ask_list(struct cli *c, bool brief, struct reply *ret);

/* ask_over() in two steps, for a caller that wants to see an error first. ask_raw(): EXIT_DONE with *ret, an error reply
 * too, or EXIT_NOT_DONE and the reason told. ask_settle() prints, explains and frees an error reply: the exit code. */
int ask_raw(const struct cli *c, struct client *to, enum verb v, json_t *params, struct reply *ret);
int ask_settle(const struct cli *c, enum verb v, struct reply *r);
/* The `messages` of a reply on stderr, a line each. */
void ask_messages(const json_t *params);
/* Says that nothing answers. */
void ask_nobody(int err, const struct text *tried);

/* The words from `from` on as a JSON array; NULL: no memory. */
json_t *ask_words(const struct cli *c, size_t from);

#endif
