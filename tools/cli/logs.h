/* logs - how a log line is shown. */
#ifndef PM1_CLI_LOGS_H
#define PM1_CLI_LOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum logs_format { LOGS_PREFIX, LOGS_RAW, LOGS_JSON };

/* Where a line comes from. */
struct logs_source {
	char *name; /* owned */
	long long id;
	bool err; /* standard error */
	char *path; /* owned */
	const struct logs_how *how; /* borrowed */
};
struct logs_how {
	enum logs_format format;
	bool color;
	bool terminal; /* control bytes would drive it: only colours pass */
	size_t width; /* of the longest "id|name" */
	FILE *f;
};

void logs_line(const struct logs_source *s, const char *line, size_t n);
/* Writes n bytes with control bytes as \xNN; a tab and colours (ESC [ digits m) pass. */
void logs_tame(FILE *f, const char *s, size_t n);

#endif
