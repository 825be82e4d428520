/* file - one log file, shared by all streams that name its path.
 *
 * Opened without O_APPEND (splice refuses it): logd is the one writer and asks for the end before each piece, so that a file that
 * somebody emptied goes on at 0 and not behind a hole. What may stand at the path, open.h says. */
#ifndef PM1_LOGD_FILE_H
#define PM1_LOGD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/logwire.h"

struct files; /* all of them */
struct file;

/* Called when a file can't be written (error > 0), once, and when it can be again (0). */
typedef void (*file_trouble_fn)(void *ctx, const struct file *f, int error);

struct files *files_new(file_trouble_fn fn, void *ctx); /* NULL: no memory */
void files_free(struct files *all);
void files_reopen(struct files *all); /* every open one is closed, and opened anew at its path */

/* A reference to the file of that path, made when nobody has one; "" gives NULL. NULL without memory, too. */
struct file *file_get(struct files *all, const char *path);
void file_put(struct file *f); /* closed with the last reference; NULL is fine */
const char *file_path(const struct file *f);
bool file_is_shared(const struct file *f); /* more than one reference */

/* How it is opened and when it is rotated. With several references the tightest limits of all hold, else the last rules. NULL is fine. */
void file_rule(struct file *f, const struct logwire_rules *rules);
bool file_is_due(struct file *f, uint64_t n); /* whether n bytes more would pass a limit */
/* How many of the n bytes at p, which are to be written next, go to the file as it is: when they would pass a limit it is rotated
 * first where a line begins, and what fits then, or the rest of a line, is told. At least 1. NULL: all. */
size_t file_fit(struct file *f, const char *p, size_t n);

bool file_ends_line(const struct file *f, uint64_t end); /* its last byte is a newline, or there's none */

/* It is no file but that memory (a memfd, duplicated): never opened or rotated. file_trim() gives back all but the last
 * `ring` bytes of the rules, and a quarter more; of a file it does nothing. */
void file_keep_in(struct file *f, int fd);
void file_trim(struct file *f);

/* Opens it where it isn't and stores where its end is. 0 or -errno (told as trouble). */
int file_end(struct file *f, uint64_t *ret);
/* Writes all of it there. 0, or -errno; then what was begun is cut off again, so that no half piece stays. */
int file_write(struct file *f, uint64_t at, const void *buf, size_t n);
/* Its descriptor with the offset at `at`, for splice. After file_end(). */
int file_seek(struct file *f, uint64_t at);
/* A predecessor has told that error: it is mended with the first write that works. NULL is fine. */
void file_inherit(struct file *f, int error);
void file_failed(struct file *f, int error); /* a write by splice failed: tell it, once */
void file_worked(struct file *f); /* ... and worked */
/* Before a write: notes in the file what was dropped, if it takes that; then it works again. */
void file_works(struct file *f);
int file_cut(struct file *f, uint64_t size); /* ftruncate */
/* Bytes that were dropped since it failed: told in the file itself when it works again. */
void file_dropped(struct file *f, uint64_t n);
void file_limited(struct file *f, uint64_t n); /* the same, for they came faster than they may */

#endif
