/* inifile - inih's pieces put together again. */
#include "model/inifile.h"

#include "base/banned.h"
#include "model/reader.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>

struct joiner {
	struct reader reader;
	inifile_fn fn;
	void *ctx;
	char *value; /* owned: the pieces so far */
	size_t n, size;
	int error;
};

static int add_piece(struct joiner *j, const char *piece)
{
	size_t n = strlen(piece);

	if (j->n + n + 1 > j->size) {
		size_t size = 2 * (j->n + n + 1);
		char *bigger = realloc(j->value, size);

		if (!bigger)
			return -ENOMEM;
		j->value = bigger;
		j->size = size;
	}
	memcpy(j->value + j->n, piece, n + 1);
	j->n += n;
	return 0;
}

/* An ini_handler: 1 is success. inih would go on after a 0, so an error is kept and the rest skipped. */
static int on_piece(void *ctx, const char *section, const char *name, const char *value)
{
	struct joiner *j = ctx;
	struct reader *r = &j->reader;
	char plain_section[READER_NAME_MAX + 1];
	char plain_key[READER_NAME_MAX + 1];
	struct inifile_part part = { .line = r->line, .section = r->section, .key = r->key, .value = "" };
	bool header = strcmp(name, READER_HEADER) == 0;

	if (j->error < 0)
		return 1;
	if (strcmp(section, READER_LONG) != 0) {
		memcpy(plain_section, section, strlen(section) + 1);
		(void)reader_decode(plain_section);
		part.section = plain_section;
	}
	if (header) {
		part.key = NULL;
	} else {
		j->error = add_piece(j, value);
		if (j->error < 0 || !reader_complete(r))
			return 1;
		(void)reader_decode(j->value);
		part.value = j->value;
		part.comment = r->comment;
		j->n = 0;
		if (strcmp(name, READER_LONG) != 0) {
			memcpy(plain_key, name, strlen(name) + 1);
			(void)reader_decode(plain_key);
			part.key = plain_key;
		}
	}
	j->error = j->fn(j->ctx, &part);
	return 1;
}

int inifile_read(const char *file, const char *data, size_t n, struct diag *diag, inifile_fn fn, void *ctx)
{
	struct joiner j = { .fn = fn, .ctx = ctx };
	int r;

	reader_init(&j.reader, file, data, n, diag);
	r = ini_parse_stream(reader_gets, &j.reader, on_piece, &j);
	if (j.error == 0)
		j.error = j.reader.error;
	/* The reader hands out nothing that inih could refuse; were it otherwise, nobody may take half a file for all. */
	if (j.error == 0 && r != 0) {
		struct where at = { .file = file, .line = j.reader.line };

		diag_error(diag, &at, NULL, NULL, "the parser refuses the line");
	}
	reader_done(&j.reader);
	free(j.value);
	return j.error;
}
