/* diag - the faults of one load, each with its place.
 *
 * The one spot where a message for a person about a file is made. It collects all
 * faults, not the first alone; the CLI, the log and the tests print the same text:
 *
 *     web.ini:12: [service:web] memory_max = 12Q: unknown unit 'Q' (use K, M or G)
 */
#ifndef PM1_BASE_DIAG_H
#define PM1_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

/* A place in a file; strings are borrowed and copied by diag_add(). */
struct where {
	const char *file; /* NULL: not from a file (a command line) */
	unsigned int line; /* 1-based; 0: the file as a whole */
	const char *section; /* "service:web", or NULL */
};

enum diag_level { DIAG_ERROR, DIAG_WARNING };

struct diag; /* opaque; owned by whoever called diag_new() */

/* Beyond this many messages only a count is kept, and the last line says so. */
#define DIAG_MESSAGES_MAX 1000

struct diag *diag_new(void); /* NULL: no memory */
void diag_free(struct diag *d);

/* `key` and `value` may be NULL. Control bytes in value and message are escaped. A
 * value over 80 bytes is shown by its beginning and its length. Never fails: without
 * memory the fault is still counted. */
void diag_add(struct diag *d, enum diag_level level, const struct where *at, const char *key, const char *value,
	      const char *fmt, ...) __attribute__((format(printf, 6, 7)));
#define diag_error(d, at, key, value, ...) diag_add(d, DIAG_ERROR, at, key, value, __VA_ARGS__)
/* The same warning twice is one. */
#define diag_warn(d, at, key, value, ...) diag_add(d, DIAG_WARNING, at, key, value, __VA_ARGS__)

/* Puts the messages in the order of their files, as these were first spoken of, and lines. */
void diag_sort(struct diag *d);

size_t diag_errors(const struct diag *d); /* how many, those not kept included */
size_t diag_count(const struct diag *d); /* messages kept */
const char *diag_text(const struct diag *d, size_t i); /* borrowed; one line, no newline; warnings say "warning: " after the place */
enum diag_level diag_level(const struct diag *d, size_t i);

#endif
