/* text - a bounded writer over the caller's memory.
 *
 * What doesn't fit is marked, never silently lost: `cut` stays set, and
 * text_addf() says -ENOSPC. The buffer always ends with NUL. */
#ifndef PM1_BASE_TEXT_H
#define PM1_BASE_TEXT_H

#include "base/banned.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
	char *buf; /* borrowed from the caller */
	size_t size; /* bytes of buf, the NUL included */
	size_t len; /* bytes written, without the NUL */
	bool cut; /* something did not fit */
};

#define TEXT_INIT(array) ((array)[0] = 0, (struct text){ .buf = (array), .size = sizeof(array) })

void text_init(struct text *t, char *buf, size_t size); /* size >= 1 */
int text_add(struct text *t, const char *s); /* 0, -ENOSPC */
int text_addn(struct text *t, const char *s, size_t n);
int text_addf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int text_vaddf(struct text *t, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Adds `s` with control bytes and broken UTF-8 as \xNN, so that foreign text
 * can't drive a terminal. */
int text_add_safe(struct text *t, const char *s);

/* "1.5G", "512K", "17B": exact when the value is a multiple, else one decimal. */
int text_add_size(struct text *t, unsigned long long bytes);
/* "4s", "250ms", "3m 20s", "2h 5m", "4D" as PM2's uptime column: two units at most. */
int text_add_span(struct text *t, unsigned long long usec);

/* snprintf that answers 0 or -ENOSPC; on -ENOSPC buf holds the cut text. */
int text_format(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Copies the whole of s or nothing (buf becomes ""): 0 or -ENOSPC. */
int text_copy(char *buf, size_t size, const char *s);

#endif
