/* feed - what is written to a log by feed.c, and looked for in its file by logs.c: chunks of lines of small letters, no two lines
 * that follow each other the same, each chunk with its number at its head. */
#ifndef PM1_TESTS_BENCH_FEED_H
#define PM1_TESTS_BENCH_FEED_H

#include "measure.h"

enum { FEED_CHUNK = 65536 };

static inline void feed_lines(char *chunk, size_t line)
{
	for (size_t i = 0; i < FEED_CHUNK; i++)
		chunk[i] = i % line == line - 1 ? '\n' : (char)('a' + i % 26);
}

static inline void feed_number(char *chunk, long n)
{
	for (int i = 11; i >= 0; i--, n /= 10)
		chunk[i] = (char)('0' + n % 10);
}

#endif
