/* section - the keys of one section, on their way into a spec.
 *
 * First collected as they come, then checked (which keys they are, doubles, ${}), then
 * applied: those of [defaults] to every service they hold for, so they are kept. */
#ifndef PM1_MODEL_SECTION_H
#define PM1_MODEL_SECTION_H

#include "base/diag.h"
#include "model/inifile.h"
#include "model/keys.h"

struct entry {
	char *name; /* owned; as it was written */
	char *value; /* owned; as it was written */
	char *text; /* owned; unquoted and expanded, NULL until checked */
	unsigned int line;
	const struct key *key; /* NULL: unknown, or not checked yet */
	bool bad; /* a fault has been reported; it is not applied */
};

struct section {
	char *name; /* owned; "service:web"; "" before any section */
	const char *file; /* borrowed; for messages */
	const char *dir; /* borrowed; absolute, for relative paths */
	unsigned int line;
	struct entry *v; /* owned */
	size_t n, size;
};

int section_init(struct section *s, const char *file, const char *dir, const char *name, unsigned int line);
void section_done(struct section *s);
int section_add(struct section *s, const struct inifile_part *part); /* 0, -ENOMEM */

/* Finds the keys of the place; unquotes and expands their values unless `literal`. Faults are in diag and their entries
 * bad. 0, -ENOMEM. */
int section_check(struct section *s, enum key_place place, bool literal, char *const *vars, struct diag *diag);

/* Sets every good entry of *target; an entry whose value is refused becomes bad. 0, -ENOMEM. */
int section_apply(struct section *s, void *target, enum key_place place, struct diag *diag);

/* The good entry of that key (its name in the table), or NULL. */
struct entry *section_find(struct section *s, const char *key);

struct where section_where(const struct section *s, const struct entry *e);

/* Of each NAME=value of a NAME the last one, where its first one stood. 0, -ENOMEM. */
int section_settle_env(struct strv *env);

#endif
