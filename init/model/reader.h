/* reader - what inih is fed with.
 *
 * inih as Debian builds it reads 200-byte lines, tears longer ones apart, cuts names at 49 bytes, takes ` ;` for a
 * comment and an indented line for more of the value before, and hands its handler no line number. So the reader does the
 * lines (BOM, CRLF, a backslash at the end, comments, text that is none) and hands inih an encoded form in
 * which none of that can happen: bytes beyond [A-Za-z0-9_./-] as %XX, a long value in indented pieces, a name that
 * would be cut as a sign that stands for it, and after each section's header a key of its own, since inih
 * doesn't tell of a section without keys. inifile.c takes that back. */
#ifndef PM1_MODEL_READER_H
#define PM1_MODEL_READER_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

#define READER_NAME_MAX 300 /* bytes of a section's or key's name */

#define READER_HEADER "%h" /* the key that stands for the section's header itself */
#define READER_LONG "%l" /* a name that inih would cut: reader_section(), reader_key() */

struct reader {
	const char *file; /* borrowed, as data and diag */
	const char *data;
	size_t n;
	struct diag *diag;

	size_t at; /* where the next line begins */
	unsigned int next_line; /* its number */
	unsigned int line; /* the number of the line that was last handed out */

	char *logical; /* owned: the line without its continuations' backslashes */
	size_t logical_n, logical_size;
	char *encoded; /* owned: the value, or what inih hasn't had of it yet from `given` on */
	size_t encoded_n, given;
	bool section_skipped; /* the last header was a fault, or of x-...: what follows may be anything */
	bool header_due; /* a section has been handed out, its READER_HEADER not yet */
	char section[READER_NAME_MAX + 1];
	char key[READER_NAME_MAX + 1];
	char comment; /* the ; or # that ended the value, 0: none */
	int error; /* -ENOMEM ended the reading */
};

void reader_init(struct reader *r, const char *file, const char *data, size_t n, struct diag *diag);
void reader_done(struct reader *r);

/* An ini_reader: up to size - 1 bytes of the next line. NULL: the end, or r->error. */
char *reader_gets(char *buf, int size, void *reader);

/* Whether inih has the whole value that it is handing to its handler, or further pieces follow. */
bool reader_complete(const struct reader *r);

/* Takes the encoding of `s` back, in place; returns its length. */
size_t reader_decode(char *s);

#endif
