/* parse - text to numbers, the whole text or nothing.
 *
 * Every function returns 0 and stores the value, or leaves *ret alone and
 * returns -EINVAL (not of this form) or -ERANGE (of the form, out of range).
 * Blank space at either end is not accepted: the callers have trimmed. */
#ifndef PM1_BASE_PARSE_H
#define PM1_BASE_PARSE_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int parse_uint(const char *s, uint64_t max, uint64_t *ret); /* decimal digits alone */
int parse_octal(const char *s, uint64_t max, uint64_t *ret); /* "022", "0o22" */
int parse_bool(const char *s, bool *ret); /* yes no true false on off 1 0, any case */

/* Bytes. "500M", "1.5G", "64K", "100B", "100"; K, M, G, T are powers of 1024, any
 * case, with an optional B or iB behind. A fraction is rounded down to a byte. */
int parse_size(const char *s, uint64_t *ret);

/* "4s", "250ms", "10m", "1h", "2d", "90us", "1m30s"; a bare number is
 * milliseconds, as in PM2. At most 10 years, so that sums can't overflow. */
int parse_duration(const char *s, usec_t *ret);

/* "TERM", "SIGTERM", "sigterm", "15", "RTMIN+3". Stores 1..SIGRTMAX. */
int parse_signal(const char *s, int *ret);
/* "SIGTERM"; "signal 77" shapes never happen: unknown numbers give "SIGRTMIN+n" or "SIG77".
 * The text is static for named signals; for the others it is written to buf (>= 16 bytes). */
const char *signal_text(int sig, char *buf, size_t size);

#endif
