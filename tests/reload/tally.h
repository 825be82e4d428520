/* tally - what became of the requests of one kind of client, and how long the good ones took. Times are microseconds. */
#ifndef PM1_TESTS_TALLY_H
#define PM1_TESTS_TALLY_H

#include <stdint.h>
#include <stdio.h>

enum outcome {
	OUTCOME_OK,
	OUTCOME_REFUSED, /* nobody listens */
	OUTCOME_RESET_CONNECT, /* reset, or out of reach, before the connection was there */
	OUTCOME_RESET_BEFORE, /* on a new connection, before any byte of the answer */
	OUTCOME_RESET_MID, /* after some */
	OUTCOME_CLOSED_BEFORE, /* the same, by an orderly close */
	OUTCOME_CLOSED_MID,
	OUTCOME_TIMEOUT_CONNECT,
	OUTCOME_TIMEOUT_ANSWER,
	OUTCOME_BAD, /* an answer, but not 200 with a body of the length it says */
	OUTCOME_STALE, /* a connection that had served before was closed or reset before any byte of this answer: a client may ask again */
	OUTCOME_LOCAL, /* the load's own: no port or descriptor is left */
	OUTCOME_MAX,
};

#define TALLY_STEPS 32 /* buckets of each power of two: a latency is right within 3 % */
#define TALLY_BODIES 256 /* different ones that are told apart */

struct tally {
	uint64_t of[OUTCOME_MAX];
	uint64_t latency[64 * TALLY_STEPS];
	uint64_t max_us;
};

struct bodies {
	struct body {
		char text[64];
		uint64_t n;
	} v[TALLY_BODIES];
	size_t n;
	uint64_t more; /* answers with yet others */
};

void tally_ok(struct tally *t, uint64_t us);
/* {"ok":12,"refused":0,...,"failed":0,"p50":1,"p99":2,"max":3}; "failed" is all but ok and stale. */
void tally_print(const struct tally *t, FILE *f);
uint64_t tally_total(const struct tally *t);

void bodies_add(struct bodies *b, const char *text);
void bodies_print(const struct bodies *b, FILE *f); /* {"12 old":3,...} */

#endif
