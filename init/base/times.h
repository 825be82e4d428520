/* times - when the bytes of a log file came: a hidden file beside it.
 *
 * A log holds what a service wrote and nothing else, so its times stand in a file of their own. Of DIR/web-out.log that is
 * DIR/.web-out.log.times; it is renamed with its log, and has the same name when that log is compressed (its offsets
 * are those of the bytes before). It holds records, in the byte order of the machine: "the bytes from `offset` on came at `wall` or
 * later". They stand in the order of their offsets; one whose offset is below that of the record before it says that the log was
 * cut there, and voids all before it. It is a hint: without it a log is as good as ever, with unknown times. */
#ifndef PM1_BASE_TIMES_H
#define PM1_BASE_TIMES_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct times_record {
	uint64_t offset; /* bytes */
	uint64_t wall; /* microseconds since 1970 */
};

#define TIMES_BEHIND ".times"

/* Writes the name of the times of the log `path`, which may be a rotated and a compressed one. 0, -ENOSPC. */
int times_name(const char *path, char *buf, size_t size);

#define TIMES_BLOCK 256 /* records read at once */

/* A reader; opaque but for its size. */
struct times {
	int fd; /* owned */
	uint64_t first, end; /* the records that count: [first, end) */
	uint64_t at; /* the one that was asked for last */
	uint64_t block_at, block_n; /* what is in block */
	struct times_record block[TIMES_BLOCK];
};

/* Opens the times of the log `path` as they are now; what is added later is not seen. 0; -ENODATA: no records; or open's error. */
int times_open(const char *path, struct times *ret);
void times_done(struct times *t);
/* When the byte at `offset` came, at the earliest. False: it came before the first record was made, whose time is stored. Cheap
 * when offsets ascend from call to call. */
bool times_at(struct times *t, uint64_t offset, usec_t *ret);
/* Bytes before the offset that this returns came before `wall`, for certain. */
uint64_t times_seek(struct times *t, usec_t wall);

#endif
