/* rate - so many bytes a second, and no more: a bucket that fills while nobody takes from it, up to the bytes of one second.
 *
 * A line that is longer than what the bucket holds passes once something is in it; the next ones then wait the longer. */
#ifndef PM1_LOGD_RATE_H
#define PM1_LOGD_RATE_H

#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>

struct rate {
	uint64_t per_second; /* bytes, 0: no limit */
	int64_t left; /* bytes that may pass now; below 0: a debt */
	uint64_t part; /* and thousandths of a byte, so that many looks neither lose nor win anything */
	usec_t at; /* monotonic: when `left` was so; the part of a millisecond since isn't counted yet */
};

void rate_set(struct rate *r, uint64_t per_second, usec_t now); /* full, unless it was so already */
int64_t rate_left(struct rate *r, usec_t now);
void rate_take(struct rate *r, size_t n);
usec_t rate_wait(const struct rate *r); /* from the last look until a tenth of a second's bytes are there */

#endif
