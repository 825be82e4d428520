/* pattern - what prog writes to a log, so that a test can tell each byte of it. */
#ifndef PM1_TESTS_PATTERN_H
#define PM1_TESTS_PATTERN_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PATTERN_LINE_MAX 400

/* Bytes of all values, NUL and no UTF-8 among them; a newline about each 256. *state is not 0. */
static inline unsigned char pattern_byte(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return (unsigned char)(*state >> 11);
}

/* The i-th line of `name`, of many lengths, with its newline. Its length. */
static inline size_t pattern_line(char buf[PATTERN_LINE_MAX], const char *name, unsigned long i)
{
	size_t n = (size_t)snprintf(buf, 100, "%s %lu ", name, i), more = i * 7919 % 256;

	for (size_t k = 0; k < more; k++)
		buf[n++] = (char)('a' + (i + k) % 26);
	buf[n++] = '\n';
	return n;
}

#define PATTERN_BLOCK 65536

/* The i-th of `n` blocks that are one line together. */
static inline void pattern_block(char buf[PATTERN_BLOCK], unsigned long i, unsigned long n)
{
	memset(buf, (int)('a' + i % 26), PATTERN_BLOCK);
	(void)snprintf(buf, 32, "block %lu of %lu", i, n); /* its NUL is a byte as any other */
	if (i + 1 == n)
		buf[PATTERN_BLOCK - 1] = '\n';
}

#endif
