/* envfile - files of NAME=value lines, as docker's and dotenv's.
 *
 * Blank lines and those that begin with # are left alone, `export ` before a name too. A value
 * in quotes is what stands between them, with \n \t \" \\ \$ known inside double quotes; else
 * it ends before a blank with a # behind it. Nothing is expanded. */
#ifndef PM1_MODEL_ENVFILE_H
#define PM1_MODEL_ENVFILE_H

#include "model/keys.h"

#define ENVFILE_MAX ((size_t)1024 * 1024) /* bytes of one file */

/* Appends what the file `path` holds. Faults go to in->diag with the file's own place; a file that is missing is one unless `optional`. 0,
 * -EINVAL, -ENOMEM. */
int envfile_load(const char *path, bool optional, const struct key_input *in, struct strv *env);
/* The same from memory, n bytes that are changed meanwhile. */
int envfile_parse(const char *path, char *data, size_t n, struct diag *diag, struct strv *env);

#endif
