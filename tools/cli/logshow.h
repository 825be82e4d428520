/* logshow - how a log line is shown. */
#ifndef PM1_CLI_LOGSHOW_H
#define PM1_CLI_LOGSHOW_H

#include "base/stamp.h"
#include "tools/cli/logline.h"

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum logshow_format { LOGSHOW_PREFIX, LOGSHOW_RAW, LOGSHOW_JSON };

struct logshow {
	enum logshow_format format;
	bool color;
	bool terminal; /* control bytes would drive it: only colours pass */
	size_t width; /* of the longest "id|name" */
	const regex_t *highlight; /* borrowed; NULL: none. Only with colours */
	char stamp[STAMP_MAX]; /* compiled (base/stamp.h); "": no time in front */
	FILE *f;
};

/* Where a line comes from. */
struct logshow_source {
	char *name; /* owned */
	long long id;
	bool err; /* standard error, where the line itself doesn't say */
	const struct logshow *how; /* borrowed */
};

void logshow_line(const struct logshow_source *s, const struct logline *l);
size_t logshow_width(const struct logshow_source *s); /* of its "id|name" */
/* Writes n bytes with control bytes as \xNN; a tab and colours (ESC [ digits m) pass. */
void logshow_tame(FILE *f, const char *s, size_t n);

#endif
