/* loader - one load, across all its files. */
#ifndef PM1_MODEL_LOADER_H
#define PM1_MODEL_LOADER_H

#include "base/diag.h"
#include "model/section.h"
#include "model/spec.h"

#include <sys/stat.h>

/* A kill_timeout as it was given, to be held against shutdown_timeout when all files are read. */
struct patience {
	char *file; /* owned, as the others */
	char *section;
	char *value;
	unsigned int line;
	usec_t span;
};

/* A service's section, sound or not, and its file as messages show it. */
struct found {
	struct spec *spec; /* owned; NULL: it had faults */
	char *name; /* owned */
	char *shown; /* owned */
	unsigned int line;
};

struct file_id {
	dev_t dev;
	ino_t ino;
};

#define OVERLAYS_MAX 100 /* names that are remembered; a file with more is no file of a person */

struct loader {
	char *const *vars; /* borrowed */
	struct diag *diag; /* borrowed */
	struct spec_pm1 pm1; /* owned */
	const char *overlay; /* borrowed; NULL: none */
	struct strv overlays; /* owned: the names of all there are */
	bool pm1_seen; /* a [pm1] section was there */
	bool has_pm1; /* and held a key */
	struct file_id *files; /* owned: those read so far */
	size_t n_files, size_files;
	size_t instances; /* of all services so far */
	struct found *found; /* owned, in file order */
	size_t n_found, size_found;
	struct patience *patience; /* owned */
	size_t n_patience, size_patience;
};

/* All keep their own copies. 0, -ENOMEM. */
/* Takes the spec (NULL: it had faults) on failure too. */
int loader_keep_spec(struct loader *l, const char *name, const struct section *s, struct spec *taken);
int loader_keep_patience(struct loader *l, struct section *s, usec_t kill_timeout);
/* Notes that the file is read. 1: it has been before; 0; -ENOMEM. */
int loader_keep_file(struct loader *l, const struct stat *st);
void loader_done(struct loader *l);

/* Reads a file and what it includes into *l (source.c). Faults go to l->diag. 0; -ENOMEM; for loader_file() the error of
 * the file itself, which has been reported. `abs` is the absolute path, `shown` the one for messages. */
int loader_file(struct loader *l, const char *shown, const char *abs);
int loader_text(struct loader *l, const char *shown, const char *abs, const char *data, size_t n);

#endif
